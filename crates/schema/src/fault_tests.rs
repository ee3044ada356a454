//! One broken description for each kind of fault.

use units::{Duration, Point, Unit, What as Measured};

use super::*;
use crate::*;

const TIME: SettingDef = SettingDef {
    id: SettingId::ScrollTime,
    kind: Kind::Int { min: 1, max: 30 },
    default: 10,
    unit: Unit::Second,
    permission: Permission::Everyone,
    effect: Effect::Now,
    secret: false,
};
const CODE: SettingDef = SettingDef {
    id: SettingId::CombinationCode,
    kind: Kind::OneOf(&[Choice::new(1, "", "01"), Choice::new(4, "", "04")]),
    default: 1,
    unit: Unit::None,
    ..TIME
};
const VOLTS: Codec = Codec::F32 { decimals: 1 };
const VOLTAGE: RegisterDef = RegisterDef::read(0x5000, VOLTS, Source::Point(Point::now(Measured::U)));
const PAGE: PageDef = PageDef::show(
    MenuId::MAIN,
    "V",
    &[FieldDef::new(Source::Point(Point::now(Measured::U)), Format::Fixed(1))],
)
.scroll(Scroll::Always);

const fn block(rows: &'static [RegisterDef]) -> Block {
    Block { rows, unmapped: Unmapped::Exception02, rule: Rule::Contiguous }
}

const MS: Duration = Duration::from_millis(1);

/// A small model without a fault; every test breaks one thing in it.
pub(crate) const GOOD: ModelDef = ModelDef {
    slug: "small",
    identity: IdentityDef {
        prefix: "0000",
        meter_code: 1,
        amps: 45,
        protocol: 320,
        software: 218,
        hardware: 132,
        checksum: 0,
        checksum_2: 0,
        ct_mode: 0,
    },
    metering: MeteringDef {
        phases: 1,
        starting_current_ma: 20,
        rollover_wh: 1_000_000,
        store_step_wh: 10,
        decimals: Decimals { volt: 1, ampere: 2, kilowatt: 3, power_factor: 2, hertz: 2 },
        combinations: &[(1, Combination::Forward), (4, Combination::Reverse)],
        tariffs: 2,
        quadrants: false,
        trip: TripDef { follows: TripOf::Forward, per_phase: false },
        ct: None,
        led_imp_per_kwh: 1_000,
        led_imp_per_kvarh: 0,
        led_width: MS,
        pulse_widths: &[PulseWidth { min_rate: 0, up_to_watt: u32::MAX, width: MS }],
        pulse_outputs: &[],
        power_fail_warning: MS,
    },
    errors: &[],
    modbus: Some(ModbusDef {
        max_read: 125,
        max_write: 123,
        unit0_answers_reads: true,
        fc04: true,
        reply_delay: MS,
    }),
    mbus: None,
    optical: None,
    tariff_input: None,
    registers: &[
        block(&[VOLTAGE, RegisterDef::setting(0x5002, Codec::Bcd16, SettingId::ScrollTime)]),
        Block {
            rows: &[RegisterDef::read(0x2000, VOLTS, Source::Same(0x5000))],
            unmapped: Unmapped::Exception02,
            rule: Rule::OneValuePerRequest,
        },
    ],
    settings: &[&[TIME, CODE]],
    pages: &[&[
        PAGE,
        PageDef::show(MenuId::MAIN, "PM", &[]).opens(MenuId(1), Gate::Open),
        PageDef::show(
            MenuId(1),
            "",
            &[FieldDef::with("RT", Source::Setting(SettingId::ScrollTime), Format::Digits(2))],
        )
        .edit(Edit::Step(SettingId::ScrollTime)),
    ]],
    keys: &[KeyDef { id: KeyId(1), long: Duration::from_secs(3), very_long: Duration::from_secs(5) }],
    panel: PanelDef {
        turn: MS,
        message: MS,
        edit_idle: MS,
        page_idle: MS,
        blink: MS,
        blink_on: MS,
        com_flash: MS,
        ok: "OK",
        ok_in: "OK  in",
        ok_out: "OK out",
        error_prefix: "Err ",
        backlight: BacklightDef { button: 0, on: 1, lit: MS },
        pair: None,
    },
    glass: GlassDef::Segments(SegmentGlass {
        cells: &[Cell::Fourteen, Cell::Fourteen, Cell::Seven, Cell::Seven, Cell::Seven, Cell::Seven],
        points: &[4, 5],
        dots: &[Dot::Reverse],
        tariff_digit: false,
    }),
    matrix: None,
};

