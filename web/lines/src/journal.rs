//! The journal of writing in local storage: what was certain outlives a crash of the page. The page writes the same one.

use commission::{Journal, JournalEntry, JournalFault};
use leptos::prelude::window;

/// Where it stands, and how many lines of it are kept.
const JOURNAL: &str = "metertwin.journal";
const LINES: usize = 100;

/// It.
pub struct LocalJournal;

impl Journal for LocalJournal {
    async fn record(&mut self, entry: &JournalEntry) -> Result<(), JournalFault> {
        // A browser that keeps nothing has no journal, and what is written is proven all the same.
        let Ok(Some(storage)) = window().local_storage() else { return Ok(()) };
        let before = storage.get_item(JOURNAL).ok().flatten().unwrap_or_default();
        let skip = before.lines().count().saturating_sub(LINES - 1);
        let mut text: String = before.lines().skip(skip).map(|line| format!("{line}\n")).collect();
        text.push_str(&format!("{entry}\n"));
        let _ = storage.set_item(JOURNAL, &text);
        Ok(())
    }
}
