//! What every PRO380 says through its infrared window: as the one-phase meters, with the readings of three phases.

use schema::{Note, ObisDef, OpticalDef, Source, table};
use units::{Of, Point, What};

use crate::join;
use crate::pro1::optical::{COUNTED, COUNTED_NOTES, OPTICAL as ONE, note, now};

const fn of(line: ObisDef, what: What, of: Of) -> ObisDef {
    ObisDef { source: Source::Point(Point::Now { what, of }), ..line }
}

const fn volts(code: &'static str, phase: Of) -> ObisDef {
    of(now(code, What::U, 3, 1, "V"), What::U, phase)
}

const fn amperes(code: &'static str, phase: Of) -> ObisDef {
    of(now(code, What::I, 3, 2, "A"), What::I, phase)
}

table! {
    /// The lines with the readings of this moment.
    NOW / NOW_NOTES: ObisDef = [
        volts("32.7.0", Of::L1) => note("L1 voltage"),
        volts("52.7.0", Of::L2) => note("L2 voltage"),
        volts("72.7.0", Of::L3) => note("L3 voltage"),
        amperes("31.7.0", Of::L1) => note("L1 current").doc("Negative for export."),
        amperes("51.7.0", Of::L2) => note("L2 current"),
        amperes("71.7.0", Of::L3) => note("L3 current"),
        now("1.7.0", What::P, 3, 3, "kW") => note("Active power").doc("Negative for export."),
        now("13.7.0", What::Pf, 1, 2, "") => note("Power factor"),
        now("14.7.0", What::F, 2, 2, "Hz") => note("Frequency"),
    ];
}

const COUNT: usize = COUNTED.len() + NOW.len();

const LINES: &[ObisDef] = &join::<COUNT, _>(&[COUNTED, NOW]);
/// Notes on the lines of the read-out.
pub const LINES_NOTES: &[Note] = &join::<COUNT, _>(&[COUNTED_NOTES, NOW_NOTES]);

/// The infrared window of every PRO380.
pub const OPTICAL: OpticalDef = OpticalDef { ident: "PRO380-", lines: LINES, ..ONE };
