//! The state file: the non-volatile memories of the meters that are served, from one run to the next. Its bytes are
//! [`rig::image`]'s. A file is replaced by another one at once, never written into.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

pub use rig::image::Kept;
use rig::image::{emit, parse};

/// Reads a state file; nothing where there is none yet. The text of the error is a sentence that names the file.
pub fn load(path: &Path) -> Result<Vec<Kept>, String> {
    match fs::read(path) {
        Ok(bytes) => parse(&bytes).map_err(|why| {
            format!(
                "{}: {why}. It was left as it is: move it away to begin with new meters, or name another file.",
                path.display()
            )
        }),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(why) => Err(format!("{} cannot be read: {why}.", path.display())),
    }
}

/// Puts a new state file in the place of the old one.
pub fn save(path: &Path, kept: &[Kept]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = PathBuf::from(name);
    let written = File::create(&fresh).and_then(|mut file| {
        file.write_all(&emit(kept))?;
        file.sync_all()
    });
    let replaced = written.and_then(|()| fs::rename(&fresh, path));
    if replaced.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    replaced
}
