//! Views of the runtime: what changed is set, nothing else.

use std::rc::Rc;

use commission::names;
use device::Device;
use models::Entry;
use panel::matrix::{MatrixView, Page};
use panel::{Deed, LetGo, MessageKind, Mode, PageView, Screen};
use rig::{Output, Twin, VecNv};
use schema::{Dot, GlassDef, MenuId, PageId, PortId};
use units::decimal::{Decimal, rescale};
use units::{Duration, Instant, Of, Point, Unit, What};

use super::drive::Runtime;
use super::matrix;
use crate::parts::thousands;
use crate::view::{Card, Glass, Hold, Led, Lights, Mirror, Sees};

/// Flashes closer than this, three a second, are not drawn.
const FLASH_GAP: Duration = Duration::from_millis(334);
/// How long a flash is drawn.
const FLASH: Duration = Duration::from_millis(70);
/// The lamps of a meter, and what they flash for.
pub(super) const LAMPS: [(Output, What); 2] = [(Output::Led, What::P), (Output::ReactiveLed, What::Q)];
/// From this rate on, in thousandths a second, a steady light stands for the flashes.
const STEADY: u64 = 10_000;

/// A light that is lit for a moment each time a count has grown.
#[derive(Default)]
pub struct Flash {
    count: u64,
    at: Option<Instant>,
}

impl Flash {
    /// Whether it is drawn as lit now.
    fn drawn(&mut self, now: Instant, count: u64) -> bool {
        let since = self.at.map(|at| now.since(at));
        if count != self.count && since.is_none_or(|since| since >= FLASH_GAP) {
            self.at = Some(now);
        }
        self.count = count;
        self.at.is_some_and(|at| now.since(at) < FLASH)
    }

    /// Takes the count of another thing without a flash.
    pub fn follow(&mut self, count: u64) {
        *self = Self { count, at: None };
    }
}

pub(super) fn still() -> bool {
    dom::browser::window()
        .match_media("(prefers-reduced-motion: reduce)")
        .ok()
        .flatten()
        .is_some_and(|media| media.matches())
}

impl Runtime {
    /// What may change with every frame: glass, LED, key.
    pub(super) fn project(&mut self, now: Instant) {
        let bench = self.bench.clone();
        let bench = bench.borrow();
        let at = bench.now();
        self.glasses(bench.twins(), at);
        let Some(device) = bench.twin(self.at).map(|twin| twin.device()) else { return };
        let count = |output| bench.twin(self.at).map_or(0, |twin| twin.outputs().pulses(output));
        let mut lamps = [Led::Off; 2];
        for (place, (output, what)) in LAMPS.into_iter().enumerate() {
            let flash = self.flash[place].drawn(now, count(output));
            lamps[place] =
                if device.powered() && self.led_rate(place, device.value(Point::now(what))) >= STEADY {
                    Led::Steady
                } else if flash {
                    Led::Flash
                } else {
                    Led::Off
                };
        }
        self.signals.led.show(lamps);
        let pulses = count(Output::S0);
        let busy = self.entry().def.wired().is_some_and(|port| bench.is_busy(port));
        let lights = Lights {
            pulse: self.pulse.drawn(now, pulses),
            bus: self.bus.drawn(now, self.bus.count + u64::from(busy)),
        };
        self.signals.lights.show(lights);
        let hold = if device.powered() {
            self.hold(device, at)
        } else {
            Hold { now: "Without supply the key does nothing.".to_owned(), ..Hold::default() }
        };
        self.signals.hold.show(hold);
        drop(bench);
        if self.speak_at.is_some_and(|at| at <= now) {
            self.speak_at = None;
            self.speak();
        }
    }

    /// The glass of each meter; those are told that have become another one.
    fn glasses(&mut self, twins: &[Twin], at: Instant) {
        let still = still();
        let mut cards = self.signals.rail.get_untracked();
        let mut changed = cards.len() != twins.len();
        cards.truncate(twins.len());
        for (place, twin) in twins.iter().enumerate() {
            let device = twin.device();
            let frame = device.frame(at);
            let on = lcd::visible(frame, still || device.blink_on(at));
            let (lit, serial) = (device.backlight(at), twin.serial());
            let model = self.model_of(twin.entry());
            let view = device.matrix_view(at).map(|view| MatrixView { lit: view.lit || still, ..view });
            let fresh = self.meters.get(place).is_none_or(|meter| meter.matrix != view);
            let same = cards.get(place).is_some_and(|card| {
                let glass = &card.glass;
                (glass.on, glass.blinking, glass.lit) == (on, frame.blink, lit)
                    && card.serial == serial
                    && card.model == model
            });
            if !same || fresh {
                let (dots, sentence) = match (&view, twin.entry().def.glass) {
                    // What is in hand goes dark and comes back; that is nothing new to say.
                    (Some(view), GlassDef::Matrix(glass)) => {
                        (matrix::outline(view, &glass), rig::say_matrix(view))
                    }
                    _ => (Rc::default(), sentence(twin.entry(), device.view(at).as_ref())),
                };
                if let Some(meter) = self.meters.get_mut(place) {
                    meter.matrix = view;
                }
                let glass = Glass { on, blinking: frame.blink, dots, lit, sentence };
                let card = Card { model, serial, glass };
                match cards.get_mut(place) {
                    Some(own) => *own = card,
                    None => cards.push(card),
                }
                changed = true;
            }
        }
        if let Some(own) = cards.get(self.at) {
            self.dirty |= changed;
            self.signals.glass.show(own.glass.clone());
        }
        if changed {
            self.signals.rail.set(cards);
        }
        self.signals.at.show(self.at);
    }

