//! The meter in hand on a real wire: another master asks through the adapter, and the page answers as the meter.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use commission::{PortFault, Received};
use rig::OutletOutput;
use schema::PortId;

use super::drive::Runtime;
use crate::dom::later;
use crate::serial::{Link, State};

/// An adapter at which the page answers.
pub struct Answering {
    link: Rc<Link>,
    /// What the adapter still has to do, in its order.
    waiting: Rc<RefCell<VecDeque<OutletOutput>>>,
    /// Somebody does it.
    busy: Rc<Cell<bool>>,
}

impl Runtime {
    /// Hands the meter in hand out to the adapter that the configurator has. Nobody asks through it any more: two
    /// masters on one wire disturb each other.
    pub(super) fn hand_out(&mut self) {
        let open = |link: &Rc<Link>| link.state() == State::Open;
        let Some(link) = self.link().filter(open) else { return };
        if !self.bench.borrow_mut().hand_out(self.at, PortId::Modbus) {
            return;
        }
        self.drop_tasks();
        self.live = false;
        self.real_wire = None;
        // What was heard before was meant for the master.
        while link.take().is_some() {}
        self.answering = Some(Answering { link, waiting: Rc::default(), busy: Rc::default() });
        self.traffic_seen = None;
        self.show_models();
        self.say("The page answers as this meter at the adapter now. Other masters can ask it.", false);
    }

    /// Takes it back, and gives back the adapter.
    pub(super) fn take_back(&mut self) {
        let Some(answering) = self.answering.take() else { return };
        let many = self.meters.len();
        for place in 0..many {
            self.bench.borrow_mut().take_back(place, PortId::Modbus);
        }
        later(async move { answering.link.close().await });
        self.signals.port.update(|port| port.open = false);
        self.say("", false);
        self.show_models();
        self.follow_twin();
    }

    /// What the adapter has heard goes to the meter, and what the meter says to the adapter.
    pub(super) fn answer(&mut self) {
        let Some(answering) = &self.answering else { return };
        let link = &answering.link;
        let mut bench = self.bench.borrow_mut();
        while let Some(heard) = link.take() {
            match heard {
                Received::Bytes(bytes) => bench.outlet_rx(PortId::Modbus, &bytes),
                Received::LineError(error) => bench.outlet_line_error(PortId::Modbus, error),
                Received::Quiet => {}
            }
        }
        let now = bench.now();
        bench.run_until(now);
        while let Some(output) = bench.outlet_poll(PortId::Modbus) {
            answering.waiting.borrow_mut().push_back(output);
        }
        let (link, waiting, busy) = (link.clone(), answering.waiting.clone(), answering.busy.clone());
        let gone = link.state() == State::Lost || bench.out_line(PortId::Modbus).is_none();
        drop(bench);
        if gone {
            self.take_back();
            self.say("The page does not answer any more: the adapter or the meter has gone.", true);
        } else if !waiting.borrow().is_empty() && !busy.replace(true) {
            later(async move {
                while let Some(output) = next(&waiting) {
                    let done: Result<(), PortFault> = match output {
                        OutletOutput::Send(bytes) => link.write(&bytes).await,
                        OutletOutput::Line(line) => link.reopen(line).await,
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

fn next(waiting: &RefCell<VecDeque<OutletOutput>>) -> Option<OutletOutput> {
    waiting.borrow_mut().pop_front()
}
