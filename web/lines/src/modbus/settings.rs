//! The Settings tab: the form that the model's own table makes, the review before writing, and what became of it.

use schema::PortId;

use crate::modbus::Dialogs;
use crate::modbus::bus::without;
use crate::modbus::connect::advice;
use crate::modbus::input::Input;
use crate::modbus::readout::{address, progress};
use crate::modbus::runtime::{self, Signals};
use crate::modbus::view::{CommandRow, Field, LineState, Model, Setting, SettingRow};
use dom::changes::question;
use dom::parts::{copy, dialog, state};
use dom::signal::{Sig, memo};
use dom::{El, button, el, html, typed, watch};

/// The tab.
pub fn settings(model: &'static Model, signals: Signals) -> Vec<El> {
    let asked = Sig::new(0);
    let open = Sig::new(false);
    let mut list = el("ul", "").add(
        html(
            "li",
            "set hd",
            "<span>Setting</span><span>Register</span><span class=\"val\">In the meter</span>\
             <span class=\"new\">New value</span><span>State</span>",
        )
        .attr("aria-hidden", "true"),
    );
    for (place, row) in model.settings.iter().enumerate() {
        list = list.add(line(place, row, signals));
    }
    for (place, row) in model.commands.iter().enumerate() {
        list = list.add(command(place, row, asked, open));
    }
    let note = el("p", "note").text(
        "Changes wait here until you write them. Each is sent on its own and read back; the line settings go last. \
         Nothing is called confirmed that the meter did not give back.",
    );
    let question = dialog(open, "Reset a counter", move || {
        let place = asked.get_untracked();
        let Some(row) = model.commands.get(place) else { return Vec::new() };
        let what = el("p", "").add(el("b", "").text(&row.label)).text(". ").text(row.doc);
        let acts = el("footer", "").add(button("btn", "Keep it", move |_| open.set(false))).add(button(
            "btn main",
            "Set to zero",
            move |_| {
                runtime::send(Input::Command(place));
                open.set(false);
            },
        ));
        let warning = el("p", "").text("What it counted so far cannot be brought back.");
        vec![el("div", "body").add(what).add(warning), acts]
    });
    if !model.has(PortId::Modbus) {
        return vec![without(model), list];
    }
    vec![progress(signals), advice(signals), report(signals), list, note, question]
}

fn line(place: usize, row: &'static SettingRow, signals: Signals) -> El {
    let own =
        memo(move || signals.settings.with(|settings| settings.get(place).cloned().unwrap_or_default()));
    let now = memo(move || own.with(|own| own.state));
    let locked = matches!(row.field, Field::KeyOnly(_) | Field::Factory);
    let name = el("span", "name").text(row.label).add(el("small", "").text(&row.doc));
    let register = el("span", "reg").text(&row.addr.map_or("–".to_owned(), |addr| address(addr, false)));
    let meter = el("span", "val").shows(move || {
        own.with(|own| {
            let small = |text: &str| el("small", "").text(text);
            match (own.meter.as_str(), own.old) {
                ("", _) => vec![small("not read yet")],
                (meter, true) => vec![small(&format!("{meter} {}", row.unit))],
                (meter, false) => vec![el("span", "").text(meter).text(" "), small(row.unit)],
            }
        })
    });
    let says = el("span", "").shows(move || {
        vec![match &row.field {
            Field::KeyOnly(_) => state("locked", "key only"),
            Field::Factory => state("locked", "factory"),
            Field::Number | Field::Choice(_) => state(now.get().class(), now.get().word()),
        }]
    });
    let reason = memo(move || own.with(|own| (own.state, own.why.clone(), own.meter.clone())));
    let why = el("div", "why")
        .flag_if("hidden", move || reason.with(|(_, why, _)| why.is_empty()))
        .shows(move || why_parts(place, reason.get()));
    let line = el("li", if locked { "set locked" } else { "set" })
        .class_if("refused", move || now.get() == LineState::Refused)
        .class_if("unknown", move || now.get() == LineState::Unknown);
    line.all(vec![name, register, meter, el("span", "new").all(editor(place, row, own, signals)), says, why])
}

