//! What stands in no row: identity, times, key grammar, behaviour on the bus.

use schema::Citation::{Assumed, Capture, Manual, Sister};
use schema::{Citation, Fact, Misprint};

use crate::join;

/// A fact.
pub const fn fact(label: &'static str, doc: &'static str, source: Citation) -> Fact {
    Fact { label, doc, source }
}

/// Facts of every meter of this firmware, whatever its phases.
pub const ALIKE: &[Fact] = &[
    fact(
        "Power factor without a load",
        "1.00.",
        Assumed("nothing flows that could lag or lead; no source shows the register then"),
    ),
    fact(
        "Sign of reverse energy",
        "Reverse energy is a positive number in the registers; on the display a mark says reverse.",
        Capture("register image of a PRO380-Mod"),
    ),
    fact(
        "Registers of readings",
        "They change once a second, all together.",
        Assumed("no source gives the rate; a second is what the display needs"),
    ),
    fact(
        "What is stored",
        "Energies at each full 0.01 kWh and when the supply goes, of which the meter learns 10 ms before.",
        Assumed("the manual says only that data outlast ten years without supply"),
    ),
    fact(
        "Pulses and the counters",
        "A pulse is due whenever the energy that the output shows passes a multiple of what the rate gives for a pulse, \
         also after a power cut, another rate or another code: the part of a pulse is the fraction of the counters.",
        Assumed(
            "the fraction is what the meter stores anyway; no source tells what becomes of part of a pulse",
        ),
    ),
    fact(
        "Backlight",
        "In button mode it stays lit for 30 s after the last press.",
        Assumed("no source gives a time"),
    ),
    fact(
        "Blinking",
        "Once a second, lit for 60 % of it.",
        Assumed("no source gives a rate; below 3 Hz is safe for eyes"),
    ),
    fact(
        "Copies of the energies",
        "Energies are kept twice with check sums, their fractions in an area of their own; a damaged copy is repaired \
         from the other one, and where both are damaged the meter stops and shows Err 01.",
        Sister("Ambition §8.1"),
    ),
    fact("Infrared window", "900 to 1000 nm, direct contact, IEC 62056-21.", Manual("§5.3")),
    fact(
        "Programming at the window",
        "P1 with the four digits of the password, then R1 and W1 with the hexadecimal addresses of the registers of either \
         map; what the register sheet calls writable through infrared can be written.",
        Assumed(
            "the maker's own program works by register addresses; how they stand on the line is not known",
        ),
    ),
    fact(
        "Refusals at the window",
        "(ERR01) nothing stands at this address; (ERR02) it can be read and not written this way; (ERR03) it takes no such \
         value; (ERR04) nothing is written before the password; (ERR05) the meter's memory is damaged, it takes no changes.",
        Assumed("the standard leaves the numbers to the maker, and no source gives this maker's"),
    ),
];

