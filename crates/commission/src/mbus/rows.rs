//! The records of a telegram as people read them, of any maker; with the words of a model where it is a known one.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use ::mbus::application::ApplicationFault;
use ::mbus::record::Modifier;
use ::mbus::{
    Application, Direction, Frame, FrameFault, Function, Header, Identity, Phase, Quantity, Record, Records,
    Unit, Value,
};
use schema::{RecordDef, Source};

use super::candidates::Candidates;
use crate::report::capital;

/// Significant digits of a 32-bit float that are always right.
const REAL_DIGITS: i64 = 10_000_000;

/// One record of a telegram.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Key of its point in a known model, else `record.N`, counted from 1 over all telegrams.
    pub key: String,
    /// Its label, for people: the model's own, else made of what the record says.
    pub label: String,
    /// What the value is, in a word such as "energy".
    pub quantity: &'static str,
    /// The value as people read it; empty where there is none.
    pub value: String,
    /// The symbol of its unit, empty for none.
    pub unit: String,
    /// Tariff; 0 is the total.
    pub tariff: u32,
    /// Storage number; 0 is now.
    pub storage: u64,
    /// Subunit of the meter.
    pub subunit: u16,
    /// Which of the values over time.
    pub function: Function,
    /// Conductor, where the record names one.
    pub phase: Option<Phase>,
    /// Which contributions were accumulated.
    pub direction: Direction,
    /// What else there is to be said, such as the meter's error for this record; empty for nothing.
    pub remark: String,
    /// All its bytes as they came.
    pub raw: Vec<u8>,
}

/// What one frame or its user data hold.
pub(super) struct Content {
    pub header: Header,
    /// The models that can have told it.
    pub models: Candidates,
    pub rows: Vec<Row>,
    pub more: bool,
}

impl Content {
    /// Of no known model, all told.
    fn of(header: Header, rows: Vec<Row>) -> Self {
        Self { header, models: Candidates::NONE, rows, more: false }
    }
}

/// Units that people read in thousands.
const fn kilo(unit: Unit) -> bool {
    matches!(unit, Unit::Wh | Unit::Varh | Unit::Vah | Unit::W | Unit::Var | Unit::Va)
}

/// `magnitude` times ten to the power of `scale`, without exponent and without zeros that say nothing.
fn scaled(negative: bool, magnitude: u64, scale: i16) -> String {
    let mut digits = magnitude.to_string();
    let behind = usize::from(scale.min(0).unsigned_abs());
    if magnitude != 0 {
        digits.extend(core::iter::repeat_n('0', usize::from(scale.max(0).unsigned_abs())));
    }
    if behind > 0 {
        let missing = (behind + 1).saturating_sub(digits.len());
        digits.insert_str(0, &"0".repeat(missing));
        digits.insert(digits.len() - behind, '.');
    }
    if negative && magnitude != 0 {
        digits.insert(0, '-');
    }
    digits
}

/// A float as seven digits that count, and its power of ten; `None` where it is no number.
fn real(value: f32) -> Option<(bool, u64, i16)> {
    if !value.is_finite() {
        return None;
    }
    let mut rest = f64::from(value.abs());
    let mut scale = 0i16;
    if rest == 0.0 {
        return Some((false, 0, 0));
    }
    let top = 1e7;
    while rest >= top {
        rest /= 10.0;
        scale += 1;
    }
    while rest < top / 10.0 {
        rest *= 10.0;
        scale -= 1;
    }
    // Below ten millions, so that nothing is cut; half is rounded up.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let mut digits = ((rest + 0.5) as i64).clamp(0, REAL_DIGITS).unsigned_abs();
    while digits != 0 && digits.is_multiple_of(10) {
        digits /= 10;
        scale += 1;
    }
    Some((value < 0.0, digits, scale))
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    digits.join(" ")
}

