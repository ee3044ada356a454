//! Each rule with a sample that passes and one that fails.

use super::rooms::{self, Edge};
use super::rules;
use super::source::{Source, Strings};

fn file(name: &str, text: &str) -> Source {
    Source::new(name, text.to_owned())
}

fn edge<'a>(from: &'a str, to: &'a str) -> Edge<'a> {
    Edge { from, to, ours: rooms::room(to).is_some(), dev: false }
}

#[test]
fn the_table_only_leads_down() {
    for (height, room) in rooms::ROOMS.iter().enumerate() {
        for above in &rooms::ROOMS[height..] {
            let shell = matches!(room.package, "cli" | "lines" | "cabinet" | "web" | "bench" | "tests");
            if !shell {
                assert!(
                    rooms::fault(edge(room.package, above.package)).is_some(),
                    "{} on {}",
                    room.package,
                    above.package
                );
            }
        }
    }
}

#[test]
fn a_dependency_in_the_table_passes() {
    assert_eq!(rooms::fault(edge("device", "panel")), None);
    assert_eq!(rooms::fault(edge("modbus", "crc")), None);
    assert_eq!(rooms::fault(edge("cli", "models")), None);
    assert_eq!(rooms::fault(Edge { dev: true, ..edge("lcd", "proptest") }), None);
    assert_eq!(rooms::fault(Edge { dev: true, ..edge("panel", "models") }), None);
}

#[test]
fn a_dependency_outside_the_table_fails() {
    assert_eq!(rooms::fault(edge("device", "models")).unwrap(), "`device` may not depend on `models`");
    assert_eq!(rooms::fault(edge("modbus", "schema")).unwrap(), "`modbus` may not depend on `schema`");
    assert_eq!(rooms::fault(edge("units", "heapless")).unwrap(), "`units` may not depend on `heapless`");
    assert!(rooms::fault(edge("xtask", "units")).is_some());
    assert!(rooms::fault(edge("attic", "units")).unwrap().contains("has no row"));
    assert!(rooms::fault(Edge { dev: true, ..edge("device", "models") }).is_some());
    assert!(rooms::fault(Edge { dev: true, ..edge("units", "rig") }).is_some());
}

#[test]
fn browser_bindings_and_serde_keep_to_their_rooms() {
    for package in ["dom", "lines", "cabinet", "web"] {
        assert_eq!(rooms::fault(edge(package, "web-sys")), None);
    }
    assert_eq!(rooms::fault(edge("lines", "dom")), None);
    assert!(rooms::fault(edge("web", "lines")).is_some());
    assert!(rooms::fault(edge("cli", "js-sys")).unwrap().contains("belong to `web`"));
    assert_eq!(rooms::fault(edge("commission", "serde")), None);
    assert!(rooms::fault(edge("rig", "serde_json")).unwrap().contains("serde belongs to"));
}

#[test]
fn packages_for_other_machines_are_not_built_by_default() {
    let workspace = |default: &str| -> super::Workspace {
        serde_json::from_str(&format!(
            r#"{{"packages": [{{"id": "web-id", "name": "web",
                "dependencies": [], "targets": []}}], "workspace_default_members": [{default}]}}"#
        ))
        .unwrap()
    };
    assert!(rooms::faults(&workspace("")).is_empty());
    assert_eq!(
        rooms::faults(&workspace("\"web-id\"")),
        ["Cargo.toml: `web` is not to be among the default-members"]
    );
}

#[test]
fn clocks_chance_and_logs_are_found_in_code_only() {
    let fault = |text: &str| rules::world(&file("crates/nv/src/lib.rs", text));
    for bad in [
        "let t = Instant::now();",
        "let t = std::time::SystemTime::UNIX_EPOCH;",
        "let n = rand::random();",
        "log::info!(\"x\");",
        "println!(\"x\");",
        "std::thread::spawn(run);",
    ] {
        assert_eq!(fault(bad).len(), 1, "{bad}");
    }
    for good in [
        "// Instant::now would be wrong\nfn f() {}",
        "let s = \"Instant::now\";",
        "let x = libm::log(2.0);",
        "let operand = brand::new();",
        "#[cfg(test)]\nmod tests { fn f() { Instant::now(); } }",
    ] {
        assert!(fault(good).is_empty(), "{good}");
    }
}

#[test]
fn async_is_refused_in_n_crates() {
    assert_eq!(
        rules::asynchronous(&file("crates/modbus/src/a.rs", "\nasync fn f() {}")),
        ["crates/modbus/src/a.rs:2: `async` in an N crate; machines have handle and poll"]
    );
    assert!(rules::asynchronous(&file("a.rs", "/// not async\nfn asynchronous() {}")).is_empty());
    // An A crate may have it.
    let nobody = rules::Identities::of(&[]);
    assert!(rules::faults(&file("crates/commission/src/a.rs", "async fn f() {}"), &nobody).is_empty());
    assert_eq!(rules::faults(&file("crates/panel/src/a.rs", "async fn f() {}"), &nobody).len(), 1);
}

#[test]
fn the_device_names_no_model() {
    let fault = |text: &str| rules::names_a_model(&file("crates/device/src/a.rs", text));
    assert_eq!(fault("if slug == \"pro1-mod\" {}").len(), 1);
    assert_eq!(fault("use models::ALL;").len(), 1);
    assert!(fault("/// PRO1 manual §7.6.2\nfn apply() {}").is_empty());
}

