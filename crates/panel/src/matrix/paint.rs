//! From a view to pixels. The layout is ours, for a glass of 128 by 160: figures that are read from a metre away, words
//! beside them, icons for what the keys do.

mod editor;
mod face;
mod pen;
#[cfg(test)]
mod samples;
mod screens;
#[cfg(test)]
mod tests;

use lcd::Mono;

use super::view::{MatrixView, Screen};
use pen::Pen;
pub use pen::Unfit;

/// Draws a view on the glass.
///
/// # Errors
/// [`Unfit`] names the first text for which the glass has no glyph or no room; the picture is drawn all the same.
pub fn paint(view: &MatrixView, mono: &mut Mono) -> Result<(), Unfit> {
    mono.wipe();
    let mut pen = Pen { mono, unfit: None };
    match &view.screen {
        Screen::Face(face) => {
            pen.header(&view.header);
            pen.face(face);
        }
        Screen::Choice { at, radio, settings } => {
            pen.header(&view.header);
            pen.choice(*at, *radio, settings);
        }
        Screen::Radio { title, code, words } => pen.radio(title, code, words),
        Screen::Password { title, words, digits } => pen.password(title, words, digits, view.lit),
        Screen::Menu { title, at, rows } => pen.menu(title, *at, rows),
        Screen::Edit { label, editor } => pen.editor(label, editor, view.lit),
        Screen::Notice { label, notice, words } => pen.notice(label, *notice, words),
        Screen::Error { title, byte, bits, words } => pen.error(title, *byte, bits, words, &view.header),
    }
    let unfit = pen.unfit;
    if view.turned {
        mono.rotate_180();
    }
    unfit.map_or(Ok(()), Err)
}
