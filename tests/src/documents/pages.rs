//! The chapter on pages: list by list, what stands there and what each press does.

use std::fmt::Write as _;

use schema::{
    CommandId, Edit, FieldDef, Format, Gate, Hold, MenuId, ModelDef, ModelSources, Note, PageDef, PairDef,
    Scroll, Source,
};

use super::words;

type Row = (&'static PageDef, &'static Note);

fn glyphs(def: &ModelDef, field: &FieldDef) -> String {
    let choices = match field.source {
        Source::Setting(id) => def.setting(id).map(|(_, setting)| setting.kind),
        _ => None,
    };
    let values: Vec<String> = match (field.format, choices) {
        (Format::Counter, _) if def.glass.segments().is_some_and(|glass| glass.cells.len() >= 8) => {
            vec!["999999.99".into()]
        }
        (Format::Counter, _) => vec!["9999.99".into(), "99999.9".into(), "999999".into()],
        (Format::Fixed(0), _) => vec!["0".into()],
        (Format::Fixed(decimals), _) => vec![format!("0.{:0>width$}", 0, width = usize::from(decimals))],
        (Format::Digits(count), _) => vec!["0".repeat(usize::from(count))],
        (Format::HalfDecimal { .. }, _) => vec!["0000".into()],
        (Format::HalfHex { .. }, _) => vec!["0d01".into()],
        (Format::Word | Format::Number, Some(schema::Kind::OneOf(choices))) => choices
            .iter()
            .map(|choice| choice.glyphs.to_string())
            .filter(|glyphs| !glyphs.is_empty())
            .collect(),
        (Format::Word | Format::Number, _) => vec!["0".into()],
        (Format::Direction, _) => vec!["FW".into(), "RV".into()],
        (Format::Directions, _) => vec!["1r 2F 3F".into()],
        (Format::Hex, _) => vec!["0d012d35".into()],
        (Format::Status, _) => vec!["11 100".into()],
    };
    let prefix = if field.prefix.is_empty() { String::new() } else { format!("`{}` ", field.prefix) };
    let half = match field.format {
        Format::HalfDecimal { upper: true } | Format::HalfHex { upper: true } => " (upper four digits)",
        Format::HalfDecimal { upper: false } | Format::HalfHex { upper: false } => " (lower four digits)",
        _ => "",
    };
    let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    format!("{prefix}{}{half}", values.join(" "))
}

fn value(def: &ModelDef, page: &PageDef) -> String {
    if page.fields.is_empty() {
        return "–".into();
    }
    page.fields.iter().map(|field| glyphs(def, field)).collect::<Vec<_>>().join(", then ")
}

fn hold(hold: Hold) -> &'static str {
    match hold {
        Hold::Long => "long",
        Hold::VeryLong => "very long",
    }
}

/// What a press of this length does, or nothing.
fn press(page: &PageDef, rows: &[Row], length: Hold) -> String {
    let opener = rows.iter().find(|(other, _)| other.opens.is_some_and(|(menu, _)| menu == page.menu));
    match (page.edit, length) {
        (Edit::Reset { enter, confirm, command }, _) if enter == length => {
            let what = match command {
                CommandId::ResetTrip | CommandId::ResetPowerDowns => "sets it to 0",
            };
            return format!("value blinks; then {} {what}", hold(confirm));
        }
        (Edit::Step(_), Hold::VeryLong) => return "value blinks; short next value, long stores".into(),
        (Edit::Digits(..), Hold::VeryLong) => {
            return "first digit blinks; short next digit value, long takes it".into();
        }
        _ => {}
    }
    match (length, page.opens, page.scroll) {
        (Hold::Long, Some((menu, gate)), _) => {
            let behind =
                format!("opens the list of {} pages", rows.iter().filter(|(it, _)| it.menu == menu).count());
            match gate {
                Gate::Open => behind,
                Gate::Password(_) => format!("asks for the password, then {behind}"),
            }
        }
        (Hold::VeryLong, _, Scroll::Optional) => "in or out of the automatic scroll".into(),
        (Hold::Long, None, _) => {
            opener.map_or_else(|| "–".into(), |(_, note)| format!("back to {}", note.label))
        }
        _ => "–".into(),
    }
}

