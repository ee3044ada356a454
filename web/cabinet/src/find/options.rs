//! Where a search looks and how patiently: what may be left as it is.

use commission::find::{FindSettings, MbusScope, SearchScope};
use dom::parts::{boxed, check, number_field, wrong_text};
use dom::signal::Sig;
use dom::{El, el, typed};
use units::Duration;

use super::mbus::in_their_order;
use crate::cabinet::Spoken;
use crate::timing::{FORMATS, pick};

/// How long is listened before anything is sent.
const LISTEN: Duration = Duration::from_secs(3);
/// What a slow device may take before it answers.
const SLOW: Duration = Duration::from_millis(300);

/// What somebody has chosen.
#[derive(Clone, Copy)]
pub struct Options {
    spoken: Sig<Spoken>,
    /// Ids as they were typed; empty for all.
    ids: Sig<String>,
    wrong: Sig<Option<String>>,
    /// One speed in Bd; all where there is none.
    speed: Sig<Option<u32>>,
    /// The number of a format; all where there is none.
    format: Sig<Option<usize>>,
    thorough: Sig<bool>,
    listen: Sig<bool>,
    slow: Sig<bool>,
    letters: Sig<bool>,
}

/// A list of choices with one for all of them in front.
fn one_or_all<T: Copy + PartialEq + 'static>(
    label: &str,
    all: &'static str,
    choices: impl Fn() -> Vec<(T, String)> + Clone + 'static,
    chosen: Sig<Option<T>>,
) -> El {
    let (words, place, set) = (choices.clone(), choices.clone(), choices);
    pick(
        label,
        move || core::iter::once(all.to_owned()).chain(words().into_iter().map(|(_, word)| word)).collect(),
        move || {
            let at = chosen.get().and_then(|own| place().iter().position(|(it, _)| *it == own));
            at.map_or(0, |at| at + 1)
        },
        move |place| {
            let at = place.checked_sub(1);
            chosen.set(at.and_then(|at| set().get(at).map(|(it, _)| *it)));
        },
    )
}

impl Options {
    /// Everything, without listening.
    pub fn new(spoken: Sig<Spoken>) -> Self {
        Self {
            spoken,
            ids: Sig::default(),
            wrong: Sig::default(),
            speed: Sig::default(),
            format: Sig::default(),
            thorough: Sig::new(false),
            listen: Sig::new(false),
            slow: Sig::new(false),
            letters: Sig::new(false),
        }
    }

    fn speeds(self) -> Vec<u32> {
        let mut speeds = match self.spoken.get() {
            Spoken::Modbus => SearchScope::default().speeds,
            Spoken::Mbus => MbusScope::default().speeds,
        };
        speeds.sort_unstable();
        speeds
    }

    /// The disclosure.
    pub fn element(self) -> El {
        let (ids, wrong, spoken) = (self.ids, self.wrong, self.spoken);
        let field = number_field("Ids", wrong).attr("placeholder", "1-247").value(move || ids.get()).on(
            "change",
            move |event| {
                let text = typed(&event).trim().to_owned();
                wrong.set(match text.as_str() {
                    "" => None,
                    text => SearchScope::parse_ids(text).err().map(|why| format!("{why}.")),
                });
                ids.set(text);
            },
        );
        let of_modbus = move || spoken.get() != Spoken::Modbus;
        let of_mbus = move || spoken.get() != Spoken::Mbus;
        let all_speeds = move || self.speeds().into_iter().map(|baud| (baud, format!("{baud} Bd"))).collect();
        let formats = || FORMATS.iter().enumerate().map(|(at, (_, word))| (at, (*word).to_owned())).collect();
        let switch =
            |word: &'static str, value: Sig<bool>| check(word, value.reader(), move |on| value.set(on));
        let summary = el("span", "small").says(move || self.text());
        el("details", "polled").add(el("summary", "").text("Where to look: ").add(summary)).all(vec![
            el("div", "fields").all(vec![
                one_or_all("Speed", "All speeds", all_speeds, self.speed),
                one_or_all("Format", "All formats", formats, self.format).flag_if("hidden", of_modbus),
                el("label", "field")
                    .flag_if("hidden", of_modbus)
                    .add(el("span", "").text("Ids"))
                    .add(el("span", "two").add(boxed(field, "", wrong)))
                    .add(wrong_text(wrong)),
            ]),
            el("div", "switches").all(vec![
                switch("Listen first, for 3 s", self.listen).flag_if("hidden", of_modbus),
                switch("Wait longer, for slow devices", self.slow).flag_if("hidden", of_modbus),
                switch("Also numbers with letters", self.letters).flag_if("hidden", of_mbus),
                switch("Thorough", self.thorough).flag_if("hidden", of_modbus),
            ]),
        ])
    }

    /// What is chosen, in words.
    fn text(self) -> String {
        let speed = self.speed.get().map_or("all speeds".to_owned(), |baud| format!("{baud} Bd"));
        if self.spoken.get() == Spoken::Mbus {
            return format!("{speed}, by number and by address");
        }
        let format = self.format.get().and_then(|at| FORMATS.get(at));
        let format = format.map_or("all formats", |(_, word)| word);
        let ids =
            self.ids.with(|ids| if ids.is_empty() { "all ids".to_owned() } else { format!("ids {ids}") });
        format!("{speed}, {format}, {ids}")
    }

    /// For a Modbus; `None` where something typed is wrong, which is said beside it.
    pub fn modbus(self) -> Option<(SearchScope, FindSettings)> {
        let mut scope = SearchScope::default();
        if let Some(baud) = self.speed.get_untracked() {
            scope.speeds = Vec::from([baud]);
        }
        if let Some((parity, _)) = self.format.get_untracked().and_then(|at| FORMATS.get(at)) {
            scope.formats = Vec::from([*parity]);
        }
        let ids = self.ids.get_untracked();
        if !ids.is_empty() {
            scope.ids = SearchScope::parse_ids(&ids).ok()?;
            // Who asks for some ids does not ask for all.
            scope.anyone = false;
        }
        scope.shared = !self.thorough.get_untracked();
        let mut settings = FindSettings::default();
        if self.slow.get_untracked() {
            settings.answer = SLOW;
        }
        settings.listen = self.listen.get_untracked().then_some(LISTEN);
        Some((scope, settings))
    }

    /// For an M-Bus: what is searched one after the other.
    pub fn mbus(self) -> Option<Vec<MbusScope>> {
        let mut scope = MbusScope { letters: self.letters.get_untracked(), ..MbusScope::default() };
        if let Some(baud) = self.speed.get_untracked() {
            scope.speeds = Vec::from([baud]);
        }
        Some(in_their_order(scope))
    }
}
