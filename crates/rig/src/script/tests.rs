//! Scripts: what they say, what they refuse, what they print.

use super::*;
use alloc::string::ToString;
use proptest::prelude::*;

fn error(text: &str) -> String {
    Script::parse(text).unwrap_err().to_string()
}

fn play(text: &str) -> (String, Result<(), Failure>) {
    let mut printed = String::new();
    let result = Player::new(&Script::parse(text).unwrap()).play(&mut |line| {
        printed.push_str(line);
        printed.push('\n');
    });
    (printed, result)
}

#[test]
fn bad_lines_are_named() {
    for (text, wrong) in [
        ("", "line 1: the script names no model: expected model pro1-mod"),
        ("# nothing\n\nshow lcd", "line 3: \"show\" comes before the model: expected model and a name first"),
        ("model pro2", "line 1: there is no model \"pro2\": expected one of pro1-mod"),
        ("model", "line 1: the model has no name"),
        ("model pro1-mod x", "line 1: \"x\" is one word too many: expected the end of the line"),
        ("model pro1-mod\nmodel pro1-mod", "line 2: a second model"),
        ("model pro1-mod\nmbus 10 5B 00", "line 2: pro1-mod has no M-Bus: expected another command"),
        (
            "model pro1-mod\nfault nv all",
            "line 2: the memory has no part \"all\": expected fault nv main, fault nv backup",
        ),
        (
            "model pro1-mod\nfrob",
            "line 2: there is no command \"frob\": expected one of model, load, wiring, freq, ",
        ),
        ("model pro1-mod\nir P1", "line 2: \"\" behind P1: expected the password, such as P1 0000"),
        ("model pro1-mod\nir W1 4010", "line 2: \"4010\" behind W1: expected an address and a value"),
        ("model pro1-mod\nir ACK 5", "line 2: \"5\" behind ACK: expected protocol, speed and mode"),
        ("model pro1-mod\nir B0 1", "line 2: \"1\" behind B0: expected the end of the line"),
        ("model pro1-mod\nir R1 é", "line 2: the character C3 may not stand in data"),
        ("model pro1-mod\nfault wire", "line 2: there is no fault \"wire\": expected fault nv main"),
        ("model pro1-mod\nfault nv main main", "line 2: \"main\" is one word too many"),
        ("model pro1-mod\nload L1 230", "line 2: \"230\" is no part of a load"),
        ("model pro1-mod\nfreq 5Hz", "line 2: \"5Hz\" is out of range: expected 10 to 100 Hz"),
        ("model pro1-mod\nadvance 10", "line 2: \"10\" has no unit: expected a time such as 500ms"),
        ("model pro1-mod\npress left", "line 2: there is no key \"left\": expected key"),
        (
            "model ambition-2pu-ct\npress key",
            "line 2: there is no key \"key\": expected left, middle or right",
        ),
        ("model pro380-mod\npress key", "line 2: there is no key \"key\": expected left, right or both"),
        (
            "model pro380-mod\nexpect lcd \"1F\" dots CRST",
            "line 2: dots \"CRST\": expected the letters CRSTOPZkWVArh and the tariff's digit, with - for each dark one",
        ),
        ("model pro1-mod\nhold key", "line 2: something is missing: expected a time"),
        ("model pro1-mod\nmains", "line 2: mains \"\": expected mains on or mains off"),
        ("model pro1-mod\ntariff-input on", "line 2: pro1-mod has no tariff input"),
        ("model pro1-mod\ns0-supply", "line 2: something is missing: expected off or a voltage such as 24V"),
        ("model pro1-mod\ns0-supply 61V", "line 2: \"61V\" is out of range: expected 0 to 60 V"),
        (
            "model pro1-mod\nexpect s0",
            "line 2: s0 \"\": expected a supply such as 24V or off, then open or closed",
        ),
        ("model pro1-mod\nexpect s0 closed 24V", "line 2: s0 \"24V\": expected a supply"),
        ("model pro1-mod\nexpect s0 24V 5 6", "line 2: \"6\" is one word too many"),
        ("model pro1-mod\nshow", "line 2: nothing is called \"\": expected lcd, view, pixels"),
        ("model pro1-mod\nshow lcd now", "line 2: \"now\" is one word too many"),
        ("model pro1-mod\nshow point energy", "line 2: there is no value \"energy\""),
        (
            "model pro1-mod\nshow registers 4000 126",
            "line 2: \"126\" is no count: expected how many registers, 1 to 125",
        ),
        ("model pro1-mod\nshow registers 40000", "line 2: \"40000\" is no register"),
        ("model pro1-mod\nshow setting password", "line 2: password is secret"),
        ("model pro1-mod\nexpect lcd \"1234567\"", "line 2: \"1234567\" never stands there, "),
        (
            "model pro1-mod\nexpect lcd \"OK\" dots RQ",
            "line 2: dots \"RQ\": expected the letters RQTC, with - for each dark one",
        ),
        ("model pro1-mod\nexpect lcd \"OK", "line 2: a quotation mark is left open"),
        (
            "model pro1-mod\nexpect point power 1.035",
            "line 2: power \"1.035\": expected a number with its unit, such as 1.5kW",
        ),
        (
            "model pro1-mod\nexpect point power 1.0354501kW",
            "line 2: power \"1.0354501kW\" is too fine: expected at most 6 decimals",
        ),
        ("model pro1-mod\nexpect registers 4000", "line 2: 0 words"),
        (
            "model pro1-mod\nexpect setting scroll-time 31",
            "line 2: scroll-time cannot be \"31\": expected 1 to 30 s",
        ),
        ("model pro1-mod\n| a", "line 2: a row of a picture stands alone"),
        (
            "model pro1-mod\nexpect point ct-ratio 500",
            "line 2: ct-ratio \"500\": expected a ratio such as 500/5, or none",
        ),
        ("model pro1-mod\nwiring aron", "line 2: pro1-mod is no meter of three phases"),
        ("model pro1-mod\nset colour 1", "line 2: there is no setting \"colour\""),
        ("model pro1-mod\nmodbus 01 03 4", "line 2: half a byte is missing"),
        ("model pro1-mod\nmodbus xx", "line 2: 'x' is no hexadecimal digit"),
        ("model pro1-mod\nmodbus", "line 2: there are no bytes"),
    ] {
        let found = error(text);
        assert!(found.starts_with(wrong), "{text:?}: {found}");
    }
}

