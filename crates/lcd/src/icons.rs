//! Pictures for what needs no word on the dot matrix. Drawn by us; `#` is a dark pixel.

use embedded_graphics::pixelcolor::BinaryColor;

use crate::Mono;

/// The most rows of an icon.
const HIGHEST: usize = 13;

/// A small picture, at most 16 pixels wide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Icon {
    width: u8,
    height: u8,
    rows: [u16; HIGHEST],
}

/// Reads a drawing; one that is uneven, too wide or too high does not compile.
#[allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "runs while the icons are compiled, and nowhere else"
)]
const fn icon<const H: usize>(art: [&str; H]) -> Icon {
    let mut rows = [0; HIGHEST];
    let width = art[0].len();
    assert!(width <= 16 && H <= HIGHEST, "an icon is too large");
    let mut y = 0;
    while y < H {
        let row = art[y].as_bytes();
        assert!(row.len() == width, "the rows of an icon are of different widths");
        let mut x = 0;
        while x < width {
            match row[x] {
                b'#' => rows[y] |= 1 << x,
                b'.' => {}
                _ => panic!("an icon is made of # and . only"),
            }
            x += 1;
        }
        y += 1;
    }
    Icon { width: width.to_le_bytes()[0], height: H.to_le_bytes()[0], rows }
}

/// An icon by its rows, one a line, which the formatter leaves as they are.
macro_rules! icon {
    ($($row:literal)*) => { icon([$($row),*]) };
}

impl Icon {
    /// Pixels from left to right.
    #[must_use]
    pub const fn width(&self) -> i32 {
        self.width as i32
    }

    /// Pixels from top to bottom.
    #[must_use]
    pub const fn height(&self) -> i32 {
        self.height as i32
    }
}

impl Mono<'_> {
    /// Draws an icon, its upper left corner at `x`, `y`; what is between its pixels stays.
    pub fn icon(&mut self, icon: &Icon, x: i32, y: i32, color: BinaryColor) {
        self.icon_times(icon, x, y, 1, color);
    }

    /// Draws an icon so many times as large.
    pub fn icon_times(&mut self, icon: &Icon, x: i32, y: i32, times: u16, color: BinaryColor) {
        let step = i32::from(times);
        for (row, bits) in (0..).zip(icon.rows.iter().take(icon.height.into())) {
            for (column, n) in (0..).zip(0..icon.width) {
                if bits >> n & 1 == 1 {
                    self.fill(x + column * step, y + row * step, times, times, color);
                }
            }
        }
    }
}

/// Bluetooth is on.
pub const BLUETOOTH: Icon = icon! {
    "...#..."
    "...##.."
    "...#.#."
    ".#.#..#"
    "..####."
    "...##.."
    "..####."
    ".#.#..#"
    "...#.#."
    "...##.."
    "...#..."
};

/// Somebody speaks to the meter.
pub const TELEPHONE: Icon = icon! {
    "..#######.."
    ".#########."
    "###.....###"
    "###.###.###"
    "....###...."
    "...#####..."
    "..##...##.."
    ".###.#.###."
    ".###...###."
    ".#########."
    ".#########."
};

/// Settings.
pub const GEAR: Icon = icon! {
    "....###...."
    ".#..###..#."
    "###########"
    ".###...###."
    "###.....###"
    "###.....###"
    "###.....###"
    ".###...###."
    "###########"
    ".#..###..#."
    "....###...."
};

/// A password is asked for.
pub const LOCK: Icon = icon! {
    "..#####.."
    ".##...##."
    ".##...##."
    ".##...##."
    "#########"
    "#########"
    "####.####"
    "###...###"
    "####.####"
    "#########"
    "#########"
};

/// What is counted before: the history.
pub const CLOCK: Icon = icon! {
    "...#####..."
    ".##.....##."
    ".#...#...#."
    "#....#....#"
    "#....#....#"
    "#....###..#"
    "#.........#"
    "#.........#"
    ".#.......#."
    ".##.....##."
    "...#####..."
};

/// Something is wrong.
pub const WARNING: Icon = icon! {
    ".....#....."
    "....###...."
    "....###...."
    "...##.##..."
    "...##.##..."
    "..###.###.."
    "..###.###.."
    ".#########."
    ".####.####."
    "###########"
    "###########"
};

/// It is done.
pub const CHECK: Icon = icon! {
    "..........##"
    ".........###"
    "........###."
    "##.....###.."
    "###...###..."
    ".###.###...."
    "..#####....."
    "...###......"
    "....#......."
};

/// The same, as small as a letter: what a key confirms.
pub const CHECK_SMALL: Icon = icon! {
    ".......#"
    "......##"
    "#....##."
    "##..##.."
    ".####..."
    "..##...."
};

/// It is refused.
pub const CROSS: Icon = icon! {
    "##.....##"
    "###...###"
    ".###.###."
    "..#####.."
    "...###..."
    "..#####.."
    ".###.###."
    "###...###"
    "##.....##"
};

/// The left key.
pub const KEY_LEFT: Icon = icon! {
    "...#...#"
    "..#...#."
    ".#...#.."
    "#...#..."
    ".#...#.."
    "..#...#."
    "...#...#"
};

/// The middle key.
pub const KEY_MIDDLE: Icon = icon! {
    "...#..."
    ".#.#.#."
    "..###.."
    "#######"
    "..###.."
    ".#.#.#."
    "...#..."
};

/// The right key.
pub const KEY_RIGHT: Icon = icon! {
    "#...#..."
    ".#...#.."
    "..#...#."
    "...#...#"
    "..#...#."
    ".#...#.."
    "#...#..."
};

/// A value can rise.
pub const UP: Icon = icon! {
    "...#..."
    "..###.."
    ".#####."
    "#######"
};

/// A value can fall.
pub const DOWN: Icon = icon! {
    "#######"
    ".#####."
    "..###.."
    "...#..."
};

/// There is one before.
pub const LEFT: Icon = icon! {
    "...#"
    "..##"
    ".###"
    "####"
    ".###"
    "..##"
    "...#"
};

/// There is another behind.
pub const RIGHT: Icon = icon! {
    "#..."
    "##.."
    "###."
    "####"
    "###."
    "##.."
    "#..."
};
