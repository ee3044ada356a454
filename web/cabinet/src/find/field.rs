//! The field of speeds and formats: how far the search is, and where somebody answers.

use std::rc::Rc;

use commission::Place;
use commission::find::{Finding, SearchPlan, SearchScope};
use dom::signal::{Sig, memo};
use dom::{El, el};
use units::{LineParams, Parity};

use super::mbus::MbusSearch;
use crate::timing::FORMATS;

/// What one speed in one format has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shown {
    /// Questions asked; of an M-Bus thousandths.
    asked: u32,
    /// In all.
    of: u32,
    found: u32,
    damaged: u32,
    now: bool,
}

/// One speed in one format.
#[derive(Clone)]
struct Lane {
    baud: u32,
    row: usize,
    shown: Sig<Shown>,
    /// Ids whose question reaches this format from another one: the row of that, and the ids.
    also: Rc<Vec<(usize, u8)>>,
}

/// The whole field.
#[derive(Clone, Default)]
struct Lanes {
    /// The words at the head of the rows.
    rows: Vec<&'static str>,
    speeds: Vec<u32>,
    lanes: Vec<Lane>,
    /// Its numbers count ids, not thousandths.
    ids: bool,
}

/// The field.
#[derive(Clone, Default)]
pub struct Field(Sig<Rc<Lanes>>);

fn row_of(parity: Parity) -> usize {
    FORMATS.iter().position(|(own, _)| *own == parity).unwrap_or(0)
}

impl Field {
    /// Nothing was searched.
    pub fn clear(&self) {
        self.0.set(Rc::default());
    }

    /// What a search over a Modbus will ask.
    pub fn modbus(&self, scope: &SearchScope) {
        let mut lanes: Vec<Lane> = Vec::new();
        let mut speeds = scope.speeds.clone();
        speeds.dedup();
        let rows: Vec<usize> = scope.formats.iter().map(|format| row_of(*format)).collect();
        let words = rows.iter().filter_map(|row| FORMATS.get(*row).map(|(_, word)| *word)).collect();
        // The question to whoever is there is one to no id.
        let probes: Vec<_> = SearchPlan::new(scope).filter(|probe| probe.place.unit != 0).collect();
        for baud in &speeds {
            for format in &scope.formats {
                let line = LineParams::new(*baud, *format);
                let own = probes.iter().filter(|probe| probe.place.line == line).count();
                let also: Vec<(usize, u8)> = probes
                    .iter()
                    .filter(|probe| probe.place.line.baud == *baud && probe.also == Some(*format))
                    .map(|probe| (row_of(probe.place.line.parity), probe.place.unit))
                    .collect();
                let of = u32::try_from(own + also.len()).unwrap_or(u32::MAX);
                let shown = Sig::new(Shown { of, ..Shown::default() });
                lanes.push(Lane { baud: *baud, row: row_of(*format), shown, also: Rc::new(also) });
            }
        }
        self.0.set(Rc::new(Lanes { rows: words, speeds, lanes, ids: true }));
    }

    /// What a search over an M-Bus will ask.
    pub fn mbus(&self, search: &MbusSearch) {
        let mut speeds: Vec<u32> = Vec::new();
        let mut lanes: Vec<Lane> = Vec::new();
        for (baud, by_address) in search.stages() {
            if !speeds.contains(&baud) {
                speeds.push(baud);
            }
            let shown = Sig::new(Shown { of: 1_000, ..Shown::default() });
            lanes.push(Lane { baud, row: usize::from(by_address), shown, also: Rc::default() });
        }
        self.0.set(Rc::new(Lanes { rows: vec!["by number", "by address"], speeds, lanes, ids: false }));
    }

    fn change(&self, baud: u32, row: usize, change: impl Fn(&mut Shown)) {
        self.0.with_untracked(|field| {
            for lane in field.lanes.iter().filter(|lane| lane.baud == baud && lane.row == row) {
                lane.shown.update(&change);
            }
        });
    }

    /// Nothing is asked any more, or somewhere else.
    pub fn rest(&self) {
        self.0.with_untracked(|field| {
            for lane in field.lanes.iter().filter(|lane| lane.shown.with_untracked(|shown| shown.now)) {
                lane.shown.update(|shown| shown.now = false);
            }
        });
    }

    /// A question of a Modbus was asked at `place`.
    pub fn asked(&self, place: Place) {
        let (baud, row) = (place.line.baud, row_of(place.line.parity));
        self.0.with_untracked(|field| {
            for lane in &field.lanes {
                let here = lane.baud == baud && lane.row == row;
                let too = lane.baud == baud && lane.also.contains(&(row, place.unit));
                let was = lane.shown.with_untracked(|shown| shown.now);
                if here || too || was {
                    lane.shown.update(|shown| {
                        shown.asked += u32::from(here && place.unit != 0) + u32::from(too);
                        shown.now = here;
                    });
                }
            }
        });
    }

