//! Every screen of every dot matrix, with the largest values there are: each text finds its glyphs and its room.

use std::collections::BTreeMap;

use lcd::Mono;
use models::ALL;
use panel::matrix::{MatrixPanel, MatrixView, Screen, paint};
use panel::{Intent, Keyed, Values};
use schema::{GlassDef, KeyId, Kind, MatrixDef, ModelDef, SettingId, Source};
use units::{Duration, Instant, Point, StateOf, Tariff, What};

/// Values as large as they come, or small and negative.
struct Extreme {
    model: &'static ModelDef,
    largest: bool,
    settings: BTreeMap<SettingId, i32>,
    stopped: bool,
}

impl Values for Extreme {
    fn value(&self, source: Source) -> i64 {
        let pick = |large, small| if self.largest { large } else { small };
        match source {
            Source::Setting(id) => self.setting(id).into(),
            Source::Identity(of) => self.model.identity.value(of),
            Source::Point(Point::State(StateOf::CtChanges)) => pick(7, 0),
            Source::Point(Point::State(StateOf::HighTariffs)) => pick(1, 0),
            Source::Point(Point::State(StateOf::CtRatio) | Point::HistoryRatio(_)) => pick(99_955, 55),
            Source::Point(Point::State(_)) => pick(65_535, 0),
            Source::Point(Point::Energy { .. } | Point::History { .. }) => pick(999_999_999, 0),
            Source::Point(Point::Now { what, .. }) => match what {
                What::U => pick(600_000, 0),
                What::I => pick(9_995_000, -9_995_000),
                // 9995 A at 400 V in three phases.
                What::P | What::Q | What::S => pick(11_994_000_000, -11_994_000_000),
                What::Pf => pick(1_000, 0),
                What::F => pick(65_000, 0),
                What::Quadrant => pick(4, 0),
                What::Direction => pick(1, -1),
            },
            _ => 0,
        }
    }

    fn setting(&self, id: SettingId) -> i32 {
        self.settings.get(&id).copied().unwrap_or(0)
    }

    fn error(&self) -> u8 {
        0xFF
    }

    fn tariff(&self) -> Tariff {
        if self.largest { Tariff::T4 } else { Tariff::T1 }
    }

    fn stopped(&self) -> bool {
        self.stopped
    }
}

/// Somebody at the keys, who looks at every picture.
struct Walk {
    panel: MatrixPanel,
    face: &'static MatrixDef,
    values: Extreme,
    now: Instant,
    bits: Vec<u8>,
    seen: usize,
}

impl Walk {
    fn new(model: &'static ModelDef, face: &'static MatrixDef, largest: bool) -> Self {
        let settings = model.all_settings().map(|setting| (setting.id, setting.default)).collect();
        let GlassDef::Matrix(glass) = model.glass else { panic!("{}: no dots", model.slug) };
        Self {
            panel: MatrixPanel::new(model, Instant::ZERO).unwrap(),
            face,
            values: Extreme { model, largest, settings, stopped: false },
            now: Instant::ZERO,
            bits: vec![0; Mono::bytes(glass.width, glass.height)],
            seen: 0,
        }
    }

    fn view(&self) -> MatrixView {
        self.panel.view(self.now, &self.values)
    }

    fn look(&mut self) {
        let GlassDef::Matrix(glass) = self.values.model.glass else { return };
        let view = self.view();
        let mut mono = Mono::new(glass.width, glass.height, &mut self.bits).unwrap();
        if let Err(unfit) = paint(&view, &mut mono) {
            panic!("{}: {unfit}\n{view}", self.values.model.slug);
        }
        self.seen += 1;
    }

    fn poll(&mut self, taken: bool) {
        while let Some(intent) = self.panel.poll(self.now, &self.values) {
            if let (Intent::Apply(id, value), true) = (intent, taken) {
                self.values.settings.insert(id, value);
            }
            self.panel.settled(self.now, taken);
            self.look();
        }
    }

    fn wait(&mut self, span: Duration) {
        self.now += span;
        self.poll(true);
        self.look();
    }

    fn press(&mut self, key: KeyId, seconds: u64, taken: bool) {
        self.panel.key_down(self.now, key);
        self.now += Duration::from_millis(100).max(Duration::from_secs(seconds));
        self.poll(taken);
        self.panel.key_up(self.now, key);
        self.poll(taken);
        self.look();
    }

