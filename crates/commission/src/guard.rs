//! What cannot be undone is found before it is sent, and needs more than a yes: [`Guard`] and [`Consent`].

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use models::Entry;
use schema::{Keep, SettingDef, SettingId, Source};
use units::{Point, StateOf, Tariff};

use crate::bus::{Bus, Fault};
use crate::identify::serial_text;
use crate::names::{self, Row};
use crate::plan::Action;
use crate::read::{self, Found};

/// How many digits of the serial number have to be typed.
pub const TYPED: usize = 4;

/// Why a change is one for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// There is no way back from the value.
    NoWayBack,
    /// That it was chosen once is shown for ever.
    Mark,
    /// It is one of a few changes in the life of a meter.
    Use {
        /// How many there are in all.
        of: u8,
        /// How many are left before this one, where the meter tells.
        left: Option<u8>,
    },
}

/// A change that cannot be undone.
#[derive(Clone, Debug)]
pub struct Lasting {
    /// The setting.
    pub setting: &'static SettingDef,
    /// The value that it would get, in its own unit.
    pub value: i32,
    /// Why it is one for ever.
    pub loss: Loss,
    /// The same in a sentence, with what is left.
    pub text: String,
}

/// The changes among some that cannot be undone, and what has to be typed before they are sent.
#[derive(Clone, Debug)]
pub struct Guard {
    acts: Vec<Lasting>,
    serial: Option<u32>,
}

/// Why there is no consent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsentFault {
    /// What was typed are not the last digits of the serial number.
    OtherDigits,
    /// The meter shows no serial number.
    Nameless,
}

impl fmt::Display for ConsentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherDigits => write!(
                f,
                "these are not the last {TYPED} digits of the serial number of this meter: expected those that are printed \
                 on it"
            ),
            Self::Nameless => f.write_str(
                "the meter shows no serial number, so nobody can say that this is the one that is meant",
            ),
        }
    }
}

impl core::error::Error for ConsentFault {}

/// Somebody has read what cannot be undone and has typed the digits of the meter that it happens to. It holds for these
/// changes of that meter alone, and is made by [`Guard::consent`] only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    serial: u32,
    changes: Vec<(SettingId, i32)>,
}

/// The rows of the map that say how lasting a change of `setting` to `value` is.
fn telling(entry: &'static Entry, setting: &'static SettingDef, value: i32) -> impl Iterator<Item = Row> {
    let marks = setting.choice(value).is_some_and(|choice| choice.keep == Keep::Marked);
    names::rows(entry).filter(move |row| {
        row.of.rule == schema::Rule::Contiguous
            && match row.def.source {
                Source::Setting(id) => id == setting.id,
                Source::Point(Point::State(StateOf::CtChanges | StateOf::HighTariffs)) => true,
                Source::Point(point) => marks && is_high(point),
                _ => false,
            }
    })
}

/// True for an energy of a tariff that only somebody's choice makes count.
const fn is_high(point: Point) -> bool {
    matches!(point, Point::Energy { tariff: Tariff::T3 | Tariff::T4, .. })
}

impl Guard {
    /// Looks for what cannot be undone among `actions`, on the meter of `serial`. `value` gives what is known of it now:
    /// what is not known counts as if the change were the first one.
    #[must_use]
    pub fn new(
        entry: &'static Entry,
        serial: Option<u32>,
        actions: impl Iterator<Item = Action>,
        value: impl Fn(Source) -> Option<i64>,
    ) -> Self {
        let mut acts = Vec::new();
        for action in actions {
            if let Action::Set { setting, value: wanted } = action
                && let Some(loss) = loss(entry, setting, wanted, &value)
            {
                let text = sentence(entry, setting, wanted, loss);
                acts.push(Lasting { setting, value: wanted, loss, text });
            }
        }
        Self { acts, serial }
    }

    /// The same, asking the meter for what decides. Nothing is asked where no change lasts.
    ///
    /// # Errors
    /// [`Fault::Port`] where the port goes meanwhile; what a meter does not tell counts as not known.
    pub async fn read<B: Bus>(
        bus: &mut B,
        entry: &'static Entry,
        serial: Option<u32>,
        actions: &[Action],
    ) -> Result<Self, Fault> {
        let mut rows: Vec<Row> = Vec::new();
        for action in actions {
            if let Action::Set { setting, value } = *action
                && setting.is_lasting(value)
            {
                for row in telling(entry, setting, value) {
                    if !rows.iter().any(|other| other.def.addr == row.def.addr) {
                        rows.push(row);
                    }
                }
            }
        }
        if let Some(row) = rows.iter().find_map(|row| names::form_row(entry, row.def)) {
            rows.push(row);
        }
        rows.sort_unstable_by_key(|row| row.def.addr);
        let spans = read::spans(entry, &rows);
        let (found, _) = read::read_rows(bus, &rows, spans, &mut |_| {}).await?;
        Ok(Self::new(entry, serial, actions.iter().copied(), |source| known(entry, &rows, &found, source)))
    }

