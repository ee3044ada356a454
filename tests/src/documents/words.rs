//! The values of the description types in words.

use schema::{
    Access, Argument, Citation, Codec, Combination, CommandId, Conditions, Dot, Effect, Note, Permission,
    Source,
};

pub fn combination(it: Combination) -> &'static str {
    match it {
        Combination::Forward => "forward",
        Combination::Reverse => "reverse",
        Combination::Sum => "forward + reverse",
        Combination::ReverseLessForward => "reverse − forward",
        Combination::ForwardLessReverse => "forward − reverse",
        Combination::Netted => "forward − reverse, phases netted first",
        Combination::NettedPulses => "forward − reverse, pulses of the netted phases",
    }
}

pub fn dot(it: Dot) -> &'static str {
    match it {
        Dot::Reverse => "reverse",
        Dot::Reactive => "reactive energy",
        Dot::Tariff2 => "tariff 2",
        Dot::Communication => "communication",
        Dot::Sum => "Σ",
        Dot::Tariff => "T",
        Dot::Contactor => "contactor",
        Dot::PowerFactor => "COSΦ",
        Dot::Hertz => "Hz",
        Dot::Kilo => "k",
        Dot::HalfWatt => "left half of W",
        Dot::Volt => "V",
        Dot::Ampere => "A",
        Dot::Var => "var",
        Dot::Hour => "h",
    }
}

pub fn codec(it: Codec) -> String {
    match it {
        Codec::U16 => "1 register, binary".into(),
        Codec::Bcd16 => "1 register, decimal digits".into(),
        Codec::Bcd32 => "2 registers, 8 decimal digits".into(),
        Codec::Hex16 => "1 register, hexadecimal digits".into(),
        Codec::Hex32 => "2 registers, hexadecimal digits".into(),
        Codec::F32 { decimals: 0 } => "2 registers, float, whole numbers".into(),
        Codec::F32 { decimals } => {
            format!("2 registers, float, steps of 0.{:0>width$}", 1, width = usize::from(decimals))
        }
        Codec::U32 => "2 registers, whole number".into(),
        Codec::I32 => "2 registers, whole number with a sign".into(),
        Codec::Counter { decimals } | Codec::Total { decimals } => {
            let sign = if matches!(it, Codec::Total { .. }) { " with a sign" } else { "" };
            let width = usize::from(decimals);
            format!("2 registers, float, steps of 0.{:0>width$}, or whole number{sign} of Wh or varh", 1)
        }
        Codec::Speed => "1 register, number of the speed".into(),
        Codec::Ratio => "2 registers, 4 decimal digits each".into(),
        Codec::Direction { .. } => "1 register, two characters".into(),
    }
}

pub fn access(it: Access) -> &'static str {
    match it {
        Access::Read => "read",
        Access::Write => "read, write",
        Access::Command(CommandId::ResetPowerDowns | CommandId::ResetTrip, Argument::Any) => {
            "read; any value resets"
        }
        Access::Command(CommandId::ResetPowerDowns | CommandId::ResetTrip, Argument::Zero) => {
            "read; zero resets"
        }
    }
}

/// The key by which programs name a value, in code font.
pub fn key(source: Source) -> String {
    match source {
        Source::Point(point) => format!("`{point}`"),
        Source::Setting(id) => format!("`{}`", id.key()),
        Source::Zero => "always 0".into(),
        Source::Identity(_) => "identity".into(),
        Source::Same(addr) => format!("as {addr:04X}h"),
    }
}

pub fn permission(it: Permission) -> &'static str {
    match it {
        Permission::Everyone => "anybody at the key; any master",
        Permission::Password => "at the key with the password; any master",
        Permission::PanelOpen => "only at the key",
        Permission::PanelOnly => "only at the key, with the password",
        Permission::BusOnly => "any master; not the key",
        Permission::Optical => "the infrared window only",
        Permission::Factory => "nobody after the factory",
    }
}

pub fn effect(it: Effect) -> &'static str {
    match it {
        Effect::Now => "at once",
        Effect::AfterReply => "after the answer",
    }
}

pub fn citation(it: Citation) -> String {
    match it {
        Citation::Manual(section) => section.into(),
        Citation::Sister(text) => text.into(),
        Citation::Capture(text) => format!("recorded: {text}"),
        Citation::Assumed(_) => "†".into(),
    }
}

/// Where a row comes from, with a dagger where something about it is assumed.
pub fn source(note: &Note) -> String {
    let dagger = if note.assumed.is_empty() { "" } else { " †" };
    format!("{}{dagger}", citation(note.source))
}

pub fn or_dash(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}

/// A number with a space between groups of three digits.
pub fn groups(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// What can be wrong inside a meter.
pub const CONDITIONS: &[(Conditions, &str)] = &[
    (Conditions::ENERGY_LOST, "both copies of the energies are damaged"),
    (Conditions::MANTISSA_DEAD, "the area of the fractions takes no bytes"),
    (Conditions::BACKUP_DEAD, "the backup area of the energies takes no bytes"),
    (Conditions::MAIN_DEAD, "the main area of the energies takes no bytes"),
    (Conditions::MANTISSA_DATA, "the fractions of the energies were damaged"),
    (Conditions::BACKUP_DATA, "the backup copy of the energies was damaged"),
    (Conditions::MAIN_DATA, "the main copy of the energies was damaged"),
    (Conditions::INIT, "settings or counters are lost or cannot be written"),
    (Conditions::PROGRAM, "the check sum of the program is wrong"),
];
