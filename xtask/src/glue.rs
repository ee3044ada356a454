//! Making the seam between module and glue small: wasm-bindgen gives each import and export a long name with a hash,
//! which neither file compresses away, and explains its glue in comments that nobody reads in the browser.
//!
//! Both files are rewritten together. What does not look as expected is an error, never a page that is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// What the glue calls itself in the module's imports afterwards.
const SHORT_GLUE: &str = "a";

/// Rewrites each module of `packages` and its glue in `dist`.
pub fn shorten(dist: &Path, packages: &[&str]) -> Result<()> {
    for package in packages {
        let module_path = only(dist, package, "_bg.wasm")?;
        let name = module_path.file_name().unwrap_or_default().to_string_lossy().replace("_bg.wasm", ".js");
        let glue_path = dist.join(name);
        let module = fs::read(&module_path)?;
        let glue =
            fs::read_to_string(&glue_path).with_context(|| format!("{} is missing", glue_path.display()))?;
        // What the glue calls itself in the module's imports.
        let own = format!("./{package}_bg.js");
        let (module, glue) = shortened(&module, &glue, &own)
            .with_context(|| format!("wasm-bindgen's glue of {package} looks otherwise than expected"))?;
        fs::write(module_path, module)?;
        fs::write(glue_path, glue)?;
    }
    Ok(())
}

/// The one file with this end that belongs to a package, whether its name has a hash or not.
fn only(dist: &Path, package: &str, end: &str) -> Result<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(dist)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let of_package = name.strip_suffix(end).and_then(|start| start.strip_prefix(package));
        if of_package.is_some_and(|hash| hash.is_empty() || hash.starts_with('-')) {
            found.push(path);
        }
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        _ => bail!("{} holds {} files {package}*{end}, not one", dist.display(), found.len()),
    }
}

fn shortened(module: &[u8], glue: &str, own: &str) -> Result<(Vec<u8>, String)> {
    let parts = sections(module)?;
    let body = |id: u8| parts.iter().find(|(own, _)| *own == id).map_or(&[0_u8][..], |(_, body)| *body);
    let imports = imports(body(IMPORTS), own)?;
    let exports = exports(body(EXPORTS))?;
    let glue = without_dead_classes(glue, &exports.iter().map(|export| export.name).collect())?;
    let used: BTreeSet<&str> = words_after(&glue, "wasm.").collect();
    if let Some(missing) = used.iter().find(|name| exports.iter().all(|export| export.name != **name)) {
        bail!("it calls `{missing}`, which the module does not export");
    }
    let exports: Vec<&Named> = exports.iter().filter(|export| used.contains(export.name)).collect();
    let import_names: BTreeMap<&str, String> =
        imports.iter().enumerate().map(|(place, import)| (import.name, letters(place))).collect();
    let export_names: BTreeMap<&str, String> =
        exports.iter().enumerate().map(|(place, export)| (export.name, letters(place))).collect();

    let mut small = module.get(..HEADER).unwrap_or_default().to_vec();
    for (id, body) in &parts {
        let body = match *id {
            IMPORTS => section_of(imports.iter().map(|import| {
                let mut row = text(SHORT_GLUE);
                row.extend(text(import_names.get(import.name).map_or("", String::as_str)));
                row.extend(import.kind);
                row
            })),
            EXPORTS => section_of(exports.iter().map(|export| {
                let mut row = text(export_names.get(export.name).map_or("", String::as_str));
                row.extend(export.kind);
                row
            })),
            _ => body.to_vec(),
        };
        small.push(*id);
        small.extend(number(body.len()));
        small.extend(body);
    }
    Ok((small, renamed(&glue, own, &import_names, &export_names)?))
}

/// The glue without classes that stand for nothing in the module any more: those that a dependency exports for
/// itself and wasm-opt has been told to drop (see `index.html`).
fn without_dead_classes(glue: &str, exports: &BTreeSet<&str>) -> Result<String> {
    let mut kept = String::with_capacity(glue.len());
    let mut rest = glue;
    let mut dead = Vec::new();
    while let Some(at) = rest.find("export class ") {
        let (before, from) = rest.split_at(at);
        kept.push_str(before);
        let name = from["export class ".len()..].split(' ').next().unwrap_or_default();
        let end = from.find("\n}\n").context("a class has no end")? + "\n}\n".len();
        let (class, after) = from.split_at(end);
        if words_after(class, "wasm.").any(|call| exports.contains(call)) {
            bail!("class {name} is alive");
        }
        dead.push(name);
        rest = after;
    }
    kept.push_str(rest);
    for name in dead {
        for start in [format!("if (Symbol.dispose) {name}."), format!("const {name}Finalization = ")] {
            let at = kept.find(&start).with_context(|| format!("class {name} lacks `{start}`"))?;
            let end = kept[at..].find(";\n").with_context(|| format!("`{start}` has no end"))?;
            kept.replace_range(at..at + end + 2, "");
        }
    }
    Ok(kept)
}

