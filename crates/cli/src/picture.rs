//! `metertwin lcd`: the picture of a page, as text, SVG or PNG.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

use lcd::{Mono, SegmentFrame};
use models::Entry;
use resvg::{tiny_skia, usvg};
use rig::{Twin, find_page, page_note, page_view};
use schema::{GlassDef, MatrixGlass, SegmentGlass};
use units::Instant;

use crate::args::{LcdArgs, Picture};
use crate::fault::{Fault, Kind};
use crate::{out, read};

/// How many pixels wide a PNG is for each unit of the drawing.
const SCALE: f32 = 1.0;
/// The same for a dot matrix, whose unit is a dot.
const DOT_SCALE: f32 = 4.0;
/// How much a lit segment covers what is behind it.
const LIT: &str = ".95";

/// Runs the command.
pub fn run(args: &LcdArgs) -> Result<(), Fault> {
    let entry = read::model(Some(&args.model))?;
    let twin = Twin::new(entry, None, Instant::ZERO);
    match &entry.def.glass {
        GlassDef::Segments(glass) => segments(args, entry, &twin, glass),
        GlassDef::Matrix(glass) => matrix(args, entry, &twin, *glass),
    }
}

/// The picture of a page on a glass of digits.
fn segments(args: &LcdArgs, entry: &Entry, twin: &Twin, glass: &SegmentGlass) -> Result<(), Fault> {
    let view = match &args.page {
        None => twin.device().view(Instant::ZERO),
        Some(key) => {
            let page = find_page(entry, key).ok_or_else(|| no_page(entry, key))?;
            Some(page_view(twin, page))
        }
    };
    let frame = view.map_or_else(SegmentFrame::default, |view| {
        panel::draw(entry.def, &view).unwrap_or_else(|(frame, _)| frame)
    });
    let text = || lcd::art(glass, frame.on).to_string();
    show(args, text, || light(glass_svg(entry), glass, frame.on), SCALE)
}

/// What stands on a dot matrix as it comes from the factory. Other screens are walked to in a script.
fn matrix(args: &LcdArgs, entry: &Entry, twin: &Twin, glass: MatrixGlass) -> Result<(), Fault> {
    if args.page.is_some() {
        let wrong = format!("the glass of {} has no pages by name: walk there in a script", entry.def.slug);
        return Err(Fault::option("--page", wrong));
    }
    let mut bits = vec![0; Mono::bytes(glass.width, glass.height)];
    let mut mono = Mono::new(glass.width, glass.height, &mut bits)
        .ok_or_else(|| Fault::option("--model", "its glass has no whole bytes in a row"))?;
    if let Some(view) = twin.device().matrix_view(Instant::ZERO) {
        // A test paints every text of every model: here what does not fit is only cut off.
        let _ = panel::matrix::paint(&view, &mut mono);
    }
    show(args, || mono.to_string(), || dots(glass_svg(entry), &mono), DOT_SCALE)
}

/// The drawing of a model's glass.
fn glass_svg(entry: &Entry) -> &'static str {
    let mut all = models::ALL.iter().zip(models::NOTES);
    all.find(|(other, _)| other.def.slug == entry.def.slug).map_or("", |(_, notes)| notes.glass_svg)
}

/// Prints a picture in the format that was asked for.
fn show(
    args: &LcdArgs,
    text: impl FnOnce() -> String,
    svg: impl FnOnce() -> String,
    scale: f32,
) -> Result<(), Fault> {
    match args.format {
        Picture::Text => out::print(&text()),
        Picture::Svg => out::print(&svg()),
        Picture::Png => {
            if io::stdout().is_terminal() {
                let wrong = "a picture is no text for a terminal: send it to a file with > FILE";
                return Err(Fault::option("--format png", wrong));
            }
            let png = render(&svg(), scale)?;
            let _ = io::stdout().write_all(&png);
        }
    }
    Ok(())
}

/// Puts the dark dots into a drawing of the glass, as one path: a run of dots in a row is one rectangle.
fn dots(svg: &str, mono: &Mono) -> String {
    let mut path = String::new();
    for y in 0..i32::from(mono.height()) {
        let mut x = 0;
        while x < i32::from(mono.width()) {
            let run = (x..).take_while(|x| mono.get(*x, y)).count();
            if run > 0 {
                let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
            }
            x += i32::try_from(run).unwrap_or(0) + 1;
        }
    }
    let Some(place) = svg.find("data-part=\"pixels\"") else { return svg.to_owned() };
    let (before, after) = svg.split_at(place);
    let (tag, rest) = after.split_once('>').unwrap_or((after, ""));
    format!("{before}{tag}><path d=\"{path}\"/>{rest}")
}

