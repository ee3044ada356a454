//! What is said *about* a description: labels for people, reasons and sources. The firmware never names these.

/// Where a fact comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Citation {
    /// A section of the model's manual.
    Manual(&'static str),
    /// A section of the manual or register sheet of a sister meter with the same firmware.
    Sister(&'static str),
    /// Bytes recorded from a real meter.
    Capture(&'static str),
    /// No source settles it; the reason for our choice.
    Assumed(&'static str),
}

/// What people read about one row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    /// Key by which the row is named, where its content does not give one; pages have one.
    pub key: &'static str,
    /// A few words for a form or a list.
    pub label: &'static str,
    /// One sentence more, or nothing.
    pub doc: &'static str,
    /// Where the row comes from.
    pub source: Citation,
    /// What about the row no source settles, or nothing.
    pub assumed: &'static str,
}

impl Note {
    /// A note without key, sentence and assumption.
    #[must_use]
    pub const fn new(label: &'static str, source: Citation) -> Self {
        Self { key: "", label, doc: "", source, assumed: "" }
    }

    /// The same with a key.
    #[must_use]
    pub const fn key(self, key: &'static str) -> Self {
        Self { key, ..self }
    }

    /// The same with one sentence more.
    #[must_use]
    pub const fn doc(self, doc: &'static str) -> Self {
        Self { doc, ..self }
    }

    /// The same with what is assumed about it, and why.
    #[must_use]
    pub const fn assumed(self, why: &'static str) -> Self {
        Self { assumed: why, ..self }
    }
}

/// What people read about a row while they use the meter: a note without its sources.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Key by which the row is named, where its content does not give one; pages have one.
    pub key: &'static str,
    /// A few words for a form or a list.
    pub label: &'static str,
    /// One sentence more where a list shows it, or nothing.
    pub doc: &'static str,
}

/// The labels of a table with their sentences: `N` is the number of its rows.
#[must_use]
pub const fn labels<const N: usize>(notes: &[Note]) -> [Label; N] {
    taken(notes, true)
}

/// The labels of a table without their sentences, which no list shows: `N` is the number of its rows.
#[must_use]
pub const fn names<const N: usize>(notes: &[Note]) -> [Label; N] {
    taken(notes, false)
}

const fn taken<const N: usize>(notes: &[Note], sentences: bool) -> [Label; N] {
    let mut all = [Label { key: "", label: "", doc: "" }; N];
    let mut room: &mut [Label] = &mut all;
    let mut rows = notes;
    while let ([note, tail @ ..], [place, left @ ..]) = (rows, room) {
        *place = Label { key: note.key, label: note.label, doc: if sentences { note.doc } else { "" } };
        rows = tail;
        room = left;
    }
    all
}

/// The labels of tables without their sentences, one slice a table.
#[macro_export]
macro_rules! names {
    ($($notes:expr),* $(,)?) => {
        &[$(const { &$crate::names::<{ $notes.len() }>($notes) }),*]
    };
}

/// The labels of tables with their sentences, one slice a table.
#[macro_export]
macro_rules! labels {
    ($($notes:expr),* $(,)?) => {
        &[$(const { &$crate::labels::<{ $notes.len() }>($notes) }),*]
    };
}

/// Writes the tables of a model, each with its notes, as three constants of equal length: the tables, their labels as
/// [`labels!`] or [`names!`] makes them, and their notes.
///
/// ```
/// use schema::{Citation, Label, Note, blocks, table};
/// table! {
///     /// Small primes.
///     PRIMES / PRIME_NOTES: u8 = [2 => Note::new("two", Citation::Manual("1"))];
///     /// Small squares.
///     SQUARES / SQUARE_NOTES: u8 = [4 => Note::new("four", Citation::Manual("1"))];
/// }
/// blocks! {
///     /// Small numbers.
///     NUMBERS / NUMBER_LABELS / NUMBER_NOTES: &[u8], names = [
///         PRIMES => PRIME_NOTES,
///         SQUARES => SQUARE_NOTES,
///     ];
/// }
/// assert_eq!(NUMBERS, [[2], [4]]);
/// assert_eq!(NUMBER_LABELS[1][0].label, NUMBER_NOTES[1][0].label);
/// ```
#[macro_export]
macro_rules! blocks {
    ($(
        $(#[$doc:meta])*
        $vis:vis $tables:ident / $labels:ident / $notes:ident : $ty:ty, $kind:ident = [$($table:expr => $of:expr),* $(,)?];
    )*) => {
        $(
            $(#[$doc])*
            $vis const $tables: &[$ty] = &[$($table),*];
            #[doc = concat!("Labels of [`", stringify!($tables), "`], table by table.")]
            $vis const $labels: &[&[$crate::Label]] = $crate::$kind![$($of),*];
            #[doc = concat!("Notes on [`", stringify!($tables), "`], table by table.")]
            $vis const $notes: &[&[$crate::Note]] = &[$($of),*];
        )*
    };
}

/// A fact of the model that stands in no table row: a timing, a limit, an identity, a rule of behaviour.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// What it is about.
    pub label: &'static str,
    /// What holds.
    pub doc: &'static str,
    /// Where it comes from.
    pub source: Citation,
}

/// Something that a manual prints and cannot mean.
#[derive(Clone, Copy, Debug)]
pub struct Misprint {
    /// Where it stands.
    pub place: &'static str,
    /// What is printed.
    pub printed: &'static str,
    /// What is meant, and how that is known.
    pub meant: &'static str,
}

/// What a terminal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalKind {
    /// The phase from the network.
    PhaseIn,
    /// A current transformer, both of its wires.
    Current,
    /// The phase to the load.
    PhaseOut,
    /// The neutral.
    Neutral,
    /// The pulse output.
    Pulse,
    /// The tariff input.
    Tariff,
    /// The RS485 bus.
    Rs485,
    /// The M-Bus.
    Mbus,
}

/// A terminal of the meter.
#[derive(Clone, Copy, Debug)]
pub struct TerminalDef {
    /// What it is for.
    pub kind: TerminalKind,
    /// The sign that tells it from the other of its pair, such as `+` or `A`; nothing where there is none.
    pub sign: &'static str,
    /// What is printed beside it.
    pub name: &'static str,
    /// What belongs there.
    pub doc: &'static str,
    /// What it leads to together with its neighbours, in a few words.
    pub group: &'static str,
    /// True for the upper row.
    pub upper: bool,
}

/// What people read about a model while they use it, as it is written beside the model. What each reader needs of it is
/// a part of its own, so that whoever needs one does not carry the others.
#[derive(Clone, Copy, Debug)]
pub struct ModelNotes {
    /// The maker, to say which meter is meant.
    pub maker: &'static str,
    /// The model's name as people know it.
    pub name: &'static str,
    /// One sentence on what it is.
    pub doc: &'static str,
    /// The lines of the nameplate that a drawing shows.
    pub nameplate: &'static [&'static str],
    /// The terminals.
    pub terminals: &'static [TerminalDef],
    /// One slice a register block, row by row as in the description.
    pub registers: &'static [&'static [Label]],
    /// One slice a settings block.
    pub settings: &'static [&'static [Label]],
    /// One slice a page block.
    pub pages: &'static [&'static [Label]],
    /// One slice a telegram of the M-Bus.
    pub telegrams: &'static [&'static [Label]],
    /// What a master may write on the M-Bus.
    pub record_writes: &'static [Label],
    /// The lines of the optical read-out.
    pub lines: &'static [Label],
    /// The pieces of its drawings, by the names of their files: the three texts below are made of them.
    pub drawing: DrawingDef,
    /// The drawing of the glass: an SVG whose shapes carry `data-seg`.
    pub glass_svg: &'static str,
    /// The drawing of the front with display, key and lamp, enlarged: an SVG whose live parts carry `data-part`.
    pub front_svg: &'static str,
    /// The drawing of the whole meter in true proportions, with the same `data-part`s.
    pub meter_svg: &'static str,
}

