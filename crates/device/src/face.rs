//! [`Face`]: the panel of a device, of one kind or another, behind one set of calls.

use lcd::SegmentFrame;
use panel::matrix::{MatrixPanel, MatrixView};
use panel::{Extent, Intent, Keyed, LetGo, OneKey, PageView, Panel, Values};
use schema::{KeyId, ModelDef};
use units::Instant;

/// The panel of a meter with a glass of digits and one key.
pub type SegmentFace = Panel<OneKey>;

/// A panel that a [`crate::Device`] can have. A program names the one of its hardware, so that the linker leaves the
/// others out.
pub trait Face: Keyed {
    /// The panel of a model at power-up.
    fn new(model: &'static ModelDef, now: Instant) -> Self;
    /// Carries out what the keys asked for and what time has brought; each intent is answered with [`Face::settled`].
    fn poll(&mut self, now: Instant, values: &impl Values) -> Option<Intent>;
    /// The answer to the last intent.
    fn settled(&mut self, now: Instant, taken: bool);
    /// When it next changes by itself.
    fn poll_at(&self, now: Instant) -> Option<Instant>;
    /// What letting go of the held key would do; with none held, what the main one does.
    fn letting_go(&self, now: Instant, values: &impl Values) -> LetGo;
    /// What a key does.
    fn would(&self, now: Instant, values: &impl Values, key: KeyId) -> LetGo;
    /// True in the part of the blink period in which what blinks is seen.
    fn blink_on(&self, now: Instant) -> bool;
    /// Whether the backlight is on.
    fn backlight(&self, now: Instant, values: &impl Values) -> bool;
    /// The meter has answered on its bus.
    fn answered(&mut self, now: Instant);
    /// The pages somebody put in the automatic scroll, a bit a page.
    fn scroll_list(&self) -> u128;
    /// Sets them.
    fn set_scroll_list(&mut self, list: u128);
    /// What is lit on a glass of digits; nothing on another.
    fn frame(&self, now: Instant, values: &impl Values) -> SegmentFrame;
    /// What stands on a glass of digits, as data; `None` on another.
    fn page_view(&self, now: Instant, values: &impl Values) -> Option<PageView>;
    /// What stands on a dot matrix, as data; `None` on a glass of digits.
    fn matrix_view(&self, now: Instant, values: &impl Values) -> Option<MatrixView>;
    /// Whether a radio of the meter is on.
    fn radio_on(&self, now: Instant) -> bool;
    /// Somebody has used the radio: the time after which it goes off starts again.
    fn radio_used(&mut self, now: Instant);
}

impl<E: Extent> Face for Panel<E> {
    #[inline]
    fn new(model: &'static ModelDef, now: Instant) -> Self {
        Self::new(model, now)
    }

    #[inline]
    fn poll(&mut self, now: Instant, values: &impl Values) -> Option<Intent> {
        self.poll(now, values)
    }

    #[inline]
    fn settled(&mut self, now: Instant, taken: bool) {
        self.settled(now, taken);
    }

    #[inline]
    fn poll_at(&self, now: Instant) -> Option<Instant> {
        self.poll_at(now)
    }

    #[inline]
    fn letting_go(&self, now: Instant, values: &impl Values) -> LetGo {
        self.letting_go(now, values)
    }

    #[inline]
    fn would(&self, now: Instant, values: &impl Values, key: KeyId) -> LetGo {
        if E::EVERY { self.would(now, values, key) } else { self.letting_go(now, values) }
    }

    #[inline]
    fn blink_on(&self, now: Instant) -> bool {
        self.blink_on(now)
    }

    #[inline]
    fn backlight(&self, now: Instant, values: &impl Values) -> bool {
        self.backlight(now, values)
    }

    #[inline]
    fn answered(&mut self, now: Instant) {
        self.answered(now);
    }

    #[inline]
    fn scroll_list(&self) -> u128 {
        self.scroll_list()
    }

    #[inline]
    fn set_scroll_list(&mut self, list: u128) {
        self.set_scroll_list(list);
    }

