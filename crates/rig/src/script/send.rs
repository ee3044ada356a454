//! What a script sends to a meter: the bytes, completed with what every frame of their kind ends with.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use iec62056::Message;
use modbus::crc;
use models::Entry;
use schema::PortId;

use super::Command;
use crate::text::TextError;

/// Reads the words behind `modbus`, `mbus`, `ir` or `bluetooth`.
pub(super) fn send(entry: &'static Entry, port: PortId, rest: &[String]) -> Result<Command, TextError> {
    if !entry.def.has(port) {
        let what = match port {
            PortId::Modbus => "Modbus",
            PortId::Mbus => "M-Bus",
            PortId::Optical => "infrared window",
            PortId::Radio => "Bluetooth",
        };
        return Err(TextError::new(format!("{} has no {what}", entry.def.slug), "another command"));
    }
    let bytes = match port {
        PortId::Modbus | PortId::Radio => {
            let word = if port == PortId::Radio { "bluetooth" } else { "modbus" };
            let expected =
                format!("bytes in hexadecimal without the check sum, such as {word} 01 03 40 00 00 02");
            let mut frame = hex(rest, &expected)?;
            at_most(&frame, modbus::rtu::MAX_FRAME - 2, "the check sum")?;
            let sum = crc::of(&frame).to_le_bytes();
            frame.extend_from_slice(&sum);
            frame
        }
        PortId::Mbus => {
            let mut frame =
                hex(rest, "bytes in hexadecimal without check sum and 16, such as mbus 10 5B 00")?;
            at_most(&frame, mbus::FRAME_BUFFER - 2, "the check sum and 16")?;
            // A long frame counts from behind its second start byte, a short one from behind its only one.
            let counted = if frame.first() == Some(&0x68) { 4 } else { 1 };
            let sum = frame.iter().skip(counted).fold(0u8, |sum, byte| sum.wrapping_add(*byte));
            frame.extend_from_slice(&[sum, 0x16]);
            frame
        }
        PortId::Optical => match rest {
            [command, data @ ..] if matches!(command.as_str(), "ACK" | "P1" | "R1" | "W1" | "B0") => {
                message(command, data)?
            }
            [text] if !text.chars().all(|c| c.is_ascii_hexdigit()) => {
                let wrong = "text that the line does not carry";
                if !text.is_ascii() {
                    return Err(TextError::new(wrong, "characters of ASCII"));
                }
                let mut line = text.as_bytes().to_vec();
                line.extend_from_slice(b"\r\n");
                line
            }
            _ => hex(
                rest,
                "a line in quotes, such as ir \"/?!\", ACK 050, P1 0000, R1 4000, W1 4010 25, B0, or bytes in hexadecimal, such as ir 06 30 35 30 0D 0A",
            )?,
        },
    };
    Ok(Command::Send(port, bytes))
}

/// A message at the window from its words, with everything around it.
fn message(command: &str, data: &[String]) -> Result<Vec<u8>, TextError> {
    let wrong = |expected: &str| {
        TextError::new(format!("\"{}\" behind {command}", data.join(" ")), expected.to_string())
    };
    let data = match (command, data) {
        ("ACK", [option]) if option.len() == 3 && option.is_ascii() => {
            return Ok(format!("\u{6}{option}\r\n").into_bytes());
        }
        ("ACK", _) => {
            return Err(wrong("protocol, speed and mode, such as 050 to read out or 051 to program"));
        }
        ("P1", [password]) => Some(format!("({password})")),
        ("P1", _) => return Err(wrong("the password, such as P1 0000")),
        ("R1", [address]) => Some(format!("{address}()")),
        ("R1", _) => return Err(wrong("an address, such as R1 4000")),
        ("W1", [address, value]) => Some(format!("{address}({value})")),
        ("W1", _) => return Err(wrong("an address and a value, such as W1 4010 25")),
        (_, []) => None,
        _ => return Err(wrong("the end of the line")),
    };
    let command = match command.as_bytes() {
        [letter, digit] => [*letter, *digit],
        _ => [0; 2],
    };
    let mut frame = [0; iec62056::MESSAGE_BUFFER];
    let n = Message { command, data: data.as_deref() }.emit(&mut frame).map_err(|why| {
        TextError::new(why.to_string(), "characters that the line carries, and not too many")
    })?;
    Ok(frame.iter().take(n).copied().collect())
}

fn at_most(bytes: &[u8], most: usize, added: &str) -> Result<(), TextError> {
    if bytes.len() > most {
        return Err(TextError::new(format!("{} bytes", bytes.len()), format!("at most {most}, and {added}")));
    }
    Ok(())
}

fn hex(rest: &[String], expected: &str) -> Result<Vec<u8>, TextError> {
    let digits: String = rest.concat();
    let wrong = |what: String| TextError::new(what, expected);
    if let Some(c) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(wrong(format!("'{c}' is no hexadecimal digit")));
    }
    if digits.len() % 2 == 1 {
        return Err(wrong("half a byte is missing".to_string()));
    }
    if digits.is_empty() {
        return Err(wrong("there are no bytes".to_string()));
    }
    let pair = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok();
    Ok(digits.as_bytes().chunks(2).filter_map(pair).collect())
}

/// What came back, as a script prints it: hexadecimal on a bus, text at the window with its control characters named.
pub(super) fn reply_text(port: PortId, reply: &[u8]) -> String {
    if reply.is_empty() {
        return "no reply".to_string();
    }
    if port != PortId::Optical {
        let text: Vec<String> = reply.iter().map(|byte| format!("{byte:02X}")).collect();
        return text.join(" ");
    }
    let mut text = String::new();
    for byte in reply {
        match byte {
            b'\r' => {}
            b'\n' => text.push('\n'),
            0x01 => text.push_str("<SOH>"),
            0x02 => text.push_str("<STX>"),
            0x03 => text.push_str("<ETX>"),
            0x06 => text.push_str("<ACK>"),
            0x15 => text.push_str("<NAK>"),
            0x20..=0x7E => text.push(char::from(*byte)),
            other => text.push_str(&format!("<{other:02X}>")),
        }
    }
    text.trim_end_matches('\n').to_string()
}
