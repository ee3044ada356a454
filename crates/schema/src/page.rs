//! Pages of the panel: what stands on the display, in which list, and what the key does there.

use crate::{CommandId, Dot, SettingId, Source};

/// A list of pages. The main list is number 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MenuId(pub u8);

impl MenuId {
    /// The list that the automatic scroll starts from.
    pub const MAIN: Self = Self(0);
}

/// A page: its place in the model's tables, counted through all blocks from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageId(pub u8);

/// How a value is laid out on the digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A counter that gives up a decimal when it grows out of the digits; two at most.
    Counter,
    /// A number with so many decimals, at the right.
    Fixed(u8),
    /// So many digits with leading zeros, at the right.
    Digits(u8),
    /// Four digits of an eight-digit number, at the right: the upper or the lower half.
    HalfDecimal {
        /// True for the upper half.
        upper: bool,
    },
    /// Four hexadecimal digits of a 32-bit number, at the right: the upper or the lower half.
    HalfHex {
        /// True for the upper half.
        upper: bool,
    },
    /// The glyphs of the setting's choice, at the left.
    Word,
    /// The glyphs of the setting's choice, at the right.
    Number,
    /// `FW` or `RV`.
    Direction,
    /// The directions of three phases, such as `1r 2F 3F`; `-` for a phase that is not there.
    Directions,
    /// All eight hexadecimal digits of a 32-bit number.
    Hex,
    /// The status word as two and three digits.
    Status,
}

/// One value on a page. Where a page has several they stand in turn.
#[derive(Clone, Copy, Debug)]
pub struct FieldDef {
    /// Where the value comes from.
    pub source: Source,
    /// Glyphs in front of it.
    pub prefix: &'static str,
    /// How it is laid out in the places that the prefix leaves.
    pub format: Format,
}

impl FieldDef {
    /// A value alone.
    #[must_use]
    pub const fn new(source: Source, format: Format) -> Self {
        Self { source, prefix: "", format }
    }

    /// A value behind fixed glyphs.
    #[must_use]
    pub const fn with(prefix: &'static str, source: Source, format: Format) -> Self {
        Self { source, prefix, format }
    }
}

/// A press of the key that lasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// At least as long as the first mark of [`crate::KeyDef`].
    Long,
    /// At least as long as the second.
    VeryLong,
}

/// What can be edited on a page, and how. The presses are those of a panel with one key; with two keys
/// ([`crate::PairDef`]) a setting is begun and confirmed by holding both, and stepped to and fro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Nothing.
    None,
    /// A setting, in steps from value to value: very long to begin, short for the next, long to confirm.
    Step(SettingId),
    /// A setting, digit by digit: very long to begin, short for the next digit, long to confirm each.
    Digits(SettingId, u8),
    /// A counter to be set to zero.
    Reset {
        /// What is set to zero.
        command: CommandId,
        /// The press that makes the value blink.
        enter: Hold,
        /// The press that then sets it to zero.
        confirm: Hold,
    },
}

/// What stands between the key and a list of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Nothing.
    Open,
    /// The setting's digits have to be entered.
    Password(SettingId),
}

/// Whether a page stands in the automatic scroll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scroll {
    /// Always.
    Always,
    /// Where somebody added it; not at birth.
    Optional,
    /// Never.
    Never,
}

/// One page.
#[derive(Clone, Copy, Debug)]
pub struct PageDef {
    /// The list it stands in.
    pub menu: MenuId,
    /// The list that a long press opens from here.
    pub opens: Option<(MenuId, Gate)>,
    /// Glyphs that stand first, or nothing.
    pub label: &'static str,
    /// The values; none on a page that is only a label.
    pub fields: &'static [FieldDef],
    /// Dots that are lit on this page whatever its value.
    pub marks: &'static [Dot],
    /// What can be edited.
    pub edit: Edit,
    /// Whether it scrolls.
    pub scroll: Scroll,
}

impl PageDef {
    /// A page of a list that shows something and does nothing.
    #[must_use]
    pub const fn show(menu: MenuId, label: &'static str, fields: &'static [FieldDef]) -> Self {
        Self { menu, opens: None, label, fields, marks: &[], edit: Edit::None, scroll: Scroll::Never }
    }

    /// The same page with another list behind it.
    #[must_use]
    pub const fn opens(self, menu: MenuId, gate: Gate) -> Self {
        Self { opens: Some((menu, gate)), ..self }
    }

    /// The same page with dots.
    #[must_use]
    pub const fn marks(self, marks: &'static [Dot]) -> Self {
        Self { marks, ..self }
    }

    /// The same page with an editor.
    #[must_use]
    pub const fn edit(self, edit: Edit) -> Self {
        Self { edit, ..self }
    }

    /// The same page with its place in the automatic scroll.
    #[must_use]
    pub const fn scroll(self, scroll: Scroll) -> Self {
        Self { scroll, ..self }
    }
}
