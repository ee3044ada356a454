//! The last step: the report on the meter, for a file and for the printer.

use commission::passport::{Made, NONE_READ, Passport};
use dom::browser::window;
use dom::parts::save;
use dom::signal::Sig;
use dom::{El, button, el, typed};

use super::record::of_meter;
use super::subject::UNKNOWN;
use super::{Setup, step};

/// Name and version of what makes a report.
const TOOL: &str = concat!("metertwin page ", env!("CARGO_PKG_VERSION"));

fn field(label: &str, value: Sig<String>) -> El {
    let input = el("input", "text")
        .attr("type", "text")
        .attr("autocomplete", "off")
        .value(move || value.get())
        .on("input", move |event| value.set(typed(&event)));
    el("label", "").text(label).add(input)
}

impl Setup {
    pub(super) fn passport_step(&self) -> El {
        let (own, read) = (self.clone(), self.read);
        let inside = el("div", "paper").shows(move || match read.get() {
            Some(read) if read.facts().is_some() => own.papered(),
            Some(_) => vec![el("p", "small").text(UNKNOWN)],
            None => vec![el("p", "small").text("The meter has to be read first.")],
        });
        step(
            6,
            "Report",
            "What was set and proven, versions, first readings and what they tell of the wiring, to be kept with the meter.",
            vec![inside],
        )
    }

    fn passport(&self) -> Option<Passport> {
        let after = self.read.get()?.facts()?;
        let before = self.first.with(|first| first.as_ref()?.facts());
        self.recorded.get();
        let record = self.meter.with(|meter| meter.as_ref().and_then(of_meter));
        let time = String::from(js_sys::Date::new_0().to_iso_string());
        Some(Passport::new(&Made {
            after: &after,
            before: before.as_ref(),
            record: record.as_ref(),
            operator: &self.operator.get(),
            site: &self.site.get(),
            time: &time,
            tool: TOOL,
        }))
    }

    fn papered(&self) -> Vec<El> {
        let kept = |own: &Self, ending: &str, mime: &str, text: fn(&Passport) -> String| {
            if let Some(passport) = dom::react::untrack(|| own.passport()) {
                let name =
                    if passport.serial.is_empty() { passport.model.clone() } else { passport.serial.clone() };
                save(&format!("report-{name}.{ending}"), mime, &text(&passport));
            }
        };
        let (json, html, own) = (self.clone(), self.clone(), self.clone());
        let sheet = el("details", "polled")
            .add(el("summary", "").text("The report"))
            .add(el("div", "sheet").shows(move || own.passport().map_or_else(Vec::new, |it| sheet(&it))));
        let paper = sheet.clone();
        let print = button("btn main", "Print", move |_| {
            // What is closed is not printed. Without a printer nothing happens, and nothing is lost.
            let _ = paper.0.set_attribute("open", "");
            let _ = window().print();
        });
        let acts = el("div", "acts").all(vec![
            print,
            button("btn", "Save as a page", move |_| kept(&html, "html", "text/html", Passport::to_html)),
            button("btn", "Save as JSON", move |_| {
                kept(&json, "json", "application/json", Passport::to_json)
            }),
        ]);
        vec![
            el("div", "lines").add(field("Operator", self.operator)).add(field("Place", self.site)),
            acts,
            sheet,
        ]
    }
}

fn table(caption: &str, rows: Vec<[String; 2]>) -> El {
    let rows = rows.into_iter().map(|[label, value]| {
        el("tr", "").add(el("th", "").attr("scope", "row").text(&label)).add(el("td", "").text(&value))
    });
    el("table", "diff").add(el("caption", "vh").text(caption)).add(el("tbody", "").all(rows.collect()))
}

/// The report as it is printed.
fn sheet(of: &Passport) -> Vec<El> {
    let head = [
        ("Meter", &of.meter),
        ("Serial number", &of.serial),
        ("Spoken to as", &of.place),
        ("Place", &of.site),
        ("Operator", &of.operator),
        ("Time", &of.time),
        ("Program", &of.tool),
    ];
    let head = head.into_iter().filter(|(_, text)| !text.is_empty());
    let head = head.map(|(label, text)| [label.to_owned(), text.clone()]).collect();
    let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "not known".to_owned());
    let column = |word: &str| el("th", "").attr("scope", "col").text(word);
    let settings = of.settings.iter().map(|it| {
        el("tr", "").all(vec![
            el("th", "").attr("scope", "row").text(&it.label),
            el("td", "").text(&side(&it.before)),
            el("td", "").text(&side(&it.after)),
            el("td", "").text(&it.state),
        ])
    });
    let settings = el("table", "diff")
        .add(el("caption", "vh").text("Settings before and after"))
        .add(el("thead", "").add(el("tr", "").all(vec![
            column("Setting"),
            column("Before"),
            column("After"),
            column("State"),
        ])))
        .add(el("tbody", "").all(settings.collect()));
    let lines = |caption: &str, lines: &[commission::passport::Line]| match lines {
        [] => el("p", "small").text(NONE_READ),
        lines => table(caption, lines.iter().map(|line| [line.label.clone(), line.value.clone()]).collect()),
    };
    let list =
        |lines: &[String]| el("ul", "plain").all(lines.iter().map(|line| el("li", "").text(line)).collect());
    let title = |word: &str| el("h3", "").text(word);
    let mut parts = vec![
        el("h2", "").text("Commissioning report"),
        table("Which meter, by whom, when", head),
        title("Settings"),
        settings,
        title("First readings"),
        lines("First readings", &of.readings),
        title("Versions and checksums"),
        lines("Versions and checksums", &of.versions),
    ];
    for (word, lines) in [("Wiring", &of.wiring), ("What cannot be taken back", &of.one_way)] {
        if !lines.is_empty() {
            parts.extend([title(word), list(lines)]);
        }
    }
    parts.push(el("p", "sign").text("Signature"));
    parts
}
