//! One meter of the line: its read-out as a table.

use std::rc::Rc;

use commission::mbus::{Function, MbusReadOut, Row, identity_text};
use dom::signal::Sig;
use dom::{El, el};

use super::Known;
use super::settings::Form;

/// The meter in hand, where there is one.
#[derive(Clone)]
pub struct Meter {
    /// Which one.
    pub chosen: Sig<Option<Known>>,
    /// The last read-out.
    pub readout: Sig<Option<Rc<MbusReadOut>>>,
    /// It could not be read again: the values were true at an earlier time.
    pub old: Sig<bool>,
    /// What can be changed in it.
    pub form: Form,
}

impl Meter {
    /// None.
    pub fn new() -> Self {
        Self { chosen: Sig::default(), readout: Sig::default(), old: Sig::new(false), form: Form::new() }
    }

    /// Takes another one, or the same again.
    pub fn choose(&self, meter: Known) {
        let same = |before: &Option<Known>| {
            before.as_ref().is_some_and(|before| before.found.identity == meter.found.identity)
        };
        if !self.chosen.with_untracked(same) {
            self.readout.set(None);
            self.form.open(meter.found.models.one());
        }
        self.chosen.set(Some(meter));
    }

    /// Puts it away.
    pub fn close(&self) {
        self.chosen.set(None);
        self.readout.set(None);
        self.form.open(None);
    }

    /// Takes over a read-out.
    pub fn take(&self, out: MbusReadOut) {
        self.old.set(false);
        // A whole read-out can leave fewer models than the one telegram of a search.
        if let Some(mut meter) = self.chosen.get_untracked()
            && meter.found.models != out.models
        {
            meter.found.models = out.models;
            self.form.open(out.models.one());
            self.chosen.set(Some(meter));
        }
        self.readout.set(Some(Rc::new(out)));
    }

    /// It did not answer.
    pub fn lost(&self) {
        self.old.set(true);
    }

    /// Its table.
    pub fn table(&self) -> El {
        let (readout, old) = (self.readout, self.old);
        el("div", "")
            .class_if("old", move || old.get())
            .shows(move || readout.get().map_or_else(Vec::new, |out| vec![summary(&out), table(&out)]))
    }
}

/// The conditions of a status byte in words (EN 13757-3 table 4).
fn status_text(status: u8) -> String {
    let mut parts = Vec::new();
    match status & 3 {
        1 => parts.push("the application is busy"),
        2 => parts.push("an application error"),
        3 => parts.push("an abnormal condition"),
        _ => {}
    }
    for (bit, word) in [(4, "power low"), (8, "a permanent error"), (16, "a temporary error")] {
        if status & bit != 0 {
            parts.push(word);
        }
    }
    if status & 0xE0 != 0 {
        parts.push("conditions of the maker’s own");
    }
    if parts.is_empty() {
        return "no error".to_owned();
    }
    format!("{} (status {status:02X}h)", parts.join(", "))
}

fn summary(out: &MbusReadOut) -> El {
    let who = out.header.identity.map_or("A meter without a secondary address".to_owned(), identity_text);
    let telegrams =
        if out.telegrams == 1 { "one telegram".to_owned() } else { format!("{} telegrams", out.telegrams) };
    let cut = if out.cut { " The meter says that more follow; reading stopped here." } else { "" };
    el("p", "small summary").text(&format!(
        "{who}. Primary address {}, {}, {} records in {telegrams}.{cut}",
        out.address,
        status_text(out.header.status),
        out.rows.len()
    ))
}

fn table(out: &MbusReadOut) -> El {
    let head = |class: &str, word: &str| el("th", class).attr("scope", "col").text(word);
    let heads = el("tr", "").all(vec![
        head("", "Record"),
        head("num-r", "Value"),
        head("", "").add(el("span", "vh").text("Unit")),
        head("num-r words", "Tariff"),
        head("num-r words", "Storage"),
        head("words", "Bytes"),
    ]);
    el("table", "points")
        .add(el("caption", "vh").text("Records of the meter"))
        .add(el("thead", "").add(heads))
        .add(el("tbody", "").all(out.rows.iter().map(row).collect()))
}

fn row(row: &Row) -> El {
    let mut name = el("th", "").attr("scope", "row").text(&row.label);
    if !row.remark.is_empty() {
        name = name.add(el("small", "").text(&row.remark));
    }
    if row.function != Function::Instantaneous {
        name = name.add(el("small", "").text(&row.function.to_string()));
    }
    let number = |number: u64| if number == 0 { "–".to_owned() } else { number.to_string() };
    let value = if row.value.is_empty() { "–" } else { &row.value };
    el("tr", "").all(vec![
        name,
        el("td", "v").text(value),
        el("td", "u").text(&row.unit),
        el("td", "num-r words").text(&number(u64::from(row.tariff))),
        el("td", "num-r words").text(&number(row.storage)),
        el("td", "r words raw").text(&row.hex()),
    ])
}
