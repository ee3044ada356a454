//! What stands in no row: identity, times, pulses, behaviour on the buses, and what the manual misprints.

use schema::Citation::{Assumed, Capture, Manual, Sister};
use schema::{Citation, Fact, Misprint};

const fn fact(label: &'static str, doc: &'static str, source: Citation) -> Fact {
    Fact { label, doc, source }
}

/// Facts of the 2PU CT alone.
pub const CT: &[Fact] = &[
    fact(
        "Serial number",
        "A twin is born as 0512 2207 0003: the product prefix 0512, then year 22, week 07 and number 0003.",
        Assumed("no source gives the prefix of this product; those of its neighbours run from 0510 to 0516"),
    ),
    fact("Ratings", "3 × 230/400 V, 50 or 60 Hz, current transformers to 1 A or 5 A.", Manual("chapter 4")),
    fact(
        "Starting current",
        "Below 2 mA at its terminals nothing is counted and nothing is shown.",
        Assumed("EN 50470-3 asks for 0.2 % of the rated current of meters behind transformers, here 1 A"),
    ),
    fact(
        "Ratio of the current transformers",
        "5/5 at birth. Each change, seven in all, keeps the energies of the second part of the display with the ratio that \
         ended, and they start at zero; those of the first keep counting at 5/5.",
        Manual("§7.6.17"),
    ),
    fact(
        "Eighth change of the ratio",
        "Refused with exception 04; nothing changes.",
        Assumed("the manual says seven at most and not what the eighth does"),
    ),
    fact(
        "Pulses and the ratio",
        "A pulse stands for energy on the primary side.",
        Assumed("the counters count there, and the rate is given for their kilowatt-hours"),
    ),
];

/// Facts of the 4PU alone.
pub const PU: &[Fact] = &[fact(
    "Order numbers",
    "Sold as 879-3000 and 879-3001.",
    Sister("WAGO operating instructions 4PU/4PS/2PU CT"),
)];

/// Facts of the 4PS alone.
pub const PS: &[Fact] = &[
    fact(
        "Order numbers",
        "Sold as 879-3020 and 879-3021.",
        Sister("WAGO operating instructions 4PU/4PS/2PU CT"),
    ),
    fact(
        "Version that was seen",
        "One 4PS says software 1.34 and hardware 1.04.",
        Capture("identification that a charger tells of its built-in 4PS"),
    ),
];

/// Facts of the 4PU and the 4PS.
pub const DIRECT: &[Fact] = &[
    fact(
        "Serial number",
        "A twin is born as 0511 2207 0003: the product prefix 0511, then year 22, week 07 and number 0003.",
        Assumed(
            "no source gives the prefix of these products; those of their neighbours run from 0510 to 0516",
        ),
    ),
    fact(
        "Manual",
        "Sections are those of the manual of the 2PU CT, whose list of registers names all three by their codes.",
        Assumed(
            "the operating instructions of 4PU and 4PS have the same appendices; their chapters are not at hand",
        ),
    ),
    fact(
        "4PU and 4PS",
        "Alike but for their codes and order numbers.",
        Assumed(
            "instructions and list of registers tell them apart by nothing else, and no source at hand says what S and \
             U stand for",
        ),
    ),
    fact(
        "Software",
        "1.02 with the checksums of the 2PU CT, hardware 1.00.",
        Assumed("no other pair of version and checksums is public"),
    ),
    fact(
        "Width",
        "Four modules, 72 mm.",
        Assumed("by its name: the 2PU CT, which has two, is 36 mm wide (§5.6)"),
    ),
    fact(
        "Ratings",
        "3 × 230/400 V, 50 or 60 Hz, 5 (65) A, connected directly.",
        Assumed(
            "programs that read the meter list 65 A; the reference current is the PRO1's, the rest the 2PU CT's",
        ),
    ),
    fact(
        "Current transformers",
        "None: 400Ch, 401Fh and 4020h read 0, and no page, record or row of the menu tells of a ratio or its history.",
        Capture("a 4PU read through its TCP module"),
    ),
    fact(
        "Terminals",
        "4 to 11 are those of the 2PU CT; each phase goes in above and out below, beside one neutral.",
        Assumed("instructions of 4PU and 4PS give 7, 8 and 9 for the buses; the others are not at hand"),
    ),
    fact(
        "Starting current",
        "Below 20 mA nothing is counted and nothing is shown.",
        Assumed(
            "EN 50470-3 asks for 0.4 % of the reference current of class B meters that are connected directly",
        ),
    ),
    fact(
        "Flash of the test LED",
        "4 ms.",
        Assumed("at three times 65 A it flashes 125 times a second, and has to go dark between"),
    ),
];