    /// So many thousandths of a stage of an M-Bus are done.
    pub fn reached(&self, baud: u32, by_address: bool, permille: u32) {
        let row = usize::from(by_address);
        self.0.with_untracked(|field| {
            for lane in &field.lanes {
                let here = lane.baud == baud && lane.row == row;
                let before = lane.shown.get_untracked();
                let asked = match (here, before.now) {
                    (true, _) => permille,
                    // The stage before came to its end.
                    (false, true) => before.of,
                    (false, false) => continue,
                };
                lane.shown.show(Shown { asked, now: here, ..before });
            }
        });
    }

    /// A meter was found.
    pub fn found(&self, finding: &Finding) {
        match finding {
            Finding::Modbus { place, .. } => {
                self.change(place.line.baud, row_of(place.line.parity), |shown| shown.found += 1);
            }
            Finding::Mbus { line, .. } => {
                let now = |lane: &&Lane| lane.shown.with_untracked(|shown| shown.now);
                let row =
                    self.0.with_untracked(|field| field.lanes.iter().find(now).map_or(0, |lane| lane.row));
                self.change(line.baud, row, |shown| shown.found += 1);
            }
        }
    }

    /// Something damaged was heard on a Modbus.
    pub fn damaged(&self, place: Place) {
        self.change(place.line.baud, row_of(place.line.parity), |shown| shown.damaged += 1);
    }

    /// Several spoke at once on an M-Bus.
    pub fn hurt(&self, baud: u32, by_address: bool) {
        self.change(baud, usize::from(by_address), |shown| shown.damaged += 1);
    }

    /// The field: a row for each speed.
    pub fn element(&self) -> El {
        let lanes = self.0;
        let there = memo(move || lanes.with(|lanes| !lanes.lanes.is_empty()));
        el("div", "matrix")
            .flag_if("hidden", move || !there.get())
            .shows(move || lanes.with(|lanes| vec![table(lanes), legend()]))
    }
}

fn legend() -> El {
    el("p", "legend")
        .add(el("span", "").text("Green: meters that answered"))
        .add(el("span", "").text("Hatched: damaged answers"))
        .add(el("span", "").text("Dashed: not asked yet"))
}

fn head(word: &str) -> El {
    el("th", "").attr("scope", "col").text(word)
}

fn row_head(word: &str) -> El {
    el("th", "").attr("scope", "row").text(word)
}

fn at(field: &Lanes, baud: u32, row: usize) -> El {
    // Rows stand in the order of their words.
    let lanes = field.lanes.iter().filter(|lane| lane.baud == baud);
    let lane = match field.ids {
        true => lanes.clone().nth(row),
        false => lanes.clone().find(|lane| lane.row == row),
    };
    lane.map_or_else(|| el("td", "none"), |lane| cell(lane.shown, field.ids))
}

fn table(field: &Lanes) -> El {
    let heads = core::iter::once(head("Bd")).chain(field.rows.iter().map(|word| head(word)));
    let rows = field.speeds.iter().map(|baud| {
        let cells = (0..field.rows.len()).map(|row| at(field, *baud, row));
        el("tr", "").add(row_head(&baud.to_string())).all(cells.collect())
    });
    el("table", "mx")
        .add(el("caption", "vh").text("Where was asked, and who answered"))
        .add(el("thead", "").add(el("tr", "").all(heads.collect())))
        .add(el("tbody", "").all(rows.collect()))
}

/// Class, figure and word of what was seen.
fn told(shown: Shown, ids: bool) -> (&'static str, String, String) {
    let Shown { asked, of, found, damaged, now } = shown;
    let part = || {
        if ids { format!("of {of} ids") } else { "percent".to_owned() }
    };
    let figure = || if ids { asked.to_string() } else { (asked / 10).to_string() };
    match (found, damaged, now, asked) {
        (1.., _, false, _) => ("yes", found.to_string(), "answered".to_owned()),
        (1.., _, true, _) => ("yes now", found.to_string(), "answered".to_owned()),
        (0, 1.., false, _) => ("dam", damaged.to_string(), "damaged".to_owned()),
        (0, 1.., true, _) => ("dam now", damaged.to_string(), "damaged".to_owned()),
        (0, 0, true, _) => ("now", figure(), part()),
        (0, 0, false, 0) => ("todo", "–".to_owned(), String::new()),
        (0, 0, false, _) if asked >= of => {
            ("asked", "0".to_owned(), if ids { part() } else { "answered".to_owned() })
        }
        (0, 0, false, _) => ("asked", figure(), part()),
    }
}

fn cell(shown: Sig<Shown>, ids: bool) -> El {
    let told = memo(move || told(shown.get(), ids));
    el("td", "")
        .keeps("class", move || told.with(|(class, ..)| (*class).to_owned()))
        .style("--done", move || shown.with(|shown| format!("{}%", shown.asked * 100 / shown.of.max(1))))
        .add(el("b", "").says(move || told.with(|(_, figure, _)| figure.clone())))
        .add(el("span", "").says(move || told.with(|(.., word)| word.clone())))
}
