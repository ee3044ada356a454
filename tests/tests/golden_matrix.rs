//! Golden pictures of the dot matrix: a meter is walked through every page and screen of its face by its keys, and what
//! stands on the glass is compared dot by dot.
//!
//! They stand in `tests/golden/MODEL`, a pixel a dot; what a model shows exactly as one before it does, is kept with that
//! one alone. `cargo xtask golden --update` writes them anew; where a picture
//! differs, the one that was drawn is put beside it as `NAME.actual.png`.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use common::Meter;
use device::{Door, NvPart};
use lcd::Mono;
use models::Entry;
use panel::matrix::{Editor, MatrixView, Notice, Part3, Screen, paint};
use rig::{MeterSpec, Supply};
use schema::{GlassDef, KeyId, MatrixDef, MenuEdit, SettingId};
use units::{Duration, Instant, Point, StateOf};

/// The light of the glass, and its dark dots.
const PALETTE: [u8; 6] = [0xB9, 0xD3, 0xF7, 0x16, 0x20, 0x1C];
/// A touch, and what passes behind it.
const TOUCH: Duration = Duration::from_millis(100);

/// A picture: its size, and its dots as the glass keeps them.
#[derive(Clone, PartialEq, Eq)]
struct Picture {
    width: u32,
    bits: Vec<u8>,
}

fn encode(picture: &Picture) -> Vec<u8> {
    let mut png = Vec::new();
    let height = u32::try_from(picture.bits.len()).unwrap() * 8 / picture.width;
    let mut encoder = png::Encoder::new(&mut png, picture.width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_palette(PALETTE.as_slice());
    encoder.set_compression(png::Compression::Best);
    encoder.set_filter(png::FilterType::NoFilter);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&picture.bits).unwrap();
    writer.finish().unwrap();
    png
}

/// The dots of a golden picture; `None` where it is not one.
fn decode(png: &[u8]) -> Option<Picture> {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info().ok()?;
    let mut bits = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut bits).ok()?;
    (info.bit_depth == png::BitDepth::One).then_some(Picture { width: info.width, bits })
}

/// A meter that is walked through its face, and what was seen on the way.
struct Walk {
    entry: &'static Entry,
    def: &'static MatrixDef,
    meter: Meter,
    seen: BTreeMap<String, Picture>,
    kinds: BTreeSet<&'static str>,
}

/// What kind of screen a view is. A new one does not compile until it is seen as well.
fn kind(screen: &Screen) -> &'static str {
    match screen {
        Screen::Face(face) => match face.part3 {
            Part3::Reading { .. } => "reading",
            Part3::History { .. } => "history",
        },
        Screen::Choice { .. } => "choice",
        Screen::Radio { .. } => "radio",
        Screen::Password { .. } => "password",
        Screen::Menu { .. } => "menu",
        Screen::Edit { editor, .. } => match editor {
            Editor::Choice { .. } => "editor of a choice",
            Editor::Digits { .. } => "editor of digits",
            Editor::Reset { .. } => "question of a reset",
        },
        Screen::Notice { notice, .. } => match notice {
            Notice::Done => "done",
            Notice::Refused => "refused",
            Notice::WrongPassword => "wrong password",
            Notice::RadioOff => "radio off",
        },
        Screen::Error { .. } => "error",
    }
}

/// The kinds of screens that a face has.
fn kinds(def: &MatrixDef) -> BTreeSet<&'static str> {
    let mut kinds =
        BTreeSet::from(["reading", "choice", "password", "menu", "done", "wrong password", "error"]);
    kinds.extend(def.menu.iter().map(|item| match item.edit {
        MenuEdit::Choice(_) => "editor of a choice",
        MenuEdit::Digits(..) | MenuEdit::Ratio(_) => "editor of digits",
        MenuEdit::Reset { .. } => "question of a reset",
    }));
    // What the keys offer, a meter takes, but for a ratio behind the last place of its history.
    kinds.extend(def.history.iter().flat_map(|_| ["history", "refused"]));
    kinds.extend(def.radio.iter().flat_map(|_| ["radio", "radio off"]));
    kinds
}

