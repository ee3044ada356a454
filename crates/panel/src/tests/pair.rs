//! Two keys that work together: steps to and fro, both held, and a change that is left alone.

use schema::*;
use units::{Duration, EnergyKind, Flow, Instant, Of, Phase, Point, StateOf, Tariff, What};

use super::meter::Meter;
use super::model::MODEL;
use crate::*;

const LEFT: KeyId = KeyId(1);
const BOTH: KeyId = KeyId(2);
const RIGHT: KeyId = KeyId(3);

const FIVE: Duration = Duration::from_secs(5);

const fn key(id: KeyId) -> KeyDef {
    KeyDef { id, long: FIVE, very_long: FIVE }
}

const fn page(fields: &'static [FieldDef], marks: &'static [Dot]) -> PageDef {
    PageDef::show(MenuId::MAIN, "", fields).marks(marks)
}

const fn count(flow: Flow, tariff: Tariff) -> FieldDef {
    let point = Point::Energy { kind: EnergyKind::Active, flow, phase: Phase::All, tariff };
    FieldDef::new(Source::Point(point), Format::Counter)
}

const DIRECTIONS: Source = Source::Point(Point::State(StateOf::Directions));
const POWER: Source = Source::Point(Point::Now { what: What::P, of: Of::L2 });
const TOTAL_T2: Source = Source::Point(Point::active(Flow::Total, Tariff::T2));

const KWH: &[Dot] = &[Dot::Kilo, Dot::HalfWatt, Dot::Volt, Dot::Hour];

const PAGES: &[PageDef] = &[
    page(&[FieldDef::new(DIRECTIONS, Format::Directions)], &[]).scroll(Scroll::Always),
    page(&[count(Flow::Total, Tariff::T2)], KWH).scroll(Scroll::Always),
    page(&[FieldDef::with("2", POWER, Format::Fixed(3))], &[Dot::Kilo]),
    page(&[count(Flow::Trip, Tariff::All)], KWH).edit(Edit::Reset {
        command: CommandId::ResetTrip,
        enter: Hold::VeryLong,
        confirm: Hold::VeryLong,
    }),
    page(&[FieldDef::with("Id", Source::Setting(SettingId::ModbusId), Format::Digits(3))], &[])
        .edit(Edit::Step(SettingId::ModbusId)),
    page(&[FieldDef::new(Source::Identity(IdentityOf::Checksum), Format::Hex)], &[]),
];

const GLASS: SegmentGlass = SegmentGlass {
    cells: &[Cell::Seven; 8],
    points: &[5, 6, 7],
    dots: &[Dot::Communication, Dot::Reverse, Dot::Tariff, Dot::Kilo, Dot::HalfWatt, Dot::Volt, Dot::Hour],
    tariff_digit: true,
};

static TWO_KEYS: ModelDef = ModelDef {
    pages: &[PAGES],
    keys: &[key(LEFT), key(BOTH), key(RIGHT)],
    panel: PanelDef {
        message: Duration::ZERO,
        ok: "",
        ok_in: "",
        ok_out: "",
        pair: Some(PairDef { back: LEFT, both: BOTH, on: RIGHT, idle_stores: true, begins_blinks: 2 }),
        ..MODEL.panel
    },
    glass: GlassDef::Segments(GLASS),
    ..MODEL
};

static FORGETFUL: ModelDef = ModelDef {
    panel: PanelDef {
        pair: Some(PairDef { back: LEFT, both: BOTH, on: RIGHT, idle_stores: false, begins_blinks: 0 }),
        ..TWO_KEYS.panel
    },
    ..TWO_KEYS
};

struct Person {
    panel: Panel,
    meter: Meter,
    now: Instant,
    asked: Vec<Intent>,
}

impl Person {
    fn at(model: &'static ModelDef) -> Self {
        let settings = model.all_settings().map(|setting| (setting.id, setting.default)).collect();
        let mut meter = Meter { values: Vec::new(), settings, error: 0, tariff: Tariff::T1 };
        meter.set(DIRECTIONS, 0x210);
        meter.set(POWER, -1_234_567);
        meter.set(TOTAL_T2, 12_345_678);
        Self { panel: Panel::new(model, Instant::ZERO), meter, now: Instant::ZERO, asked: Vec::new() }
    }

    fn poll(&mut self) {
        while let Some(intent) = self.panel.poll(self.now, &self.meter) {
            self.asked.push(intent);
            if let Intent::Apply(id, value) = intent {
                self.meter.settings.insert(id, value);
            }
            self.panel.settled(self.now, true);
        }
    }

    fn wait(&mut self, ms: u64) {
        // As a device does: at each time that the panel asks for.
        let end = self.now + Duration::from_millis(ms);
        while let Some(next) = self.panel.poll_at(self.now).filter(|next| *next <= end) {
            self.now = next;
            self.poll();
        }
        self.now = end;
        self.poll();
    }

