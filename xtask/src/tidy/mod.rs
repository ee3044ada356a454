//! `cargo xtask tidy`: the invariants of ARCHITECTURE.md, from the manifests and from plain searches.

pub mod rooms;
mod rules;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{run, tools};
use source::Source;

/// What `cargo metadata` says of our packages.
#[derive(Deserialize)]
pub struct Workspace {
    packages: Vec<Package>,
    #[serde(rename = "workspace_default_members", default)]
    default_members: Vec<String>,
}

/// One of our packages.
#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `None` for an ordinary dependency, `dev` or `build`.
    kind: Option<String>,
    /// Set for a dependency inside the repository.
    path: Option<PathBuf>,
    req: String,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    src_path: PathBuf,
}

impl Workspace {
    /// Asks cargo; dependencies outside are not resolved, so that nothing is fetched.
    pub fn read(root: &Path) -> Result<Self> {
        let mut ask = run::cargo(root);
        let text = run::output(ask.args(["metadata", "--no-deps", "--format-version", "1"]))?;
        serde_json::from_str(&text).context("cargo metadata printed something unexpected")
    }

    /// The package of this name.
    pub fn package(&self, name: &str) -> Option<&str> {
        self.packages.iter().find(|package| package.name == name).map(|package| package.name.as_str())
    }
}

/// Checks everything; the error counts what was printed.
pub fn tidy(root: &Path) -> Result<()> {
    let workspace = Workspace::read(root)?;
    let mut faults = rooms::faults(&workspace);
    faults.extend(pins(root, &workspace)?);
    let files = tracked(root)?;
    for package in &workspace.packages {
        let Some(room) = rooms::room(&package.name) else { continue };
        faults.extend(roots(root, package, room)?);
    }
    let identities = rules::Identities::of(&files);
    for file in &files {
        faults.extend(rules::faults(file, &identities));
        if let Some(warning) = rules::long(file, rules::LONG) {
            println!("warning: {warning}");
        }
    }
    faults.sort();
    for fault in &faults {
        println!("tidy: {fault}");
    }
    if !faults.is_empty() {
        bail!("{} against the invariants of ARCHITECTURE.md", faults.len());
    }
    println!("tidy: {} packages, {} files, no fault", workspace.packages.len(), files.len());
    Ok(())
}

/// The files that git tracks or would, as text; pictures are left out.
fn tracked(root: &Path) -> Result<Vec<Source>> {
    let mut ask = run::program("git", root);
    let list = run::output(ask.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
    let mut files = Vec::new();
    for name in list.split('\0').filter(|name| !name.is_empty()) {
        // A file deleted and not yet committed is still listed.
        let Ok(bytes) = fs::read(root.join(name)) else { continue };
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(Source::new(name, text));
        }
    }
    Ok(files)
}

/// The attributes that the root file of each library and program carries.
fn roots(root: &Path, package: &Package, room: &rooms::Room) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for target in &package.targets {
        let kind = target.kind.first().map_or("", String::as_str);
        if !matches!(kind, "lib" | "bin" | "cdylib" | "rlib") {
            continue;
        }
        let text = fs::read_to_string(&target.src_path)
            .with_context(|| format!("{} cannot be read", target.src_path.display()))?;
        let name = target.src_path.strip_prefix(root).unwrap_or(&target.src_path);
        let file = Source::new(&name.to_string_lossy(), text);
        faults.extend(rules::root_attributes(&file, room, kind == "lib"));
    }
    Ok(faults)
}

/// The wasm-bindgen of the page's packages must be the one whose program is installed.
fn pins(root: &Path, workspace: &Workspace) -> Result<Vec<String>> {
    let users = workspace.packages.iter().flat_map(|package| {
        let asked = package.dependencies.iter().filter(|dependency| dependency.name == "wasm-bindgen");
        asked.map(move |dependency| (package.name.as_str(), dependency.req.as_str()))
    });
    let users: Vec<(&str, &str)> = users.collect();
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let pins = tools::pins(root)?;
    let Some(program) = pins.cargo.iter().find(|pin| pin.name == "wasm-bindgen-cli") else {
        return Ok(vec!["xtask/tools.toml pins no wasm-bindgen-cli".to_owned()]);
    };
    let wanted = format!("={}", program.version);
    Ok(users
        .into_iter()
        .filter(|(_, req)| *req != wanted)
        .map(|(name, req)| format!("{name} asks for wasm-bindgen {req}, xtask/tools.toml for {wanted}"))
        .collect())
}

#[cfg(test)]
mod tests;
