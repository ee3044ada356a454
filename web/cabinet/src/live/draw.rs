//! The plots: one for each unit over a common time, two cursors, what stands between them, and the same as a table.

use commission::live::Series;
use commission::plot::{Hole, Plot, Window, between, plot, svg_points, table};
use dom::parts::scroll;
use dom::{El, button, el, input_of, svg};
use units::Instant;

use super::Watch;

/// So many lines have a look of their own.
pub const COLOURS: usize = 6;

/// How wide a plot is at least and at most, and how high, in px.
const WIDE: [u32; 2] = [280, 1_200];
const HIGH: u32 = 150;
/// Where a plot is narrower than this, every second time has its text only.
const NARROW: u32 = 560;
/// What the texts of an axis take at the left.
const LEFT: u32 = 70;
/// What the texts of the time take below.
const BELOW: u32 = 24;

/// Steps of the cursors.
const STEPS: u32 = 1_000;

/// So many rows stand in the table.
const ROWS: usize = 40;

fn number(value: f64) -> String {
    let tenths = (value * 10.0) as i64;
    format!("{}{}.{}", if tenths < 0 { "-" } else { "" }, (tenths / 10).abs(), (tenths % 10).abs())
}

/// From the left edge of a drawing that is so wide.
fn x(wide: u32, place: f64) -> f64 {
    f64::from(LEFT) + place.clamp(0.0, 1.0) * f64::from(wide - LEFT)
}

fn line(class: &str, from: [f64; 2], to: [f64; 2]) -> El {
    svg("line", class)
        .attr("x1", &number(from[0]))
        .attr("y1", &number(from[1]))
        .attr("x2", &number(to[0]))
        .attr("y2", &number(to[1]))
}

fn word(class: &str, at: [f64; 2], text: &str) -> El {
    svg("text", class).attr("x", &number(at[0])).attr("y", &number(at[1])).text(text)
}

/// A stretch without values, with its cause where there is room for it.
fn hole(wide: u32, hole: &Hole) -> Vec<El> {
    let (from, to) = (x(wide, hole.from), x(wide, hole.to));
    let mut parts = vec![
        svg("rect", "gap")
            .attr("x", &number(from))
            .attr("y", "0")
            .attr("width", &number((to - from).max(1.0)))
            .attr("height", &HIGH.to_string())
            .add(svg("title", "").text(&hole.cause.to_string())),
    ];
    if to - from > 90.0 {
        parts.push(word("mid cause", [(from + to) / 2.0, f64::from(HIGH) / 2.0], &hole.cause.to_string()));
    }
    parts
}

/// One axis with its lines.
fn picture(plot: &Plot, series: &[Series], axis: usize, wide: u32, cursors: Option<[Instant; 2]>) -> El {
    let (high, x) = (f64::from(HIGH), |place| x(wide, place));
    let last = axis + 1 == plot.axes.len();
    let height = if last { HIGH + BELOW } else { HIGH };
    let mut parts: Vec<El> = Vec::new();
    let Some(scale) = plot.axes.get(axis) else { return el("div", "") };
    for tick in &scale.ticks {
        let y = (1.0 - tick.place) * high;
        parts.push(line("axis", [f64::from(LEFT), y], [f64::from(wide), y]));
        parts.push(word("last", [f64::from(LEFT) - 8.0, (y + 4.0).clamp(11.0, high)], &tick.text));
    }
    parts.push(word("strong", [2.0, 12.0], &scale.unit));
    for (number, tick) in plot.times.iter().enumerate() {
        let place = x(tick.place);
        parts.push(line("axis", [place, 0.0], [place, high]));
        if last && (wide >= NARROW || number % 2 == 0) {
            parts.push(word("mid", [place, high + 17.0], &tick.text));
        }
    }
    let mut names: Vec<&str> = Vec::new();
    for (number, drawn) in plot.lines.iter().enumerate().filter(|(_, drawn)| drawn.axis == axis) {
        names.extend(series.get(number).map(|series| series.label.as_str()));
        parts.extend(drawn.holes.iter().flat_map(|it| hole(wide, it)));
        let class = format!("curve line{}", number % COLOURS);
        for piece in &drawn.pieces {
            let shape = match piece.as_slice() {
                [dot] => svg("circle", &class)
                    .attr("cx", &self::number(dot.x * f64::from(wide - LEFT)))
                    .attr("cy", &self::number((1.0 - dot.y) * high))
                    .attr("r", "2"),
                piece => svg("polyline", &class).attr("points", &svg_points(piece, wide - LEFT, HIGH)),
            };
            parts.push(shape.attr("transform", &format!("translate({LEFT} 0)")));
        }
    }
    for (at, name) in cursors.into_iter().flatten().zip(["A", "B"]) {
        let place = plot.window.place(at);
        if (0.0..=1.0).contains(&place) {
            parts.push(line("cursor", [x(place), 0.0], [x(place), high]));
            parts.push(word("strong mid", [x(place) + 9.0, 12.0], name));
        }
    }
    svg("svg", "draw plot")
        .attr("viewBox", &format!("0 0 {wide} {height}"))
        .attr("role", "img")
        .attr("aria-label", &format!("{} over time", names.join(", ")))
        .all(parts)
}

impl Watch {
    fn window(&self) -> Window {
        self.view.get().window(self.now.get())
    }