/// Facts of every member.
const FAMILY: &[Fact] = &[
    // What it is.
    fact(
        "Serial number",
        "A twin is born as 0254 1307 0001: the product prefix 0254, then year 13, week 07 and number 0001.",
        Assumed("the prefix is the one that the maker's own program shows for this meter; the rest is ours"),
    ),
    fact(
        "Versions",
        "Protocol 3.20, software 2.18, hardware 1.32, checksum 0D01 2D35.",
        Assumed("read from a PRO380-Mod with the same firmware line; no image of a PRO1 is public"),
    ),
    fact(
        "Ratings",
        "230 V (195 to 253 V), 50 Hz, 5 A basic and 45 A largest current, accuracy class B.",
        Manual("§5"),
    ),
    // Measuring.
    fact(
        "Forward and reverse reactive energy",
        "Forward counts while reactive power is inductive, reverse while it is capacitive, whichever way active power \
         flows.",
        Assumed("the sister meter's registers show the sign of reactive power, not what counts it"),
    ),
    fact(
        "Pulses of the output",
        "For forward energy under code 1, for reverse energy under code 4, for both under the other codes.",
        Assumed("the sister meter has an output for each direction; this one has one for both"),
    ),
    fact(
        "Starting current",
        "Below 20 mA, 0.4 % of the basic current, nothing is counted and nothing is shown.",
        Assumed("the specification gives 0.4 % as the lower end of the range, not what happens below it"),
    ),
    fact(
        "Rollover",
        "A counter that reaches 1 000 000 kWh starts at 0 again, on the display and in the registers.",
        Assumed("the display has six digits; what the registers do is not written anywhere"),
    ),
    fact(
        "Decimals of energies",
        "The display shows 9999.99, from there 99999.9, from there 999999; the registers keep two decimals.",
        Manual("§7.4"),
    ),
    fact(
        "Negative totals",
        "A negative total has a minus sign in the first place and one decimal less; from -100 000 on it is six dashes.",
        Assumed("codes 6, 9 and 10 can give one and the manual shows none"),
    ),
    fact(
        "Code 6",
        "Reverse less forward, by magnitude, is negative where forward is the larger.",
        Assumed("an example of the sister meter's manual adds the two, which the words of neither manual do"),
    ),
    fact(
        "Resettable day counter",
        "It counts forward active energy whatever the combination code is.",
        Manual("§7.9"),
    ),
    fact("Test LED", "10 000 flashes for each kilowatt-hour.", Manual("§5")),
    fact(
        "Width of a flash",
        "10 ms, so that flashes stay apart at the largest power.",
        Assumed("45 A at 253 V make a flash every 31 ms; no source gives the width"),
    ),
    fact("Pulse width", "32 ms up to 5625 W, 11.2 ms above.", Manual("§5")),
    fact(
        "Supply of the pulse output",
        "5 to 27 V DC from outside, + at 20, at most 100 mA. Without it the output gives nothing; the meter counts on.",
        Manual("§7.10, §8"),
    ),
    fact(
        "Pulses that come too fast",
        "After each pulse the output rests for as long as the pulse was. What is due meanwhile waits and comes later, one \
         by one, each as wide as suits the power shown when it begins; a power cut loses what still waits, not the energy. No rate \
         is too fast within the measuring range: 10 000 imp/kWh fit up to 16.07 kW, and 45 A at 253 V are 11.39 kW.",
        Assumed(
            "5625 W at 10 000 imp/kWh leave just 32 ms of pause behind 32 ms; IEC 62053-31 asks for 30 ms of each; \
             no source tells what happens beyond",
        ),
    ),
    // Display and key.
    fact(
        "Glass",
        "Two places with fourteen segments, four with seven, points after the fourth and fifth, four dots above.",
        Sister("PRO380 manual v2.03, p. 14, which prints the glass of the one-module meter"),
    ),
    fact(
        "Dots",
        "From the left: reverse, reactive energy, tariff 2, communication.",
        Assumed("the manual gives the first and the last, and one for the tariff; the second is our reading"),
    ),
    fact(
        "Signs on the display",
        "Active power and current stand without a sign, the first dot says reverse; capacitive reactive power has a \
         minus sign.",
        Assumed(
            "the first dot marks what is reverse; which dot would tell inductive from capacitive is not known",
        ),
    ),
    fact(
        "Key",
        "It acts when it is let go: under 3 s short, from 3 s long; at 5 s it acts at once. A press that is taken away \
         from it does nothing.",
        Assumed("the manual gives the three lengths, not the moment"),
    ),
    fact(
        "Short press in the automatic scroll",
        "Goes to the first page of the main list, also while the backlight is dark.",
        Assumed("the manual does not say where the key starts"),
    ),
    fact(
        "Short press in a list",
        "Goes to the next page, after the last one back to the page that opened the list.",
        Assumed("no source shows the end of a list"),
    ),
    fact(
        "Long press on a page that cannot be edited",
        "Goes back to the page that opened the list.",
        Assumed("the manual names no other way back than waiting"),
    ),
    fact(
        "Very long press on a page",
        "Adds it to the automatic scroll or takes it out: OK in, OK out.",
        Manual("§7.6.3"),
    ),
    fact(
        "Automatic scroll",
        "Current direction and total active energy.",
        Sister("PRO380 short manual v1.06, p. 2"),
    ),
    fact(
        "Order of the automatic scroll",
        "Those two pages cannot be removed; added ones follow in the order of the lists.",
        Assumed("the manual adds and removes pages of the lists only, and gives no order"),
    ),
    fact(
        "Long press in the automatic scroll",
        "Acts on the page that stands there where it is one of the main list; elsewhere, and under an error, it does \
         nothing.",
        Assumed("every walk of the manual starts from a page that was chosen with the key"),
    ),
    fact(
        "Short press on a counter that waits to be set to zero",
        "Leaves the counter as it is.",
        Assumed("the manual names no way out"),
    ),
    fact(
        "Label and value",
        "The label stands first for 1.5 s, then the value; on a page reached by the key the two go on taking turns \
         where they do not fit together.",
        Assumed("the prose gives labels longer than their value's room and no timing"),
    ),
    fact("Answers of the panel", "OK, OK in and OK out stand for 2 s.", Assumed("no source gives a time")),
    fact(
        "Edit left alone",
        "10 s without a press drop the edit and nothing changes.",
        Assumed(
            "older firmware stored the value then; this one confirms with 3 s, so waiting cannot mean yes",
        ),
    ),
    fact(
        "Page left alone",
        "30 s without a press lead back to the automatic scroll.",
        Assumed("no source gives a time"),
    ),
    fact(
        "Digits while editing",
        "A short press steps through those digits only for which a value in range remains; 000 as Modbus address is \
         refused, the first digit is asked again.",
        Assumed("the manual says 001 to 247 and not how the rest is kept out"),
    ),
    fact(
        "Wrong password",
        "Leads back to the page Program mode 3; it may be tried again without end.",
        Assumed("the manual describes the right password only"),
    ),
    fact("Errors", "Err 01 is the memory, Err 02 the program; the meter has to be replaced.", Manual("§8.1")),
    fact(
        "One damaged copy",
        "It is not shown, and neither is a loss of the fractions: the energy goes on from its whole Wh.",
        Assumed("the manual of the PRO1 names only an EEPROM error that calls for another meter"),
    ),
    fact(
        "Memory that takes no bytes",
        "An area that cannot be written, and lost settings, are Err 01 too; the meter stops.",
        Assumed("the manual of the PRO1 does not say which faults of the EEPROM it shows"),
    ),
    // Infrared.
    fact(
        "Sign-on at the window",
        "Mode C: 300 Bd with 7 data bits and even parity, the meter proposes 9600 Bd, answers after 200 ms and names itself \
         /INM5PRO1-2.18.",
        Assumed(
            "the manual names the standard and no mode; no capture is public; the maker's letters are INM",
        ),
    ),
    // Drawing.
    fact(
        "Terminals",
        "Drawn with L-IN, N, 20 and 21 above, L-OUT, N, 23 and 24 below.",
        Assumed("the manual's connection diagram shows no places that could be read"),
    ),
    fact(
        "Front",
        "Places of key, lamp and infrared window, and the words over the dots, are our own.",
        Assumed("no picture of the front is used"),
    ),
];

