//! What a value is: quantity, unit and power of ten of every value information field (EN 13757-3 §6.4, tables 10, 12, 14).

use core::fmt;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
        }

        impl $name {
            /// The word for people; empty where there is none.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text())
            }
        }
    };
}

words! {
    /// The kind of a value.
    Quantity {
        Energy "energy", ReactiveEnergy "reactive energy", ApparentEnergy "apparent energy",
        Power "power", ReactivePower "reactive power", ApparentPower "apparent power",
        Voltage "voltage", Current "current", Frequency "frequency",
        PhaseUU "phase voltage to voltage", PhaseUI "phase voltage to current",
        MaximumPower "cumulative maximum of active power",
        Volume "volume", Mass "mass", OnTime "on time", OperatingTime "operating time",
        VolumeFlow "volume flow", MassFlow "mass flow",
        FlowTemperature "flow temperature", ReturnTemperature "return temperature",
        TemperatureDifference "temperature difference", ExternalTemperature "external temperature",
        TemperatureLimit "cold or warm temperature limit", Humidity "relative humidity", Pressure "pressure",
        Date "date", DateTime "date and time", HeatCost "heat cost allocation",
        AveragingTime "averaging duration", ActualityTime "actuality duration",
        FabricationNumber "fabrication number", Identification "enhanced identification",
        PrimaryAddress "primary address", Any "any", PlainText "unit in plain text",
        ManufacturerSpecific "manufacturer specific", Reserved "reserved",
        Credit "credit", Debit "debit", AccessNumber "access number", Medium "device type", Maker "manufacturer",
        ParameterSet "parameter set", Model "model or version", HardwareVersion "hardware version",
        FirmwareVersion "metrology version", SoftwareVersion "other software version",
        CustomerLocation "customer location", Customer "customer", AccessUser "access code of user",
        AccessOperator "access code of operator", AccessSystem "access code of system operator",
        AccessDeveloper "access code of developer", Password "password", ErrorFlags "error flags",
        ErrorMask "error mask", SecurityKey "security key", DigitalOutput "digital output",
        DigitalInput "digital input", BaudRate "baud rate", ResponseDelay "response delay", Retry "retry",
        RemoteControl "remote control", FirstStorage "first cyclic storage", LastStorage "last cyclic storage",
        StorageSize "size of storage block", TariffDescriptor "descriptor of tariff and subunit",
        StorageInterval "storage interval", OperatorData "operator specific data", TimePoint "time point",
        SinceReadout "time since last read-out", TariffStart "start of tariff", TariffTime "duration of tariff",
        TariffPeriod "period of tariff", Dimensionless "dimensionless", WirelessContainer "wireless M-Bus container",
        SendPeriod "period of nominal transmissions", ResetCounter "reset counter",
        CumulationCounter "cumulation counter", ControlSignal "control signal", Weekday "day of week",
        Week "week number", DayChange "time of day change", ParameterActivation "state of parameter activation",
        SupplierData "special supplier information", SinceCumulation "time since last cumulation",
        BatteryTime "operating time of battery", BatteryChange "date of battery change", RadioLevel "radio level",
        DaylightSaving "daylight saving", ListeningWindow "listening window", BatteryLeft "remaining battery life",
        Stops "times the meter was stopped", MakerContainer "manufacturer's container",
    }
}

words! {
    /// The unit of a value before its power of ten.
    Unit {
        None "", Wh "Wh", Joule "J", Calorie "cal", Varh "varh", Vah "VAh",
        W "W", JoulePerHour "J/h", Var "var", Va "VA", Volt "V", Ampere "A", Hertz "Hz", Degree "°",
        CubicMetre "m³", CubicFoot "ft³", Gallon "gal", Kilogram "kg",
        CubicMetrePerHour "m³/h", CubicMetrePerMinute "m³/min", CubicMetrePerSecond "m³/s",
        GallonPerMinute "gal/min", GallonPerHour "gal/h", KilogramPerHour "kg/h",
        Celsius "°C", Kelvin "K", Fahrenheit "°F", Percent "%", Bar "bar",
        Second "s", Minute "min", Hour "h", Day "d", Month "months", Year "years",
        HcaUnit "HCA units", Currency "local currency", BitTime "bit times", Baud "Bd", Dbm "dBm",
        NonMetric "non-metric unit",
    }
}