    fn down(&mut self, key: KeyId) {
        self.panel.key_down(self.now, key);
        self.poll();
    }

    fn up(&mut self, key: KeyId) {
        self.panel.key_up(self.now, key);
        self.poll();
    }

    fn press(&mut self, key: KeyId, ms: u64) {
        self.down(key);
        self.wait(ms);
        self.up(key);
    }

    fn page(&self) -> u8 {
        self.panel.view(self.now, &self.meter).page.0
    }

    fn mode(&self) -> Mode {
        self.panel.view(self.now, &self.meter).mode
    }

    fn glass(&self) -> String {
        let frame = self.panel.frame(self.now, &self.meter);
        format!("{} {}", lcd::glyphs(&frame, &GLASS), lcd::dots(&frame, &GLASS))
    }
}

#[test]
fn the_keys_step_to_and_fro_through_all_pages() {
    let mut person = Person::at(&TWO_KEYS);
    assert_eq!((person.page(), person.mode()), (0, Mode::Scroll));
    let walked: Vec<u8> = (0..7)
        .map(|_| {
            person.press(RIGHT, 100);
            person.page()
        })
        .collect();
    assert_eq!(walked, [1, 2, 3, 4, 5, 0, 1]);
    person.press(LEFT, 4_900);
    person.press(LEFT, 100);
    assert_eq!((person.page(), person.mode()), (5, Mode::Browse));
    // Left alone, the pages turn by themselves again; a key steps from the one that stands.
    person.wait(30_000);
    assert_eq!((person.page(), person.mode()), (0, Mode::Scroll));
    person.wait(10_000);
    assert_eq!(person.page(), 1);
    person.press(RIGHT, 100);
    assert_eq!(person.page(), 2);
    assert!(person.asked.is_empty());
}

#[test]
fn the_glass_has_directions_phases_and_the_tariff_of_a_value() {
    assert!(first_unshowable(&TWO_KEYS).is_none());
    let mut person = Person::at(&TWO_KEYS);
    assert_eq!(person.glass(), "1r 2F 3- --------");
    person.press(RIGHT, 100);
    assert_eq!(person.glass(), " 12345.67 --TkWVh2");
    person.press(RIGHT, 100);
    assert_eq!(person.glass(), "2   1.235 -R-k----");
    person.press(LEFT, 100);
    person.press(LEFT, 100);
    person.press(LEFT, 100);
    assert_eq!(person.glass(), "0d012d35 --------");
}

#[test]
fn both_keys_held_begin_a_change_and_store_it() {
    let mut person = Person::at(&TWO_KEYS);
    (0..4).for_each(|_| person.press(RIGHT, 100));
    assert_eq!(person.glass(), "Id   001 --------");
    // The time of both runs from when the second one goes down.
    person.down(LEFT);
    person.wait(2_000);
    person.down(RIGHT);
    person.wait(4_999);
    assert_eq!(person.mode(), Mode::Browse);
    let held = person.panel.letting_go(person.now, &person.meter);
    assert_eq!((held.held, held.now), (Some(Duration::from_millis(4_999)), Deed::Nothing));
    assert_eq!(held.next, Some((FIVE, Deed::BeginEdit)));
    person.wait(1);
    assert_eq!(person.mode(), Mode::Edit { digit: None });
    person.up(LEFT);
    person.up(RIGHT);
    let frame = person.panel.frame(person.now, &person.meter);
    assert_ne!(frame.blink, 0);
    person.press(RIGHT, 100);
    person.press(RIGHT, 100);
    person.press(LEFT, 100);
    person.press(LEFT, 100);
    person.press(LEFT, 100);
    assert_eq!(person.glass(), "Id   247 --------");
    assert!(person.asked.is_empty());
    person.down(RIGHT);
    person.down(LEFT);
    person.wait(5_000);
    assert_eq!(person.asked, [Intent::Apply(SettingId::ModbusId, 247)]);
    person.up(RIGHT);
    person.up(LEFT);
    assert_eq!((person.page(), person.mode()), (4, Mode::Browse));
}

