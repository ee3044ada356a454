//! Terminals of the family; the row they stand in and the numbers of the pulse outputs are our drawing.

use schema::{TerminalDef, TerminalKind};

use crate::join;
use crate::pro1::terminals::{MBUS, RS485, S0, TARIFF, lower, upper};

const SUPPLY: &str = "supply, 3 × 230/400 V";
const LOAD: &str = "load, up to 100 A";

const COMMON: &[TerminalDef] = &[
    upper("L1-IN", TerminalKind::PhaseIn, "", "phase 1, from the supply", SUPPLY),
    upper("L2-IN", TerminalKind::PhaseIn, "", "phase 2, from the supply", SUPPLY),
    upper("L3-IN", TerminalKind::PhaseIn, "", "phase 3, from the supply", SUPPLY),
    upper("N", TerminalKind::Neutral, "", "neutral, from the supply", SUPPLY),
    upper(
        "18",
        TerminalKind::Pulse,
        "1+",
        "S0 pulse output 1, forward, collector (+), 5 to 27 V DC, at most 100 mA",
        S0,
    ),
    upper("19", TerminalKind::Pulse, "1−", "S0 pulse output 1, emitter (−)", S0),
    upper(
        "20",
        TerminalKind::Pulse,
        "2+",
        "S0 pulse output 2, reverse, collector (+), 5 to 27 V DC, at most 100 mA",
        S0,
    ),
    upper("21", TerminalKind::Pulse, "2−", "S0 pulse output 2, emitter (−)", S0),
    lower("L1-OUT", TerminalKind::PhaseOut, "", "phase 1, to the load", LOAD),
    lower("L2-OUT", TerminalKind::PhaseOut, "", "phase 2, to the load", LOAD),
    lower("L3-OUT", TerminalKind::PhaseOut, "", "phase 3, to the load", LOAD),
    lower("N", TerminalKind::Neutral, "", "neutral, to the load", LOAD),
    lower("24", TerminalKind::Tariff, "L", "tariff input: phase makes tariff 2 count", TARIFF),
    lower("25", TerminalKind::Tariff, "N", "tariff input: neutral", TARIFF),
];

/// A meter with M-Bus.
pub const WITH_MBUS: &[TerminalDef] = &join::<16, _>(&[
    COMMON,
    &[
        lower("22", TerminalKind::Mbus, "M", "M-Bus, either wire", MBUS),
        lower("23", TerminalKind::Mbus, "M", "M-Bus, either wire", MBUS),
    ],
]);

/// A meter with Modbus.
pub const WITH_RS485: &[TerminalDef] = &join::<16, _>(&[
    COMMON,
    &[
        lower("22", TerminalKind::Rs485, "B", "RS485 B", RS485),
        lower("23", TerminalKind::Rs485, "A", "RS485 A", RS485),
    ],
]);
