//! How long a round over the meters of a bus takes, and what one dead meter costs: the budget of a bus before it is built.

use std::rc::Rc;

use commission::budget::{Polling, spans_of};
use commission::{factory_place, names};
use dom::parts::{Scale, quantity, whole};
use dom::signal::Sig;
use dom::{El, el, typed};
use models::Entry;
use units::{Duration, LineParams, Parity};

use crate::cabinet::Cabinet;

/// Speeds of a Modbus line, in Bd.
pub const SPEEDS: [u32; 8] = [1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200];

/// The formats of a character, with how they are written.
pub const FORMATS: [(Parity, &str); 3] = [(Parity::Even, "8E1"), (Parity::None, "8N1"), (Parity::Odd, "8O1")];

/// What is reckoned with.
#[derive(Clone)]
struct Wishes {
    entry: Sig<&'static Entry>,
    /// Keys of the points that are polled; all registers where there are none.
    points: Sig<Vec<String>>,
    line: Sig<LineParams>,
    meters: Sig<i64>,
    /// In ms.
    answer: Sig<i64>,
    /// In ms.
    time_out: Sig<i64>,
    tries: Sig<i64>,
    /// In s.
    period: Sig<i64>,
}

/// The models that have a Modbus.
pub fn models_with_modbus() -> Vec<&'static Entry> {
    models::ALL.iter().filter(|entry| entry.def.modbus.is_some()).collect()
}

/// A choice of a list; `set` is told the place of what was chosen.
pub fn pick(
    label: &str,
    words: impl Fn() -> Vec<String> + 'static,
    chosen: impl Fn() -> usize + 'static,
    set: impl Fn(usize) + 'static,
) -> El {
    let chosen: Rc<dyn Fn() -> usize> = Rc::new(chosen);
    let over = chosen.clone();
    let list = el("select", "pick")
        .attr("aria-label", label)
        .shows(move || {
            let at = dom::react::untrack(&*chosen);
            let words = words().into_iter().enumerate();
            words
                .map(|(place, word)| {
                    let option = el("option", "").attr("value", &place.to_string()).text(&word);
                    if place == at { option.attr("selected", "") } else { option }
                })
                .collect()
        })
        .value(move || over().to_string())
        .on("change", move |event| {
            if let Ok(place) = typed(&event).parse() {
                set(place);
            }
        });
    el("label", "field").add(el("span", "").text(label)).add(el("span", "two").add(list))
}

/// The view.
pub fn view(_: &Cabinet) -> Vec<El> {
    let known = models_with_modbus();
    let Some(first) = known.first().copied() else { return Vec::new() };
    let wishes = Wishes {
        entry: Sig::new(first),
        points: Sig::default(),
        line: Sig::new(factory_place(first).line),
        meters: Sig::new(10),
        answer: Sig::new(20),
        time_out: Sig::new(
            i64::try_from(Polling::new(1, LineParams::even(9_600), Vec::new()).time_out.as_millis())
                .unwrap_or(300),
        ),
        tries: Sig::new(1),
        period: Sig::new(10),
    };
    let intro = el("p", "small").text(
        "Computed from the characters on the wire, the pauses around each frame and the time a meter takes to answer. Nothing is \
         sent.",
    );
    vec![el("div", "load").add(wishes.fields(known)).add(el("section", "").all(vec![
        el("div", "sec").add(el("h3", "").text("What it comes to")),
        wishes.answer(),
        intro,
    ]))]
}