#[track_caller]
fn finds(model: &ModelDef, table: Table, row: usize, what: What) {
    assert_eq!(first_fault(model), Some(Fault { table, row, what }));
}

fn registers(rows: &'static [RegisterDef]) -> ModelDef {
    let blocks: &'static [Block] = Box::leak(Box::new([block(rows)]));
    ModelDef { registers: blocks, ..GOOD }
}

fn settings(rows: &[SettingDef]) -> ModelDef {
    let rows: &'static [SettingDef] = Box::leak(rows.into());
    ModelDef { settings: Box::leak(Box::new([rows])), registers: &[], pages: &[&[PAGE]], ..GOOD }
}

fn pages(rows: &[PageDef]) -> ModelDef {
    let rows: &'static [PageDef] = Box::leak(rows.into());
    ModelDef { pages: Box::leak(Box::new([rows])), ..GOOD }
}

#[test]
fn nothing_is_wrong_with_a_good_one() {
    assert_eq!(first_fault(&GOOD), None);
}

#[test]
fn registers_may_not_overlap_stand_out_of_order_or_run_over_the_end() {
    const NEXT: RegisterDef = RegisterDef { addr: 0x5001, ..VOLTAGE };
    const BEFORE: RegisterDef = RegisterDef { addr: 0x4FFE, ..VOLTAGE };
    const LAST: RegisterDef = RegisterDef { addr: 0xFFFF, ..VOLTAGE };
    for rows in [&[VOLTAGE, NEXT], &[VOLTAGE, BEFORE], &[VOLTAGE, LAST]] {
        finds(&registers(rows), Table::Registers(0), 1, What::Overlap);
    }
}

#[test]
fn a_row_names_only_settings_of_the_model() {
    const BAUD: Source = Source::Setting(SettingId::Baud);
    let rows = const { &[VOLTAGE, RegisterDef::setting(0x5002, Codec::U16, SettingId::Baud)] };
    finds(&registers(rows), Table::Registers(0), 1, What::UnknownSetting);
    let shown = PageDef::show(MenuId::MAIN, "", const { &[FieldDef::new(BAUD, Format::Number)] });
    let stepped = PAGE.edit(Edit::Step(SettingId::Baud));
    let typed = PAGE.edit(Edit::Digits(SettingId::Password, 4));
    let gated = PAGE.opens(MenuId::MAIN, Gate::Password(SettingId::Password));
    for page in [shown, stepped, typed, gated] {
        finds(&pages(&[PAGE, page]), Table::Pages(0), 1, What::UnknownSetting);
    }
}

#[test]
fn what_can_be_written_shows_a_setting() {
    let rows = const { &[RegisterDef { access: Access::Write, ..VOLTAGE }] };
    finds(&registers(rows), Table::Registers(0), 0, What::NothingToWrite);
}

#[test]
fn a_repeated_row_exists_and_is_as_long() {
    let nowhere = const { &[VOLTAGE, RegisterDef::read(0x5002, VOLTS, Source::Same(0x6000))] };
    let shorter = const { &[VOLTAGE, RegisterDef::read(0x5002, Codec::U16, Source::Same(0x5000))] };
    for rows in [nowhere, shorter] {
        finds(&registers(rows), Table::Registers(0), 1, What::UnknownRegister);
    }
}

#[test]
fn a_default_is_one_of_the_values() {
    let model = settings(&[CODE, SettingDef { default: 31, ..TIME }]);
    finds(&model, Table::Settings(0), 1, What::DefaultOutOfRange);
}

#[test]
fn a_setting_stands_once() {
    finds(&settings(&[TIME, CODE, TIME]), Table::Settings(0), 0, What::Twice);
}