/// The pictures that the tables of a face ask for: each reading on each page that has it, each row of the menu, the
/// editor behind it, each place of the history.
fn wanted(def: &MatrixDef) -> Vec<String> {
    let mut names = Vec::new();
    for (page, title) in def.words.pages.iter().enumerate() {
        let there = def.readings.iter().filter(|reading| page == 0 || reading.sources[page].is_some());
        names.extend(there.map(|reading| name(&format!("{title}-{}", reading.title))));
    }
    for (n, item) in def.menu.iter().enumerate() {
        let label = name(item.label);
        names.extend([format!("menu-{:02}-{label}", n + 1), format!("edit-{label}")]);
    }
    let places = def.history.map_or(0, |history| history.slots.len());
    names.extend((1..=places).map(|place| format!("history-{place}-of-{places}")));
    names
}

impl Walk {
    fn new(entry: &'static Entry, def: &'static MatrixDef) -> Self {
        let mut spec = MeterSpec::new(entry);
        spec.set("serial=22070003").unwrap();
        for energy in
            ["forward.t1=4812.736", "forward.t2=1270.095", "reverse.t1=62.184", "reactive.forward=204.77"]
        {
            spec.energy(&format!("energy.{energy}")).unwrap();
        }
        for load in ["L1 230V 4.2A pf 0.95 lag", "L2 229V 3.9A pf 0.9 lag", "L3 231V 4.4A export"] {
            spec.load(load).unwrap();
        }
        let mut meter = Meter { twin: spec.build(None, Instant::ZERO).unwrap(), now: Instant::ZERO };
        meter.twin.device_mut().take_reading();
        let mut walk = Self { entry, def, meter, seen: BTreeMap::new(), kinds: BTreeSet::new() };
        // The radio, the header and the registers begin their turns when the meter starts.
        walk.meter.pass(TOUCH);
        walk
    }

    fn view(&self) -> MatrixView {
        self.meter.twin.device().matrix_view(self.meter.now).unwrap()
    }

    /// Keeps what stands on the glass under a name.
    #[track_caller]
    fn see(&mut self, name: &str) {
        let picture = self.look(name);
        self.kinds.insert(kind(&self.view().screen));
        assert!(self.seen.insert(name.to_owned(), picture).is_none(), "{name} is seen twice");
    }

    /// What stands on the glass; every text has to have found its room, and upside down it is the same picture turned by
    /// 180 degrees.
    #[track_caller]
    fn look(&self, name: &str) -> Picture {
        let view = self.view();
        let picture = self.painted(&view, name);
        let turned = MatrixView { turned: !view.turned, ..view };
        let upside_down = self.painted(&turned, name).bits.into_iter().rev().map(u8::reverse_bits);
        assert!(upside_down.eq(picture.bits.iter().copied()), "{name}: another picture upside down");
        picture
    }

    #[track_caller]
    fn painted(&self, view: &MatrixView, name: &str) -> Picture {
        let GlassDef::Matrix(glass) = self.entry.def.glass else { panic!("no dot matrix") };
        let mut bits = vec![0; Mono::bytes(glass.width, glass.height)];
        let mut mono = Mono::new(glass.width, glass.height, &mut bits).unwrap();
        let fits = paint(view, &mut mono);
        assert_eq!(fits.map_err(|unfit| unfit.to_string()), Ok(()), "{name}");
        Picture { width: glass.width.into(), bits }
    }

    fn hold(&mut self, key: KeyId, span: Duration) {
        let now = self.meter.now;
        self.meter.twin.device_mut().key_down(now, key);
        self.meter.pass(span);
        let now = self.meter.now;
        self.meter.twin.device_mut().key_up(now, key);
        self.meter.pass(TOUCH);
    }

