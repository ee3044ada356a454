//! Terminals of the family (§5.7, §7.10, A1.1, A2.1, A3.1); which row they stand in is our drawing.

use schema::{TerminalDef, TerminalKind};

use crate::join;

/// A terminal of the upper row.
pub const fn upper(
    name: &'static str,
    kind: TerminalKind,
    sign: &'static str,
    doc: &'static str,
    group: &'static str,
) -> TerminalDef {
    TerminalDef { kind, sign, name, doc, group, upper: true }
}

/// A terminal of the lower row.
pub const fn lower(
    name: &'static str,
    kind: TerminalKind,
    sign: &'static str,
    doc: &'static str,
    group: &'static str,
) -> TerminalDef {
    TerminalDef { upper: false, ..upper(name, kind, sign, doc, group) }
}

/// What its terminals lead to.
pub const S0: &str = "S0, 5 to 27 V DC";
/// What its terminals lead to.
pub const RS485: &str = "RS485, ends 120 Ω";
/// What its terminals lead to.
pub const MBUS: &str = "M-Bus, 300 to 9600 Bd";
/// What its terminals lead to.
pub const TARIFF: &str = "tariff 2, 230 V AC";

const COMMON: &[TerminalDef] = &[
    upper("L-IN", TerminalKind::PhaseIn, "", "phase, from the supply", "supply, 230 V"),
    upper("N", TerminalKind::Neutral, "", "neutral, from the supply", "supply, 230 V"),
    upper("20", TerminalKind::Pulse, "+", "S0 pulse output, collector (+), 5 to 27 V DC, at most 100 mA", S0),
    upper("21", TerminalKind::Pulse, "−", "S0 pulse output, emitter (−)", S0),
    lower("L-OUT", TerminalKind::PhaseOut, "", "phase, to the load", "load, up to 45 A"),
    lower("N", TerminalKind::Neutral, "", "neutral, to the load", "load, up to 45 A"),
];

/// A meter with nothing at 23 and 24.
pub const PLAIN: &[TerminalDef] = COMMON;

/// A meter with a tariff input.
pub const WITH_TARIFF: &[TerminalDef] = &join::<8, _>(&[
    COMMON,
    &[
        lower("23", TerminalKind::Tariff, "L", "tariff input: phase makes tariff 2 count", TARIFF),
        lower("24", TerminalKind::Tariff, "N", "tariff input: neutral", TARIFF),
    ],
]);

/// A meter with M-Bus.
pub const WITH_MBUS: &[TerminalDef] = &join::<8, _>(&[
    COMMON,
    &[
        lower("23", TerminalKind::Mbus, "M", "M-Bus, either wire", MBUS),
        lower("24", TerminalKind::Mbus, "M", "M-Bus, either wire", MBUS),
    ],
]);

/// A meter with Modbus.
pub const WITH_RS485: &[TerminalDef] = &join::<8, _>(&[
    COMMON,
    &[
        lower("23", TerminalKind::Rs485, "A", "RS485 A", RS485),
        lower("24", TerminalKind::Rs485, "B", "RS485 B", RS485),
    ],
]);
