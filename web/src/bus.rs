//! The Bus tab: questions asked by hand, and the line that they go over.

use leptos::prelude::*;

use crate::input::Input;
use crate::parts::{Check, Choices};
use crate::runtime::{self, Signals};
use crate::view::LineForm;

/// Speeds that a line can have, in Bd.
pub const SPEEDS: [u32; 8] = [1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200];

/// Fields for speed, framing and id.
pub fn line_fields(form: RwSignal<LineForm>, wrong: RwSignal<Option<String>>) -> AnyView {
    let speeds = SPEEDS
        .into_iter()
        .map(|speed| {
            view! {
                <option value=speed.to_string() selected=move || form.get().baud == speed>
                    {speed.to_string()}
                </option>
            }
        })
        .collect_view();
    let framings = (0u32..)
        .zip(LineForm::FRAMINGS)
        .map(|(own, word)| {
            view! {
                <option value=own.to_string() selected=move || form.get().framing == own>
                    {word}
                </option>
            }
        })
        .collect_view();
    view! {
        <div class="lines">
            <label>
                "Speed in Bd"
                <select
                    class="pick"
                    on:change=move |ev| {
                        if let Ok(baud) = event_target_value(&ev).parse() {
                            form.update(|form| form.baud = baud);
                        }
                    }
                >
                    {speeds}
                </select>
            </label>
            <label>
                "Framing"
                <select
                    class="pick"
                    on:change=move |ev| {
                        if let Ok(framing) = event_target_value(&ev).parse() {
                            form.update(|form| form.framing = framing);
                        }
                    }
                >
                    {framings}
                </select>
            </label>
            <label>
                "Id, 1 to 247"
                <span class="num" class:wrong=move || wrong.with(Option::is_some)>
                    <input
                        type="text"
                        inputmode="numeric"
                        autocomplete="off"
                        aria-invalid=move || wrong.with(Option::is_some).to_string()
                        prop:value=move || form.get().id.to_string()
                        on:change=move |ev| {
                            let text = event_target_value(&ev);
                            match text.trim().parse::<u8>() {
                                Ok(id @ 1..=247) => {
                                    wrong.set(None);
                                    form.update(|form| form.id = id);
                                }
                                _ => wrong.set(Some(format!("“{text}” is no id: expected 1 to 247."))),
                            }
                        }
                    />
                </span>
            </label>
        </div>
        {move || wrong.get().map(|why| view! { <p class="wrong-text" role="alert">{why}</p> })}
    }
    .into_any()
}

/// Bytes from a text such as "01 03 50 00" or "01035000".
fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.is_empty() {
        return Err("There is nothing to send: expected bytes in hex, such as 01 03 50 00 00 02.".to_owned());
    }
    if let Some(odd) = digits.iter().find(|c| !c.is_ascii_hexdigit()) {
        return Err(format!("“{odd}” is no hex digit: expected 0 to 9 and A to F."));
    }
    if digits.len() % 2 == 1 {
        return Err("A digit is missing: every byte has two.".to_owned());
    }
    if digits.len() > 512 {
        return Err(format!("{} bytes are too many: a frame has at most 256.", digits.len() / 2));
    }
    let nibble = |c: &char| u8::try_from(c.to_digit(16).unwrap_or(0)).unwrap_or(0);
    Ok(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | nibble(digit))).collect())
}

/// An address in hex, with or without its `h`.
fn address(text: &str) -> Result<u16, String> {
    let digits = text.trim().trim_end_matches(['h', 'H']);
    u16::from_str_radix(digits, 16)
        .map_err(|_| format!("“{text}” is no address: expected up to four hex digits, such as 5000."))
}

fn count(text: &str) -> Result<u16, String> {
    match text.trim().parse() {
        Ok(count @ 1..=125) => Ok(count),
        _ => Err(format!("“{text}” registers cannot be read at once: expected 1 to 125.")),
    }
}

