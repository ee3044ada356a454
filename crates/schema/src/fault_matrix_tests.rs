use super::*;
use crate::fault::first_fault;
use crate::fault::tests::GOOD as DIGITS;
use crate::*;
use units::{Duration, Flow, Point, StateOf, Tariff};

const MS: Duration = Duration::from_millis(1);
const ENERGY: Source = Source::Point(Point::active(Flow::Forward, Tariff::T1));
const ERROR: Source = Source::Point(Point::State(StateOf::Error));
const STRANGE: Source = Source::Setting(SettingId::MbusId);

const LINE: RegisterLineDef = RegisterLineDef { obis: "1.8.1", source: ENERGY, high_tariff: false };
const READING: ReadingDef = ReadingDef {
    title: "Energy",
    form: ReadingForm::Number { decimals: 3, figures: 6, signed: false },
    sources: [Some(ENERGY), None, None, None],
    obis: ["1.8.0", "", "", ""],
    obis_reverse: [""; 4],
};
const ROW: MenuItemDef =
    MenuItemDef { label: "Scroll time", edit: MenuEdit::Digits(SettingId::ScrollTime, 2) };
const SLOT: HistorySlotDef = HistorySlotDef { ratio: ERROR, lines: &[LINE], runs_on: false };
const ITEM: HeaderItemDef = HeaderItemDef { label: "SW", source: ERROR, form: HeaderForm::Number };

pub const FACE: MatrixDef = MatrixDef {
    keys: MatrixKeys { left: KeyId(0), middle: KeyId(1), right: KeyId(2) },
    times: MatrixTimes { header: MS, registers: MS, choice: MS, password: MS },
    header: [&[ITEM], &[ITEM], &[ITEM, ITEM]],
    registers: RegistersDef { lines: &[LINE], together: 2, digits: 6, decimals: 3, high_tariffs: ERROR },
    readings: &[READING],
    history: Some(HistoryDef { title: "History", used: ERROR, slots: &[SLOT; 7] }),
    radio: Some(RadioDef {
        title: "Radio",
        prefix: "R-",
        open: MS,
        packet: 20,
        gap: MS,
        reply_delay: MS,
        lock: None,
        app: None,
    }),
    password: SettingId::ScrollTime,
    menu: &[ROW],
    obis: None,
    turned: Some(SettingId::ScrollTime),
    words: MatrixWords {
        pages: ["Total", "L1", "L2", "L3"],
        settings: "Settings",
        password: "Password",
        wrong: "Wrong",
        refused: "No",
        reset: "Reset",
        no: "no",
        yes: "yes",
        scan: "Scan",
        off: "Off",
        error: "Error",
        stopped: "Stopped",
        bits: ["bit"; 8],
    },
};

const fn key(id: u8) -> KeyDef {
    KeyDef { id: KeyId(id), long: MS, very_long: MS }
}

pub const GOOD: ModelDef = ModelDef {
    pages: &[],
    keys: &[key(0), key(1), key(2)],
    glass: GlassDef::Matrix(MatrixGlass { width: 128, height: 160 }),
    ..DIGITS
};

/// The meter with this face.
fn with(face: MatrixDef) -> ModelDef {
    ModelDef { matrix: Some(Box::leak(Box::new(face))), ..GOOD }
}

#[track_caller]
fn finds(face: MatrixDef, table: Table, row: usize, what: What) {
    assert_eq!(first_fault(&with(face)), Some(Fault { table, row, what }));
}

#[test]
fn a_good_face_has_no_fault() {
    assert_eq!(first_fault(&with(FACE)), None);
}

#[test]
fn a_glass_and_its_face_are_of_one_kind() {
    let fault = |model: &ModelDef| first_fault(model).map(|fault| (fault.table, fault.what));
    let wrong = |table| Some((table, What::NoFace));
    assert_eq!(fault(&GOOD), wrong(Table::Model), "dots and nothing on them");
    assert_eq!(
        fault(&ModelDef { matrix: Some(&FACE), ..DIGITS }),
        wrong(Table::Model),
        "digits with a face of dots"
    );
    let dots = ModelDef { glass: GlassDef::Matrix(MatrixGlass { width: 0, height: 160 }), ..with(FACE) };
    assert_eq!(fault(&dots), wrong(Table::Model), "no dots");
    assert_eq!(
        fault(&ModelDef { pages: DIGITS.pages, ..with(FACE) }),
        wrong(Table::Pages(0)),
        "pages of digits"
    );
}

#[test]
fn keys_are_three_of_the_meters() {
    let keys = MatrixKeys { left: KeyId(0), middle: KeyId(1), right: KeyId(1) };
    finds(MatrixDef { keys, ..FACE }, Table::Model, 0, What::Keys);
    let keys = MatrixKeys { left: KeyId(0), middle: KeyId(1), right: KeyId(7) };
    finds(MatrixDef { keys, ..FACE }, Table::Model, 0, What::Keys);
}

