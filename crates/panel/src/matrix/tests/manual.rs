//! Every key sequence of the Ambition manual, chapter 7.

use expect_test::{Expect, expect};
use schema::{SettingId, Source};
use units::{Point, StateOf, Tariff};

use super::bench::Bench;
use super::model::{history, state};

/// From the readings into the menu, past the password 0000, with the middle key held once.
const MENU: &str = "hold\n>*\n****";

fn walk(script: &str, expected: &Expect) -> Bench {
    let mut bench = Bench::new();
    expected.assert_eq(&bench.walk(script));
    bench
}

fn in_the_menu(script: &str, expected: &Expect) -> Bench {
    let mut bench = Bench::new();
    bench.walk(MENU);
    expected.assert_eq(&bench.walk(script));
    bench
}

#[test]
fn header_and_registers_7_1_7_2() {
    let mut bench = Bench::new();
    let mut all = String::new();
    for _ in 0..3 {
        all += &(bench.glass() + "\n");
        bench.wait(10_000);
    }
    bench.meter.settings.insert(SettingId::Tariff, 3);
    bench.meter.set(state(StateOf::HighTariffs), 1);
    for _ in 0..3 {
        all += &(bench.glass() + "\n");
        bench.wait(10_000);
    }
    expect![[r#"
        SW 102 | SN 051222070003 | CT 0005/5 A | T1 | 1.8.1 004812.736 kWh | 1.8.2 001270.095 kWh | Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
        SW 102 | CRC 21001416 | CT 0005/5 A | T1 | 1.8.1 004812.736 kWh | 1.8.2 001270.095 kWh | Frequency 14.7.0 | 50.02 Hz | [Total] L1 L2 L3
        SW 102 | SN 051222070003 | CT 0005/5 A | T1 | 1.8.1 004812.736 kWh | 1.8.2 001270.095 kWh | Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
        SW 102 | CRC 21001416 | CT 0005/5 A | T3 | 1.8.3 000003.000 kWh | 1.8.4 000000.000 kWh | Frequency 14.7.0 | 50.02 Hz | [Total] L1 L2 L3
        SW 102 | SN 051222070003 | CT 0005/5 A | T3 | 1.8.1 004812.736 kWh | 1.8.2 001270.095 kWh | Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
        SW 102 | CRC 21001416 | CT 0005/5 A | T3 | 1.8.3 000003.000 kWh | 1.8.4 000000.000 kWh | Frequency 14.7.0 | 50.02 Hz | [Total] L1 L2 L3
    "#]].assert_eq(&all);
}

#[test]
fn pages_and_readings_7_3() {
    walk(
        ">\n*\n*\n*\n>\n>\n>\n<\nwait 5000ms\nwait 5000ms\nwait 20000ms\nwait 5000ms\nwait 5000ms\nwait 5000ms",
        &expect![[r#"
            >            Direction | Forward | Total [L1] L2 L3
            *            Active power 21.7.0 | +1500.00 kW | Total [L1] L2 L3
            *            Voltage 32.7.0 | 230.1 V | Total [L1] L2 L3
            *            Direction | Forward | Total [L1] L2 L3
            >            Direction | Reverse | Total L1 [L2] L3
            >            Direction | None | Total L1 L2 [L3]
            >            Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
            <            Direction | None | Total L1 L2 [L3]
            wait 5000ms  Active power 61.7.0 | +0.000 kW | Total L1 L2 [L3]
            wait 5000ms  Voltage 72.7.0 | 0.0 V | Total L1 L2 [L3]
            wait 20000ms Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
            wait 5000ms  Active power 1.7.0 | +1384.20 kW | L1 +1500.00 kW L2 -0.020 kW L3 +0.000 kW | [Total] L1 L2 L3
            wait 5000ms  Frequency 14.7.0 | 50.02 Hz | [Total] L1 L2 L3
            wait 5000ms  Voltage | L1 230.1 V L2 230.0 V L3 0.0 V | [Total] L1 L2 L3
        "#]],
    );
}

#[test]
fn settings_mode_7_4_and_its_time_out_7_6() {
    walk(
        "hold\n>\n>\nwait 9999ms\nwait 1ms\nhold\nhold",
        &expect![[r#"
        hold         > Bluetooth |   Settings
        >              Bluetooth | > Settings
        >            > Bluetooth |   Settings
        wait 9999ms  > Bluetooth |   Settings
        wait 1ms     Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
        hold         > Bluetooth |   Settings
        hold         Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
    "#]],
    );
}

#[test]
fn bluetooth_7_5() {
    let mut bench = walk(
        "hold\n*\nwait 60000ms\n*\nwait 59999ms\nwait 1ms\nhold\n*\n<\nhold\n*\nwait 2000ms",
        &expect![[r#"
            hold         > Bluetooth |   Settings
            *            Bluetooth | IM-051222070003 | Scan with the app
            wait 60000ms Bluetooth | IM-051222070003 | Scan with the app
            *            Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
            wait 59999ms Voltage | L1 230.1 V L2 230.0 V L3 0.0 V | [Total] L1 L2 L3
            wait 1ms     Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
            hold         > Bluetooth |   Settings
            *            Bluetooth | IM-051222070003 | Scan with the app
            <            Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
            hold         > Bluetooth |   Settings
            *            Bluetooth | Switched off
            wait 2000ms  > Bluetooth |   Settings
        "#]],
    );
    assert!(!bench.panel.radio_on(bench.now));
    expect![[r#"
        *            Bluetooth | IM-051222070003 | Scan with the app
        wait 119999ms Bluetooth | IM-051222070003 | Scan with the app
        wait 1ms     Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
    "#]]
    .assert_eq(&bench.walk("*\nwait 119999ms\nwait 1ms"));
}

#[test]
fn password_asked_7_6() {
    let bench = walk(
        "hold\n>\n*\n>\n*\n<<\n*\n*\n*\nwait 2000ms\n*\n****",
        &expect![[r#"
        hold         > Bluetooth |   Settings
        >              Bluetooth | > Settings
        *            Settings | Enter password | [0]___
        >            Settings | Enter password | [1]___
        *            Settings | Enter password | *[0]__
        <<           Settings | Enter password | *[8]__
        *            Settings | Enter password | **[0]_
        *            Settings | Enter password | ***[0]
        *            Settings | Wrong password
        wait 2000ms    Bluetooth | > Settings
        *            Settings | Enter password | [0]___
        ****         Settings 1/8 | > Password ****
    "#]],
    );
    assert!(bench.log.is_empty());
}

#[test]
fn password_changed_7_6_1() {
    in_the_menu(
        "*\n>*\n>>*\n*\n<*\nwait 2000ms\nwait 30000ms\nhold\n>*\n****",
        &expect![[r#"
        *            Password | [0]000
        >*           Password | 1[0]00
        >>*          Password | 12[0]0
        *            Password | 120[0]
        <*           Password | OK  Apply(Password, 1209)
        wait 2000ms  Settings 1/8 | > Password ****
        wait 30000ms Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
        hold         > Bluetooth |   Settings
        >*           Settings | Enter password | [0]___
        ****         Settings | Wrong password
    "#]],
    );
}

#[test]
fn tariff_7_6_2() {
    in_the_menu(
        ">*\n>\n>\n>\n<\n*\nwait 2000ms",
        &expect![[r#"
        >*           Tariff | [T1] 1/3
        >            Tariff | [T2] 2/3
        >            Tariff | [T3] 3/3
        >            Tariff | [T1] 1/3
        <            Tariff | [T3] 3/3
        *            Tariff | OK  Apply(Tariff, 3)
        wait 2000ms  Settings 2/8 | > Tariff T3
    "#]],
    );
}

#[test]
fn modbus_id_7_6_6() {
    in_the_menu(
        ">>*\n>>*\n>>>>*\n>>>>>>*\nwait 2000ms\n*\n<\n<*\n<*\n<*",
        &expect![[r#"
        >>*          Modbus ID | [0]01
        >>*          Modbus ID | 2[0]1
        >>>>*        Modbus ID | 24[1]
        >>>>>>*      Modbus ID | OK  Apply(ModbusId, 247)
        wait 2000ms  Settings 3/8 | > Modbus ID 247
        *            Modbus ID | [2]47
        <            Modbus ID | [1]47
        <*           Modbus ID | 0[4]7
        <*           Modbus ID | 03[7]
        <*           Modbus ID | OK  Apply(ModbusId, 36)
    "#]],
    );
}

#[test]
fn backlight_7_6_11() {
    in_the_menu(
        ">>>*\n>\n*\nwait 2000ms",
        &expect![[r#"
        >>>*         Backlight | [button] 1/3
        >            Backlight | [on] 2/3
        *            Backlight | OK  Apply(Backlight, 1)
        wait 2000ms  Settings 4/8 | > Backlight on
    "#]],
    );
}

#[test]
fn counters_7_6_12_7_6_13() {
    in_the_menu(
        ">>>>*\n*\n*\n>\n*\nwait 2000ms\n>*\n<\n*\nwait 2000ms",
        &expect![[r#"
        >>>>*        Power-downs | 12 | Set to 0? | [no] yes
        *            Settings 5/8 | > Power-downs 12
        *            Power-downs | 12 | Set to 0? | [no] yes
        >            Power-downs | 12 | Set to 0? | no [yes]
        *            Power-downs | OK  Command(ResetPowerDowns)
        wait 2000ms  Settings 5/8 | > Power-downs 0
        >*           Trip counter | 12.345 kWh | Set to 0? | [no] yes
        <            Trip counter | 12.345 kWh | Set to 0? | no [yes]
        *            Trip counter | OK  Command(ResetTrip)
        wait 2000ms  Settings 6/8 | > Trip counter 0.000 kWh
    "#]],
    );
}

#[test]
fn scroll_time_7_6_16() {
    in_the_menu(
        "<<*\n*\n>>>*\nwait 2000ms\nhold\nwait 7999ms\nwait 1ms",
        &expect![[r#"
        <<*          Scroll time | [0]5 s
        *            Scroll time | 0[5] s
        >>>*         Scroll time | OK  Apply(ScrollTime, 8)
        wait 2000ms  Settings 7/8 | > Scroll time 08 s
        hold         Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
        wait 7999ms  Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
        wait 1ms     Active power 1.7.0 | +1384.20 kW | L1 +1500.00 kW L2 -0.020 kW L3 +0.000 kW | [Total] L1 L2 L3
    "#]],
    );
}

#[test]
fn ct_ratio_and_its_history_7_6_17() {
    let mut bench = in_the_menu(
        "<*\n*\n>>>>>*\n*\n*\n>\n>\n*\nwait 2000ms\n*\n**\n*\n>*\n*\nwait 2000ms\n>>*\n****\nwait 2000ms",
        &expect![[r#"
            <*           CT ratio | [0]005/5 A
            *            CT ratio | 0[0]05/5 A
            >>>>>*       CT ratio | 05[0]5/5 A
            *            CT ratio | 050[5]/5 A
            *            CT ratio | 0505/[5] A
            >            CT ratio | 0505/[1] A
            >            CT ratio | 0505/[5] A
            *            CT ratio | OK  Apply(CtRatio, 5055)
            wait 2000ms  Settings 8/8 | > CT ratio 0505/5 A
            *            CT ratio | [0]505/5 A
            **           CT ratio | 05[0]5/5 A
            *            CT ratio | 050[5]/5 A
            >*           CT ratio | 0506/[5] A
            *            CT ratio | Not accepted
            wait 2000ms  CT ratio | [0]506/5 A
            >>*          CT ratio | 2[5]06/5 A
            ****         CT ratio | Not accepted
            wait 2000ms  CT ratio | [2]506/5 A
        "#]],
    );
    bench.meter.set(state(StateOf::CtChanges), 2);
    bench.meter.set(Source::Point(Point::HistoryRatio(1)), 55);
    bench.meter.set(Source::Point(Point::HistoryRatio(2)), 5_005);
    bench.meter.set(history(1, Tariff::T1), 62_184);
    bench.meter.set(history(2, Tariff::T1), 1_933_410);
    expect![[r#"
        hold         Settings 8/8 | > CT ratio 0505/5 A
        hold         Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3 1 2
        <            CT history 2: 0500/5 A | 1.8.1 001933.410 kWh | Total L1 L2 L3 1 [2]
        wait 5000ms  CT history 2: 0500/5 A | 1.8.1 001933.410 kWh | Total L1 L2 L3 1 [2]
        *            CT history 2: 0500/5 A | 1.8.1 001933.410 kWh | Total L1 L2 L3 1 [2]
        <            CT history 1: 0005/5 A, runs on | 1.8.1 000062.184 kWh | 1.8.2 000000.000 kWh | Total L1 L2 L3 [1] 2
        <            Direction | None | Total L1 L2 [L3] 1 2
        >            CT history 1: 0005/5 A, runs on | 1.8.1 000062.184 kWh | 1.8.2 000000.000 kWh | Total L1 L2 L3 [1] 2
        >            CT history 2: 0500/5 A | 1.8.1 001933.410 kWh | Total L1 L2 L3 1 [2]
        >            Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3 1 2
    "#]].assert_eq(&bench.walk("hold\nhold\n<\nwait 5000ms\n*\n<\n<\n>\n>\n>"));
    bench.meter.set(state(StateOf::HighTariffs), 1);
    bench.meter.set(history(1, Tariff::T3), 5_000);
    expect![[r#"
        <<           CT history 1: 0005/5 A, runs on | 1.8.1 000062.184 kWh | 1.8.2 000000.000 kWh | Total L1 L2 L3 [1] 2
        wait 5000ms  CT history 1: 0005/5 A, runs on | 1.8.3 000005.000 kWh | Total L1 L2 L3 [1] 2
        wait 5000ms  SW 102 | CRC 21001416 | CT 0505/5 A | T1 | 1.8.3 000003.000 kWh | 1.8.4 000000.000 kWh | CT history 1: 0005/5 A, runs on | 1.8.1 000062.184 kWh | 1.8.2 000000.000 kWh | Total L1 L2 L3 [1] 2
    "#]].assert_eq(&bench.walk("<<\nwait 5000ms\nwait 5000ms"));
}
