//! A QR code on the dot matrix.

use core::fmt;

use embedded_graphics::pixelcolor::BinaryColor;
use qrcodegen_no_heap::{QrCode, QrCodeEcc, Version};

use crate::Mono;

/// The largest code that is drawn: 29 modules a side, room for 47 capitals and digits at level Q.
const LARGEST: Version = Version::new(3);
/// The bytes that such a code takes.
const BYTES: usize = LARGEST.buffer_len();

/// A text that finds no room in a QR code of this size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QrFault {
    /// The bytes of the text.
    pub length: usize,
}

impl fmt::Display for QrFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text of {} characters finds no room in a QR code of this glass", self.length)
    }
}

impl core::error::Error for QrFault {}

impl Mono<'_> {
    /// Draws `text` as a QR code (ISO/IEC 18004, level Q or better: a quarter of it may be unreadable) with its upper
    /// left corner at `x`, `y`, `module` pixels a module, and returns how many pixels it is wide and high. The quiet zone
    /// around it, four modules, is the caller's.
    ///
    /// # Errors
    /// [`QrFault`] where the text is too long, 47 capitals and digits being the most; then nothing is drawn.
    pub fn qr(&mut self, text: &str, x: i32, y: i32, module: u16) -> Result<i32, QrFault> {
        let (mut work, mut code) = ([0; BYTES], [0; BYTES]);
        let code = QrCode::encode_text(
            text,
            &mut work,
            &mut code,
            QrCodeEcc::Quartile,
            Version::MIN,
            LARGEST,
            None,
            true,
        )
        .map_err(|_| QrFault { length: text.len() })?;
        let step = i32::from(module);
        for row in 0..code.size() {
            for column in (0..code.size()).filter(|column| code.get_module(*column, row)) {
                self.fill(x + column * step, y + row * step, module, module, BinaryColor::On);
            }
        }
        Ok(code.size() * step)
    }
}