fn no_page(entry: &Entry, key: &str) -> Fault {
    let keys: Vec<&str> =
        entry.def.all_pages().filter_map(|(id, _)| page_note(entry, id)).map(|note| note.key).collect();
    Fault::option("--page", format!("there is no page \"{key}\": expected one of {}", keys.join(", ")))
}

/// Gives the shapes of lit segments the class `on` and their opacity.
fn light(svg: &str, glass: &SegmentGlass, lit: u128) -> String {
    let on: Vec<String> = (0..lcd::segment_count(glass))
        .filter(|index| lit >> index & 1 == 1)
        .filter_map(|index| lcd::segment_name(glass, index))
        .map(|name| format!("data-seg=\"{name}\""))
        .collect();
    let mut text = String::with_capacity(svg.len());
    for (n, tag) in svg.split('<').enumerate() {
        if n > 0 {
            text.push('<');
        }
        let end = tag.find('>').unwrap_or(0);
        let (inside, rest) = tag.split_at(end);
        if on.iter().any(|name| inside.contains(name.as_str())) {
            text.push_str(&attribute(&attribute(inside, "opacity", |_| LIT.to_owned()), "class", |old| {
                format!("{old} on")
            }));
        } else {
            text.push_str(inside);
        }
        text.push_str(rest);
    }
    text
}

/// Changes the value of an attribute in a tag that has it.
fn attribute(tag: &str, name: &str, change: impl Fn(&str) -> String) -> String {
    let start = format!(" {name}=\"");
    let Some((before, rest)) = tag.split_once(&start) else { return tag.to_owned() };
    let (value, after) = rest.split_once('"').unwrap_or((rest, ""));
    format!("{before}{start}{}\"{after}", change(value))
}

fn render(svg: &str, scale: f32) -> Result<Vec<u8>, Fault> {
    let wrong =
        |what: String| Fault::new(Kind::Input, format!("the drawing of the glass cannot be painted: {what}"));
    let tree = usvg::Tree::from_str(svg, &usvg::Options::default()).map_err(|why| wrong(why.to_string()))?;
    let size = tree.size().to_int_size().scale_by(scale).ok_or_else(|| wrong("it has no size".into()))?;
    let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height())
        .ok_or_else(|| wrong(format!("{} × {} pixels", size.width(), size.height())))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|why| wrong(why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lit_segments_and_no_others_are_lit_in_the_drawing() {
        let entry = &models::ALL[0];
        let glass = entry.def.glass.segments().unwrap();
        let svg = light(glass_svg(entry), glass, 0b101);
        assert_eq!(svg.matches("class=\"seg on\"").count(), 2);
        assert_eq!(svg.matches(&format!("opacity=\"{LIT}\"")).count(), 2);
        let all = light(glass_svg(entry), glass, u128::MAX);
        assert_eq!(all.matches(&format!("opacity=\"{LIT}\"")).count(), lcd::segment_count(glass));
        assert_eq!(light(glass_svg(entry), glass, 0), glass_svg(entry));
    }

    #[test]
    fn every_page_can_be_painted() {
        let entry = &models::ALL[0];
        let twin = Twin::new(entry, None, Instant::ZERO);
        for (page, _) in entry.def.all_pages() {
            assert!(panel::draw(entry.def, &page_view(&twin, page)).is_ok(), "{page:?}");
        }
        let png = render(glass_svg(entry), SCALE).unwrap();
        assert_eq!(&png[1..4], b"PNG");
    }

    #[test]
    fn the_dots_of_a_matrix_are_rectangles_of_its_drawing() {
        let mut bits = vec![0; Mono::bytes(8, 4)];
        let mut mono = Mono::new(8, 4, &mut bits).unwrap();
        mono.fill(1, 1, 3, 1, lcd::BinaryColor::On);
        mono.set(6, 1, lcd::BinaryColor::On);
        mono.set(7, 3, lcd::BinaryColor::On);
        let glass = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 4\"><g data-part=\"pixels\"></g></svg>";
        let svg = dots(glass, &mono);
        let path = "<path d=\"M1 1h3v1h-3zM6 1h1v1h-1zM7 3h1v1h-1z\"/>";
        assert_eq!(svg, glass.replace("></g>", &format!(">{path}</g>")));
        let png = render(&svg, DOT_SCALE).unwrap();
        assert_eq!(&png[16..24], [0, 0, 0, 32, 0, 0, 0, 16]);
        assert_eq!(dots("<svg/>", &mono), "<svg/>");
    }
}
