//! The searches: one function a rule, each giving what it found as `file:line: sentence`.

use std::collections::BTreeSet;

use super::rooms::{self, Kind, Room};
use super::source::{Source, Strings};

/// A file longer than this is worth splitting.
pub const LONG: usize = 600;
/// A file longer than this is refused.
const TOO_LONG: usize = 700;
/// ARCHITECTURE.md is to be read in one sitting.
const ARCHITECTURE_LINES: usize = 200;

/// Lints that N crates deny (tests are let off by clippy.toml).
const DENIED: &[&str] = &[
    "clippy::unwrap_used",
    "clippy::expect_used",
    "clippy::panic",
    "clippy::indexing_slicing",
    "clippy::cast_possible_truncation",
];

/// Names of the world that has a clock, chance, threads and a log.
const WORLD: &[&str] = &[
    "Instant::now",
    "SystemTime",
    "Date::now",
    "performance",
    "rand",
    "getrandom",
    "thread::spawn",
    "log",
    "tracing",
    "println",
    "eprintln",
    "dbg",
];

/// Paths that hold on one machine only.
const ELSEWHERE: &[&str] = &["/root/", "/home/", "/Users/"];

/// Everything wrong with a file.
pub fn faults(file: &Source, identities: &Identities) -> Vec<String> {
    let mut faults = Vec::new();
    faults.extend(long(file, TOO_LONG));
    faults.extend(architecture(file));
    faults.extend(unclosed(file));
    faults.extend(elsewhere(file));
    if !file.is_rust() || file.is_test() {
        return faults;
    }
    let room = package_of(&file.name).and_then(rooms::room);
    if let Some(room) = room.filter(|room| matches!(room.kind, Kind::N | Kind::A)) {
        faults.extend(world(file));
        if room.kind == Kind::N {
            faults.extend(asynchronous(file));
        }
    }
    match room.map(|room| room.package) {
        Some("device") => faults.extend(names_a_model(file)),
        Some("models") => faults.extend(behaviour(file)),
        Some("web" | "dom" | "lines" | "cabinet" | "cli") => faults.extend(meter_knowledge(file, identities)),
        _ => {}
    }
    faults
}

/// The package that a path of the repository belongs to, if it is the source of one.
fn package_of(name: &str) -> Option<&str> {
    let (folder, rest) = name.split_once("/src/")?;
    // The folder of a package has its name, `crates/mbus` as well as `web` and `web/lines`.
    (!rest.is_empty()).then(|| folder.rsplit('/').next().unwrap_or(folder))
}

fn at(file: &Source, line: usize, what: &str) -> String {
    format!("{}:{line}: {what}", file.name)
}

/// Lines of `code` that hold `word` standing by itself.
fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let holds = |line: &str| {
        line.match_indices(word).any(|(start, _)| {
            let before = line[..start].chars().next_back();
            let after = line[start + word.len()..].chars().next();
            !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
        })
    };
    code.lines().enumerate().filter(|(_, line)| holds(line)).map(|(index, _)| index + 1).collect()
}

/// Longer than `limit` lines; generated documents and lock files are as long as they are.
pub fn long(file: &Source, limit: usize) -> Option<String> {
    let code = [".rs", ".mjs", ".js", ".py", ".c", ".css"].iter().any(|end| file.name.ends_with(end));
    let lines = file.text.lines().count();
    (code && lines > limit).then(|| format!("{}: {lines} lines, split it at about {LONG}", file.name))
}

/// ARCHITECTURE.md stays short.
pub fn architecture(file: &Source) -> Option<String> {
    let lines = file.text.lines().count();
    (file.name == "ARCHITECTURE.md" && lines > ARCHITECTURE_LINES)
        .then(|| format!("ARCHITECTURE.md: {lines} lines, {ARCHITECTURE_LINES} are allowed"))
}