/// The glue with the short names, without the entries of imports that the module lacks, comments and indentation.
fn renamed(
    glue: &str,
    own: &str,
    imports: &BTreeMap<&str, String>,
    exports: &BTreeMap<&str, String>,
) -> Result<String> {
    const ENTRY: &str = "        ";
    let mut small = String::with_capacity(glue.len());
    let (mut in_imports, mut in_doc, mut dropping, mut seen) = (false, false, false, 0);
    for line in glue.lines() {
        let bare = line.trim();
        in_imports |= line == "    const import0 = {";
        in_imports &= line != "    };";
        in_doc |= bare.starts_with("/**");
        let comment = in_doc || bare.starts_with("//");
        in_doc &= !bare.ends_with("*/");
        if comment || bare.is_empty() {
            continue;
        }
        let entry = line.strip_prefix(ENTRY).filter(|entry| in_imports && entry.starts_with("__wb"));
        if let Some((name, rest)) = entry.and_then(|entry| entry.split_once(": ")) {
            dropping = !imports.contains_key(name);
            if let Some(short) = imports.get(name) {
                seen += 1;
                small.push_str(&format!("{short}: {}\n", with_exports(rest, exports)));
            }
        } else if !dropping {
            small.push_str(&with_exports(bare, exports).replace(own, SHORT_GLUE));
            small.push('\n');
        }
        // An entry ends where its brace closes again.
        dropping &= !line.strip_prefix(ENTRY).is_some_and(|end| end.starts_with('}'));
    }
    if seen != imports.len() {
        bail!("it offers {seen} of the {} imports", imports.len());
    }
    Ok(small)
}

fn with_exports(line: &str, exports: &BTreeMap<&str, String>) -> String {
    let mut parts = line.split("wasm.");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_at(word(part));
        out.push_str("wasm.");
        out.push_str(exports.get(name).map_or(name, String::as_str));
        out.push_str(rest);
    }
    out
}

/// The words that stand right behind `mark`.
fn words_after<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(mark).skip(1).map(|part| &part[..word(part)]).filter(|word| !word.is_empty())
}

/// How long the name at the start of a text is.
fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// The name with this number: a to z, aa to zz and so on; none is longer than needed.
fn letters(mut place: usize) -> String {
    let mut name = Vec::new();
    loop {
        name.push(b'a' + u8::try_from(place % 26).unwrap_or(0));
        if place < 26 {
            break;
        }
        place = place / 26 - 1;
    }
    // Some are words of JavaScript (`do`, `if`), which may stand as a property.
    String::from_utf8_lossy(&name).into_owned()
}

const HEADER: usize = 8;
const IMPORTS: u8 = 2;
const EXPORTS: u8 = 7;

/// A row of the import or export section: its name, and the bytes that say what it is.
struct Named<'a> {
    name: &'a str,
    kind: &'a [u8],
}

/// The sections of a module: their ids and bodies.
fn sections(module: &[u8]) -> Result<Vec<(u8, &[u8])>> {
    if !module.starts_with(b"\0asm\x01\0\0\0") {
        bail!("it is no WebAssembly module");
    }
    let mut reader = Reader(module.get(HEADER..).unwrap_or_default());
    let mut found = Vec::new();
    while !reader.0.is_empty() {
        let id = reader.byte()?;
        let len = reader.number()?;
        found.push((id, reader.bytes(len)?));
    }
    Ok(found)
}

fn imports<'a>(body: &'a [u8], own: &str) -> Result<Vec<Named<'a>>> {
    let mut reader = Reader(body);
    let mut found = Vec::new();
    for _ in 0..reader.number()? {
        let from = reader.name()?;
        let name = reader.name()?;
        let before = reader.0;
        // Functions only: then the rest is the number of their type.
        if from != own || reader.byte()? != 0 {
            bail!("the module imports `{name}` of `{from}`, which is no function of the glue");
        }
        reader.number()?;
        found.push(Named { name, kind: before.get(..before.len() - reader.0.len()).unwrap_or_default() });
    }
    Ok(found)
}

