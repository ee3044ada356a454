//! Drawings with numbers in them: vectors, energy per hour, the connection.

use rig::Connection;
use schema::TerminalKind;
use units::decimal::Decimal;

use crate::dom::{El, el, html, svg};
use crate::runtime::Signals;
use crate::signal::memo;
use crate::view::{Hour, Model, PhaseForm};

/// A length in tenths, without the machinery that formats floats.
pub fn px(value: f64) -> String {
    Decimal { value: js_sys::Math::round(value * 10.0) as i64, decimals: 1 }.to_string()
}

/// A text in a drawing.
fn label(class: &str, x: f64, y: f64, text: &str) -> El {
    svg("text", class).attr("x", &px(x)).attr("y", &px(y)).text(text)
}

/// A line or a shape of a drawing.
fn path(class: &str, d: &str) -> El {
    svg("path", class).attr("d", d)
}

/// The vector diagram and the numbers beside it: what each element of the meter has, the voltage of L1 to the right, lag
/// clockwise.
pub fn vectors(model: &Model, signals: Signals) -> Vec<El> {
    let sees = signals.sees;
    let arc = move || {
        let [angle, ..] = sees.with(|sees| sees.angles);
        match angle {
            Some(angle) if angle.abs() >= 29 => {
                let (x, y) = polar(44.0, turn(angle));
                format!("M162 118A44 44 0 0 {} {} {}", u8::from(angle > 0), px(x), px(y))
            }
            _ => String::new(),
        }
    };
    let several = model.phases > 1;
    let quadrant = |number: u8, x: f64, y: f64| {
        label("", x, y, &format!("Q{number}"))
            .class_if("strong", move || sees.with(|sees| sees.quadrant == number))
    };
    let picture = svg("svg", "draw")
        .attr("viewBox", "4 6 242 226")
        .attr("role", "img")
        .keeps("aria-label", move || sees.with(|sees| sees.sentence.clone()))
        .all(vec![
            svg("circle", "axis").attr("cx", "118").attr("cy", "118").attr("r", "98"),
            svg("circle", "axis").attr("cx", "118").attr("cy", "118").attr("r", "49"),
            path("axis2", "M12 118H224M118 12V224"),
            path("axis", "M48.7 48.7L187.3 187.3M48.7 187.3L187.3 48.7"),
            quadrant(4, 188.0, 30.0),
            quadrant(3, 34.0, 30.0),
            quadrant(2, 34.0, 214.0),
            quadrant(1, 188.0, 214.0),
            svg("path", "axis2").keeps("d", arc).flag_if("hidden", move || several),
        ])
        .all((0..model.phases).map(|phase| arrows(phase, several, signals)).collect())
        .add(svg("circle", "fl1").attr("cx", "118").attr("cy", "118").attr("r", "3.5"));
    let values = el("dl", "vals").shows(move || {
        let row = |(label, value, unit): &(&'static str, String, &'static str)| {
            let value = el("dd", "").text(value).text(" ").add(el("small", "").text(unit));
            el("div", "").add(el("dt", "").text(label)).add(value)
        };
        sees.with(|sees| sees.rows.iter().map(row).collect())
    });
    let note = el("p", "small").text("I lags U: clockwise. Solid is voltage, dashed is current. ").add(
        el("span", "").says(move || {
            let elements = match signals.load.with(|load| load.connection) {
                Connection::FourWire | Connection::Single => "",
                Connection::Delta => "U1 to U3 are against the middle of the wires. ",
                _ => "The two elements measure U12 and U32. ",
            };
            format!("{elements}{}", sees.with(|sees| sees.led_rate.clone()))
        }),
    );
    vec![el("div", "phasor").add(picture).add(values), note]
}

/// Tenths of a degree as an angle.
fn turn(angle: i32) -> f64 {
    f64::from(angle) / 1_800.0 * core::f64::consts::PI
}

/// A place at a length from the middle.
fn polar(length: f64, turn: f64) -> (f64, f64) {
    (118.0 + length * js_sys::Math::cos(turn), 118.0 + length * js_sys::Math::sin(turn))
}

