//! What a display shows, as a sentence: for screen readers, scripts and documents.

use alloc::format;
use alloc::string::{String, ToString};

use models::Entry;
use panel::{MessageKind, Mode, PageView, Screen, Shown};
use schema::{
    Codec, Dot, FieldDef, Format, IdentityOf, Label, PageId, RegisterDef, SettingDef, SettingId, Source,
};
use units::decimal::Decimal;
use units::{CtRatio, Point, StateOf, Tariff, Unit, What};

/// The register that shows a point, where the model has one.
pub(crate) fn point_row(entry: &Entry, point: Point) -> Option<&'static RegisterDef> {
    entry.def.all_registers().find(|row| row.source == Source::Point(point))
}

/// True for a point that people read as hexadecimal digits.
pub(crate) fn is_hex(entry: &Entry, point: Point) -> bool {
    point_row(entry, point).is_some_and(|row| matches!(row.codec, Codec::Hex16 | Codec::Hex32))
}

/// True for a point that people read as a ratio of current transformers.
pub(crate) const fn is_ratio(point: Point) -> bool {
    matches!(point, Point::HistoryRatio(_) | Point::State(StateOf::CtRatio))
}

/// The ratio of a value: `500/5`, and `none` where there is none.
pub(crate) fn ratio_text(value: i64) -> String {
    let ratio = i32::try_from(value).ok().and_then(CtRatio::from_value);
    ratio.map_or_else(|| "none".to_string(), |ratio| ratio.to_string())
}

/// The value of a text that [`ratio_text`] gave; `None` for any other.
pub(crate) fn ratio_value(text: &str) -> Option<i64> {
    if text == "none" {
        return Some(0);
    }
    let (primary, secondary) = text.split_once('/')?;
    CtRatio::new(primary.parse().ok()?, secondary.parse().ok()?).map(|ratio| ratio.value().into())
}

/// A value of a point with the decimals that the meter has for it, and its unit without a blank: `1.035kW`.
#[must_use]
pub fn point_text(entry: &Entry, point: Point, value: i64) -> String {
    if is_ratio(point) {
        return ratio_text(value);
    }
    let unit = point.unit();
    let decimals = match point_row(entry, point).map(|row| row.codec) {
        Some(Codec::F32 { decimals }) => decimals,
        Some(Codec::Hex16) => return format!("{value:04X}"),
        Some(Codec::Hex32) => return format!("{value:08X}"),
        _ => unit.decimals(),
    };
    let number = Decimal { value: unit.at(value, decimals), decimals };
    format!("{number}{}", unit.symbol())
}

/// The notes on a page.
#[must_use]
pub fn page_note(entry: &Entry, page: PageId) -> Option<&'static Label> {
    entry.notes.pages.iter().flat_map(|notes| notes.iter()).nth(usize::from(page.0))
}

/// The page of a key.
#[must_use]
pub fn find_page(entry: &Entry, key: &str) -> Option<PageId> {
    entry
        .def
        .all_pages()
        .map(|(id, _)| id)
        .find(|id| page_note(entry, *id).is_some_and(|note| note.key == key))
}

/// The sentence of a view: what it is of, its value, and what is being done with it.
#[must_use]
pub fn say(entry: &Entry, view: &PageView) -> String {
    let label = page_note(entry, view.page).map_or("Page", |note| note.label);
    let label = capital(label);
    match view.mode {
        Mode::Message(MessageKind::Ok) => "OK, taken".to_string(),
        Mode::Message(MessageKind::OkIn) => format!("OK, {label} is in the automatic scroll now"),
        Mode::Message(MessageKind::OkOut) => format!("OK, {label} is out of the automatic scroll now"),
        Mode::Message(MessageKind::Error(number)) => format!("Error {number:02}"),
        Mode::Password { digit } => {
            format!("Password asked, {}", digit_in_hand(entry, view, digit))
        }
        Mode::Edit { digit: Some(digit) } => {
            format!("{label}, {}, being changed", digit_in_hand(entry, view, digit))
        }
        Mode::Edit { digit: None } => format!("{label}{}, being changed", values(entry, view)),
        Mode::Reset => format!("{label}{}, waiting to be set to zero", values(entry, view)),
        Mode::Scroll | Mode::Browse => format!("{label}{}{}", values(entry, view), counting(view)),
    }
}

fn capital(label: &str) -> String {
    let mut label = label.to_string();
    // The tables of all letters take more of the page's room than all sentences together.
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    label
}

/// The tariff that counts, where the dot says that it is not the first and the value is of all of them.
fn counting(view: &PageView) -> String {
    let own = view.fields.iter().flatten().any(|shown| tariff(shown.source).is_some());
    if view.marks.lit(Dot::Tariff2) && !own { ", tariff 2 counts".to_string() } else { String::new() }
}

