//! The pages of the family, 69 in one list; a member lacks those of the bus that it does not have (p. 13).

use schema::Citation::Manual;
use schema::{
    Citation, CommandId, Dot, Edit, FieldDef, Format, Hold, IdentityOf, MenuId, Note, PageDef, Scroll,
    SettingId, Source, table,
};
use units::{EnergyKind, Flow, Of, Phase, Point, StateOf, Tariff, What};

const LIST: Citation = Manual("p. 13");

const KWH: &[Dot] = &[Dot::Kilo, Dot::HalfWatt, Dot::Volt, Dot::Hour];
const KWH_SUM: &[Dot] = &[Dot::Sum, Dot::Kilo, Dot::HalfWatt, Dot::Volt, Dot::Hour];
const KWH_REV: &[Dot] = &[Dot::Reverse, Dot::Kilo, Dot::HalfWatt, Dot::Volt, Dot::Hour];
const KVARH: &[Dot] = &[Dot::Kilo, Dot::Var, Dot::Hour];
const KVARH_SUM: &[Dot] = &[Dot::Sum, Dot::Kilo, Dot::Var, Dot::Hour];
const KVARH_REV: &[Dot] = &[Dot::Reverse, Dot::Kilo, Dot::Var, Dot::Hour];
const VOLT: &[Dot] = &[Dot::Volt];
const AMPERE: &[Dot] = &[Dot::Ampere];
const KW: &[Dot] = &[Dot::Kilo, Dot::HalfWatt, Dot::Volt];
const KVA: &[Dot] = &[Dot::Kilo, Dot::Volt, Dot::Ampere];
const COS: &[Dot] = &[Dot::PowerFactor];

const PHASE_FIRST: &str =
    "The manual names the page. The phase stands first, then the value: the digits have no room for both.";
const PHASE_BESIDE: &str =
    "The manual names the page. The phase stands at the left, as on the page of the directions.";
const GLYPHS: &str = "The manual names the page; its glyphs are our reading.";

/// A page of the one list, which the maker's infrared program can put in the automatic scroll.
const fn page(label: &'static str, fields: &'static [FieldDef], marks: &'static [Dot]) -> PageDef {
    PageDef::show(MenuId::MAIN, label, fields).marks(marks).scroll(Scroll::Optional)
}

const fn count(kind: EnergyKind, flow: Flow, phase: Phase, tariff: Tariff) -> FieldDef {
    FieldDef::new(Source::Point(Point::Energy { kind, flow, phase, tariff }), Format::Counter)
}

const fn active(flow: Flow, tariff: Tariff) -> FieldDef {
    count(EnergyKind::Active, flow, Phase::All, tariff)
}

const fn reactive(flow: Flow, tariff: Tariff) -> FieldDef {
    count(EnergyKind::Reactive, flow, Phase::All, tariff)
}

const fn active_of(flow: Flow, phase: Phase) -> FieldDef {
    count(EnergyKind::Active, flow, phase, Tariff::All)
}

const fn reactive_of(flow: Flow, phase: Phase) -> FieldDef {
    count(EnergyKind::Reactive, flow, phase, Tariff::All)
}

const fn now(what: What, of: Of, decimals: u8) -> FieldDef {
    let prefix = match of {
        Of::L1 => "1",
        Of::L2 => "2",
        Of::L3 => "3",
        _ => "",
    };
    FieldDef::with(prefix, Source::Point(Point::Now { what, of }), Format::Fixed(decimals))
}

const fn setting(prefix: &'static str, id: SettingId, format: Format) -> FieldDef {
    FieldDef::with(prefix, Source::Setting(id), format)
}

const fn note(label: &'static str, key: &'static str) -> Note {
    Note::new(label, LIST).key(key)
}

