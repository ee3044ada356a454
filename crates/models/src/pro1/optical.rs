//! What every PRO1 says through its infrared window (§5.3). The manual names the standard and nothing else.

use schema::Citation::Assumed;
use schema::{Citation, Note, ObisDef, OpticalDef, SettingId, Source, table};
use units::{Duration, Flow, Point, Tariff, What};

use crate::join;

/// No capture of the line protocol is public.
const UNCONFIRMED: Citation = Assumed(
    "no read-out of this meter through its window is public; identifiers of the international list, resolutions of the \
     registers",
);

const fn energy(code: &'static str, flow: Flow, tariff: Tariff) -> ObisDef {
    let source = Source::Point(Point::active(flow, tariff));
    ObisDef { code, source, digits: 6, decimals: 2, unit: "kWh" }
}

const fn reactive(code: &'static str, flow: Flow) -> ObisDef {
    let source = Source::Point(Point::reactive(flow, Tariff::All));
    ObisDef { code, source, digits: 6, decimals: 2, unit: "kvarh" }
}

/// A reading of the meter or of its one phase.
pub const fn now(code: &'static str, what: What, digits: u8, decimals: u8, unit: &'static str) -> ObisDef {
    ObisDef { code, source: Source::Point(Point::now(what)), digits, decimals, unit }
}

/// A line that no capture confirms.
pub const fn note(label: &'static str) -> Note {
    Note::new(label, UNCONFIRMED)
}

table! {
    /// The lines of the read-out with what is counted.
    pub COUNTED / COUNTED_NOTES: ObisDef = [
        ObisDef { code: "0.0.0", source: Source::Setting(SettingId::Serial), digits: 8, decimals: 0, unit: "" }
            => note("Serial number"),
        energy("1.8.0", Flow::Forward, Tariff::All) => note("Forward active energy"),
        energy("1.8.1", Flow::Forward, Tariff::T1) => note("T1 forward active energy"),
        energy("1.8.2", Flow::Forward, Tariff::T2) => note("T2 forward active energy"),
        energy("2.8.0", Flow::Reverse, Tariff::All) => note("Reverse active energy"),
        energy("2.8.1", Flow::Reverse, Tariff::T1) => note("T1 reverse active energy"),
        energy("2.8.2", Flow::Reverse, Tariff::T2) => note("T2 reverse active energy"),
        reactive("3.8.0", Flow::Forward) => note("Forward reactive energy"),
        reactive("4.8.0", Flow::Reverse) => note("Reverse reactive energy"),
    ];
    /// Those with the readings of one phase.
    NOW / NOW_NOTES: ObisDef = [
        now("32.7.0", What::U, 3, 1, "V") => note("Voltage"),
        now("31.7.0", What::I, 3, 2, "A") => note("Current").doc("Negative for export."),
        now("1.7.0", What::P, 2, 3, "kW") => note("Active power").doc("Negative for export."),
        now("13.7.0", What::Pf, 1, 2, "") => note("Power factor"),
        now("14.7.0", What::F, 2, 2, "Hz") => note("Frequency"),
    ];
}

/// The lines of the read-out.
pub const LINES: &[ObisDef] = &join::<{ COUNTED.len() + NOW.len() }, _>(&[COUNTED, NOW]);
/// Notes on [`LINES`].
pub const LINES_NOTES: &[Note] = &join::<{ COUNTED.len() + NOW.len() }, _>(&[COUNTED_NOTES, NOW_NOTES]);

/// The infrared window of every PRO1.
pub const OPTICAL: OpticalDef = OpticalDef {
    manufacturer: "INM",
    ident: "PRO1-",
    sign_on_baud: 300,
    baud: 9_600,
    reaction: Duration::from_millis(200),
    password: SettingId::Password,
    lines: LINES,
};
