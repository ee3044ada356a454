//! Numbers read off a glass of digits, as somebody reads them who looks at it.

use lcd::glyphs;
use panel::{MAX_FIELDS, Marks, Mode, PageView, Screen, Shown, draw};
use rig::Twin;
use schema::{Format, PageDef, PageId, Source};

/// What stands on a page of a glass of digits that shows a counter or a reading, glyph by glyph and without blanks:
/// `1234.56`, or `------` where no place is left for the minus. `None` for every other page.
pub fn number_on(twin: &Twin, id: PageId, page: &PageDef) -> Option<(Source, String)> {
    let field = page.fields.first()?;
    if !matches!((field.source, field.format), (Source::Point(_), Format::Counter | Format::Fixed(_))) {
        return None;
    }
    let mut fields = [None; MAX_FIELDS];
    fields[0] = Some(Shown { source: field.source, value: twin.device().works().source(field.source) });
    let view = PageView {
        page: id,
        menu: page.menu,
        mode: Mode::Browse,
        screen: Screen::Field(0),
        fields,
        marks: Marks::default(),
    };
    let model = twin.entry().def;
    let glass = model.glass.segments()?;
    let frame = draw(model, &view).expect("a text that the glass shows");
    Some((field.source, glyphs(&frame, glass).to_string().split_whitespace().collect()))
}
