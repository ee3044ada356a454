//! What of a model never changes, as the page needs it: made once from the model's own tables.

use lcd::segment_name;
use models::Entry;

use crate::view::Model;

/// The model as the page needs it.
pub fn model(entry: &'static Entry) -> Model {
    let segments = entry.def.glass.segments().map_or_else(Vec::new, |glass| {
        let names = (0..lcd::segment_count(glass)).filter_map(|at| segment_name(glass, at));
        names.map(|name| name.to_string()).collect()
    });
    let keys: Vec<_> = match entry.def.matrix {
        Some(face) => vec![face.keys.left, face.keys.middle, face.keys.right],
        None => entry.def.keys.iter().map(|key| key.id).collect(),
    };
    // The one that is held.
    let key = entry.def.keys.iter().find(|key| keys.get(keys.len() / 2) == Some(&key.id));
    Model {
        name: entry.notes.name,
        doc: entry.notes.doc,
        prefix: entry.def.identity.prefix,
        ratings: entry.notes.nameplate.first().copied().unwrap_or_default(),
        drawing: &entry.notes.drawing,
        segments,
        keys,
        signs: if entry.def.matrix.is_some() { ["<<", "*", ">>"] } else { ["←", "← →", "→"] },
        dots: entry.def.matrix.is_some(),
        phases: usize::from(entry.def.metering.phases),
        transformed: entry.def.metering.ct.is_some(),
        terminals: entry.notes.terminals,
        holds: key
            .map_or([3_000, 5_000], |key| [key.long, key.very_long].map(|span| span.as_millis() as u32)),
        max_ma: i64::from(entry.def.identity.amps) * 1_000,
    }
}
