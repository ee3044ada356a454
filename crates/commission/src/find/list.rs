//! Findings as a table and as JSON, those of both buses in one list.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Finding;
use crate::export::json_text;
use crate::identify::{Identity, serial_text};
use crate::mbus as m_bus;

fn model(finding: &Finding) -> String {
    match finding {
        Finding::Modbus { identity, .. } => match identity.as_ref().map(|it| (it.entry, it.meter_code)) {
            Some((Some(entry), _)) => entry.notes.name.to_string(),
            Some((None, Some(code))) => format!("unknown, code {code:04X}"),
            _ => "unknown".to_string(),
        },
        Finding::Mbus { meter, .. } if meter.models.is_none() => "unknown".to_string(),
        Finding::Mbus { meter, .. } => meter.models.text(),
    }
}

fn cells(finding: &Finding) -> [String; 5] {
    match finding {
        Finding::Modbus { place, identity, .. } => [
            "Modbus".to_string(),
            place.line.to_string(),
            place.unit.to_string(),
            identity.as_ref().map_or_else(String::new, Identity::serial_text),
            model(finding),
        ],
        Finding::Mbus { line, meter } => [
            "M-Bus".to_string(),
            line.to_string(),
            meter.address.to_string(),
            format!("{:08X}", meter.identity.id),
            model(finding),
        ],
    }
}

/// Findings as a table for people: bus, line, id, serial number, model.
#[must_use]
pub fn list_table(findings: &[Finding]) -> String {
    let head = ["bus", "line", "id", "serial", "model"].map(ToString::to_string);
    let rows: Vec<[String; 5]> = core::iter::once(head).chain(findings.iter().map(cells)).collect();
    m_bus::columns(&rows, 2)
}

/// Findings as JSON: one object each.
#[must_use]
pub fn list_json(findings: &[Finding]) -> String {
    let objects: Vec<String> = findings.iter().map(object).collect();
    if objects.is_empty() { "[]\n".to_string() } else { format!("[\n  {}\n]\n", objects.join(",\n  ")) }
}

fn object(finding: &Finding) -> String {
    let or_null = |text: Option<String>| text.map_or_else(|| "null".to_string(), |text| json_text(&text));
    match finding {
        Finding::Modbus { place, identity, delay, .. } => {
            let who = identity.as_ref();
            let version = |of: &dyn Fn(&Identity) -> Option<String>| or_null(who.and_then(of));
            let text = |number: &units::decimal::Decimal| number.to_string();
            format!(
                "{{\"bus\": \"modbus\", \"baud\": {}, \"parity\": {}, \"id\": {}, \"serial\": {}, \"code\": {}, \"model\": {}, \
                 \"software\": {}, \"hardware\": {}, \"protocol\": {}, \"answer-ms\": {}}}",
                place.line.baud,
                json_text(&place.line.parity.to_string()),
                place.unit,
                or_null(who.and_then(|who| who.serial).map(serial_text)),
                or_null(who.and_then(|who| who.meter_code).map(|code| format!("{code:04X}"))),
                or_null(who.and_then(|who| who.entry).map(|entry| entry.def.slug.to_string())),
                version(&|who| who.software.as_ref().map(text)),
                version(&|who| who.hardware.as_ref().map(text)),
                version(&|who| who.protocol.as_ref().map(text)),
                delay.as_millis()
            )
        }
        Finding::Mbus { line, meter } => {
            format!("{{\"bus\": \"mbus\", \"baud\": {}, {}}}", line.baud, m_bus::list_fields(meter))
        }
    }
}
