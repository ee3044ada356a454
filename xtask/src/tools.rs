//! The pinned tools: found on the PATH in the right version, or installed once for all clones.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::run;

/// Something that only the owner of the machine can install; exit code 3.
#[derive(Debug)]
pub struct Missing(pub String);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

/// `xtask/tools.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    pub cargo: Vec<CargoPin>,
    pub npm: Npm,
    pub python: PythonPin,
    pub rust: RustTargets,
    pub debian: Vec<DebianPin>,
}

/// A program installed by cargo.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CargoPin {
    pub name: String,
    pub version: String,
    program: Option<String>,
}

impl CargoPin {
    fn program(&self) -> &str {
        self.program.as_deref().unwrap_or(&self.name)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Npm {
    build: NpmPin,
    browser: NpmPin,
    peers: NpmPin,
}

/// Node packages, installed as their lock file says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NpmPin {
    name: String,
    version: String,
    lock: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PythonPin {
    name: String,
    version: String,
    requirements: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RustTargets {
    pub page: String,
    pub firmware: String,
}

/// A package of the distribution, and what shows that it is there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DebianPin {
    package: String,
    program: Option<String>,
    file: Option<String>,
    python: Option<String>,
}

impl DebianPin {
    fn present(&self) -> bool {
        let program = self.program.as_deref().is_none_or(|name| on_path(name).is_some());
        let file = self.file.as_deref().is_none_or(|path| Path::new(path).exists());
        let python = self.python.as_deref().is_none_or(|module| {
            Command::new("python3")
                .args(["-c", &format!("import {module}")])
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        });
        program && file && python
    }
}

/// The pins, read from the repository.
pub fn pins(root: &Path) -> Result<Pins> {
    let file = root.join("xtask/tools.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    toml::from_str(&text).with_context(|| format!("{} is not as expected", file.display()))
}

/// `${METERTWIN_TOOLS:-~/.cache/metertwin}`.
fn folder() -> Result<PathBuf> {
    if let Some(chosen) = env::var_os("METERTWIN_TOOLS").filter(|value| !value.is_empty()) {
        return Ok(PathBuf::from(chosen));
    }
    let home = env::var_os("HOME").context("neither METERTWIN_TOOLS nor HOME says where the tools go")?;
    Ok(Path::new(&home).join(".cache/metertwin"))
}

/// The first program of this name on the PATH.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}

/// Installs into `NAME-VERSION` unless that exists: under a temporary name first, then renamed, so that a clone that
/// comes along meanwhile sees all of it or nothing.
fn install(name: &str, version: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let tools = folder()?;
    let place = tools.join(format!("{name}-{version}"));
    if place.is_dir() {
        return Ok(place);
    }
    let draft = tools.join(format!("{name}-{version}.{}.draft", std::process::id()));
    fs::create_dir_all(&draft).with_context(|| format!("{} cannot be made", draft.display()))?;
    println!("installing {name} {version} into {}", place.display());
    let done = fill(&draft).and_then(|()| match fs::rename(&draft, &place) {
        // Another clone was quicker with the same thing.
        Err(_) if place.is_dir() => Ok(()),
        other => other.with_context(|| format!("{} cannot be renamed", draft.display())),
    });
    if draft.is_dir() {
        fs::remove_dir_all(&draft).with_context(|| format!("{} cannot be removed", draft.display()))?;
    }
    done.map(|()| place)
}

/// The folder that holds a pinned program.
fn cargo_program(root: &Path, pin: &CargoPin) -> Result<PathBuf> {
    if let Some(found) = on_path(pin.program()) {
        let says = run::output(run::program(&found, root).arg("--version")).unwrap_or_default();
        if says.split_whitespace().any(|word| word == pin.version) {
            return found.parent().map(Path::to_owned).context("a program without a folder");
        }
    }
    let place = install(&pin.name, &pin.version, |draft| {
        let attempt = |locked: bool| {
            let mut command = run::cargo(root);
            command.args(["install", &pin.name, "--version", &pin.version, "--root"]).arg(draft);
            command.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
            if locked {
                command.arg("--locked");
            }
            run::run(&mut command)
        };
        // A young registry index may lack one of the locked versions; then the newest fitting ones do.
        attempt(true).or_else(|_| attempt(false))
    })?;
    Ok(place.join("bin"))
}

/// The `node_modules` of a lock file.
fn node_modules(root: &Path, pin: &NpmPin) -> Result<PathBuf> {
    require_program("npm", "nodejs and npm")?;
    let source = root.join(&pin.lock);
    let wanted = fs::read(source.join("package-lock.json"))
        .with_context(|| format!("{} has no package-lock.json", source.display()))?;
    // One lock file, one folder: a clone with another lock file gets its own.
    let version = format!("{}-{:08x}", pin.version, checksum(&wanted));
    let place = install(&pin.name, &version, |draft| {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join(file), draft.join(file))?;
        }
        run::run(run::program("npm", draft).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))
    })?;
    Ok(place.join("node_modules"))
}

