//! Golden pictures: every page of every model as `metertwin lcd` draws it, in characters and in pixels.
//!
//! They stand in `tests/golden/MODEL`: `pages.txt`, and a picture of each page at a quarter of its size in sixteen
//! colours; what a model shows exactly as one before it does, is kept with that one alone. `cargo xtask golden --update` writes them anew and lists what changed; where a picture differs, the one
//! that was drawn is put beside it as `PAGE.actual.png`.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::thread;

use common::metertwin;
use models::Entry;

/// Pixels of the drawing, each way, that one pixel of a golden picture stands for.
const SHRINK: usize = 4;
/// A golden picture has this many colours at most.
const COLOURS: usize = 16;
/// Bytes that a golden picture may have.
const SMALL: usize = 3_000;

fn folder(entry: &Entry) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(entry.def.slug)
}

fn update() -> bool {
    std::env::var("METERTWIN_GOLDEN").is_ok_and(|word| word == "update")
}

/// The models whose glass shows pages by name; a dot matrix has its pictures in `tests/tests/golden_matrix.rs`.
fn with_digits() -> impl Iterator<Item = &'static Entry> {
    models::ALL.iter().filter(|entry| entry.def.glass.segments().is_some())
}

fn keys(entry: &Entry) -> Vec<&'static str> {
    entry.notes.pages.iter().flat_map(|table| table.iter()).map(|note| note.key).collect()
}

fn draw(entry: &Entry, key: &str, format: &str) -> Vec<u8> {
    let args = ["lcd", "--model", entry.def.slug, "--page", key, "--format", format];
    let output = metertwin().args(args).output().unwrap();
    assert!(output.status.success(), "{key}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The pages whose picture is kept with this model: those that no model before it draws alike, on the same glass.
fn own_keys(entry: &Entry) -> Vec<&'static str> {
    let before: Vec<&Entry> = models::ALL
        .iter()
        .take_while(|other| other.def.slug != entry.def.slug)
        .filter(|other| other.notes.drawing == entry.notes.drawing)
        .collect();
    let alike = |key: &'static str| {
        let text = draw(entry, key, "text");
        before.iter().any(|other| keys(other).contains(&key) && draw(other, key, "text") == text)
    };
    keys(entry).into_iter().filter(|key| before.is_empty() || !alike(key)).collect()
}

/// Colours in a rectangle.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Picture {
    width: usize,
    pixels: Vec<[u8; 3]>,
}

/// Decodes a PNG; what is transparent stands on white.
fn decode(png: &[u8]) -> Option<Picture> {
    let mut decoder = png::Decoder::new(Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    let mut bytes = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut bytes).ok()?;
    let pixels = match info.color_type {
        png::ColorType::Rgba => {
            let on_white = |part: u8, alpha: u8| {
                u8::try_from((u32::from(part) * u32::from(alpha) + 255 * (255 - u32::from(alpha))) / 255)
            };
            let pixel = |p: &[u8]| [p[0], p[1], p[2]].map(|part| on_white(part, p[3]).unwrap());
            bytes.chunks_exact(4).map(pixel).collect()
        }
        png::ColorType::Rgb => bytes.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect(),
        _ => return None,
    };
    Some(Picture { width: usize::try_from(info.width).ok()?, pixels })
}

/// The mean of colours.
fn mean(colours: &[[u8; 3]]) -> [u8; 3] {
    let count = colours.len().max(1);
    [0, 1, 2].map(|part| {
        let sum: usize = colours.iter().map(|colour| usize::from(colour[part])).sum();
        u8::try_from((sum + count / 2) / count).unwrap()
    })
}

/// A quarter as wide and as high.
fn shrink(picture: &Picture) -> Picture {
    let (width, height) = (picture.width, picture.pixels.len() / picture.width);
    let mut pixels = Vec::new();
    for y in (0..height).step_by(SHRINK) {
        for x in (0..width).step_by(SHRINK) {
            let rows = y..(y + SHRINK).min(height);
            let block: Vec<[u8; 3]> = rows
                .flat_map(|y| picture.pixels[y * width + x..y * width + (x + SHRINK).min(width)].to_vec())
                .collect();
            pixels.push(mean(&block));
        }
    }
    Picture { width: width.div_ceil(SHRINK), pixels }
}

/// Which of the colours a pixel gets: one a step of brightness.
fn step(colour: [u8; 3]) -> usize {
    let [red, green, blue] = colour.map(usize::from);
    (red * 299 + green * 587 + blue * 114) / 1_000 * COLOURS / 256
}

/// The same with few colours: the means of those that are about as bright.
fn reduce(picture: &Picture) -> (Vec<[u8; 3]>, Vec<usize>) {
    let steps: Vec<usize> = picture.pixels.iter().map(|pixel| step(*pixel)).collect();
    let palette = (0..COLOURS)
        .map(|wanted| {
            let alike = picture.pixels.iter().zip(&steps).filter(|(_, step)| **step == wanted);
            mean(&alike.map(|(pixel, _)| *pixel).collect::<Vec<_>>())
        })
        .collect();
    (palette, steps)
}