fn editor(place: usize, row: &'static SettingRow, own: Sig<Setting>, signals: Signals) -> Vec<El> {
    let label =
        if row.unit.is_empty() { row.label.to_owned() } else { format!("{} in {}", row.label, row.unit) };
    let shown = move || {
        own.with(|own| match (&own.wrong, &own.staged) {
            (Some((typed, _)), _) => typed.clone(),
            (None, Some(staged)) => staged.clone(),
            (None, None) => own.meter.clone(),
        })
    };
    let staged = move || own.with(|own| own.staged.is_some());
    let wrong = move || own.with(|own| own.wrong.as_ref().map(|(_, why)| why.clone()));
    match &row.field {
        Field::Number => {
            let field = el("input", "")
                .attr("type", "text")
                .attr("inputmode", "decimal")
                .attr("autocomplete", "off")
                .attr("aria-label", &label)
                .keeps("aria-invalid", move || wrong().is_some().to_string())
                .value(shown)
                .flag_if("disabled", move || writing(signals))
                .on("change", move |event| runtime::send(Input::Stage(place, typed(&event))));
            let number = el("span", "num")
                .class_if("staged-val", staged)
                .class_if("wrong", move || wrong().is_some())
                .add(field);
            let number =
                if row.unit.is_empty() { number } else { number.add(el("small", "").text(row.unit)) };
            let why = el("span", "wrong-text")
                .attr("role", "alert")
                .flag_if("hidden", move || wrong().is_none())
                .says(move || wrong().unwrap_or_default());
            vec![number, why]
        }
        Field::Choice(options) => {
            // Nothing is chosen before the first reading.
            let mut list = el("select", "pick")
                .class_if("staged-val", staged)
                .attr("aria-label", &label)
                .add(el("option", "").attr("value", "").attr("hidden", "").text("–"));
            for option in options {
                list = list.add(el("option", "").attr("value", option).text(option));
            }
            let list = list
                .value(shown)
                .flag_if("disabled", move || writing(signals))
                .on("change", move |event| runtime::send(Input::Stage(place, typed(&event))));
            vec![list]
        }
        Field::KeyOnly(steps) => walk(row.label, steps),
        Field::Factory => Vec::new(),
    }
}

/// The walk with the key that leads to a setting no master can write.
fn walk(label: &'static str, steps: &'static [(String, String)]) -> Vec<El> {
    let open = Sig::new(false);
    let show = button("btn", "Show me how", move |_| open.set(true));
    let way = dialog(open, "By the key on the meter", move || {
        let intro = el("p", "")
            .add(el("b", "").text(label))
            .text(": no master can write it. This is the way with the key; try it on the twin.");
        let step = |(what, press): &(String, String)| {
            el("li", "").add(el("span", "").text(what)).add(el("code", "").text(press))
        };
        let list = el("ol", "walk").all(steps.iter().map(step).collect());
        vec![el("div", "body").add(intro).add(list)]
    });
    vec![show, way]
}

/// The reason under a line, with what can be done about it.
fn why_parts(place: usize, (now, why, meter): (LineState, String, String)) -> Vec<El> {
    let text = el("p", "").text(&why);
    match now {
        LineState::Refused => vec![
            text,
            button("btn", &format!("Keep {meter}"), move |_| runtime::send(Input::Unstage(place))),
            button("btn", "Try again", |_| runtime::send(Input::Write)),
        ],
        LineState::Unknown => {
            vec![text, button("btn", "Ask the meter again", |_| runtime::send(Input::Read))]
        }
        _ => vec![text],
    }
}

fn command(place: usize, row: &CommandRow, asked: Sig<usize>, open: Sig<bool>) -> El {
    let give = button("btn", "Set to zero…", move |_| {
        asked.set(place);
        open.set(true);
    });
    el("li", "set").all(vec![
        el("span", "name").text(&row.label).add(el("small", "").text(row.doc)),
        el("span", "reg").text(&address(row.addr, false)),
        el("span", "val"),
        el("span", "new").add(give),
        state("quiet", "command"),
    ])
}

fn report(signals: Signals) -> El {
    el("div", "").attr("role", "status").shows(move || {
        let Some(report) = signals.report.get() else { return Vec::new() };
        let step = |(label, state): &(String, LineState)| {
            el("li", state.class()).add(el("b", "").text(label)).text(state.word())
        };
        let words =
            el("div", "").add(el("h2", "").text(&report.title)).add(el("p", "small").text(&report.summary));
        let steps = el("ol", "steps").all(report.steps.iter().map(step).collect());
        let text = report.text;
        let top = el("div", "top").add(words).add(button("btn", "Copy report", move |_| copy(&text)));
        vec![el("section", "report").attr("aria-label", "What became of the changes").add(top).add(steps)]
    })
}

