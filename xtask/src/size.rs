//! Bytes against budgets: what a first visit loads, and the firmware's flash and RAM.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSection, SectionFlags, elf};

use crate::{page, run, suite, tools};

/// What a first visit may load at most, compressed by brotli, in bytes.
const FIRST_VISIT: usize = 200_000;
/// What the master's work on one meter may load at most, compressed by brotli, in bytes.
const LATER: usize = 200_000;
/// What the work on a cabinet may load; it has a whole meter in it, on which changes are rehearsed.
const CABINET: usize = 500_000;
/// The modules that are fetched when a part of them is opened: how the names of their files begin, what they are, and the
/// budget of each.
const MODULES: [(&str, &str, usize); 2] =
    [("lines", "the master's work on one meter", LATER), ("cabinet", "the work on a cabinet", CABINET)];
/// All drawings that a first visit does not show, compressed by brotli, in bytes: a few of them come with each meter.
const OTHER_DRAWINGS: usize = 30_000;
/// Where all drawings are.
const DRAWINGS: &str = "drawings";
/// Flash of the firmware, in bytes.
const FLASH: u64 = 48 * 1024;
/// Static RAM of the firmware, in bytes; the linker script keeps the stack's part.
const RAM: u64 = 6 * 1024;

/// `cargo xtask size`.
pub fn size(root: &Path) -> Result<()> {
    let dist = root.join("dist");
    page::build(root, &dist, false)?;
    budgets(&dist)?;
    if suite::has(root, "firmware")? { firmware(root) } else { Ok(()) }
}

/// Lists the files of a first visit and those that are loaded later, with their size as brotli sends them, and fails above
/// either budget. Every file in `dist` counts: what the page never loads has no business there.
pub fn budgets(dist: &Path) -> Result<()> {
    let mut files = Vec::new();
    collect(dist, &mut files).with_context(|| format!("{} cannot be listed", dist.display()))?;
    files.sort();
    if !files.iter().any(|file| file.ends_with("index.html")) {
        bail!("{} holds no page; build it first", dist.display());
    }
    let shown = first_drawings(&fs::read_to_string(dist.join("index.html"))?);
    let mut groups: Vec<(&str, Vec<PathBuf>, usize)> = vec![("a first visit", Vec::new(), FIRST_VISIT)];
    for file in files {
        let (what, budget) = kind(file.strip_prefix(dist).unwrap_or(&file), &shown);
        match groups.iter_mut().find(|(other, ..)| *other == what) {
            Some((_, files, _)) => files.push(file),
            None => groups.push((what, vec![file], budget)),
        }
    }
    let mut over = Vec::new();
    for (what, files, budget) in groups {
        let sum = listed(dist, what, &files, budget)?;
        if sum > budget {
            over.push(format!(
                "{what} loads {sum} bytes of brotli, {} over the budget of {budget}",
                sum - budget
            ));
        }
    }
    if !over.is_empty() {
        bail!(over.join("; "));
    }
    Ok(())
}

/// What a file of `dist` is loaded with, and the budget of all that is: with the page, with a module, or with a meter whose
/// drawings are not among `shown`, those of a first visit.
fn kind(file: &Path, shown: &[String]) -> (&'static str, usize) {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if file.parent().is_some_and(|folder| folder.ends_with(DRAWINGS)) && !shown.iter().any(|own| *own == name)
    {
        return ("all other drawings", OTHER_DRAWINGS);
    }
    let module = MODULES.iter().find(|(start, ..)| name.starts_with(start));
    module.map_or(("a first visit", FIRST_VISIT), |(_, what, budget)| (*what, *budget))
}

/// The drawings that a first visit shows, as the document names them.
fn first_drawings(html: &str) -> Vec<String> {
    let named = html.split_once("data-drawings=\"").and_then(|(_, rest)| rest.split_once('"'));
    named.map_or_else(Vec::new, |(files, _)| files.split(' ').map(str::to_owned).collect())
}

/// Prints the files with their sizes; gives the sum as brotli sends it.
fn listed(dist: &Path, what: &str, files: &[PathBuf], budget: usize) -> Result<usize> {
    let (mut raw_sum, mut sum) = (0, 0);
    println!("{:>10} {:>10}  {what}", "bytes", "brotli");
    for file in files {
        let bytes = fs::read(file)?;
        let small = compressed(&bytes)?;
        println!("{:>10} {:>10}  {}", bytes.len(), small, file.strip_prefix(dist).unwrap_or(file).display());
        raw_sum += bytes.len();
        sum += small;
    }
    println!("{raw_sum:>10} {sum:>10}  together, of {budget} allowed");
    Ok(sum)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Length after brotli at its strongest, as a static host stores it.
fn compressed(bytes: &[u8]) -> Result<usize> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 4096, 11, 22);
    writer.write_all(bytes)?;
    Ok(writer.into_inner().len())
}

