//! Building the page with Trunk, which is given every tool and downloads none.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::{glue, run, tools};

/// The packages that are modules of the page: the one that it starts with, and those that it fetches later.
const MODULES: [&str; 3] = ["web", "lines", "cabinet"];

/// Builds the page into `dist`; `fast` leaves out optimisation.
pub fn build(root: &Path, dist: &Path, fast: bool) -> Result<()> {
    let tools = tools::for_page(root)?;
    // Trunk works offline, cargo's part included: the crates have to be here before.
    let target = tools::pins(root)?.rust.page;
    run::output(run::cargo(root).args(["fetch", "--target", &target]))?;
    let mut trunk = run::program("trunk", root);
    trunk.env("PATH", tools::path_with(&tools.path)?).arg("build").arg("--dist").arg(dist);
    if !fast {
        trunk.arg("--release");
    }
    if let Some(build) = build_id(root) {
        trunk.env("METERTWIN_BUILD", build);
    }
    trunk.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags(root));
    // Trunk reads NO_COLOR as a Boolean and refuses the usual "1".
    trunk.env_remove("NO_COLOR");
    run::run(&mut trunk)?;
    if !fast {
        glue::shorten(dist, &MODULES)?;
    }
    check_inline(dist)
}

/// What rustc is told for the page, beside what any configuration says.
fn flags(root: &Path) -> String {
    let mut flags = String::new();
    // Panic messages name source files; they need not tell where on this machine those were.
    let home = std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| home + "/.cargo"));
    for (from, to) in [(home.ok(), "cargo"), (root.to_str().map(str::to_owned), "metertwin")] {
        if let Some(from) = from.filter(|from| !from.contains(' ')) {
            flags += &format!("--remap-path-prefix={from}={to} ");
        }
    }
    flags.trim_end().to_owned()
}

/// Short hash of the commit; nothing where there is no git.
fn build_id(root: &Path) -> Option<String> {
    let hash = run::output(run::program("git", root).args(["rev-parse", "--short", "HEAD"])).ok()?;
    Some(hash.trim().to_owned())
}

/// The content security policy allows neither inline scripts nor inline styles; neither may come out of the build.
fn check_inline(dist: &Path) -> Result<()> {
    let html = fs::read_to_string(dist.join("index.html"))?;
    match first_inline(&html) {
        None => Ok(()),
        Some(found) => bail!("dist/index.html has `{found}`, which the content security policy refuses"),
    }
}

/// The first inline script, style element or style attribute of a document.
fn first_inline(html: &str) -> Option<String> {
    html.split('<').skip(1).find_map(|piece| {
        let tag = piece.split('>').next().unwrap_or(piece);
        let name = tag.split(|c: char| c.is_whitespace()).next().unwrap_or_default().to_ascii_lowercase();
        let inline = match name.as_str() {
            "script" => !tag.contains("src="),
            "style" => true,
            _ => tag.contains(" style=") || tag.contains(" onclick=") || tag.contains(" onload="),
        };
        inline.then(|| format!("<{tag}>"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_code_is_found() {
        assert_eq!(first_inline("<p>1</p><script>a()</script>"), Some("<script>".to_owned()));
        assert_eq!(first_inline("<style>p{}</style>"), Some("<style>".to_owned()));
        assert_eq!(first_inline("<p style=\"x\">"), Some("<p style=\"x\">".to_owned()));
    }

    #[test]
    fn linked_code_passes() {
        let html =
            "<link rel=\"stylesheet\" href=\"a.css\"><script type=\"module\" src=\"boot.js\"></script>";
        assert_eq!(first_inline(html), None);
    }
}
