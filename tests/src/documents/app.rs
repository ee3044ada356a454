//! The radio, and the maker's app that speaks over it.

use std::fmt::Write as _;

use schema::{AppDef, AppEdit, AppSettingDef, Kind, ModelDef, Rule, Source};

use super::{rows, time, words};

/// The chapter on the radio; nothing for a meter without one.
pub fn radio(out: &mut String, def: &ModelDef) {
    let Some(radio) = def.radio() else { return };
    let _ = writeln!(
        out,
        "## {}\n\nWhole frames of Modbus RTU over the register map below, while it is on. It is emulated: no radio waves leave \
         this program. What it does is assumed throughout; the reasons are in [assumptions.md](assumptions.md).\n",
        radio.title
    );
    let lock = radio.lock.map_or("no password".to_string(), |addr| {
        format!(
            "after the digits of `{}` were written to {addr:04X}h with function 16, until it goes off or the connection ends",
            def.matrix.map_or("", |face| face.password.key())
        )
    });
    rows(
        out,
        &[
            ("Switched on", "at the keys; nothing is answered before".to_string()),
            ("Goes off", format!("{} after it was switched on or last answered", time(radio.open))),
            ("Name, QR code", format!("`{}` and the twelve digits of the serial number", radio.prefix)),
            ("Frames leave in packets of", format!("{} bytes", radio.packet)),
            ("An unfinished frame is given up after", time(radio.gap)),
            ("Answers after", time(radio.reply_delay)),
            ("Answers", "the meter's Modbus address".to_string()),
            ("Writes", lock),
        ],
    );
    if let Some(app) = radio.app {
        write(out, def, app);
    }
}

fn write(out: &mut String, def: &ModelDef, app: &AppDef) {
    let _ = writeln!(
        out,
        "### {}\n\nAs {} of the manual shows it.\n\n| Page | Values |\n|--|--|",
        app.name, app.section
    );
    let device: Vec<String> = app.device.iter().map(|item| item.label.to_string()).collect();
    let _ = writeln!(out, "| Device | {}, {} |", app.kind, device.join(", "));
    for page in app.pages {
        let shown = def
            .registers
            .iter()
            .filter(|block| block.rule == Rule::Contiguous)
            .flat_map(|block| block.rows)
            .filter(|row| (page.from..=page.to).contains(&row.addr) && matches!(row.source, Source::Point(_)))
            .count();
        let stars = match page.others.len() {
            0 => String::new(),
            count => format!(", and {count} with a star that only sister models have"),
        };
        let _ = writeln!(
            out,
            "| {} | the {shown} measured values from {:04X}h to {:04X}h{stars} |",
            page.title, page.from, page.to
        );
    }
    out.push_str("\n| Setting of the app | Key | Values | Unit | Save error |\n|--|--|--|--|--|\n");
    for row in app.settings {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            row.label,
            key(row),
            values(def, row),
            words::or_dash(row.unit),
            refused(def, row)
        );
    }
    out.push('\n');
}

fn key(row: &AppSettingDef) -> String {
    match (row.edit, row.setting()) {
        (AppEdit::Reset { shows, .. }, _) => words::key(shows),
        (_, Some(id)) => format!("`{}`", id.key()),
        (_, None) => "–".to_string(),
    }
}

fn values(def: &ModelDef, row: &AppSettingDef) -> String {
    let setting = row.setting().and_then(|id| def.setting(id));
    match (row.edit, setting) {
        (AppEdit::Reset { .. }, _) => "set to 0, after a question".to_string(),
        _ if !row.words.is_empty() => row.words.iter().map(|(_, word)| *word).collect::<Vec<_>>().join(" / "),
        (AppEdit::Range(_, least, most), _) => format!("{least} - {most}"),
        (_, Some((_, setting))) => setting.allowed().to_string(),
        (_, None) => "–".to_string(),
    }
}

/// What gives a save error.
fn refused(def: &ModelDef, row: &AppSettingDef) -> String {
    let Some((_, setting)) = row.setting().and_then(|id| def.setting(id)) else { return "–".to_string() };
    if def.register_of(setting.id).is_none() {
        return "always: no register shows it".to_string();
    }
    match (row.edit, setting.kind) {
        (AppEdit::Range(_, least, most), _) => format!("below {least}, above {most}"),
        (_, Kind::Int { min, max }) => format!("below {min}, above {max}"),
        _ => "–".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_app_is_in_the_chapter() {
        for entry in models::ALL {
            let mut text = String::new();
            radio(&mut text, entry.def);
            assert_eq!(text.is_empty(), entry.def.radio().is_none());
            for row in entry.def.app().map_or(&[][..], |app| app.settings) {
                assert!(text.contains(&format!("\n| {} | `", row.label)), "{}", row.label);
            }
        }
    }
}