    /// What changes by the second, or with something that somebody did.
    pub(super) fn project_slowly(&mut self) {
        let signals = self.signals;
        self.project_panels();
        {
            let bench = self.bench.clone();
            let bench = bench.borrow();
            let Some(twin) = bench.twin(self.at) else { return };
            let device = twin.device();
            let at = bench.now();
            signals.mirror.show(match device.matrix_view(at) {
                Some(view) => matrix::mirror(&view),
                None => self.mirror(device.view(at).as_ref()),
            });
            signals.sees.show(self.sees(twin));
            signals.place.show(device.address(PortId::Modbus));
        }
        signals.load.show(self.load());
        let mut hours: Vec<_> = self.meters[self.at].hours.iter().copied().collect();
        hours.push(self.hour(self.at));
        signals.hours.show(hours);
    }

    /// Says what the display shows. The same text twice gets a mark that nobody hears, so that it is said again.
    pub(super) fn speak(&self) {
        let sentence = self.signals.glass.with_untracked(|glass| glass.sentence.clone());
        self.signals.spoken.update(|spoken| {
            *spoken = if *spoken == sentence { format!("{sentence}\u{a0}") } else { sentence };
        });
    }

    /// Flashes a second in thousandths, at the speed of metered time.
    fn led_rate(&self, place: usize, power: Option<i64>) -> u64 {
        let metering = &self.entry().def.metering;
        let imp = u64::from([metering.led_imp_per_kwh, metering.led_imp_per_kvarh][place]);
        let watts_milli = power.unwrap_or(0).unsigned_abs();
        watts_milli.saturating_mul(imp).saturating_mul(u64::from(self.load().speed)) / 3_600_000
    }

    fn hold(&self, device: &Device<VecNv>, at: Instant) -> Hold {
        let model = self.signals.twin.get_untracked();
        let letting_go: LetGo = device.letting_go(at);
        let [long, very_long] = model.holds.map(u64::from);
        let full = very_long.max(1);
        let text = |deed: Deed| self.deed(deed);
        let Some(held) = letting_go.held else {
            if let [left, middle, right] = *model.keys {
                let does = |key| text(device.would(at, key).now);
                let next = letting_go.next;
                let [a, b, c] = model.signs;
                return Hold {
                    now: format!("{a} {}, {b} {}, {c} {}.", does(left), does(middle), does(right)),
                    next: next.map_or(String::new(), |(at, deed)| {
                        format!("Hold {b} {} s: {}.", at.as_secs(), text(deed))
                    }),
                    ..Hold::default()
                };
            }
            return Hold {
                now: format!("A press: {}.", text(letting_go.now)),
                next: letting_go
                    .next
                    .map_or(String::new(), |(at, deed)| format!("Hold {} s: {}.", at.as_secs(), text(deed))),
                ..Hold::default()
            };
        };
        let ms = held.as_millis().min(full);
        // Without motion the ring stands at the marks.
        let drawn = if still() {
            [very_long, long, 1_000].into_iter().find(|mark| ms >= *mark).unwrap_or(0)
        } else {
            ms
        };
        Hold {
            down: Some(self.key_down),
            tenths: u32::try_from(held.as_millis() / 100).unwrap_or(0),
            ring: u32::try_from(drawn * 1_000 / full).unwrap_or(0),
            now: format!("Let go: {}.", text(letting_go.now)),
            next: letting_go
                .next
                .map_or(String::new(), |(at, deed)| format!("From {} s: {}.", at.as_secs(), text(deed))),
        }
    }

