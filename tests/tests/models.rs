//! What a constant cannot check about every model: words, drawings, documents, and each row both ways.

use std::collections::BTreeSet;

use models::{ALL, Entry, MASTER, NOTES, SOURCES};

use schema::{
    Citation, Codec, Edit, Fact, Format, GlassDef, Kind, Label, ModelDef, ModelNotes, ModelSources, Note,
    OpticalRefusal, RegisterDef, Rule, SegmentGlass, Source, Table, first_fault,
};

/// A model with all that is said about it.
struct Model {
    def: &'static ModelDef,
    notes: &'static ModelNotes,
    sources: &'static ModelSources,
}

/// Every model.
fn families() -> impl Iterator<Item = Model> {
    let all = ALL.iter().zip(NOTES).zip(SOURCES);
    all.map(|((Entry { def, .. }, notes), sources)| Model { def, notes, sources })
}

/// The models with a glass of digits.
fn with_digits() -> impl Iterator<Item = (Model, &'static SegmentGlass)> {
    families().filter_map(|model| model.def.glass.segments().map(|glass| (model, glass)))
}

fn note_of(notes: &ModelNotes, table: Table, row: usize) -> Option<&'static Label> {
    let (tables, block) = match table {
        Table::Registers(n) => (notes.registers, n),
        Table::Settings(n) => (notes.settings, n),
        Table::Pages(n) => (notes.pages, n),
        Table::Telegram(n) => (notes.telegrams, n),
        Table::RecordWrites => return notes.record_writes.get(row),
        Table::Lines => return notes.lines.get(row),
        Table::Model
        | Table::Header(_)
        | Table::RegisterLines
        | Table::Readings
        | Table::History(_)
        | Table::Menu
        | Table::AppPages
        | Table::AppSettings => return None,
    };
    tables.get(block)?.get(row)
}

#[test]
fn no_model_has_a_fault() {
    for Model { def, notes, .. } in families() {
        if let Some(fault) = first_fault(def) {
            let row = note_of(notes, fault.table, fault.row).map_or("", |note| note.label);
            panic!("{}: {fault} ({row})", def.slug);
        }
    }
}

/// What the numbers mean stands in the code of every model; that they are assumed, among the facts of each.
#[test]
fn the_refusals_of_the_window_are_told_as_assumed() {
    for Model { def, sources, .. } in families().filter(|model| model.def.optical.is_some()) {
        let all = OpticalRefusal::ALL.map(|why| format!("(ERR{:02}) {why}", why.number()));
        let told = |fact: &&Fact| all.iter().all(|refusal| fact.doc.contains(refusal.as_str()));
        let fact = sources.facts.iter().find(told);
        assert!(matches!(fact.map(|fact| fact.source), Some(Citation::Assumed(_))), "{}", def.slug);
    }
}

#[test]
fn slugs_are_unique() {
    let slugs: BTreeSet<&str> = families().map(|model| model.def.slug).collect();
    assert_eq!(slugs.len(), families().count());
}

/// What each reader of a model's notes has of them, and the names by which the page fetches the drawings.
#[test]
fn every_part_of_the_notes_is_of_its_model() {
    let entries = ALL.iter().zip(MASTER);
    let art = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/models/art");
    let piece = |piece: &&str| match piece.starts_with('<') {
        true => (*piece).to_string(),
        false => std::fs::read_to_string(format!("{art}/{piece}")).unwrap(),
    };
    let names: BTreeSet<&str> = families().map(|model| model.notes.name).collect();
    assert_eq!(names.len(), families().count(), "the words of the tables are found by the name of the model");
    for ((entry, words), Model { def, notes, .. }) in entries.zip(families()) {
        assert_eq!(format!("{:?}", entry.notes), format!("{:?}", notes.face()), "{}", def.slug);
        assert_eq!(format!("{words:?}"), format!("{:?}", notes.master()), "{}", def.slug);
        let drawing = notes.drawing;
        for (pieces, svg) in [
            (drawing.glass, notes.glass_svg),
            (drawing.front, notes.front_svg),
            (drawing.meter, notes.meter_svg),
        ] {
            assert_eq!(pieces.iter().map(piece).collect::<String>(), svg, "{}: {pieces:?}", def.slug);
        }
    }
    // The one that is on the rail at first is fetched while the page itself still is.
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../index.html")).unwrap();
    let first = ALL[0].notes.drawing;
    let files = [first.glass, first.front, first.meter].concat().join(" ");
    assert_eq!(attribute(&page, "data-drawings"), [files]);
}