    /// One picture for each unit, and what moves them.
    pub(super) fn plots(&self) -> El {
        let own = self.clone();
        let pictures = el("div", "plots");
        let host = pictures.0.clone();
        let pictures = pictures.shows(move || {
            own.drawn.get();
            let (window, cursors, wall) = (own.window(), own.cursors.get(), own.wall.get());
            own.with(|watched| {
                let series = watched.series();
                let plot = plot(series, window, wall, 500);
                // One unit of the drawing is one px, so that its texts can be read on a phone.
                let wide = u32::try_from(host.client_width()).unwrap_or(0).clamp(WIDE[0], WIDE[1]);
                (0..plot.axes.len()).map(|axis| picture(&plot, series, axis, wide, cursors)).collect()
            })
            .unwrap_or_default()
        });
        let step = |word: &str, label: &str, act: fn(&Watch)| {
            let own = self.clone();
            button("btn", word, move |_| {
                act(&own);
                own.redraw();
            })
            .attr("aria-label", label)
        };
        let (own, view) = (self.clone(), self.view);
        let hold = button("btn", "", move |_| {
            let now = own.now.get();
            own.view.update(|view| view.hold(now, view.follows()));
            own.redraw();
        })
        .says(move || if view.get().follows() { "Hold" } else { "Follow" }.to_owned());
        let moves = el("div", "acts moves").all(vec![
            hold,
            step("◂", "Earlier", |own| {
                let now = own.now.get();
                own.view.update(|view| view.drag(now, -0.5));
            }),
            step("▸", "Later", |own| {
                let now = own.now.get();
                own.view.update(|view| view.drag(now, 0.5));
            }),
            step("+", "Nearer", |own| {
                let (now, place) = (own.now.get(), own.centre());
                own.view.update(|view| view.zoom(now, 500, place));
            }),
            step("−", "Farther", |own| {
                let (now, place) = (own.now.get(), own.centre());
                own.view.update(|view| view.zoom(now, 2_000, place));
            }),
        ]);
        let drawn = self.drawn;
        let own = self.clone();
        el("div", "")
            .flag_if("hidden", move || {
                drawn.get();
                own.with(|_| ()).is_none() && own.wall.get().is_none()
            })
            .add(pictures)
            .add(self.sliders())
            .add(moves)
    }

    /// What stays where it is when the picture comes nearer: the newest, or the middle.
    fn centre(&self) -> f64 {
        if self.view.get_untracked().follows() { 1.0 } else { 0.5 }
    }

    /// The cursors as sliders, which keyboards reach too.
    fn sliders(&self) -> El {
        let slider = |which: usize, name: &str, at: u32| {
            let own = self.clone();
            let field = el("input", "slide")
                .attr("type", "range")
                .attr("aria-label", name)
                .attr("min", "0")
                .attr("max", &STEPS.to_string())
                .attr("value", &at.to_string());
            field.on("input", move |event| {
                let Some(value) = input_of(&event).and_then(|field| field.value().parse::<u32>().ok()) else {
                    return;
                };
                let window = own.window();
                let mut cursors =
                    own.cursors.get_untracked().unwrap_or_else(|| [window.time(0.25), window.time(0.75)]);
                if let Some(cursor) = cursors.get_mut(which) {
                    *cursor = window.time(f64::from(value) / f64::from(STEPS));
                }
                own.cursors.set(Some(cursors));
                own.redraw();
            })
        };
        el("div", "cursors").add(slider(0, "Cursor A", STEPS / 4)).add(slider(1, "Cursor B", STEPS * 3 / 4))
    }

    /// What stands between the cursors.
    pub(super) fn between(&self) -> El {
        let own = self.clone();
        el("ul", "between").shows(move || {
            own.drawn.get();
            let Some([a, b]) = own.cursors.get() else {
                return vec![el("li", "small").text(
                    "Move the cursors A and B: what lies between them is told here, energy included.",
                )];
            };
            own.with(|watched| {
                let series = watched.series().iter();
                series.map(|series| el("li", "").text(&between(series, a, b).sentence(series))).collect()
            })
            .unwrap_or_default()
        })
    }

    /// The newest of what is drawn, in words.
    pub(super) fn table(&self) -> El {
        let own = self.clone();
        let open = dom::signal::Sig::new(false);
        let inside = scroll("Values over time").shows(move || {
            own.drawn.get();
            if !open.get() {
                return Vec::new();
            }
            let (window, wall) = (own.window(), own.wall.get());
            own.with(|watched| {
                let told = table(watched.series(), window, wall, ROWS);
                let heads = told.head.iter().map(|head| el("th", "").attr("scope", "col").text(head));
                let rows = told.rows.iter().rev().map(|row| {
                    el("tr", "").all(row.iter().map(|cell| el("td", "mono").text(cell)).collect())
                });
                vec![
                    el("table", "points")
                        .add(el("thead", "").add(el("tr", "").all(heads.collect())))
                        .add(el("tbody", "").all(rows.collect())),
                ]
            })
            .unwrap_or_default()
        });
        el("details", "polled").add(el("summary", "").text("The same as a table")).add(inside).on(
            "toggle",
            move |event| {
                let node = event.target().map(wasm_bindgen::JsCast::unchecked_into::<web_sys::Element>);
                open.set(node.is_some_and(|node| node.has_attribute("open")));
            },
        )
    }
}