/// Label, what the meter has and what is staged, with their unit.
fn staged_rows(signals: Signals) -> Vec<(&'static str, String, String, &'static str)> {
    let model = signals.wired.get();
    signals.settings.with(|settings| {
        let both = model.settings.iter().zip(settings);
        both.filter_map(|(row, own)| Some((row.label, own.meter.clone(), own.staged.clone()?, row.unit)))
            .collect()
    })
}

/// The bar at the bottom edge, there only while something is staged.
pub fn staged_bar(signals: Signals, dialogs: Dialogs) -> El {
    let count = memo(move || signals.staged());
    let what = move || {
        let rows = staged_rows(signals).into_iter();
        let texts: Vec<String> = rows
            .map(|(label, _, staged, unit)| format!("{label} {staged} {unit}").trim_end().to_owned())
            .collect();
        texts.join(" · ")
    };
    let many = move || match count.get() {
        1 => "1 change".to_owned(),
        many => format!("{many} changes"),
    };
    let words = el("p", "what")
        .add(el("b", "").add(el("mark", "").says(many)).text(" not in the meter yet. "))
        .add(el("span", "small").says(what));
    let acts = el("div", "acts")
        .add(
            button("btn main", "Review and write ", move |_| dialogs.review.set(true))
                .add(el("kbd", "").text("Ctrl ↵"))
                .flag_if("disabled", move || writing(signals)),
        )
        .add(button("btn plain", "Discard", |_| runtime::send(Input::Discard)));
    el("aside", "staged")
        .attr("aria-label", "Changes not yet written")
        .flag_if("hidden", move || count.get() == 0)
        .add(el("div", "wrap").add(words).add(acts))
}

/// True while changes are on their way: nothing is changed under them.
fn writing(signals: Signals) -> bool {
    signals.settings.with(|all| all.iter().any(|own| own.state == LineState::Writing))
}

/// The changes side by side with what the meter has, and the button that writes them.
pub fn review(signals: Signals, dialogs: Dialogs) -> El {
    dialog(dialogs.review, "Review the changes", move || {
        let mut body = el("tbody", "");
        for (label, meter, staged, unit) in staged_rows(signals) {
            let before = if meter.is_empty() { "not read".to_owned() } else { format!("{meter} {unit}") };
            body = body.add(el("tr", "").all(vec![
                el("th", "").attr("scope", "row").text(label),
                el("td", "").add(el("del", "").text(&before)),
                el("td", "").add(el("mark", "").text(&format!("{staged} {unit}"))),
            ]));
        }
        let head = html(
            "thead",
            "",
            "<tr><th scope=\"col\">Setting</th><th scope=\"col\">In the meter</th><th scope=\"col\">Will be</th></tr>",
        );
        let (whom, class) = if signals.chip.with(|chip| chip.real) {
            ("the real meter", "small real")
        } else {
            ("the twin", "small")
        };
        let note = format!("This writes to {whom}. Each change is read back before it counts as confirmed.");
        let acts = el("footer", "").add(button("btn", "Not yet", move |_| dialogs.review.set(false))).add(
            button("btn main", "Write to the meter", move |_| {
                if dom::react::untrack(|| signals.staged()) > 0 {
                    runtime::send(Input::Write);
                }
                dialogs.review.set(false);
            })
            .attr("autofocus", ""),
        );
        let table = el("table", "diff").add(head).add(body);
        vec![el("div", "body").add(table).add(el("p", class).text(&note)), acts]
    })
}

/// The question before something is written that cannot be undone.
pub fn last_question(signals: Signals) -> El {
    let asks = Sig::new(false);
    watch(Box::new(move || asks.show(signals.guard.with(Option::is_some))));
    let of = move || signals.guard.get_untracked();
    question(
        asks,
        move || of().map(|(guard, _)| guard),
        move || of().map_or_else(Vec::new, |(_, actions)| actions),
        |_| runtime::send(Input::Agree),
    )
}