/// Voltage and current of a phase. They are drawn to be seen; the numbers tell how large they are.
fn arrows(phase: usize, several: bool, signals: Signals) -> El {
    const CLASSES: [&str; 3] = ["l1", "l2", "l3"];
    let sees = signals.sees;
    let base = move || sees.with(|sees| sees.turns.get(phase).copied().unwrap_or(0));
    let own = move || turn(base());
    let angle =
        move || sees.with(|sees| sees.angles.get(phase).copied().flatten()).map(|angle| turn(base() + angle));
    let live = move || sees.with(|sees| sees.live.get(phase).copied().unwrap_or(false));
    let line = move |length: f64, turn: f64| {
        let (x, y) = polar(length, turn);
        format!("M118 118L{} {}", px(x), px(y))
    };
    let head = move |length: f64, turn: f64| {
        let (x, y) = polar(length, turn);
        let side = |by: f64| {
            let (cos, sin) = (js_sys::Math::cos(turn + by), js_sys::Math::sin(turn + by));
            format!("{} {}", px(x - 11.0 * cos), px(y - 11.0 * sin))
        };
        format!("M{} {}L{}L{}Z", px(x), px(y), side(0.38), side(-0.38))
    };
    let tip = move || if several { polar(110.0, own()) } else { (225.0, 106.0) };
    let voltage = move || {
        let name = sees.with(|sees| sees.names.get(phase).copied().unwrap_or_default());
        format!("U{}", if several { name } else { "" })
    };
    let current = if several { format!("I{}", phase + 1) } else { "I".to_owned() };
    svg("g", CLASSES.get(phase).copied().unwrap_or("l1")).all(vec![
        svg("g", "").flag_if("hidden", move || !live()).all(vec![
            svg("path", "u").keeps("d", move || line(90.0, own())),
            svg("path", "arrow").keeps("d", move || head(98.0, own())),
            svg("text", "tip mid")
                .keeps("x", move || px(tip().0))
                .keeps("y", move || px(tip().1 + 4.0))
                .says(voltage),
        ]),
        svg("path", "u dash").keeps("d", move || angle().map_or(String::new(), |angle| line(70.0, angle))),
        svg("path", "arrow").keeps("d", move || angle().map_or(String::new(), |angle| head(78.0, angle))),
        svg("text", "tip mid")
            .keeps("x", move || angle().map_or(String::new(), |angle| px(polar(92.0, angle).0)))
            .keeps("y", move || angle().map_or(String::new(), |angle| px(polar(92.0, angle).1 + 4.0)))
            .says(move || if angle().is_some() { current.clone() } else { String::new() }),
    ])
}

/// A round number of Wh at or above `top`, for the scale.
fn round_up(top: u32) -> u32 {
    let mut unit = 1;
    loop {
        for step in [1, 2, 5] {
            if step * unit >= top {
                return step * unit;
            }
        }
        unit *= 10;
    }
}