impl Wishes {
    fn fields(&self, known: Vec<&'static Entry>) -> El {
        let (entry, points, line) = (self.entry, self.points, self.line);
        let names: Vec<String> = known.iter().map(|entry| entry.notes.name.to_owned()).collect();
        let slugs: Vec<&str> = known.iter().map(|entry| entry.def.slug).collect();
        let model = pick(
            "Model",
            move || names.clone(),
            move || slugs.iter().position(|slug| *slug == entry.get().def.slug).unwrap_or(0),
            move |place| {
                if let Some(new) = known.get(place) {
                    points.set(Vec::new());
                    entry.set(new);
                }
            },
        );
        let speed = pick(
            "Speed",
            || SPEEDS.iter().map(|baud| format!("{baud} Bd")).collect(),
            move || SPEEDS.iter().position(|baud| *baud == line.get().baud).unwrap_or(0),
            move |place| {
                if let Some(&baud) = SPEEDS.get(place) {
                    line.update(|line| line.baud = baud);
                }
            },
        );
        let format = pick(
            "Character",
            || FORMATS.iter().map(|(_, word)| (*word).to_owned()).collect(),
            move || FORMATS.iter().position(|(parity, _)| *parity == line.get().parity).unwrap_or(0),
            move |place| {
                if let Some(&(parity, _)) = FORMATS.get(place) {
                    line.update(|line| line.parity = parity);
                }
            },
        );
        let number =
            |scale: Scale, value: Sig<i64>| quantity(scale, value.reader(), move |new| value.set(new));
        el("section", "").all(vec![
            el("div", "sec").add(el("h3", "").text("What is polled")),
            el("div", "fields").all(vec![
                model,
                speed,
                format,
                number(whole("Meters", "", 1, 247), self.meters),
                number(whole("Answer after", "ms", 1, 500), self.answer),
                number(whole("Time-out", "ms", 10, 5_000), self.time_out),
                number(whole("Tries", "", 1, 10), self.tries),
                number(whole("Period", "s", 1, 3_600), self.period),
            ]),
            self.choice(),
        ])
    }

    /// Which points are polled.
    fn choice(&self) -> El {
        let (entry, points) = (self.entry, self.points);
        let list = el("ul", "pollable").shows(move || {
            let entry = entry.get();
            let mut seen: Vec<String> = Vec::new();
            let mut rows = Vec::new();
            for row in names::rows(entry) {
                let key = names::key(entry, &row);
                if row.of.rule != schema::Rule::Contiguous || seen.contains(&key) {
                    continue;
                }
                seen.push(key.clone());
                let label = names::label(entry, &row).to_owned();
                let own = key.clone();
                let input = el("input", "")
                    .attr("type", "checkbox")
                    .checked(move || points.with(|points| points.contains(&own)))
                    .on("change", move |_| {
                        points.update(|points| match points.iter().position(|point| *point == key) {
                            Some(place) => drop(points.remove(place)),
                            None => points.push(key.clone()),
                        });
                    });
                rows.push(el("li", "").add(el("label", "check").add(input).text(&label)));
            }
            rows
        });
        let count = el("span", "small").says(move || match points.with(Vec::len) {
            0 => "all registers".to_owned(),
            1 => "one value".to_owned(),
            count => format!("{count} values"),
        });
        el("details", "polled").add(el("summary", "").text("What is read from each: ").add(count)).add(list)
    }

    fn polling(&self) -> Result<Polling, String> {
        let ms = |value: i64| Duration::from_millis(u64::try_from(value).unwrap_or(0));
        let spans = spans_of(self.entry.get(), &self.points.get())?;
        Ok(Polling {
            answer: ms(self.answer.get()),
            time_out: ms(self.time_out.get()),
            tries: u8::try_from(self.tries.get()).unwrap_or(1),
            ..Polling::new(u16::try_from(self.meters.get()).unwrap_or(1), self.line.get(), spans)
        })
    }

    fn answer(&self) -> El {
        let own = self.clone();
        el("div", "answers").attr("role", "status").shows(move || {
            let period = Duration::from_secs(u64::try_from(own.period.get()).unwrap_or(1));
            match own.polling() {
                Ok(polling) => {
                    let fits = polling.round() <= period;
                    let load = polling.load(period).min(100);
                    let bar = el("progress", "")
                        .attr("max", "100")
                        .attr("value", &load.to_string())
                        .attr("aria-label", "Load of the bus");
                    let word = if fits {
                        ("confirmed", "fits in the period")
                    } else {
                        ("refused", "does not fit in the period")
                    };
                    let text = polling.report(Some(period));
                    let mut parts = vec![dom::parts::state(word.0, word.1), bar];
                    parts.extend(text.lines().map(|line| el("p", "").text(line)));
                    parts
                }
                Err(key) => vec![
                    el("p", "wrong-text").text(&format!("This model has no {key} that could be polled.")),
                ],
            }
        })
    }
}