/// What holds for a Modbus of every meter of this firmware.
pub const MODBUS_ALIKE: &[Fact] = &[
    fact(
        "Address 0",
        "Reads of address 0 are answered with the meter's own address; writes are done and not answered.",
        Sister("Modbus user manual of PRO1-Mod and PRO380-Mod, example 1"),
    ),
    fact(
        "Function 04",
        "Answered as function 03.",
        Assumed("every known master uses 03; an answer harms nobody"),
    ),
    fact(
        "Longest request",
        "125 registers read, 123 written.",
        Assumed("the limits of the protocol; up to 75 were seen in use"),
    ),
    fact(
        "Addresses without register",
        "Exception 02.",
        Assumed(
            "the maker's own search program expects it; a meter was reported to keep silent, and a twin can be served so",
        ),
    ),
    fact(
        "Writing several",
        "All of them are possible and are done, or none is.",
        Assumed("half a change would leave a meter that nobody asked for"),
    ),
    fact(
        "Change of address, speed or parity",
        "The answer leaves at the old setting, then the meter changes.",
        Assumed("masters wait for the answer where they asked"),
    ),
    fact(
        "Time to answer",
        "20 ms after the silence that ends a request.",
        Assumed("no source gives it; settable where a twin is served"),
    ),
];

/// What holds for a Modbus.
const ON_MODBUS: &[Fact] = &[
    fact("Line at birth", "9600 Bd, 8 data bits, even parity, 1 stop bit, address 1.", Manual("A3.1")),
    fact("Stop bits", "One, whatever the parity.", Manual("A3.1")),
    fact(
        "Termination",
        "120 Ω, 0.25 W across 23 and 24 at the meter when it hangs on a converter.",
        Manual("A3.1"),
    ),
    fact(
        "Writing what cannot be written",
        "Exception 02 for a register that is read only or the PRO380's, exception 03 for a value out of range or half of \
         a float; nothing changes.",
        Assumed("the manual shows good requests only"),
    ),
    fact(
        "Older map",
        "The registers 1000h to 32A0h of firmware before protocol 3 still answer, one value a request, at its full \
         length; they cannot be written.",
        Assumed(
            "a meter with new firmware was identified through it; the rest is the sister meter's register table",
        ),
    ),
    fact(
        "Register 1030h",
        "The meter's name in 32 bytes, of the older map, is left out and answers exception 02.",
        Assumed("only one early version of the sister meter listed it, and its text is not known"),
    ),
    fact("Speed 2400", "Can be chosen on the bus and at the key.", Manual("§5.5")),
    fact(
        "Which of 23 and 24 is A",
        "23 is drawn as A, 24 as B.",
        Assumed("the manual names the pair only; swapped wires harm nothing and no answer comes"),
    ),
];

