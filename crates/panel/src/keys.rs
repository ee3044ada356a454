//! What every panel does with its keys and its lamps, whatever stands on its glass: how long a key is held, what was
//! pressed and not yet carried out, blinking, backlight, and the sign of an answer.

use schema::{BacklightDef, Hold, KeyDef, KeyId, ModelDef, PanelDef};
use units::{Duration, Instant};

/// A panel as its keys see it. One key at a time: a second one is not heard, but where two work together; nor one that the
/// model does not have.
pub trait Keyed {
    /// A key goes down.
    fn key_down(&mut self, now: Instant, key: KeyId);
    /// A key goes up: what it was held for, the next `poll` does.
    fn key_up(&mut self, now: Instant, key: KeyId);
    /// The key is up without having been let go, as when a window loses the pointer: it does nothing.
    fn key_cancel(&mut self, now: Instant, key: KeyId);
}

/// The machine behind the keys.
pub(crate) trait Machine {
    /// The model, and its keys.
    fn keys(&mut self) -> (&'static ModelDef, &mut Keys);
    /// Lets the time-outs up to `now` happen.
    fn pass(&mut self, now: Instant);
    /// The key that a second one makes of the held one and itself; `None` where it is not heard.
    fn joined(&self, _second: KeyId) -> Option<&'static KeyDef> {
        None
    }
    /// True where letting go of `key` ends what is `held`.
    fn ends(&self, held: KeyId, key: KeyId) -> bool {
        held == key
    }
}

/// Lets the time-outs up to `now` happen, unless a press before them has still to be carried out.
fn catch_up(machine: &mut impl Machine, now: Instant) {
    if !machine.keys().1.waits() {
        machine.pass(now);
    }
}

fn release(machine: &mut impl Machine, now: Instant, key: KeyId, act: bool) {
    let held = machine.keys().1.held;
    if held.is_none_or(|held| !machine.ends(held.key.id, key)) {
        return;
    }
    // What the held key did at its second mark, it did before this.
    machine.keys().1.very_long_due(now);
    catch_up(machine, now);
    let keys = machine.keys().1;
    if let Some(held) = keys.held {
        keys.up(now, held, act);
    }
}

impl<M: Machine> Keyed for M {
    fn key_down(&mut self, now: Instant, key: KeyId) {
        let joined = self.joined(key);
        let (model, keys) = self.keys();
        let Some(key) = joined.or_else(|| keys.heard(model, key)) else { return };
        catch_up(self, now);
        self.keys().1.down(now, key);
    }

    fn key_up(&mut self, now: Instant, key: KeyId) {
        release(self, now, key, true);
    }

    fn key_cancel(&mut self, now: Instant, key: KeyId) {
        release(self, now, key, false);
    }
}

/// A key that is down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub key: &'static KeyDef,
    pub since: Instant,
    /// It has acted as a very long press and does nothing more.
    pub spent: bool,
}

/// How long a key was held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Press {
    Short,
    Long,
    VeryLong,
}

impl Press {
    pub const fn is(self, hold: Hold) -> bool {
        matches!((self, hold), (Self::Long, Hold::Long) | (Self::VeryLong, Hold::VeryLong))
    }
}

/// A press to be carried out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act {
    pub at: Instant,
    pub key: KeyId,
    pub press: Press,
}

/// The keys of a panel and its lamps.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub held: Option<Held>,
    /// Presses that have still to be carried out, the oldest first.
    acts: [Option<Act>; 2],
    /// When a key was last touched: idle times and the blinking count from here.
    pub touched: Instant,
    /// When a key was last used since power-up: the backlight counts from here.
    used: Option<Instant>,
    /// When the sign of communication was last lit.
    flash: Option<Instant>,
}

pub(crate) fn at_least_one(span: Duration) -> u64 {
    span.as_micros().max(1)
}

/// How many times `span` has passed since.
pub(crate) fn period(now: Instant, since: Instant, span: Duration) -> u64 {
    now.since(since).as_micros() / at_least_one(span)
}

/// The next multiple of `span` after `now`, counted from `since`.
pub(crate) fn next_period(now: Instant, since: Instant, span: Duration) -> Instant {
    let span = Duration::from_micros(at_least_one(span));
    since + span.times(period(now, since, span).saturating_add(1))
}

