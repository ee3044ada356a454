//! What the page lends to the modules that are fetched later: its simulated wires, and what it knows of the meter in hand.
//!
//! | `what` | with | answer |
//! |---|---|---|
//! | `now` | | µs of the world's clock |
//! | `text` | | what is at the wire, in words |
//! | `line` | speed, parity, data bits ([`dom::line`]) | |
//! | `send` | bytes | |
//! | `take` | | bytes that were heard, the word of a line error, `lost`, or `null` for silence |
//! | `echo` | whether the simulated adapter repeats what it sends | |
//! | `busy` | whether there is work on the wire: time does not jump under it | |
//! | `meter` | | of the meter in hand: its number, that of its model, whether it is lent, its id, its line |
//! | `knows` | | its display in words, its settings in their order, the fields of its pages in theirs |
//! | `wired` | number of the model whose name stands in the head; `null` for the meter in hand | |
//! | `warning` | | what was wrong at the start, once |
//! | `say` | what a screen reader says | |
//! | `mbus`, `radio` | | the same, of that wire (`web/src/door.rs`) |
//! | `scan` | | of the radio of the meter in hand: its serial number, whether it is on, whether it is connected |
//! | `pair` | true: connect with it; false: no more | whether that was done |
//! | `lend` | true: the meter in hand answers at a real wire; false: no meter does | the line of that wire |
//! | `hear` | bytes that were heard there, or the word of a line error | |
//! | `answer` | | what is to be sent there, another line for it, `null`, or false where no meter answers |

use dom::line::{error_of, of_js, to_js};
use js_sys::{Array, Uint8Array};
use rig::{MasterEvent, OutletOutput, WireFaults};
use schema::PortId;
use wasm_bindgen::JsValue;

use super::drive::Runtime;

impl Runtime {
    /// Answers a question.
    pub(super) fn lend(&mut self, wire: PortId, what: &str, with: &JsValue) -> Option<JsValue> {
        match what {
            "text" => return Some(self.wire_text(wire).into()),
            "busy" => self.busy = with.is_truthy(),
            "meter" => return Some(self.meter_in_hand().into()),
            "knows" => return self.knows().map(JsValue::from),
            "wired" => {
                self.wired = with.as_f64().and_then(|number| models::ALL.get(number as usize));
                self.show_models();
            }
            "warning" => return self.warning.take().map(JsValue::from),
            "say" => self.signals.spoken.set(with.as_string().unwrap_or_default()),
            "scan" => return self.scanned().map(JsValue::from),
            "pair" => {
                let with = with.is_truthy().then_some(self.at);
                return Some(self.bench.borrow_mut().pair(with).into());
            }
            "lend" => return self.hand_out(with.is_truthy()).map(JsValue::from),
            _ => return self.wire(wire, what, with),
        }
        None
    }

    fn wire(&mut self, wire: PortId, what: &str, with: &JsValue) -> Option<JsValue> {
        let mut bench = self.bench.borrow_mut();
        match what {
            "now" => return Some((bench.now().as_micros() as f64).into()),
            "send" => bench.master_send(wire, &Uint8Array::new(with).to_vec()),
            "line" => bench.set_master_line(wire, of_js(with)),
            "echo" => {
                bench.set_faults(wire, WireFaults { echo: with.is_truthy(), ..WireFaults::default() });
            }
            "hear" => match with.as_string() {
                Some(word) => bench.outlet_line_error(wire, error_of(&word)),
                None => bench.outlet_rx(wire, &Uint8Array::new(with).to_vec()),
            },
            "answer" => {
                if bench.out_line(wire).is_none() {
                    return Some(JsValue::FALSE);
                }
                let now = bench.now();
                bench.run_until(now);
                return Some(match bench.outlet_poll(wire)? {
                    OutletOutput::Send(bytes) => Uint8Array::from(bytes.as_slice()).into(),
                    OutletOutput::Line(line) => to_js(line).into(),
                });
            }
            _ => loop {
                return Some(match bench.master_take(wire)? {
                    MasterEvent::Bytes(heard) => Uint8Array::from(heard.as_slice()).into(),
                    MasterEvent::LineError(error) => error.to_string().into(),
                    MasterEvent::Lost => "lost".into(),
                    // That the last bit has left is known from the time it takes.
                    MasterEvent::Sent => continue,
                });
            },
        }
        None
    }

    /// What a scan finds of the radio of the meter in hand.
    fn scanned(&self) -> Option<Array> {
        self.entry().def.radio()?;
        let bench = self.bench.borrow();
        let serial = bench.twin(self.at)?.serial();
        let connected = bench.paired() == Some(self.at);
        Some(Array::of3(&serial.into(), &bench.radio_is_on(self.at).into(), &connected.into()))
    }

    fn meter_in_hand(&self) -> Array {
        let bench = self.bench.borrow();
        let told = Array::new();
        let model = models::ALL.iter().position(|entry| entry.def.slug == self.entry().def.slug);
        told.push(&self.meters[self.at].mark.into());
        told.push(&model.map_or(JsValue::NULL, |model| (model as f64).into()));
        told.push(&bench.is_out(self.at, PortId::Modbus).into());
        let address = bench.twin(self.at).and_then(|twin| twin.device().address(PortId::Modbus));
        if let Some((line, unit)) = address {
            told.push(&unit.into());
            told.push(&to_js(line));
        }
        told
    }

    /// What the meter in hand shows and has in it; nothing of its pages while it has no supply.
    fn knows(&self) -> Option<Array> {
        let bench = self.bench.borrow();
        let device = bench.twin(self.at)?.device();
        let def = self.entry().def;
        let (settings, fields) = (Array::new(), Array::new());
        for setting in def.all_settings() {
            settings.push(&device.setting(setting.id).map_or(JsValue::NULL, JsValue::from));
        }
        for (_, page) in def.all_pages().filter(|_| device.powered()) {
            for field in page.fields {
                fields.push(&(device.works().source(field.source) as f64).into());
            }
        }
        let sentence = self.signals.glass.with_untracked(|glass| glass.sentence.clone());
        Some(Array::of3(&sentence.into(), &settings, &fields))
    }

    /// Gives the meter in hand to a real wire, or takes back all that were given; the line of that wire.
    fn hand_out(&self, out: bool) -> Option<Array> {
        let mut bench = self.bench.borrow_mut();
        if out {
            bench.hand_out(self.at, PortId::Modbus);
        } else {
            for place in 0..self.meters.len() {
                bench.take_back(place, PortId::Modbus);
            }
        }
        bench.out_line(PortId::Modbus).map(to_js)
    }

    /// What is at a simulated wire, in words.
    fn wire_text(&self, wire: PortId) -> String {
        let bench = self.bench.borrow();
        if wire == PortId::Optical {
            return bench.twin(self.at).map_or(String::new(), |twin| {
                format!(
                    "The optical head is on the {}, serial number {:08}",
                    twin.entry().notes.name,
                    twin.serial()
                )
            });
        }
        let (a, name) = if wire == PortId::Mbus { ("an", "M-Bus") } else { ("a", "Modbus") };
        match bench.twins().iter().filter(|twin| twin.entry().def.has(wire)).count() {
            0 => format!(
                "No meter on the rail has {a} {name}: add one there, or choose a port of this computer"
            ),
            1 => format!("The {name} of the rail, with one meter on it"),
            count => format!("The {name} of the rail, with {count} meters on it"),
        }
    }
}