/// The tab.
pub fn bus(signals: Signals) -> AnyView {
    view! {
        <div class="buscols">
            {registers()}
            {raw()}
            {line(signals)}
            <section aria-live="polite">
                <h2>"Answer"</h2>
                {move || {
                    signals
                        .answer
                        .get()
                        .map_or_else(
                            || view! { <p class="small">"Nothing asked yet."</p> }.into_any(),
                            |answer| {
                                view! {
                                    <div class="answer">
                                        <b>{answer.meaning}</b>
                                        <span class="hex">{answer.hex}</span>
                                    </div>
                                }
                                    .into_any()
                            },
                        )
                }}
            </section>
            <section class="wide">
                <h2>"How it is wired"</h2>
                <p class="small">
                    "The configurator is a Modbus RTU master. On a first visit it is wired to the twin by a simulated RS485 line: bytes take "
                    "the time they take at the line’s speed, and a meter at another speed, parity or id hears nothing it can use. "
                    "Connect a real meter and the same master speaks through your adapter instead; the twin keeps running."
                </p>
                <p class="small">
                    "Bus time is real time, whatever the speed of metered time. A frame ends by its length and its checksum; an answer "
                    "must come from the id and carry the function that was asked."
                </p>
            </section>
        </div>
    }
    .into_any()
}

fn registers() -> AnyView {
    let function = RwSignal::new(3u32);
    let at = RwSignal::new(String::new());
    let many = RwSignal::new("2".to_owned());
    let wrong = RwSignal::new(None::<String>);
    let ask = move || match address(&at.get_untracked()).and_then(|at| Ok((at, count(&many.get_untracked())?))) {
        Ok((at, many)) => {
            wrong.set(None);
            let function = if function.get_untracked() == 4 { 4 } else { 3 };
            runtime::send(Input::Registers(function, at, many));
        }
        Err(why) => wrong.set(Some(why)),
    };
    view! {
        <section>
            <h2>"Read registers"</h2>
            <Choices
                legend="Function"
                options=&[(3, "03 holding"), (4, "04 input")]
                value=function
                set=Callback::new(move |new| function.set(new))
            />
            <div class="lines">
                <label>
                    "First register, in hex"
                    <input class="text mono" type="text" autocomplete="off" spellcheck="false" bind:value=at />
                </label>
                <label>
                    "How many, 1 to 125"
                    <input class="text mono" type="text" inputmode="numeric" autocomplete="off" bind:value=many />
                </label>
            </div>
            {move || wrong.get().map(|why| view! { <p class="wrong-text" role="alert">{why}</p> })}
            <div class="acts">
                <button type="button" class="btn main" on:click=move |_| ask()>
                    "Read"
                </button>
            </div>
        </section>
    }
    .into_any()
}

fn raw() -> AnyView {
    let text = RwSignal::new(String::new());
    let check = RwSignal::new(true);
    let wrong = RwSignal::new(None::<String>);
    let go = move || match bytes(&text.get_untracked()) {
        Ok(bytes) => {
            wrong.set(None);
            runtime::send(Input::Raw(bytes, check.get_untracked()));
        }
        Err(why) => wrong.set(Some(why)),
    };
    view! {
        <section>
            <h2>"Send a frame"</h2>
            <label class="small">
                "Bytes in hex, id and function first"
                <textarea class="text mono" rows="2" spellcheck="false" bind:value=text></textarea>
            </label>
            <Check
                label="Add the checksum (CRC-16)"
                value=check
                set=Callback::new(move |on| check.set(on))
            />
            {move || wrong.get().map(|why| view! { <p class="wrong-text" role="alert">{why}</p> })}
            <div class="acts">
                <button type="button" class="btn main" on:click=move |_| go()>
                    "Send"
                </button>
            </div>
        </section>
    }
    .into_any()
}

fn line(signals: Signals) -> AnyView {
    let form = RwSignal::new(signals.line.get_untracked());
    Effect::new(move |_| form.set(signals.line.get()));
    let wrong = RwSignal::new(None);
    view! {
        <section>
            <h2>"The master’s line"</h2>
            {line_fields(form, wrong)}
            <div class="acts">
                <button
                    type="button"
                    class="btn"
                    on:click=move |_| {
                        if wrong.with_untracked(Option::is_none) {
                            runtime::send(Input::Line(form.get_untracked()));
                        }
                    }
                >
                    "Use this line"
                </button>
                <Check
                    label="The simulated adapter echoes"
                    value=signals.echo
                    set=Callback::new(|on| runtime::send(Input::Echo(on)))
                />
            </div>
        </section>
    }
    .into_any()
}
