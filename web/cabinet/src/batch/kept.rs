//! What is kept of a batch in local storage: the list, its profiles, and the journal of what is certain.

use std::collections::BTreeMap;

use commission::JournalFault;
use commission::batch::Over;
use commission::record::{Lines, LinesJournal};
use dom::store;

const LIST: &str = "metertwin.batch.list";
const PROFILES: &str = "metertwin.batch.profiles";
const JOURNAL: &str = "metertwin.batch.journal";
const BUS: &str = "metertwin.batch.bus";

/// What stands between two profiles, and between the name of one and its text: no text of JSON has it outside of strings,
/// where it would be escaped.
const PART: char = '\u{1}';

/// The lines of the journal.
pub struct BatchLines;

impl Lines for BatchLines {
    async fn add(&mut self, line: &str) -> Result<(), JournalFault> {
        let text = journal();
        store::keep(JOURNAL, &format!("{text}{line}\n")).map_err(JournalFault)
    }
}

/// The list, empty where there is none.
pub fn list() -> String {
    store::local(LIST).unwrap_or_default()
}

/// The profiles by their names.
pub fn profiles() -> BTreeMap<String, String> {
    let text = store::local(PROFILES).unwrap_or_default();
    let mut parts = text.split(PART);
    let mut all = BTreeMap::new();
    while let (Some(name), Some(profile)) = (parts.next(), parts.next()) {
        all.insert(name.to_owned(), profile.to_owned());
    }
    all
}

/// What is certain.
pub fn journal() -> String {
    store::local(JOURNAL).unwrap_or_default()
}

/// The bus that the batch goes over; a Modbus where none was kept.
pub fn over() -> Over {
    if store::local(BUS).as_deref() == Some("mbus") { Over::Mbus } else { Over::Modbus }
}

/// Keeps the list with its profiles. A browser that has no room for them has them until the page is closed.
pub fn keep(list: &str, profiles: &BTreeMap<String, String>, over: Over) {
    store::set_local(BUS, (over == Over::Mbus).then_some("mbus"));
    let text: Vec<String> = profiles.iter().map(|(name, text)| format!("{name}{PART}{text}")).collect();
    store::set_local(LIST, Some(list));
    store::set_local(PROFILES, Some(&text.join(&PART.to_string())));
}

/// A run begins or goes on.
///
/// # Errors
/// Nothing can be written down.
pub async fn begin() -> Result<LinesJournal<BatchLines>, JournalFault> {
    let time = String::from(js_sys::Date::new_0().to_iso_string());
    LinesJournal::begin(BatchLines, journal().is_empty(), &format!("{time} metertwin page")).await
}

/// Drops all of it.
pub fn forget() {
    for key in [LIST, PROFILES, JOURNAL, BUS] {
        store::set_local(key, None);
    }
}
