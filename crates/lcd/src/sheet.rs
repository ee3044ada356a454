//! Glyphs drawn in text files: `#` is a dark pixel, `.` a light one.
//!
//! A block is a line of characters and under each its glyph, row by row, a blank between columns; an empty line ends
//! it. Characters stand in the order of their code points. All of this is read while the crate is compiled: a file
//! that breaks a rule does not compile.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "runs while the fonts are compiled, and nowhere else; the lookups at run time are in `letters.rs`"
)]

/// The most columns of a glyph: one bit of a row each.
const WIDEST: u8 = 16;

/// The glyphs of one file: `N` of them in `R` rows altogether.
#[derive(Debug)]
pub struct Sheet<const N: usize, const R: usize> {
    /// The characters, rising.
    pub chars: [char; N],
    /// Columns of each.
    pub widths: [u8; N],
    /// The rows of one after those of the other; bit 0 is the left column.
    pub rows: [u16; R],
}

/// The end of the line that begins at `from`.
const fn line_end(art: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < art.len() && art[at] != b'\n' {
        at += 1;
    }
    at
}

/// Where the next word of a line begins; its end where there is none.
const fn word(art: &[u8], from: usize, end: usize) -> usize {
    let mut at = from;
    while at < end && art[at] == b' ' {
        at += 1;
    }
    at
}

/// The character that stands at a place, and the place behind it.
const fn character(art: &[u8], at: usize) -> (char, usize) {
    let lead = art[at] as u32;
    let (mut code, more) = match lead {
        0..0x80 => (lead, 0),
        0xC0..0xE0 => (lead & 0x1F, 1),
        0xE0..0xF0 => (lead & 0x0F, 2),
        _ => panic!("a character beyond the first plane"),
    };
    let mut next = 1;
    while next <= more {
        code = code << 6 | (art[at + next] & 0x3F) as u32;
        next += 1;
    }
    match char::from_u32(code) {
        Some(character) => (character, at + next),
        None => panic!("no character"),
    }
}

/// How many glyphs a file has, and how many rows each of them.
pub const fn size(art: &str) -> (usize, usize) {
    let art = art.as_bytes();
    let (mut glyphs, mut height) = (0, 0);
    let (mut at, mut line) = (0, 0);
    while at < art.len() {
        let end = line_end(art, at);
        if end == at {
            assert!(line == height + 1, "a block with more or fewer rows than the first");
            line = 0;
        } else {
            if line == 0 {
                let mut here = word(art, at, end);
                while here < end {
                    glyphs += 1;
                    here = word(art, character(art, here).1, end);
                }
            } else if glyphs > 0 && line > height {
                height = line;
            }
            line += 1;
        }
        at = end + 1;
    }
    (glyphs, height)
}

/// Reads a file of the [`size`] `N` and `R / N`.
pub const fn sheet<const N: usize, const R: usize>(art: &str) -> Sheet<N, R> {
    let art = art.as_bytes();
    let height = R / N;
    let mut sheet = Sheet { chars: ['\0'; N], widths: [0; N], rows: [0; R] };
    let (mut at, mut first, mut count) = (0, 0, 0);
    while at < art.len() {
        let end = line_end(art, at);
        let mut here = word(art, at, end);
        first += count;
        count = 0;
        while here < end {
            let (character, next) = character(art, here);
            let n = first + count;
            assert!(n == 0 || sheet.chars[n - 1] < character, "a character stands behind a later one");
            sheet.chars[n] = character;
            count += 1;
            here = word(art, next, end);
        }
        let mut row = 0;
        at = end + 1;
        while row < height {
            let end = line_end(art, at);
            read_row(art, (word(art, at, end), end), &mut sheet, (first, count), row);
            row += 1;
            at = end + 1;
        }
        // The empty line between blocks.
        at += 1;
    }
    sheet
}

/// Reads one row of the glyphs of a block.
const fn read_row<const N: usize, const R: usize>(
    art: &[u8],
    line: (usize, usize),
    sheet: &mut Sheet<N, R>,
    block: (usize, usize),
    row: usize,
) {
    let (mut here, end) = line;
    let (first, count) = block;
    let mut n = first;
    while here < end {
        assert!(n < first + count, "more columns than characters");
        let (mut width, mut bits) = (0u8, 0u16);
        while here < end && art[here] != b' ' {
            assert!(width < WIDEST, "a glyph is too wide");
            match art[here] {
                b'#' => bits |= 1 << width,
                b'.' => {}
                _ => panic!("a glyph is made of # and . only"),
            }
            width += 1;
            here += 1;
        }
        assert!(row == 0 || sheet.widths[n] == width, "the rows of a glyph are of different widths");
        sheet.widths[n] = width;
        sheet.rows[n * (R / N) + row] = bits;
        n += 1;
        here = word(art, here, end);
    }
    assert!(n == first + count, "fewer columns than characters");
}