    fn touch(&mut self, key: KeyId) {
        self.press(key, 0, true);
    }

    /// Into the menu, past the password, and down to a row.
    fn menu(&mut self, row: usize) {
        let keys = self.face.keys;
        self.press(keys.middle, 3, true);
        if self.face.radio.is_some() {
            self.touch(keys.right);
        }
        let password = self.values.setting(self.face.password);
        self.touch(keys.middle);
        for place in [1_000, 100, 10, 1] {
            for _ in 0..password / place % 10 {
                self.touch(keys.right);
            }
            self.touch(keys.middle);
        }
        assert!(matches!(self.view().screen, Screen::Menu { .. }), "{}", self.view());
        for _ in 0..row {
            self.touch(keys.right);
        }
    }
}

fn faces() -> impl Iterator<Item = (&'static ModelDef, &'static MatrixDef)> {
    ALL.iter().filter_map(|entry| Some((entry.def, entry.def.matrix?)))
}

#[test]
fn every_reading_and_register_has_room() {
    for ((model, face), largest) in faces().flat_map(|face| [(face, true), (face, false)]) {
        let mut walk = Walk::new(model, face, largest);
        let pages = 4 + if largest { face.history.map_or(0, |history| history.slots.len()) } else { 0 };
        for _ in 0..pages {
            for _ in 0..face.readings.len() + face.registers.lines.len() {
                walk.touch(face.keys.middle);
                walk.wait(face.times.registers);
            }
            walk.touch(face.keys.right);
        }
        assert!(walk.seen > pages * face.readings.len());
        walk.values.stopped = true;
        walk.wait(Duration::from_secs(600));
        assert!(matches!(walk.view().screen, Screen::Error { .. }));
    }
}

#[test]
fn every_row_of_every_menu_can_be_changed_at_the_keys() {
    for (model, face) in faces() {
        for (row, item) in face.menu.iter().enumerate() {
            for taken in [false, true] {
                let mut walk = Walk::new(model, face, true);
                walk.menu(row);
                walk.touch(face.keys.middle);
                let Screen::Edit { label, .. } = walk.view().screen else {
                    panic!("{}: {} does not open", model.slug, item.label);
                };
                assert_eq!(label, item.label);
                // Every choice or digit once, then the first value again; a question is answered with yes.
                let reset = matches!(item.edit, schema::MenuEdit::Reset { .. });
                for _ in 0..if reset { 1 } else { 10 } {
                    walk.touch(face.keys.right);
                }
                for _ in 0..8 {
                    if matches!(walk.view().screen, Screen::Edit { .. }) {
                        walk.press(face.keys.middle, 0, taken);
                    }
                }
                assert!(matches!(walk.view().screen, Screen::Notice { .. }), "{}", walk.view());
            }
        }
    }
}

#[test]
fn settings_that_the_menu_offers_have_words_for_their_values() {
    for (model, face) in faces() {
        for item in face.menu {
            if let schema::MenuEdit::Choice(id) = item.edit {
                let (_, setting) = model.setting(id).unwrap();
                let Kind::OneOf(choices) = setting.kind else {
                    panic!("{}: {} has no choices", model.slug, item.label)
                };
                let offered = choices.iter().filter(|choice| !choice.glyphs.is_empty()).count();
                assert!(offered > 1, "{}: {} offers nothing", model.slug, item.label);
            }
        }
    }
}

#[test]
fn the_radio_and_a_wrong_password_are_told() {
    for (model, face) in faces() {
        let keys = face.keys;
        let mut walk = Walk::new(model, face, true);
        walk.values.settings.insert(face.password, 9);
        walk.press(keys.middle, 3, true);
        if face.radio.is_some() {
            walk.touch(keys.middle);
            assert!(matches!(walk.view().screen, Screen::Radio { .. }));
            walk.touch(keys.left);
            walk.press(keys.middle, 3, true);
            walk.touch(keys.middle);
            walk.wait(model.panel.message);
            walk.touch(keys.right);
        }
        (0..5).for_each(|_| walk.touch(keys.middle));
        assert!(matches!(walk.view().screen, Screen::Notice { .. }), "{}", walk.view());
    }
}