    #[inline]
    fn frame(&self, now: Instant, values: &impl Values) -> SegmentFrame {
        self.frame(now, values)
    }

    #[inline]
    fn page_view(&self, now: Instant, values: &impl Values) -> Option<PageView> {
        Some(self.view(now, values))
    }

    #[inline]
    fn matrix_view(&self, _: Instant, _: &impl Values) -> Option<MatrixView> {
        None
    }

    #[inline]
    fn radio_on(&self, _: Instant) -> bool {
        false
    }

    #[inline]
    fn radio_used(&mut self, _: Instant) {}
}

/// The panel that the model asks for.
// Neither is kept in numbers: one a device.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub enum AnyFace {
    /// A glass of digits.
    Segments(Panel),
    /// A dot matrix.
    Matrix(MatrixPanel),
}

macro_rules! either {
    ($face:expr, $panel:ident => $does:expr) => {
        match $face {
            Self::Segments($panel) => $does,
            Self::Matrix($panel) => $does,
        }
    };
}

impl Keyed for AnyFace {
    fn key_down(&mut self, now: Instant, key: KeyId) {
        either!(self, panel => panel.key_down(now, key));
    }

    fn key_up(&mut self, now: Instant, key: KeyId) {
        either!(self, panel => panel.key_up(now, key));
    }

    fn key_cancel(&mut self, now: Instant, key: KeyId) {
        either!(self, panel => panel.key_cancel(now, key));
    }
}

impl Face for AnyFace {
    fn new(model: &'static ModelDef, now: Instant) -> Self {
        MatrixPanel::new(model, now).map_or_else(|| Self::Segments(Panel::new(model, now)), Self::Matrix)
    }

    fn poll(&mut self, now: Instant, values: &impl Values) -> Option<Intent> {
        either!(self, panel => panel.poll(now, values))
    }

    fn settled(&mut self, now: Instant, taken: bool) {
        either!(self, panel => panel.settled(now, taken));
    }

    fn poll_at(&self, now: Instant) -> Option<Instant> {
        either!(self, panel => panel.poll_at(now))
    }

    fn letting_go(&self, now: Instant, values: &impl Values) -> LetGo {
        either!(self, panel => panel.letting_go(now, values))
    }

    fn would(&self, now: Instant, values: &impl Values, key: KeyId) -> LetGo {
        either!(self, panel => panel.would(now, values, key))
    }

    fn blink_on(&self, now: Instant) -> bool {
        either!(self, panel => panel.blink_on(now))
    }

    fn backlight(&self, now: Instant, values: &impl Values) -> bool {
        either!(self, panel => panel.backlight(now, values))
    }

    fn answered(&mut self, now: Instant) {
        either!(self, panel => panel.answered(now));
    }

    fn scroll_list(&self) -> u128 {
        match self {
            Self::Segments(panel) => panel.scroll_list(),
            Self::Matrix(_) => 0,
        }
    }

    fn set_scroll_list(&mut self, list: u128) {
        if let Self::Segments(panel) = self {
            panel.set_scroll_list(list);
        }
    }

    fn frame(&self, now: Instant, values: &impl Values) -> SegmentFrame {
        match self {
            Self::Segments(panel) => panel.frame(now, values),
            Self::Matrix(_) => SegmentFrame::default(),
        }
    }

    fn page_view(&self, now: Instant, values: &impl Values) -> Option<PageView> {
        match self {
            Self::Segments(panel) => Some(panel.view(now, values)),
            Self::Matrix(_) => None,
        }
    }

    fn matrix_view(&self, now: Instant, values: &impl Values) -> Option<MatrixView> {
        match self {
            Self::Segments(_) => None,
            Self::Matrix(panel) => Some(panel.view(now, values)),
        }
    }

    fn radio_on(&self, now: Instant) -> bool {
        match self {
            Self::Segments(_) => false,
            Self::Matrix(panel) => panel.radio_on(now),
        }
    }

    fn radio_used(&mut self, now: Instant) {
        if let Self::Matrix(panel) = self {
            panel.radio_used(now);
        }
    }
}