/// The value and the symbol of its unit.
fn text(record: &Record<'_>) -> (String, String) {
    let unit = if record.unit == Unit::None && !record.text.0.is_empty() {
        record.text.to_string()
    } else if kilo(record.unit) {
        format!("k{}", record.unit)
    } else {
        record.unit.to_string()
    };
    let scale = i16::from(record.scale) - if kilo(record.unit) { 3 } else { 0 };
    let bare = |value: String| (value, String::new());
    match record.value {
        Value::None | Value::Missing => bare(String::new()),
        Value::Int(value) | Value::Bcd { value, .. } => {
            // A bare decimal number has the digits that were sent: a serial number keeps its zeros.
            if let (
                Value::Bcd { digits, value: 0.. },
                Quantity::FabricationNumber | Quantity::Identification,
            ) = (record.value, record.quantity)
            {
                return bare(format!("{value:0width$}", width = usize::from(digits)));
            }
            (scaled(value < 0, value.unsigned_abs(), scale), unit)
        }
        Value::Unsigned(value) => (scaled(false, value, scale), unit),
        Value::Real(value) => match real(value) {
            Some((negative, digits, own)) => (scaled(negative, digits, scale + own), unit),
            None => bare(String::new()),
        },
        Value::Date(date) => bare(date.to_string()),
        Value::Time(time) => bare(time.to_string()),
        Value::DateTime { date, time, .. } => bare(format!("{date} {time}")),
        Value::Text(text) => bare(text.to_string()),
        Value::Digits(bytes) | Value::Bytes(bytes) => bare(hex(bytes)),
        _ => bare(hex(record.data)),
    }
}

/// A label made of what the record says.
fn label(record: &Record<'_>) -> String {
    let mut label = capital(&record.quantity.to_string());
    if record.quantity == Quantity::PlainText {
        label = format!("Value in {}", record.text);
    }
    if let Some(phase) = record.phase {
        label.push_str(&format!(" {phase}"));
    }
    match record.direction {
        Direction::Unstated => {}
        Direction::Forward => label.push_str(", forward"),
        Direction::Backward => label.push_str(", backward"),
        Direction::Both => label.push_str(", both ways"),
        Direction::Difference => label.push_str(", import less export"),
    }
    if record.tariff != 0 {
        label.push_str(&format!(", tariff {}", record.tariff));
    }
    if record.function != Function::Instantaneous {
        label.push_str(&format!(", {}", record.function));
    }
    if record.storage != 0 {
        label.push_str(&format!(", storage {}", record.storage));
    }
    if record.subunit != 0 {
        label.push_str(&format!(", subunit {}", record.subunit));
    }
    label
}

fn remark(record: &Record<'_>) -> String {
    let mut parts = Vec::new();
    if record.value == Value::Missing {
        parts.push("the meter has no value".to_string());
    }
    if record.error != 0 {
        parts.push(format!("the meter tells record error {:02X}h", record.error));
    }
    for modifier in record.modifiers() {
        parts.push(match modifier {
            Modifier::Per(code) => format!("per unit {code:02X}h"),
            Modifier::Condition(code) => format!("limit or duration {code:02X}h"),
            Modifier::Offset(power) => format!("plus 10^{power}"),
            Modifier::Future => "a future value".to_string(),
            Modifier::Quadrant(number) => format!("quadrant {number}"),
            Modifier::Extended(code) => format!("unknown extension FC {code:02X}h"),
            Modifier::Manufacturer(code) => format!("maker's extension {code:02X}h"),
            _ => continue,
        });
    }
    parts.join("; ")
}

fn row(number: usize, models: Candidates, record: &Record<'_>) -> Row {
    let known = models.record(record.bytes);
    let key = match known {
        Some((RecordDef { source: Source::Point(point), .. }, _)) => point.to_string(),
        Some((RecordDef { source: Source::Setting(id), .. }, _)) => id.key().to_string(),
        _ => format!("record.{number}"),
    };
    let (value, unit) = text(record);
    Row {
        key,
        label: match known {
            Some((_, label)) if !label.is_empty() => label.to_string(),
            _ => label(record),
        },
        quantity: record.quantity.text(),
        value,
        unit,
        tariff: record.tariff,
        storage: record.storage,
        subunit: record.subunit,
        function: record.function,
        phase: record.phase,
        direction: record.direction,
        remark: remark(record),
        raw: record.bytes.to_vec(),
    }
}

