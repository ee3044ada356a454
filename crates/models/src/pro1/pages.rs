//! The page tree of the family (§7.6 to §7.16). Labels stand for units: the glass has no unit letters.

use schema::Citation::{Manual, Sister};
use schema::{
    Citation, CommandId, Dot, Edit, FieldDef, Format, Gate, Hold, IdentityOf, MenuId, Note, PageDef, Scroll,
    SettingId, Source, table,
};
use units::{Flow, Point, StateOf, Tariff, What};

/// The lists of pages. Each has the number that its page has in the main list, counted from 1; the fifth page,
/// the resettable counter, opens none.
pub mod menu {
    use schema::MenuId;

    /// The main list.
    pub const MAIN: MenuId = MenuId::MAIN;
    /// Behind the current direction: voltage, current and the like.
    pub const DIRECTION: MenuId = MenuId(1);
    /// Behind the total active energy.
    pub const ACTIVE: MenuId = MenuId(2);
    /// Behind the total reactive energy.
    pub const REACTIVE: MenuId = MenuId(3);
    /// Behind the active power.
    pub const POWER: MenuId = MenuId(4);
    /// Program mode 1: information.
    pub const MODE_1: MenuId = MenuId(6);
    /// Program mode 2: settings without password.
    pub const MODE_2: MenuId = MenuId(7);
    /// Program mode 3: settings behind the password.
    pub const MODE_3: MenuId = MenuId(8);
}

const fn point(point: Point, format: Format) -> FieldDef {
    FieldDef::new(Source::Point(point), format)
}

const fn active(flow: Flow) -> FieldDef {
    point(Point::active(flow, Tariff::All), Format::Counter)
}

const fn reactive(flow: Flow) -> FieldDef {
    point(Point::reactive(flow, Tariff::All), Format::Counter)
}

const fn now(what: What, decimals: u8) -> FieldDef {
    point(Point::now(what), Format::Fixed(decimals))
}

const fn setting(id: SettingId, format: Format) -> FieldDef {
    FieldDef::new(Source::Setting(id), format)
}

/// A page that somebody can put in the automatic scroll.
const fn leaf(menu: MenuId, label: &'static str, fields: &'static [FieldDef]) -> PageDef {
    PageDef::show(menu, label, fields).scroll(Scroll::Optional)
}

const fn tariff_active(flow: Flow, tariff: Tariff) -> FieldDef {
    point(Point::active(flow, tariff), Format::Counter)
}

const fn tariff_reactive(flow: Flow, tariff: Tariff) -> FieldDef {
    point(Point::reactive(flow, tariff), Format::Counter)
}

const fn of_tariff(
    menu: MenuId,
    label: &'static str,
    fields: &'static [FieldDef],
    marks: &'static [Dot],
) -> PageDef {
    leaf(menu, label, fields).marks(marks)
}

const fn note(label: &'static str, source: Citation, key: &'static str) -> Note {
    Note::new(label, source).key(key)
}

const COMBINATION: &[FieldDef] =
    &[FieldDef::with("C-", Source::Setting(SettingId::CombinationCode), Format::Digits(2))];
const PULSES: &[FieldDef] = &[setting(SettingId::S0Rate, Format::Number)];
const SPEED: &[FieldDef] = &[setting(SettingId::Baud, Format::Number)];
const MBUS_SPEED: &[FieldDef] = &[setting(SettingId::MbusBaud, Format::Number)];
const PARITY: &[FieldDef] = &[setting(SettingId::Parity, Format::Word)];
const POWER_DOWNS: &[FieldDef] = &[point(Point::State(StateOf::PowerDowns), Format::Digits(4))];

const ORDER: &str = "The manual names the list; its order and the glyphs are our reading.";
const TARIFF_GLYPHS: &str =
    "The manual shows the reading; its place in the list and its label are our reading.";
const MAIN_GLYPHS: &str = "The manual names the page; its glyphs are our reading.";