/// A style sheet closes what it opens: browsers take a block that stays open without a word, and what stands behind it then
/// holds on narrow pages only, say.
pub fn unclosed(file: &Source) -> Option<String> {
    let count = |brace| file.text.matches(brace).count();
    let (opened, closed) = (count('{'), count('}'));
    (file.name.ends_with(".css") && opened != closed)
        .then(|| format!("{}: {opened} blocks are opened, {closed} are closed", file.name))
}

/// The repository stands alone: no file of it points at one machine.
pub fn elsewhere(file: &Source) -> Vec<String> {
    // This folder has to spell out what it looks for.
    if file.name.starts_with("xtask/src/tidy/") {
        return Vec::new();
    }
    let lines = file.text.lines().enumerate();
    lines
        .flat_map(|(index, line)| {
            let found = ELSEWHERE.iter().filter(move |word| line.contains(**word));
            found.map(move |word| at(file, index + 1, &format!("`{word}` holds on one machine only")))
        })
        .collect()
}

/// N and A crates read no clock, draw no chance, spawn and log nothing.
pub fn world(file: &Source) -> Vec<String> {
    let code = file.product_code(Strings::Blanked);
    WORLD
        .iter()
        .flat_map(|word| {
            // `log` and `rand` are words of ours too; the crates show as paths, the macros as calls.
            let sought: Vec<String> = match *word {
                "log" | "tracing" | "rand" | "getrandom" => vec![format!("{word}::")],
                "println" | "eprintln" | "dbg" => vec![format!("{word}!")],
                other => vec![other.to_owned()],
            };
            sought
                .into_iter()
                .flat_map(|sought| lines_with_prefix(&code, &sought))
                .map(move |line| (line, *word))
        })
        .map(|(line, word)| {
            at(file, line, &format!("`{word}`: time is a parameter, chance is seeded, nothing is logged"))
        })
        .collect()
}

