//! What stands in no row: identity, key grammar, behaviour on the bus. What is alike on the one-phase meters is theirs.

use schema::Citation::{Assumed, Capture, Manual, Sister};
use schema::{Fact, Misprint};

use crate::join;
use crate::pro1::facts::{ALIKE, MBUS_ALIKE, MODBUS_ALIKE, TARIFF_INPUT_ALIKE, count, fact};

/// Facts of every member.
const FAMILY: &[Fact] = &[
    // What it is.
    fact(
        "Serial number",
        "A twin is born as 0257 1307 0001: the product prefix 0257, then year 13, week 07 and number 0001.",
        Assumed("the prefix is the one that the maker's own program shows for this meter; the rest is ours"),
    ),
    fact(
        "Versions",
        "Protocol 3.20, software 2.18, hardware 1.32, checksum 0D01 2D35.",
        Capture("register image of a PRO380-Mod"),
    ),
    fact("Ratings", "3 × 230/400 V, 50 Hz, 0.25-5 (100) A, accuracy class B.", Manual("front plate; §5")),
    // Measuring.
    fact(
        "Signs",
        "Currents are negative for export, as active powers are; reactive powers have a sign of their own, and total power \
         factor is that of the summed powers.",
        Capture("register image of a PRO380-Mod"),
    ),
    fact(
        "Phases and totals",
        "Each phase counts by itself and the meter shows their sum, both ways at once, but under code 10.",
        Manual("§6.10"),
    ),
    fact(
        "Code 6",
        "Reverse less forward, by magnitude, is negative where forward is the larger.",
        Assumed("an example of the manual adds the two, which its words do not do"),
    ),
    fact("Code 10", "Once chosen it cannot be left: the setting refuses every other code.", Manual("p. 16")),
    fact(
        "Code 11",
        "Counts as code 9; each pulse output gives pulses for what is left of the phases when they are netted. A pulse is due \
         whenever the difference of what was counted both ways passes a multiple of what the rate gives for one.",
        Assumed("the manual's example shows how many pulses come, not when"),
    ),
    fact(
        "Starting current",
        "Below 20 mA, 0.4 % of the basic current, nothing is counted and nothing is shown.",
        Assumed("the class gives 0.4 % as the starting current, not what happens below it"),
    ),
    fact(
        "Decimals of energies",
        "The display shows 999999.99 and starts at 0 again behind it, as the registers do.",
        Manual("§6.4"),
    ),
    fact(
        "Negative totals",
        "A negative total has a minus sign in the first place and one decimal.",
        Assumed("the manual's examples show the sign and no decimals"),
    ),
    fact("Test lamp", "10 000 flashes for each kilowatt-hour of active energy.", Manual("§6.4")),
    fact("Second lamp", "A lamp of its own flashes for reactive energy, both ways.", Manual("§6.4")),
    fact(
        "Flashes of the second lamp",
        "10 000 for each kilovar-hour, as wide as those of the first; in the drawing it stands below that one.",
        Assumed("the manual names two lamps, for active and reactive energy, and one rate"),
    ),
    fact(
        "Width of a flash",
        "2 ms, so that flashes stay apart at the largest power.",
        Assumed("three times 100 A at 253 V make a flash every 4.7 ms; no source gives the width"),
    ),
    fact(
        "Pulse width",
        "At 1000 imp/kWh and more 40 ms up to 2.5 kW, 20 ms up to 10 kW, 10 ms up to 20 kW, 5 ms up to 40 kW, 2.5 ms above; \
         at 100 imp/kWh 40 ms up to 50 kW, 20 ms above; 40 ms at slower rates.",
        Manual("p. 7"),
    ),
    fact(
        "Pulse outputs",
        "The first gives pulses for forward energy, the second for reverse energy, as far as the code counts them.",
        Manual("p. 16"),
    ),
    fact(
        "Pulses that come too fast",
        "After each pulse an output rests for as long as the pulse was. What is due meanwhile waits and comes later, one by \
         one. So at 10 000 imp/kWh pulses come late between 9 and 10, 18 and 20, 36 and 40, and beyond 72 kW; at 2000 imp/kWh \
         and slower they never do.",
        Assumed("the table of widths leaves four fifths of a pulse there, and no source tells the pause"),
    ),
    fact(
        "Supply of the pulse outputs",
        "5 to 27 V DC from outside, at most 100 mA. Without it the outputs give nothing; the meter counts on.",
        Sister("PRO1 series manual v2.18, §7.10, §8"),
    ),
    // Display and keys.
    fact(
        "Glass",
        "Eight places with seven segments, points after the fifth, sixth and seventh; below them telephone, REV, Σ, T with a \
         digit, a contactor, COSΦ, Hz and the letters k W A var h.",
        Manual("p. 12"),
    ),
    fact(
        "W and V",
        "W is drawn as two V; the right one alone is V, and with A it is VA.",
        Assumed("the figure of all segments shows the two V; how they are used is our reading"),
    ),
    fact(
        "Tariff on the display",
        "T and its digit stand where the value is that of a tariff.",
        Assumed("figures of other pages show them dark"),
    ),
    fact(
        "Contactor",
        "The sign stays dark.",
        Assumed("the meter switches nothing, and no source says when it is lit"),
    ),
    fact(
        "Signs on the display",
        "Active power and current stand without a sign, REV says reverse; reverse energies stand without a sign under REV.",
        Assumed("tables of the manual print reverse energies with a minus sign, its glass has a word for it"),
    ),
    fact("Pages", "69 in one list; those of the other bus are left out.", Manual("p. 13")),
    fact(
        "Step through the pages",
        "The right key goes to the next page of the list, the left key to the one before; the list wraps.",
        Assumed("the manual changes settings on pages that do not scroll, so the keys must reach every page"),
    ),
    fact(
        "Automatic scroll",
        "Current direction and total active energy; the directions stand first at power-up.",
        Manual("short manual v1.06, p. 2"),
    ),
    fact(
        "Other pages in the scroll",
        "The maker's infrared program chooses them; the keys do not, and no register does.",
        Manual("p. 13; short manual v1.06, p. 2"),
    ),
    fact(
        "Change a setting",
        "Both keys held for 5 s begin, the right key steps on, the left one back, both keys held for 5 s store.",
        Manual("short manual v1.06, p. 2"),
    ),
    fact("Change left alone", "10 s without a press store the value in hand.", Manual("§6.6.2, §6.8")),
    fact(
        "Change begins",
        "The display goes dark and comes back twice, and its light with it.",
        Manual("§6.6.2, §6.8: the light; short manual v1.06, p. 2: the display"),
    ),
    fact(
        "Value in hand",
        "It blinks as long as it is changed, once the display has blinked twice.",
        Assumed("the manual has the display blink twice at the beginning and says nothing of the rest"),
    ),
    fact(
        "Settings at the keys",
        "Pulse rate, combination code, bus address, scroll time and backlight; each value comes after the one before, the \
         first after the last.",
        Assumed("the manuals walk through address, scroll time and backlight; the rest goes the same way"),
    ),
    fact("Resettable counter", "The right key held for 5 s sets it to zero.", Manual("§6.8.5")),
    fact(
        "Key",
        "It acts when it is let go; at 5 s it acts at once. Both keys count from when the second one goes down.",
        Assumed("the manual gives the time, not the moment"),
    ),
    fact(
        "Page left alone",
        "30 s without a press lead back to the automatic scroll.",
        Assumed("no source gives a time"),
    ),
    fact(
        "Errors",
        "Err 01 is the memory, Err 02 the program, in place of the automatic scroll; the status word tells them too.",
        Assumed("the manual tells them in the status word alone; the glyphs are the one-phase meter's"),
    ),
    // Infrared.
    fact(
        "Sign-on at the window",
        "Mode C: 300 Bd with 7 data bits and even parity, the meter proposes 9600 Bd, answers after 200 ms and names itself \
         /INM5PRO380-2.18.",
        Assumed(
            "the manual names the standard and no mode; no capture is public; the maker's letters are INM",
        ),
    ),
    // Tariff input.
    fact(
        "Tariff input",
        "230 V AC between 24 and 25 makes tariff 2 count, no voltage tariff 1.",
        Manual("appendix PRO380, tariff function"),
    ),
    // Drawing.
    fact(
        "Terminals",
        "Drawn with the phases from the supply and the pulse outputs 18 to 21 above, the phases to the load and 22 to 25 below.",
        Assumed("22 to 25 are the manual's numbers; the others and all places are our own"),
    ),
    fact(
        "Front",
        "Places of keys, lamp and infrared window are our own.",
        Assumed("drawn freely after a photo"),
    ),
];