#[test]
fn a_load_is_metered_and_read_over_the_bus() {
    let (printed, result) = play(
        "model pro1-mod            # a comment\n\
         load L1 230V 5A pf 0.9 lag\n\
         freq 50.02Hz\n\
         advance 1h\n\
         show point power\n\
         expect point power 1.035kW\n\
         expect point energy.forward 1.035kWh\n\
         expect point reactive-power 0.50kvar\n\
         expect point frequency 50.02Hz\n\
         modbus 01 03 40 00 00 02\n\
         modbus 02 03 40 00 00 02\n\
         show registers 4000 2\n\
         expect registers 4000 1307 0001\n\
         expect registers 0000 exception 02\n",
    );
    assert_eq!(result, Ok(()));
    assert_eq!(
        printed,
        "point power 1.035kW\n01 03 04 13 07 00 01 8E B6\nno reply\nregisters 4000 1307 0001\n"
    );
}

#[test]
fn what_is_shown_can_be_expected() {
    let shown =
        "lcd|view|pixels|point energy.forward|point status|registers 5000 8|registers 0000|setting parity";
    let mut script = String::from("model pro1-mod\nload L1 230V 5A export\nadvance 2h\n");
    for subject in shown.split('|') {
        script.push_str(&alloc::format!("show {subject}\n"));
    }
    let (printed, result) = play(&script);
    assert_eq!(result, Ok(()));
    let mut claims = String::from("model pro1-mod\nload L1 230V 5A export\nadvance 2h\n");
    let mut picture = false;
    for line in printed.lines() {
        if line.starts_with('|') {
            if !picture {
                claims.push_str("expect pixels\n");
            }
            picture = true;
        } else {
            claims.push_str("expect ");
        }
        claims.push_str(line);
        claims.push('\n');
    }
    assert_eq!(play(&claims).1, Ok(()), "{claims}");
}

