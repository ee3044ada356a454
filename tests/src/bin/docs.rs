//! Writes `docs/models/*.md` from the tables; with `--check` says whether they are current.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tests::documents;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => {
            eprintln!("docs takes nothing, or --check; it was given: {}", arguments.join(" "));
            return ExitCode::from(2);
        }
    };
    let mut good = true;
    for document in documents::all() {
        let path = root().join(&document.path);
        if check {
            // A missing file is as stale as a changed one.
            if std::fs::read_to_string(&path).unwrap_or_default() != document.text {
                eprintln!("{} is not current: run `cargo run -p tests --bin docs`", document.path);
                good = false;
            }
            continue;
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        match std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, &document.text)) {
            Ok(()) => println!("wrote {}", document.path),
            Err(error) => {
                eprintln!("{} cannot be written: {error}", document.path);
                good = false;
            }
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