fn exports(body: &[u8]) -> Result<Vec<Named<'_>>> {
    let mut reader = Reader(body);
    let mut found = Vec::new();
    for _ in 0..reader.number()? {
        let name = reader.name()?;
        let before = reader.0;
        reader.byte()?;
        reader.number()?;
        found.push(Named { name, kind: before.get(..before.len() - reader.0.len()).unwrap_or_default() });
    }
    Ok(found)
}

/// Reads a module from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len).context("the module ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.bytes(1)?.first().copied().unwrap_or(0))
    }

    /// A number in LEB128.
    fn number(&mut self) -> Result<usize> {
        let mut value = 0;
        for shift in (0..32).step_by(7) {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        bail!("a number of the module has no end")
    }

    fn name(&mut self) -> Result<&'a str> {
        let len = self.number()?;
        Ok(std::str::from_utf8(self.bytes(len)?)?)
    }
}

/// A number as LEB128.
fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn text(name: &str) -> Vec<u8> {
    let mut bytes = number(name.len());
    bytes.extend(name.as_bytes());
    bytes
}

fn section_of(rows: impl ExactSizeIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut body = number(rows.len());
    body.extend(rows.flatten());
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "./web_bg.js";

    const GLUE: &str = r"
/**
 * A class of a dependency.
 */
export class Gone {
    free() {
        wasm.gone_free(this.p);
    }
}
if (Symbol.dispose) Gone.prototype[Symbol.dispose] = Gone.prototype.free;
function imports() {
    const import0 = {
        __proto__: null,
        __wbg_log_0123: function(arg0) {
            console.log(wasm.memory, arg0);
        },
        __wbg_unused_4567: function() { return handleError(function (arg0) {
            arg0.close();
        }, arguments); },
        __wbg_now_89ab: function() {
            // A remark.
            return wasm.__wbindgen_malloc(1);
        },
    };
    return { __proto__: null, './web_bg.js': import0 };
}
const GoneFinalization = (typeof FinalizationRegistry === 'undefined')
    ? {}
    : new FinalizationRegistry(ptr => wasm.gone_free(ptr, 1));
";

    fn module(exports: &[&str]) -> Vec<u8> {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        let imports = ["__wbg_log_0123", "__wbg_now_89ab"].map(|name| {
            let mut row = text(OWN);
            row.extend(text(name));
            row.extend([0, 5]);
            row
        });
        let exports: Vec<Vec<u8>> = exports
            .iter()
            .map(|name| {
                let mut row = text(name);
                row.extend([0, 0x81, 1]);
                row
            })
            .collect();
        for (id, body) in [
            (IMPORTS, section_of(imports.into_iter())),
            (EXPORTS, section_of(exports.into_iter())),
            (10, vec![9]),
        ] {
            bytes.push(id);
            bytes.extend(number(body.len()));
            bytes.extend(body);
        }
        bytes
    }

    #[test]
    fn both_sides_get_the_same_short_names() {
        let (module, glue) = shortened(&module(&["memory", "__wbindgen_malloc", "main"]), GLUE, OWN).unwrap();
        assert_eq!(
            glue,
            "function imports() {\nconst import0 = {\n__proto__: null,\na: function(arg0) {\n\
             console.log(wasm.a, arg0);\n},\nb: function() {\nreturn wasm.b(1);\n},\n};\n\
             return { __proto__: null, 'a': import0 };\n}\n"
        );
        let wanted: &[u8] = b"\0asm\x01\0\0\0\x02\x0d\x02\x01a\x01a\0\x05\x01a\x01b\0\x05\x07\x0b\x02\x01a\0\x81\x01\x01b\0\x81\x01\x0a\x01\x09";
        assert_eq!(module, wanted);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let said =
            |exports: &[&str], glue: &str| shortened(&module(exports), glue, OWN).unwrap_err().to_string();
        assert_eq!(said(&["memory"], GLUE), "it calls `__wbindgen_malloc`, which the module does not export");
        assert_eq!(said(&["memory", "__wbindgen_malloc", "gone_free"], GLUE), "class Gone is alive");
        let short = GLUE.replace("__wbg_now_89ab", "__wbg_then_89ab");
        assert_eq!(said(&["memory", "__wbindgen_malloc"], &short), "it offers 1 of the 2 imports");
        assert_eq!(shortened(b"MZ", GLUE, OWN).unwrap_err().to_string(), "it is no WebAssembly module");
    }

    #[test]
    fn names_are_short_and_differ() {
        let names: BTreeSet<String> = (0..1_000).map(letters).collect();
        assert_eq!(names.len(), 1_000);
        assert!(names.iter().all(|name| name.len() <= 3));
    }
}