    /// What a press does, as a part of a sentence.
    fn deed(&self, deed: Deed) -> String {
        let page = |id: PageId| names::page_label(self.entry(), id);
        match deed {
            Deed::Nothing => "nothing on this page".to_owned(),
            Deed::NextPage(id) => format!("go on to {}", page(id)),
            Deed::OpenMenu(menu) => format!("open {}", self.menu_title(menu)),
            Deed::Back(id) => format!("back to {}", page(id)),
            Deed::AskPassword => "ask for the password".to_owned(),
            Deed::NextValue => "the next value".to_owned(),
            Deed::NextDigit => "the next digit".to_owned(),
            Deed::ConfirmDigit => "take this digit".to_owned(),
            Deed::Confirm => "take the value".to_owned(),
            Deed::BeginEdit => "change the value".to_owned(),
            Deed::AskReset => "the counter blinks, to be reset".to_owned(),
            Deed::Reset => "set the counter to zero".to_owned(),
            Deed::AddToScroll => "put the page in the automatic scroll".to_owned(),
            Deed::RemoveFromScroll => "take the page out of the automatic scroll".to_owned(),
            Deed::ShowPage(page) => self.entry().def.matrix.map_or_else(String::new, |face| match page {
                Page::Readings(n) => {
                    format!("go on to {}", face.words.pages.get(usize::from(n)).copied().unwrap_or(""))
                }
                Page::History(n) => {
                    format!("go on to {} {}", face.history.map_or("", |history| history.title), n + 1)
                }
            }),
            Deed::NextReading => "the next reading".to_owned(),
            Deed::OpenChoice => "open the settings".to_owned(),
            Deed::Leave => "back to the readings".to_owned(),
            Deed::Cancel => "back to the menu".to_owned(),
            Deed::NextRow => "the next row".to_owned(),
            Deed::PreviousRow => "the row before".to_owned(),
            Deed::PreviousValue => "the value before".to_owned(),
            Deed::PreviousDigit => "the digit before".to_owned(),
            Deed::OtherAnswer => "the other answer".to_owned(),
            Deed::RadioOn => "switch the radio on".to_owned(),
            Deed::RadioOff => "switch the radio off".to_owned(),
        }
    }