/// What holds for an M-Bus of every meter of this firmware.
pub const MBUS_ALIKE: &[Fact] = &[
    fact(
        "Time to answer",
        "33 bit times after the end of a request.",
        Assumed("the standard allows 11 to 330 bit times and 50 ms; no source gives the meter's"),
    ),
    fact("Wrong checksum, length or parity", "Silence.", Assumed("the standard knows no other answer")),
    fact(
        "Frame count bit",
        "The last telegram is repeated only inside a read-out of several telegrams and within 2 s; a single telegram is always \
         fresh.",
        Assumed("masters in the field never toggle the bit and would be served stale data"),
    ),
    fact(
        "Value out of range",
        "The write is acknowledged, nothing changes, and the status of the next telegram is 02: masters must read back.",
        Assumed("the standard has no refusal; the manual lists 02 for errors"),
    ),
    fact(
        "Broadcast address FF",
        "Writes are done and not answered.",
        Assumed("the standard; the manual does not name it"),
    ),
    fact(
        "Several records in one write",
        "All of them are possible and are done, or none is.",
        Assumed("half a change would leave a meter that nobody asked for"),
    ),
    fact(
        "Change of speed",
        "The answer leaves at the old speed, then the meter changes and stays.",
        Assumed("other makes fall back when nobody speaks at the new speed; the manual says nothing"),
    ),
];

/// What holds for an M-Bus.
const ON_MBUS: &[Fact] = &[
    fact("Line at birth", "9600 Bd, 8 data bits, even parity, 1 stop bit, address 0.", Manual("A2.1")),
    fact(
        "Maker on the M-Bus",
        "INM, sent low byte first as CD 25.",
        Sister("read-outs of PRO380-Mb meters; the manual prints the two bytes the other way round"),
    ),
    fact("Version on the M-Bus", "2, the major version of the software.", Manual("A2.2")),
    fact(
        "Test address FE",
        "Answers reading with the meter's own address; writes to it are ignored.",
        Manual("A2.2"),
    ),
    fact(
        "Choice of a telegram",
        "CI B1 and B4 are acknowledged and the nine records stay; a twin can be served with the choice of the PRO380-Mb.",
        Assumed("seen in use on the sister meter only"),
    ),
];

/// What holds for a tariff input of every meter of this firmware.
pub const TARIFF_INPUT_ALIKE: &[Fact] = &[fact(
    "Tariff input and infrared",
    "A tariff that was written holds until the voltage at the input next comes or goes, and not beyond the supply.",
    Assumed("no source says who wins"),
)];

/// What holds for a tariff input.
const ON_TARIFF_INPUT: &[Fact] = &[fact(
    "Tariff input",
    "230 V AC between 23 and 24 makes tariff 2 count, no voltage tariff 1.",
    Manual("A1.1"),
)];

/// How many facts there are in all parts.
pub const fn count(parts: &[&[Fact]]) -> usize {
    let mut count = 0;
    let mut parts = parts;
    while let [part, rest @ ..] = parts {
        count += part.len();
        parts = rest;
    }
    count
}

const PLAIN_PARTS: &[&[Fact]] = &[FAMILY, ALIKE];
const TARIFF_PARTS: &[&[Fact]] = &[FAMILY, ALIKE, ON_TARIFF_INPUT, TARIFF_INPUT_ALIKE];
const MBUS_PARTS: &[&[Fact]] = &[FAMILY, ALIKE, ON_MBUS, MBUS_ALIKE];
const MODBUS_PARTS: &[&[Fact]] = &[FAMILY, ALIKE, ON_MODBUS, MODBUS_ALIKE];

/// Facts of the PRO1-S.
pub const PLAIN: &[Fact] = &join::<{ count(PLAIN_PARTS) }, _>(PLAIN_PARTS);
/// Facts of the PRO1-2T.
pub const TWO_TARIFFS: &[Fact] = &join::<{ count(TARIFF_PARTS) }, _>(TARIFF_PARTS);
/// Facts of the PRO1-Mb.
pub const MBUS: &[Fact] = &join::<{ count(MBUS_PARTS) }, _>(MBUS_PARTS);
/// Facts of the PRO1-Mod.
pub const MODBUS: &[Fact] = &join::<{ count(MODBUS_PARTS) }, _>(MODBUS_PARTS);

/// What the manual prints about the M-Bus and cannot mean.
pub const MBUS_MISPRINTS: &[Misprint] = &[
    Misprint {
        place: "A2.2, read",
        printed: "Maker 25 CD in the header.",
        meant: "CD 25, low byte first: the other way round decoders read SIE, and read-outs of sister meters say INM.",
    },
    Misprint {
        place: "A2.2, write",
        printed: "Primary address up to 247.",
        meant: "Up to 250, as at the key and in the standard; 247 is the end of Modbus' range.",
    },
];

/// What the manual prints about the Modbus and cannot mean.
pub const MODBUS_MISPRINTS: &[Misprint] = &[Misprint {
    place: "A3.2, write, 6049h",
    printed: "Function 06.",
    meant: "Function 16: the frame printed beside it is one, and a float has two registers.",
}];