#[test]
fn every_row_has_its_note() {
    for Model { def, notes: labels, sources: notes } in families() {
        for (notes, labels) in [
            (notes.registers, labels.registers),
            (notes.settings, labels.settings),
            (notes.pages, labels.pages),
            (notes.telegrams, labels.telegrams),
            (&[notes.record_writes][..], &[labels.record_writes][..]),
            (&[notes.lines][..], &[labels.lines][..]),
        ] {
            let (notes, labels) = (notes.iter().copied().flatten(), labels.iter().copied().flatten());
            assert_eq!(notes.clone().count(), labels.clone().count(), "{}", def.slug);
            for (note, label) in notes.zip(labels) {
                assert_eq!((note.key, note.label), (label.key, label.label), "{}", def.slug);
                assert!(label.doc == note.doc || label.doc.is_empty(), "{}: {}", def.slug, note.label);
            }
        }
        let lengths = |tables: &[&[Note]]| tables.iter().map(|table| table.len()).collect::<Vec<_>>();
        let registers: Vec<usize> = def.registers.iter().map(|block| block.rows.len()).collect();
        assert_eq!(registers, lengths(notes.registers), "{} registers", def.slug);
        let settings: Vec<usize> = def.settings.iter().map(|block| block.len()).collect();
        assert_eq!(settings, lengths(notes.settings), "{} settings", def.slug);
        let pages: Vec<usize> = def.pages.iter().map(|block| block.len()).collect();
        assert_eq!(pages, lengths(notes.pages), "{} pages", def.slug);
    }
}

#[test]
fn labels_are_unique_in_their_table_and_page_keys_in_the_model() {
    for Model { def, notes, .. } in families() {
        for table in notes.registers.iter().chain(notes.settings).chain(notes.pages) {
            let mut seen = BTreeSet::new();
            for note in *table {
                assert!(!note.label.is_empty(), "{}: a row without label", def.slug);
                assert!(seen.insert(note.label), "{}: {} stands twice", def.slug, note.label);
            }
        }
        let mut seen = BTreeSet::new();
        for note in notes.pages.iter().copied().flatten() {
            let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(!note.key.is_empty() && note.key.chars().all(kebab), "{}: key {:?}", def.slug, note.key);
            assert!(seen.insert(note.key), "{}: page {} stands twice", def.slug, note.key);
        }
    }
}

#[test]
fn blocks_do_not_overlap() {
    for Model { def, .. } in families() {
        let mut spans: Vec<(u32, u32)> =
            def.registers.iter().map(|block| (u32::from(block.first()), block.end())).collect();
        spans.sort_unstable();
        for pair in spans.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "{}: {:04X}h lies in two blocks", def.slug, pair[1].0);
        }
        let contiguous: Vec<u16> = def.all_registers().map(|row| row.addr).collect();
        assert!(contiguous.is_sorted(), "{}: blocks out of order", def.slug);
    }
}

/// Values of a row that a meter can have, in the unit of its source.
fn values(def: &ModelDef, row: &RegisterDef) -> Vec<i64> {
    match row.source {
        Source::Setting(id) => {
            let (_, setting) = def.setting(id).unwrap();
            let mut values = vec![i64::from(setting.default)];
            match setting.kind {
                Kind::Int { min, max } => values.extend([i64::from(min), i64::from(max)]),
                Kind::OneOf(choices) => values.extend(choices.iter().map(|choice| i64::from(choice.value))),
                Kind::Digits(count) => values.extend([0, 10i64.pow(count.into()) - 1]),
                Kind::Ratio => values.extend([11, 55, 5_005, 99_955, 99_991]),
            }
            values
        }
        Source::Identity(of) => vec![def.identity.value(of)],
        Source::Zero | Source::Same(_) => vec![0],
        Source::Point(point) => match row.codec {
            Codec::F32 { decimals } => {
                let step = 10i64.pow(u32::from(point.unit().decimals() - decimals));
                vec![0, step, 123 * step, -9_999 * step]
            }
            Codec::Direction { .. } => vec![0, 1, -1],
            _ => vec![0, 1, 9_999],
        },
    }
}

#[test]
fn every_register_leads_back_to_its_value() {
    for Model { def, .. } in families() {
        for row in def.registers.iter().flat_map(|block| block.rows) {
            let unit = def.unit(row.source);
            for value in values(def, row) {
                let words = row.codec.encode(value, unit);
                assert_eq!(row.codec.decode(words, unit), Ok(value), "{} {:04X}h", def.slug, row.addr);
                assert!(row.codec.matches(words, value, unit), "{} {:04X}h: {value}", def.slug, row.addr);
            }
        }
    }
}