/// Facts of the whole family.
pub const FAMILY: &[Fact] = &[
    fact(
        "Checksums",
        "2100 1416 of the part that measures, 5962 9173 of the rest; they belong to software 1.02, shown as 102.",
        Manual("§5.9"),
    ),
    fact(
        "Protocol and hardware version",
        "3.20 and 1.00.",
        Assumed("the register map is that of protocol 3.20 and more; no image of this meter is public"),
    ),
    fact("Rollover", "A counter that reaches 1 000 000 kWh starts at 0 again.", Manual("§7.2")),
    fact(
        "Resolution",
        "10 mV, 1 mA, 1 W, 1 mHz, 1 Wh; a hundredth of a power factor.",
        Manual("A2.2, whose records have these steps"),
    ),
    fact(
        "Sums of the phases",
        "Active and reactive power with their signs, apparent power as it is; the power factor is that of the two sums.",
        Capture("register image of a PRO380-Mod"),
    ),
    fact(
        "Resettable counter",
        "It follows the combination code, and each phase has one of its own; one command sets all of them to zero.",
        Manual("§7.6.13"),
    ),
    fact(
        "Tariffs 3 and 4",
        "Once one of them was chosen, the display shows their energies for ever.",
        Manual("A1.2"),
    ),
    fact(
        "Tariff input",
        "Voltage between 10 and 11 makes tariff 2 count; without it the tariff counts that was set.",
        Assumed(
            "the manual has the terminals switch between 1 and 2 and the software choose 3 and 4, not who wins",
        ),
    ),
    fact("Test LED", "10 000 flashes for each kilowatt-hour at the terminals.", Manual("chapter 4")),
    fact(
        "Pulse outputs",
        "4 and 6 against 5, 5 to 27 V DC from outside, at most 100 mA each.",
        Manual("§5.8, §7.6.3"),
    ),
    fact(
        "What the outputs show",
        "Active and reactive energy, both ways, or forward and reverse active energy; nothing that the combination code \
         leaves out: no reverse energy under code 1, no forward energy under code 2.",
        Sister("PRO380 manual v2.03, p. 16"),
    ),
    fact(
        "Pulse width",
        "As chosen, 2 to 99 ms; where pulses come so fast that it and a pause as long do not fit, as long as its pause, and \
         2 ms at least.",
        Assumed("the manual says only that the width depends on the rate"),
    ),
    fact(
        "Errors",
        "A bit each, told together as one byte in hexadecimal. The meter stops where both copies of the energies are lost or \
         the memory cannot be initialised, and shows the byte then; the others stand in register 4015h and in the status of \
         the M-Bus until the next power-up.",
        Manual("§8.1"),
    ),
    fact("Modbus at birth", "9600 Bd, 8 data bits, even parity, 1 stop bit, address 1.", Manual("A3.1")),
    fact("M-Bus at birth", "2400 Bd, 8 data bits, even parity, 1 stop bit, address 0.", Manual("A2.1")),
    fact(
        "Reserved registers",
        "4025h and 4027h to 4031h answer 0 and cannot be written.",
        Assumed("the list gives them a length, and masters read across them"),
    ),
    fact("Password", "No register and no record shows it; only the keys change it.", Manual("§7.6.1")),
    fact(
        "Address 0",
        "Reads of address 0 on the Modbus are answered with the meter's own address; writes are done and not answered.",
        Sister("Modbus user manual of PRO1-Mod and PRO380-Mod, example 1"),
    ),
    fact(
        "Addresses without register",
        "Exception 02, also for a write to what is read only; exception 03 for a value out of range or half of a value.",
        Assumed("the manual shows good requests only"),
    ),
    fact(
        "Change of address, speed or parity",
        "The answer leaves at the old setting, then the meter changes.",
        Assumed("masters wait for the answer where they asked"),
    ),
    fact(
        "Both buses",
        "Modbus and M-Bus are spoken at the same time, each with an address and a speed of its own.",
        Manual("§7.6.6 to §7.6.10"),
    ),
    fact("Telegram", "All records stand in one telegram; another cannot be chosen.", Manual("A2.2")),
    fact(
        "Maker on the M-Bus",
        "INM, sent low byte first as CD 25; version 1, the major version of the software.",
        Manual("A2.2"),
    ),
    fact(
        "Time to answer",
        "20 ms after the silence that ends a request on the Modbus, 33 bit times on the M-Bus.",
        Assumed("no source gives either; settable where a twin is served"),
    ),
];

