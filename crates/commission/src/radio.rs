//! The password of a meter's radio, before anything is written over it.
//!
//! The digits go out once and are kept nowhere: a [`crate::Line`] shows neither the frame that carries them nor its answer.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use modbus::{Exception, Request, Words};
use models::Entry;
use schema::Kind;
use units::bcd;

use crate::bus::{Bus, Fault, Place};
use crate::sentence::{Context, sentence};

/// What has to be said wherever a radio is spoken over.
pub const UNCONFIRMED: &str = "Bluetooth is emulated, and how the maker's app proves the password is not published: \
                               what is sent here is assumed.";

/// Stands in place of the bytes that carry a password.
pub(crate) const HIDDEN: &str = "The password, whose bytes are not shown";

/// Why the writes of a radio stay locked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnlockFault {
    /// What was given is no password of this model; nothing was sent.
    NotDigits {
        /// How many digits it has.
        count: u8,
    },
    /// The meter refused it.
    Wrong,
    /// Nobody knows whether the meter took it.
    Bus(Fault),
}

impl UnlockFault {
    /// What happened and what to do, in a sentence; the meter was spoken to at `place`.
    #[must_use]
    pub fn sentence(&self, place: Place) -> String {
        match self {
            Self::Bus(fault) => {
                let context = Context { place, entry: None, request: None };
                format!("The password could not be given. {} No setting was sent.", sentence(fault, &context))
            }
            other => other.to_string(),
        }
    }
}

impl fmt::Display for UnlockFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDigits { count } => write!(f, "A password has {count} digits. Nothing was sent."),
            Self::Wrong => f.write_str(
                "The meter refused the password, and no setting was sent. The password can only be changed with the keys on \
                 the meter.",
            ),
            Self::Bus(fault) => write!(f, "The password could not be given: {fault}. No setting was sent."),
        }
    }
}

impl core::error::Error for UnlockFault {}

/// The address that takes the password, where a meter of this model is spoken to at `place` and asks for one there.
#[must_use]
pub fn lock(entry: &'static Entry, place: Place) -> Option<u16> {
    if place.line.is_radio() { entry.def.radio()?.lock } else { None }
}

/// True for an address that takes a password in some model, and in no model anything else.
pub(crate) fn is_lock(addr: u16) -> bool {
    models::ALL.iter().any(|entry| entry.def.radio().is_some_and(|radio| radio.lock == Some(addr)))
}

/// True for a request whose words are a password.
pub(crate) fn is_secret(request: &Request<'_>) -> bool {
    match *request {
        Request::WriteSingle { address, .. } | Request::WriteMultiple { address, .. } => is_lock(address),
        _ => false,
    }
}

/// Opens the writes of this connection. Nothing is sent where the meter asks for no password.
///
/// # Errors
/// [`UnlockFault`].
pub async fn unlock<B: Bus>(bus: &mut B, entry: &'static Entry, password: &str) -> Result<(), UnlockFault> {
    let Some(address) = lock(entry, bus.place()) else { return Ok(()) };
    let setting = entry.def.matrix.and_then(|face| entry.def.setting(face.password));
    let count = match setting.map(|(_, setting)| setting.kind) {
        Some(Kind::Digits(count)) => count,
        _ => 4,
    };
    let digits = password.len() == usize::from(count) && password.bytes().all(|c| c.is_ascii_digit());
    let number = if digits { password.parse().ok() } else { None };
    let word = number.and_then(|number| bcd::encode(number, u32::from(count)));
    let Some(word) = word.and_then(|word| u16::try_from(word).ok()) else {
        return Err(UnlockFault::NotDigits { count });
    };
    let words = [word];
    let request = Request::WriteMultiple { address, words: Words::from_slice(&words) };
    match bus.exchange(&request, 1).await {
        Ok(_) => Ok(()),
        Err(Fault::Refused(Exception::IllegalDataValue)) => Err(UnlockFault::Wrong),
        Err(fault) => Err(UnlockFault::Bus(fault)),
    }
}