    /// The changes that cannot be undone.
    #[must_use]
    pub fn acts(&self) -> &[Lasting] {
        &self.acts
    }

    /// True where a consent is needed.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        !self.acts.is_empty()
    }

    /// What has to be typed, in words; what it would be is not said.
    #[must_use]
    pub fn question(&self) -> String {
        let them = if self.acts.len() == 1 { "this" } else { "all of this" };
        format!("Type the last {TYPED} digits of the meter's serial number to do {them}.")
    }

    /// A consent, where `typed` are the last digits of the serial number.
    ///
    /// # Errors
    /// [`ConsentFault`].
    pub fn consent(&self, typed: &str) -> Result<Consent, ConsentFault> {
        let serial = self.serial.ok_or(ConsentFault::Nameless)?;
        let digits = serial_text(serial);
        let last = digits.get(digits.len().saturating_sub(TYPED)..).unwrap_or_default();
        if typed.trim() != last {
            return Err(ConsentFault::OtherDigits);
        }
        Ok(Consent { serial, changes: self.acts.iter().map(|act| (act.setting.id, act.value)).collect() })
    }

    /// True where nothing needs a consent, or this one was given for all of it.
    #[must_use]
    pub fn is_satisfied(&self, consent: Option<&Consent>) -> bool {
        self.acts.iter().all(|act| {
            consent.is_some_and(|consent| {
                Some(consent.serial) == self.serial && consent.changes.contains(&(act.setting.id, act.value))
            })
        })
    }
}

fn known(entry: &'static Entry, rows: &[Row], found: &Found, source: Source) -> Option<i64> {
    let row = rows.iter().find(|row| row.def.source == source)?;
    let form =
        read::data_type_in(entry, rows.iter().filter_map(|row| Some((*row, found.get(row.def.addr)?))));
    names::decode_in(entry, row.def, found.get(row.def.addr)?, form).ok()
}

fn loss(
    entry: &'static Entry,
    setting: &'static SettingDef,
    wanted: i32,
    value: &impl Fn(Source) -> Option<i64>,
) -> Option<Loss> {
    if !setting.is_lasting(wanted) {
        return None;
    }
    let now = value(Source::Setting(setting.id));
    if now == Some(i64::from(wanted)) {
        return None;
    }
    let keep = setting.choice(wanted).map(|choice| choice.keep);
    if keep == Some(Keep::Final) {
        return Some(Loss::NoWayBack);
    }
    if keep == Some(Keep::Marked) {
        let of_now = now.and_then(|now| i32::try_from(now).ok()).and_then(|now| setting.choice(now));
        let marked = of_now.is_some_and(|choice| choice.keep == Keep::Marked)
            || telling(entry, setting, wanted)
                .filter(|row| !matches!(row.def.source, Source::Setting(_)))
                .any(|row| value(row.def.source).is_some_and(|value| value != 0));
        return (!marked).then_some(Loss::Mark);
    }
    let of = entry.def.metering.ct.filter(|ct| ct.setting == setting.id).map_or(0, |ct| ct.changes);
    let used = value(Source::Point(Point::State(StateOf::CtChanges)));
    let left = used.and_then(|used| u8::try_from(used).ok()).map(|used| of.saturating_sub(used));
    Some(Loss::Use { of, left })
}

