//! What a meter's display has to show, page by page, without anybody at its keys.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use lcd::{Mono, SegmentFrame};
use panel::{MAX_FIELDS, Marks, Mode, PageView, Screen, Shown};
use schema::{
    GlassDef, KeyId, MatrixDef, MenuEdit, MenuId, PageDef, PageId, SegmentGlass, SettingId, Source,
};
use units::{Duration, Instant};

use crate::{Twin, page_note, say, say_matrix};

/// How long a key is touched, and what passes behind it.
const TOUCH: Duration = Duration::from_millis(100);
/// No face has more screens than this.
const MOST: usize = 200;

/// A page of a display as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageText {
    /// Its key; empty for a screen of a dot matrix, which has none.
    pub key: &'static str,
    /// Its sentence: what it is of, and its value.
    pub sentence: String,
    /// What stands on the glass, as text art.
    pub art: String,
    /// The segments that are on; none on a dot matrix.
    pub on: u128,
}

/// A page of a glass of digits with the values of the meter as it is now. A value that is kept secret reads zero.
#[must_use]
pub fn page_view(twin: &Twin, page: PageId) -> PageView {
    let def = twin.entry().def.page(page);
    let mut fields = [None; MAX_FIELDS];
    for (place, field) in fields.iter_mut().zip(def.map_or(&[][..], |def| def.fields)) {
        *place = Some(Shown { source: field.source, value: twin.device().works().source(field.source) });
    }
    let marks = def.map_or(Marks::default(), |def| panel::marks_of(def, &fields));
    PageView {
        page,
        menu: def.map_or(MenuId::MAIN, |def| def.menu),
        mode: Mode::Browse,
        screen: if fields.iter().any(Option::is_some) { Screen::Field(0) } else { Screen::Label },
        fields,
        marks,
    }
}

/// Every page of a glass of digits; of a dot matrix every reading, for which its keys are touched from `now` on.
#[must_use]
pub fn pages(twin: &mut Twin, now: Instant) -> Vec<PageText> {
    let entry = twin.entry();
    match (&entry.def.glass, entry.def.matrix) {
        (GlassDef::Segments(glass), _) => {
            entry.def.all_pages().map(|(id, _)| page_text(twin, id, glass)).collect()
        }
        (GlassDef::Matrix(_), Some(matrix)) => walk(twin, matrix, now),
        (GlassDef::Matrix(_), None) => Vec::new(),
    }
}

/// Where the display shows a source: its page of a glass of digits; the row of its menu, without a picture, on a dot
/// matrix. `None` where no page and no row does.
#[must_use]
pub fn page_of(twin: &Twin, source: Source) -> Option<PageText> {
    let entry = twin.entry();
    if let Some(matrix) = entry.def.matrix {
        let Source::Setting(id) = source else { return None };
        let (_, setting) = entry.def.setting(id)?;
        let item = matrix.menu.iter().find(|item| edits(item.edit) == Some(id))?;
        let value = twin.device().setting(id).filter(|_| !setting.secret)?;
        let unit = setting.unit.symbol();
        let blank = if unit.is_empty() { "" } else { " " };
        let sentence = format!("{}, {}{blank}{unit}", item.label, setting.text(value));
        return Some(PageText { key: "", sentence, art: String::new(), on: 0 });
    }
    let shows = |page: &PageDef| page.fields.iter().any(|field| field.source == source);
    let (id, _) = entry.def.all_pages().find(|(_, page)| shows(page))?;
    let GlassDef::Segments(glass) = &entry.def.glass else { return None };
    Some(page_text(twin, id, glass))
}

const fn edits(edit: MenuEdit) -> Option<SettingId> {
    match edit {
        MenuEdit::Choice(id) | MenuEdit::Digits(id, _) | MenuEdit::Ratio(id) => Some(id),
        MenuEdit::Reset { .. } => None,
    }
}

fn page_text(twin: &Twin, id: PageId, glass: &SegmentGlass) -> PageText {
    let entry = twin.entry();
    let view = page_view(twin, id);
    let frame = panel::draw(entry.def, &view).unwrap_or_else(|(frame, _)| frame);
    PageText {
        key: page_note(entry, id).map_or("", |note| note.key),
        sentence: say(entry, &view),
        art: lcd::art(glass, frame.on).to_string(),
        on: frame.on,
    }
}

/// What stands on the glass now, dot by dot or segment by segment, as text art.
#[must_use]
pub fn glass_text(twin: &Twin, now: Instant) -> String {
    match &twin.entry().def.glass {
        GlassDef::Segments(glass) => {
            let view = twin.device().view(now);
            let frame = view.map_or_else(SegmentFrame::default, |view| {
                panel::draw(twin.entry().def, &view).unwrap_or_else(|(frame, _)| frame)
            });
            lcd::art(glass, frame.on).to_string()
        }
        GlassDef::Matrix(glass) => {
            let mut bits = vec![0; Mono::bytes(glass.width, glass.height)];
            let Some(mut mono) = Mono::new(glass.width, glass.height, &mut bits) else {
                return String::new();
            };
            if let Some(view) = twin.device().matrix_view(now) {
                // A test paints every text of every model: here what does not fit is only cut off.
                let _ = panel::matrix::paint(&view, &mut mono);
            }
            mono.to_string()
        }
    }
}

/// Touches a key, and lets the touch pass.
fn touch(twin: &mut Twin, now: &mut Instant, key: KeyId) {
    twin.device_mut().key_down(*now, key);
    *now += TOUCH;
    twin.device_mut().key_up(*now, key);
    *now += TOUCH;
    twin.poll(*now, Duration::ZERO);
}

/// The readings of each page of the third part of the face: the middle key goes through those of a page, the right one
/// to the next page, until one comes again.
fn walk(twin: &mut Twin, matrix: &MatrixDef, mut now: Instant) -> Vec<PageText> {
    let mut seen: Vec<PageText> = Vec::new();
    let look = |twin: &Twin, now: Instant| {
        let sentence = twin.device().matrix_view(now).map_or_else(String::new, |view| say_matrix(&view));
        PageText { key: "", sentence, art: glass_text(twin, now), on: 0 }
    };
    touch(twin, &mut now, matrix.keys.right);
    loop {
        let before = seen.len();
        loop {
            let page = look(twin, now);
            if seen.len() >= MOST || seen.iter().any(|other| other.sentence == page.sentence) {
                break;
            }
            seen.push(page);
            touch(twin, &mut now, matrix.keys.middle);
        }
        if seen.len() == before || seen.len() >= MOST {
            return seen;
        }
        touch(twin, &mut now, matrix.keys.right);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_has_pages_and_all_of_them_differ() {
        for entry in models::ALL {
            let mut twin = Twin::new(entry, None, Instant::ZERO);
            let pages = pages(&mut twin, Instant::from_millis(1_000));
            assert!(pages.len() > 10, "{}: {}", entry.def.slug, pages.len());
            assert!(pages.iter().all(|page| !page.sentence.is_empty() && !page.art.is_empty()));
        }
    }
}