    fn left(&mut self) {
        self.hold(self.def.keys.left, TOUCH);
    }

    fn middle(&mut self) {
        self.hold(self.def.keys.middle, TOUCH);
    }

    fn right(&mut self) {
        self.hold(self.def.keys.right, TOUCH);
    }

    fn hold_middle(&mut self) {
        self.hold(self.def.keys.middle, Duration::from_millis(3_200));
    }

    /// Back to the three parts, from wherever it is.
    #[track_caller]
    fn home(&mut self) {
        self.meter.pass(Duration::from_secs(600));
        assert!(matches!(self.view().screen, Screen::Face(_)));
    }

    fn set(&mut self, id: SettingId, value: i64) {
        let set = self.meter.twin.device_mut().apply(Door::Factory, &[(id, value)]);
        assert!(set.is_ok(), "{} = {value}: {set:?}", id.key());
        self.meter.pass(TOUCH);
    }

    /// From the three parts to the menu, by the password of the factory.
    #[track_caller]
    fn menu(&mut self) {
        self.home();
        self.hold_middle();
        self.choose_settings();
        self.middle();
        for _ in 0..4 {
            self.middle();
        }
        assert!(matches!(self.view().screen, Screen::Menu { .. }), "{:?}", self.view().screen);
    }

    fn choose_settings(&mut self) {
        if let Screen::Choice { at: panel::matrix::ChoiceRow::Bluetooth, .. } = self.view().screen {
            self.right();
        }
    }

    /// To the row of the menu that changes a setting.
    #[track_caller]
    fn row(&mut self, id: SettingId) {
        let of = |edit| match edit {
            MenuEdit::Choice(id) | MenuEdit::Digits(id, _) | MenuEdit::Ratio(id) => Some(id),
            MenuEdit::Reset { .. } => None,
        };
        self.menu();
        let row = self.def.menu.iter().position(|item| of(item.edit) == Some(id)).unwrap();
        for _ in 0..row {
            self.right();
        }
        self.middle();
        assert!(matches!(self.view().screen, Screen::Edit { .. }), "{:?}", self.view().screen);
    }
}