#[test]
fn the_header_has_three_lines_of_known_sources() {
    let line: &[HeaderItemDef] = &[ITEM, HeaderItemDef { source: STRANGE, ..ITEM }];
    finds(MatrixDef { header: [&[ITEM], line, &[ITEM]], ..FACE }, Table::Header(1), 1, What::UnknownSetting);
    finds(MatrixDef { header: [&[], &[ITEM], &[ITEM]], ..FACE }, Table::Header(0), 0, What::Empty);
    let line: &[HeaderItemDef] = &[HeaderItemDef { label: "", ..ITEM }];
    finds(MatrixDef { header: [line, &[ITEM], &[ITEM]], ..FACE }, Table::Header(0), 0, What::Text);
}

#[test]
fn registers_have_numbers_and_sources() {
    let lines = |lines| MatrixDef { registers: RegistersDef { lines, ..FACE.registers }, ..FACE };
    finds(lines(&[]), Table::RegisterLines, 0, What::Empty);
    finds(lines(&[LINE, RegisterLineDef { obis: "", ..LINE }]), Table::RegisterLines, 1, What::Text);
    let strange = &[RegisterLineDef { source: STRANGE, ..LINE }];
    finds(lines(strange), Table::RegisterLines, 0, What::UnknownSetting);
    for registers in [
        RegistersDef { together: 0, ..FACE.registers },
        RegistersDef { together: 5, ..FACE.registers },
        RegistersDef { digits: 0, ..FACE.registers },
        RegistersDef { decimals: 5, ..FACE.registers },
    ] {
        finds(MatrixDef { registers, ..FACE }, Table::RegisterLines, 0, What::Limit);
    }
}

#[test]
fn readings_have_a_title_a_value_and_words() {
    let one = |reading: ReadingDef| MatrixDef { readings: Box::leak(Box::new([READING, reading])), ..FACE };
    let long = ReadingDef { title: "A title of twenty-one", ..READING };
    finds(one(long), Table::Readings, 1, What::Text);
    let none = ReadingDef { sources: [None; 4], ..READING };
    finds(one(none), Table::Readings, 1, What::Empty);
    let strange = ReadingDef { sources: [Some(ENERGY), None, None, Some(STRANGE)], ..READING };
    finds(one(strange), Table::Readings, 1, What::UnknownSetting);
    let number = ReadingDef { obis_reverse: ["", "123456789", "", ""], ..READING };
    finds(one(number), Table::Readings, 1, What::Text);
    let fine = ReadingDef { form: ReadingForm::Number { decimals: 3, figures: 3, signed: false }, ..READING };
    finds(one(fine), Table::Readings, 1, What::Limit);
    let word = ReadingDef { form: ReadingForm::Words(&[(0, "none"), (1, "")]), ..READING };
    finds(one(word), Table::Readings, 1, What::Text);
    finds(MatrixDef { readings: &[], ..FACE }, Table::Readings, 0, What::Empty);
}

#[test]
fn the_history_has_seven_places_at_most() {
    let slots =
        |slots| MatrixDef { history: Some(HistoryDef { title: "History", used: ERROR, slots }), ..FACE };
    finds(slots(&[SLOT; 8]), Table::Model, 0, What::Limit);
    finds(slots(&[SLOT, HistorySlotDef { lines: &[], ..SLOT }]), Table::History(1), 0, What::Empty);
    let strange = &[HistorySlotDef { ratio: STRANGE, ..SLOT }];
    finds(slots(strange), Table::History(0), 0, What::UnknownSetting);
}

#[test]
fn the_menu_changes_what_the_meter_has() {
    let menu = |menu| MatrixDef { menu, ..FACE };
    finds(menu(&[]), Table::Menu, 0, What::Empty);
    finds(menu(&[ROW, MenuItemDef { label: "", ..ROW }]), Table::Menu, 1, What::Text);
    let strange = &[MenuItemDef { edit: MenuEdit::Choice(SettingId::MbusId), ..ROW }];
    finds(menu(strange), Table::Menu, 0, What::UnknownSetting);
    let digits = &[MenuItemDef { edit: MenuEdit::Digits(SettingId::ScrollTime, 10), ..ROW }];
    finds(menu(digits), Table::Menu, 0, What::Limit);
    let reset = MenuEdit::Reset { command: CommandId::ResetTrip, shows: STRANGE };
    finds(
        menu(Box::leak(Box::new([MenuItemDef { edit: reset, ..ROW }]))),
        Table::Menu,
        0,
        What::UnknownSetting,
    );
}

#[test]
fn settings_and_words_of_the_face_are_there() {
    finds(MatrixDef { password: SettingId::MbusId, ..FACE }, Table::Model, 0, What::UnknownSetting);
    finds(MatrixDef { obis: Some(SettingId::MbusId), ..FACE }, Table::Model, 0, What::UnknownSetting);
    finds(MatrixDef { turned: Some(SettingId::MbusId), ..FACE }, Table::Model, 0, What::UnknownSetting);
    let words = MatrixWords { bits: ["", "", "", "", "", "", "", ""], ..FACE.words };
    finds(MatrixDef { words, ..FACE }, Table::Model, 0, What::Text);
    let radio = FACE.radio.map(|radio| RadioDef { title: "", ..radio });
    finds(MatrixDef { radio, ..FACE }, Table::Model, 0, What::Text);
}
