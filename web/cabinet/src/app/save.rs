//! Saving: what is out of range keeps all of it back, the password and the digits are asked for, the meter proves the rest.

use commission::guard::Guard;
use commission::manager::{Manager, Permits};
use commission::{Bus as _, Place, WriteProgress};
use dom::changes::BROKEN_OFF;
use dom::journal::LocalJournal;
use dom::parts::{dialog, wrong_text};
use dom::signal::Sig;
use dom::{El, button, el, typed};
use units::LineParams;

use super::{App, Road};

impl App {
    /// Before anything is asked, what is out of range keeps all of it from being saved.
    pub(super) fn ask(&self) {
        let rows = dom::react::untrack(|| self.with(Manager::settings));
        let wrong: Vec<String> = rows
            .iter()
            .filter_map(|row| row.error.as_ref().map(|why| format!("{}: {why}", row.label)))
            .collect();
        if wrong.is_empty() {
            self.password.set(String::new());
            self.digits.set(String::new());
            self.wrong.set(None);
            self.asks.set(true);
        } else {
            self.cabinet.tell(format!("{} Nothing was sent.", wrong.join(" ")), true);
        }
    }

    /// True where the meter asks for its password on the way in hand.
    fn is_locked(&self, manager: &Manager) -> bool {
        let place = self.place.get_untracked();
        manager.asks_password(match self.road() {
            Road::Radio => Place { line: LineParams::RADIO, ..place },
            Road::Wire => place,
        })
    }

    /// What is saved, what of it cannot be undone, and the password.
    pub(super) fn question(&self) -> El {
        let own = self.clone();
        dialog(self.asks, "Save settings", move || {
            let Some((_, manager)) = own.copy() else { return Vec::new() };
            let list = manager.settings().into_iter().filter_map(|row| {
                let staged = row.staged?;
                let text = format!("{}: {} → {staged} {}", row.label, row.value, row.unit);
                Some(el("li", "").text(text.trim_end()))
            });
            let mut body = vec![el("ul", "").all(list.collect())];
            let field = |label: &str, kind: &str, text: Sig<String>| {
                let field = el("input", "text mono")
                    .attr("type", kind)
                    .attr("inputmode", "numeric")
                    .attr("autocomplete", "off")
                    .value(move || text.get())
                    .on("input", move |event| text.set(typed(&event)));
                el("label", "small").text(label).text(" ").add(field)
            };
            let guard = Some(manager.guard()).filter(Guard::is_needed);
            if let Some(guard) = &guard {
                let acts = guard.acts().iter().map(|act| el("li", "").text(&act.text)).collect();
                body.push(el("p", "").add(el("b", "").text("This cannot be undone")));
                body.push(el("ul", "").all(acts));
                body.push(field(&guard.question(), "text", own.digits));
            }
            body.push(if own.is_locked(&manager) {
                field("Password of the meter", "password", own.password)
            } else {
                el("p", "small").text("Over the wire the meter asks for no password.")
            });
            body.push(wrong_text(own.wrong));
            let (save, asks) = (own.clone(), own.asks);
            let acts = el("footer", "").add(button("btn", "Not yet", move |_| asks.set(false))).add(button(
                "btn main",
                "Save to the meter",
                move |_| save.save(guard.as_ref()),
            ));
            vec![el("div", "body").all(body), acts]
        })
    }

    fn save(&self, guard: Option<&Guard>) {
        let consent = match guard.map(|guard| guard.consent(&self.digits.get_untracked())).transpose() {
            Ok(consent) => consent,
            Err(why) => {
                self.wrong.set(Some(format!("Nothing was sent: {why}.")));
                return;
            }
        };
        let password = self.password.get_untracked();
        self.password.set(String::new());
        self.asks.set(false);
        self.go("Saving", BROKEN_OFF, async move |own, bus| {
            let Some((shown, mut manager)) = own.copy() else { return Ok(String::new()) };
            let tuned = own.tune(bus, Some(manager.entry())).await;
            tuned.map_err(|fault| format!("{fault}. Nothing was sent."))?;
            let before = bus.place();
            let mut told = |progress: WriteProgress<'_>| {
                if let WriteProgress::Begins { step, of } = progress {
                    let permille = u32::try_from(step * 1_000 / of.max(1)).ok();
                    own.cabinet.work.tell(
                        &format!("Saving {} of {of}", step + 1),
                        permille,
                        own.cabinet.now(),
                    );
                }
            };
            let locked = own.is_locked(&manager);
            let password = locked.then_some(password.trim());
            let permits = Permits { password, consent: consent.as_ref() };
            let saved = manager.save(bus, &mut LocalJournal, permits, &mut told).await;
            own.take(shown, manager);
            let saved = saved.map_err(|fault| fault.to_string())?;
            own.report.set(saved.report);
            if own.road() == Road::Wire {
                own.place.show(saved.place);
                own.cabinet.followed(before, saved.place);
            }
            let text = format!("{} of {} confirmed by the meter.", saved.confirmed, saved.of);
            if saved.confirmed < saved.of { Err(text) } else { Ok(text) }
        });
    }
}
