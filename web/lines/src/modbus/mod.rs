//! The configurator: a master of Modbus on the simulated wire or at an adapter, with all that it shows and asks.
//!
//! Its parts stand in places of the page that carry these ids: the three panels, the traffic below all tabs, and in the
//! head what it is wired to.

mod bus;
mod connect;
mod head;
mod input;
mod readout;
mod runtime;
mod settings;
mod traffic;
mod view;

use dom::El;
use dom::browser::document;
use dom::el;
use dom::signal::Sig;

use crate::host::Host;

/// Which dialogs are open.
#[derive(Clone, Copy)]
pub struct Dialogs {
    /// Connecting a real meter.
    pub connect: Sig<bool>,
    /// Changes before they are written.
    pub review: Sig<bool>,
}

/// The part of the page with this id; where it is missing, one that nobody sees.
fn part(id: &str) -> El {
    document().get_element_by_id(id).map_or_else(|| el("div", ""), El)
}

/// Fills the page's places, and gives the elements that stand at `place`: what is staged, and dialogs.
pub fn open(host: Host, place: &El) -> Vec<El> {
    let signals = runtime::start(host);
    let dialogs = Dialogs { connect: Sig::new(false), review: Sig::new(false) };
    let _ = place.clone().on(crate::host::CHANGED, |_| runtime::look());
    head::head(signals, dialogs);
    head::listen(signals, dialogs);
    let _ = part("panel-readout").shows(move || readout::readout(signals.wired.get(), signals));
    let _ = part("panel-settings").shows(move || settings::settings(signals.wired.get(), signals));
    let _ = part("panel-bus").shows(move || bus::bus(signals.wired.get(), signals));
    let traffic = part("traffic");
    traffic.0.set_text_content(None);
    let _ = traffic.all(traffic::traffic(signals));
    vec![
        settings::staged_bar(signals, dialogs),
        settings::review(signals, dialogs),
        settings::last_question(signals),
        connect::connect(signals, dialogs),
    ]
}