/// How the data bytes of a value are read where they are no BCD (EN 13757-3 annex A).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Two's complement, the least number meaning "no value" (type B).
    Signed,
    /// Without a sign (types C and D).
    Unsigned,
    /// Types F, G, I, J by their width.
    Time,
}

/// Quantity, unit and scale of one value information field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub quantity: Quantity,
    pub unit: Unit,
    /// The value counts in 10^scale of the unit.
    pub scale: i8,
    pub kind: Kind,
}

const fn of(quantity: Quantity, unit: Unit, scale: i8) -> Meaning {
    Meaning { quantity, unit, scale, kind: Kind::Signed }
}

const fn plain(quantity: Quantity) -> Meaning {
    Meaning { quantity, unit: Unit::None, scale: 0, kind: Kind::Unsigned }
}

const fn moment(quantity: Quantity) -> Meaning {
    Meaning { quantity, unit: Unit::None, scale: 0, kind: Kind::Time }
}

/// The low three bits of a code, less `offset`.
const fn nnn(code: u8, offset: i8) -> i8 {
    (code & 7).cast_signed() - offset
}

/// The low two bits of a code, less `offset`.
const fn nn(code: u8, offset: i8) -> i8 {
    (code & 3).cast_signed() - offset
}

/// The lowest bit of a code, plus `base`.
const fn n(code: u8, base: i8) -> i8 {
    (code & 1).cast_signed() + base
}

/// Units of a span by the low two bits.
pub(crate) const fn span(code: u8) -> Unit {
    match code & 3 {
        0 => Unit::Second,
        1 => Unit::Minute,
        2 => Unit::Hour,
        _ => Unit::Day,
    }
}

/// Longer units of a span by the low two bits.
const fn long_span(code: u8) -> Unit {
    match code & 3 {
        0 => Unit::Hour,
        1 => Unit::Day,
        2 => Unit::Month,
        _ => Unit::Year,
    }
}

/// The primary table.
pub(crate) const fn primary(code: u8) -> Meaning {
    use Quantity as Q;
    match code & 0x7F {
        0x00..=0x07 => of(Q::Energy, Unit::Wh, nnn(code, 3)),
        0x08..=0x0F => of(Q::Energy, Unit::Joule, nnn(code, 0)),
        0x10..=0x17 => of(Q::Volume, Unit::CubicMetre, nnn(code, 6)),
        0x18..=0x1F => of(Q::Mass, Unit::Kilogram, nnn(code, 3)),
        0x20..=0x23 => of(Q::OnTime, span(code), 0),
        0x24..=0x27 => of(Q::OperatingTime, span(code), 0),
        0x28..=0x2F => of(Q::Power, Unit::W, nnn(code, 3)),
        0x30..=0x37 => of(Q::Power, Unit::JoulePerHour, nnn(code, 0)),
        0x38..=0x3F => of(Q::VolumeFlow, Unit::CubicMetrePerHour, nnn(code, 6)),
        0x40..=0x47 => of(Q::VolumeFlow, Unit::CubicMetrePerMinute, nnn(code, 7)),
        0x48..=0x4F => of(Q::VolumeFlow, Unit::CubicMetrePerSecond, nnn(code, 9)),
        0x50..=0x57 => of(Q::MassFlow, Unit::KilogramPerHour, nnn(code, 3)),
        0x58..=0x5B => of(Q::FlowTemperature, Unit::Celsius, nn(code, 3)),
        0x5C..=0x5F => of(Q::ReturnTemperature, Unit::Celsius, nn(code, 3)),
        0x60..=0x63 => of(Q::TemperatureDifference, Unit::Kelvin, nn(code, 3)),
        0x64..=0x67 => of(Q::ExternalTemperature, Unit::Celsius, nn(code, 3)),
        0x68..=0x6B => of(Q::Pressure, Unit::Bar, nn(code, 3)),
        0x6C => moment(Q::Date),
        0x6D => moment(Q::DateTime),
        0x6E => of(Q::HeatCost, Unit::HcaUnit, 0),
        0x70..=0x73 => of(Q::AveragingTime, span(code), 0),
        0x74..=0x77 => of(Q::ActualityTime, span(code), 0),
        0x78 => plain(Q::FabricationNumber),
        0x79 => plain(Q::Identification),
        0x7A => plain(Q::PrimaryAddress),
        0x7C => of(Q::PlainText, Unit::None, 0),
        0x7E => of(Q::Any, Unit::None, 0),
        0x7F => of(Q::ManufacturerSpecific, Unit::None, 0),
        _ => of(Q::Reserved, Unit::None, 0),
    }
}