/// Builds the firmware and prints its flash and RAM, and fails above the budgets.
pub fn firmware(root: &Path) -> Result<()> {
    let target = tools::pins(root)?.rust.firmware;
    tools::rust_target(root, &target)?;
    suite::require(root, "firmware")?;
    let mut build = run::cargo(root);
    build.args(["build", "-p", "firmware", "--profile", "firmware", "--target", &target]);
    build.arg("--message-format=json-render-diagnostics");
    println!("$ {}", run::line(&build));
    let said = run::output(&mut build)?;
    let program = said
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
        .context("cargo named no firmware program")?;
    let used = Footprint::of(&fs::read(&program)?)
        .with_context(|| format!("{} is not an ELF file", program.display()))?;
    println!("{:>10}  flash, of {FLASH} allowed", used.flash);
    println!("{:>10}  static RAM, of {RAM} allowed", used.ram);
    if used.flash > FLASH || used.ram > RAM {
        bail!("the firmware takes {} bytes of flash and {} of static RAM: over budget", used.flash, used.ram);
    }
    Ok(())
}

/// Memory of a linked program, in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Footprint {
    /// Code, constants and the initial values of variables.
    flash: u64,
    /// Initialised and zeroed variables, without the stack.
    ram: u64,
}

impl Footprint {
    fn of(program: &[u8]) -> Result<Self> {
        let file = object::File::parse(program)?;
        let mut used = Self { flash: 0, ram: 0 };
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else { continue };
            if sh_flags & u64::from(elf::SHF_ALLOC) == 0 {
                continue;
            }
            // Only zeroed variables take no room in the file.
            let stored = section.file_range().is_some();
            used.flash += if stored { section.size() } else { 0 };
            used.ram += if sh_flags & u64::from(elf::SHF_WRITE) != 0 { section.size() } else { 0 };
        }
        Ok(used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_shrinks_what_repeats() {
        assert!(compressed(&[7; 10_000]).unwrap() < 30);
    }

    #[test]
    fn a_page_over_budget_is_refused() {
        let dist = std::env::temp_dir().join(format!("metertwin-size-{}", std::process::id()));
        fs::create_dir_all(dist.join("a")).unwrap();
        assert!(budgets(&dist).unwrap_err().to_string().contains("holds no page"));
        fs::write(dist.join("index.html"), b"<body data-drawings=\"a.svg\"><p>").unwrap();
        budgets(&dist).unwrap();
        // Noise does not compress.
        let mut state = 1_u32;
        let noise: Vec<u8> = (0..220_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            })
            .collect();
        fs::write(dist.join("lines.js"), &noise[..150_000]).unwrap();
        budgets(&dist).unwrap();
        fs::write(dist.join("lines.js"), &noise[..210_000]).unwrap();
        assert!(budgets(&dist).unwrap_err().to_string().contains("the master's work on one meter loads"));
        fs::write(dist.join("lines.js"), &noise[..150_000]).unwrap();
        // The drawings that are shown at first count with the page.
        fs::create_dir_all(dist.join("drawings")).unwrap();
        fs::write(dist.join("drawings/a.svg"), &noise[..120_000]).unwrap();
        fs::write(dist.join("drawings/b.svg"), &noise[..20_000]).unwrap();
        budgets(&dist).unwrap();
        fs::write(dist.join("drawings/c.svg"), &noise[..20_000]).unwrap();
        assert!(budgets(&dist).unwrap_err().to_string().contains("all other drawings loads"));
        fs::remove_file(dist.join("drawings/c.svg")).unwrap();
        fs::write(dist.join("lines.js"), &noise[..210_000]).unwrap();
        fs::write(dist.join("a/b.bin"), noise).unwrap();
        let said = budgets(&dist).unwrap_err().to_string();
        assert!(said.contains(&format!("over the budget of {FIRST_VISIT}; ")), "{said}");
        assert!(said.contains(&format!("over the budget of {LATER}")), "{said}");
        fs::remove_dir_all(&dist).unwrap();
    }

    #[test]
    fn the_footprint_of_a_made_up_program() {
        // An ELF32 file whose sections are: none, names (1 byte), code (8), variables (4), zeroed variables (16).
        let sections: [(u32, u32, u32, u32); 5] = [
            (0, 0, 0, 0),
            (elf::SHT_STRTAB, 0, 63, 1),
            (elf::SHT_PROGBITS, elf::SHF_ALLOC | elf::SHF_EXECINSTR, 52, 8),
            (elf::SHT_PROGBITS, elf::SHF_ALLOC | elf::SHF_WRITE, 60, 4),
            (elf::SHT_NOBITS, elf::SHF_ALLOC | elf::SHF_WRITE, 64, 16),
        ];
        let mut file = vec![0x7f, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        file.extend([2, 0, 40, 0, 1, 0, 0, 0]);
        // Entry, program headers, section headers at 64, flags.
        for word in [0_u32, 0, 64, 0] {
            file.extend(word.to_le_bytes());
        }
        for half in [52_u16, 0, 0, 40, 5, 1] {
            file.extend(half.to_le_bytes());
        }
        file.resize(64, 0);
        for (kind, flags, offset, size) in sections {
            for word in [0, kind, flags, 0, offset, size, 0, 0, 1, 0] {
                file.extend(word.to_le_bytes());
            }
        }
        assert_eq!(Footprint::of(&file).unwrap(), Footprint { flash: 12, ram: 20 });
        assert!(Footprint::of(b"no program").is_err());
    }
}