fn sentence(entry: &'static Entry, setting: &'static SettingDef, value: i32, loss: Loss) -> String {
    let label = names::setting_label(entry, setting.id);
    let wanted = format!("{label} {}", setting.text(value));
    match loss {
        Loss::NoWayBack => format!("{wanted}: from it there is no way back to another value, ever."),
        Loss::Mark => format!(
            "{wanted}: the display shows the energies of the higher tariffs for ever after the first choice of one. The meter \
             has none of them yet; this first choice cannot be taken back."
        ),
        Loss::Use { of, left } => {
            let left = match left {
                Some(0) => "none of them is left: the meter will refuse it".to_string(),
                Some(1) => "this is the last one".to_string(),
                Some(left) => format!("{left} are left, {} after this", left - 1),
                None => "how many are left no register tells; the history on the meter's display has a page for each that \
                         was used"
                    .to_string(),
            };
            format!(
                "{wanted}: it uses up one of {of} changes in the life of the meter, and {left}. The old value and the \
                 energies counted with it go into the history."
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first model with current transformers.
    fn entry() -> &'static Entry {
        models::ALL.iter().find(|entry| entry.def.metering.ct.is_some()).unwrap()
    }

    fn action(key: &str, value: &str) -> Action {
        let setting = names::setting(entry(), SettingId::from_key(key).unwrap()).unwrap();
        Action::Set { setting, value: setting.parse(value).unwrap() }
    }

    fn losses(actions: &[Action], known: &[(Source, i64)]) -> Vec<Loss> {
        let value = |source| known.iter().find(|(own, _)| *own == source).map(|(_, value)| *value);
        let guard = Guard::new(entry(), Some(22_070_003), actions.iter().copied(), value);
        guard.acts().iter().map(|act| act.loss).collect()
    }

    #[test]
    fn what_lasts_is_found_and_nothing_else() {
        let all = [
            action("scroll-time", "7"),
            action("combination-code", "4"),
            action("combination-code", "5"),
            action("tariff", "2"),
            action("tariff", "4"),
            action("ct-ratio", "500/5"),
        ];
        assert_eq!(losses(&all, &[]), [Loss::NoWayBack, Loss::Mark, Loss::Use { of: 7, left: None }]);
        let code = Source::Setting(SettingId::CombinationCode);
        assert_eq!(losses(&all[2..3], &[(code, 5)]), [], "it has it already");
        let tariff = Source::Setting(SettingId::Tariff);
        assert_eq!(losses(&all[4..5], &[(tariff, 1)]), [Loss::Mark]);
        assert_eq!(losses(&all[4..5], &[(tariff, 3)]), [], "a higher one counts now");
        let counted = Source::Point(Point::active(units::Flow::Forward, Tariff::T3));
        assert_eq!(losses(&all[4..5], &[(tariff, 1), (counted, 12)]), [], "one has counted before");
        assert_eq!(losses(&all[4..5], &[(tariff, 1), (counted, 0)]), [Loss::Mark]);
        let used = Source::Point(Point::State(StateOf::CtChanges));
        assert_eq!(losses(&all[5..], &[(used, 4)]), [Loss::Use { of: 7, left: Some(3) }]);
        assert_eq!(losses(&all[5..], &[(Source::Setting(SettingId::CtRatio), 5_005)]), []);
    }

    #[test]
    fn sentences_say_what_is_lost_and_what_is_left() {
        let text =
            |left| sentence(entry(), names::setting(entry(), SettingId::CtRatio).unwrap(), 5_005, left);
        assert!(
            text(Loss::Use { of: 7, left: Some(1) })
                .contains("one of 7 changes in the life of the meter, and this is the last one.")
        );
        assert!(text(Loss::Use { of: 7, left: Some(3) }).contains("3 are left, 2 after this"));
        assert!(text(Loss::Use { of: 7, left: Some(0) }).contains("the meter will refuse it"));
        assert!(text(Loss::Use { of: 7, left: None }).contains("no register tells"));
        assert_eq!(
            sentence(
                entry(),
                names::setting(entry(), SettingId::CombinationCode).unwrap(),
                5,
                Loss::NoWayBack
            ),
            "Combination code 5: from it there is no way back to another value, ever."
        );
    }

    #[test]
    fn a_consent_is_for_one_meter_and_for_what_was_read() {
        let of = |serial, value| {
            Guard::new(entry(), serial, [action("combination-code", value)].into_iter(), |_| None)
        };
        let guard = of(Some(22_070_003), "5");
        assert!(guard.is_needed() && !guard.is_satisfied(None));
        for wrong in ["", "3", "003", "0004", "22070003", "yes"] {
            assert_eq!(guard.consent(wrong), Err(ConsentFault::OtherDigits), "{wrong}");
        }
        let consent = guard.consent(" 0003 ").unwrap();
        assert!(guard.is_satisfied(Some(&consent)));
        assert!(!of(Some(22_070_004), "5").is_satisfied(Some(&consent)), "another meter");
        let other = Guard::new(entry(), Some(22_070_003), [action("tariff", "3")].into_iter(), |_| None);
        assert!(!other.is_satisfied(Some(&consent)), "something else");
        assert_eq!(of(None, "5").consent("0003"), Err(ConsentFault::Nameless));
        let harmless = of(Some(1), "4");
        assert!(!harmless.is_needed() && harmless.is_satisfied(None));
    }
}