#[test]
fn the_older_map_repeats_rows_as_they_are() {
    for Model { def, notes, .. } in families() {
        for (block, labels) in def.registers.iter().zip(notes.registers) {
            for (row, note) in block.rows.iter().zip(*labels) {
                if let Source::Same(addr) = row.source {
                    assert_eq!(block.rule, Rule::OneValuePerRequest);
                    let (_, target) = def.register(addr).unwrap();
                    assert_eq!(row.codec, target.codec, "{:04X}h", row.addr);
                    let place = def.all_registers().position(|other| other.addr == addr).unwrap();
                    let there = notes.registers.iter().copied().flatten().nth(place).unwrap();
                    assert_eq!(note.label, there.label, "{:04X}h", row.addr);
                }
            }
        }
    }
}

#[track_caller]
fn fits(glass: &SegmentGlass, at: usize, text: &str, what: &str) {
    if let Err(fault) = lcd::check(glass, at, text) {
        panic!("{what}: {text:?} at place {}: {fault}", at + 1);
    }
}

fn places(text: &str) -> usize {
    text.chars().filter(|glyph| *glyph != '.').count()
}

#[test]
fn every_text_can_be_shown() {
    for (Model { def, notes, .. }, glass) in with_digits() {
        let width = glass.cells.len();
        for ((_, page), note) in def.all_pages().zip(notes.pages.iter().copied().flatten()) {
            fits(glass, 0, page.label, note.key);
            for field in page.fields {
                fits(glass, 0, field.prefix, note.key);
                let start = places(field.prefix);
                let right = |text: &str| fits(glass, width - places(text), text, note.key);
                match (field.format, field.source) {
                    (Format::Word | Format::Number, Source::Setting(id)) => {
                        let Kind::OneOf(choices) = def.setting(id).unwrap().1.kind else {
                            panic!("{}: words of a setting without choices", note.key)
                        };
                        for choice in choices {
                            assert!(
                                start + places(choice.glyphs) <= width,
                                "{}: {}",
                                note.key,
                                choice.glyphs
                            );
                            match field.format {
                                Format::Word => fits(glass, start, choice.glyphs, note.key),
                                _ => right(choice.glyphs),
                            }
                        }
                    }
                    (Format::Word | Format::Number, _) => panic!("{}: words of no setting", note.key),
                    (Format::Counter, _) if width >= 8 => right("999999.99"),
                    (Format::Counter, _) => {
                        ["9999.99", "99999.9", "999999"].iter().for_each(|text| right(text))
                    }
                    (Format::Fixed(decimals), _) => {
                        right(&format!("{:.*}", usize::from(decimals), 888.888));
                    }
                    (Format::Digits(count), _) => right(&"8".repeat(count.into())),
                    (Format::HalfDecimal { .. }, _) => right("8888"),
                    (Format::HalfHex { .. }, _) => {
                        ["0123", "4567", "89Ab", "cdEF"].iter().for_each(|text| right(text));
                    }
                    (Format::Direction, _) => {
                        ["FW", "RV"].iter().for_each(|text| fits(glass, start, text, note.key))
                    }
                    (Format::Directions, _) => right("1r 2F 3-"),
                    (Format::Hex, _) => ["01234567", "89AbcdEF"].iter().for_each(|text| right(text)),
                    (Format::Status, _) => right("11 100"),
                }
            }
            if let Edit::Digits(id, count) = page.edit {
                let setting = def.setting(id).unwrap().1;
                let most = match setting.kind {
                    Kind::Int { max, .. } => i64::from(max),
                    Kind::Digits(digits) => 10i64.pow(digits.into()) - 1,
                    Kind::Ratio => 99_991,
                    Kind::OneOf(_) => panic!("{}: choices are not typed", note.key),
                };
                assert_eq!(most.to_string().len(), usize::from(count), "{}", note.key);
            }
        }
        let panel = &def.panel;
        for text in [panel.ok, panel.ok_in, panel.ok_out, panel.error_prefix] {
            fits(glass, 0, text, "panel");
        }
    }
}

fn attribute(svg: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    svg.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_string).collect()
}

#[test]
fn the_drawing_of_the_glass_has_exactly_its_segments() {
    for (Model { def, notes, .. }, glass) in with_digits() {
        let wanted: BTreeSet<String> = (0..lcd::segment_count(glass))
            .map(|n| lcd::segment_name(glass, n).unwrap().to_string())
            .collect();
        let drawn = attribute(notes.glass_svg, "data-seg");
        assert_eq!(drawn.len(), wanted.len(), "{}: a segment is drawn twice or missing", def.slug);
        assert_eq!(drawn.into_iter().collect::<BTreeSet<_>>(), wanted, "{}", def.slug);
    }
}