#[test]
fn the_whole_display_blinks_twice_when_a_change_begins() {
    /// What is seen at each change that the panel foresees: digits, dots and light, with the time since the change began.
    fn seen(person: &mut Person, until: u64) -> Vec<(u64, String, bool)> {
        let begun = person.now;
        let mut all = Vec::new();
        let look = |person: &Person| {
            let frame = person.panel.frame(person.now, &person.meter);
            let shown =
                lcd::SegmentFrame { on: lcd::visible(frame, person.panel.blink_on(person.now)), blink: 0 };
            let light = person.panel.backlight(person.now, &person.meter);
            (person.now.since(begun).as_millis(), lcd::glyphs(&shown, &GLASS).to_string(), light)
        };
        all.push(look(person));
        while let Some(next) = person.panel.poll_at(person.now) {
            person.now = next;
            if person.now.since(begun).as_millis() > until {
                break;
            }
            person.poll();
            all.push(look(person));
        }
        all
    }
    let mut person = Person::at(&TWO_KEYS);
    (0..4).for_each(|_| person.press(RIGHT, 100));
    person.press(BOTH, 5_000);
    let (dark, value, gone) = ("        ", "Id   001", "Id      ");
    let told: Vec<(u64, &str, bool)> = Vec::from([
        (0, dark, false),
        (400, value, true),
        (1_000, dark, false),
        (1_400, value, true),
        (2_600, gone, true),
        (3_000, value, true),
    ]);
    let mut all = seen(&mut person, 3_000);
    all.dedup_by_key(|(_, text, light)| (text.clone(), *light));
    let all: Vec<_> = all.iter().map(|(at, text, light)| (*at, text.as_str(), *light)).collect();
    assert_eq!(all, told);
    // A press ends it: what it brought is seen at once.
    let mut person = Person::at(&TWO_KEYS);
    (0..4).for_each(|_| person.press(RIGHT, 100));
    person.press(BOTH, 5_000);
    person.press(RIGHT, 100);
    assert!(person.panel.blink_on(person.now) && person.panel.backlight(person.now, &person.meter));
    assert_eq!(person.glass(), "Id   002 --------");
    // A model that says nothing of it begins quietly.
    let mut person = Person::at(&FORGETFUL);
    (0..4).for_each(|_| person.press(RIGHT, 100));
    person.press(BOTH, 5_000);
    let frame = person.panel.frame(person.now, &person.meter);
    assert!(frame.on != frame.blink && person.panel.blink_on(person.now));
}

#[test]
fn both_as_a_key_of_their_own_do_the_same() {
    let mut person = Person::at(&TWO_KEYS);
    (0..4).for_each(|_| person.press(RIGHT, 100));
    person.press(BOTH, 100);
    assert_eq!(person.mode(), Mode::Browse);
    person.press(BOTH, 5_000);
    assert_eq!(person.mode(), Mode::Edit { digit: None });
    let does = |key| person.panel.would(person.now, &person.meter, key);
    assert_eq!([LEFT, RIGHT].map(|key| does(key).now), [Deed::PreviousValue, Deed::NextValue]);
    assert_eq!(does(BOTH).next, Some((FIVE, Deed::Confirm)));
    person.press(RIGHT, 100);
    person.press(BOTH, 5_000);
    assert_eq!(person.asked, [Intent::Apply(SettingId::ModbusId, 2)]);
}

#[test]
fn one_of_both_let_go_too_early_does_nothing() {
    let mut person = Person::at(&TWO_KEYS);
    (0..4).for_each(|_| person.press(RIGHT, 100));
    person.down(LEFT);
    person.down(RIGHT);
    person.wait(3_000);
    person.up(RIGHT);
    person.wait(3_000);
    person.up(LEFT);
    assert_eq!((person.page(), person.mode()), (4, Mode::Browse));
    // A page without a setting has nothing to change.
    person.press(RIGHT, 100);
    person.press(BOTH, 5_000);
    assert_eq!((person.page(), person.mode()), (5, Mode::Browse));
    assert!(person.asked.is_empty());
}

#[test]
fn a_change_left_alone_is_stored_or_dropped_as_the_model_says() {
    for (model, asked) in [(&TWO_KEYS, &[Intent::Apply(SettingId::ModbusId, 2)][..]), (&FORGETFUL, &[][..])] {
        let mut person = Person::at(model);
        (0..4).for_each(|_| person.press(RIGHT, 100));
        person.press(BOTH, 5_000);
        person.press(RIGHT, 100);
        person.wait(9_999);
        assert_eq!(person.mode(), Mode::Edit { digit: None });
        assert!(person.asked.is_empty());
        person.wait(1);
        assert_eq!(person.asked, asked);
        assert_eq!((person.page(), person.mode()), (4, Mode::Browse));
    }
}

#[test]
fn the_right_key_held_sets_the_counter_to_zero() {
    let mut person = Person::at(&TWO_KEYS);
    (0..3).for_each(|_| person.press(RIGHT, 100));
    person.press(LEFT, 5_000);
    assert_eq!((person.page(), person.asked.len()), (3, 0));
    let would = person.panel.would(person.now, &person.meter, RIGHT);
    assert_eq!(would, LetGo { held: None, now: Deed::NextPage(PageId(4)), next: Some((FIVE, Deed::Reset)) });
    person.press(RIGHT, 4_999);
    assert_eq!((person.page(), person.asked.len()), (4, 0));
    person.press(LEFT, 100);
    person.press(RIGHT, 5_000);
    assert_eq!((person.page(), &person.asked[..]), (3, &[Intent::Command(CommandId::ResetTrip)][..]));
}
