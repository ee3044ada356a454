//! The line that the page lends: its one function, and a [`Port`] over it.

use commission::{Port, PortFault, Received};
use js_sys::{Array, Promise, Uint8Array};
use units::{DataBits, Duration, Instant, LineError, LineParams, Parity};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// The page's function; `web/src/lines_host.rs` has the table of what it can be asked.
    #[wasm_bindgen(extends = js_sys::Function)]
    #[derive(Clone)]
    pub type Host;
}

/// Where bytes go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Through an adapter, not over the simulated wire.
    pub real: bool,
    /// What the adapter is called.
    pub name: String,
    /// This browser can open adapters.
    pub possible: bool,
    /// What is at the simulated wire, in words.
    pub simulated: String,
}

/// A line of the page.
#[derive(Clone)]
pub struct Line {
    host: Host,
}

impl Line {
    /// The line behind this function.
    pub fn new(host: Host) -> Self {
        Self { host }
    }

    fn ask(&self, what: &str, a: &JsValue, b: &JsValue) -> JsValue {
        self.host.call3(&JsValue::UNDEFINED, &what.into(), a, b).unwrap_or(JsValue::UNDEFINED)
    }

    async fn wait_for(&self, what: &str, a: &JsValue, b: &JsValue) -> Result<JsValue, JsValue> {
        match self.ask(what, a, b).dyn_into::<Promise>() {
            Ok(promise) => JsFuture::from(promise).await,
            Err(_) => Err("the page lends no line".into()),
        }
    }

    /// Where bytes go now.
    pub fn status(&self) -> Status {
        let told = Array::from(&self.ask("status", &JsValue::UNDEFINED, &JsValue::UNDEFINED));
        let text = |place| told.get(place).as_string().unwrap_or_default();
        Status {
            real: told.get(0).is_truthy(),
            name: text(1),
            possible: told.get(2).is_truthy(),
            simulated: text(3),
        }
    }

    /// Names of the adapters that the page may open without asking.
    pub async fn granted(&self) -> Vec<String> {
        let names = self.wait_for("granted", &JsValue::UNDEFINED, &JsValue::UNDEFINED).await;
        let names = names.map_or_else(|_| Array::new(), |names| Array::from(&names));
        names.iter().filter_map(|name| name.as_string()).collect()
    }

    /// Opens an adapter: one of those granted, or one that is chosen now. To be called while a click is handled.
    ///
    /// # Errors
    /// A sentence; `None` where nobody chose.
    pub fn connect(
        &self,
        line: LineParams,
        granted: Option<usize>,
    ) -> impl Future<Output = Result<(), Option<String>>> + use<> {
        let place = granted.map_or(JsValue::UNDEFINED, |place| JsValue::from(place as u32));
        let asked = self.ask("connect", &js_line(line), &place).dyn_into::<Promise>();
        async move {
            match asked {
                Ok(promise) => JsFuture::from(promise).await.map(|_| ()).map_err(|fault| fault.as_string()),
                Err(_) => Err(None),
            }
        }
    }

    /// Back to the simulated wire; an adapter is given back.
    pub async fn simulate(&self) {
        // Nothing can fail there.
        let _ = self.wait_for("simulate", &JsValue::UNDEFINED, &JsValue::UNDEFINED).await;
    }
}

/// Speed, parity and data bits as the page reads them.
fn js_line(line: LineParams) -> JsValue {
    let parity = match line.parity {
        Parity::Even => 0,
        Parity::None => 1,
        Parity::Odd => 2,
    };
    let bits = match line.data_bits {
        DataBits::Seven => 7,
        DataBits::Eight => 8,
    };
    Array::of3(&line.baud.into(), &parity.into(), &bits.into()).into()
}

fn fault(fault: JsValue) -> PortFault {
    match fault.as_string() {
        Some(word) if word == "lost" => PortFault::Lost,
        Some(why) => PortFault::Failed(why),
        None => PortFault::Failed("the page does not say why".to_owned()),
    }
}

fn js_micros(us: u64) -> JsValue {
    (us as f64).into()
}

impl Port for Line {
    async fn transmit(&mut self, bytes: &[u8]) -> Result<(), PortFault> {
        let bytes = Uint8Array::from(bytes).into();
        self.wait_for("transmit", &bytes, &JsValue::UNDEFINED).await.map(|_| ()).map_err(fault)
    }

    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault> {
        let until = js_micros(until.as_micros());
        let heard = self.wait_for("receive", &until, &JsValue::UNDEFINED).await.map_err(fault)?;
        Ok(match heard.as_string() {
            Some(word) => Received::LineError(line_error(&word)),
            None => match heard.dyn_into::<Uint8Array>() {
                Ok(bytes) => Received::Bytes(bytes.to_vec()),
                Err(_) => Received::Quiet,
            },
        })
    }

    async fn reconfigure(&mut self, line: LineParams) -> Result<(), PortFault> {
        self.wait_for("reconfigure", &js_line(line), &JsValue::UNDEFINED).await.map(|_| ()).map_err(fault)
    }

    async fn wait(&mut self, span: Duration) -> Result<(), PortFault> {
        let span = js_micros(span.as_micros());
        self.wait_for("wait", &span, &JsValue::UNDEFINED).await.map(|_| ()).map_err(fault)
    }

    fn now(&self) -> Instant {
        let us = self.ask("now", &JsValue::UNDEFINED, &JsValue::UNDEFINED).as_f64().unwrap_or(0.0);
        Instant::from_micros(us as u64)
    }
}

/// The line error of its text.
fn line_error(text: &str) -> LineError {
    const ALL: [LineError; 4] = [LineError::Parity, LineError::Framing, LineError::Overrun, LineError::Break];
    ALL.into_iter().find(|error| error.to_string() == text).unwrap_or(LineError::Framing)
}