fn encode(picture: &Picture) -> Vec<u8> {
    let (palette, steps) = reduce(picture);
    let height = steps.len() / picture.width;
    let mut png = Vec::new();
    let size = [picture.width, height].map(|length| u32::try_from(length).unwrap());
    let mut encoder = png::Encoder::new(&mut png, size[0], size[1]);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Four);
    encoder.set_palette(palette.concat());
    encoder.set_compression(png::Compression::Best);
    encoder.set_filter(png::FilterType::NoFilter);
    let packed: Vec<u8> = steps
        .chunks(picture.width)
        .flat_map(|row| row.chunks(2).map(|two| two[0] << 4 | two.get(1).unwrap_or(&0)))
        .map(|byte| u8::try_from(byte).unwrap())
        .collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&packed).unwrap();
    writer.finish().unwrap();
    png
}

/// Compares one picture with its golden one, or writes it. The fault, where there is one.
fn compare(entry: &Entry, key: &str) -> Option<String> {
    let golden = folder(entry).join(format!("{key}.png"));
    let actual = folder(entry).join(format!("{key}.actual.png"));
    let drawn = encode(&shrink(&decode(&draw(entry, key, "png")).unwrap()));
    assert!(drawn.len() <= SMALL, "{key}: {} bytes", drawn.len());
    let same = fs::read(&golden).ok().and_then(|bytes| decode(&bytes)) == decode(&drawn);
    // A picture that has not changed is not written: another encoder may pack it otherwise.
    if same {
        let _ = fs::remove_file(&actual);
        return None;
    }
    if update() {
        fs::write(&golden, &drawn).unwrap();
        let _ = fs::remove_file(&actual);
        return None;
    }
    let beside = fs::write(&actual, &drawn).map(|()| format!("; drawn: {}", actual.display()));
    Some(format!("{}{}", golden.display(), beside.unwrap_or_default()))
}

#[test]
fn golden_pages_in_pixels() {
    for entry in with_digits() {
        fs::create_dir_all(folder(entry)).unwrap();
        let keys = own_keys(entry);
        let half = keys.len().div_ceil(2).max(1);
        let faults: Vec<String> = thread::scope(|scope| {
            let parts: Vec<_> = keys
                .chunks(half)
                .map(|keys| {
                    scope.spawn(|| keys.iter().filter_map(|key| compare(entry, key)).collect::<Vec<_>>())
                })
                .collect();
            parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
        });
        assert!(faults.is_empty(), "these pictures differ:\n{}", faults.join("\n"));
        // A page that is gone leaves no picture behind.
        let wanted: BTreeSet<String> = keys.iter().map(|key| format!("{key}.png")).collect();
        for file in fs::read_dir(folder(entry)).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().to_string_lossy().into_owned();
            let stale = name.ends_with(".png") && !wanted.contains(&name);
            if stale && update() {
                fs::remove_file(file.path()).unwrap();
            } else {
                assert!(!stale, "no page is drawn in {}", file.path().display());
            }
        }
    }
}

#[test]
fn golden_pages_in_characters() {
    for entry in with_digits() {
        let path = folder(entry).join("pages.txt");
        let mut text = String::new();
        for key in keys(entry) {
            let art = String::from_utf8(draw(entry, key, "text")).unwrap();
            text.push_str(&format!("{key}\n\n{}\n\n\n", art.trim_end()));
        }
        let text = format!("{}\n", text.trim_end());
        if update() {
            fs::create_dir_all(folder(entry)).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        let (mut golden, mut drawn) = (golden.split("\n\n\n"), text.split("\n\n\n"));
        loop {
            match (golden.next(), drawn.next()) {
                (None, None) => break,
                (golden, drawn) => assert_eq!(
                    drawn.unwrap_or(""),
                    golden.unwrap_or(""),
                    "a page of {} differs; `cargo xtask golden --update` writes it anew",
                    path.display()
                ),
            }
        }
    }
}

#[test]
fn golden_pictures_are_told_apart() {
    if update() {
        return;
    }
    // The comparison would be worth nothing if shrinking made pages alike.
    for entry in with_digits() {
        let keys = own_keys(entry);
        let all: Vec<Vec<u8>> =
            keys.iter().map(|key| fs::read(folder(entry).join(format!("{key}.png"))).unwrap()).collect();
        let texts: BTreeSet<Vec<u8>> = keys.iter().map(|key| draw(entry, key, "text")).collect();
        let distinct: BTreeSet<&Vec<u8>> = all.iter().collect();
        assert_eq!(distinct.len(), texts.len(), "pages that differ in characters differ in pixels");
    }
}
