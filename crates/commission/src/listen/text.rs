//! What was heard as a text that people read and [`HexLog`](super::HexLog) reads back.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use units::Instant;

use super::book::{Item, What};
use super::hexlog::ERRORS;
use super::{Listener, Spoken};
use crate::wall::{Wall, seconds};

/// When, as the text has it: the time of day, else seconds of the port's clock.
fn stamp(at: Instant, wall: Option<Wall>) -> String {
    wall.map_or_else(|| seconds(at), |wall| wall.clock(at))
}

impl Item {
    /// A line of the text, without its end: the time, a sign (`>` asks, `<` answers, `?` is no frame, `!` an error of the
    /// line), the bytes, and behind `#` what it means. A silence is a remark as a whole.
    #[must_use]
    pub fn line(&self, wall: Option<Wall>, timed: bool) -> String {
        let time = if timed { format!("{} ", stamp(self.at, wall)) } else { String::new() };
        let said: Vec<String> = self.bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        // What a meter tells as text may hold anything; a line of ours stays one line.
        let meaning = self.text.replace(char::is_control, " ");
        let (sign, said) = match self.what {
            What::Request { .. } => (">", said.join(" ")),
            What::Answer { .. } => ("<", said.join(" ")),
            What::Damaged => ("?", said.join(" ")),
            What::Silence { .. } => return format!("# {time}{meaning}"),
            What::Line(error) => {
                let word = ERRORS.iter().find(|(_, own)| *own == error).map_or("", |(word, _)| word);
                ("!", word.to_string())
            }
        };
        format!("{time}{sign} {said}  # {meaning}")
    }
}

/// The list as a text. [`HexLog`](super::HexLog) reads back the bytes, the times and the setting of the line; what is
/// not kept any more is missing.
#[must_use]
pub fn text(listener: &Listener<'_>, wall: Option<Wall>) -> String {
    let protocol = match listener.spoken() {
        Spoken::Modbus => "modbus",
        Spoken::Mbus => "mbus",
    };
    let mut text = format!("# line {}\n# protocol {protocol}\n", listener.line());
    let lost = listener.count().saturating_sub(listener.items().len() as u64);
    if lost > 0 {
        text.push_str(&format!("# {lost} entries before these are not kept\n"));
    }
    for item in listener.items() {
        text.push_str(&item.line(wall, listener.timed()));
        text.push('\n');
    }
    text
}