impl Keys {
    pub fn new(now: Instant) -> Self {
        Self { held: None, acts: [None; 2], touched: now, used: None, flash: None }
    }

    /// The key of the model that goes down, if it is heard: one key at a time.
    pub fn heard(&self, model: &ModelDef, key: KeyId) -> Option<&'static KeyDef> {
        if self.held.is_some() {
            return None;
        }
        model.keys.iter().find(|def| def.id == key)
    }

    pub fn down(&mut self, now: Instant, key: &'static KeyDef) {
        self.held = Some(Held { key, since: now, spent: false });
        self.touched = now;
        self.used = Some(now);
    }

    /// The held key is up: what it was held for is to be carried out, if it acts and has not done so.
    pub fn up(&mut self, now: Instant, held: Held, act: bool) {
        self.held = None;
        self.touched = now;
        self.used = Some(now);
        if act && !held.spent {
            let long = now.since(held.since) >= held.key.long;
            let press = if long { Press::Long } else { Press::Short };
            self.push(Act { at: now, key: held.key.id, press });
        }
    }

    fn push(&mut self, act: Act) {
        // Nobody presses twice between two polls; who does is not heard.
        if let Some(slot) = self.acts.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some(act);
        }
    }

    /// A key that is held for so long acts at once.
    pub fn very_long_due(&mut self, now: Instant) {
        let Some(held) = self.held.filter(|held| !held.spent) else { return };
        let at = held.since + held.key.very_long;
        if now >= at {
            self.held = Some(Held { spent: true, ..held });
            self.touched = at;
            self.push(Act { at, key: held.key.id, press: Press::VeryLong });
        }
    }

    /// True while a press waits to be carried out.
    pub const fn waits(&self) -> bool {
        matches!(self.acts, [Some(_), _])
    }

    /// The oldest press that waits.
    pub fn take(&mut self) -> Option<Act> {
        let [first, second] = self.acts;
        self.acts = [second, None];
        first
    }

    /// When a held key acts by itself.
    pub fn acts_at(&self) -> Option<Instant> {
        self.held.filter(|held| !held.spent).map(|held| held.since + held.key.very_long)
    }

    // ---- lamps

    /// True in the part of the blink period in which what blinks is seen. A press starts it anew, so that what it
    /// brought is seen at once.
    pub fn blink_on(&self, panel: &PanelDef, now: Instant) -> bool {
        now.since(self.touched).as_micros() % at_least_one(panel.blink) < panel.blink_on.as_micros()
    }

    /// When it next changes.
    pub fn next_blink(&self, panel: &PanelDef, now: Instant) -> Instant {
        let start = self.touched + panel.blink.times(period(now, self.touched, panel.blink));
        let dark = start + panel.blink_on;
        if dark > now { dark } else { next_period(now, self.touched, panel.blink) }
    }

    /// Whether the backlight is on: always, never, or while a key is used and for a while after.
    pub fn backlight(&self, light: &BacklightDef, setting: i32, now: Instant) -> bool {
        setting == light.on
            || setting == light.button
                && (self.held.is_some() || self.used.is_some_and(|used| now < used + light.lit))
    }

    /// When the backlight goes out by itself.
    pub fn dark_at(&self, light: &BacklightDef, setting: i32) -> Option<Instant> {
        let used = self.used.filter(|_| setting == light.button && self.held.is_none());
        used.map(|used| used + light.lit)
    }

    /// The meter has answered on its bus: the sign is lit for a moment, at most three times a second.
    pub fn answered(&mut self, panel: &PanelDef, now: Instant) {
        let dark_again = panel.com_flash.times(2).max(Duration::from_micros(333_334));
        if self.flash.is_none_or(|flash| now >= flash + dark_again) {
            self.flash = Some(now);
        }
    }

    /// True while the sign of an answer is lit.
    pub fn flashes(&self, panel: &PanelDef, now: Instant) -> bool {
        self.flash.is_some_and(|flash| now < flash + panel.com_flash)
    }

    /// When it goes out.
    pub fn flash_ends(&self, panel: &PanelDef) -> Option<Instant> {
        self.flash.map(|flash| flash + panel.com_flash)
    }
}