/// Lines that hold `start` where no word continues to its left.
fn lines_with_prefix(code: &str, start: &str) -> Vec<usize> {
    let holds = |line: &str| {
        line.match_indices(start).any(|(place, _)| {
            !line[..place].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    };
    code.lines().enumerate().filter(|(_, line)| holds(line)).map(|(index, _)| index + 1).collect()
}

/// N crates have no async.
pub fn asynchronous(file: &Source) -> Vec<String> {
    let lines = lines_with(&file.product_code(Strings::Blanked), "async");
    lines
        .into_iter()
        .map(|line| at(file, line, "`async` in an N crate; machines have handle and poll"))
        .collect()
}

/// `device` names no model.
pub fn names_a_model(file: &Source) -> Vec<String> {
    let code = file.product_code(Strings::Kept).to_lowercase();
    let families = ["pro1", "pro380", "ambition", "models::"];
    families
        .iter()
        .flat_map(|family| {
            let lines = code.lines().enumerate().filter(move |(_, line)| line.contains(family));
            lines
                .map(move |(index, _)| at(file, index + 1, &format!("`{family}`: the device names no model")))
        })
        .collect()
}

/// `models` holds no function but `const fn`.
pub fn behaviour(file: &Source) -> Vec<String> {
    let code = file.product_code(Strings::Blanked);
    lines_with(&code, "fn")
        .into_iter()
        .filter(|line| {
            let text = code.lines().nth(line - 1).unwrap_or_default();
            // A function pointer type or a macro fragment is no function.
            !text.contains("const fn") && text.split("fn ").nth(1).is_some()
        })
        .map(|line| at(file, line, "a function that is not const: models are data"))
        .collect()
}

/// What belongs to a meter, by name: harvested from the descriptions, so that a new model is covered at once.
pub struct Identities {
    /// Slugs, setting keys, pages: what the descriptions spell out with a hyphen.
    names: BTreeSet<String>,
    /// Families, by the folders of `models`.
    families: BTreeSet<String>,
}

impl Identities {
    /// All that the sources of `models` and `schema` tell.
    pub fn of(files: &[Source]) -> Self {
        let told: Vec<&Source> = files
            .iter()
            .filter(|file| {
                file.is_rust()
                    && !file.is_test()
                    && matches!(package_of(&file.name), Some("models" | "schema"))
            })
            .collect();
        let strings = told.iter().flat_map(|file| file.product_strings()).map(|(_, text)| text);
        let folders = told.iter().filter_map(|file| file.name.strip_prefix("crates/models/src/"));
        Self {
            names: strings.filter(|text| is_key(text)).collect(),
            families: folders.filter_map(|path| Some(path.split_once('/')?.0.to_owned())).collect(),
        }
    }
}

/// `modbus-id`, `pro1-mod`: lower case with a hyphen. Plain words are left out, as the shells need them as words.
fn is_key(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let tame =
        |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    parts.len() > 1 && parts.iter().all(tame) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Shells name no model, setting or register address.
pub fn meter_knowledge(file: &Source, identities: &Identities) -> Vec<String> {
    let mut faults = Vec::new();
    for (line, text) in file.product_strings() {
        if identities.names.contains(&text) {
            faults.push(at(file, line, &format!("\"{text}\" belongs to a model description")));
        }
    }
    for (index, text) in file.product_code(Strings::Blanked).lines().enumerate() {
        if let Some(address) = register_address(text) {
            faults.push(at(file, index + 1, &format!("{address} looks like a register address")));
        }
        if let Some(setting) = named_setting(text) {
            faults.push(at(file, index + 1, &format!("{setting} names a setting")));
        }
        for family in &identities.families {
            if text.to_lowercase().contains(family.as_str()) {
                faults.push(at(file, index + 1, &format!("`{family}` names a model")));
            }
        }
    }
    faults
}

/// The first literal of the meters' address blocks: 0x4000 to 0x6fff.
fn register_address(line: &str) -> Option<&str> {
    line.match_indices("0x").find_map(|(start, _)| {
        let digits = &line[start + 2..];
        let end = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
        let block = digits.starts_with(['4', '5', '6']);
        (end == 4 && block).then(|| &line[start..start + 6])
    })
}

/// The first `SettingId::Variant`; its functions, as `SettingId::from_key`, are fine.
fn named_setting(line: &str) -> Option<&str> {
    const TYPE: &str = "SettingId::";
    line.match_indices(TYPE).find_map(|(start, _)| {
        let name = &line[start + TYPE.len()..];
        let end = name.find(|c: char| !c.is_alphanumeric()).unwrap_or(name.len());
        let variant =
            name.starts_with(|c: char| c.is_ascii_uppercase()) && name[..end] != name[..end].to_uppercase();
        variant.then(|| &line[start..start + TYPE.len() + end])
    })
}

/// The attributes at the top of a library or program.
pub fn root_attributes(file: &Source, room: &Room, library: bool) -> Vec<String> {
    let code = file.code(Strings::Blanked);
    let squeezed: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut faults = Vec::new();
    // The firmware's start-up has to be unsafe; it says so where it is.
    if room.package != "firmware" && !squeezed.contains("#![forbid(unsafe_code)]") {
        faults.push(at(file, 1, "#![forbid(unsafe_code)] is missing"));
    }
    let bare = room.kind == Kind::N || room.kind == Kind::A;
    if bare && !squeezed.contains("no_std") {
        faults.push(at(
            file,
            1,
            "#![no_std] is missing (#![cfg_attr(not(test), no_std)] lets tests have more)",
        ));
    }
    if room.kind == Kind::N && library {
        for lint in DENIED.iter().filter(|lint| !denies(&squeezed, lint)) {
            faults.push(at(file, 1, &format!("#![deny({lint})] is missing")));
        }
    }
    faults
}

fn denies(squeezed: &str, lint: &str) -> bool {
    squeezed.split("#![deny(").skip(1).any(|rest| {
        let list = rest.split(")]").next().unwrap_or_default();
        list.split(',').any(|word| word.trim() == lint)
    })
}