fn kwh(wh: u32) -> String {
    let text = format!("{}.{:03}", wh / 1_000, wh % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Bars of the last 24 metered hours, export below zero.
pub fn hours(signals: Signals) -> El {
    let defs = html(
        "div",
        "",
        r#"<svg><defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V5"/></pattern><pattern id="hole" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="holeline" d="M0 0V7"/></pattern></defs></svg>"#,
    );
    let picture = svg("svg", "draw")
        .attr("viewBox", "0 0 420 252")
        .attr("role", "img")
        .keeps("aria-label", move || signals.hours.with(|hours| sentence(hours)));
    if let Ok(Some(defs)) = defs.0.query_selector("defs") {
        let _ = picture.0.append_child(&defs);
    }
    picture.add(svg("g", "").shows(move || signals.hours.with(|hours| bars(hours))))
}

fn sentence(hours: &[Hour]) -> String {
    let total = |of: fn(&Hour) -> u32| kwh(hours.iter().map(of).sum());
    format!(
        "Energy per metered hour, the last {}: {} kWh imported, {} kWh exported",
        hours.len(),
        total(|hour| hour.import),
        total(|hour| hour.export)
    )
}

fn bars(hours: &[Hour]) -> Vec<El> {
    const WIDE: f64 = 15.75;
    let top = round_up(hours.iter().map(|hour| hour.import).max().unwrap_or(0).max(100));
    let least = hours.iter().map(|hour| hour.export).max().unwrap_or(0);
    let bottom = if least == 0 { 0 } else { round_up(least) };
    let scale = 196.0 / f64::from(top + bottom).max(1.0);
    let zero = 18.0 + f64::from(top) * scale;
    let first = 24 - hours.len().min(24);
    let (mut import, mut export, mut off) = (String::new(), String::new(), String::new());
    for (place, hour) in hours.iter().enumerate() {
        let x = 36.0 + WIDE * (first + place) as f64;
        let rect = |path: &mut String, from: f64, height: f64| {
            if height > 0.0 {
                path.push_str(&format!("M{} {}h11.8v{}h-11.8z", px(x), px(from), px(height)));
            }
        };
        let (up, down) = (f64::from(hour.import) * scale, f64::from(hour.export) * scale);
        rect(&mut import, zero - up, up);
        rect(&mut export, zero, down);
        if hour.off {
            rect(&mut off, 18.0, 196.0);
        }
    }
    let mut parts =
        vec![path("hole", &off), path("axis", "M34 18H412"), label("last", 28.0, 22.0, &kwh(top))];
    if bottom > 0 {
        let y = zero + f64::from(bottom) * scale;
        parts.push(path("axis", &format!("M34 {}H412", px(y))));
        parts.push(label("last", 28.0, y + 4.0, &format!("−{}", kwh(bottom))));
    }
    if !off.is_empty() {
        parts.push(label("strong last", 412.0, 12.0, "hatched from top to bottom: meter off"));
    }
    if import.is_empty() && export.is_empty() && hours.len() < 2 {
        parts.push(label("mid", 223.0, 124.0, "No energy yet. Let metered time run faster, or go a day on."));
    }
    parts.extend([
        path("bar-in", &import),
        path("bar-out", &export),
        path("axis2", &format!("M34 {}H412", px(zero))),
        label("last", 28.0, zero + 4.0, "0"),
        label("", 34.0, 244.0, "−24 h"),
        label("mid", 223.0, 244.0, "−12 h"),
        label("strong last", 412.0, 244.0, "now"),
    ]);
    parts
}

/// Whether something is seen at a terminal now: voltage, a closed contact, traffic.
fn is_on(kind: TerminalKind, phase: usize, phases: usize, signals: Signals) -> bool {
    let any = |on: fn(&PhaseForm) -> bool, of: core::ops::Range<usize>| {
        signals.load.with(|load| load.mains && load.phases.get(of).is_some_and(|of| of.iter().any(on)))
    };
    let one = phase..phase + 1;
    match kind {
        TerminalKind::PhaseIn | TerminalKind::PhaseOut => any(|phase| phase.millivolts > 0, one),
        TerminalKind::Current => any(|phase| phase.milliamps > 0, one),
        TerminalKind::Neutral => any(|phase| phase.millivolts > 0, 0..phases),
        TerminalKind::Tariff => signals.load.with(|load| load.tariff_input),
        TerminalKind::Pulse => signals.lights.get().pulse,
        TerminalKind::Rs485 | TerminalKind::Mbus => signals.lights.get().bus,
    }
}

/// The meter as a box with its terminals, and what belongs to each.
pub fn connection(model: &Model, signals: Signals) -> Vec<El> {
    let mut picture = svg("svg", "draw plan")
        .attr("role", "img")
        .attr("aria-label", &format!("Terminals of the {}, listed below", model.name))
        .add(path("box", "M66 52h288a6 6 0 0 1 6 6v72a6 6 0 0 1-6 6h-288a6 6 0 0 1-6-6v-72a6 6 0 0 1 6-6z"))
        .add(label("strong mid", 210.0, 99.0, model.name));
    let (phases, mut room) = (model.phases, "40 4 340 180");
    for upper in [true, false] {
        let names: Vec<_> = model.terminals.iter().filter(|terminal| terminal.upper == upper).collect();
        let step = 300.0 / names.len().max(1) as f64;
        let (edge, text, wire, far, line) =
            if upper { (52.0, 72.0, "v-30", 16.0, 11.0) } else { (136.0, 126.0, "v30", 180.0, -11.0) };
        // Eight terminals stand closer than their words: what would touch its neighbour stands a line further.
        let tight = step < 45.0;
        let [name, group] = if tight { ["strong mid tight", "mid tight"] } else { ["strong mid", "mid"] };
        if tight {
            room = "40 -8 340 204";
        }
        let second = |number: usize| if tight && number % 2 == 1 { line } else { 0.0 };
        let mut groups: Vec<(&str, f64, f64)> = Vec::new();
        for (place, terminal) in names.into_iter().enumerate() {
            let x = 60.0 + step * (place as f64 + 0.5);
            let kind = terminal.kind;
            // Terminals of one kind stand in the order of their phases.
            let alike = model.terminals.iter().filter(|other| other.kind == kind);
            let phase = alike.take_while(|other| other.name != terminal.name).count().min(phases - 1);
            let class = match kind {
                TerminalKind::PhaseIn | TerminalKind::PhaseOut | TerminalKind::Current => {
                    ["u l1", "u l2", "u l3"].get(phase).copied().unwrap_or("u l1")
                }
                TerminalKind::Neutral => "n",
                _ => "wire",
            };
            let on = memo(move || is_on(kind, phase, phases, signals));
            // What a row of neighbours belongs to stands once, over the middle of them.
            if groups.last().is_none_or(|(word, ..)| *word != terminal.group) {
                groups.push((terminal.group, x, x));
            }
            if let Some((.., last)) = groups.last_mut() {
                *last = x;
            }
            picture = picture.all(vec![
                path(class, &format!("M{} {}{wire}", px(x), px(edge))).class_if("on", move || on.get()),
                svg("circle", "dot")
                    .attr("cx", &px(x))
                    .attr("cy", &px(edge))
                    .attr("r", "5")
                    .class_if("on", move || on.get()),
                label(
                    name,
                    x,
                    text + if terminal.name.len() > 5 { second(place) } else { 0.0 },
                    terminal.name,
                ),
            ]);
        }
        for (number, (word, first, last)) in groups.into_iter().enumerate() {
            picture = picture.add(label(group, f64::midpoint(first, last), far - second(number), word));
        }
    }
    let picture = picture.attr("viewBox", room);
    let mut list = el("dl", "terminals");
    for terminal in model.terminals {
        list = list.add(el("dt", "").text(terminal.name)).add(el("dd", "").text(terminal.doc));
    }
    vec![picture, list]
}