impl ModelNotes {
    /// What belongs to the meter itself.
    #[must_use]
    pub const fn face(&self) -> FaceNotes {
        FaceNotes {
            maker: self.maker,
            name: self.name,
            doc: self.doc,
            nameplate: self.nameplate,
            terminals: self.terminals,
            pages: self.pages,
            drawing: self.drawing,
        }
    }

    /// What masters read.
    #[must_use]
    pub const fn master(&self) -> MasterNotes {
        MasterNotes {
            registers: self.registers,
            settings: self.settings,
            telegrams: self.telegrams,
            record_writes: self.record_writes,
            lines: self.lines,
        }
    }
}

/// What people read about a meter that is in front of them.
#[derive(Clone, Copy, Debug)]
pub struct FaceNotes {
    /// The maker, to say which meter is meant.
    pub maker: &'static str,
    /// The model's name as people know it.
    pub name: &'static str,
    /// One sentence on what it is.
    pub doc: &'static str,
    /// The lines of the nameplate that a drawing shows.
    pub nameplate: &'static [&'static str],
    /// The terminals.
    pub terminals: &'static [TerminalDef],
    /// One slice a page block, page by page as in the description.
    pub pages: &'static [&'static [Label]],
    /// The pieces of its drawings.
    pub drawing: DrawingDef,
}

