//! What people do. Components push inputs; the runtime alone acts on them.

use crate::view::LoadForm;

/// One thing that somebody did.
#[derive(Clone, PartialEq)]
pub enum Input {
    /// The key of this number went down.
    KeyDown(usize),
    /// It was let go.
    KeyUp(usize),
    /// The finger left, or the browser took the pointer away: let go without doing anything.
    KeyCancel,
    /// Press the key of this number for so many ms.
    Press(usize, u32),
    /// Say what the display shows.
    ReadDisplay,
    /// Set the load.
    Load(LoadForm),
    /// Let a day of metered time pass.
    Day,
    /// Let go of the key: somebody wants to stop what is going on.
    Stop,
    /// Put another meter of a model on the rail: the name of the model's tables.
    AddMeter(&'static str),
    /// Take a meter from the rail, with what it knows.
    RemoveMeter(usize),
    /// Take another meter in hand.
    Select(usize),
    /// Take a file of meters' memories.
    ImportImage(Vec<u8>),
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
            Self::KeyDown(_) => "key down",
            Self::KeyUp(_) => "key up",
            Self::KeyCancel => "key cancelled",
            Self::Press(..) => "press",
            Self::ReadDisplay => "read the display",
            Self::Load(_) => "load",
            Self::Day => "a day on",
            Self::Stop => "stop",
            Self::AddMeter(_) => "add a meter",
            Self::RemoveMeter(_) => "remove a meter",
            Self::Select(_) => "another meter",
            Self::ImportImage(_) => "import",
            Self::Panel(deed) => deed.name(),
        }
    }
}