#[test]
fn a_volatile_choice_acts_as_another_one() {
    const fn tariff(choices: &'static [Choice]) -> SettingDef {
        SettingDef { id: SettingId::Tariff, kind: Kind::OneOf(choices), default: 1, ..TIME }
    }
    const fn volatile(acts_as: i32) -> Choice {
        Choice { value: 11, token: "", glyphs: "", keep: Keep::Volatile { acts_as } }
    }
    const FIRST: Choice = Choice::new(1, "", "");
    let good = tariff(const { &[FIRST, volatile(1)] });
    assert_eq!(first_fault(&settings(&[TIME, CODE, good])), None);
    for bad in [tariff(const { &[FIRST, volatile(2)] }), tariff(const { &[FIRST, volatile(11)] })] {
        finds(&settings(&[TIME, CODE, bad]), Table::Settings(0), 2, What::VolatileActsAsNothing);
    }
}

#[test]
fn glyphs_have_their_places() {
    let label = PageDef { label: "1234567", ..PAGE };
    let prefix = PageDef::show(
        MenuId::MAIN,
        "",
        const { &[FieldDef::with("123456", Source::Setting(SettingId::ScrollTime), Format::Digits(2))] },
    );
    for page in [label, prefix] {
        finds(&pages(&[PAGE, page]), Table::Pages(0), 1, What::LabelTooLong);
    }
}

#[test]
fn a_list_that_opens_has_pages() {
    let model = pages(&[PAGE, PAGE.opens(MenuId(9), Gate::Open)]);
    finds(&model, Table::Pages(0), 1, What::EmptyMenu);
}

#[test]
fn something_scrolls() {
    for rows in [&[PAGE.scroll(Scroll::Optional)][..], &[PageDef { menu: MenuId(1), ..PAGE }], &[]] {
        finds(&pages(rows), Table::Model, 0, What::NothingToScroll);
    }
}

#[test]
fn a_scroll_list_has_128_places() {
    assert_eq!(first_fault(&pages(&[PAGE; 128])), None);
    finds(&pages(&[PAGE; 129]), Table::Model, 0, What::TooManyPages);
}

#[test]
fn limits_are_possible_ones() {
    let modbus = GOOD.modbus.unwrap();
    for modbus in [
        ModbusDef { max_read: 0, ..modbus },
        ModbusDef { max_read: 126, ..modbus },
        ModbusDef { max_write: 0, ..modbus },
        ModbusDef { max_write: 124, ..modbus },
    ] {
        finds(&ModelDef { modbus: Some(modbus), ..GOOD }, Table::Model, 0, What::Limit);
    }
    let metering = GOOD.metering;
    for metering in [
        MeteringDef { phases: 0, ..metering },
        MeteringDef { phases: 4, ..metering },
        MeteringDef { tariffs: 0, ..metering },
        MeteringDef { tariffs: 5, ..metering },
        MeteringDef { led_imp_per_kwh: 0, ..metering },
        MeteringDef { rollover_wh: 0, ..metering },
        MeteringDef { store_step_wh: 0, ..metering },
    ] {
        finds(&ModelDef { metering, ..GOOD }, Table::Model, 0, What::Limit);
    }
}

#[test]
fn keys_that_work_together_are_three_keys_of_the_model() {
    const fn key(id: u8) -> KeyDef {
        KeyDef { id: KeyId(id), long: MS, very_long: MS }
    }
    const KEYS: &[KeyDef] = &[key(1), key(2), key(3)];
    let with = |back, both, on| {
        let pair = PairDef {
            back: KeyId(back),
            both: KeyId(both),
            on: KeyId(on),
            idle_stores: true,
            begins_blinks: 0,
        };
        let panel = PanelDef { pair: Some(pair), ..GOOD.panel };
        ModelDef { panel, keys: KEYS, ..GOOD }
    };
    assert_eq!(first_fault(&with(1, 2, 3)), None);
    for (back, both, on) in [(1, 2, 4), (1, 1, 3), (1, 3, 3), (3, 2, 3)] {
        finds(&with(back, both, on), Table::Model, 0, What::Keys);
    }
}

#[test]
fn current_transformers_have_a_setting_and_room_for_their_changes() {
    const RATIO: SettingDef = SettingDef { id: SettingId::CtRatio, kind: Kind::Ratio, default: 55, ..TIME };
    let with = |setting, changes| {
        let metering = MeteringDef { ct: Some(CtDef { setting, changes }), ..GOOD.metering };
        ModelDef { metering, settings: &[&[TIME, CODE, RATIO]], ..GOOD }
    };
    assert_eq!(first_fault(&with(SettingId::CtRatio, 7)), None);
    finds(&with(SettingId::CtRatio, 0), Table::Model, 0, What::Limit);
    finds(&with(SettingId::CtRatio, 8), Table::Model, 0, What::Limit);
    finds(&with(SettingId::ScrollTime, 7), Table::Model, 0, What::UnknownSetting);
    finds(&with(SettingId::Tariff, 7), Table::Model, 0, What::UnknownSetting);
}