table! {
    /// The main list. A short press goes on and wraps, a long one opens the list behind a page.
    pub MAIN / MAIN_NOTES: PageDef = [
        PageDef::show(menu::MAIN, "", &[point(Point::now(What::Direction), Format::Direction)])
            .opens(menu::DIRECTION, Gate::Open)
            .scroll(Scroll::Always)
            => note("Current direction", Manual("§7.1"), "direction")
                .doc("FW for import, RV for export.")
                .assumed("Always in the automatic scroll, as on the sister meter."),
        PageDef::show(menu::MAIN, "KWhtot", &[active(Flow::Total)])
            .opens(menu::ACTIVE, Gate::Open)
            .scroll(Scroll::Always)
            => note("Total active energy", Manual("§7.6.3"), "total-active")
                .doc("What the combination code makes of forward and reverse.")
                .assumed("Always in the automatic scroll, as on the sister meter; the glyphs are our reading."),
        PageDef::show(menu::MAIN, "KVArht", &[reactive(Flow::Total)])
            .opens(menu::REACTIVE, Gate::Open)
            .marks(&[Dot::Reactive])
            => note("Total reactive energy", Manual("§7.6.3"), "total-reactive").assumed(MAIN_GLYPHS),
        PageDef::show(menu::MAIN, "KW", &[now(What::P, 2)])
            .opens(menu::POWER, Gate::Open)
            => note("Active power", Manual("§7.6.3"), "active-power")
                .doc("Two decimals: the glass has no point for a third.")
                .assumed(MAIN_GLYPHS),
        PageDef::show(menu::MAIN, "KWhrES", &[active(Flow::Trip)])
            .edit(Edit::Reset {
                command: CommandId::ResetTrip,
                enter: Hold::Long,
                confirm: Hold::VeryLong,
            })
            => note("Resettable kWh", Manual("§7.9.1"), "resettable")
                .doc("Forward active energy since the last reset.")
                .assumed(MAIN_GLYPHS),
        PageDef::show(menu::MAIN, "PM   1", &[])
            .opens(menu::MODE_1, Gate::Open)
            => note("Program mode 1", Manual("§7.6.3"), "program-mode-1")
                .doc("Information about the meter.")
                .assumed(MAIN_GLYPHS),
        PageDef::show(menu::MAIN, "PM   2", &[])
            .opens(menu::MODE_2, Gate::Open)
            => note("Program mode 2", Manual("§7.6.2"), "program-mode-2")
                .doc("Settings that need no password.")
                .assumed(MAIN_GLYPHS),
        PageDef::show(menu::MAIN, "PM   3", &[])
            .opens(menu::MODE_3, Gate::Password(SettingId::Password))
            => note("Program mode 3", Manual("§7.10.1"), "program-mode-3")
                .doc("Settings behind the password of four digits.")
                .assumed(MAIN_GLYPHS),
    ];
    /// The lists behind the first four pages of the main list.
    pub VALUES / VALUES_NOTES: PageDef = [
        leaf(menu::DIRECTION, "V", &[now(What::U, 1)])
            => note("Voltage", Manual("§7.6.3"), "voltage").assumed(ORDER),
        leaf(menu::DIRECTION, "A", &[now(What::I, 2)])
            => note("Current", Manual("§7.6.3"), "current").assumed(ORDER),
        leaf(menu::DIRECTION, "HZ", &[now(What::F, 2)])
            => note("Frequency", Manual("§7.6.3"), "frequency").assumed(ORDER),
        leaf(menu::DIRECTION, "PF", &[now(What::Pf, 2)])
            => note("Power factor", Manual("§7.6.3"), "power-factor").assumed(ORDER),
        leaf(menu::DIRECTION, "S", &[point(Point::State(StateOf::Status), Format::Status)])
            => note("Status word", Sister("PRO380 manual v2.03, p. 19"), "status")
                .doc("Program and memory, then phases 1, 2 and 3: 1 is good or there.")
                .assumed(ORDER),
    ];
    /// Forward and reverse energies behind the totals.
    pub ENERGIES / ENERGIES_NOTES: PageDef = [
        leaf(menu::ACTIVE, "KWh", &[active(Flow::Forward)])
            => note("Forward active energy", Manual("§7.5"), "forward-active").assumed(ORDER),
        leaf(menu::ACTIVE, "KWh", &[active(Flow::Reverse)])
            .marks(&[Dot::Reverse])
            => note("Reverse active energy", Manual("§7.5"), "reverse-active")
                .doc("The same glyphs as forward; the first dot tells them apart.")
                .assumed(ORDER),
        leaf(menu::REACTIVE, "KVArh", &[reactive(Flow::Forward)])
            .marks(&[Dot::Reactive])
            => note("Forward reactive energy", Manual("§7.2"), "forward-reactive").assumed(ORDER),
        leaf(menu::REACTIVE, "KVArh", &[reactive(Flow::Reverse)])
            .marks(&[Dot::Reverse, Dot::Reactive])
            => note("Reverse reactive energy", Manual("§7.2"), "reverse-reactive").assumed(ORDER),
    ];
    /// Forward and reverse energies of a meter with a tariff input, with those of each tariff (A1.2).
    pub TARIFF_ENERGIES / TARIFF_ENERGIES_NOTES: PageDef = [
        leaf(menu::ACTIVE, "KWh", &[active(Flow::Forward)])
            => note("Forward active energy", Manual("§7.5"), "forward-active").assumed(ORDER),
        of_tariff(menu::ACTIVE, "KWh  1", &[tariff_active(Flow::Forward, Tariff::T1)], &[])
            => note("T1 forward active energy", Manual("A1.2"), "forward-active-t1").assumed(TARIFF_GLYPHS),
        of_tariff(menu::ACTIVE, "KWh  2", &[tariff_active(Flow::Forward, Tariff::T2)], &[Dot::Tariff2])
            => note("T2 forward active energy", Manual("A1.2"), "forward-active-t2").assumed(TARIFF_GLYPHS),
        leaf(menu::ACTIVE, "KWh", &[active(Flow::Reverse)])
            .marks(&[Dot::Reverse])
            => note("Reverse active energy", Manual("§7.5"), "reverse-active")
                .doc("The same glyphs as forward; the first dot tells them apart.")
                .assumed(ORDER),
        of_tariff(menu::ACTIVE, "KWh  1", &[tariff_active(Flow::Reverse, Tariff::T1)], &[Dot::Reverse])
            => note("T1 reverse active energy", Manual("A1.2"), "reverse-active-t1").assumed(TARIFF_GLYPHS),
        of_tariff(menu::ACTIVE, "KWh  2", &[tariff_active(Flow::Reverse, Tariff::T2)], &[Dot::Reverse, Dot::Tariff2])
            => note("T2 reverse active energy", Manual("A1.2"), "reverse-active-t2").assumed(TARIFF_GLYPHS),
        leaf(menu::REACTIVE, "KVArh", &[reactive(Flow::Forward)])
            .marks(&[Dot::Reactive])
            => note("Forward reactive energy", Manual("§7.2"), "forward-reactive").assumed(ORDER),
        of_tariff(menu::REACTIVE, "KVArh1", &[tariff_reactive(Flow::Forward, Tariff::T1)], &[Dot::Reactive])
            => note("T1 forward reactive energy", Manual("A1.2"), "forward-reactive-t1").assumed(TARIFF_GLYPHS),
        of_tariff(menu::REACTIVE, "KVArh2", &[tariff_reactive(Flow::Forward, Tariff::T2)], &[Dot::Reactive, Dot::Tariff2])
            => note("T2 forward reactive energy", Manual("A1.2"), "forward-reactive-t2").assumed(TARIFF_GLYPHS),
        leaf(menu::REACTIVE, "KVArh", &[reactive(Flow::Reverse)])
            .marks(&[Dot::Reverse, Dot::Reactive])
            => note("Reverse reactive energy", Manual("§7.2"), "reverse-reactive").assumed(ORDER),
        of_tariff(menu::REACTIVE, "KVArh1", &[tariff_reactive(Flow::Reverse, Tariff::T1)], &[Dot::Reverse, Dot::Reactive])
            => note("T1 reverse reactive energy", Manual("A1.2"), "reverse-reactive-t1").assumed(TARIFF_GLYPHS),
        of_tariff(menu::REACTIVE, "KVArh2", &[tariff_reactive(Flow::Reverse, Tariff::T2)], &[Dot::Reverse, Dot::Reactive, Dot::Tariff2])
            => note("T2 reverse reactive energy", Manual("A1.2"), "reverse-reactive-t2").assumed(TARIFF_GLYPHS),
    ];
    /// Powers behind the active power.
    pub POWERS / POWERS_NOTES: PageDef = [
        leaf(menu::POWER, "KVAr", &[now(What::Q, 2)])
            => note("Reactive power", Manual("§7.6.3"), "reactive-power").assumed(ORDER),
        leaf(menu::POWER, "KVA", &[now(What::S, 2)])
            => note("Apparent power", Manual("§7.6.3"), "apparent-power").assumed(ORDER),
    ];
    /// Program mode 1.
    pub INFORMATION / INFORMATION_NOTES: PageDef = [
        leaf(menu::MODE_1, "", &[FieldDef::with("SW", Source::Identity(IdentityOf::Software), Format::Fixed(2))])
            => note("Software version", Manual("§7.6.3"), "info-software").assumed(ORDER),
        leaf(menu::MODE_1, "", &[
            FieldDef::with("CS", Source::Identity(IdentityOf::Checksum), Format::HalfHex { upper: true }),
            FieldDef::new(Source::Identity(IdentityOf::Checksum), Format::HalfHex { upper: false }),
        ])
            => note("Checksum of the program", Manual("§7.6.3"), "info-checksum")
                .doc("Eight digits, four at a time.")
                .assumed(ORDER),
        leaf(menu::MODE_1, "", &[
            FieldDef::with("Sn", Source::Setting(SettingId::Serial), Format::HalfDecimal { upper: true }),
            setting(SettingId::Serial, Format::HalfDecimal { upper: false }),
        ])
            => note("Serial number", Manual("§7.6.3"), "info-serial")
                .doc("Eight digits, four at a time.")
                .assumed(ORDER),
        leaf(menu::MODE_1, "S0", PULSES)
            => note("Pulse output rate, shown", Manual("§7.6.3"), "info-s0-rate").assumed(ORDER),
        leaf(menu::MODE_1, "", COMBINATION)
            => note("Combination code, shown", Manual("§7.6.3"), "info-combination-code").assumed(ORDER),
    ];
    /// Program mode 1 of a meter with Modbus, continued.
    pub INFORMATION_MODBUS / INFORMATION_MODBUS_NOTES: PageDef = [
        leaf(menu::MODE_1, "M bAud", SPEED)
            => note("Baud rate, shown", Manual("§7.6.3"), "info-baud").assumed(ORDER),
        leaf(menu::MODE_1, "PArity", PARITY)
            => note("Parity, shown", Manual("§7.6.3"), "info-parity").assumed(ORDER),
    ];
    /// Program mode 1 of a meter with M-Bus, continued.
    pub INFORMATION_MBUS / INFORMATION_MBUS_NOTES: PageDef = [
        leaf(menu::MODE_1, "M bAud", MBUS_SPEED)
            => note("Baud rate, shown", Manual("§7.6.3"), "info-baud").assumed(ORDER),
    ];
    /// Program mode 1, its end.
    pub INFORMATION_END / INFORMATION_END_NOTES: PageDef = [
        leaf(menu::MODE_1, "PWEr C", POWER_DOWNS)
            => note("Power-down counter, shown", Manual("§7.6.3"), "info-power-downs").assumed(ORDER),
        leaf(menu::MODE_1, "", &[FieldDef::with(
            "Err",
            Source::Point(Point::State(StateOf::Error)),
            Format::Digits(2),
        )])
            => note("Error", Manual("§8.1"), "info-error")
                .doc("01 memory, 02 program, 00 none.")
                .assumed(ORDER),
    ];
    /// Program mode 2 of a meter with Modbus, its beginning.
    pub MODE_2_MODBUS / MODE_2_MODBUS_NOTES: PageDef = [
        PageDef::show(menu::MODE_2, "Mbs Id", &[setting(SettingId::ModbusId, Format::Digits(3))])
            .edit(Edit::Digits(SettingId::ModbusId, 3))
            => note("Modbus address", Manual("§7.12.1"), "modbus-id").assumed(ORDER),
    ];
    /// Program mode 2 of a meter with M-Bus, its beginning.
    pub MODE_2_MBUS / MODE_2_MBUS_NOTES: PageDef = [
        PageDef::show(menu::MODE_2, "Mbs Id", &[setting(SettingId::MbusId, Format::Digits(3))])
            .edit(Edit::Digits(SettingId::MbusId, 3))
            => note("M-Bus address", Manual("§7.12.1"), "mbus-id").assumed(ORDER),
    ];
    /// Program mode 2.
    pub MODE_2 / MODE_2_NOTES: PageDef = [
        PageDef::show(menu::MODE_2, "", &[FieldDef::with(
            "RT",
            Source::Setting(SettingId::ScrollTime),
            Format::Digits(2),
        )])
            .edit(Edit::Step(SettingId::ScrollTime))
            => note("Scroll time", Manual("§7.6.2"), "scroll-time").assumed(ORDER),
        PageDef::show(menu::MODE_2, "", &[FieldDef::with(
            "bL",
            Source::Setting(SettingId::Backlight),
            Format::Number,
        )])
            .edit(Edit::Step(SettingId::Backlight))
            => note("Backlight", Sister("PRO380 manual v2.03, p. 14"), "backlight").assumed(ORDER),
    ];
    /// Program mode 3.
    pub MODE_3 / MODE_3_NOTES: PageDef = [
        PageDef::show(menu::MODE_3, "S0", PULSES)
            .edit(Edit::Step(SettingId::S0Rate))
            => note("Pulse output rate", Manual("§7.10.1"), "s0-rate").assumed(ORDER),
        PageDef::show(menu::MODE_3, "", COMBINATION)
            .edit(Edit::Step(SettingId::CombinationCode))
            => note("Combination code", Manual("§7.11.1"), "combination-code").assumed(ORDER),
    ];
    /// Program mode 3 of a meter with Modbus, continued.
    pub MODE_3_MODBUS / MODE_3_MODBUS_NOTES: PageDef = [
        PageDef::show(menu::MODE_3, "M bAud", SPEED)
            .edit(Edit::Step(SettingId::Baud))
            => note("Baud rate", Manual("§7.13.1"), "baud").assumed(ORDER),
        PageDef::show(menu::MODE_3, "PArity", PARITY)
            .edit(Edit::Step(SettingId::Parity))
            => note("Parity", Manual("§7.14.1"), "parity").assumed(ORDER),
    ];
    /// Program mode 3 of a meter with M-Bus, continued.
    pub MODE_3_MBUS / MODE_3_MBUS_NOTES: PageDef = [
        PageDef::show(menu::MODE_3, "M bAud", MBUS_SPEED)
            .edit(Edit::Step(SettingId::MbusBaud))
            => note("Baud rate", Manual("§7.13.1"), "baud").assumed(ORDER),
    ];
    /// Program mode 3, its end.
    pub MODE_3_END / MODE_3_END_NOTES: PageDef = [
        PageDef::show(menu::MODE_3, "PWEr C", POWER_DOWNS)
            .edit(Edit::Reset {
                command: CommandId::ResetPowerDowns,
                enter: Hold::VeryLong,
                confirm: Hold::Long,
            })
            => note("Power-down counter", Manual("§7.15.1"), "power-downs")
                .doc("The odd one out: 5 s to begin and 3 s to reset, where the resettable kWh has it the other way.")
                .assumed(ORDER),
        PageDef::show(menu::MODE_3, "PASSrd", &[])
            .edit(Edit::Digits(SettingId::Password, 4))
            => note("Password", Manual("§7.16.1"), "password")
                .doc("The digits stand only while they are changed.")
                .assumed(ORDER),
    ];
}
