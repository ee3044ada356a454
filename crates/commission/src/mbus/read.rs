//! Reading a meter out: all its telegrams, record by record.

use alloc::vec::Vec;

use ::mbus::Header;
use models::Entry;
use units::Instant;

use super::candidates::Candidates;
use super::line::{Address, Fault, MbusLine, READ_TRIES};
use super::rows::{self, Row};
use crate::bus::Observer;
use crate::port::Port;

/// After so many telegrams a meter that says that more follow is not believed.
const MOST_TELEGRAMS: usize = 64;

/// How far a read-out is; nobody knows how many telegrams follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadProgress {
    /// Telegrams read.
    pub telegrams: usize,
    /// Records in them.
    pub rows: usize,
}

/// All that was read from a meter.
#[derive(Clone, Debug)]
pub struct MbusReadOut {
    /// Its primary address.
    pub address: u8,
    /// The header of the first telegram: secondary address, access number, status.
    pub header: Header,
    /// The models that it can be, by its header and its records.
    pub models: Candidates,
    /// When the last telegram came, by the port's clock.
    pub at: Instant,
    /// How many telegrams there were.
    pub telegrams: usize,
    /// True where the meter said after the last of them that more follow.
    pub cut: bool,
    /// The records, in their order.
    pub rows: Vec<Row>,
}

/// One telegram with its header.
pub(super) struct Told {
    pub address: u8,
    pub header: Header,
    pub rows: Vec<Row>,
    pub more: bool,
    /// How often was asked.
    pub tries: u8,
}

impl MbusReadOut {
    /// Takes the meter for this model, where it can be one. False where it cannot, and nothing is changed.
    pub fn choose(&mut self, entry: &Entry) -> bool {
        let chosen = self.models.choose(entry);
        self.models = chosen.unwrap_or(self.models);
        chosen.is_some()
    }
}

impl<P: Port, O: Observer> MbusLine<'_, P, O> {
    /// Asks a meter that was reached for its next telegram.
    pub(super) async fn told(&mut self, address: Address, tries: u8, before: usize) -> Result<Told, Fault> {
        let (from, ci, data, tries) = self.telegram(address, tries).await?;
        if ci == 0x70 {
            return Err(Fault::Application(data.first().copied().unwrap_or(0)));
        }
        let content = rows::content(ci, &data, before).map_err(|_| Fault::Unreadable(ci))?;
        self.note(address, !content.more);
        Ok(Told { address: from, header: content.header, rows: content.rows, more: content.more, tries })
    }

    /// Reads all telegrams of a meter.
    ///
    /// # Errors
    /// [`Fault`] says why the meter could not be read; nothing of a read-out that was cut short is kept.
    pub async fn read_out(
        &mut self,
        address: Address,
        progress: &mut dyn FnMut(ReadProgress),
    ) -> Result<MbusReadOut, Fault> {
        self.reach(address).await?;
        let first = self.told(address, READ_TRIES, 0).await?;
        let mut out = MbusReadOut {
            address: first.address,
            header: first.header,
            models: Candidates::NONE,
            at: self.now(),
            telegrams: 1,
            cut: first.more,
            rows: first.rows,
        };
        progress(ReadProgress { telegrams: out.telegrams, rows: out.rows.len() });
        while out.cut && out.telegrams < MOST_TELEGRAMS {
            let next = self.told(address, READ_TRIES, out.rows.len()).await?;
            out.rows.extend(next.rows);
            out.cut = next.more;
            out.telegrams += 1;
            out.at = self.now();
            progress(ReadProgress { telegrams: out.telegrams, rows: out.rows.len() });
        }
        let records: Vec<&[u8]> = out.rows.iter().map(|row| row.raw.as_slice()).collect();
        let by_header = out.header.identity.map(Candidates::of).unwrap_or_default();
        out.models = by_header.telling(&records, !out.cut);
        Ok(out)
    }
}
