//! Which package may depend on which: the table of ARCHITECTURE.md as data, and its check.

use super::Workspace;

/// What a package may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `no_std` without `alloc`.
    N,
    /// `no_std` with `alloc`.
    A,
    /// The standard library.
    S,
    /// The browser.
    Web,
}

/// A package and what it may depend on.
pub struct Room {
    /// Its name.
    pub package: &'static str,
    /// What it may rely on.
    pub kind: Kind,
    /// Packages of ours.
    ours: Ours,
    /// Packages of others; `None`: any.
    others: Option<&'static [&'static str]>,
}

enum Ours {
    Only(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

impl Ours {
    fn allows(&self, name: &str) -> bool {
        match self {
            Self::Only(list) => list.contains(&name),
            Self::AllBut(list) => !list.contains(&name),
        }
    }
}

const fn n(package: &'static str, ours: &'static [&'static str], others: &'static [&'static str]) -> Room {
    Room { package, kind: Kind::N, ours: Ours::Only(ours), others: Some(others) }
}

/// The rooms, lowest first. A new package starts with a row here and in ARCHITECTURE.md.
pub const ROOMS: &[Room] = &[
    n("units", &[], &[]),
    n("schema", &["units"], &[]),
    n("models", &["schema", "units"], &[]),
    n("modbus", &["units"], &["crc"]),
    n("mbus", &["units"], &[]),
    n("iec62056", &["units"], &[]),
    n("metering", &["units", "schema"], &["libm"]),
    n("nv", &["units"], &["crc"]),
    n("lcd", &["units", "schema"], &["embedded-graphics", "qrcodegen-no-heap"]),
    n("panel", &["schema", "lcd", "units"], &[]),
    n(
        "device",
        &["units", "schema", "modbus", "mbus", "iec62056", "metering", "nv", "lcd", "panel"],
        &["libm"],
    ),
    Room {
        package: "rig",
        kind: Kind::A,
        ours: Ours::Only(&[
            "device", "models", "schema", "units", "modbus", "mbus", "iec62056", "lcd", "metering", "nv",
            "panel",
        ]),
        others: Some(&["libm"]),
    },
    Room {
        package: "commission",
        kind: Kind::A,
        ours: Ours::Only(&["schema", "models", "units", "modbus", "mbus", "iec62056", "device", "rig"]),
        others: Some(&["libm", "serde", "serde_json"]),
    },
    Room {
        package: "cli",
        kind: Kind::S,
        ours: Ours::AllBut(&["cabinet", "dom", "lines", "web", "firmware", "xtask", "tests"]),
        others: None,
    },
    Room {
        package: "dom",
        kind: Kind::Web,
        ours: Ours::Only(&["units", "schema", "models", "commission"]),
        others: None,
    },
    Room {
        package: "lines",
        kind: Kind::Web,
        ours: Ours::AllBut(&["cabinet", "web", "cli", "firmware", "xtask", "tests"]),
        others: None,
    },
    Room {
        package: "cabinet",
        kind: Kind::Web,
        ours: Ours::AllBut(&["lines", "web", "cli", "firmware", "xtask", "tests"]),
        others: None,
    },
    Room {
        package: "web",
        kind: Kind::Web,
        // The modules of the page share no code but `dom`: what one needs of the other goes through a host object.
        ours: Ours::AllBut(&["cabinet", "lines", "cli", "firmware", "xtask", "tests"]),
        others: None,
    },
    Room {
        package: "firmware",
        kind: Kind::N,
        ours: Ours::Only(&["device", "models", "metering", "schema", "units", "nv", "lcd", "modbus"]),
        others: Some(&["cortex-m", "cortex-m-rt", "critical-section"]),
    },
    Room {
        package: "bench",
        kind: Kind::S,
        ours: Ours::AllBut(&["cabinet", "dom", "lines", "web", "firmware", "xtask", "tests", "cli"]),
        others: None,
    },
    Room {
        package: "fuzz",
        kind: Kind::S,
        ours: Ours::AllBut(&[
            "cabinet", "dom", "lines", "web", "firmware", "xtask", "tests", "fuzz", "bench", "cli",
        ]),
        others: Some(&["libfuzzer-sys"]),
    },
    Room {
        package: "tests",
        kind: Kind::S,
        ours: Ours::AllBut(&["cabinet", "dom", "lines", "web", "firmware", "xtask"]),
        others: None,
    },
    Room { package: "xtask", kind: Kind::S, ours: Ours::Only(&[]), others: None },
];

/// Bindings to the browser belong to the page.
const BROWSER: &[&str] =
    &["web-sys", "js-sys", "leptos", "leptos_dom", "gloo", "wasm-bindgen", "wasm-bindgen-futures"];
/// Who may carry serde: what writes files, and shells for their own state.
const SERDE: &[&str] = &["commission", "cli", "web", "tests", "xtask"];
/// Packages that a plain `cargo build` leaves out, since they are for another machine or built in another way.
const NOT_DEFAULT: &[&str] = &["cabinet", "dom", "lines", "web", "firmware", "fuzz"];

/// The row of a package.
pub fn room(package: &str) -> Option<&'static Room> {
    ROOMS.iter().find(|room| room.package == package)
}

fn height(package: &str) -> Option<usize> {
    ROOMS.iter().position(|room| room.package == package)
}

/// One dependency, as the check sees it.
#[derive(Clone, Copy)]
pub struct Edge<'a> {
    /// Who depends.
    pub from: &'a str,
    /// On whom.
    pub to: &'a str,
    /// Whether `to` is ours.
    pub ours: bool,
    /// Whether it is for tests only.
    pub dev: bool,
}

/// What is wrong with a dependency, if anything.
pub fn fault(edge: Edge<'_>) -> Option<String> {
    let Edge { from, to, ours, dev } = edge;
    let Some(room) = room(from) else {
        return Some(format!("`{from}` has no row in xtask/src/tidy/rooms.rs and ARCHITECTURE.md"));
    };
    let browser = BROWSER.contains(&to) || to.starts_with("gloo-") || to.starts_with("leptos");
    if browser && room.kind != Kind::Web {
        return Some(format!("`{from}` depends on {to}: bindings to the browser belong to `web`"));
    }
    if to.starts_with("serde") && !SERDE.contains(&from) {
        return Some(format!("`{from}` depends on {to}: serde belongs to {}", SERDE.join(", ")));
    }
    if dev {
        // Tests inside a crate may use what stands below it; who joins device and models is a shell.
        let below = height(to) < height(from) && (from, to) != ("device", "models");
        let allowed = !ours || room.ours.allows(to) || below;
        return (!allowed)
            .then(|| format!("the tests of `{from}` use `{to}`, which does not stand below it"));
    }
    let allowed = if ours { room.ours.allows(to) } else { room.others.is_none_or(|list| list.contains(&to)) };
    (!allowed).then(|| format!("`{from}` may not depend on `{to}`"))
}

/// Everything wrong with the packages and their dependencies.
pub fn faults(workspace: &Workspace) -> Vec<String> {
    let mut faults = Vec::new();
    for package in &workspace.packages {
        if room(&package.name).is_none() {
            faults.push(format!(
                "`{}` has no row in xtask/src/tidy/rooms.rs and ARCHITECTURE.md",
                package.name
            ));
            continue;
        }
        for dependency in &package.dependencies {
            let edge = Edge {
                from: &package.name,
                to: &dependency.name,
                ours: dependency.path.is_some(),
                dev: dependency.kind.as_deref() == Some("dev"),
            };
            faults.extend(fault(edge));
        }
        if NOT_DEFAULT.contains(&package.name.as_str()) && workspace.default_members.contains(&package.id) {
            faults.push(format!("Cargo.toml: `{}` is not to be among the default-members", package.name));
        }
    }
    faults
}
