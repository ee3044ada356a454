//! Web Serial, by externs of our own: one port, its state, and a reader that outlives line errors.
//!
//! Parity, framing, break and overrun errors end the present reader only; a fresh one goes on. The port is lost when
//! its `readable` is gone. There is no change of speed on an open port: it is closed and opened again.

use crate::later;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use commission::{PortFault, Received};
use js_sys::{Object, Promise, Reflect, Uint8Array};
use units::{DataBits, LineError, LineParams, Parity};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// `navigator.serial`.
    #[derive(Clone)]
    type Serial;
    #[wasm_bindgen(method, catch, js_name = requestPort)]
    fn request_port(this: &Serial) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getPorts)]
    fn get_ports(this: &Serial) -> Result<Promise, JsValue>;

    /// A `SerialPort`.
    #[derive(Clone)]
    pub type SerialPort;
    #[wasm_bindgen(method, catch)]
    fn open(this: &SerialPort, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &SerialPort) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getInfo)]
    fn get_info(this: &SerialPort) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn readable(this: &SerialPort) -> Option<Stream>;
    #[wasm_bindgen(method, getter)]
    fn writable(this: &SerialPort) -> Option<Stream>;

    /// A `ReadableStream` or a `WritableStream`.
    type Stream;
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &Stream) -> Result<Reader, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getWriter)]
    fn get_writer(this: &Stream) -> Result<Writer, JsValue>;

    /// Its default reader.
    #[derive(Clone)]
    type Reader;
    #[wasm_bindgen(method, catch)]
    fn read(this: &Reader) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn cancel(this: &Reader) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, js_name = releaseLock)]
    fn release_lock(this: &Reader);

    /// Its default writer.
    type Writer;
    #[wasm_bindgen(method, catch)]
    fn write(this: &Writer, bytes: &Uint8Array) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, js_name = releaseLock)]
    fn unlock(this: &Writer);
}

/// A stalled tab needs room: the browsers' own 255 bytes overrun.
const BUFFER: u32 = 16_384;

fn field(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// `navigator.serial`, where this browser has it and the page may use it.
fn serial() -> Option<Serial> {
    let serial = field(&crate::browser::window().navigator(), "serial");
    (!serial.is_undefined() && !serial.is_null()).then(|| serial.unchecked_into())
}

/// Whether this browser can open serial ports.
#[must_use]
pub fn possible() -> bool {
    serial().is_some()
}

/// The ports already granted, each with a name.
pub async fn granted() -> Vec<(SerialPort, String)> {
    let Some(promise) = serial().and_then(|serial| serial.get_ports().ok()) else { return Vec::new() };
    let Ok(list) = JsFuture::from(promise).await else { return Vec::new() };
    let ports: Vec<SerialPort> = js_sys::Array::from(&list).iter().map(JsCast::unchecked_into).collect();
    ports.into_iter().enumerate().map(|(place, port)| (port.clone(), name(&port, place + 1))).collect()
}

/// What a port is called: browsers tell no more than the ids of its adapter.
#[must_use]
pub fn name(port: &SerialPort, number: usize) -> String {
    let info = port.get_info().unwrap_or(JsValue::UNDEFINED);
    let id = |name: &str| field(&info, name).as_f64();
    let maker = match id("usbVendorId").map(|id| id as u32) {
        Some(0x0403) => "FTDI adapter",
        Some(0x1A86) => "WCH adapter",
        Some(0x10C4) => "Silicon Labs adapter",
        Some(0x067B) => "Prolific adapter",
        Some(0x04E2) => "MaxLinear adapter",
        Some(_) => "USB adapter",
        None => "serial port",
    };
    format!("{maker} {number}")
}

/// Asks the browser to let somebody choose a port. It has to be called while a click is handled.
///
/// # Errors
/// `None` where nobody chose one; a sentence for everything else.
pub fn request() -> impl Future<Output = Result<SerialPort, Option<String>>> {
    let asked = serial().map(|serial| serial.request_port());
    async move {
        let promise = match asked {
            Some(Ok(promise)) => promise,
            Some(Err(fault)) => return Err(Some(sentence(&fault))),
            None => return Err(Some("This browser cannot open serial ports.".to_owned())),
        };
        match JsFuture::from(promise).await {
            Ok(port) => Ok(port.unchecked_into()),
            Err(fault) if error_name(&fault) == "NotFoundError" => Err(None),
            Err(fault) => Err(Some(sentence(&fault))),
        }
    }
}

fn error_name(fault: &JsValue) -> String {
    field(fault, "name").as_string().unwrap_or_default()
}

/// A failure before the port is open, in words with the next step; the browser's own words last.
fn sentence(fault: &JsValue) -> String {
    let own = field(fault, "message").as_string().unwrap_or_default();
    let what = match error_name(fault).as_str() {
        "SecurityError" => {
            "This page is not allowed to open serial ports. Open it by itself, over https, and allow the port."
        }
        "InvalidStateError" => "This port is open already in this page. Close it, then try again.",
        "NetworkError" => {
            "The port could not be opened. Another program or tab may hold it: close it there, then try again. On Linux your \
             user needs the group dialout (or uucp); sandboxed snap browsers cannot open it."
        }
        _ => "The port could not be opened. Unplug the adapter, plug it in again and choose it once more.",
    };
    if own.is_empty() { what.to_owned() } else { format!("{what} ({own})") }
}

/// Where a port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not open.
    Closed,
    /// Being opened.
    Opening,
    /// Open, and read from.
    Open,
    /// The adapter went while it was open.
    Lost,
    /// Being closed.
    Closing,
}