#[test]
fn models_are_data() {
    let fault = |text: &str| rules::behaviour(&file("crates/models/src/a.rs", text));
    assert_eq!(fault("pub fn answer() {}").len(), 1);
    assert!(fault("pub const fn answer() {}").is_empty());
    assert!(fault("/// a fn\nconst A: u8 = 1;\n#[cfg(test)]\nmod tests {\n fn t() {}\n}").is_empty());
}

#[test]
fn shells_know_no_meter() {
    let told = [
        file("crates/models/src/pro1/mod.rs", "M { slug: \"pro1-mod\", key: \"modbus-id\", unit: \"kWh\" }"),
        file("crates/models/src/tests.rs", "\"made-up\""),
    ];
    let identities = rules::Identities::of(&told);
    let fault = |text: &str| rules::meter_knowledge(&file("web/src/a.rs", text), &identities);
    assert_eq!(
        fault("\n\nf(\"modbus-id\")"),
        ["web/src/a.rs:3: \"modbus-id\" belongs to a model description"]
    );
    assert_eq!(fault("f(\"pro1-mod\")").len(), 1);
    assert_eq!(fault("read(0x4003, 1)"), ["web/src/a.rs:1: 0x4003 looks like a register address"]);
    assert_eq!(fault("id == SettingId::ModbusId"), ["web/src/a.rs:1: SettingId::ModbusId names a setting"]);
    assert!(!rules::faults(&file("web/lines/src/a.rs", "SettingId::ModbusId"), &identities).is_empty());
    assert_eq!(fault("models::pro1::MOD"), ["web/src/a.rs:1: `pro1` names a model"]);
    assert_eq!(fault("models::PRO1_MOD").len(), 1);
    assert!(fault("SettingId::from_key(text); SettingId::ALL").is_empty());
    for good in [
        "f(\"kWh\")",
        "f(\"made-up\")",
        "\"for example: serve --model pro1-mod --set modbus-id=2\"",
        "let green = 0x00ff00;",
        "let port = 0x1000;",
        "// 0x4003\n",
    ] {
        assert!(fault(good).is_empty(), "{good}");
    }
}

#[test]
fn root_files_carry_their_attributes() {
    let n = rooms::room("nv").unwrap();
    let full = "#![cfg_attr(not(test), no_std)]\n#![forbid(unsafe_code)]\n#![deny(\n    clippy::unwrap_used,\n    \
        clippy::expect_used,\n    clippy::panic,\n    clippy::indexing_slicing,\n    clippy::cast_possible_truncation\n)]\n";
    assert!(rules::root_attributes(&file("a.rs", full), n, true).is_empty());
    assert_eq!(rules::root_attributes(&file("a.rs", "//! nothing"), n, true).len(), 7);
    assert_eq!(rules::root_attributes(&file("a.rs", &full.replace("clippy::panic,", "")), n, true).len(), 1);
    let commented = full.replace("#![forbid", "// #![forbid");
    assert_eq!(rules::root_attributes(&file("a.rs", &commented), n, true).len(), 1);
    let s = rooms::room("cli").unwrap();
    assert!(rules::root_attributes(&file("a.rs", "#![forbid(unsafe_code)]"), s, false).is_empty());
}

#[test]
fn long_files_are_refused() {
    let nobody = rules::Identities::of(&[]);
    assert!(rules::faults(&file("a.rs", &"\n".repeat(700)), &nobody).is_empty());
    assert_eq!(
        rules::faults(&file("a.rs", &"\n".repeat(701)), &nobody),
        ["a.rs: 701 lines, split it at about 600"]
    );
    assert!(rules::long(&file("a.rs", &"\n".repeat(601)), rules::LONG).is_some());
    assert!(rules::long(&file("package-lock.json", &"\n".repeat(5000)), rules::LONG).is_none());
    assert!(rules::architecture(&file("ARCHITECTURE.md", &"\n".repeat(200))).is_none());
    assert!(rules::architecture(&file("ARCHITECTURE.md", &"\n".repeat(201))).is_some());
}

#[test]
fn the_repository_stands_alone() {
    assert_eq!(
        rules::elsewhere(&file("README.md", "one\nsee /home/ada/x")),
        ["README.md:2: `/home/` holds on one machine only"]
    );
    assert!(rules::elsewhere(&file("README.md", "in the home folder, ~/.cache")).is_empty());
}

#[test]
fn a_style_sheet_closes_what_it_opens() {
    let sheet = |text| rules::unclosed(&file("web/style/a.css", text));
    assert_eq!(sheet("@media print { .a { color: red; } }"), None);
    assert_eq!(
        sheet("@media print { .a { color: red; }"),
        Some("web/style/a.css: 2 blocks are opened, 1 are closed".into())
    );
    assert_eq!(rules::unclosed(&file("a.rs", "// {")), None);
}

#[test]
fn comments_strings_and_characters_are_told_apart() {
    let text = "let a = \"// no comment\"; // comment \"x\"\nlet b = '\"'; let c = r#\"raw \" end\"#; /* a /* b */ c */ let d: &'a str;";
    let source = file("a.rs", text);
    let bare = source.code(Strings::Blanked);
    assert!(!bare.contains("comment") && !bare.contains("raw") && !bare.contains('*'), "{bare}");
    assert!(bare.contains("let d: &'a str;"), "{bare}");
    assert_eq!(bare.lines().count(), 2);
    let strings: Vec<(usize, String)> = source.product_strings();
    assert_eq!(strings, [(1, "// no comment".to_owned()), (2, "raw \" end".to_owned())]);
}