/// The Python with the foreign Modbus and M-Bus programs.
fn python(root: &Path, pin: &PythonPin) -> Result<PathBuf> {
    let requirements = root.join(&pin.requirements);
    let wanted =
        fs::read(&requirements).with_context(|| format!("{} cannot be read", requirements.display()))?;
    let version = format!("{}-{:08x}", pin.version, checksum(&wanted));
    let place = install(&pin.name, &version, |draft| {
        run::run(run::program("python3", root).args(["-m", "venv"]).arg(draft))?;
        let mut pip = run::program(draft.join("bin/python"), root);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements);
        run::run(&mut pip)
    })?;
    // The scripts in bin/ name the draft folder; the interpreter itself finds its packages wherever it stands.
    Ok(place.join("bin/python"))
}

/// FNV-1a, 32 bit: tells lock files apart, guards nothing.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

fn require_program(name: &str, what: &str) -> Result<()> {
    match on_path(name) {
        Some(_) => Ok(()),
        None => bail!(Missing(format!("`{name}` is not on the PATH; install {what} and run this again"))),
    }
}

/// Makes sure that rustc can build for `target`.
pub fn rust_target(root: &Path, target: &str) -> Result<()> {
    let folder =
        run::output(run::program("rustc", root).args(["--print", "target-libdir", "--target", target]))?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    require_program("rustup", "rustup (https://rustup.rs)")?;
    run::run(run::program("rustup", root).args(["target", "add", target]))
}

/// Makes sure that the toolchain formats and lints.
fn rust_components(root: &Path) -> Result<()> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if run::output(run::cargo(root).args([subcommand, "--version"])).is_err() {
            require_program("rustup", "rustup (https://rustup.rs)")?;
            run::run(run::program("rustup", root).args(["component", "add", component]))?;
        }
    }
    Ok(())
}

/// Makes sure that the distribution's packages for the tests are there: installs them as root, otherwise names the
/// command that does.
fn debian(root: &Path, pins: &[DebianPin]) -> Result<()> {
    let missing: Vec<&str> =
        pins.iter().filter(|pin| !pin.present()).map(|pin| pin.package.as_str()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let command = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    let root_user = run::output(run::program("id", root).arg("-u"))?.trim() == "0";
    if !root_user || on_path("apt-get").is_none() {
        bail!(Missing(format!("the tests need more programs; run: sudo {command}")));
    }
    let apt = |words: &[&str]| {
        run::run(run::program("apt-get", root).args(words).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], missing.as_slice()].concat())?;
    match pins.iter().find(|pin| !pin.present()) {
        None => Ok(()),
        Some(pin) => bail!(Missing(format!("`{}` was installed and still does not show", pin.package))),
    }
}