    /// Name of a list: that of the page it stands behind.
    fn menu_title(&self, menu: MenuId) -> &'static str {
        let opener =
            self.entry().def.all_pages().find(|(_, page)| page.opens.is_some_and(|(it, _)| it == menu));
        opener.map_or("Main pages", |(id, _)| names::page_label(self.entry(), id))
    }

    fn mirror(&self, view: Option<&PageView>) -> Mirror {
        let Some(view) = view else {
            return Mirror {
                title: "The meter has no supply".to_owned(),
                detail: "Switch the mains on.".to_owned(),
                list_title: "Main pages",
                list: self.list(MenuId::MAIN).into_iter().map(|(_, label)| label.to_owned()).collect(),
                ..Mirror::default()
            };
        };
        let list = self.list(view.menu);
        let current = list.iter().position(|(id, _)| *id == view.page);
        let shown = match view.screen {
            Screen::Label => view.fields.first(),
            Screen::Field(at) => view.fields.get(usize::from(at)),
        };
        let (value, unit) = shown.copied().flatten().map_or((String::new(), ""), |shown| {
            let text = names::source_text(self.entry(), shown.source, shown.value);
            (text.value, text.unit)
        });
        let (value, unit) = match view.mode {
            Mode::Message(MessageKind::Ok) => ("OK".to_owned(), ""),
            Mode::Message(MessageKind::OkIn) => ("OK, in".to_owned(), ""),
            Mode::Message(MessageKind::OkOut) => ("OK, out".to_owned(), ""),
            Mode::Message(MessageKind::Error(number)) => (format!("Error {number:02}"), ""),
            _ => (value, unit),
        };
        Mirror {
            title: names::page_label(self.entry(), view.page).to_owned(),
            value,
            unit,
            detail: detail(view),
            place: current.map_or(String::new(), |at| format!("page {} of {}", at + 1, list.len())),
            list: list.into_iter().map(|(_, label)| label.to_owned()).collect(),
            list_title: self.menu_title(view.menu),
            current,
        }
    }

    fn list(&self, menu: MenuId) -> Vec<(PageId, &'static str)> {
        let pages = self.entry().def.all_pages().filter(|(_, page)| page.menu == menu);
        pages.map(|(id, _)| (id, names::page_label(self.entry(), id))).collect()
    }

    fn sees(&self, twin: &Twin) -> Sees {
        let (device, outputs) = (twin.device(), twin.outputs());
        let powered = device.powered();
        let get = |what: What| device.value(Point::now(what)).filter(|_| powered).unwrap_or(0);
        let row = |label: &'static str, what: What, decimals: u8| {
            let unit = Point::now(what).unit();
            let value = Decimal { value: unit.at(get(what), decimals), decimals };
            (label, value.to_string(), unit.symbol())
        };
        let (p, q) = (get(What::P), get(What::Q));
        let flows = device.powered() && (p != 0 || q != 0);
        let tenths = |im: f64, re: f64| js_sys::Math::atan2(im, re) * 1_800.0 / core::f64::consts::PI;
        let angle =
            |p: i64, q: i64| (powered && (p != 0 || q != 0)).then(|| tenths(q as f64, p as f64) as i32);
        let supply = twin.supply();
        let names = supply.connection.elements();
        let mut turns = [0, 1_200, 2_400];
        for (turn, [re, im]) in turns.iter_mut().zip(supply.connection.voltages(&supply.phases)) {
            if (re, im) != (0, 0) {
                // A voltage that comes before that of L1 stands before it, against the clock.
                *turn = (js_sys::Math::round(tenths(-f64::from(im), re.into())) as i32).rem_euclid(3_600);
            }
        }
        let of_all = angle(p, q);
        let phases = match self.signals.twin.with_untracked(|model| model.phases) {
            1 => &[Of::All][..],
            _ => &[Of::L1, Of::L2, Of::L3],
        };
        let (mut angles, mut live, mut sentence) = ([None; 3], [false; 3], "Vector diagram: ".to_owned());
        for (place, of) in phases.iter().enumerate() {
            let get = |what| device.value(Point::Now { what, of: *of }).filter(|_| powered).unwrap_or(0);
            let volts = Decimal { value: Unit::Volt.at(get(What::U), 1), decimals: 1 };
            let amps = Decimal { value: Unit::Ampere.at(get(What::I), 2), decimals: 2 };
            live[place] = get(What::U) > 0;
            angles[place] = angle(get(What::P), get(What::Q));
            if phases.len() > 1 {
                let name = match names[place] {
                    "12" => "L1-L2",
                    "32" => "L3-L2",
                    _ => ["L1", "L2", "L3"][place],
                };
                sentence.push_str(&format!("{}{name} ", if place > 0 { "; " } else { "" }));
            }
            let turn = turns[place];
            sentence.push_str(&format!("voltage {volts} V at {} degrees, ", (turn + 5) / 10));
            sentence.push_str(&match angles[place] {
                Some(angle) => {
                    let at = angle + turn;
                    let at = if at < 3_600 { at } else { at - 3_600 };
                    let degrees = Decimal { value: at.into(), decimals: 1 };
                    format!("current {amps} A at {degrees} degrees, counted clockwise")
                }
                None => "no current".to_owned(),
            });
        }
        let degrees = of_all.map(|angle| Decimal { value: i64::from(angle), decimals: 1 }.to_string());
        let rate = self.led_rate(0, device.powered().then_some(p));
        let flashes = if rate < 100_000 {
            Decimal { value: rescale(i64::try_from(rate).unwrap_or(0), 3, 2), decimals: 2 }.to_string()
        } else {
            thousands(u32::try_from(rate / 1_000).unwrap_or(u32::MAX))
        };
        let side = match q {
            0 => "",
            q if q > 0 => "lag",
            _ => "lead",
        };
        Sees {
            rows: vec![
                row("Active", What::P, 3),
                row("Reactive", What::Q, 3),
                row("Apparent", What::S, 3),
                ("Angle φ", degrees.clone().map_or("–".to_owned(), |text| format!("{text}°")), side),
                ("LED", flashes, "per s"),
                ("S0", thousands(u32::try_from(outputs.due(Output::S0)).unwrap_or(u32::MAX)), "pulses"),
            ],
            turns,
            angles,
            names,
            live,
            quadrant: if flows { u8::try_from(get(What::Quadrant)).unwrap_or(0) } else { 0 },
            sentence,
            pulse: outputs.s0_sentence().unwrap_or_else(|| {
                format!("A counter there has seen {} pulses.", outputs.pulses(Output::S0))
            }),
            led_rate: if rate >= STEADY {
                "The LED flashes too fast to be drawn; a steady dimmed light stands for it.".to_owned()
            } else if rate > 3_000 {
                "The LED is drawn with at most 3 flashes a second; its true rate is the number.".to_owned()
            } else {
                String::new()
            },
        }
    }
}

fn sentence(entry: &'static Entry, view: Option<&PageView>) -> String {
    view.map_or_else(|| "dark, the meter has no supply".to_owned(), |view| rig::say(entry, view))
}

fn detail(view: &PageView) -> String {
    let mode = match view.mode {
        Mode::Scroll => "automatic scroll",
        Mode::Browse => "chosen by the key",
        Mode::Password { .. } => "password, digit by digit",
        Mode::Edit { .. } => "being changed",
        Mode::Reset => "waits to be reset",
        Mode::Message(_) => "message",
    };
    let mut text = String::new();
    for (on, word) in [(Dot::Reverse, "reverse"), (Dot::Reactive, "reactive"), (Dot::Tariff2, "tariff 2")] {
        if view.marks.lit(on) {
            text.push_str(word);
            text.push_str(", ");
        }
    }
    text.push_str(mode);
    text
}