/// A name of a file.
fn name(text: &str) -> String {
    let words = text.to_lowercase().replace(" +", " plus").replace(" -", " minus");
    words.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// Every reading of every page, by the middle key.
fn readings(walk: &mut Walk) {
    for page in 0..4 {
        walk.home();
        walk.right();
        walk.left();
        for _ in 0..page {
            walk.right();
        }
        let mut titles = BTreeSet::new();
        loop {
            let Screen::Face(face) = walk.view().screen else { panic!("a page of part 3") };
            let Part3::Reading { reading, title, .. } = face.part3 else { panic!("a reading") };
            if !titles.insert(reading) {
                break;
            }
            walk.see(&name(&format!("{}-{title}", face.pages[page])));
            walk.middle();
        }
        assert!(titles.len() > 1);
    }
}

/// The header's and the registers' turns, hidden numbers, and the picture upside down.
fn parts(walk: &mut Walk) {
    walk.home();
    for n in 1..=walk.def.header.iter().map(|items| items.len()).max().unwrap_or(1) {
        walk.see(&format!("header-turn-{n}"));
        walk.meter.pass(walk.def.times.header);
    }
    if let Some(obis) = walk.def.obis {
        walk.set(obis, 0);
        walk.home();
        walk.right();
        walk.middle();
        walk.see("numbers-hidden");
        walk.set(obis, 1);
    }
    if let Some(turned) = walk.def.turned {
        walk.set(turned, 1);
        walk.home();
        walk.see("upside-down");
        walk.hold_middle();
        walk.see("upside-down-choice");
        walk.set(turned, 0);
    }
}

/// What opens when the middle key is held.
fn choices(walk: &mut Walk) {
    walk.home();
    walk.hold_middle();
    walk.see("choice");
    if walk.def.radio.is_some() {
        walk.right();
        walk.see("choice-other");
        if let Screen::Choice { at: panel::matrix::ChoiceRow::Settings, .. } = walk.view().screen {
            walk.right();
        }
        walk.middle();
        walk.see("qr-code");
        walk.left();
        walk.see("radio-on");
        walk.home();
        walk.hold_middle();
    }
    walk.choose_settings();
    walk.middle();
    walk.see("password");
    walk.right();
    walk.middle();
    walk.see("password-second-digit");
    for _ in 0..3 {
        walk.middle();
    }
    assert!(matches!(walk.view().screen, Screen::Notice { notice: Notice::WrongPassword, .. }));
    walk.see("password-wrong");
}

/// Every row of the menu, and its editor with its values.
fn settings(walk: &mut Walk) {
    for (n, item) in walk.def.menu.iter().enumerate() {
        walk.menu();
        for _ in 0..n {
            walk.right();
        }
        let label = name(item.label);
        walk.see(&format!("menu-{:02}-{label}", n + 1));
        walk.middle();
        let Screen::Edit { editor, .. } = walk.view().screen else { continue };
        walk.see(&format!("edit-{label}"));
        match editor {
            Editor::Choice { of, .. } => {
                let first = walk.look(&label);
                for _ in 1..of {
                    walk.right();
                    assert!(walk.look(&label) != first, "{label}");
                }
            }
            Editor::Digits { digits, .. } => {
                for _ in 1..digits.count {
                    walk.middle();
                    walk.look(&label);
                }
                walk.see(&format!("edit-{label}-last-digit"));
            }
            Editor::Reset { .. } => {
                walk.right();
                walk.see(&format!("edit-{label}-yes"));
                walk.middle();
                walk.see(&format!("edit-{label}-done"));
            }
        }
    }
}

/// What a higher tariff and a new ratio add to the face.
fn grown(walk: &mut Walk) {
    if walk.def.registers.lines.iter().any(|line| line.high_tariff) {
        walk.set(SettingId::Tariff, 3);
        walk.home();
        let turns = walk.def.registers.lines.len().div_ceil(walk.def.registers.together.into());
        for n in 1..=turns {
            walk.see(&format!("tariff-3-turn-{n}"));
            walk.meter.pass(walk.def.times.registers);
        }
    }
    if walk.def.history.is_some() {
        walk.row(SettingId::CtRatio);
        walk.right();
        for _ in 0..4 {
            walk.middle();
        }
        walk.middle();
        walk.home();
        walk.left();
        let Screen::Face(face) = walk.view().screen else { panic!("the face") };
        assert!(matches!(face.part3, Part3::History { .. }), "{:?}", face.part3);
        walk.see("history");
        walk.right();
        walk.see("history-beside-total");
    }
}

/// One ratio more than the history has places for.
fn refused(walk: &mut Walk) {
    if walk.def.history.is_none() {
        return;
    }
    walk.row(SettingId::CtRatio);
    walk.right();
    for _ in 0..5 {
        walk.middle();
    }
    walk.see("refused");
}

/// The radio is chosen a second time.
fn radio_off(walk: &mut Walk) {
    if walk.def.radio.is_none() {
        return;
    }
    walk.home();
    for sees in [None, Some("radio-off")] {
        walk.hold_middle();
        walk.middle();
        if let Some(name) = sees {
            walk.see(name);
        } else {
            walk.left();
        }
    }
}

/// All places of the history, after as many changes as there can be, and what takes turns on the last of them.
fn history(walk: &mut Walk) {
    let (Some(history), Some(ct)) = (walk.def.history, walk.entry.def.metering.ct) else { return };
    let used = walk.meter.twin.device().value(Point::State(StateOf::CtChanges)).unwrap();
    let ratios = [1_001, 2_505, 99_955, 99_991, 11, 6_001, 4_005];
    for value in ratios.into_iter().skip(usize::try_from(used).unwrap()) {
        for tariff in 1..=4 {
            walk.set(SettingId::Tariff, tariff);
            walk.meter.pass(Duration::from_secs(2_500 * u64::try_from(tariff).unwrap()));
        }
        walk.set(ct.setting, value);
    }
    walk.meter.pass(Duration::from_secs(1));
    for place in 1..=history.slots.len() {
        walk.home();
        (0..4).for_each(|_| walk.right());
        (1..place).for_each(|_| walk.right());
        let Screen::Face(face) = walk.view().screen else { panic!("the face") };
        let Part3::History { number, runs_on, .. } = face.part3 else { panic!("{:?}", face.part3) };
        assert_eq!((usize::from(number), runs_on), (place, place == 1));
        walk.see(&format!("history-{place}-of-{}", history.slots.len()));
    }
    for turn in 2..=4 {
        walk.middle();
        walk.see(&format!("history-{}-turn-{turn}", history.slots.len()));
    }
}

/// The meter stops when both copies of its memory are bad.
fn stopped(walk: &mut Walk) {
    walk.home();
    for part in [NvPart::Main, NvPart::Backup] {
        walk.meter.twin.damage(part);
    }
    let supply = *walk.meter.twin.supply();
    let now = walk.meter.now;
    walk.meter.twin.set_supply(now, Supply { mains: false, ..supply });
    walk.meter.pass(TOUCH);
    let now = walk.meter.now;
    walk.meter.twin.set_supply(now, supply);
    walk.meter.pass(TOUCH);
    assert!(matches!(walk.view().screen, Screen::Error { .. }), "{:?}", walk.view().screen);
    walk.see("error");
}

fn folder(entry: &Entry) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(entry.def.slug)
}