#[test]
fn counters_are_as_many_as_the_description_asks_for() {
    assert_eq!(GOOD.metering.counters(), 2 * 4 + 1);
    let metering = MeteringDef {
        phases: 3,
        tariffs: 4,
        quadrants: true,
        trip: TripDef { follows: TripOf::Total, per_phase: true },
        ct: Some(CtDef { setting: SettingId::ScrollTime, changes: 7 }),
        ..GOOD.metering
    };
    assert_eq!(metering.counters(), 3 * 4 * 6 + 3 * 2 + 1 + 7 * (1 + 4 * 2));
}

#[test]
fn every_combination_code_means_something() {
    const NONE_FOR_4: &[(i32, Combination)] = &[(1, Combination::Forward)];
    const NO_CODE_9: &[(i32, Combination)] =
        &[(1, Combination::Forward), (9, Combination::ForwardLessReverse)];
    for combinations in [NONE_FOR_4, NO_CODE_9] {
        let metering = MeteringDef { combinations, ..GOOD.metering };
        finds(&ModelDef { metering, ..GOOD }, Table::Model, 1, What::Combination);
    }
}

#[test]
fn a_fault_is_told_with_its_row() {
    let model = settings(&[CODE, SettingDef { default: 31, ..TIME }]);
    assert_eq!(
        first_fault(&model).unwrap().to_string(),
        "settings block 0, row 1: its default is none of its values"
    );
    assert_eq!(
        first_fault(&pages(&[])).unwrap().to_string(),
        "the model itself: the main list has no page, or no page always scrolls"
    );
}

#[test]
fn versions_are_hundredths_in_registers_too() {
    let unit = GOOD.unit(Source::Identity(IdentityOf::Software));
    let value = GOOD.identity.value(IdentityOf::Software);
    assert_eq!(Codec::F32 { decimals: 2 }.encode(value, unit), [0x400B, 0x851F]);
}

#[test]
fn a_record_takes_a_part_of_its_setting() {
    const ADDRESS: SettingDef = SettingDef { id: SettingId::MbusId, ..TIME };
    const SPEED: SettingDef = SettingDef { id: SettingId::MbusBaud, ..TIME };
    static HALF: SettingDef = SettingDef { kind: Kind::OneOf(&[Choice::new(4, "", "04")]), ..CODE };
    static OTHER: SettingDef = SettingDef { kind: Kind::OneOf(&[Choice::new(5, "", "05")]), ..CODE };
    static LONG: SettingDef = SettingDef { kind: Kind::Int { min: 1, max: 31 }, ..TIME };
    static SHORT: SettingDef = SettingDef { kind: Kind::Int { min: 2, max: 29 }, ..TIME };
    static DIGITS: SettingDef = SettingDef { kind: Kind::Digits(1), ..TIME };
    let writes = |target: Target, takes: Option<&'static SettingDef>| {
        let row = RecordWriteDef { dib: &[0x09], vib: &[0xFD, 0x3A], target, decimals: 0, takes };
        let mbus = MbusDef {
            manufacturer: 0,
            version: 1,
            medium: 2,
            telegrams: &[TelegramDef { ci: 0xB0, records: &[] }],
            selection: false,
            writes: Box::leak(Box::new([row])),
            reply_bits: 33,
            baud_trial: None,
        };
        ModelDef { mbus: Some(mbus), settings: &[&[TIME, CODE, ADDRESS, SPEED]], ..GOOD }
    };
    let (code, time) = (Target::Setting(SettingId::CombinationCode), Target::Setting(SettingId::ScrollTime));
    for (target, takes) in [(code, None), (code, Some(&HALF)), (time, Some(&SHORT))] {
        assert_eq!(first_fault(&writes(target, takes)), None);
    }
    for (target, takes) in [
        (code, &OTHER),
        (code, &SHORT),
        (time, &LONG),
        (time, &DIGITS),
        (Target::Command(CommandId::ResetTrip), &HALF),
    ] {
        finds(&writes(target, Some(takes)), Table::RecordWrites, 0, What::TakesOtherValues);
    }
}
