//! What the keys and the time do wherever the manual is silent, and under any sequence of both.

use expect_test::expect;
use proptest::prelude::*;
use schema::{KeyId, SettingId};
use units::{Duration, Instant, Of, StateOf, Tariff, What};

use super::bench::Bench;
use super::model::*;
use crate::matrix::{MatrixPanel, Notice, Page, Screen};
use crate::{Deed, Keyed, LetGo};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_model_without_a_matrix_has_no_such_panel() {
    assert!(MatrixPanel::new(&crate::tests::model::MODEL, Instant::ZERO).is_none());
}

#[test]
fn an_edit_left_alone_is_dropped_and_the_menu_closes() {
    let mut bench = Bench::new();
    bench.walk("hold\n>*\n****\n>>*\n>");
    expect![[r#"
        wait 14999ms Modbus ID | [1]01
        wait 1ms     Settings 3/8 | > Modbus ID 001
        wait 14999ms Settings 3/8 | > Modbus ID 001
        wait 1ms     Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
    "#]]
    .assert_eq(&bench.walk("wait 14999ms\nwait 1ms\nwait 14999ms\nwait 1ms"));
    assert!(bench.log.is_empty());
    bench.walk("hold\n>*\n*");
    expect![[r#"
        wait 19999ms Settings | Enter password | *[0]__
        wait 1ms     Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
    "#]]
    .assert_eq(&bench.walk("wait 19999ms\nwait 1ms"));
}

#[test]
fn holding_the_middle_key_leaves_from_everywhere() {
    let mut bench = Bench::new();
    expect![[r#"
        hold         > Bluetooth |   Settings
        hold         Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
        hold         > Bluetooth |   Settings
        *            Bluetooth | IM-051222070003 | Scan with the app
        hold         Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
        hold         > Bluetooth |   Settings
        >*           Settings | Enter password | [0]___
        >            Settings | Enter password | [1]___
        hold         Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
        hold         > Bluetooth |   Settings
        >*           Settings | Enter password | [0]___
        ****         Settings 1/8 | > Password ****
        >*           Tariff | [T1] 1/3
        >            Tariff | [T2] 2/3
        hold         Settings 2/8 | > Tariff T1
        >*           Modbus ID | [0]01
        hold         Settings 3/8 | > Modbus ID 001
        >>*          Power-downs | 12 | Set to 0? | [no] yes
        >            Power-downs | 12 | Set to 0? | no [yes]
        hold         Settings 5/8 | > Power-downs 12
        hold         Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
    "#]].assert_eq(&bench.walk(
        "hold\nhold\nhold\n*\nhold\nhold\n>*\n>\nhold\nhold\n>*\n****\n>*\n>\nhold\n>*\nhold\n>>*\n>\nhold\nhold",
    ));
    assert!(bench.log.is_empty());
}

#[test]
fn what_is_refused_can_be_put_right() {
    let mut bench = Bench::new();
    bench.walk("hold\n>*\n****");
    bench.refuse = true;
    expect![[r#"
        >*           Tariff | [T1] 1/3
        >*           Tariff | Not accepted  Apply(Tariff, 2)
        wait 2000ms  Tariff | [T2] 2/3
        hold         Settings 2/8 | > Tariff T1
        >*           Modbus ID | [0]01
        ***          Modbus ID | Not accepted  Apply(ModbusId, 1)
        <*           Modbus ID | 2[0]1
        wait 2000ms  Modbus ID | 2[0]1
        hold         Settings 3/8 | > Modbus ID 001
        >>>*         Trip counter | 12.345 kWh | Set to 0? | [no] yes
        >*           Trip counter | Not accepted  Command(ResetTrip)
        wait 2000ms  Settings 6/8 | > Trip counter 12.345 kWh
    "#]]
    .assert_eq(
        &bench.walk(">*\n>*\nwait 2000ms\nhold\n>*\n***\n<*\nwait 2000ms\nhold\n>>>*\n>*\nwait 2000ms"),
    );
}

#[test]
fn a_key_held_or_let_go_elsewhere_does_nothing() {
    let mut bench = Bench::new();
    let before = bench.glass();
    for key in [LEFT, RIGHT] {
        bench.hold(key, 3_500);
    }
    bench.panel.key_down(bench.now, MIDDLE);
    bench.wait(1_000);
    bench.panel.key_cancel(bench.now, MIDDLE);
    bench.poll();
    bench.panel.key_down(bench.now, KeyId(9));
    bench.panel.key_up(bench.now, KeyId(9));
    bench.poll();
    bench.panel.key_down(bench.now, LEFT);
    bench.panel.key_down(bench.now, RIGHT);
    bench.panel.key_up(bench.now, RIGHT);
    bench.poll();
    bench.panel.key_cancel(bench.now, LEFT);
    bench.now = Instant::ZERO;
    assert_eq!(bench.glass(), before);
}

#[test]
fn the_page_can_say_what_each_key_does() {
    let mut bench = Bench::new();
    let keys =
        |bench: &Bench| [LEFT, MIDDLE, RIGHT].map(|key| bench.panel.would(bench.now, &bench.meter, key).now);
    let held = |bench: &Bench| bench.panel.letting_go(bench.now, &bench.meter);
    let page = |n| Deed::ShowPage(Page::Readings(n));
    assert_eq!(keys(&bench), [page(3), Deed::NextReading, page(1)]);
    assert_eq!(
        held(&bench),
        LetGo { held: None, now: Deed::NextReading, next: Some((s(3), Deed::OpenChoice)) }
    );
    bench.panel.key_down(bench.now, RIGHT);
    assert_eq!(held(&bench), LetGo { held: Some(s(0)), now: page(1), next: None });
    bench.wait(3_000);
    assert_eq!(held(&bench), LetGo { held: Some(s(3)), now: Deed::Nothing, next: None });
    bench.panel.key_up(bench.now, RIGHT);
    bench.panel.key_down(bench.now, MIDDLE);
    bench.wait(1_000);
    let opens = LetGo { held: Some(s(1)), now: Deed::NextReading, next: Some((s(3), Deed::OpenChoice)) };
    assert_eq!(held(&bench), opens);
    bench.wait(2_000);
    assert_eq!(held(&bench), LetGo { held: Some(s(3)), now: Deed::Nothing, next: None });
    bench.panel.key_up(bench.now, MIDDLE);
    bench.poll();
    assert_eq!(keys(&bench), [Deed::NextRow, Deed::RadioOn, Deed::NextRow]);
    bench.walk(">");
    assert_eq!(keys(&bench)[1], Deed::AskPassword);
    bench.walk("*");
    assert_eq!(keys(&bench), [Deed::PreviousDigit, Deed::ConfirmDigit, Deed::NextDigit]);
    assert_eq!(held(&bench).next, Some((s(3), Deed::Leave)));
    bench.walk("****");
    assert_eq!(keys(&bench), [Deed::PreviousRow, Deed::BeginEdit, Deed::NextRow]);
    bench.walk(">*");
    assert_eq!(keys(&bench), [Deed::PreviousValue, Deed::Confirm, Deed::NextValue]);
    assert_eq!(held(&bench).next, Some((s(3), Deed::Cancel)));
    bench.walk("hold\n>>>");
    assert_eq!(keys(&bench)[1], Deed::AskReset);
    bench.walk("*");
    assert_eq!(keys(&bench), [Deed::OtherAnswer, Deed::Cancel, Deed::OtherAnswer]);
    bench.walk(">");
    assert_eq!(keys(&bench)[1], Deed::Reset);
    assert!(bench.log.is_empty());
}

#[test]
fn a_meter_that_has_stopped_shows_the_byte() {
    let mut bench = Bench::new();
    bench.meter.error = 0x21;
    bench.poll();
    expect![[r#"
        wait 20000ms Error 21 | bit 0 | bit 5 | Measuring stopped
        hold         Error 21 | bit 0 | bit 5 | Measuring stopped
        *            Direction | Forward | L1 Forward L2 Reverse L3 None | [Total] L1 L2 L3
        wait 30000ms Error 21 | bit 0 | bit 5 | Measuring stopped
    "#]]
    .assert_eq(&bench.walk("wait 20000ms\nhold\n*\nwait 30000ms"));
    bench.meter.error = 0x20;
    bench.poll();
    assert!(matches!(bench.view().screen, Screen::Face(_)), "damage that was mended stops nothing");
}

#[test]
fn backlight_follows_the_keys() {
    let mut bench = Bench::new();
    let lit = |bench: &Bench| bench.panel.backlight(bench.now, &bench.meter);
    assert!(!lit(&bench));
    bench.hold(LEFT, 100);
    assert!(lit(&bench));
    bench.wait(29_999);
    assert!(lit(&bench));
    bench.wait(1);
    assert!(!lit(&bench));
    bench.meter.settings.insert(SettingId::Backlight, 1);
    assert!(lit(&bench));
    bench.meter.settings.insert(SettingId::Backlight, 2);
    bench.hold(LEFT, 100);
    assert!(!lit(&bench));
}

#[test]
fn answers_lift_the_telephone() {
    let mut bench = Bench::new();
    bench.panel.answered(bench.now);
    assert!(bench.view().header.telephone);
    bench.wait(170);
    assert!(!bench.view().header.telephone);
}

#[test]
fn numbers_beside_readings_can_be_hidden_and_the_picture_turned() {
    let mut bench = Bench::new();
    bench.walk("*");
    assert_eq!(
        bench.part3(),
        "Active power 1.7.0 | +1384.20 kW | L1 +1500.00 kW L2 -0.020 kW L3 +0.000 kW | [Total] L1 L2 L3"
    );
    assert!(!bench.view().turned);
    bench.meter.settings.insert(SettingId::Obis, 0);
    bench.meter.settings.insert(SettingId::ScreenDirection, 1);
    assert!(bench.part3().starts_with("Active power | +1384.20 kW"));
    assert!(bench.glass().contains("1.8.1 004812.736 kWh"), "the legal part always has its numbers");
    assert!(bench.view().turned);
    bench.meter.settings.insert(SettingId::Obis, 1);
    bench.meter.set(reading(What::P, Of::All), -1_000_000);
    assert!(bench.part3().starts_with("Active power 2.7.0 | -1.000 kW"));
}

#[test]
fn a_message_ends_after_its_time_or_with_a_touch() {
    let mut bench = Bench::new();
    bench.walk("hold\n>*\n****\n>*\n>*");
    let notice = |bench: &Bench| match bench.view().screen {
        Screen::Notice { notice, .. } => Some(notice),
        _ => None,
    };
    assert_eq!(notice(&bench), Some(Notice::Done));
    bench.walk(">");
    expect!["Settings 3/8 | > Modbus ID 001"].assert_eq(&bench.part3());
}

#[test]
fn the_scroll_starts_again_where_its_time_changes() {
    let mut bench = Bench::new();
    bench.wait(12_000);
    assert!(bench.part3().starts_with("Frequency"));
    bench.meter.settings.insert(SettingId::ScrollTime, 7);
    bench.poll();
    assert!(bench.part3().starts_with("Direction"));
    bench.wait(7_000);
    assert!(bench.part3().starts_with("Active power"));
}

#[derive(Clone, Debug)]
enum Act {
    Touch(u8),
    Hold(u8, u64),
    Cancel(u8, u64),
    Wait(u64),
    Answered,
    Stopped(bool),
    High,
    Changes(u8),
    Refuse(bool),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => (0u8..4).prop_map(Act::Touch),
        4 => (0u8..3, 0u64..4_000).prop_map(|(key, ms)| Act::Hold(key, ms)),
        1 => (0u8..3, 0u64..4_000).prop_map(|(key, ms)| Act::Cancel(key, ms)),
        3 => (0u64..16_000).prop_map(Act::Wait),
        1 => Just(Act::Answered),
        1 => any::<bool>().prop_map(Act::Stopped),
        1 => Just(Act::High),
        1 => (0u8..9).prop_map(Act::Changes),
        1 => any::<bool>().prop_map(Act::Refuse),
    ]
}

proptest! {
    #[test]
    fn whatever_is_pressed_nothing_changes_before_its_time_and_the_readings_come_back(
        acts in proptest::collection::vec(act(), 1..80),
        inside in any::<bool>(),
    ) {
        let mut bench = Bench::new();
        if inside {
            bench.walk("hold\n>*\n****");
        }
        for act in acts {
            match act {
                Act::Touch(key) => bench.hold(KeyId(key), 100),
                Act::Hold(key, ms) => bench.hold(KeyId(key), ms),
                Act::Cancel(key, ms) => {
                    bench.panel.key_down(bench.now, KeyId(key));
                    bench.wait(ms);
                    bench.panel.key_cancel(bench.now, KeyId(key));
                }
                Act::Wait(ms) => bench.wait(ms),
                Act::Answered => bench.panel.answered(bench.now),
                Act::Stopped(stopped) => {
                    bench.meter.error = stopped.into();
                }
                Act::High => bench.meter.set(state(StateOf::HighTariffs), 1),
                Act::Changes(changes) => bench.meter.set(state(StateOf::CtChanges), changes.into()),
                Act::Refuse(refuse) => bench.refuse = refuse,
            }
            bench.poll();
            prop_assert!(!bench.glass().is_empty());
            let _ = bench.panel.letting_go(bench.now, &bench.meter);
            if let Some(next) = bench.panel.poll_at(bench.now) {
                prop_assert!(next > bench.now);
                let just_before = Instant::from_micros(next.as_micros() - 1);
                prop_assert_eq!(bench.panel.view(just_before, &bench.meter), bench.view());
                prop_assert_eq!(
                    bench.panel.backlight(just_before, &bench.meter),
                    bench.panel.backlight(bench.now, &bench.meter)
                );
                prop_assert_eq!(bench.panel.radio_on(just_before), bench.panel.radio_on(bench.now));
            }
        }
        bench.meter.error = 0;
        bench.wait(120_000);
        prop_assert!(matches!(bench.view().screen, Screen::Face(face) if face.page == Page::Readings(0)));
        for (id, value) in &bench.meter.settings {
            prop_assert!(MODEL.setting(*id).unwrap().1.accepts(*value));
        }
        prop_assert_ne!(bench.meter.settings[&SettingId::Tariff], i32::from(Tariff::T4 as u8));
    }
}
