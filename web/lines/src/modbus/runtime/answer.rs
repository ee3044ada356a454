//! The meter in hand on a real wire: another master asks through the adapter, and the page answers as the meter.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use commission::{PortFault, Received};
use dom::later;
use dom::line::of_js;
use dom::serial::{Link, SerialPort, State};
use js_sys::Uint8Array;
use units::LineParams;
use wasm_bindgen::{JsCast, JsValue};

use super::drive::Runtime;

/// What the adapter has to do for the meter.
enum Deed {
    /// Send these bytes.
    Send(Vec<u8>),
    /// Be at this speed and format.
    Line(LineParams),
}

/// An adapter at which the page answers.
pub struct Answering {
    link: Rc<Link>,
    /// What the adapter still has to do, in its order.
    waiting: Rc<RefCell<VecDeque<Deed>>>,
    /// Somebody does it.
    busy: Rc<Cell<bool>>,
    /// Where the meter wants the adapter to be.
    pub line: Cell<LineParams>,
}

impl Answering {
    /// True where it answers at this port.
    pub fn holds(&self, port: &SerialPort) -> bool {
        self.link.holds(port)
    }
}

impl Runtime {
    /// Hands the meter in hand out to the adapter that the configurator has. Nobody asks through it any more: two
    /// masters on one wire disturb each other.
    pub(super) fn hand_out(&mut self) {
        let open = |link: &Rc<Link>| link.state() == State::Open;
        let Some(link) = self.link().filter(open) else { return };
        let line = self.host.ask("lend", &JsValue::TRUE);
        if line.is_null() {
            return;
        }
        self.drop_tasks();
        self.live = false;
        self.real_wire = None;
        // What was heard before was meant for the master.
        while link.take().is_some() {}
        let (waiting, busy) = (Rc::default(), Rc::default());
        self.answering = Some(Answering { link, waiting, busy, line: Cell::new(of_js(&line)) });
        self.traffic_seen = None;
        self.look();
        self.show_models();
        self.say("The page answers as this meter at the adapter now. Other masters can ask it.", false);
    }

    /// Takes it back, and gives back the adapter.
    pub(super) fn take_back(&mut self) {
        let Some(answering) = self.answering.take() else { return };
        self.host.ask("lend", &JsValue::FALSE);
        later(async move { answering.link.close().await });
        self.signals.port.update(|port| port.open = false);
        self.say("", false);
        self.look();
        self.show_models();
        self.follow_twin();
    }

    /// What the adapter has heard goes to the meter, and what the meter says to the adapter.
    pub(super) fn answer(&mut self) {
        let Some(answering) = &self.answering else { return };
        let link = &answering.link;
        while let Some(heard) = link.take() {
            match heard {
                Received::Bytes(bytes) => self.host.ask("hear", &Uint8Array::from(bytes.as_slice()).into()),
                Received::LineError(error) => self.host.ask("hear", &error.to_string().into()),
                Received::Quiet => JsValue::NULL,
            };
        }
        let mut gone = link.state() == State::Lost;
        loop {
            let said = self.host.ask("answer", &JsValue::NULL);
            if said.is_null() {
                break;
            }
            if said == JsValue::FALSE {
                gone = true;
                break;
            }
            answering.waiting.borrow_mut().push_back(match said.dyn_into::<Uint8Array>() {
                Ok(bytes) => Deed::Send(bytes.to_vec()),
                Err(line) => {
                    let line = of_js(&line);
                    answering.line.set(line);
                    Deed::Line(line)
                }
            });
        }
        let (link, waiting, busy) = (link.clone(), answering.waiting.clone(), answering.busy.clone());
        if gone {
            self.take_back();
            self.say("The page does not answer any more: the adapter or the meter has gone.", true);
        } else if !waiting.borrow().is_empty() && !busy.replace(true) {
            later(async move {
                while let Some(deed) = next(&waiting) {
                    let done: Result<(), PortFault> = match deed {
                        Deed::Send(bytes) => link.write(&bytes).await,
                        Deed::Line(line) => link.reopen(line).await,
                    };
                    // A port that fails says so by its state.
                    if done.is_err() {
                        waiting.borrow_mut().clear();
                    }
                }
                busy.set(false);
            });
        }
    }
}

fn next(waiting: &RefCell<VecDeque<Deed>>) -> Option<Deed> {
    waiting.borrow_mut().pop_front()
}