fn tariff(source: Source) -> Option<u8> {
    match source {
        Source::Point(Point::Energy { tariff, .. }) => match tariff {
            Tariff::All => None,
            Tariff::T1 => Some(1),
            Tariff::T2 => Some(2),
            Tariff::T3 => Some(3),
            Tariff::T4 => Some(4),
        },
        _ => None,
    }
}

/// The values of the page, each said once: two halves of one number are one value.
fn values(entry: &Entry, view: &PageView) -> String {
    let page = entry.def.page(view.page);
    let fields = page.map_or(&[][..], |page| page.fields);
    let mut text = String::new();
    let mut before: Option<Source> = None;
    for (n, shown) in view.fields.iter().enumerate() {
        let Some(shown) = shown.filter(|shown| before != Some(shown.source)) else { continue };
        before = Some(shown.source);
        if let Some(number) = tariff(shown.source) {
            text.push_str(&format!(", tariff {number}"));
        }
        text.push_str(", ");
        text.push_str(&value(entry, fields.get(n), shown));
    }
    text
}

fn digit_in_hand(entry: &Entry, view: &PageView, digit: u8) -> String {
    let field = match view.screen {
        Screen::Field(n) => usize::from(n),
        Screen::Label => 0,
    };
    let shown =
        view.fields.get(field).copied().flatten().or_else(|| view.fields.iter().flatten().next().copied());
    let Some(shown) = shown else { return format!("digit {}", digit + 1) };
    let count = match shown.source {
        Source::Setting(id) => setting(entry, id).map_or(1, digits),
        _ => 1,
    };
    let place = u32::from(count.saturating_sub(1).saturating_sub(digit));
    let figure = shown.value.unsigned_abs() / 10u64.saturating_pow(place) % 10;
    format!("digit {} of {count} is {figure}", digit + 1)
}

/// How many digits an editor asks for: as many as the largest value has.
fn digits(setting: &SettingDef) -> u8 {
    match setting.kind {
        schema::Kind::Digits(count) => count,
        schema::Kind::Int { max, .. } => u8::try_from(max.to_string().len()).unwrap_or(u8::MAX),
        schema::Kind::OneOf(_) => 1,
        // Four digits of the primary current and one of the secondary.
        schema::Kind::Ratio => 5,
    }
}

fn setting(entry: &Entry, id: SettingId) -> Option<&'static SettingDef> {
    entry.def.setting(id).map(|(_, setting)| setting)
}

fn value(entry: &Entry, field: Option<&FieldDef>, shown: Shown) -> String {
    let format = field.map(|field| field.format);
    match (shown.source, format) {
        (Source::Setting(id), _) => {
            setting(entry, id).map_or_else(String::new, |it| setting_value(it, shown.value))
        }
        (Source::Identity(IdentityOf::Checksum | IdentityOf::Checksum2), _) => format!("{:08X}", shown.value),
        (_, Some(Format::Direction)) => if shown.value < 0 { "reverse" } else { "forward" }.to_string(),
        (_, Some(Format::Directions)) => directions_text(shown.value),
        (_, Some(Format::Status)) => {
            format!("{:04X} {:04X}", shown.value >> 16 & 0xFFFF, shown.value & 0xFFFF)
        }
        (source, format) => {
            let unit = entry.def.unit(source);
            let signed = matches!(source, Source::Point(Point::Now { what: What::P | What::I, .. }));
            let magnitude = if signed { shown.value.saturating_abs() } else { shown.value };
            let decimals = match format {
                Some(Format::Counter) => counter_decimals(entry, unit, magnitude),
                Some(Format::Fixed(decimals)) => decimals,
                Some(Format::Digits(_)) => 0,
                _ => unit.decimals(),
            };
            let number = Decimal { value: unit.at(magnitude, decimals), decimals };
            let way = if signed && shown.value < 0 { ", reverse" } else { "" };
            match unit.symbol() {
                "" => format!("{number}{way}"),
                symbol => format!("{number} {symbol}{way}"),
            }
        }
    }
}

/// The directions of three phases, a hexadecimal digit each, in words.
#[must_use]
pub fn directions_text(value: i64) -> String {
    let words = [("L1", 8), ("L2", 4), ("L3", 0)].map(|(phase, shift)| {
        let way = match value >> shift & 0xF {
            1 => "forward",
            2 => "reverse",
            _ => "not there",
        };
        format!("{phase} {way}")
    });
    words.join(", ")
}

fn setting_value(setting: &'static SettingDef, value: i64) -> String {
    let Ok(small) = i32::try_from(value) else { return value.to_string() };
    let word = setting.choice(small).is_some_and(|choice| !choice.token.is_empty());
    let text = setting.text(small);
    match setting.unit.symbol() {
        symbol if !symbol.is_empty() && !word => format!("{text} {symbol}"),
        _ => text.to_string(),
    }
}

