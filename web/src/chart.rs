//! Drawings with numbers in them: vectors, energy per hour, the connection.

use leptos::prelude::*;
use units::decimal::Decimal;

use crate::runtime::Signals;
use crate::view::{Hour, Model};

/// A length in tenths, without the machinery that formats floats.
pub fn px(value: f64) -> String {
    Decimal { value: js_sys::Math::round(value * 10.0) as i64, decimals: 1 }.to_string()
}

/// The vector diagram and the numbers beside it. Voltage at 0° to the right, lag clockwise.
pub fn vectors(signals: Signals) -> AnyView {
    let sees = signals.sees;
    // Length and angle of the current's arrow; it is drawn to be seen, the numbers tell how large it is.
    let tip = move |length: f64| {
        let angle = sees.with(|sees| sees.angle)?;
        let turn = f64::from(angle) / 1_800.0 * core::f64::consts::PI;
        Some((118.0 + length * js_sys::Math::cos(turn), 118.0 + length * js_sys::Math::sin(turn), turn))
    };
    let line = move || tip(70.0).map_or(String::new(), |(x, y, _)| format!("M118 118L{} {}", px(x), px(y)));
    let head = move || {
        tip(78.0).map_or(String::new(), |(x, y, turn)| {
            let side = |by: f64| {
                (x - 11.0 * js_sys::Math::cos(turn + by), y - 11.0 * js_sys::Math::sin(turn + by))
            };
            let ((ax, ay), (bx, by)) = (side(0.38), side(-0.38));
            format!("M{} {}L{} {}L{} {}Z", px(x), px(y), px(ax), px(ay), px(bx), px(by))
        })
    };
    let label = move || tip(92.0).map_or((0.0, 0.0), |(x, y, _)| (x, y + 4.0));
    let arc = move || {
        let Some((x, y, turn)) = tip(44.0) else { return String::new() };
        if turn.abs() < 0.05 {
            return String::new();
        }
        let large = u8::from(turn.abs() > core::f64::consts::PI);
        let sweep = u8::from(turn > 0.0);
        format!("M162 118A44 44 0 {large} {sweep} {} {}", px(x), px(y))
    };
    let quadrant = move |own: u8| move || sees.with(|sees| sees.quadrant == own);
    let rows = move || {
        sees.with(|sees| {
            sees.rows
                .iter()
                .map(|(label, value, unit)| {
                    view! {
                        <div>
                            <dt>{*label}</dt>
                            <dd>{value.clone()} " " <small>{*unit}</small></dd>
                        </div>
                    }
                })
                .collect_view()
        })
    };
    view! {
        <div class="phasor">
            <svg class="draw" viewBox="4 6 242 226" role="img" aria-label=move || sees.with(|sees| sees.sentence.clone())>
                <circle class="axis" cx="118" cy="118" r="98"></circle>
                <circle class="axis" cx="118" cy="118" r="49"></circle>
                <path class="axis2" d="M12 118H224M118 12V224"></path>
                <path class="axis" d="M48.700 48.700L187.300 187.300M48.700 187.300L187.300 48.700"></path>
                <text x="188" y="30" class:strong=quadrant(4)>"Q4"</text>
                <text x="34" y="30" class:strong=quadrant(3)>"Q3"</text>
                <text x="34" y="214" class:strong=quadrant(2)>"Q2"</text>
                <text x="188" y="214" class:strong=quadrant(1)>"Q1"</text>
                <path class="axis2" d=arc></path>
                <path class="l1" d="M118 118H208"></path>
                <path class="fl1" d="M216 118L205.800 113.900L205.800 122.100Z"></path>
                <path class="l1 dash" d=line></path>
                <path class="fl1" d=head></path>
                <circle cx="118" cy="118" r="3.500" class="fl1"></circle>
                <text class="l1t" x="225" y="110">"U"</text>
                <text
                    class="l1t mid"
                    x=move || px(label().0)
                    y=move || px(label().1)
                    hidden=move || sees.with(|sees| sees.angle.is_none())
                >
                    {move || if sees.with(|sees| sees.angle.is_some()) { "I" } else { "" }}
                </text>
            </svg>
            <dl class="vals">{rows}</dl>
        </div>
        <p class="small">
            "I lags U: clockwise. Solid is voltage, dashed is current. " {move || sees.with(|sees| sees.led_rate.clone())}
        </p>
    }
    .into_any()
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
pub fn hours(signals: Signals) -> AnyView {
    let bars = move || signals.hours.with(|hours| bars(hours));
    view! {
        <svg class="draw" viewBox="0 0 420 252" role="img" aria-label=move || signals.hours.with(|hours| sentence(hours))>
            <defs>
                <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <path class="hatch" d="M0 0V5"></path>
                </pattern>
                <pattern id="hole" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <path class="holeline" d="M0 0V7"></path>
                </pattern>
            </defs>
            {bars}
        </svg>
    }
    .into_any()
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

fn bars(hours: &[Hour]) -> AnyView {
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
    let gap = (!off.is_empty()).then(|| {
        view! { <text class="strong last" x="412" y="12">"hatched from top to bottom: meter off"</text> }
    });
    let nothing = (import.is_empty() && export.is_empty()).then(|| {
        view! { <text class="mid" x="223" y="124">"No energy yet. Let metered time run faster, or go a day on."</text> }
    });
    let under = (bottom > 0).then(|| {
        let y = zero + f64::from(bottom) * scale;
        view! {
            <path class="axis" d=format!("M34 {}H412", px(y))></path>
            <text class="last" x="28" y=px(y + 4.0)>
                {format!("−{}", kwh(bottom))}
            </text>
        }
    });
    view! {
        <path class="hole" d=off></path>
        <path class="axis" d="M34 18H412"></path>
        <text class="last" x="28" y="22">
            {kwh(top)}
        </text>
        {under}
        <path class="bar-in" d=import></path>
        <path class="bar-out" d=export></path>
        <path class="axis2" d=format!("M34 {}H412", px(zero))></path>
        <text class="last" x="28" y=px(zero + 4.0)>
            "0"
        </text>
        {gap}
        {nothing}
        <text x="34" y="244">
            "−24 h"
        </text>
        <text class="mid" x="223" y="244">
            "−12 h"
        </text>
        <text class="strong last" x="412" y="244">
            "now"
        </text>
    }
    .into_any()
}

/// The meter as a box with its terminals, and what belongs to each.
pub fn connection(model: &Model) -> AnyView {
    let row = |upper: bool| {
        let names: Vec<_> = model.terminals.iter().filter(|terminal| terminal.upper == upper).collect();
        let step = 300.0 / names.len().max(1) as f64;
        let (edge, text, wire) = if upper { (52, 72, "v-30") } else { (136, 126, "v30") };
        names
            .into_iter()
            .enumerate()
            .map(|(place, terminal)| {
                let x = 60.0 + step * (place as f64 + 0.5);
                // The printed letter of a conductor says its colour.
                let class = match terminal.name.as_bytes().first() {
                    Some(b'L') => "l1",
                    Some(b'N') => "n",
                    _ => "wire",
                };
                view! {
                    <path class=class d=format!("M{} {edge}{wire}", px(x))></path>
                    <circle class="dot" cx=px(x) cy=edge r="5"></circle>
                    <text class="strong mid" x=px(x) y=text>
                        {terminal.name}
                    </text>
                }
            })
            .collect_view()
    };
    let list = model
        .terminals
        .iter()
        .map(|terminal| {
            view! {
                <dt>{terminal.name}</dt>
                <dd>{terminal.doc}</dd>
            }
        })
        .collect_view();
    view! {
        <svg class="draw" viewBox="40 16 340 156" role="img" aria-label=format!("Terminals of the {}, listed below", model.name)>
            <rect class="box" x="60" y="52" width="300" height="84" rx="6"></rect>
            <text class="strong mid" x="210" y="99">
                {model.name}
            </text>
            {row(true)}
            {row(false)}
        </svg>
        <dl class="terminals">{list}</dl>
    }
    .into_any()
}
