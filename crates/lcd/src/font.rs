//! The fonts: which segments make a glyph.
//!
//! ```text
//!  aaaaaaaaa     a top  b c right  d bottom  e f left
//!  f i  j  k b   g middle left, h middle right (seven segments: g is the whole bar)
//!  gggg   hhhh   i upper left diagonal   j upper centre   k upper right diagonal
//!  e n  m  l c   n lower left diagonal   m lower centre   l lower right diagonal
//!  ddddddddd
//! ```
//! Where two glyphs share a shape the first in the table is the one that is read back from a blank neighbourhood.

use schema::Cell;

/// The segments named by letters, `a` as bit 0.
const fn of(letters: &[u8]) -> u16 {
    let mut mask = 0;
    let mut rest = letters;
    while let [letter, tail @ ..] = rest {
        mask |= 1 << (*letter - b'a');
        rest = tail;
    }
    mask
}

/// Glyphs of fourteen segments; bit 0 is segment `a`.
pub const FOURTEEN: &[(char, u16)] = &[
    (' ', 0),
    ('0', of(b"abcdef")),
    ('1', of(b"bc")),
    ('2', of(b"abdegh")),
    ('3', of(b"abcdgh")),
    ('4', of(b"bcfgh")),
    ('5', of(b"acdfgh")),
    ('6', of(b"acdefgh")),
    ('7', of(b"abc")),
    ('8', of(b"abcdefgh")),
    ('9', of(b"abcdfgh")),
    ('-', of(b"gh")),
    ('A', of(b"abcefgh")),
    ('B', of(b"abcdhjm")),
    ('C', of(b"adef")),
    ('D', of(b"abcdjm")),
    ('E', of(b"adefgh")),
    ('F', of(b"aefgh")),
    ('G', of(b"acdefh")),
    ('H', of(b"bcefgh")),
    ('I', of(b"adjm")),
    ('K', of(b"efgkl")),
    ('L', of(b"def")),
    ('M', of(b"bcefik")),
    ('N', of(b"bcefil")),
    ('O', of(b"abcdef")),
    ('P', of(b"abefgh")),
    ('R', of(b"abefghl")),
    ('S', of(b"acdfgh")),
    ('T', of(b"ajm")),
    ('U', of(b"bcdef")),
    ('V', of(b"efkn")),
    ('W', of(b"bcefln")),
    ('X', of(b"ikln")),
    ('Z', of(b"adkn")),
    ('b', of(b"cdefgh")),
    ('c', of(b"degh")),
    ('d', of(b"bcdegh")),
    ('i', of(b"m")),
    ('n', of(b"cegh")),
    ('o', of(b"cdegh")),
    ('r', of(b"egh")),
    ('t', of(b"defgh")),
    ('u', of(b"cde")),
    ('y', of(b"bcdfgh")),
];

/// Glyphs of seven segments; bit 0 is segment `a`. There is no M, W, V, K or X, and no capital B, D, N, R, T or G:
/// seven segments cannot tell them from others.
pub const SEVEN: &[(char, u16)] = &[
    (' ', 0),
    ('0', of(b"abcdef")),
    ('1', of(b"bc")),
    ('2', of(b"abdeg")),
    ('3', of(b"abcdg")),
    ('4', of(b"bcfg")),
    ('5', of(b"acdfg")),
    ('6', of(b"acdefg")),
    ('7', of(b"abc")),
    ('8', of(b"abcdefg")),
    ('9', of(b"abcdfg")),
    ('-', of(b"g")),
    ('A', of(b"abcefg")),
    ('C', of(b"adef")),
    ('E', of(b"adefg")),
    ('F', of(b"aefg")),
    ('H', of(b"bcefg")),
    ('I', of(b"bc")),
    ('L', of(b"def")),
    ('O', of(b"abcdef")),
    ('P', of(b"abefg")),
    ('S', of(b"acdfg")),
    ('U', of(b"bcdef")),
    ('b', of(b"cdefg")),
    ('c', of(b"deg")),
    ('d', of(b"bcdeg")),
    ('h', of(b"cefg")),
    ('i', of(b"c")),
    ('n', of(b"ceg")),
    ('o', of(b"cdeg")),
    ('r', of(b"eg")),
    ('s', of(b"acdfg")),
    ('t', of(b"defg")),
    ('u', of(b"cde")),
    ('y', of(b"bcdfg")),
];

pub(crate) const fn table(cell: Cell) -> &'static [(char, u16)] {
    match cell {
        Cell::Fourteen => FOURTEEN,
        Cell::Seven => SEVEN,
    }
}

/// The segments of a glyph on a position, bit 0 being `a`; `None` where that position cannot show it.
#[must_use]
pub fn shape(cell: Cell, glyph: char) -> Option<u16> {
    table(cell).iter().find(|(other, _)| *other == glyph).map(|(_, mask)| *mask)
}
