//! The line of a panel as a [`Port`]: the simulated wire that the page lends, or an adapter of this computer.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use crate::browser::window;
use crate::clock::pause;
use crate::line::{error_of, to_js};
use crate::react::untrack;
use crate::serial::{self, Link, SerialPort, State};
use crate::share;
use commission::{Port, PortFault, Received};
use js_sys::Uint8Array;
use units::{Duration, Instant, LineParams};
use wasm_bindgen::prelude::*;

/// The event by which the page tells a part that the simulated meters have changed.
pub const CHANGED: &str = "meters";

#[wasm_bindgen]
extern "C" {
    /// The page's function; `web/src/runtime/lend.rs` has the table of what it can be asked.
    #[wasm_bindgen(extends = js_sys::Function)]
    #[derive(Clone)]
    pub type Host;
}

impl Host {
    /// What the page answers; `null` for nothing.
    pub fn ask(&self, what: &str, with: &JsValue) -> JsValue {
        self.call2(&JsValue::UNDEFINED, &what.into(), with).unwrap_or(JsValue::NULL)
    }
}

/// An adapter: one of those granted, or one that is chosen now. To be called while a click is handled.
///
/// # Errors
/// A sentence; `None` where nobody chose.
pub fn choose(granted: Option<usize>) -> impl Future<Output = Result<SerialPort, Option<String>>> + use<> {
    // Nothing may come between a click and the question for a port.
    let chosen = granted.is_none().then(serial::request);
    async move {
        match chosen {
            Some(chosen) => chosen.await,
            None => {
                let known = serial::granted().await.into_iter().nth(granted.unwrap_or(0));
                known.map(|(port, _)| port).ok_or_else(|| {
                    Some("That adapter is not plugged in any more. Plug it in, then try again.".to_owned())
                })
            }
        }
    }
}

/// Opens a port; whoever else in this page has it open and is not at work lets it go first.
///
/// # Errors
/// A sentence with the next step.
pub async fn open(port: SerialPort, line: LineParams, wake: fn()) -> Result<Rc<Link>, String> {
    share::claim(&port).await?;
    let link = Link::new(port, wake);
    link.open(line).await?;
    Ok(link)
}

/// How often is looked for what was heard, in ms. Browsers make it 4 at least.
const LOOK_MS: i32 = 4;

/// Who has not looked for so long was not waiting for an answer: what lies there is left over from before.
const IDLE: Duration = Duration::from_secs(5);

/// Where bytes go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Through an adapter, not over the simulated wire.
    pub real: bool,
    /// The adapter is not there any more.
    pub gone: bool,
    /// What the adapter is called.
    pub name: String,
    /// This browser can open adapters.
    pub possible: bool,
    /// What is at the simulated wire, in words.
    pub simulated: String,
}

type Watchers = Vec<(Line, Box<dyn Fn()>)>;

thread_local! {
    /// Who wants to be told when an adapter goes.
    static WATCHERS: RefCell<Watchers> = const { RefCell::new(Vec::new()) };
}

/// Something was heard through an adapter, or one has gone.
fn woken() {
    WATCHERS.with_borrow(|watchers| {
        watchers.iter().filter(|(line, _)| line.is_gone()).for_each(|(_, tell)| tell());
    });
}

/// A line of the page.
#[derive(Clone)]
pub struct Line {
    host: Host,
    /// What the line was set to last.
    params: Rc<Cell<LineParams>>,
    /// The adapter; none stands for the simulated wire.
    link: Rc<RefCell<Option<Rc<Link>>>>,
    /// What was heard and not fetched yet.
    unread: Rc<RefCell<VecDeque<Result<Received, PortFault>>>>,
    /// When the line was last found silent.
    seen: Rc<Cell<Instant>>,
}

impl Line {
    /// The simulated wire behind this function.
    pub fn new(host: Host) -> Self {
        Self::with(host, None, LineParams::even(2_400))
    }

    /// An open adapter, with a simulated wire to go back to.
    pub fn real(host: Host, link: Rc<Link>, line: LineParams) -> Self {
        Self::with(host, Some(link), line)
    }

    fn with(host: Host, link: Option<Rc<Link>>, line: LineParams) -> Self {
        let made = Self {
            host,
            params: Rc::new(Cell::new(line)),
            link: Rc::new(RefCell::new(link)),
            unread: Rc::default(),
            seen: Rc::default(),
        };
        made.seen.set(made.clock());
        made
    }

    /// Another line has another clock, and nothing was heard on it yet.
    fn lay(&self, link: Option<Rc<Link>>) {
        *self.link.borrow_mut() = link;
        self.unread.borrow_mut().clear();
        self.seen.set(self.clock());
    }

    fn link(&self) -> Option<Rc<Link>> {
        self.link.borrow().clone()
    }

    /// True where the adapter was unplugged, or could not be opened again.
    fn is_gone(&self) -> bool {
        self.link().is_some_and(|link| matches!(link.state(), State::Lost | State::Closed))
    }

    /// Calls `tell` when the adapter goes while it is open.
    pub fn when_gone(&self, tell: impl Fn() + 'static) {
        WATCHERS.with_borrow_mut(|watchers| watchers.push((self.clone(), Box::new(tell))));
    }