#[test]
fn a_file_of_another_editor_is_read() {
    let (printed, result) = play("\u{FEFF}model pro1-mod\r\nshow setting scroll-time\r\n");
    assert_eq!((printed.as_str(), result), ("setting scroll-time 10\n", Ok(())));
}

#[test]
fn a_failure_has_both_sides() {
    let (_, result) = play("model pro1-mod\n\nexpect setting scroll-time 15\n");
    assert_eq!(
        result.unwrap_err().to_string(),
        "line 3: expect setting scroll-time 15\nexpected: setting scroll-time 15\nfound: setting scroll-time 10"
    );
    let (_, result) = play("model pro1-mod\nset serial 13070009\n");
    let failure = result.unwrap_err();
    assert_eq!(failure.expected, "the meter takes serial");
    assert_eq!(failure.found, "serial can be changed through the infrared window only");
    let (_, result) = play("model pro1-mod\nexpect lcd \"OK\" dots ----\n");
    assert_eq!(result.unwrap_err().expected, "lcd \"OK\" dots ----");
    let (_, result) = play("model pro1-mod\nexpect pixels\n| x\n");
    assert!(result.unwrap_err().to_string().contains("\nexpected: | x\nfound:\n    |"));
}

#[test]
fn without_supply_nothing_is_there() {
    let (printed, result) = play(
        "model pro1-mod\nmains off\nshow lcd\nshow view\nshow point power\nmodbus 01 03 40 00 00 02\n\
         mains on\nexpect point power-downs 1\n",
    );
    assert_eq!(result, Ok(()));
    let (_, refused) = play("model pro1-mod\nmains off\nset scroll-time 15\n");
    assert_eq!(refused.unwrap_err().found, "no supply");
    assert_eq!(
        printed,
        "lcd \"      \" dots ----\nview \"The display is dark\"\npoint power no supply\nno reply\n"
    );
}

#[test]
fn the_line_follows_a_change_of_its_settings() {
    let (printed, result) = play(
        "model pro1-mod\nset baud 4800\nset modbus-id 7\nmodbus 07 03 40 03 00 01\n\
         modbus 07 06 40 03 00 09\nmodbus 09 03 40 03 00 01\n",
    );
    assert_eq!(result, Ok(()));
    let replies: Vec<&str> = printed.lines().map(|line| line.get(..14).unwrap_or(line)).collect();
    assert_eq!(replies, ["07 03 02 00 07", "07 06 40 03 00", "09 03 02 00 09"]);
}

#[test]
fn the_pulse_output_needs_a_supply() {
    let (printed, result) = play(
        "model pro1-mod\nload L1 3.6kW\nadvance 10.5s\nexpect s0 off open 0\ns0-supply 24V\nadvance 9.516s\nshow s0\n\
         expect s0 closed\nadvance 16ms\nexpect s0 24V open 10\ns0-supply 3V\nadvance 1min\nexpect s0 3V 10\n\
         s0-supply 30.5V\ns0-supply off\nshow s0\nexpect s0 11\n",
    );
    assert_eq!(
        printed,
        "s0 24V closed 10\n3V is too little for the pulse output: it needs 5V to 27V DC.\n\
         30500mV is too much for the pulse output and may destroy it: it stands 5V to 27V DC.\ns0 off open 10\n"
    );
    let failure = result.unwrap_err();
    assert_eq!((failure.expected.as_str(), failure.found.as_str()), ("s0 11", "s0 off open 10"));
}

proptest! {
    #[test]
    fn no_text_panics(text in "(model pro1-mod\n)?((load|show|expect|modbus|set|hold) )?\\PC{0,30}") {
        let _ = Script::parse(&text);
    }
}
