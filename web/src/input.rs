//! What people do. Components push inputs; the runtime alone acts on them.

use crate::view::{LineForm, LoadForm};

/// One thing that somebody did.
#[derive(Clone, PartialEq)]
pub enum Input {
    /// The key went down.
    KeyDown,
    /// The key was let go.
    KeyUp,
    /// The finger left, or the browser took the pointer away: let go without doing anything.
    KeyCancel,
    /// Press the key for so many ms.
    Press(u32),
    /// Say what the display shows.
    ReadDisplay,
    /// Set the load.
    Load(LoadForm),
    /// Let a day of metered time pass.
    Day,
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
    /// Put another meter of a model on the rail: the name of the model's tables.
    AddMeter(&'static str),
    /// Take a meter from the rail, with what it knows.
    RemoveMeter(usize),
    /// Take another meter in hand.
    Select(usize),
    /// Take a file of meters' memories.
    ImportImage(Vec<u8>),
    /// Answer as the meter in hand at the open adapter.
    HandOut,
    /// Show the twin's own bus again, and close the port.
    Disconnect,
    /// Something on the panel of the outputs or of the memory.
    Panel(PanelDeed),
}

/// What people do on the panels of the outputs and of the memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PanelDeed {
    /// Show the outputs over so many seconds of metered time; 0 for not at all.
    Strip(u32),
    /// Let the strip stand still, or go on.
    Freeze,
    /// Show the memory, or no longer.
    Memory(bool),
    /// Damage a part of the memory, by its place among the parts.
    Damage(usize),
    /// Make the check sum of the program wrong, or right again.
    Program,
    /// Make the meter as from the factory.
    Reset,
}

impl PanelDeed {
    const fn name(&self) -> &'static str {
        match self {
            Self::Strip(_) => "strip",
            Self::Freeze => "freeze",
            Self::Memory(_) => "look at the memory",
            Self::Damage(_) => "damage",
            Self::Program => "program's check sum",
            Self::Reset => "factory reset",
        }
    }
}

impl Input {
    /// Its name in the session's log. What was typed is not logged.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::KeyDown => "key down",
            Self::KeyUp => "key up",
            Self::KeyCancel => "key cancelled",
            Self::Press(_) => "press",
            Self::ReadDisplay => "read the display",
            Self::Load(_) => "load",
            Self::Day => "a day on",
            Self::Read => "read",
            Self::Live(_) => "live",
            Self::Stop => "stop",
            Self::Stage(..) => "stage",
            Self::Unstage(_) => "unstage",
            Self::Discard => "discard",
            Self::Write => "write",
            Self::Command(_) => "command",
            Self::Raw(..) => "raw frame",
            Self::Registers(..) => "registers",
            Self::Line(_) => "line",
            Self::Echo(_) => "echo",
            Self::ClearTraffic => "clear the traffic",
            Self::AddMeter(_) => "add a meter",
            Self::RemoveMeter(_) => "remove a meter",
            Self::Select(_) => "another meter",
            Self::ImportImage(_) => "import",
            Self::HandOut => "hand out",
            Self::Disconnect => "disconnect",
            Self::Panel(deed) => deed.name(),
        }
    }
}