/// A row of bytes that are no record.
fn bytes_row(number: usize, label: &str, remark: String, raw: &[u8]) -> Row {
    Row {
        key: format!("record.{number}"),
        label: label.to_string(),
        quantity: "",
        value: hex(raw),
        unit: String::new(),
        tariff: 0,
        storage: 0,
        subunit: 0,
        function: Function::Instantaneous,
        phase: None,
        direction: Direction::Unstated,
        remark,
        raw: raw.to_vec(),
    }
}

/// The models that the records of one telegram leave of those with its header.
fn by_telegram(header: &Header, mut records: Records<'_>) -> Candidates {
    let told: Vec<&[u8]> =
        records.by_ref().map(|record| record.map_or(&[][..], |record| record.bytes)).collect();
    let by_header = header.identity.map(Candidates::of).unwrap_or_default();
    by_header.telling(&told, !records.more_follows())
}

/// The models that can have told such user data.
pub(super) fn models(ci: u8, data: &[u8]) -> Candidates {
    match Application::parse(ci, data) {
        Ok(Application::Variable { header, records }) => by_telegram(&header, records),
        _ => Candidates::NONE,
    }
}

/// Reads the user data of an answer; `before` records came in earlier telegrams.
pub(super) fn content(ci: u8, data: &[u8], before: usize) -> Result<Content, ApplicationFault> {
    let mut rows = Vec::new();
    let number = |rows: &Vec<Row>| before + rows.len() + 1;
    Ok(match Application::parse(ci, data)? {
        Application::Variable { header, mut records } => {
            let models = by_telegram(&header, records.clone());
            for record in records.by_ref() {
                match record {
                    Ok(record) => rows.push(row(number(&rows), models, &record)),
                    Err(fault) => rows.push(bytes_row(number(&rows), "Unreadable", fault.to_string(), &[])),
                }
            }
            if !records.rest().is_empty()
                && let Some(last) = rows.last_mut()
            {
                last.raw = records.rest().to_vec();
                last.value = hex(&last.raw);
            }
            if let Some(own) = records.manufacturer_data().filter(|own| !own.is_empty()) {
                rows.push(bytes_row(number(&rows), "Maker's own data", String::new(), own));
            }
            Content { header, models, rows, more: records.more_follows() }
        }
        Application::Fixed(fixed) => {
            for counter in fixed.counters {
                let kilo = kilo(counter.unit);
                let scale = i16::from(counter.scale) - if kilo { 3 } else { 0 };
                let mut row =
                    bytes_row(number(&rows), &capital(&counter.quantity.to_string()), String::new(), &[]);
                row.quantity = counter.quantity.text();
                row.raw = counter.value.map_or_else(Vec::new, |value| value.to_le_bytes().to_vec());
                row.value =
                    counter.value.map_or_else(String::new, |value| scaled(false, u64::from(value), scale));
                row.unit = if kilo { format!("k{}", counter.unit) } else { counter.unit.to_string() };
                rows.push(row);
            }
            let header = Header {
                identity: Some(fixed.identity()),
                access: fixed.access,
                status: fixed.status,
                signature: 0,
            };
            Content::of(header, rows)
        }
        Application::Error(code) => {
            rows.push(bytes_row(number(&rows), "Application error", String::new(), &[code]));
            Content::of(Header::default(), rows)
        }
        Application::Alarm(status) => {
            rows.push(bytes_row(number(&rows), "Alarm status", String::new(), &[status]));
            Content::of(Header::default(), rows)
        }
        _ => {
            let remark = format!("CI {ci:02X}, which this program does not know");
            rows.push(bytes_row(number(&rows), "User data", remark, data));
            Content::of(Header::default(), rows)
        }
    })
}

