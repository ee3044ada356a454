//! Numbers read off a dot matrix, as somebody reads them who walks through its pages by the keys.

use panel::matrix::{MatrixView, Part3, Screen};
use schema::{KeyId, MatrixDef, Source};
use units::Duration;

use super::Meter;

/// A touch, and what passes behind it.
const TOUCH: Duration = Duration::from_millis(100);

/// A meter with a dot matrix, and the hand at its keys.
pub trait Hand {
    /// What stands on the glass.
    fn view(&self) -> MatrixView;
    /// A key goes down or up.
    fn key(&mut self, key: KeyId, down: bool);
    /// Time passes.
    fn pass(&mut self, span: Duration);

    /// Touches a key.
    fn touch(&mut self, key: KeyId) {
        for down in [true, false] {
            self.key(key, down);
            self.pass(TOUCH);
        }
    }
}

impl Hand for Meter {
    fn view(&self) -> MatrixView {
        self.twin.device().matrix_view(self.now).unwrap()
    }

    fn key(&mut self, key: KeyId, down: bool) {
        let now = self.now;
        let device = self.twin.device_mut();
        if down { device.key_down(now, key) } else { device.key_up(now, key) }
    }

    fn pass(&mut self, span: Duration) {
        Self::pass(self, span);
    }
}

/// The word at the start of a line.
fn number(line: &str) -> String {
    line.split(' ').next().unwrap_or_default().to_owned()
}

/// Every number on the glass as its lines have it, with what it is of: the registers in their turns, and the readings of
/// every page.
pub fn shown(hand: &mut impl Hand, def: &'static MatrixDef) -> Vec<(Source, String)> {
    let mut all = Vec::new();
    for _ in 0..def.registers.lines.len().div_ceil(def.registers.together.into()) {
        let text = hand.view().to_string();
        for row in def.registers.lines {
            let found = text.lines().find_map(|line| line.strip_prefix(row.obis)?.strip_prefix(' '));
            all.extend(found.map(|line| (row.source, number(line))));
        }
        hand.pass(def.times.registers);
    }
    for page in 0..def.words.pages.len() {
        // From the readings that turn by themselves to the first of a page.
        hand.pass(Duration::from_secs(600));
        hand.touch(def.keys.right);
        hand.touch(def.keys.left);
        (0..page).for_each(|_| hand.touch(def.keys.right));
        let mut seen = Vec::new();
        loop {
            let view = hand.view();
            let Screen::Face(face) = view.screen else { panic!("{view}") };
            let Part3::Reading { reading, title, .. } = face.part3 else { panic!("{view}") };
            if seen.contains(&reading) {
                break;
            }
            seen.push(reading);
            if let Some(source) = def.readings[usize::from(reading)].sources[page] {
                let text = view.to_string();
                let below = text.lines().skip_while(|line| !line.starts_with(title)).nth(1);
                all.push((source, number(below.expect("a value below its title"))));
            }
            hand.touch(def.keys.middle);
        }
    }
    all
}
