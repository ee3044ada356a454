//! The Settings tab: the form that the model's own table makes, the review before writing, and what became of it.


use leptos::prelude::*;

use crate::input::Input;
use crate::page::Dialogs;
use crate::parts::{Dialog, copy, state_icon};
use crate::readout::{address, progress};
use crate::runtime::{self, Signals};
use crate::view::{CommandRow, Field, LineState, Model, Setting, SettingRow};

/// The tab.
pub fn settings(model: &'static Model, signals: Signals) -> AnyView {
    let asked = RwSignal::new(0);
    let open = RwSignal::new(false);
    let rows = model.settings.iter().enumerate().map(|(place, row)| line(place, row, signals)).collect_view();
    let commands =
        model.commands.iter().enumerate().map(|(place, row)| command(place, row, asked, open)).collect_view();
    let labels: Vec<(String, &'static str)> =
        model.commands.iter().map(|row| (row.label.clone(), row.doc)).collect();
    view! {
        {progress(signals)}
        {crate::connect::advice(signals)}
        {report(signals)}
        <ul>
            <li class="set hd" aria-hidden="true">
                <span>"Setting"</span>
                <span>"Register"</span>
                <span class="val">"In the meter"</span>
                <span class="new">"New value"</span>
                <span>"State"</span>
            </li>
            {rows}
            {commands}
        </ul>
        <p class="note">
            "Changes wait here until you write them. Each is sent on its own and read back; the line settings go last. "
            "Nothing is called confirmed that the meter did not give back."
        </p>
        <Dialog open=open title="Reset a counter">
            {
                let labels = labels.clone();
                move || {
                    let place = asked.get();
                    let (label, doc) = labels.get(place).cloned().unwrap_or_default();
                    view! {
                        <div class="body">
                            <p>
                                <b>{label}</b>
                                ". "
                                {doc}
                            </p>
                            <p>"What it counted so far cannot be brought back."</p>
                        </div>
                        <footer>
                            <button type="button" class="btn" on:click=move |_| open.set(false)>
                                "Keep it"
                            </button>
                            <button
                                type="button"
                                class="btn main"
                                on:click=move |_| {
                                    runtime::send(Input::Command(place));
                                    open.set(false);
                                }
                            >
                                "Do it"
                            </button>
                        </footer>
                    }
                }
            }
        </Dialog>
    }
    .into_any()
}

fn line(place: usize, row: &SettingRow, signals: Signals) -> AnyView {
    let own = Memo::new(move |_| {
        signals.settings.with(|settings| settings.get(place).cloned().unwrap_or_default())
    });
    let locked = matches!(row.field, Field::KeyOnly(_) | Field::Factory);
    let unit = row.unit;
    let editor = editor(place, row, own);
    let state = match &row.field {
        Field::KeyOnly(_) => fixed_state("key only"),
        Field::Factory => fixed_state("factory"),
        _ => view! { {move || state(own.with(|own| own.state))} }.into_any(),
    };
    view! {
        <li
            class="set"
            class:locked=locked
            class:refused=move || own.with(|own| own.state == LineState::Refused)
            class:unknown=move || own.with(|own| own.state == LineState::Unknown)
        >
            <span class="name">{row.label} <small>{row.doc.clone()}</small></span>
            <span class="reg">{row.addr.map_or("–".to_owned(), |addr| address(addr, false))}</span>
            <span class="val">
                {move || {
                    own.with(|own| {
                        if own.meter.is_empty() {
                            view! { <small>"not read yet"</small> }.into_any()
                        } else if own.old {
                            view! { <small>{own.meter.clone()} " " {unit}</small> }.into_any()
                        } else {
                            view! {
                                {own.meter.clone()}
                                " "
                                <small>{unit}</small>
                            }
                                .into_any()
                        }
                    })
                }}
            </span>
            <span class="new">{editor}</span>
            {state}
            {move || why(place, own)}
        </li>
    }
    .into_any()
}

fn fixed_state(word: &'static str) -> AnyView {
    view! { <span class="state">{state_icon("locked")} {word}</span> }.into_any()
}

fn state(state: LineState) -> AnyView {
    let class = state.class();
    let icon = (state != LineState::Unchanged).then(|| state_icon(class));
    view! { <span class=format!("state {class}")>{icon} {state.word()}</span> }.into_any()
}

fn editor(place: usize, row: &SettingRow, own: Memo<Setting>) -> AnyView {
    let label = if row.unit.is_empty() { row.label.to_owned() } else { format!("{} in {}", row.label, row.unit) };
    let shown = move || own.with(|own| match (&own.wrong, &own.staged) {
        (Some((typed, _)), _) => typed.clone(),
        (None, Some(staged)) => staged.clone(),
        (None, None) => own.meter.clone(),
    });
    let staged = move || own.with(|own| own.staged.is_some());
    let stage = move |ev: leptos::ev::Event| runtime::send(Input::Stage(place, event_target_value(&ev)));
    match &row.field {
        Field::Number => view! {
            <span class="num" class:staged-val=staged class:wrong=move || own.with(|own| own.wrong.is_some())>
                <input
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    aria-label=label
                    aria-invalid=move || own.with(|own| own.wrong.is_some()).to_string()
                    prop:value=shown
                    on:change=stage
                />
                {(!row.unit.is_empty()).then(|| view! { <small>{row.unit}</small> })}
            </span>
            {move || own.with(|own| own.wrong.clone()).map(|(_, why)| view! { <span class="wrong-text" role="alert">{why}</span> })}
        }
        .into_any(),
        Field::Choice(options) => {
            let options = options.clone();
            view! {
                <select class="pick" class:staged-val=staged aria-label=label prop:value=shown on:change=stage>
                    {move || {
                        let now = shown();
                        let unread = now.is_empty().then(|| view! { <option value="" selected=true>"–"</option> });
                        let options = options
                            .iter()
                            .map(|option| {
                                view! {
                                    <option value=option.clone() selected=*option == now>
                                        {option.clone()}
                                    </option>
                                }
                            })
                            .collect_view();
                        view! {
                            {unread}
                            {options}
                        }
                    }}
                </select>
            }
            .into_any()
        }
        Field::KeyOnly(steps) => walk(row.label, steps.clone()),
        Field::Factory => ().into_any(),
    }
}

/// The walk with the key that leads to a setting no master can write.
fn walk(label: &'static str, steps: Vec<(String, String)>) -> AnyView {
    let open = RwSignal::new(false);
    view! {
        <button type="button" class="btn" on:click=move |_| open.set(true)>
            "Show me how"
        </button>
        <Dialog open=open title="By the key on the meter">
            {
                let steps = steps.clone();
                move || {
                    let list = steps
                        .iter()
                        .map(|(what, press)| {
                            view! {
                                <li>
                                    <span>{what.clone()}</span>
                                    <code>{press.clone()}</code>
                                </li>
                            }
                        })
                        .collect_view();
                    view! {
                        <div class="body">
                            <p>
                                <b>{label}</b>
                                ": no master can write it. Try the way on the twin."
                            </p>
                            <ol class="walk">{list}</ol>
                        </div>
                    }
                }
            }
        </Dialog>
    }
    .into_any()
}

/// The reason under a line, with what can be done about it.
fn why(place: usize, own: Memo<Setting>) -> Option<AnyView> {
    let setting = own.get();
    if setting.why.is_empty() {
        return None;
    }
    let buttons = match setting.state {
        LineState::Refused => view! {
            <button type="button" class="btn" on:click=move |_| runtime::send(Input::Unstage(place))>
                {format!("Keep {}", setting.meter)}
            </button>
            <button type="button" class="btn" on:click=|_| runtime::send(Input::Write)>
                "Try again"
            </button>
        }
        .into_any(),
        LineState::Unknown => view! {
            <button type="button" class="btn" on:click=|_| runtime::send(Input::Read)>
                "Ask the meter again"
            </button>
        }
        .into_any(),
        _ => ().into_any(),
    };
    Some(
        view! {
            <div class="why">
                <p>{setting.why}</p>
                {buttons}
            </div>
        }
        .into_any(),
    )
}

fn command(place: usize, row: &CommandRow, asked: RwSignal<usize>, open: RwSignal<bool>) -> AnyView {
    view! {
        <li class="set">
            <span class="name">{row.label.clone()} <small>{row.doc}</small></span>
            <span class="reg">{address(row.addr, false)}</span>
            <span class="val"></span>
            <span class="new">
                <button type="button" class="btn" on:click=move |_| {
                    asked.set(place);
                    open.set(true);
                }>
                    "Set to zero…"
                </button>
            </span>
            <span class="state quiet">"command"</span>
        </li>
    }
    .into_any()
}

fn report(signals: Signals) -> AnyView {
    let report = signals.report;
    view! {
        <div role="status">
            {move || {
                report
                    .get()
                    .map(|report| {
                        let steps = report
                            .steps
                            .iter()
                            .map(|(label, state)| {
                                view! {
                                    <li class=state.class()>
                                        <b>{label.clone()}</b>
                                        {state.word()}
                                    </li>
                                }
                            })
                            .collect_view();
                        let text = report.text.clone();
                        view! {
                            <section class="report" aria-label="What became of the changes">
                                <div class="top">
                                    <div>
                                        <h2>{report.title.clone()}</h2>
                                        <p class="small">{report.summary.clone()}</p>
                                    </div>
                                    <button type="button" class="btn" on:click=move |_| copy(&text)>
                                        "Copy report"
                                    </button>
                                </div>
                                <ol class="steps">{steps}</ol>
                            </section>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}

/// Label, what the meter has and what is staged, with their unit.
fn staged_rows(model: &Model, signals: Signals) -> Vec<(&'static str, String, String, &'static str)> {
    signals.settings.with(|settings| {
        model
            .settings
            .iter()
            .zip(settings)
            .filter_map(|(row, own)| {
                let staged = own.staged.clone()?;
                Some((row.label, own.meter.clone(), staged, row.unit))
            })
            .collect()
    })
}

/// The bar at the bottom edge, there only while something is staged.
pub fn staged_bar(model: &'static Model, signals: Signals, dialogs: Dialogs) -> AnyView {
    let count = Memo::new(move |_| signals.staged());
    view! {
        {move || {
            (count.get() > 0)
                .then(|| {
                    let what = move || {
                        staged_rows(model, signals)
                            .into_iter()
                            .map(|(label, _, staged, unit)| format!("{label} {staged} {unit}").trim_end().to_owned())
                            .collect::<Vec<_>>()
                            .join(" · ")
                    };
                    view! {
                        <aside class="staged" aria-label="Changes not yet written">
                            <div class="wrap">
                                <p class="what">
                                    <b>
                                        <mark>
                                            {move || match count.get() {
                                                1 => "1 change".to_owned(),
                                                many => format!("{many} changes"),
                                            }}
                                        </mark>
                                        " not in the meter yet. "
                                    </b>
                                    <span class="small">{what}</span>
                                </p>
                                <div class="acts">
                                    <button type="button" class="btn main" on:click=move |_| dialogs.review.set(true)>
                                        "Review and write "
                                        <kbd>"Ctrl ↵"</kbd>
                                    </button>
                                    <button type="button" class="btn plain" on:click=|_| runtime::send(Input::Discard)>
                                        "Discard"
                                    </button>
                                </div>
                            </div>
                        </aside>
                    }
                })
        }}
    }
    .into_any()
}

/// The changes side by side with what the meter has, and the button that writes them.
pub fn review(model: &'static Model, signals: Signals, dialogs: Dialogs) -> AnyView {
    let write = move || {
        if signals.staged() > 0 {
            runtime::send(Input::Write);
        }
        dialogs.review.set(false);
    };
    view! {
        <Dialog open=dialogs.review title="Review the changes">
            {
                move || {
                    let rows = staged_rows(model, signals)
                        .into_iter()
                        .map(|(label, meter, staged, unit)| {
                            view! {
                                <tr>
                                    <th scope="row">{label}</th>
                                    <td>
                                        <del>{if meter.is_empty() { "not read".to_owned() } else { format!("{meter} {unit}") }}</del>
                                    </td>
                                    <td>
                                        <mark>{staged} " " {unit}</mark>
                                    </td>
                                </tr>
                            }
                        })
                        .collect_view();
                    let real = signals.chip.with(|chip| chip.real);
                    view! {
                        <div class="body">
                            <table class="diff">
                                <thead>
                                    <tr>
                                        <th scope="col">"Setting"</th>
                                        <th scope="col">"In the meter"</th>
                                        <th scope="col">"Will be"</th>
                                    </tr>
                                </thead>
                                <tbody>{rows}</tbody>
                            </table>
                            <p class="small">
                                {if real {
                                    "This writes to the real meter. Each change is read back before it counts as confirmed."
                                } else {
                                    "This writes to the twin. Each change is read back before it counts as confirmed."
                                }}
                            </p>
                        </div>
                        <footer>
                            <button type="button" class="btn" on:click=move |_| dialogs.review.set(false)>
                                "Not yet"
                            </button>
                            <button type="button" class="btn main" autofocus on:click=move |_| write()>
                                "Write to the meter"
                            </button>
                        </footer>
                    }
                }
            }
        </Dialog>
    }
    .into_any()
}
