//! The read-out: everything a meter says through its window without being asked for single values.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use iec62056::{DataSets, Identification};
use models::Entry;

use super::{OpticalFault, OpticalLine, OpticalProgress};
use crate::{Port, names};

/// One value of a read-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpticalValue {
    /// Its identifier, such as `1.8.0`.
    pub code: String,
    /// The value as the meter wrote it.
    pub value: String,
    /// Its unit, empty where there is none.
    pub unit: String,
    /// A few words for it, where the meter is a known one.
    pub label: &'static str,
}

/// Everything a meter said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpticalReadout {
    /// Who it says it is, as in `/INM5PRO1-2.18` without the `/` and the character of the speed.
    pub identification: String,
    /// The speed that it proposed, as its character.
    pub speed: u8,
    /// The values in their order.
    pub values: Vec<OpticalValue>,
    /// Lines that have not the form of values.
    pub odd: Vec<String>,
}

/// The known models that say this of themselves.
pub(super) fn models_of(identification: &str) -> impl Iterator<Item = &'static Entry> {
    models::ALL.iter().filter(move |entry| {
        entry.def.optical.is_some_and(|window| {
            identification
                .strip_prefix(window.manufacturer)
                .is_some_and(|text| text.starts_with(window.ident))
        })
    })
}

/// The maker's letters and the text behind the speed.
pub(super) fn name(who: &Identification<'_>) -> String {
    let mut name: String = who.manufacturer.iter().map(|letter| char::from(*letter)).collect();
    name.push_str(who.text);
    name
}

impl OpticalReadout {
    fn take(&mut self, line: &str) {
        let entry = models_of(&self.identification).next();
        let mut values = Vec::new();
        for set in DataSets::new(line) {
            let Ok(set) = set else {
                self.odd.push(line.to_string());
                return;
            };
            let label = entry.and_then(|entry| {
                let lines = entry.def.optical?.lines.iter();
                lines.zip(names::words(entry).lines).find(|(def, _)| def.code == set.address)
            });
            values.push(OpticalValue {
                code: set.address.to_string(),
                value: set.value.to_string(),
                unit: set.unit.to_string(),
                label: label.map_or("", |(_, label)| label.label),
            });
        }
        self.values.append(&mut values);
    }
}

impl<P: Port> OpticalLine<'_, P> {
    /// Signs on to `address`, empty for whichever meter the head sits on, and takes the read-out.
    ///
    /// # Errors
    /// [`OpticalFault`]; no line counts then, whatever progress was told.
    pub async fn read_out(
        &mut self,
        address: &str,
        on: &mut dyn FnMut(OpticalProgress<'_>),
    ) -> Result<OpticalReadout, OpticalFault> {
        let mut read = OpticalReadout::default();
        let mut lines: Vec<String> = Vec::new();
        self.ask(|head| head.read_out(address), &mut |progress| {
            match progress {
                OpticalProgress::SignedOn(who) => {
                    read.identification = name(&who);
                    read.speed = who.baud;
                }
                OpticalProgress::Line(line) => lines.push(line.to_string()),
                OpticalProgress::Again(keep) => lines.truncate(usize::from(keep)),
            }
            on(progress);
        })
        .await?;
        lines.iter().for_each(|line| read.take(line));
        Ok(read)
    }
}