/// What building the page takes.
pub struct ForPage {
    /// Folders to put in front of the PATH.
    pub path: Vec<PathBuf>,
}

/// Trunk, wasm-bindgen, wasm-opt and the Rust target of the page.
pub fn for_page(root: &Path) -> Result<ForPage> {
    let pins = pins(root)?;
    rust_target(root, &pins.rust.page)?;
    // wasm-opt first: it is quick, and missing node is better told before the long installations.
    let mut path = vec![node_modules(root, &pins.npm.build)?.join(".bin")];
    for pin in &pins.cargo {
        path.push(cargo_program(root, pin)?);
    }
    Ok(ForPage { path })
}

/// Foreign programs for the system tests, as the tests find them: the environment of `cargo test`.
pub fn for_tests(root: &Path) -> Result<Vec<(&'static str, PathBuf)>> {
    let pins = pins(root)?;
    debian(root, &pins.debian)?;
    let libmbus = node_modules(root, &pins.npm.peers)?.join("node-mbus/libmbus/mbus");
    Ok(vec![("METERTWIN_PYTHON", python(root, &pins.python)?), ("METERTWIN_LIBMBUS", libmbus)])
}

/// Browsers and their drivers, as `tests/browser` finds them: the environment of its runner.
pub fn for_browser(root: &Path) -> Result<Vec<(&'static str, PathBuf)>> {
    let mut found = for_tests(root)?;
    found.push(("METERTWIN_NODE_MODULES", node_modules(root, &pins(root)?.npm.browser)?));
    found.push(("METERTWIN_XTASK", this_program()?));
    Ok(found)
}

/// Where this program is. A build in between may have put a new one in its place; Linux then says "(deleted)" of ours.
fn this_program() -> Result<PathBuf> {
    let path = env::current_exe()?;
    let name = path.to_string_lossy();
    Ok(name.strip_suffix(" (deleted)").map_or_else(|| path.clone(), PathBuf::from))
}

/// `cargo xtask tools`.
pub fn report(root: &Path) -> Result<()> {
    rust_components(root)?;
    rust_target(root, &pins(root)?.rust.firmware)?;
    let page = for_page(root)?;
    let browser = for_browser(root)?;
    for (name, place) in browser {
        println!("export {name}={}", place.display());
    }
    let folders: Vec<String> = page.path.iter().map(|folder| folder.display().to_string()).collect();
    println!("export PATH={}:$PATH", folders.join(":"));
    Ok(())
}

/// The PATH with `first` in front.
pub fn path_with(first: &[PathBuf]) -> Result<std::ffi::OsString> {
    let old = env::var_os("PATH").unwrap_or_default();
    let all = first.iter().cloned().chain(env::split_paths(&old));
    env::join_paths(all).context("a tool's folder has a colon in its name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pins_of_this_repository_read_well() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let pins = pins(root).unwrap();
        assert!(pins.cargo.iter().any(|pin| pin.program() == "wasm-bindgen"));
        for pin in &pins.debian {
            let probes =
                [&pin.program, &pin.file, &pin.python].iter().filter(|probe| probe.is_some()).count();
            assert_eq!(probes, 1, "{} has one probe", pin.package);
        }
    }

    #[test]
    fn a_package_shows_by_program_file_or_module() {
        let pin = |program: Option<&str>, file: Option<&str>| DebianPin {
            package: "x".to_owned(),
            program: program.map(str::to_owned),
            file: file.map(str::to_owned),
            python: None,
        };
        assert!(pin(Some("sh"), None).present());
        assert!(!pin(Some("no-such-program-here"), None).present());
        assert!(pin(None, Some("/")).present());
        assert!(!pin(None, Some("/no/such/file")).present());
    }

    #[test]
    fn the_checksum_is_fnv_1a() {
        assert_eq!(checksum(b""), 0x811c_9dc5);
        assert_eq!(checksum(b"a"), 0xe40c_292c);
    }
}
