//! The face of a dot matrix: its keys and times, what stands in its three parts, and its menu.

use std::fmt::Write as _;

use schema::{GlassDef, MatrixDef, MenuEdit, ModelDef, ReadingForm, RegisterLineDef};

use super::{rows, time, words};

/// The chapter on the display of a meter with a dot matrix; nothing for another.
pub fn face(out: &mut String, def: &ModelDef) {
    let (Some(face), GlassDef::Matrix(glass)) = (def.matrix, def.glass) else { return };
    let (panel, times) = (&def.panel, &face.times);
    out.push_str("## Display and keys\n\n");
    let holds: Vec<String> = def.keys.iter().map(|key| time(key.very_long)).collect();
    let radio = face.radio.map_or("–".to_string(), |radio| {
        format!(
            "{}, on for {}; QR code `{}` and the serial number",
            radio.title,
            time(radio.open),
            radio.prefix
        )
    });
    rows(
        out,
        &[
            ("Dots", format!("{} × {}", glass.width, glass.height)),
            ("Keys", "left, middle, right".to_string()),
            ("A key that is held acts at", holds.first().cloned().unwrap_or_default()),
            ("Items of the header take turns of", time(times.header)),
            ("Registers take turns of", time(times.registers)),
            ("The choice closes without a touch after", time(times.choice)),
            ("The password closes without a touch after", time(times.password)),
            ("An edit without a touch is dropped after", time(panel.edit_idle)),
            ("Menu and pages without a touch give way after", time(panel.page_idle)),
            ("Messages stand for", time(panel.message)),
            ("Blinking", format!("every {}, lit for {}", time(panel.blink), time(panel.blink_on))),
            (
                "Telephone",
                format!("{} lit, then {} dark at least", time(panel.com_flash), time(panel.com_flash)),
            ),
            ("Backlight stays lit after a touch for", time(panel.backlight.lit)),
            ("Radio", radio),
        ],
    );
    header(out, face);
    out.push_str("### Registers (part 2)\n\n| Number | Value | Shown |\n|--|--|--|\n");
    lines(out, face.registers.lines);
    readings(out, def, face);
    history(out, face);
    menu(out, face);
}

fn header(out: &mut String, face: &MatrixDef) {
    out.push_str("### Header (part 1)\n\n| Line | Items, in turn |\n|--|--|\n");
    for (n, items) in (1..).zip(face.header) {
        let items: Vec<String> =
            items.iter().map(|item| format!("{} {}", item.label, words::key(item.source))).collect();
        let _ = writeln!(out, "| {n} | {} |", items.join(", "));
    }
    out.push('\n');
}

fn lines(out: &mut String, lines: &[RegisterLineDef]) {
    for line in lines {
        let shown = if line.high_tariff { "once tariff 3 or 4 has counted" } else { "always" };
        let _ = writeln!(out, "| {} | {} | {shown} |", line.obis, words::key(line.source));
    }
    out.push('\n');
}

fn readings(out: &mut String, def: &ModelDef, face: &MatrixDef) {
    let pages = &face.words.pages;
    let _ = writeln!(
        out,
        "### Readings (part 3)\n\n| Reading | {} | Written as |\n|--|--|--|--|--|--|",
        pages.join(" | ")
    );
    for reading in face.readings {
        let cell = |page: usize| {
            let Some(source) = reading.sources[page] else { return "–".to_string() };
            let numbers = [reading.obis[page], reading.obis_reverse[page]];
            let numbers: Vec<&str> = numbers.into_iter().filter(|number| !number.is_empty()).collect();
            format!("{} {}", words::key(source), numbers.join(" / ")).trim_end().to_string()
        };
        let unit = reading.sources.iter().flatten().next().map_or("", |source| def.unit(*source).symbol());
        let form = match reading.form {
            ReadingForm::Words(words) => {
                words.iter().map(|(value, word)| format!("{value} {word}")).collect::<Vec<_>>().join(", ")
            }
            ReadingForm::Number { decimals, figures, signed } => format!(
                "{decimals} decimals, {figures} digits at most{}{}{unit}",
                if signed { ", with its sign" } else { "" },
                if unit.is_empty() { "" } else { ", " },
            ),
        };
        let cells: Vec<String> = (0..4).map(cell).collect();
        let _ = writeln!(out, "| {} | {} | {form} |", reading.title, cells.join(" | "));
    }
    out.push('\n');
}

fn history(out: &mut String, face: &MatrixDef) {
    let Some(history) = face.history else { return };
    let _ = writeln!(
        out,
        "### {}\n\nOf {} pages as many stand behind the readings as {} says; each has the registers of part 2.\n",
        history.title,
        history.slots.len(),
        words::key(history.used)
    );
}

fn menu(out: &mut String, face: &MatrixDef) {
    let _ = writeln!(
        out,
        "### {}\n\nBehind the `{}`.\n\n| Row | Changes | How |\n|--|--|--|",
        face.words.settings,
        face.password.key()
    );
    for item in face.menu {
        let (what, how) = match item.edit {
            MenuEdit::Choice(id) => (format!("`{}`", id.key()), "one of its values".to_string()),
            MenuEdit::Digits(id, count) => (format!("`{}`", id.key()), format!("{count} digits")),
            MenuEdit::Ratio(id) => {
                (format!("`{}`", id.key()), "four digits of the primary current, then 1 or 5".to_string())
            }
            MenuEdit::Reset { shows, .. } => (words::key(shows), "set to zero, after a question".to_string()),
        };
        let _ = writeln!(out, "| {} | {what} | {how} |", item.label);
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_a_face_is_in_its_chapter() {
        use models::ambition::face::{FACE, GLASS, KEYS, PANEL};
        let model = ModelDef {
            glass: GLASS,
            keys: KEYS,
            panel: PANEL,
            pages: &[],
            matrix: Some(&FACE),
            ..*models::ALL[0].def
        };
        let mut text = String::new();
        face(&mut text, &model);
        for item in FACE.menu {
            assert!(text.contains(&format!("\n| {} | `", item.label)), "{}", item.label);
        }
        for reading in FACE.readings {
            assert!(text.contains(&format!("\n| {} | ", reading.title)), "{}", reading.title);
        }
        for line in FACE.registers.lines {
            assert!(text.contains(&format!("\n| {} | `energy.", line.obis)), "{}", line.obis);
        }
        let power = "| Active power | `power` 1.7.0 / 2.7.0 | `power.l1` 21.7.0 / 22.7.0 | `power.l2` 41.7.0 / 42.7.0 \
                     | `power.l3` 61.7.0 / 62.7.0 | 3 decimals, 6 digits at most, with its sign, kW |";
        assert!(text.contains(power), "{text}");
        let mut none = String::new();
        face(&mut none, models::ALL[0].def);
        assert!(none.is_empty());
    }
}
