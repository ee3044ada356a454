//! What the app shows of a meter that it was told: the page of the device and the pages of values.

use commission::manager::Manager;
use commission::radio::UNCONFIRMED;
use dom::parts::save as save_file;
use dom::{El, button, el};

use super::{App, Road};

impl App {
    /// The page of the device, the values, the settings.
    pub(super) fn meter(&self) -> Vec<El> {
        let (own, near, work) = (self.clone(), self.clone(), self.cabinet.work.clone());
        let refresh = button("btn", "Refresh", move |_| own.refresh())
            .flag_if("disabled", move || work.runs() || !near.is_near());
        let own = self.clone();
        let file = button("btn", "Save as CSV", move |_| {
            let (name, text) = own.with(|manager| {
                (format!("{}-{}.csv", manager.entry().def.slug, manager.serial_text()), manager.to_csv())
            });
            save_file(&name, "text/csv", &text);
        });
        let own = self.clone();
        let file = file.flag_if("disabled", move || own.with(Manager::serial).is_none());
        let own = self.clone();
        let device = el("dl", "facts").shows(move || {
            let rows = own.with(Manager::device);
            rows.iter()
                .flat_map(|row| {
                    let text = if row.value.is_empty() { &row.fault } else { &row.value };
                    [
                        el("dt", "").text(&row.label),
                        el("dd", "").text(if text.is_empty() { "–" } else { text }),
                    ]
                })
                .collect()
        });
        let title = self.manager.borrow().as_ref().map_or("", |manager| manager.app().name);
        let mut head = vec![el("h3", "").text(title), device, el("div", "acts").add(refresh).add(file)];
        if self.road() == Road::Radio {
            let mark = el("mark", "").text("unconfirmed");
            head.push(el("p", "note unconfirmed").add(mark).text(" ").text(UNCONFIRMED));
        }
        let mut parts = vec![el("section", "").all(head)];
        let pages = self.with(|manager| manager.pages().len());
        parts.extend((0..pages).map(|page| self.page(page)));
        parts.push(self.settings());
        parts
    }

    fn page(&self, page: usize) -> El {
        let title = self.with(|manager| manager.pages().get(page).map_or("", |page| page.title));
        let own = self.clone();
        let rows = el("tbody", "").shows(move || {
            let rows = own.with(|manager| manager.pages().swap_remove(page).rows);
            rows.into_iter()
                .map(|row| {
                    let text = if row.value.is_empty() { row.fault } else { row.value };
                    el("tr", "").all(vec![
                        el("th", "").attr("scope", "row").text(&row.label),
                        el("td", "v").text(if text.is_empty() { "–" } else { &text }),
                        el("td", "u").text(row.unit),
                    ])
                })
                .collect()
        });
        let heads = ["Value", "Reading", "Unit"].map(|head| el("th", "").attr("scope", "col").text(head));
        let table = el("table", "points")
            .add(el("caption", "vh").text(title))
            .add(el("thead", "").add(el("tr", "").all(heads.into())))
            .add(rows);
        el("details", "wire values").add(el("summary", "").text(title)).add(el("div", "inside").add(table))
    }
}
