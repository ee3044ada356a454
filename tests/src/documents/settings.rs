//! The chapter on settings.

use std::fmt::Write as _;

use schema::{ModelDef, ModelSources};

use super::words;

pub fn write(out: &mut String, def: &ModelDef, notes: &ModelSources) {
    out.push_str(
        "## Settings\n\n| Key | Setting | Values | At birth | Who may change it | Takes effect | Register | Remark | \
         Source |\n|--|--|--|--|--|--|--|--|--|\n",
    );
    for (setting, note) in def.all_settings().zip(notes.settings.iter().copied().flatten()) {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} | {} | {} | {} | {} |",
            setting.id.key(),
            note.label,
            setting.allowed(),
            setting.text(setting.default),
            words::permission(setting.permission),
            words::effect(setting.effect),
            def.register_of(setting.id).map_or_else(|| "–".into(), |row| format!("{:04X}h", row.addr)),
            note.doc,
            words::source(note),
        );
    }
    out.push('\n');
}
