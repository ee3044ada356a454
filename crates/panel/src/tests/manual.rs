//! Every key sequence of the PRO1 manual, chapter 7.

use expect_test::{Expect, expect};

use super::meter::Bench;

fn walk(script: &str, expected: &Expect) -> Bench {
    let mut bench = Bench::new();
    expected.assert_eq(&bench.walk(script));
    bench
}

/// From power-up to Program mode 3, past the password 0000.
const PROGRAM_3: &str = "short 8\n3s\n3s\n3s\n3s\n3s";

fn inside_3(script: &str, expected: &Expect) -> Bench {
    let mut bench = Bench::new();
    bench.walk(PROGRAM_3);
    expected.assert_eq(&bench.walk(script));
    bench
}

#[test]
fn scrolling_time_7_6_2() {
    walk(
        "short 7\n3s\nshort\n5s\nshort 15\nshort\n3s\nwait 2000ms\nwait 1600ms",
        &expect![[r#"
        short 7      PM   2  ----
        3s           MbS Id  ----
        short        RT  10  ----
        5s           RT  10 / RT      ----
        short 15     RT  25 / RT      ----
        short        RT  26 / RT      ----
        3s           OK      ----  Apply(ScrollTime, 26)
        wait 2000ms  RT  26  ----
        wait 1600ms  RT  26  ----
    "#]],
    );
}

#[test]
fn pages_in_and_out_of_the_scroll_7_6_3() {
    let bench = walk(
        "short\n3s\n5s\nwait 1999ms\nwait 1ms\nwait 28000ms\nwait 9999ms\nwait 1ms\nwait 10000ms\nwait 1500ms
         wait 8500ms\nshort\n3s\n5s\nwait 2000ms\nshort 5",
        &expect![[r#"
            short        FW      ----
            3s           V       ----
            5s           OK  in  ----  ScrollChanged
            wait 1999ms  OK  in  ----
            wait 1ms     V       ----
            wait 28000ms FW      ----
            wait 9999ms  FW      ----
            wait 1ms     KWhtot  ----
            wait 10000ms V       ----
            wait 1500ms    230.1  ----
            wait 8500ms  FW      ----
            short        FW      ----
            3s           V       ----
            5s           OK out  ----  ScrollChanged
            wait 2000ms  V       ----
            short 5      FW      ----
        "#]],
    );
    assert_eq!(bench.panel.scroll_list(), 0);
}

#[test]
fn backlight_7_8_1() {
    walk(
        "short 7\n3s\nshort 2\n5s\nshort\nshort\nshort\nshort\n3s\nwait 2000ms",
        &expect![[r#"
        short 7      PM   2  ----
        3s           MbS Id  ----
        short 2      bL btn  ----
        5s           bL btn / bL      ----
        short        bL  on / bL      ----
        short        bL oFF / bL      ----
        short        bL btn / bL      ----
        short        bL  on / bL      ----
        3s           OK      ----  Apply(Backlight, 1)
        wait 2000ms  bL  on  ----
    "#]],
    );
}

#[test]
fn day_counter_7_9_1() {
    walk(
        "short 5\nwait 1500ms\n3s\n3s\n5s\nwait 2000ms\nwait 1500ms",
        &expect![[r#"
        short 5      KWhrES  ----
        wait 1500ms    12.34  ----
        3s             12.34 /         ----
        3s             12.34 /         ----
        5s           OK      ----  Command(ResetTrip)
        wait 2000ms  KWhrES  ----
        wait 1500ms     0.00  ----
    "#]],
    );
}

#[test]
fn s0_rate_with_the_password_7_10_1() {
    let mut bench = Bench::new();
    bench.meter.settings.insert(schema::SettingId::Password, 1209);
    expect![[r#"
        short 8      PM   3  ----
        3s             0000 /    000  ----
        short          1000 /    000  ----
        3s             1000 /   1 00  ----
        short 2        1200 /   1 00  ----
        3s             1200 /   12 0  ----
        3s             1200 /   120   ----
        short 9        1209 /   120   ----
        3s           S0      ----
        wait 1500ms    1000  ----
        5s             1000 /         ----
        short           100 /         ----
        short            10 /         ----
        short             1 /         ----
        short            0.1 /         ----
        short           0.01 /         ----
        short         10000 /         ----
        short          2000 /         ----
        3s           OK      ----  Apply(S0Rate, 200000)
        wait 2000ms  S0      ----
        wait 1500ms    2000  ----
    "#]]
    .assert_eq(&bench.walk(
        "short 8\n3s\nshort\n3s\nshort 2\n3s\n3s\nshort 9\n3s
         wait 1500ms\n5s\nshort\nshort\nshort\nshort\nshort\nshort\nshort\n3s\nwait 2000ms\nwait 1500ms",
    ));
}

#[test]
fn combination_code_7_11_1() {
    inside_3(
        "short\n5s\nshort\nshort\nshort\nshort\nshort\nshort\nshort\n3s\nwait 2000ms",
        &expect![[r#"
        short        C-  01  ----
        5s           C-  01 / C-      ----
        short        C-  04 / C-      ----
        short        C-  05 / C-      ----
        short        C-  06 / C-      ----
        short        C-  09 / C-      ----
        short        C-  10 / C-      ----
        short        C-  01 / C-      ----
        short        C-  04 / C-      ----
        3s           OK      ----  Apply(CombinationCode, 4)
        wait 2000ms  C-  04  ----
    "#]],
    );
}

#[test]
fn modbus_id_7_12_1() {
    walk(
        "short 7\n3s\nwait 1500ms\n5s\nshort\nshort\n3s\nshort 4\n3s\nshort 6\nshort\n3s\nwait 2000ms\nwait 1500ms",
        &expect![[r#"
            short 7      PM   2  ----
            3s           MbS Id  ----
            wait 1500ms     001  ----
            5s              001 /     01  ----
            short           101 /     01  ----
            short           201 /     01  ----
            3s              201 /    2 1  ----
            short 4         241 /    2 1  ----
            3s              241 /    24   ----
            short 6         247 /    24   ----
            short           240 /    24   ----
            3s           OK      ----  Apply(ModbusId, 240)
            wait 2000ms  MbS Id  ----
            wait 1500ms     240  ----
        "#]],
    );
}

#[test]
fn baud_rate_7_13_1() {
    inside_3(
        "short 2\n5s\nshort\nshort\nshort\nshort\nshort\n3s\nwait 2000ms\nwait 1500ms",
        &expect![[r#"
        short 2      M bAud  ----
        5s             9600 /         ----
        short          4800 /         ----
        short          2400 /         ----
        short          1200 /         ----
        short          9600 /         ----
        short          4800 /         ----
        3s           OK      ----  Apply(Baud, 4800)
        wait 2000ms  M bAud  ----
        wait 1500ms    4800  ----
    "#]],
    );
}

#[test]
fn parity_7_14_1() {
    inside_3(
        "short 3\n5s\nshort\nshort\nshort\nshort\n3s\nwait 2000ms\nwait 1500ms",
        &expect![[r#"
        short 3      PArity  ----
        5s           EVEn   /         ----
        short        nonE   /         ----
        short        odd    /         ----
        short        EVEn   /         ----
        short        nonE   /         ----
        3s           OK      ----  Apply(Parity, 2)
        wait 2000ms  PArity  ----
        wait 1500ms  nonE    ----
    "#]],
    );
}

#[test]
fn power_down_counter_7_15_1() {
    inside_3(
        "short 4\nwait 1500ms\n3s\n5s\n5s\n3s\nwait 2000ms\nwait 1500ms",
        &expect![[r#"
        short 4      PWEr C  ----
        wait 1500ms    0012  ----
        3s             0012  ----
        5s             0012 /         ----
        5s             0012 /         ----
        3s           OK      ----  Command(ResetPowerDowns)
        wait 2000ms  PWEr C  ----
        wait 1500ms    0000  ----
    "#]],
    );
}

#[test]
fn password_7_16_1() {
    inside_3(
        "short 5\nwait 1500ms\n5s\nshort\n3s\nshort 10\n3s\nshort 2\n3s\nshort 9\n3s\nwait 2000ms
         short\n3s\n3s\n3s\n3s\n3s\n3s\nshort\n3s\n3s\nshort 2\n3s\nshort 9\n3s",
        &expect![[r#"
            short 5      PASSrd  ----
            wait 1500ms  PASSrd  ----
            5s             0000 /    000  ----
            short          1000 /    000  ----
            3s             1000 /   1 00  ----
            short 10       1000 /   1 00  ----
            3s             1000 /   10 0  ----
            short 2        1020 /   10 0  ----
            3s             1020 /   102   ----
            short 9        1029 /   102   ----
            3s           OK      ----  Apply(Password, 1029)
            wait 2000ms  PASSrd  ----
            short        PM   3  ----
            3s             0000 /    000  ----
            3s             0000 /   0 00  ----
            3s             0000 /   00 0  ----
            3s             0000 /   000   ----
            3s           PM   3  ----
            3s             0000 /    000  ----
            short          1000 /    000  ----
            3s             1000 /   1 00  ----
            3s             1000 /   10 0  ----
            short 2        1020 /   10 0  ----
            3s             1020 /   102   ----
            short 9        1029 /   102   ----
            3s           S0      ----
        "#]],
    );
}
