//! What the configurator shows, as plain values. The runtime projects them; a part reads them and knows nothing of meters.

use schema::PortId;

/// What of a model never changes: the rows of its tables.
#[derive(Clone, Debug)]
pub struct Model {
    /// The name people know it by.
    pub name: &'static str,
    /// Where it can be spoken to.
    pub ports: Vec<PortId>,
    /// What can be read, in the order of the read-out.
    pub points: Vec<PointRow>,
    /// Its settings, in the order of the form.
    pub settings: Vec<SettingRow>,
    /// What can be told to happen.
    pub commands: Vec<CommandRow>,
}

impl PartialEq for Model {
    /// Models are made once: they are the same where they are the same place.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Model {
    /// True where it can be spoken to at a port of that kind.
    #[must_use]
    pub fn has(&self, port: PortId) -> bool {
        self.ports.contains(&port)
    }
}

/// A row of the read-out.
#[derive(Clone, Debug)]
pub struct PointRow {
    /// Heading that it starts; empty inside a group.
    pub group: &'static str,
    /// What it is.
    pub label: String,
    /// One sentence more, or nothing.
    pub doc: &'static str,
    /// Its register.
    pub addr: u16,
    /// Its unit.
    pub unit: &'static str,
}

/// How a setting is changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// By writing a number.
    Number,
    /// By choosing one of these texts.
    Choice(Vec<String>),
    /// Only with the key on the meter, by these steps: what to do, and which press.
    KeyOnly(Vec<(String, String)>),
    /// Not after the factory.
    Factory,
}

/// A row of the settings form.
#[derive(Clone, Debug)]
pub struct SettingRow {
    /// What it is.
    pub label: &'static str,
    /// Its range, or one sentence more.
    pub doc: String,
    /// Its register, where it has one.
    pub addr: Option<u16>,
    /// Its unit.
    pub unit: &'static str,
    /// How it is changed.
    pub field: Field,
}

/// A command that a master can give.
#[derive(Clone, Debug)]
pub struct CommandRow {
    /// What it does to what.
    pub label: String,
    /// One sentence more.
    pub doc: &'static str,
    /// Its register.
    pub addr: u16,
}

/// What the configurator is wired to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chip {
    /// A real meter, not the twin.
    pub real: bool,
    /// The page answers as a meter on a real wire.
    pub answers: bool,
    /// Speed and framing, such as "9600 8E1", or that there is no line.
    pub line: String,
    /// There is a line.
    pub bus: bool,
    /// The meter's id.
    pub id: u8,
    /// Good answers.
    pub good: u32,
    /// Damaged, refused and missing answers.
    pub bad: u32,
    /// How long the last answer took, or that there was none.
    pub last: String,
    /// The last exchange had no answer.
    pub silent: bool,
}

/// A value of the read-out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Value {
    /// The number, empty before the first reading.
    pub text: String,
    /// Its words in hex.
    pub words: String,
    /// It could not be read again: it was true at an earlier time.
    pub old: bool,
}

/// What a setting's line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineState {
    /// As in the meter.
    #[default]
    Unchanged,
    /// Changed here, not sent.
    Staged,
    /// On its way.
    Writing,
    /// Written, read back and equal.
    Confirmed,
    /// Refused by the meter.
    Refused,
    /// Sent, but nothing proves what became of it.
    Unknown,
    /// The work ended before it was sent.
    NotSent,
}

impl LineState {
    /// Its word, which is also its class.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Staged => "staged, not sent",
            Self::Writing => "writing",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::NotSent => "not sent",
        }
    }

    /// Its class in the style sheet.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Unchanged => "quiet",
            Self::Staged => "pending",
            Self::Writing => "writing",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::NotSent => "notsent",
        }
    }
}

/// A setting's present state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setting {
    /// What the meter has, empty before the first reading.
    pub meter: String,
    /// The value was true at an earlier time.
    pub old: bool,
    /// What is staged.
    pub staged: Option<String>,
    /// What was typed and is no value, with the reason.
    pub wrong: Option<(String, String)>,
    /// What its line says.
    pub state: LineState,
    /// The reason, in sentences.
    pub why: String,
}

/// Work in progress.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Job {
    /// What is being done; empty while nothing is.
    pub what: String,
    /// Steps done.
    pub done: u32,
    /// Steps in all.
    pub total: u32,
}

/// What became of the last writing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// What happened.
    pub title: String,
    /// The counts.
    pub summary: String,
    /// Label and state of each line.
    pub steps: Vec<(String, LineState)>,
    /// The whole report as text to copy.
    pub text: String,
}

/// Which way a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the meter.
    Out,
    /// From the meter.
    In,
    /// Nothing went: an event.
    None,
}

/// A line of the traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Counts up.
    pub number: u32,
    /// Time of day with milliseconds.
    pub time: String,
    /// Which way.
    pub way: Way,
    /// Refused, damaged or missing.
    pub bad: bool,
    /// What it means.
    pub meaning: String,
    /// The address, pale.
    pub head: String,
    /// Function and data.
    pub body: String,
    /// The checksum, pale.
    pub tail: String,
    /// The bytes in groups, each with its word.
    pub parts: Vec<(String, String)>,
}

/// Parameters of the line and the id that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineForm {
    /// Speed in Bd.
    pub baud: u32,
    /// Framing: 0 is 8E1, 1 is 8N1, 2 is 8O1.
    pub framing: u32,
    /// The id.
    pub id: u8,
}

impl Default for LineForm {
    fn default() -> Self {
        Self { baud: 9600, framing: 0, id: 1 }
    }
}

impl LineForm {
    /// Names of the framings.
    pub const FRAMINGS: [&'static str; 3] = ["8E1", "8N1", "8O1"];

    /// Such as "9600 8E1".
    #[must_use]
    pub fn text(&self) -> String {
        let framing = Self::FRAMINGS.get(self.framing as usize).copied().unwrap_or_default();
        format!("{} {framing}", self.baud)
    }
}

/// Where the real port is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Port {
    /// The browser can open serial ports.
    pub possible: bool,
    /// Names of the ports already granted.
    pub granted: Vec<String>,
    /// A port is being opened or closed.
    pub busy: bool,
    /// A port is open.
    pub open: bool,
    /// The last failure or advice, or nothing.
    pub say: String,
    /// It is a failure.
    pub bad: bool,
}

/// The answer to what was sent by hand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The bytes.
    pub hex: String,
    /// What they mean, or why there are none.
    pub meaning: String,
}
