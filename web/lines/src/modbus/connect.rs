//! Connecting a real meter: choosing the port and the line, and what to do where that fails.

use crate::modbus::Dialogs;
use crate::modbus::bus::line_fields;
use crate::modbus::runtime::{self, Signals};
use crate::modbus::view::LineForm;
use dom::parts::dialog;
use dom::signal::{Sig, memo};
use dom::{El, button, el, watch};

/// What the port or the meter has to say, above the tabs that need it.
pub fn advice(signals: Signals) -> El {
    let port = signals.port;
    el("div", "say")
        .flag_if("hidden", move || port.with(|port| port.say.is_empty() || port.busy))
        .class_if("bad", move || port.with(|port| port.bad))
        .add(el("p", "").says(move || port.with(|port| port.say.clone())))
}

/// The dialog.
pub fn connect(signals: Signals, dialogs: Dialogs) -> El {
    let form = Sig::new(LineForm::default());
    let wrong = Sig::new(None);
    let port = signals.port;
    watch(Box::new(move || {
        if dialogs.connect.get() {
            runtime::list_ports();
        }
    }));
    let open = memo(move || port.with(|port| port.open));
    watch(Box::new(move || {
        if open.get() {
            dialogs.connect.set(false);
        }
    }));
    dialog(dialogs.connect, "Connect a real meter", move || {
        let ready = move || wrong.with_untracked(Option::is_none);
        let intro = el("p", "").says(move || {
            if port.with(|port| port.possible) {
                "Wire the RS485 adapter to A and B of the meter, then choose its port. Reading changes nothing in the meter; \
                 nothing is written before you have reviewed it."
            } else {
                "This browser cannot open serial ports. The twin, its settings and the decoder still work. Chrome, Edge, Opera \
                 or Firefox 151 and later on a computer can."
            }
            .to_owned()
        });
        let say = el("p", "answer")
            .attr("role", "alert")
            .flag_if("hidden", move || port.with(|port| port.say.is_empty()))
            .class_if("wrong-text", move || port.with(|port| port.bad))
            .says(move || port.with(|port| port.say.clone()));
        let granted = memo(move || port.with(|port| port.granted.clone()));
        let known = el("div", "acts").shows(move || {
            let button = |(place, name): (usize, String)| {
                button("btn", &format!("Use {name}"), move |_| {
                    if ready() {
                        runtime::open_port(Some(place), form.get_untracked());
                    }
                })
                .flag_if("disabled", move || port.with(|port| port.busy))
            };
            granted.get().into_iter().enumerate().map(button).collect()
        });
        let choose = el("button", "btn main")
            .attr("type", "button")
            .flag_if("disabled", move || port.with(|port| !port.possible || port.busy))
            .says(move || if port.with(|port| port.busy) { "Opening…" } else { "Choose a port…" }.to_owned())
            .on("click", move |_| {
                if ready() {
                    runtime::open_port(None, form.get_untracked());
                }
            });
        let body = el("div", "body").add(intro).all(line_fields(form, wrong)).add(say);
        vec![body, el("footer", "").add(known).add(choose)]
    })
}
