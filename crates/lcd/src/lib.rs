//! What a glass shows. A segment glass: segment memory, the fonts, reading back what is lit, and a picture in text. A dot
//! matrix: [`Mono`], one bit a pixel, its fonts and icons, and QR codes.
//!
//! The core knows segments by number only ([`SegmentFrame`]); names such as `1a` join a number to a drawing
//! ([`segment_name`]). Nothing here knows a meter, a colour or a clock.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod art;
mod font;
mod frame;
pub mod icons;
mod letters;
mod mono;
#[cfg(test)]
mod mono_tests;
mod qr;
mod read;
mod sheet;
#[cfg(test)]
mod tests;

pub use art::{Art, art};
pub use embedded_graphics::pixelcolor::BinaryColor;
pub use font::{FOURTEEN, SEVEN, shape};
pub use frame::{
    GlyphFault, SegmentFrame, SegmentName, blink_cells, check, dot, light_dot, point, segment, segment_count,
    segment_name, tariff, visible, write, write_tariff,
};
pub use letters::{Align, BOLD, Font, LARGE, Lettering, MEDIUM, SMALL, WIDE};
pub use mono::Mono;
pub use qr::QrFault;
pub use read::{Dots, Glyphs, MAX_CELLS, dots, glyphs, matches};
