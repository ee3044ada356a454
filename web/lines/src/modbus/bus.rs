//! The Bus tab: questions asked by hand, and the line that they go over.

use schema::PortId;
use wasm_bindgen::JsCast;

use crate::modbus::input::Input;
use crate::modbus::runtime::{self, Signals};
use crate::modbus::view::{LineForm, Model};
use dom::parts::{boxed, check, choices, number_field, wrong_text};
use dom::signal::{Sig, memo};
use dom::{El, button, el, html, typed, watch};

/// Speeds that a line can have, in Bd.
const SPEEDS: [u32; 8] = [1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200];

/// A list to choose from: number and word of each.
fn pick(options: Vec<(u32, String)>, value: impl Fn() -> u32 + 'static, set: impl Fn(u32) + 'static) -> El {
    let mut list = el("select", "pick");
    for (number, word) in options {
        list = list.add(el("option", "").attr("value", &number.to_string()).text(&word));
    }
    list.value(move || value().to_string()).on("change", move |event| {
        if let Ok(number) = typed(&event).parse() {
            set(number);
        }
    })
}

/// Fields for speed, framing and id.
pub fn line_fields(form: Sig<LineForm>, wrong: Sig<Option<String>>) -> Vec<El> {
    let named = |word: &str, field: El| el("label", "").text(word).add(field);
    let speeds = SPEEDS.iter().map(|speed| (*speed, speed.to_string())).collect();
    let framings = (0u32..).zip(LineForm::FRAMINGS.iter().map(|word| (*word).to_owned())).collect();
    let id = number_field("Id, 1 to 247", wrong).value(move || form.get().id.to_string()).on(
        "change",
        move |event| {
            let text = typed(&event);
            match text.trim().parse::<u8>() {
                Ok(id @ 1..=247) => {
                    wrong.set(None);
                    form.update(|form| form.id = id);
                }
                _ => wrong.set(Some(format!("“{text}” is no id: expected 1 to 247."))),
            }
        },
    );
    let fields = el("div", "lines").all(vec![
        named(
            "Speed in Bd",
            pick(speeds, move || form.get().baud, move |new| form.update(|form| form.baud = new)),
        ),
        named(
            "Framing",
            pick(framings, move || form.get().framing, move |new| form.update(|form| form.framing = new)),
        ),
        named("Id, 1 to 247", boxed(id, "", wrong)),
    ]);
    vec![fields, wrong_text(wrong)]
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
pub fn bus(model: &'static Model, signals: Signals) -> Vec<El> {
    if !model.has(PortId::Modbus) {
        return vec![without(model)];
    }
    let answer = el("section", "").attr("aria-live", "polite").add(el("h2", "").text("Answer")).add(
        el("div", "").shows(move || match signals.answer.get() {
            None => vec![el("p", "small").text("Nothing asked yet.")],
            Some(answer) => {
                let words = el("b", "").text(&answer.meaning);
                vec![el("div", "answer").add(words).add(el("span", "hex").text(&answer.hex))]
            }
        }),
    );
    let wired = html(
        "section",
        "wide",
        "<h2>How it is wired</h2><p class=\"small\">The configurator is a Modbus RTU master. On a first visit it is wired to the \
         twin by a simulated RS485 line: bytes take the time they take at the line’s speed, and a meter at another speed, parity \
         or id hears nothing it can use. Connect a real meter and the same master speaks through your adapter instead; the twin \
         keeps running.</p><p class=\"small\">Bus time is real time, whatever the speed of metered time. A frame ends by its \
         length and its checksum; an answer must come from the id and carry the function that was asked.</p>",
    );
    let answers = memo(move || signals.chip.with(|chip| chip.answers));
    let resting = el("div", "say").attr("role", "status").flag_if("hidden", move || !answers.get()).add(
        el("p", "").text(
            "The meter in hand answers at the adapter, so the configurator asks nothing. Stop answering to ask again.",
        ),
    );
    let columns = el("div", "buscols").all(vec![
        registers(answers),
        raw(answers),
        answer,
        line(signals, answers),
        answer_there(signals, answers),
        wired,
    ]);
    vec![resting, columns]
}

/// A part of the tab that asks: it rests while the meter in hand answers at the adapter.
fn asks(answers: Sig<bool>, parts: Vec<El>) -> El {
    el("section", "").add(el("fieldset", "").flag_if("disabled", move || answers.get()).all(parts))
}

/// What is said in place of what only a Modbus can do.
pub fn without(model: &Model) -> El {
    let mut text =
        format!("{} has no Modbus, so there is nothing to read or write by registers.", model.name);
    if model.has(PortId::Mbus) {
        text.push_str(" Its bus is M-Bus.");
    }
    text.push_str(if model.has(PortId::Optical) {
        " Through its infrared window every value can be read. What is shown here it tells by itself."
    } else {
        " What is shown here it tells by itself."
    });
    el("div", "say").add(el("p", "").text(&text))
}

fn input(class: &str, text: Sig<String>) -> El {
    el("input", class)
        .attr("type", "text")
        .attr("autocomplete", "off")
        .attr("spellcheck", "false")
        .value(move || text.get())
        .on("input", move |event| text.set(typed(&event)))
}

fn registers(answers: Sig<bool>) -> El {
    let function = Sig::new(3u32);
    let at = Sig::new(String::new());
    let many = Sig::new("2".to_owned());
    let wrong = Sig::new(None::<String>);
    let ask =
        move || match address(&at.get_untracked()).and_then(|at| Ok((at, count(&many.get_untracked())?))) {
            Ok((at, many)) => {
                wrong.set(None);
                let function = if function.get_untracked() == 4 { 4 } else { 3 };
                runtime::send(Input::Registers(function, at, many));
            }
            Err(why) => wrong.set(Some(why)),
        };
    let fields = el("div", "lines")
        .add(el("label", "").text("First register, in hex").add(input("text mono", at)))
        .add(
            el("label", "")
                .text("How many, 1 to 125")
                .add(input("text mono", many).attr("inputmode", "numeric")),
        )
        .on("keydown", move |event| {
            if event.unchecked_into::<web_sys::KeyboardEvent>().key() == "Enter" {
                ask();
            }
        });
    asks(
        answers,
        vec![
            el("h2", "").text("Read registers"),
            choices("Function", &[(3, "03 holding"), (4, "04 input")], function.reader(), move |new| {
                function.set(new)
            }),
            fields,
            wrong_text(wrong),
            el("div", "acts").add(button("btn main", "Read", move |_| ask())),
        ],
    )
}

fn raw(answers: Sig<bool>) -> El {
    let text = Sig::new(String::new());
    let sum = Sig::new(true);
    let wrong = Sig::new(None::<String>);
    let go = move || match bytes(&text.get_untracked()) {
        Ok(bytes) => {
            wrong.set(None);
            runtime::send(Input::Raw(bytes, sum.get_untracked()));
        }
        Err(why) => wrong.set(Some(why)),
    };
    let area = el("textarea", "text mono")
        .attr("rows", "2")
        .attr("spellcheck", "false")
        .keeps("aria-invalid", move || wrong.with(Option::is_some).to_string())
        .on("input", move |event| {
            let area = event.target().map(JsCast::unchecked_into::<web_sys::HtmlInputElement>);
            text.set(area.map_or(String::new(), |area| area.value()));
        });
    asks(
        answers,
        vec![
            el("h2", "").text("Send a frame"),
            el("label", "small").text("Bytes in hex, id and function first").add(area),
            wrong_text(wrong),
            check("Add the checksum (CRC-16)", sum.reader(), move |on| sum.set(on)),
            el("div", "acts").add(button("btn main", "Send", move |_| go())),
        ],
    )
}

/// The meter in hand answers at the adapter in place of the configurator that asks there.
fn answer_there(signals: Signals, answers: Sig<bool>) -> El {
    let open = memo(move || signals.port.with(|port| port.open));
    let words = el("p", "small").says(move || {
        match (answers.get(), open.get()) {
            (true, _) => {
                "The page is a slave on a real bus: the meter in hand answers there at its own speed and id. Keep the page open."
            }
            (_, true) => {
                "Another master can ask the meter in hand through the open adapter. The configurator then asks nothing there."
            }
            _ => "Connect an adapter first; then another master can ask the meter in hand through it.",
        }
        .to_owned()
    });
    let start = button("btn", "Answer as this meter", |_| runtime::send(Input::HandOut))
        .flag_if("disabled", move || answers.get() || !open.get() || !signals.twin.get().has(PortId::Modbus));
    let stop = button("btn main", "Stop answering", |_| runtime::send(Input::Disconnect))
        .flag_if("hidden", move || !answers.get());
    el("section", "")
        .add(el("h2", "").text("On a real wire"))
        .add(words)
        .add(el("div", "acts").add(start).add(stop))
}

fn line(signals: Signals, answers: Sig<bool>) -> El {
    let form = Sig::new(signals.line.get_untracked());
    watch(Box::new(move || form.set(signals.line.get())));
    let wrong = Sig::new(None);
    let go = button("btn", "Use this line", move |_| {
        if wrong.with_untracked(Option::is_none) {
            runtime::send(Input::Line(form.get_untracked()));
        }
    });
    let echo =
        check("The simulated adapter echoes", signals.echo.reader(), |on| runtime::send(Input::Echo(on)));
    let mut parts = vec![el("h2", "").text("The master’s line")];
    parts.extend(line_fields(form, wrong));
    parts.push(el("div", "acts").add(go).add(echo));
    asks(answers, parts)
}