/// The table behind FD.
pub(crate) const fn extension_fd(code: u8) -> Meaning {
    use Quantity as Q;
    match code & 0x7F {
        0x00..=0x03 => of(Q::Credit, Unit::Currency, nn(code, 3)),
        0x04..=0x07 => of(Q::Debit, Unit::Currency, nn(code, 3)),
        0x08 => plain(Q::AccessNumber),
        0x09 => plain(Q::Medium),
        0x0A => plain(Q::Maker),
        0x0B => plain(Q::ParameterSet),
        0x0C => plain(Q::Model),
        0x0D => plain(Q::HardwareVersion),
        0x0E => plain(Q::FirmwareVersion),
        0x0F => plain(Q::SoftwareVersion),
        0x10 => plain(Q::CustomerLocation),
        0x11 => plain(Q::Customer),
        0x12 => plain(Q::AccessUser),
        0x13 => plain(Q::AccessOperator),
        0x14 => plain(Q::AccessSystem),
        0x15 => plain(Q::AccessDeveloper),
        0x16 => plain(Q::Password),
        0x17 => plain(Q::ErrorFlags),
        0x18 => plain(Q::ErrorMask),
        0x19 => plain(Q::SecurityKey),
        0x1A => plain(Q::DigitalOutput),
        0x1B => plain(Q::DigitalInput),
        0x1C => of(Q::BaudRate, Unit::Baud, 0),
        0x1D => of(Q::ResponseDelay, Unit::BitTime, 0),
        0x1E => plain(Q::Retry),
        0x1F => plain(Q::RemoteControl),
        0x20 => plain(Q::FirstStorage),
        0x21 => plain(Q::LastStorage),
        0x22 => plain(Q::StorageSize),
        0x23 => plain(Q::TariffDescriptor),
        0x24..=0x27 => of(Q::StorageInterval, span(code), 0),
        0x28 => of(Q::StorageInterval, Unit::Month, 0),
        0x29 => of(Q::StorageInterval, Unit::Year, 0),
        0x2A => plain(Q::OperatorData),
        0x2B => of(Q::TimePoint, Unit::Second, 0),
        0x2C..=0x2F => of(Q::SinceReadout, span(code), 0),
        0x30 => moment(Q::TariffStart),
        0x31..=0x33 => of(Q::TariffTime, span(code), 0),
        0x34..=0x37 => of(Q::TariffPeriod, span(code), 0),
        0x38 => of(Q::TariffPeriod, Unit::Month, 0),
        0x39 => of(Q::TariffPeriod, Unit::Year, 0),
        0x3A => of(Q::Dimensionless, Unit::None, 0),
        0x3B => plain(Q::WirelessContainer),
        0x3C..=0x3F => of(Q::SendPeriod, span(code), 0),
        0x40..=0x4F => of(Q::Voltage, Unit::Volt, (code & 15).cast_signed() - 9),
        0x50..=0x5F => of(Q::Current, Unit::Ampere, (code & 15).cast_signed() - 12),
        0x60 => plain(Q::ResetCounter),
        0x61 => plain(Q::CumulationCounter),
        0x62 => plain(Q::ControlSignal),
        0x63 => plain(Q::Weekday),
        0x64 => plain(Q::Week),
        0x65 => plain(Q::DayChange),
        0x66 => plain(Q::ParameterActivation),
        0x67 => plain(Q::SupplierData),
        0x68..=0x6B => of(Q::SinceCumulation, long_span(code), 0),
        0x6C..=0x6F => of(Q::BatteryTime, long_span(code), 0),
        0x70 => moment(Q::BatteryChange),
        0x71 => of(Q::RadioLevel, Unit::Dbm, 0),
        0x72 => plain(Q::DaylightSaving),
        0x73 => plain(Q::ListeningWindow),
        0x74 => of(Q::BatteryLeft, Unit::Day, 0),
        0x75 => plain(Q::Stops),
        0x76 => plain(Q::MakerContainer),
        _ => of(Q::Reserved, Unit::None, 0),
    }
}