/// One real port. Whoever holds it shares it.
pub struct Link {
    port: RefCell<SerialPort>,
    state: Cell<State>,
    reader: RefCell<Option<Reader>>,
    inbox: RefCell<VecDeque<Received>>,
    /// Line errors since the port was opened.
    pub line_errors: Cell<u32>,
    /// Called whenever something was heard or the state has changed.
    wake: fn(),
}

impl Link {
    /// A port that is not open yet.
    #[must_use]
    pub fn new(port: SerialPort, wake: fn()) -> Rc<Self> {
        Rc::new(Self {
            port: RefCell::new(port),
            state: Cell::new(State::Closed),
            reader: RefCell::new(None),
            inbox: RefCell::default(),
            line_errors: Cell::new(0),
            wake,
        })
    }

    /// Where the port is.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.get()
    }

    /// What its adapter is called.
    #[must_use]
    pub fn name(&self) -> String {
        name(&self.port.borrow(), 1)
    }

    /// True where it has this port open.
    #[must_use]
    pub fn holds(&self, port: &SerialPort) -> bool {
        self.state.get() == State::Open && Object::is(self.port.borrow().as_ref(), port.as_ref())
    }

    /// The next thing heard.
    #[must_use]
    pub fn take(&self) -> Option<Received> {
        self.inbox.borrow_mut().pop_front()
    }

    /// Opens the port and begins to read.
    ///
    /// # Errors
    /// A sentence with the next step.
    pub async fn open(self: &Rc<Self>, line: LineParams) -> Result<(), String> {
        let options = Object::new();
        let parity = match line.parity {
            Parity::Even => "even",
            Parity::Odd => "odd",
            Parity::None => "none",
        };
        let data_bits = match line.data_bits {
            DataBits::Seven => 7,
            DataBits::Eight => 8,
        };
        let pairs: [(&str, JsValue); 6] = [
            ("baudRate", line.baud.into()),
            ("dataBits", data_bits.into()),
            ("stopBits", 1.into()),
            ("parity", parity.into()),
            ("bufferSize", BUFFER.into()),
            ("flowControl", "none".into()),
        ];
        for (name, value) in pairs {
            // Fails for frozen objects only.
            let _ = Reflect::set(&options, &name.into(), &value);
        }
        self.state.set(State::Opening);
        let port = self.port.borrow().clone();
        let opened = match port.open(&options) {
            Ok(promise) => JsFuture::from(promise).await.map(|_| ()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = opened {
            self.state.set(State::Closed);
            return Err(sentence(&fault));
        }
        self.inbox.borrow_mut().clear();
        self.state.set(State::Open);
        later(self.clone().read_on());
        Ok(())
    }

    /// Reads for the life of the port: a fresh reader after each line error.
    async fn read_on(self: Rc<Self>) {
        let mut fruitless = 0;
        while self.state.get() == State::Open {
            let port = self.port.borrow().clone();
            let reader = match port.readable().map(|stream| stream.get_reader()) {
                Some(Ok(reader)) => reader,
                // The stream is gone, or somebody else holds it: nothing can be heard any more.
                Some(Err(_)) | None => break,
            };
            *self.reader.borrow_mut() = Some(reader.clone());
            let fault = loop {
                let Ok(promise) = reader.read() else { break JsValue::UNDEFINED };
                match JsFuture::from(promise).await {
                    Ok(result) => {
                        if field(&result, "done").is_truthy() {
                            break JsValue::UNDEFINED;
                        }
                        fruitless = 0;
                        if let Ok(bytes) = field(&result, "value").dyn_into::<Uint8Array>() {
                            self.hear(Received::Bytes(bytes.to_vec()));
                        }
                    }
                    Err(fault) => break fault,
                }
            };
            *self.reader.borrow_mut() = None;
            reader.release_lock();
            if fault.is_undefined() {
                // Ended on purpose, or by a port that closes; a stream that only ever ends is not worth asking again.
                fruitless += 1;
                if fruitless > 8 {
                    break;
                }
                continue;
            }
            let error = match error_name(&fault).as_str() {
                "ParityError" => LineError::Parity,
                "FramingError" => LineError::Framing,
                "BreakError" => LineError::Break,
                "BufferOverrunError" => LineError::Overrun,
                _ => {
                    if port.readable().is_none() {
                        break;
                    }
                    LineError::Framing
                }
            };
            self.line_errors.set(self.line_errors.get() + 1);
            self.hear(Received::LineError(error));
        }
        if self.state.get() == State::Open {
            self.state.set(State::Lost);
            (self.wake)();
        }
    }

    fn hear(&self, what: Received) {
        self.inbox.borrow_mut().push_back(what);
        (self.wake)();
    }

    /// Hands bytes to the adapter.
    ///
    /// # Errors
    /// [`PortFault`]; some of the bytes may have left then.
    pub async fn write(&self, bytes: &[u8]) -> Result<(), PortFault> {
        if self.state.get() != State::Open {
            return Err(PortFault::Lost);
        }
        let stream = self.port.borrow().writable().ok_or(PortFault::Lost)?;
        let writer = stream.get_writer().map_err(|fault| failed(&fault))?;
        let written = match writer.write(&Uint8Array::from(bytes)) {
            Ok(promise) => JsFuture::from(promise).await,
            Err(fault) => Err(fault),
        };
        writer.unlock();
        written.map(|_| ()).map_err(|fault| match error_name(&fault).as_str() {
            "NetworkError" => PortFault::Lost,
            _ => failed(&fault),
        })
    }

    /// Stops reading and closes the port. A port that is gone closes too.
    pub async fn close(&self) {
        if self.state.get() == State::Closed {
            return;
        }
        self.state.set(State::Closing);
        let reader = self.reader.borrow().clone();
        if let Some(promise) = reader.and_then(|reader| reader.cancel().ok()) {
            let _ = JsFuture::from(promise).await;
        }
        // The reading loop sees the end of its stream and lets go of it in a later microtask.
        for _ in 0..4 {
            if self.reader.borrow().is_none() {
                break;
            }
            let _ = JsFuture::from(Promise::resolve(&JsValue::UNDEFINED)).await;
        }
        let port = self.port.borrow().clone();
        if let Ok(promise) = port.close() {
            let _ = JsFuture::from(promise).await;
        }
        self.state.set(State::Closed);
    }

    /// Closes and opens again at another speed or parity.
    ///
    /// # Errors
    /// [`PortFault`] where the port cannot be opened again.
    pub async fn reopen(self: &Rc<Self>, line: LineParams) -> Result<(), PortFault> {
        if self.state.get() == State::Lost {
            return Err(PortFault::Lost);
        }
        self.close().await;
        self.open(line).await.map_err(PortFault::Failed)
    }
}

fn failed(fault: &JsValue) -> PortFault {
    PortFault::Failed(own_words(fault))
}

/// What the browser says of a failure, or at least its name.
pub fn own_words(fault: &JsValue) -> String {
    let own = field(fault, "message").as_string().unwrap_or_default();
    if own.is_empty() { error_name(fault) } else { own }
}

/// Calls `act` whenever an adapter that was granted before is plugged in.
pub fn on_connect(act: impl FnMut() + 'static) {
    if let Some(serial) = serial() {
        let target: &web_sys::EventTarget = serial.unchecked_ref();
        // Fails for names of events that are no texts only.
        let _ = target.add_event_listener_with_callback(
            "connect",
            Closure::<dyn FnMut()>::new(act).into_js_value().unchecked_ref(),
        );
    }
}