/// The drawings of a model, each made of its pieces one after the other: the name of a file in the folder of drawings, or
/// markup between two files, which begins with `<`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawingDef {
    /// The glass.
    pub glass: &'static [&'static str],
    /// The front with display, key and lamp, enlarged.
    pub front: &'static [&'static str],
    /// The whole meter in true proportions.
    pub meter: &'static [&'static str],
}

/// What people read about the tables of a model that a master reads and writes.
#[derive(Clone, Copy, Debug, Default)]
pub struct MasterNotes {
    /// One slice a register block, row by row as in the description.
    pub registers: &'static [&'static [Label]],
    /// One slice a settings block.
    pub settings: &'static [&'static [Label]],
    /// One slice a telegram of the M-Bus.
    pub telegrams: &'static [&'static [Label]],
    /// What a master may write on the M-Bus.
    pub record_writes: &'static [Label],
    /// The lines of the optical read-out.
    pub lines: &'static [Label],
}

/// Where everything about a model comes from, and what stands in no table. Documents and tests read it; nothing that
/// people use a meter with does, so that a page does not carry it.
#[derive(Clone, Copy, Debug)]
pub struct ModelSources {
    /// The manual the citations mean.
    pub manual: &'static str,
    /// One slice a register block, row by row as in the description.
    pub registers: &'static [&'static [Note]],
    /// One slice a settings block.
    pub settings: &'static [&'static [Note]],
    /// One slice a page block.
    pub pages: &'static [&'static [Note]],
    /// One slice a telegram of the M-Bus.
    pub telegrams: &'static [&'static [Note]],
    /// What a master may write on the M-Bus.
    pub record_writes: &'static [Note],
    /// The lines of the optical read-out.
    pub lines: &'static [Note],
    /// What stands in no row.
    pub facts: &'static [Fact],
    /// What the manual prints and cannot mean.
    pub misprints: &'static [Misprint],
}

/// Writes a table and the notes on its rows as two constants of equal length.
///
/// ```
/// use schema::{Citation, Note, table};
/// table! {
///     /// Small primes.
///     pub PRIMES / PRIME_NOTES: u8 = [
///         2 => Note::new("two", Citation::Manual("1")),
///         3 => Note::new("three", Citation::Manual("1")),
///     ];
/// }
/// assert_eq!(PRIMES.len(), PRIME_NOTES.len());
/// ```
#[macro_export]
macro_rules! table {
    ($($(#[$doc:meta])* $vis:vis $rows:ident / $notes:ident : $ty:ty = [$($row:expr => $note:expr),* $(,)?];)*) => {
        $(
            $(#[$doc])*
            $vis const $rows: &[$ty] = &[$($row),*];
            #[doc = concat!("Notes on [`", stringify!($rows), "`], row by row.")]
            $vis const $notes: &[$crate::Note] = &[$($note),*];
        )*
    };
}