/// What holds for a Modbus.
const ON_MODBUS: &[Fact] = &[
    fact(
        "Line at birth",
        "9600 Bd, 8 data bits, even parity, 1 stop bit, address 1.",
        Capture("register image of a PRO380-Mod"),
    ),
    fact(
        "Termination",
        "120 Ω, 0.25 W across 22 and 23 at the meter when it hangs on a converter.",
        Manual("appendix PRO380-Mod"),
    ),
    fact(
        "Writing what cannot be written",
        "Exception 02 for a register that is read only, exception 03 for a value out of range or half of a float; nothing \
         changes.",
        Assumed("the manual shows good requests only"),
    ),
    fact(
        "Older map",
        "The registers 1000h to 32A0h of firmware before protocol 3 still answer, one value a request, at its full length; \
         they cannot be written.",
        Assumed("a meter with new firmware was identified through it; the rows are the register table's"),
    ),
    fact(
        "Which of 22 and 23 is A",
        "22 is B, 23 is A.",
        Assumed("the manual prints B A beside the pair 22, 23"),
    ),
];

/// What holds for an M-Bus.
const ON_MBUS: &[Fact] = &[
    fact(
        "Line at birth",
        "2400 Bd, 8 data bits, even parity, 1 stop bit, address 0.",
        Capture("set-up of a PRO380-Mb as it was delivered"),
    ),
    fact(
        "Maker on the M-Bus",
        "INM, sent low byte first as CD 25.",
        Capture("read-outs of PRO380-Mb meters"),
    ),
    fact(
        "Version on the M-Bus",
        "2, the major version of the software.",
        Sister("PRO1 series manual v2.18, A2.2"),
    ),
    fact(
        "Test address FE",
        "Answers reading with the meter's own address; writes to it are ignored.",
        Sister("PRO1 series manual v2.18, A2.2"),
    ),
    fact(
        "Choice of a telegram",
        "An empty SND_UD with CI B1 chooses the energies, with B4 the present readings; what was chosen holds until the next \
         choice, an application reset or the end of the supply.",
        Assumed("a script in use asks so before each read-out; how long the choice holds is our reading"),
    ),
];

const MBUS_PARTS: &[&[Fact]] = &[FAMILY, ALIKE, TARIFF_INPUT_ALIKE, ON_MBUS, MBUS_ALIKE];
const MODBUS_PARTS: &[&[Fact]] = &[FAMILY, ALIKE, TARIFF_INPUT_ALIKE, ON_MODBUS, MODBUS_ALIKE];

/// Facts of the PRO380-Mb.
pub const MBUS: &[Fact] = &join::<{ count(MBUS_PARTS) }, _>(MBUS_PARTS);
/// Facts of the PRO380-Mod.
pub const MODBUS: &[Fact] = &join::<{ count(MODBUS_PARTS) }, _>(MODBUS_PARTS);

/// What the manual prints and cannot mean.
pub const MISPRINTS: &[Misprint] = &[Misprint {
    place: "p. 16, code 6",
    printed: "A total of -22 for 10 forward and 12 reverse.",
    meant: "Reverse less forward, which is 2: the words beside it say so.",
}];