#[test]
fn golden_screens_of_the_dot_matrix() {
    let update = std::env::var("METERTWIN_GOLDEN").is_ok_and(|word| word == "update");
    let faces = models::ALL.iter().filter_map(|entry| Some((entry, entry.def.matrix?)));
    let mut before: BTreeMap<String, Vec<Picture>> = BTreeMap::new();
    for (entry, def) in faces {
        let mut walk = Walk::new(entry, def);
        for scene in [readings, parts, choices, settings, grown, history, refused, radio_off, stopped] {
            scene(&mut walk);
        }
        assert_eq!(walk.kinds, kinds(def), "{}: kinds of screens", entry.def.slug);
        for name in wanted(def) {
            assert!(walk.seen.contains_key(&name), "{}: nobody has seen {name}", entry.def.slug);
        }
        let shown = walk.seen.clone();
        walk.seen.retain(|name, picture| !before.get(name).is_some_and(|seen| seen.contains(picture)));
        for (name, picture) in shown {
            before.entry(name).or_default().push(picture);
        }
        if walk.seen.is_empty() && !folder(entry).exists() {
            continue;
        }
        fs::create_dir_all(folder(entry)).unwrap();
        let mut faults = Vec::new();
        for (name, picture) in &walk.seen {
            let golden = folder(entry).join(format!("{name}.png"));
            let actual = folder(entry).join(format!("{name}.actual.png"));
            if fs::read(&golden).ok().and_then(|png| decode(&png)).as_ref() == Some(picture) {
                let _ = fs::remove_file(&actual);
            } else if update {
                fs::write(&golden, encode(picture)).unwrap();
                let _ = fs::remove_file(&actual);
            } else {
                fs::write(&actual, encode(picture)).unwrap();
                faults.push(actual.display().to_string());
            }
        }
        assert!(
            faults.is_empty(),
            "these pictures differ from the golden ones beside them:\n{}",
            faults.join("\n")
        );
        for file in fs::read_dir(folder(entry)).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().to_string_lossy().into_owned();
            let stale = name.strip_suffix(".png").is_some_and(|name| !walk.seen.contains_key(name));
            if stale && update {
                fs::remove_file(file.path()).unwrap();
            } else {
                assert!(!stale, "no screen is drawn in {}", file.path().display());
            }
        }
    }
}