fn table(out: &mut String, def: &ModelDef, rows: &[Row], menu: MenuId) {
    out.push_str("| Key | Page | Label | Value | Dots | Long press | Very long press | Automatic scroll | Remark | Source |\n");
    out.push_str("|--|--|--|--|--|--|--|--|--|--|\n");
    for (page, note) in rows.iter().filter(|(page, _)| page.menu == menu) {
        let label = if page.label.is_empty() { "–".into() } else { format!("`{}`", page.label) };
        let marks: Vec<&str> = page.marks.iter().map(|dot| words::dot(*dot)).collect();
        let scroll = match page.scroll {
            Scroll::Always => "always",
            Scroll::Optional => "when added",
            Scroll::Never => "never",
        };
        let _ = writeln!(
            out,
            "| `{}` | {} | {label} | {} | {} | {} | {} | {scroll} | {} | {} |",
            note.key,
            note.label,
            value(def, page),
            words::or_dash(&marks.join(", ")),
            press(page, rows, Hold::Long),
            press(page, rows, Hold::VeryLong),
            note.doc,
            words::source(note),
        );
    }
    out.push('\n');
}

/// The pages of a meter whose two keys step through one list.
fn with_two_keys(out: &mut String, def: &ModelDef, rows: &[Row], pair: PairDef) {
    let _ = writeln!(
        out,
        "## Pages\n\nKey {} goes to the page before, key {} to the next one; the list wraps. Where a setting is shown, both keys \
         held ({}) make its value blink and then store it; meanwhile the keys step through the values. A change that is left \
         alone is {}. Label first, then value; glyphs behind a prefix stand on one line with it. Pages that do not always \
         scroll are put in the scroll by the maker's infrared program only.\n\n\
         | Key | Page | Label | Value | Signs | Keys held | Automatic scroll | Remark | Source |\n|--|--|--|--|--|--|--|--|--|",
        pair.back.0,
        pair.on.0,
        pair.both.0,
        if pair.idle_stores { "stored" } else { "dropped" },
    );
    for (page, note) in rows {
        let label = if page.label.is_empty() { "–".into() } else { format!("`{}`", page.label) };
        let marks: Vec<&str> = page.marks.iter().map(|dot| words::dot(*dot)).collect();
        let held = match page.edit {
            Edit::None => "–",
            Edit::Step(_) | Edit::Digits(..) => "both: change it",
            Edit::Reset { .. } => "right: sets it to 0",
        };
        let scroll = if page.scroll == Scroll::Always { "always" } else { "when added" };
        let _ = writeln!(
            out,
            "| `{}` | {} | {label} | {} | {} | {held} | {scroll} | {} | {} |",
            note.key,
            note.label,
            value(def, page),
            words::or_dash(&marks.join(", ")),
            note.doc,
            words::source(note),
        );
    }
    out.push('\n');
}

pub fn write(out: &mut String, def: &ModelDef, notes: &ModelSources) {
    let rows: Vec<Row> =
        def.all_pages().map(|(_, page)| page).zip(notes.pages.iter().copied().flatten()).collect();
    if rows.is_empty() {
        return;
    }
    if let Some(pair) = def.panel.pair {
        return with_two_keys(out, def, &rows, pair);
    }
    out.push_str(
        "## Pages\n\nA short press goes to the next page; in the main list it wraps, after the last page of another \
         list it goes back to the page that opened it. Label first, then value; glyphs behind a prefix stand on one \
         line with it.\n\n### Main list\n\n",
    );
    table(out, def, &rows, MenuId::MAIN);
    for (page, note) in &rows {
        if let Some((menu, _)) = page.opens {
            let _ = writeln!(out, "### Behind {}\n", note.label);
            table(out, def, &rows, menu);
        }
    }
}
