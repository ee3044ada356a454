//! What it costs to paint one frame of a dot-matrix face, beside the same number of letters by embedded-graphics with a
//! font and a framebuffer of its own. Runs natively, and in Node's WebAssembly with a system interface.

#![forbid(unsafe_code)]

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Instant;

use embedded_graphics::Drawable as _;
use embedded_graphics::framebuffer::{Framebuffer, buffer_size};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::ascii::FONT_6X10;
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::pixelcolor::raw::{BigEndian, RawU1};
use embedded_graphics::prelude::{DrawTarget as _, Point};
use embedded_graphics::text::{Baseline, Text};
use lcd::Mono;
use panel::matrix::{
    ChoiceRow, Face, Figure, Header, HeaderItem, MatrixView, Page, Part3, Register, Screen, paint,
};
use rig::Twin;
use schema::GlassDef;

const WIDTH: u16 = 128;
const HEIGHT: u16 = 160;
const RUNS: usize = 7;
const FRAMES: u32 = 2_000;

/// The median of several runs, in microseconds a frame.
fn median(mut frame: impl FnMut(u32)) -> f64 {
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            for n in 0..FRAMES {
                frame(n);
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(FRAMES)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}

/// The three parts with two energies, a power and those of its phases, all of them changing with `n`.
fn face(n: u32, turned: bool) -> MatrixView {
    let number =
        |value, decimals, digits, unit| Figure::Number { value, decimals, digits, signed: digits == 1, unit };
    let mut registers = [None; 4];
    for (n, (place, obis)) in (i64::from(n)..).zip(registers.iter_mut().zip(["1.8.1", "1.8.2"])) {
        *place = Some(Register { obis, figure: number(4_812_736 + n, 3, 6, "kWh") });
    }
    let power = i64::from(n) + 46_140;
    let part3 = Part3::Reading {
        reading: 0,
        title: "Active power",
        obis: "1.7.0",
        figure: Some(number(3 * power, 3, 1, "kW")),
        phases: [Some(number(power, 3, 1, "kW")); 3],
    };
    let pages = ["Total", "L1", "L2", "L3"];
    let face = Face { registers, part3, page: Page::Readings(0), pages, history: 0 };
    view(Screen::Face(face), turned)
}

fn view(screen: Screen, turned: bool) -> MatrixView {
    let item = |label, figure| Some(HeaderItem { label, figure });
    let header = Header {
        lines: [
            item("SW", Figure::Word("102")),
            item("SN", Figure::Serial { lead: "", prefix: "0000", number: 22_070_003 }),
            item("CT", Figure::Ratio { primary: 500, secondary: 5 }),
        ],
        tariff: 1,
        bluetooth: true,
        telephone: true,
    };
    MatrixView { turned, lit: true, header, screen }
}

/// The whole way of a frame of a meter that measures: its values become a view, and the view dots.
fn whole_frame(place: &str) {
    for entry in models::ALL {
        let GlassDef::Matrix(glass) = entry.def.glass else { continue };
        let mut twin = Twin::new(entry, None, units::Instant::ZERO);
        let mut bits = vec![0; Mono::bytes(glass.width, glass.height)];
        let Some(mut mono) = Mono::new(glass.width, glass.height, &mut bits) else { continue };
        let took = median(|n| {
            twin.device_mut().set_load(bench::wandering(n.into()));
            twin.device_mut().take_reading();
            if let Some(view) = twin.device().matrix_view(units::Instant::from_millis(u64::from(n) * 1_000)) {
                let _ = paint(black_box(&view), &mut mono);
            }
        });
        println!(
            "{place:7} {:44} {took:>9.2} us a frame",
            format!("{}: reading, view and dots", entry.def.slug)
        );
        black_box(mono.bits());
    }
}

fn main() {
    let mut bits = vec![0; Mono::bytes(WIDTH, HEIGHT)];
    let Some(mut mono) = Mono::new(WIDTH, HEIGHT, &mut bits) else { return };
    let radio = view(
        Screen::Radio {
            title: "Bluetooth",
            code: Figure::Serial { lead: "IM-", prefix: "0000", number: 22_070_003 },
            words: "Scan with the app",
        },
        false,
    );
    let choice = view(
        Screen::Choice { at: ChoiceRow::Settings, radio: Some("Bluetooth"), settings: "Settings" },
        false,
    );
    let place = if cfg!(target_arch = "wasm32") { "wasm" } else { "native" };
    for (what, turned) in [("three parts", false), ("three parts, upside down", true)] {
        let took = median(|n| {
            let _ = paint(black_box(&face(n, turned)), &mut mono);
        });
        println!("{place:7} {what:44} {took:>9.2} us a frame");
    }
    for (what, view) in
        [("choice between radio and settings", choice), ("QR code, encoded for each frame", radio)]
    {
        let took = median(|_| {
            let _ = paint(black_box(&view), &mut mono);
        });
        println!("{place:7} {what:44} {took:>9.2} us a frame");
    }
    whole_frame(place);
    let mut peer = Framebuffer::<
        BinaryColor,
        RawU1,
        BigEndian,
        { WIDTH as usize },
        { HEIGHT as usize },
        { buffer_size::<BinaryColor>(WIDTH as usize, HEIGHT as usize) },
    >::new();
    // The letters of the three parts, all of one small size.
    let lines = [
        "SW 102            T1",
        "SN 0000 2207 0003",
        "CT 0500/5 A",
        "1.8.1 004812.736 kWh",
        "1.8.2 001270.095 kWh",
        "Active power 1.7.0",
        "+138.420 kW",
        "L1 +46.1 L2 +46.1",
        "L3 +46.1",
        "Total L1 L2 L3",
    ];
    let style = MonoTextStyle::new(&FONT_6X10, BinaryColor::On);
    let took = median(|_| {
        let drawn: Result<(), Infallible> = (|| {
            peer.clear(BinaryColor::Off)?;
            for (n, line) in (0..).zip(black_box(lines)) {
                Text::with_baseline(line, Point::new(2, n * 12), style, Baseline::Top).draw(&mut peer)?;
            }
            Ok(())
        })();
        let Ok(()) = drawn;
    });
    println!("{place:7} {:44} {took:>9.2} us a frame", "embedded-graphics: as many small letters");
    black_box((mono.bits(), peer.data()));
}
