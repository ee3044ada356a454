//! What people do with the configurator. Its parts push inputs; the runtime alone acts on them.

use crate::modbus::view::LineForm;

/// One thing that somebody did.
#[derive(Clone, PartialEq)]
pub enum Input {
    /// Read everything once more.
    Read,
    /// Read again and again, or stop it.
    Live(bool),
    /// Drop the work in progress.
    Stop,
    /// A text was put into the field of a settings row.
    Stage(usize, String),
    /// Take back the change of a settings row.
    Unstage(usize),
    /// Take back all changes.
    Discard,
    /// Write the changes.
    Write,
    /// Write what cannot be undone: the digits of the meter were typed.
    Agree,
    /// Give a command.
    Command(usize),
    /// Send these bytes as they are; with the checksum added where asked.
    Raw(Vec<u8>, bool),
    /// Read registers: function, address, count.
    Registers(u8, u16, u16),
    /// Use this line and id.
    Line(LineForm),
    /// The simulated adapter repeats what it sends.
    Echo(bool),
    /// Forget the traffic.
    ClearTraffic,
    /// Answer as the meter in hand at the open adapter.
    HandOut,
    /// Show the twin's own bus again, and close the port.
    Disconnect,
}

impl Input {
    /// Its name in the session's log. What was typed is not logged.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Live(_) => "live",
            Self::Stop => "stop",
            Self::Stage(..) => "stage",
            Self::Unstage(_) => "unstage",
            Self::Discard => "discard",
            Self::Write => "write",
            Self::Agree => "agree",
            Self::Command(_) => "command",
            Self::Raw(..) => "raw frame",
            Self::Registers(..) => "registers",
            Self::Line(_) => "line",
            Self::Echo(_) => "echo",
            Self::ClearTraffic => "clear the traffic",
            Self::HandOut => "hand out",
            Self::Disconnect => "disconnect",
        }
    }
}
