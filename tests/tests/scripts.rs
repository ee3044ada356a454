//! Plays every script of `tests/scripts`; what it prints stands beside it. `UPDATE_EXPECT=1` writes that anew.

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use rig::script::{Player, Script};

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut scripts: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|it| it == "script")).collect();
    scripts.sort();
    scripts
}

#[test]
fn every_script_plays_to_its_end_and_prints_what_it_did() {
    let scripts = scripts();
    assert!(scripts.len() >= 10, "only {} scripts", scripts.len());
    for path in scripts {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let script = Script::parse(&text).unwrap_or_else(|why| panic!("{name}, {why}"));
        let mut printed = String::new();
        let mut player = Player::new(&script);
        let played = loop {
            let shown =
                player.upcoming().map(|line| line.text.clone()).filter(|text| text.starts_with("show"));
            let before = printed.len();
            let step = player.step(&mut |line| {
                printed.push_str(line);
                printed.push('\n');
            });
            match step {
                Ok(true) => {
                    assert!(shown.is_none() || printed.len() > before, "{name}: {shown:?} printed nothing")
                }
                Ok(false) => break Ok(()),
                Err(failure) => break Err(failure),
            }
        };
        if let Err(failure) = played {
            panic!("{name}, {failure}");
        }
        expect_file![path.with_extension("txt")].assert_eq(&printed);
    }
}

#[test]
fn a_script_plays_the_same_twice() {
    for path in scripts() {
        let script = Script::parse(&fs::read_to_string(&path).unwrap()).unwrap();
        let print = || {
            let mut printed = String::new();
            Player::new(&script).play(&mut |line| printed.push_str(line)).unwrap();
            printed
        };
        assert_eq!(print(), print(), "{}", path.display());
    }
}