/// What the manual prints and cannot mean.
pub const MISPRINTS: &[Misprint] = &[
    Misprint {
        place: "§7.6, password",
        printed: "Confirm each digit (1-9).",
        meant: "0 to 9: the default password is 0000.",
    },
    Misprint {
        place: "§7.6.7, A3.1, Appendix 4",
        printed: "56.700 Bd.",
        meant: "57600 Bd, as in §5.5 and in the list of registers; no line has 56700 Bd.",
    },
    Misprint {
        place: "§7.6.15",
        printed: "Reverse is -12 under codes 1, 2 and 4, and 12 under code 3.",
        meant: "12 kWh, which the display of the sister meter marks: registers and records hold positive energies.",
    },
    Misprint {
        place: "§8, no pulse output",
        printed: "Pins 18 to 21.",
        meant: "4, 5 and 6, as in §5.8; 18 to 21 are those of another meter.",
    },
    Misprint {
        place: "A2.1",
        printed: "The secondary address can be changed through IR.",
        meant: "Through the M-Bus: this meter has no infrared window.",
    },
    Misprint {
        place: "A2.2, read, CT rate",
        printed: "DIF 0A with the data 05 95 99.",
        meant: "DIF 0B: the data are three bytes, and no decoder reads the telegram otherwise.",
    },
    Misprint {
        place: "A2.2, read, example",
        printed: "Version 01 in one table, 02 as the medium of another serial number.",
        meant: "Version 1 and medium 2, electricity, in every telegram.",
    },
    Misprint { place: "A2.2, write, tariff", printed: "T = 04.", meant: "T4 = 04." },
    Misprint {
        place: "A2.2, selection",
        printed: "59269903 beside the input 01 00 07 13.",
        meant: "13070001: the low byte goes first.",
    },
    Misprint {
        place: "A3.1",
        printed: "The PRO380-Mod can be connected.",
        meant: "This meter: the sentence is the sister manual's.",
    },
    Misprint {
        place: "A3.1",
        printed: "Speeds without 1200 and 19200 in one place, without 300 and 600 in another.",
        meant: "All ten of the list at 4004h.",
    },
    Misprint {
        place: "A3.2, 4021h, 4022h",
        printed: "Signed, HEX and Signed again.",
        meant: "Decimal digits at 4021h, as its example 0030 for 30 ms has them; a number at 4022h.",
    },
    Misprint {
        place: "A3.2, 401Fh",
        printed: "9995 005, and no function in the table of writes.",
        meant: "9995 0005 by function 16, as in the frame beside it.",
    },
    Misprint { place: "A3.2, from 6063h", printed: "Reactive energies in kWh.", meant: "kvarh." },
    Misprint {
        place: "A3.2, from 6077h",
        printed: "Function IE.",
        meant: "Function 03: the rows continue those above.",
    },
    Misprint {
        place: "A3.2, write, 6049h",
        printed: "Length 1.",
        meant: "Two registers, as in the frame beside it.",
    },
    Misprint {
        place: "Appendix 4",
        printed: "Combination code at birth: Forward - reverse (10); pulse type: Forward & Reverse; M-Bus ID: 1.",
        meant: "Code 1, active & reactive (§7.6.4) and 0 (§7.6.9): that code would lock every meter for ever.",
    },
];
