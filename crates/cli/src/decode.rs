//! `metertwin decode`: a frame taken to pieces.

use commission::{About, Direction, annotate, mbus};
use models::Entry;

use crate::args::{DecodeArgs, Language};
use crate::fault::{Fault, Kind};
use crate::out;

/// Reads bytes in hexadecimal, spaces between them or not.
fn bytes(option: &str, text: &str) -> Result<Vec<u8>, Fault> {
    let wrong = |what: String| {
        Fault::option(option, format!("{what}: expected two digits 0 to 9, A to F for each byte"))
    };
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).ok_or_else(|| wrong(format!("'{c}' is no hexadecimal digit"))))
        .collect::<Result<_, _>>()?;
    if !digits.len().is_multiple_of(2) {
        return Err(wrong(format!("{} digits are no whole bytes", digits.len())));
    }
    let pair = |pair: &[u32]| pair.iter().fold(0, |sum, digit| sum << 4 | digit);
    Ok(digits.chunks(2).filter_map(|digits| u8::try_from(pair(digits)).ok()).collect())
}

/// Runs the command.
pub fn run(args: &DecodeArgs) -> Result<(), Fault> {
    let frame = bytes("HEX", &args.bytes.join(" "))?;
    match args.language {
        Language::Mbus => {
            let text = mbus::explain(&frame);
            out::print(&text.map_err(|why| Fault::new(Kind::Input, format!("This is no frame: {why}.")))?);
        }
        Language::Modbus => {
            let entry: Option<&'static Entry> = match &args.model {
                Some(name) => Some(rig::find_model(name).map_err(|why| Fault::option("--model", why))?),
                None => None,
            };
            let asked = args.request.as_deref().map(|text| bytes("--request", text)).transpose()?;
            // A frame that could be a request is one, unless it is said to be an answer.
            let sent = asked.is_none() && modbus::rtu::parse_request(&frame).is_ok();
            let direction = if sent { Direction::Sent } else { Direction::Heard };
            for note in annotate(About::of(entry), direction, &frame, asked.as_deref()) {
                let part = frame.get(note.bytes.clone()).unwrap_or_default();
                let hex: Vec<String> = part.iter().map(|byte| format!("{byte:02X}")).collect();
                out::line(&format!("{:<24}  {}", hex.join(" "), note.text));
            }
            modbus::rtu::open(&frame)
                .map_err(|why| Fault::new(Kind::Input, format!("This is no whole frame: {why}.")))?;
        }
    }
    Ok(())
}
