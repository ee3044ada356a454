//! What frames on an M-Bus mean, in words and in both directions.

use alloc::format;
use alloc::string::{String, ToString};
use core::ops::Range;

use ::mbus::link::{FrameLen, address, frame_len};
use ::mbus::{Application, Control, Frame, Mask};

use super::line::Heard;

pub(crate) fn whom(to: u8) -> String {
    match to {
        address::SELECTED => "the selected meter".to_string(),
        address::TEST => "every meter (254)".to_string(),
        address::BROADCAST => "all meters (255)".to_string(),
        to => format!("address {to}"),
    }
}

/// A mask as people read it: the number with a dot for any digit, and what else it fixes.
#[must_use]
pub fn mask_text(mask: Mask) -> String {
    let [a, b, c, d, rest @ ..] = mask.0;
    let number: String = format!("{d:02X}{c:02X}{b:02X}{a:02X}").replace('F', ".");
    if rest == [0xFF; 4] {
        number
    } else {
        format!("{number} {}", mask.to_string().get(9..).unwrap_or_default())
    }
}

/// What a frame asks or tells.
pub(crate) fn frame(bytes: &[u8]) -> String {
    match Frame::parse(bytes) {
        Ok(Frame::Ack) => "Acknowledged".to_string(),
        Ok(Frame::Short { control, address }) => {
            let to = whom(address);
            if control.is(Control::SND_NKE) {
                format!("Reset the link of {to}")
            } else if control.is(Control::REQ_UD2) {
                format!("Read {to}")
            } else if control.is(Control::REQ_UD1) {
                format!("Ask {to} for alarms")
            } else {
                format!("Frame with C {:02X} to {to}", control.0)
            }
        }
        Ok(Frame::Long { control, address, ci, data }) if control.is_rsp_ud() => data_text(address, ci, data),
        Ok(Frame::Long { address, ci, data, .. }) => match (ci, data.try_into()) {
            (0x52, Ok(mask)) => format!("Select {}", mask_text(Mask(mask))),
            (0xB8..=0xBF, _) => format!("Set the speed of {}", whom(address)),
            (0x50, _) => format!("Reset the application of {}", whom(address)),
            _ => format!("Write to {}: CI {ci:02X}, {} bytes", whom(address), data.len()),
        },
        Err(fault) => fault.to_string(),
    }
}

fn data_text(from: u8, ci: u8, data: &[u8]) -> String {
    match Application::parse(ci, data) {
        Ok(Application::Variable { header, records }) => {
            let count = records.filter(Result::is_ok).count();
            let who =
                header.identity.map_or_else(String::new, |identity| format!(", number {:08X}", identity.id));
            format!("Address {from}{who}: {count} records")
        }
        Ok(Application::Fixed(fixed)) => format!("Address {from}, number {:08X}: two counters", fixed.id),
        Ok(Application::Error(code)) => format!("Address {from}: application error {code}"),
        _ => format!("Address {from}: CI {ci:02X}, {} bytes", data.len()),
    }
}

/// What came instead of an answer, or the answer.
pub(super) fn heard(heard: &Heard) -> String {
    match heard {
        Heard::Ack => "Acknowledged".to_string(),
        Heard::Data { address, ci, data } => data_text(*address, *ci, data),
        Heard::Silence => "Nobody answers".to_string(),
        Heard::Collision => "Several meters at once".to_string(),
        Heard::Noise { bytes, .. } => match Frame::parse(bytes) {
            Err(fault) => format!("Damaged: {fault}"),
            Ok(_) => "Damaged characters".to_string(),
        },
        Heard::Misfit => "A frame that does not fit the question".to_string(),
        Heard::Raw(bytes) if bytes.is_empty() => "Nobody answers".to_string(),
        Heard::Raw(bytes) => frame(bytes),
    }
}

/// Where the answer stands in what was heard: the last frame that is whole.
pub(super) fn place_of(heard: &[u8], answer: &Heard) -> Range<usize> {
    if !matches!(answer, Heard::Ack | Heard::Data { .. }) {
        return 0..heard.len();
    }
    (0..heard.len())
        .rev()
        .find_map(|start| {
            let run = heard.get(start..)?;
            let FrameLen::Exactly(len) = frame_len(run) else { return None };
            Frame::parse(run.get(..len)?).is_ok().then_some(start..start + len)
        })
        .unwrap_or(0..heard.len())
}
