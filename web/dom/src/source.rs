//! Which line a panel speaks over: the simulated one, or an adapter of this computer.

use std::rc::Rc;

use crate::signal::Sig;
use crate::{El, button, el, later, parts, serial, watch};
use units::LineParams;

use crate::host::{Line, Status};

/// What a panel calls its line.
#[derive(Clone, Copy)]
pub struct Words {
    /// What an adapter is.
    pub adapter: &'static str,
    /// The button that goes back.
    pub back: &'static str,
    /// The panel, at the head of a sentence.
    pub who: &'static str,
}

/// The choice of a line.
#[derive(Clone)]
pub struct Source {
    line: Line,
    words: Words,
    status: Sig<Status>,
    granted: Sig<Vec<String>>,
    say: Sig<String>,
    busy: Sig<bool>,
}

impl Source {
    /// Over the simulated wire at first.
    pub fn new(line: Line, words: Words) -> Self {
        let status = Sig::new(line.status());
        let own =
            Self { line, words, status, granted: Sig::default(), say: Sig::default(), busy: Sig::default() };
        own.list();
        let (plugged, gone) = (own.clone(), own.clone());
        serial::on_connect(move || plugged.list());
        own.line.when_gone(move || {
            gone.look();
            gone.list();
        });
        own
    }

    /// True where bytes go through an adapter; whoever asks is told when that changes.
    pub fn real(&self) -> bool {
        self.status.with(|status| status.real)
    }

    /// True where the adapter had gone when bytes were last looked for; while another one is being taken, of the one before.
    pub fn was_gone(&self) -> bool {
        self.status.with_untracked(|status| status.real && status.gone)
    }

    /// Looks again at where bytes go and which meter is in hand.
    pub fn look(&self) {
        self.status.show(self.line.status());
    }

    fn list(&self) {
        let own = self.clone();
        later(async move { own.granted.show(own.line.granted().await) });
    }

    fn connect(&self, at: LineParams, place: Option<usize>, changed: Rc<dyn Fn()>) {
        let own = self.clone();
        own.say.set(String::new());
        own.busy.set(true);
        let asked = own.line.connect(at, place);
        later(async move {
            match asked.await {
                Ok(()) => changed(),
                Err(Some(why)) => own.say.set(why),
                Err(None) => own.say.set("No port was chosen. The line stays as it was.".to_owned()),
            }
            own.busy.set(false);
            own.look();
            own.list();
        });
    }

    /// The row of the panel: what the line is, and the buttons that change it. `at` gives the parameters to open an
    /// adapter with, `free` tells whether the line may change now, `changed` is called when it has.
    pub fn row(
        &self,
        at: impl Fn() -> LineParams + 'static,
        free: impl Fn() -> bool + 'static,
        changed: impl Fn() + 'static,
    ) -> El {
        let at: Rc<dyn Fn() -> LineParams> = Rc::new(at);
        let free: Rc<dyn Fn() -> bool> = Rc::new(free);
        let (own, over) = (self.clone(), free.clone());
        // Work may have found that the adapter is no more.
        watch(Box::new(move || {
            if over() {
                own.look();
            }
        }));
        let changed: Rc<dyn Fn()> = Rc::new(changed);
        let (own, given) = (self.clone(), changed.clone());
        self.line.gives_way(self.words.who, free.clone(), move || {
            given();
            own.look();
        });
        let own = self.clone();
        let what = el("span", "where").attr("role", "status").shows(move || {
            own.status.with(|status| {
                let (picture, text) = match (status.real, status.gone) {
                    (true, false) => (parts::PLUG, format!("{} {}", own.words.adapter, status.name)),
                    (true, true) => {
                        (parts::PLUG, format!("{} is gone. Plug it in again, then choose it", status.name))
                    }
                    _ => (parts::TWIN, status.simulated.clone()),
                };
                let class = if status.real { "icon real" } else { "icon" };
                vec![crate::html("span", class, picture), el("span", "").text(&text)]
            })
        });
        let own = self.clone();
        let choices = el("span", "acts").shows(move || {
            let busy = own.busy.get() || !free();
            let button = |class: &str, word: &str, press: Box<dyn Fn()>| {
                button(class, word, move |_| press()).flag_if("disabled", move || busy)
            };
            let mut made: Vec<El> = Vec::new();
            let real = own.real();
            if real {
                let (own, changed) = (own.clone(), changed.clone());
                let back = own.words.back;
                made.push(button("btn", back, Box::new(move || {
                    let (own, changed) = (own.clone(), changed.clone());
                    later(async move {
                        own.line.simulate().await;
                        changed();
                        own.look();
                    });
                })));
            }
            if real && !own.status.with(|status| status.gone) {
                return made;
            }
            if !own.status.with(|status| status.possible) {
                return vec![el("small", "").text(
                    "This browser cannot open serial ports. Chrome, Edge, Opera or Firefox 151 and later on a computer can.",
                )];
            }
            made.extend(own.granted.get().into_iter().enumerate().map(|(place, name)| {
                let (own, at, changed) = (own.clone(), at.clone(), changed.clone());
                button("btn", &format!("Use {name}"), Box::new(move || own.connect(at(), Some(place), changed.clone())))
            }));
            let (own, at, changed) = (own.clone(), at.clone(), changed.clone());
            made.push(button("btn", "Choose a port…", Box::new(move || own.connect(at(), None, changed.clone()))));
            made
        });
        let say = self.say;
        let trouble = el("p", "wrong-text")
            .attr("role", "alert")
            .flag_if("hidden", move || say.with(String::is_empty))
            .says(move || say.get());
        el("div", "source").add(what).add(choices).add(trouble)
    }
}
