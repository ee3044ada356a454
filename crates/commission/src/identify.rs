//! Who is there: serial number, meter code, versions, and the model they belong to.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use models::Entry;
use schema::{IdentityOf, RegisterDef, Rule, SettingId, Source};
use units::decimal::Decimal;

use crate::bus::{Bus, Fault};
use crate::names::{self, Row};
use crate::read::{self, RowFault, Span};

/// What a meter says it is. A part that it does not tell is `None`.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Last eight digits of the serial number.
    pub serial: Option<u32>,
    /// The code by which masters tell models apart.
    pub meter_code: Option<u16>,
    /// The largest current, in A.
    pub amps: Option<u16>,
    /// Version of the protocol.
    pub protocol: Option<Decimal>,
    /// Version of the software.
    pub software: Option<Decimal>,
    /// Version of the hardware.
    pub hardware: Option<Decimal>,
    /// The model, where this program knows it.
    pub entry: Option<&'static Entry>,
}

impl Identity {
    /// The serial number with its leading zeros; empty where it is not known.
    #[must_use]
    pub fn serial_text(&self) -> String {
        self.serial.map_or_else(String::new, serial_text)
    }

    /// Who is there, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let serial = match self.serial {
            Some(serial) => format!("serial {}", serial_text(serial)),
            None => "no readable serial number".to_string(),
        };
        let versions = match &self.software {
            Some(software) => format!(", software {software}"),
            None => String::new(),
        };
        match (self.entry, self.meter_code) {
            (Some(entry), _) => format!("{} {}, {serial}{versions}.", entry.notes.maker, entry.notes.name),
            (None, Some(code)) => format!(
                "A meter with code {code:04X}, {serial}{versions}. This program knows no model with that code, so it \
                 will not change anything in it."
            ),
            (None, None) => format!(
                "Something answers ({serial}), but tells no meter code. This program does not know what it is, so it \
                 will not change anything in it."
            ),
        }
    }
}

/// A serial number with its leading zeros.
#[must_use]
pub fn serial_text(serial: u32) -> String {
    format!("{serial:08}")
}

const PARTS: [Source; 6] = [
    Source::Setting(SettingId::Serial),
    Source::Identity(IdentityOf::MeterCode),
    Source::Identity(IdentityOf::Amps),
    Source::Identity(IdentityOf::Protocol),
    Source::Identity(IdentityOf::Software),
    Source::Identity(IdentityOf::Hardware),
];

/// Asks the meter who it is, with the registers of one known model after the other until one map answers.
///
/// # Errors
/// [`Fault`] where nothing answers, or where nothing that answers fits a known register map.
pub async fn identify<B: Bus>(bus: &mut B) -> Result<Identity, Fault> {
    let mut tried: Vec<Vec<u16>> = Vec::new();
    let mut first_fault = None;
    for entry in models::ALL.iter().filter(|entry| entry.def.modbus.is_some()) {
        let rows: Vec<Row> = PARTS.iter().filter_map(|part| names::row_of(entry, *part)).collect();
        let addresses: Vec<u16> = rows.iter().map(|row| row.def.addr).collect();
        if rows.is_empty() || tried.contains(&addresses) {
            continue;
        }
        tried.push(addresses);
        match ask(bus, entry, &rows).await? {
            Ok(identity) => return Ok(identity),
            Err(fault) => first_fault = first_fault.or(Some(fault)),
        }
    }
    Err(first_fault.unwrap_or(Fault::Refused(modbus::Exception::IllegalDataAddress)))
}

async fn ask<B: Bus>(
    bus: &mut B,
    entry: &'static Entry,
    rows: &[Row],
) -> Result<Result<Identity, Fault>, Fault> {
    let most = entry.def.modbus.map_or(modbus::pdu::MAX_READ, |modbus| modbus.max_read);
    let (mut found, _) = read::read_rows(bus, rows, around(entry, rows, most), &mut |_| {}).await?;
    let mut fault = None;
    let mut value = |source: Source| -> Option<(&'static RegisterDef, i64)> {
        let row = rows.iter().find(|row| row.def.source == source)?;
        match found.take(row.def.addr)? {
            Ok(words) => names::decode(entry, row.def, &words).ok().map(|value| (row.def, value)),
            Err(RowFault::Bus(why)) => {
                fault = fault.take().or(Some(why));
                None
            }
            Err(_) => None,
        }
    };
    let [serial, code, amps, protocol, software, hardware] = PARTS.map(&mut value);
    if serial.is_none() && code.is_none() {
        return Ok(Err(fault.unwrap_or(Fault::Refused(modbus::Exception::IllegalDataAddress))));
    }
    let small = |found: Option<(&RegisterDef, i64)>| found.and_then(|(_, value)| u16::try_from(value).ok());
    let version = |found: Option<(&RegisterDef, i64)>| {
        found.map(|(row, value)| {
            let decimals = entry.def.unit(row.source).decimals();
            Decimal { value, decimals }
        })
    };
    let (meter_code, amps) = (small(code), small(amps));
    Ok(Ok(Identity {
        serial: serial.and_then(|(_, value)| u32::try_from(value).ok()),
        meter_code,
        amps,
        protocol: version(protocol),
        software: version(software),
        hardware: version(hardware),
        entry: meter_code.and_then(|code| recognise(code, amps)),
    }))
}

/// The model of a meter code. Models that share a code are told apart by their largest current.
#[must_use]
pub fn recognise(code: u16, amps: Option<u16>) -> Option<&'static Entry> {
    let same = |entry: &&Entry| entry.def.identity.meter_code == code;
    let fits = |entry: &&Entry| {
        entry.def.modbus.is_some() && amps.is_none_or(|amps| entry.def.identity.amps == amps)
    };
    models::ALL.iter().filter(same).find(fits)
}

/// One span around all rows where the model has no hole between them, else one for each.
fn around(entry: &'static Entry, rows: &[Row], most: u16) -> Vec<Span> {
    let first = rows.iter().map(|row| row.def.addr).min();
    let end = rows.iter().map(|row| row.def.end()).max();
    if let (Some(first), Some(end)) = (first, end)
        && let Ok(count) = u16::try_from(end - u32::from(first))
        && count <= most
        && names::row_at(entry, first).is_some_and(|row| row.of.rule == Rule::Contiguous)
        && (first..first.saturating_add(count)).all(|addr| entry.def.register(addr).is_some())
    {
        return Vec::from([Span { addr: first, count }]);
    }
    rows.iter().map(|row| Span { addr: row.def.addr, count: row.def.codec.words() }).collect()
}
