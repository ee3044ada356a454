//! Terminals of the family (§5.8); which row they stand in is our drawing.

use schema::{TerminalDef, TerminalKind};

use crate::join;

const fn upper(
    name: &'static str,
    kind: TerminalKind,
    doc: &'static str,
    group: &'static str,
) -> TerminalDef {
    TerminalDef { kind, sign: "", name, doc, group, upper: true }
}

const fn lower(
    name: &'static str,
    kind: TerminalKind,
    sign: &'static str,
    doc: &'static str,
    group: &'static str,
) -> TerminalDef {
    TerminalDef { kind, sign, name, doc, group, upper: false }
}

const CTS: &str = "current transformers, 5 A";
const SUPPLY: &str = "3 × 230/400 V, up to 65 A";
const LOAD: &str = "load, up to 65 A";
const VOLTAGES: &str = "3 × 230/400 V";
const S0: &str = "S0, 5 to 27 V DC";
const BUSES: &str = "RS485 and M-Bus";
const TARIFF: &str = "tariff 2, 230 V AC";

const SIGNALS: &[TerminalDef] = &[
    lower(
        "4",
        TerminalKind::Pulse,
        "1+",
        "S0 pulse output 1, collector (+), 5 to 27 V DC, at most 100 mA",
        S0,
    ),
    lower("5", TerminalKind::Pulse, "−", "S0 pulse outputs, common emitter (−)", S0),
    lower(
        "6",
        TerminalKind::Pulse,
        "2+",
        "S0 pulse output 2, collector (+), 5 to 27 V DC, at most 100 mA",
        S0,
    ),
    lower("7", TerminalKind::Rs485, "A", "RS485 A", BUSES),
    lower("8", TerminalKind::Rs485, "B/−", "RS485 B, and M-Bus (−)", BUSES),
    lower("9", TerminalKind::Mbus, "M+", "M-Bus (+)", BUSES),
    lower(
        "10",
        TerminalKind::Tariff,
        "L",
        "tariff input: voltage between 10 and 11 makes tariff 2 count",
        TARIFF,
    ),
    lower("11", TerminalKind::Tariff, "N", "tariff input: neutral", TARIFF),
];

/// A meter behind current transformers.
pub const CT: &[TerminalDef] = &join::<15, _>(&[
    &[
        upper("IA", TerminalKind::Current, "current transformer of phase 1, both wires, at most 5 A", CTS),
        upper("IB", TerminalKind::Current, "current transformer of phase 2, both wires, at most 5 A", CTS),
        upper("IC", TerminalKind::Current, "current transformer of phase 3, both wires, at most 5 A", CTS),
        upper("U1", TerminalKind::PhaseIn, "phase 1, to measure its voltage", VOLTAGES),
        upper("U2", TerminalKind::PhaseIn, "phase 2, to measure its voltage", VOLTAGES),
        upper("U3", TerminalKind::PhaseIn, "phase 3, to measure its voltage", VOLTAGES),
        upper("N", TerminalKind::Neutral, "neutral", VOLTAGES),
    ],
    SIGNALS,
]);

/// A meter through which the current flows.
pub const DIRECT: &[TerminalDef] = &join::<15, _>(&[
    &[
        upper("N", TerminalKind::Neutral, "neutral", SUPPLY),
        upper("L1", TerminalKind::PhaseIn, "phase 1, from the supply", SUPPLY),
        upper("L2", TerminalKind::PhaseIn, "phase 2, from the supply", SUPPLY),
        upper("L3", TerminalKind::PhaseIn, "phase 3, from the supply", SUPPLY),
    ],
    SIGNALS,
    &[
        lower("L1", TerminalKind::PhaseOut, "", "phase 1, to the load", LOAD),
        lower("L2", TerminalKind::PhaseOut, "", "phase 2, to the load", LOAD),
        lower("L3", TerminalKind::PhaseOut, "", "phase 3, to the load", LOAD),
    ],
]);
