//! The journal of writing in local storage: what was certain outlives a crash of the page. All panels write the same one.

use crate::store;
use commission::{Journal, JournalEntry, JournalFault};

/// Where it stands, and how many lines of it are kept.
const JOURNAL: &str = "metertwin.journal";
const LINES: usize = 100;

/// It.
pub struct LocalJournal;

impl Journal for LocalJournal {
    async fn record(&mut self, entry: &JournalEntry) -> Result<(), JournalFault> {
        let before = store::local(JOURNAL).unwrap_or_default();
        let skip = before.lines().count().saturating_sub(LINES - 1);
        let mut text: String = before.lines().skip(skip).map(|line| format!("{line}\n")).collect();
        text.push_str(&format!("{entry}\n"));
        store::set_local(JOURNAL, Some(&text));
        Ok(())
    }
}