/// A counter gives up a decimal when it grows out of the digits, and one more below zero, as the glass does.
fn counter_decimals(entry: &Entry, unit: Unit, value: i64) -> u8 {
    let places = entry.def.glass.segments().map_or(0, |glass| glass.cells.len());
    let fits = |decimals: &u8| {
        let digits = unit.at(value, *decimals).unsigned_abs().to_string().len();
        digits.max(usize::from(*decimals) + 1) + usize::from(value < 0) <= places
    };
    let most = if value < 0 { 1 } else { 2 };
    (0..=most).rev().find(fits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_read_as_on_their_plates() {
        let text = |point, value| point_text(entry(), point, value);
        assert_eq!(text(Point::State(StateOf::CtRatio), 5_005), "500/5");
        assert_eq!(text(Point::HistoryRatio(2), 0), "none");
        assert_eq!(text(Point::State(StateOf::CtChanges), 3), "3");
        for value in [55, 99_955, 99_991, 11, 0] {
            assert_eq!(ratio_value(&ratio_text(value)), Some(value));
        }
        for text in ["", "5", "500/", "/5", "500/2", "501/5", "500/5/5", "-5/5"] {
            assert_eq!(ratio_value(text), None, "{text}");
        }
    }

    use panel::{MAX_FIELDS, Marks};
    use schema::MenuId;
    use units::Flow;

    fn entry() -> &'static Entry {
        &models::ALL[0]
    }

    fn view(key: &str, mode: Mode, values: &[i64], marks: Marks) -> PageView {
        let page = find_page(entry(), key).unwrap();
        let def = entry().def.page(page).unwrap();
        let mut fields = [None; MAX_FIELDS];
        for (place, (field, value)) in fields.iter_mut().zip(def.fields.iter().zip(values)) {
            *place = Some(Shown { source: field.source, value: *value });
        }
        PageView { page, menu: MenuId::MAIN, mode, screen: Screen::Field(0), fields, marks }
    }

    fn browse(key: &str, values: &[i64]) -> String {
        say(entry(), &view(key, Mode::Browse, values, Marks::default()))
    }

    #[test]
    fn a_page_is_its_label_and_its_value() {
        assert_eq!(browse("total-active", &[91_039]), "Total active energy, 91.03 kWh");
        assert_eq!(browse("total-active", &[12_345_678]), "Total active energy, 12345.6 kWh");
        assert_eq!(browse("total-active", &[-5_678]), "Total active energy, -5.6 kWh");
        assert_eq!(browse("active-power", &[-1_035_450]), "Active power, 1.04 kW, reverse");
        assert_eq!(browse("direction", &[1]), "Current direction, forward");
        assert_eq!(browse("info-checksum", &[0x0D01_2D35; 2]), "Checksum of the program, 0D012D35");
        assert_eq!(browse("baud", &[9_600]), "Baud rate, 9600 Bd");
        assert_eq!(browse("parity", &[1]), "Parity, even");
        assert_eq!(browse("program-mode-1", &[]), "Program mode 1");
    }

    #[test]
    fn the_tariff_of_a_value_stands_before_it() {
        let mut shown = view("total-active", Mode::Scroll, &[91_039], Marks::default().with(Dot::Tariff2));
        assert_eq!(say(entry(), &shown), "Total active energy, 91.03 kWh, tariff 2 counts");
        let point = Point::active(Flow::Reverse, Tariff::T2);
        shown.fields[0] = Some(Shown { source: Source::Point(point), value: 91_039 });
        assert_eq!(say(entry(), &shown), "Total active energy, tariff 2, 91.03 kWh");
    }

    #[test]
    fn what_is_being_done_is_said() {
        let told = |key, mode, values: &[i64]| say(entry(), &view(key, mode, values, Marks::default()));
        assert_eq!(
            told("scroll-time", Mode::Edit { digit: None }, &[10]),
            "Scroll time, 10 s, being changed"
        );
        assert_eq!(
            told("modbus-id", Mode::Edit { digit: Some(1) }, &[247]),
            "Modbus address, digit 2 of 3 is 4, being changed"
        );
        assert_eq!(
            told("resettable", Mode::Reset, &[5_000]),
            "Resettable kWh, 5.00 kWh, waiting to be set to zero"
        );
        assert_eq!(told("scroll-time", Mode::Message(MessageKind::Ok), &[]), "OK, taken");
        assert_eq!(
            told("info-baud", Mode::Message(MessageKind::OkIn), &[]),
            "OK, Baud rate, shown is in the automatic scroll now"
        );
        assert_eq!(told("scroll-time", Mode::Message(MessageKind::Error(1)), &[]), "Error 01");
    }
}