/// A telegram that was taken to pieces.
#[derive(Clone, Debug, PartialEq)]
pub struct Telegram {
    /// The A field: who it is from or for.
    pub address: u8,
    /// The C field.
    pub control: u8,
    /// The CI field.
    pub ci: u8,
    /// The header; without an identity where the telegram has none.
    pub header: Header,
    /// The models that it can be of, by its header and its records.
    pub models: Candidates,
    /// The records.
    pub rows: Vec<Row>,
    /// True where more records follow in another telegram.
    pub more: bool,
}

/// Takes the user data behind a CI field to pieces, of any maker.
///
/// # Errors
/// [`ApplicationFault`] where a header is cut short.
pub fn decode(ci: u8, data: &[u8]) -> Result<Vec<Row>, ApplicationFault> {
    content(ci, data, 0).map(|content| content.rows)
}

/// Takes a whole frame to pieces, of any maker; `None` for one without user data.
///
/// # Errors
/// [`FrameFault`] says what is wrong with the bytes. A header that is cut short gives one row with the bytes.
pub fn decode_frame(bytes: &[u8]) -> Result<Option<Telegram>, FrameFault> {
    let Frame::Long { control, address, ci, data } = Frame::parse(bytes)? else { return Ok(None) };
    let told = if control.is_rsp_ud() || ci == Application::LONG || ci == Application::SHORT {
        content(ci, data, 0)
    } else if ci == 0x51 {
        // What a master sends has no header.
        content(Application::BARE, data, 0)
    } else {
        content(ci, data, 0)
    };
    let Content { header, models, rows, more } = told.unwrap_or_else(|fault| {
        Content::of(Header::default(), Vec::from([bytes_row(1, "Unreadable", fault.to_string(), data)]))
    });
    Ok(Some(Telegram { address, control: control.0, ci, header, models, rows, more }))
}

impl Row {
    /// Its bytes in hexadecimal, a space between.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(&self.raw)
    }

    /// The value with its unit.
    #[must_use]
    pub fn value_text(&self) -> String {
        if self.unit.is_empty() || self.value.is_empty() {
            self.value.clone()
        } else {
            format!("{} {}", self.value, self.unit)
        }
    }
}

/// The secondary address in words: "13070001 INM version 2, electricity".
#[must_use]
pub fn identity_text(identity: Identity) -> String {
    format!(
        "{:08X} {} version {}, {}",
        identity.id,
        identity.manufacturer,
        identity.version,
        super::medium_text(identity.medium)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_any_power_of_ten() {
        for (value, scale, text) in [
            (0i64, 3, "0"),
            (12, 2, "1200"),
            (12_345, -2, "123.45"),
            (5, -3, "0.005"),
            (0, -2, "0.00"),
            (-1_234_567, -6, "-1.234567"),
            (i64::MIN, 0, "-9223372036854775808"),
            (1, -20, "0.00000000000000000001"),
        ] {
            assert_eq!(scaled(value < 0, value.unsigned_abs(), scale), text);
        }
        assert_eq!(scaled(false, u64::MAX, 0), "18446744073709551615");
    }

    #[test]
    fn floats_without_the_machinery_of_floats() {
        let text = |value: f32| real(value).map(|(negative, digits, scale)| scaled(negative, digits, scale));
        for (value, wanted) in [
            (230.1f32, "230.1"),
            (-0.5, "-0.5"),
            (0.0, "0"),
            (1e7, "10000000"),
            (16_777_216.0, "16777220"),
            (0.001, "0.001"),
            (9_999_999.5, "10000000"),
        ] {
            assert_eq!(text(value).as_deref(), Some(wanted), "{value}");
        }
        assert_eq!(text(f32::NAN), None);
        assert_eq!(text(f32::INFINITY), None);
        assert!(text(f32::MIN_POSITIVE).unwrap().starts_with("0.000"));
        assert!(text(f32::MAX).unwrap().starts_with("3402823"));
    }
}