#[test]
fn the_drawing_of_a_dot_matrix_has_a_unit_a_dot_and_a_place_for_the_dots() {
    for Model { def, notes, .. } in families() {
        let GlassDef::Matrix(glass) = def.glass else { continue };
        let [width, height] = [glass.width, glass.height];
        assert_eq!(attribute(notes.glass_svg, "viewBox"), [format!("0 0 {width} {height}")], "{}", def.slug);
        assert_eq!(attribute(notes.glass_svg, "data-part"), ["lcd", "pixels"], "{}", def.slug);
    }
}

#[test]
fn the_drawings_have_their_live_parts_and_obey_a_strict_policy() {
    for Model { def, notes, .. } in families() {
        let windows = usize::from(def.optical.is_some());
        let wanted = [
            ("glass", 1),
            ("led", 1),
            ("led-q", usize::from(def.metering.led_imp_per_kvarh > 0)),
            ("key", def.keys.len()),
            ("ir", windows),
            ("name", 1),
            ("serial", 1),
        ];
        for (name, svg) in [("front", notes.front_svg), ("meter", notes.meter_svg)] {
            let parts = attribute(svg, "data-part");
            for (part, wanted) in wanted {
                let count = parts.iter().filter(|it| *it == part).count();
                assert_eq!(count, wanted, "{} {name}: data-part {part}", def.slug);
            }
            let keys: Vec<String> = def.keys.iter().map(|key| key.id.0.to_string()).collect();
            assert_eq!(attribute(svg, "data-key"), keys, "{} {name}: keys from the left", def.slug);
        }
        // Members of a family that differ in their ratings leave them to the description.
        for svg in [notes.front_svg, notes.meter_svg] {
            let live = attribute(svg, "data-part").iter().any(|it| it == "ratings");
            assert!(
                live || notes.nameplate.iter().all(|line| line.split(' ').all(|word| svg.contains(word)))
            );
        }
        for svg in [notes.glass_svg, notes.front_svg, notes.meter_svg] {
            for forbidden in ["<style", " style=", "<script", " onclick", "href=", "<image", "<foreignObject"]
            {
                assert!(!svg.contains(forbidden), "{}: {forbidden}", def.slug);
            }
        }
    }
}

/// What is drawn of each terminal: the elements that carry its name, with all that is in them.
fn drawn_terminals(svg: &'static str) -> Vec<(&'static str, &'static str)> {
    let tree = svg.split(" data-terminal=\"").skip(1);
    tree.map(|rest| {
        let (name, rest) = rest.split_once('"').unwrap();
        // A group of a terminal holds no group, and a span of one holds one other span.
        let end = rest.find("</g>").into_iter().chain(rest.find("</tspan></tspan>")).min().unwrap();
        (name, &rest[..end])
    })
    .collect()
}

#[test]
fn the_drawing_has_every_terminal_and_leaves_its_signs_to_the_description() {
    for Model { def, notes, .. } in families() {
        let drawn = drawn_terminals(notes.meter_svg);
        for terminal in notes.terminals {
            let places: Vec<&str> =
                drawn.iter().filter(|(name, _)| *name == terminal.name).map(|(_, inside)| *inside).collect();
            let label = format!(">{}</text>", terminal.name);
            let labels = places.iter().filter(|inside| inside.contains(&label)).count();
            // Supply and load have each their neutral.
            let alike = notes.terminals.iter().filter(|other| other.name == terminal.name).count();
            assert_eq!(labels, alike, "{}: terminal {}", def.slug, terminal.name);
            let signed = places.iter().any(|inside| inside.contains("data-part=\"sign\"></text>"));
            assert_eq!(signed, !terminal.sign.is_empty(), "{}: sign of {}", def.slug, terminal.name);
        }
        for (name, _) in drawn {
            let known =
                families().flat_map(|model| model.notes.terminals).any(|terminal| terminal.name == name);
            assert!(known, "{}: terminal {name} is no model's", def.slug);
        }
        // What a bus needs stands in the description.
        for word in
            ["BUS", "Bus:", "RS485", "M-Bus"].into_iter().chain(families().map(|model| model.notes.name))
        {
            assert!(!notes.meter_svg.contains(word), "{}: {word} is drawn", def.slug);
        }
    }
}

#[test]
fn the_documents_are_current() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for document in tests::documents::all() {
        let there = std::fs::read_to_string(root.join(&document.path)).unwrap_or_default();
        assert!(there == document.text, "{}: run `cargo run -p tests --bin docs`", document.path);
    }
}