/// The table behind FB. The units of feet, gallons and Fahrenheit are those of older editions, still in the field.
pub(crate) const fn extension_fb(code: u8) -> Meaning {
    use Quantity as Q;
    match code & 0x7F {
        0x00..=0x01 => of(Q::Energy, Unit::Wh, n(code, 5)),
        0x02..=0x03 => of(Q::ReactiveEnergy, Unit::Varh, n(code, 3)),
        0x04..=0x05 => of(Q::ApparentEnergy, Unit::Vah, n(code, 3)),
        0x08..=0x09 => of(Q::Energy, Unit::Joule, n(code, 8)),
        0x0C..=0x0F => of(Q::Energy, Unit::Calorie, nn(code, -5)),
        0x10..=0x11 => of(Q::Volume, Unit::CubicMetre, n(code, 2)),
        0x14..=0x17 => of(Q::ReactivePower, Unit::Var, nn(code, 0)),
        0x18..=0x19 => of(Q::Mass, Unit::Kilogram, n(code, 5)),
        0x1A..=0x1B => of(Q::Humidity, Unit::Percent, n(code, -1)),
        0x20 => of(Q::Volume, Unit::CubicFoot, 0),
        0x21 => of(Q::Volume, Unit::CubicFoot, -1),
        0x22 => of(Q::Volume, Unit::Gallon, -1),
        0x23 => of(Q::Volume, Unit::Gallon, 0),
        0x24 => of(Q::VolumeFlow, Unit::GallonPerMinute, -3),
        0x25 => of(Q::VolumeFlow, Unit::GallonPerMinute, 0),
        0x26 => of(Q::VolumeFlow, Unit::GallonPerHour, 0),
        0x28..=0x29 => of(Q::Power, Unit::W, n(code, 5)),
        0x2A => of(Q::PhaseUU, Unit::Degree, -1),
        0x2B => of(Q::PhaseUI, Unit::Degree, -1),
        0x2C..=0x2F => of(Q::Frequency, Unit::Hertz, nn(code, 3)),
        0x30..=0x31 => of(Q::Power, Unit::JoulePerHour, n(code, 8)),
        0x34..=0x37 => of(Q::ApparentPower, Unit::Va, nn(code, 0)),
        0x58..=0x5B => of(Q::FlowTemperature, Unit::Fahrenheit, nn(code, 3)),
        0x5C..=0x5F => of(Q::ReturnTemperature, Unit::Fahrenheit, nn(code, 3)),
        0x60..=0x63 => of(Q::TemperatureDifference, Unit::Fahrenheit, nn(code, 3)),
        0x64..=0x67 => of(Q::ExternalTemperature, Unit::Fahrenheit, nn(code, 3)),
        0x70..=0x73 => of(Q::TemperatureLimit, Unit::Fahrenheit, nn(code, 3)),
        0x74..=0x77 => of(Q::TemperatureLimit, Unit::Celsius, nn(code, 3)),
        0x78..=0x7F => of(Q::MaximumPower, Unit::W, nnn(code, 3)),
        _ => of(Q::Reserved, Unit::None, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_each_row_that_counts_in_thousands() {
        let e = |code| (extension_fb(code).unit, extension_fb(code).scale);
        assert_eq!(e(0x00), (Unit::Wh, 5), "0.1 MWh");
        assert_eq!(e(0x02), (Unit::Varh, 3), "1 kvarh");
        assert_eq!(e(0x09), (Unit::Joule, 9), "1 GJ");
        assert_eq!(e(0x0D), (Unit::Calorie, 6), "1 Mcal");
        assert_eq!(e(0x14), (Unit::Var, 0), "0.001 kvar");
        assert_eq!(e(0x19), (Unit::Kilogram, 6), "1000 t");
        assert_eq!(e(0x2C), (Unit::Hertz, -3));
        assert_eq!(e(0x34), (Unit::Va, 0), "0.001 kVA");
        assert_eq!(e(0x79), (Unit::W, -2));
        let d = |code| (extension_fd(code).unit, extension_fd(code).scale);
        assert_eq!(d(0x47), (Unit::Volt, -2));
        assert_eq!(d(0x59), (Unit::Ampere, -3));
        assert_eq!(d(0x27), (Unit::Day, 0));
        assert_eq!(d(0x6F), (Unit::Year, 0));
        let p = |code| (primary(code).unit, primary(code).scale);
        assert_eq!(p(0x04), (Unit::Wh, 1));
        assert_eq!(p(0x0E), (Unit::Joule, 6));
        assert_eq!(p(0x13), (Unit::CubicMetre, -3));
        assert_eq!(p(0x2B), (Unit::W, 0));
        assert_eq!(p(0x5A), (Unit::Celsius, -1));
        assert_eq!(primary(0x6F).quantity, Quantity::Reserved);
    }
}