table! {
    /// Directions and counted energies: pages 1 to 37.
    pub ENERGIES / ENERGIES_NOTES: PageDef = [
        page("", &[FieldDef::new(Source::Point(Point::State(StateOf::Directions)), Format::Directions)], &[])
            .scroll(Scroll::Always)
            => Note::new("Current direction", Manual("p. 12")).key("direction")
                .doc("Number of each phase with F for import and r for export; what stands at power-up."),
        page("", &[active(Flow::Total, Tariff::All)], KWH_SUM).scroll(Scroll::Always) => note("Total active energy", "total-active").doc("What the combination code makes of forward and reverse."),
        page("", &[active(Flow::Total, Tariff::T1)], KWH_SUM) => note("T1 total active energy", "total-active-t1"),
        page("", &[active(Flow::Total, Tariff::T2)], KWH_SUM) => note("T2 total active energy", "total-active-t2"),
        page("", &[active(Flow::Forward, Tariff::All)], KWH) => note("Forward active energy", "forward-active"),
        page("", &[active(Flow::Forward, Tariff::T1)], KWH) => note("T1 forward active energy", "forward-active-t1"),
        page("", &[active(Flow::Forward, Tariff::T2)], KWH) => note("T2 forward active energy", "forward-active-t2"),
        page("", &[active(Flow::Reverse, Tariff::All)], KWH_REV) => note("Reverse active energy", "reverse-active"),
        page("", &[active(Flow::Reverse, Tariff::T1)], KWH_REV) => note("T1 reverse active energy", "reverse-active-t1"),
        page("", &[active(Flow::Reverse, Tariff::T2)], KWH_REV) => note("T2 reverse active energy", "reverse-active-t2"),
        page("L1", &[active_of(Flow::Total, Phase::L1)], KWH_SUM) => note("L1 total active energy", "l1-total-active").assumed(PHASE_FIRST),
        page("L1", &[active_of(Flow::Forward, Phase::L1)], KWH) => note("L1 forward active energy", "l1-forward-active").assumed(PHASE_FIRST),
        page("L1", &[active_of(Flow::Reverse, Phase::L1)], KWH_REV) => note("L1 reverse active energy", "l1-reverse-active").assumed(PHASE_FIRST),
        page("L2", &[active_of(Flow::Total, Phase::L2)], KWH_SUM) => note("L2 total active energy", "l2-total-active").assumed(PHASE_FIRST),
        page("L2", &[active_of(Flow::Forward, Phase::L2)], KWH) => note("L2 forward active energy", "l2-forward-active").assumed(PHASE_FIRST),
        page("L2", &[active_of(Flow::Reverse, Phase::L2)], KWH_REV) => note("L2 reverse active energy", "l2-reverse-active").assumed(PHASE_FIRST),
        page("L3", &[active_of(Flow::Total, Phase::L3)], KWH_SUM) => note("L3 total active energy", "l3-total-active").assumed(PHASE_FIRST),
        page("L3", &[active_of(Flow::Forward, Phase::L3)], KWH) => note("L3 forward active energy", "l3-forward-active").assumed(PHASE_FIRST),
        page("L3", &[active_of(Flow::Reverse, Phase::L3)], KWH_REV) => note("L3 reverse active energy", "l3-reverse-active").assumed(PHASE_FIRST),
        page("", &[reactive(Flow::Total, Tariff::All)], KVARH_SUM) => note("Total reactive energy", "total-reactive"),
        page("", &[reactive(Flow::Total, Tariff::T1)], KVARH_SUM) => note("T1 total reactive energy", "total-reactive-t1"),
        page("", &[reactive(Flow::Total, Tariff::T2)], KVARH_SUM) => note("T2 total reactive energy", "total-reactive-t2"),
        page("", &[reactive(Flow::Forward, Tariff::All)], KVARH) => note("Forward reactive energy", "forward-reactive"),
        page("", &[reactive(Flow::Forward, Tariff::T1)], KVARH) => note("T1 forward reactive energy", "forward-reactive-t1"),
        page("", &[reactive(Flow::Forward, Tariff::T2)], KVARH) => note("T2 forward reactive energy", "forward-reactive-t2"),
        page("", &[reactive(Flow::Reverse, Tariff::All)], KVARH_REV) => note("Reverse reactive energy", "reverse-reactive"),
        page("", &[reactive(Flow::Reverse, Tariff::T1)], KVARH_REV) => note("T1 reverse reactive energy", "reverse-reactive-t1"),
        page("", &[reactive(Flow::Reverse, Tariff::T2)], KVARH_REV) => note("T2 reverse reactive energy", "reverse-reactive-t2"),
        page("L1", &[reactive_of(Flow::Total, Phase::L1)], KVARH_SUM) => note("L1 total reactive energy", "l1-total-reactive").assumed(PHASE_FIRST),
        page("L1", &[reactive_of(Flow::Forward, Phase::L1)], KVARH) => note("L1 forward reactive energy", "l1-forward-reactive").assumed(PHASE_FIRST),
        page("L1", &[reactive_of(Flow::Reverse, Phase::L1)], KVARH_REV) => note("L1 reverse reactive energy", "l1-reverse-reactive").assumed(PHASE_FIRST),
        page("L2", &[reactive_of(Flow::Total, Phase::L2)], KVARH_SUM) => note("L2 total reactive energy", "l2-total-reactive").assumed(PHASE_FIRST),
        page("L2", &[reactive_of(Flow::Forward, Phase::L2)], KVARH) => note("L2 forward reactive energy", "l2-forward-reactive").assumed(PHASE_FIRST),
        page("L2", &[reactive_of(Flow::Reverse, Phase::L2)], KVARH_REV) => note("L2 reverse reactive energy", "l2-reverse-reactive").assumed(PHASE_FIRST),
        page("L3", &[reactive_of(Flow::Total, Phase::L3)], KVARH_SUM) => note("L3 total reactive energy", "l3-total-reactive").assumed(PHASE_FIRST),
        page("L3", &[reactive_of(Flow::Forward, Phase::L3)], KVARH) => note("L3 forward reactive energy", "l3-forward-reactive").assumed(PHASE_FIRST),
        page("L3", &[reactive_of(Flow::Reverse, Phase::L3)], KVARH_REV) => note("L3 reverse reactive energy", "l3-reverse-reactive").assumed(PHASE_FIRST),
    ];
    /// Readings of this moment: pages 38 to 58.
    pub READINGS / READINGS_NOTES: PageDef = [
        page("", &[now(What::U, Of::L1, 1)], VOLT) => note("L1 voltage", "l1-voltage").assumed(PHASE_BESIDE),
        page("", &[now(What::U, Of::L2, 1)], VOLT) => note("L2 voltage", "l2-voltage").assumed(PHASE_BESIDE),
        page("", &[now(What::U, Of::L3, 1)], VOLT) => note("L3 voltage", "l3-voltage").assumed(PHASE_BESIDE),
        page("", &[now(What::I, Of::L1, 2)], AMPERE) => note("L1 current", "l1-current").assumed(PHASE_BESIDE),
        page("", &[now(What::I, Of::L2, 2)], AMPERE) => note("L2 current", "l2-current").assumed(PHASE_BESIDE),
        page("", &[now(What::I, Of::L3, 2)], AMPERE) => note("L3 current", "l3-current").assumed(PHASE_BESIDE),
        page("", &[now(What::P, Of::All, 3)], KW) => note("Total active power", "active-power"),
        page("", &[now(What::P, Of::L1, 3)], KW) => note("L1 active power", "l1-active-power").assumed(PHASE_BESIDE),
        page("", &[now(What::P, Of::L2, 3)], KW) => note("L2 active power", "l2-active-power").assumed(PHASE_BESIDE),
        page("", &[now(What::P, Of::L3, 3)], KW) => note("L3 active power", "l3-active-power").assumed(PHASE_BESIDE),
        page("", &[now(What::S, Of::All, 3)], KVA) => note("Total apparent power", "apparent-power"),
        page("", &[now(What::S, Of::L1, 3)], KVA) => note("L1 apparent power", "l1-apparent-power").assumed(PHASE_BESIDE),
        page("", &[now(What::S, Of::L2, 3)], KVA) => note("L2 apparent power", "l2-apparent-power").assumed(PHASE_BESIDE),
        page("", &[now(What::S, Of::L3, 3)], KVA) => note("L3 apparent power", "l3-apparent-power").assumed(PHASE_BESIDE),
        page("", &[now(What::Pf, Of::All, 2)], COS) => note("Total power factor", "power-factor"),
        page("", &[now(What::Pf, Of::L1, 2)], COS) => note("L1 power factor", "l1-power-factor").assumed(PHASE_BESIDE),
        page("", &[now(What::Pf, Of::L2, 2)], COS) => note("L2 power factor", "l2-power-factor").assumed(PHASE_BESIDE),
        page("", &[now(What::Pf, Of::L3, 2)], COS) => note("L3 power factor", "l3-power-factor").assumed(PHASE_BESIDE),
        page("", &[now(What::F, Of::All, 2)], &[Dot::Hertz]) => note("Frequency", "frequency"),
        page("", &[FieldDef::with("S", Source::Point(Point::State(StateOf::Status)), Format::Status)], &[])
            => Note::new("Status word", Manual("p. 19")).key("status")
                .doc("Program and memory, then phases 1, 2 and 3: 1 is good or there."),
        page("", &[FieldDef::with("Ct", Source::Zero, Format::Digits(4))], &[])
            => note("CT rate", "ct-rate").doc("0 on a meter without current transformers.").assumed(GLYPHS),
    ];
    /// Settings: pages 59 to 61.
    pub PULSES / PULSES_NOTES: PageDef = [
        page("", &[setting("S0", SettingId::S0Rate, Format::Number)], &[])
            .edit(Edit::Step(SettingId::S0Rate))
            => note("Pulse output rate, forward", "s0-rate"),
        page("", &[setting("S0", SettingId::S0Rate, Format::Number)], &[Dot::Reverse])
            => note("Pulse output rate, reverse", "s0-rate-reverse")
                .assumed("The same rate, since there is one register; changed on the page before."),
        page("", &[setting("COdE", SettingId::CombinationCode, Format::Digits(2))], &[])
            .edit(Edit::Step(SettingId::CombinationCode))
            => Note::new("Combination code", Manual("p. 16")).key("combination-code"),
    ];
    /// Page 62, of a meter with M-Bus.
    pub MBUS_ID / MBUS_ID_NOTES: PageDef = [
        page("", &[setting("Adr", SettingId::MbusId, Format::Digits(3))], &[])
            .edit(Edit::Step(SettingId::MbusId))
            => note("M-Bus address", "mbus-id").assumed(GLYPHS),
    ];
    /// Page 63, of a meter with Modbus.
    pub MODBUS_ID / MODBUS_ID_NOTES: PageDef = [
        page("", &[setting("Id", SettingId::ModbusId, Format::Digits(3))], &[])
            .edit(Edit::Step(SettingId::ModbusId))
            => note("Modbus address", "modbus-id").assumed(GLYPHS),
    ];
    /// Page 64.
    pub CYCLE / CYCLE_NOTES: PageDef = [
        page("", &[setting("  rt", SettingId::ScrollTime, Format::Digits(2))], &[])
            .edit(Edit::Step(SettingId::ScrollTime))
            => Note::new("Scroll time", Manual("§6.6.2")).key("scroll-time"),
    ];
    /// Page 65, of a meter with M-Bus.
    pub MBUS_BAUD / MBUS_BAUD_NOTES: PageDef = [
        page("", &[setting("bAud", SettingId::MbusBaud, Format::Number)], &[])
            => note("Baud rate", "mbus-baud").assumed(GLYPHS),
    ];
    /// Pages 66 to 69.
    pub END / END_NOTES: PageDef = [
        page("", &[FieldDef::new(Source::Identity(IdentityOf::Checksum), Format::Hex)], &[])
            => note("Checksum of the program", "checksum").assumed(GLYPHS),
        page("", &[FieldDef::with("SoFt", Source::Identity(IdentityOf::Software), Format::Fixed(2))], &[])
            => note("Software version", "software").assumed(GLYPHS),
        page("", &[active(Flow::Trip, Tariff::All)], KWH)
            .edit(Edit::Reset {
                command: CommandId::ResetTrip,
                enter: Hold::VeryLong,
                confirm: Hold::VeryLong,
            })
            => Note::new("Resettable kWh", Manual("§6.8.5")).key("resettable")
                .doc("Forward active energy since the last reset; the right key held for 5 s sets it to zero."),
        page("", &[setting("bL", SettingId::Backlight, Format::Number)], &[])
            .edit(Edit::Step(SettingId::Backlight))
            => Note::new("Backlight", Manual("p. 14")).key("backlight"),
    ];
}