    /// Gives the adapter to whoever else in this page wants it, unless work goes on here; `who` is the head of a sentence
    /// then. `given` is called when it was.
    pub fn gives_way(&self, who: &'static str, free: Rc<dyn Fn() -> bool>, given: impl Fn() + 'static) {
        let (own, given) = (self.clone(), Rc::new(given));
        share::on_claim(move |port| {
            own.link().filter(|link| link.holds(port))?;
            let (own, given, free) = (own.clone(), given.clone(), untrack(&*free));
            Some(Box::pin(async move {
                if !free {
                    return Err(who);
                }
                own.simulate().await;
                given();
                Ok(())
            }))
        });
    }

    /// Where bytes go now.
    pub fn status(&self) -> Status {
        let link = self.link();
        Status {
            real: link.is_some(),
            gone: self.is_gone(),
            name: link.map_or_else(String::new, |link| link.name()),
            possible: serial::possible(),
            simulated: self.host.ask("text", &JsValue::NULL).as_string().unwrap_or_default(),
        }
    }

    /// Names of the adapters that the page may open without asking.
    pub async fn granted(&self) -> Vec<String> {
        serial::granted().await.into_iter().map(|(_, name)| name).collect()
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
        let own = self.clone();
        let chosen = choose(granted);
        async move {
            let port = chosen.await?;
            // The one before, which may be the same again.
            if let Some(before) = own.link() {
                before.close().await;
            }
            // What was heard is looked for again and again; only that an adapter goes has to be told.
            let link = open(port, line, woken).await.map_err(Some)?;
            own.params.set(line);
            own.lay(Some(link));
            Ok(())
        }
    }

    /// Back to the simulated wire; an adapter is given back.
    pub async fn simulate(&self) {
        let link = self.link();
        self.lay(None);
        if let Some(link) = link {
            link.close().await;
        }
    }

    /// What was heard meanwhile.
    fn heard(&self) -> Result<Option<Received>, PortFault> {
        if let Some(link) = self.link() {
            return match link.take() {
                None if link.state() != State::Open => Err(PortFault::Lost),
                heard => Ok(heard),
            };
        }
        let heard = self.host.ask("take", &JsValue::NULL);
        match heard.as_string() {
            Some(word) if word == "lost" => Err(PortFault::Lost),
            Some(word) => Ok(Some(Received::LineError(error_of(&word)))),
            None => Ok(heard.dyn_into::<Uint8Array>().ok().map(|bytes| Received::Bytes(bytes.to_vec()))),
        }
    }
}

impl Line {
    /// The time, whatever was heard.
    fn clock(&self) -> Instant {
        if self.link.borrow().is_some() {
            let ms = window().performance().map_or(0.0, |clock| clock.now());
            return Instant::from_micros((ms * 1_000.0) as u64);
        }
        let us = self.host.ask("now", &JsValue::NULL).as_f64().unwrap_or(0.0);
        Instant::from_micros(us as u64)
    }

    /// Fetches what was heard up to now.
    fn fetch(&self) {
        loop {
            let heard = self.heard();
            let mut unread = self.unread.borrow_mut();
            match heard {
                Ok(None) => return,
                Ok(Some(heard)) => unread.push_back(Ok(heard)),
                Err(fault) => {
                    if unread.back().is_none_or(Result::is_ok) {
                        unread.push_back(Err(fault));
                    }
                    return;
                }
            }
        }
    }
}

impl Port for Line {
    async fn transmit(&mut self, bytes: &[u8]) -> Result<(), PortFault> {
        match self.link() {
            Some(link) => link.write(bytes).await?,
            None => drop(self.host.ask("send", &Uint8Array::from(bytes).into())),
        }
        // They are on their way: nobody tells when they have left.
        self.wait(self.params.get().wire_time(bytes.len())).await
    }

    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault> {
        loop {
            let now = self.now();
            let heard = self.unread.borrow_mut().pop_front();
            if let Some(heard) = heard {
                return heard;
            }
            if now >= until {
                return Ok(Received::Quiet);
            }
            pause(LOOK_MS).await;
        }
    }

    async fn reconfigure(&mut self, line: LineParams) -> Result<(), PortFault> {
        match self.link() {
            // Opening again loses what comes meanwhile: not for nothing.
            Some(link) if link.state() == State::Open && self.params.get() == line => {}
            Some(link) => link.reopen(line).await?,
            None => drop(self.host.ask("line", &to_js(line).into())),
        }
        self.params.set(line);
        Ok(())
    }

    async fn wait(&mut self, span: Duration) -> Result<(), PortFault> {
        let until = self.clock() + span;
        while self.clock() < until {
            if self.link().is_some_and(|link| link.state() != State::Open) {
                return Err(PortFault::Lost);
            }
            pause(LOOK_MS).await;
        }
        Ok(())
    }

    /// The time at which all that was heard is fetched: while something waits to be, it stands still. A page may stand
    /// still for longer than a meter takes to answer, and what came meanwhile is not to be taken for silence.
    fn now(&self) -> Instant {
        let now = self.clock();
        let idle = self.unread.borrow().is_empty() && now.since(self.seen.get()) > IDLE;
        self.fetch();
        if idle || self.unread.borrow().is_empty() {
            self.seen.set(now);
        }
        self.seen.get()
    }
}
