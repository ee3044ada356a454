//! The key, the time-outs and the scroll, where the manual is silent.

use proptest::prelude::*;
use schema::{KeyId, PageId, SettingId};
use units::{Duration, Instant};

use super::meter::Bench;
use super::model::{KEY, MODEL};
use crate::*;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

#[test]
fn the_key_acts_on_release_but_very_long_at_once() {
    let mut bench = Bench::new();
    bench.short(7);
    bench.hold(2_999);
    assert_eq!(bench.page(), PageId(7), "below 3 s is short");
    bench.hold(100);
    assert_eq!(bench.page(), PageId(0), "the main list wraps");
    bench.hold(4_999);
    assert_eq!(bench.page(), PageId(8), "below 5 s is long");
    bench.panel.key_down(bench.now, KEY);
    bench.poll();
    let mark = bench.now + Duration::from_secs(5);
    assert_eq!(bench.panel.poll_at(bench.now + Duration::from_millis(4_600)), Some(mark));
    bench.wait(4_999);
    assert!(bench.log.is_empty());
    bench.wait(1);
    assert_eq!(bench.log, [Intent::ScrollChanged]);
    assert_eq!(bench.view().mode, Mode::Message(MessageKind::OkIn));
    bench.wait(2_500);
    bench.panel.key_up(bench.now, KEY);
    bench.poll();
    assert_eq!((bench.page(), bench.view().mode), (PageId(8), Mode::Browse), "letting go does nothing more");
}

#[test]
fn a_late_poll_still_finds_the_press_at_its_mark() {
    let mut bench = Bench::new();
    bench.short(1);
    bench.hold(3_000);
    bench.panel.key_down(bench.now, KEY);
    bench.now += Duration::from_secs(6);
    bench.panel.key_up(bench.now, KEY);
    bench.poll();
    assert_eq!(bench.log, [Intent::ScrollChanged]);
}

#[test]
fn cancel_and_strange_keys_do_nothing() {
    let mut bench = Bench::new();
    for held in [100, 3_500] {
        bench.panel.key_down(bench.now, KEY);
        bench.wait(held);
        bench.panel.key_cancel(bench.now, KEY);
        bench.poll();
        assert_eq!(bench.view().mode, Mode::Scroll);
    }
    bench.panel.key_up(bench.now, KEY);
    bench.panel.key_down(bench.now, KeyId(9));
    bench.wait(100);
    bench.panel.key_up(bench.now, KeyId(9));
    bench.poll();
    assert_eq!(bench.view().mode, Mode::Scroll);
    bench.panel.key_down(bench.now, KEY);
    bench.panel.key_down(bench.now, KeyId(9));
    bench.panel.key_up(bench.now, KeyId(9));
    bench.wait(100);
    bench.panel.key_up(bench.now, KEY);
    bench.poll();
    assert_eq!(bench.view().mode, Mode::Browse);
}

#[test]
fn in_the_scroll_a_short_press_leads_to_the_first_page_and_a_long_one_acts_on_the_main_page_shown() {
    let mut bench = Bench::new();
    bench.wait(12_000);
    assert_eq!(bench.page(), PageId(1));
    bench.short(1);
    assert_eq!((bench.page(), bench.view().mode), (PageId(0), Mode::Browse));
    let mut bench = Bench::new();
    bench.wait(12_000);
    bench.hold(3_000);
    assert_eq!(bench.page(), PageId(13), "the list behind total active energy");
    let mut bench = Bench::new();
    bench.panel.set_scroll_list(1 << 8);
    bench.wait(21_000);
    assert_eq!(bench.page(), PageId(8));
    bench.hold(3_000);
    bench.hold(5_000);
    assert_eq!(bench.view().mode, Mode::Scroll);
    assert!(bench.log.is_empty());
}

#[test]
fn lists_end_where_they_began() {
    let mut bench = Bench::new();
    bench.short(1);
    bench.hold(3_000);
    let seen: Vec<u8> = (0..5)
        .map(|_| {
            let page = bench.page();
            bench.short(1);
            page.0
        })
        .collect();
    assert_eq!(seen, [8, 9, 10, 11, 12]);
    assert_eq!(bench.page(), PageId(0));
    bench.hold(3_000);
    bench.short(2);
    bench.hold(3_000);
    assert_eq!(bench.page(), PageId(0), "3 s on a leaf lead back");
    bench.short(6);
    bench.hold(3_000);
    bench.hold(3_000);
    assert_eq!(bench.page(), PageId(22), "but not on one that can be edited");
}

#[test]
fn an_edit_is_dropped_after_ten_seconds_and_a_page_after_thirty() {
    let mut bench = Bench::new();
    bench.short(7);
    bench.hold(3_000);
    bench.short(1);
    bench.hold(5_000);
    bench.short(1);
    let pressed = bench.now;
    assert_eq!(bench.view().mode, Mode::Edit { digit: None });
    bench.wait(9_999);
    assert_eq!(bench.lcd(), "RT  11 / RT      ----");
    bench.wait(1);
    assert_eq!((bench.lcd().as_str(), bench.page()), ("RT  10  ----", PageId(23)));
    assert_eq!(bench.panel.poll_at(bench.now), Some(pressed + Duration::from_secs(30)));
    bench.wait(19_999);
    assert_eq!(bench.view().mode, Mode::Browse);
    bench.wait(1);
    assert_eq!((bench.view().mode, bench.page()), (Mode::Scroll, PageId(0)));
    assert!(bench.log.is_empty());
}

#[test]
fn the_password_is_dropped_too_and_a_wrong_one_leads_back_without_a_lock() {
    let mut bench = Bench::new();
    bench.short(8);
    bench.hold(3_000);
    assert_eq!(bench.view().mode, Mode::Password { digit: 0 });
    bench.wait(10_000);
    assert_eq!((bench.view().mode, bench.page()), (Mode::Browse, PageId(7)));
    for _ in 0..5 {
        bench.hold(3_000);
        bench.short(1);
        for _ in 0..4 {
            bench.hold(3_000);
        }
        assert_eq!((bench.view().mode, bench.page()), (Mode::Browse, PageId(7)));
    }
    for _ in 0..5 {
        bench.hold(3_000);
    }
    assert_eq!(bench.page(), PageId(25));
}

#[test]
fn a_secret_stands_in_no_view_but_while_it_is_typed() {
    let mut bench = Bench::new();
    bench.meter.settings.insert(SettingId::Password, 0);
    bench.walk("short 8\n3s\n3s\n3s\n3s\n3s\nshort 5");
    bench.meter.settings.insert(SettingId::Password, 4711);
    assert_eq!(bench.page(), PageId(30));
    for _ in 0..10 {
        bench.wait(700);
        assert_eq!((bench.view().fields, bench.view().screen), ([None; 2], Screen::Label));
    }
    bench.hold(5_000);
    assert_eq!(bench.lcd(), "  0000 /    000  ----");
}

#[test]
fn modbus_000_is_refused_at_its_last_digit() {
    let mut bench = Bench::new();
    bench.meter.settings.insert(SettingId::ModbusId, 100);
    bench.walk("short 7\n3s\n5s\nshort 2");
    assert_eq!(bench.lcd(), "   000 /     00  ----");
    bench.walk("3s\n3s");
    assert_eq!(bench.lcd(), "   000 /    00   ----");
    bench.hold(3_000);
    assert_eq!(bench.lcd(), "   000 /     00  ----", "the first digit again");
    assert_eq!(bench.view().mode, Mode::Edit { digit: Some(0) });
    assert!(bench.log.is_empty());
    bench.walk("3s\n3s\nshort 5\n3s");
    assert_eq!(bench.log, [Intent::Apply(SettingId::ModbusId, 5)]);
}

#[test]
fn digits_pass_through_what_can_still_become_a_value() {
    let mut bench = Bench::new();
    bench.meter.settings.insert(SettingId::ModbusId, 199);
    bench.walk("short 7\n3s\n5s");
    let mut digits = |confirm: bool| {
        let mut seen = String::new();
        for _ in 0..11 {
            let place = usize::from(match bench.view().mode {
                Mode::Edit { digit: Some(digit) } => digit,
                _ => 9,
            });
            seen.push(bench.lcd().chars().nth(3 + place).unwrap());
            bench.short(1);
        }
        if confirm {
            bench.hold(3_000);
        }
        seen
    };
    assert_eq!(digits(false), "12012012012");
    digits(false);
    let mut bench = Bench::new();
    bench.meter.settings.insert(SettingId::ModbusId, 199);
    bench.walk("short 7\n3s\n5s\nshort");
    assert_eq!(bench.lcd(), "   209 /     09  ----", "what no longer fits becomes the lowest that does");
    bench.hold(3_000);
    let second: Vec<String> = (0..6)
        .map(|_| {
            bench.short(1);
            bench.lcd()[4..5].to_owned()
        })
        .collect();
    assert_eq!(second.concat(), "123401");
    bench.walk("short 3\n3s");
    let third: Vec<String> = (0..9)
        .map(|_| {
            bench.short(1);
            bench.lcd()[5..6].to_owned()
        })
        .collect();
    assert_eq!(third.concat(), "123456701");
}

#[test]
fn refused_values_stay_in_hand_and_a_refused_scroll_list_is_as_before() {
    let mut bench = Bench::new();
    bench.refuse = true;
    bench.walk("short 7\n3s\nshort\n5s\nshort\n3s");
    assert_eq!(bench.view().mode, Mode::Edit { digit: None });
    assert_eq!(bench.lcd(), "RT  11 / RT      ----");
    let mut bench = Bench::new();
    bench.refuse = true;
    bench.walk("short\n3s\n5s");
    assert_eq!((bench.view().mode, bench.panel.scroll_list()), (Mode::Browse, 0));
    assert_eq!(bench.log, [Intent::ScrollChanged]);
    let mut bench = Bench::new();
    bench.refuse = true;
    bench.walk("short 7\n3s\n5s\n3s\n3s\n3s");
    assert_eq!(bench.view().mode, Mode::Edit { digit: Some(0) });
    let mut bench = Bench::new();
    bench.refuse = true;
    bench.walk("short 5\n3s\n5s");
    assert_eq!((bench.view().mode, bench.page()), (Mode::Browse, PageId(4)));
}

#[test]
fn the_scroll_is_right_after_any_gap() {
    let list = 1 << 8 | 1 << 20 | 1 << 1 | 1 << 29;
    let mut bench = Bench::new();
    bench.panel.set_scroll_list(list);
    assert_eq!(bench.panel.scroll_list(), 1 << 8 | 1 << 20, "only optional pages");
    let order = [0, 1, 8, 20];
    for second in [0, 9, 10, 39, 40, 86_400, 86_400 * 366 + 15, 4_000_000_000] {
        let view = bench.panel.view(at(second * 1_000), &bench.meter);
        assert_eq!(view.page, PageId(order[usize::try_from(second / 10 % 4).unwrap()]), "{second} s");
    }
    // Label first, then the value stays; two halves go on taking turns.
    let screens = |from: u64| -> Vec<Screen> {
        (0..6).map(|n| bench.panel.view(at(from + n * 1_500), &bench.meter).screen).collect()
    };
    let value = Screen::Field(0);
    assert_eq!(screens(50_000), [Screen::Label, value, value, value, value, value]);
    assert_eq!(screens(70_000), [value, Screen::Field(1), value, Screen::Field(1), value, Screen::Field(1)]);
}

#[test]
fn a_new_scroll_time_starts_the_scroll_again() {
    let mut bench = Bench::new();
    bench.wait(12_000);
    assert_eq!(bench.page(), PageId(1));
    bench.meter.settings.insert(SettingId::ScrollTime, 3);
    bench.poll();
    assert_eq!(bench.page(), PageId(0));
    bench.wait(3_000);
    assert_eq!(bench.page(), PageId(1));
}

#[test]
fn on_a_page_reached_by_key_label_and_value_take_turns() {
    let mut bench = Bench::new();
    bench.short(2);
    let shown: Vec<String> = (0..4)
        .map(|_| {
            let text = bench.lcd();
            bench.wait(1_500);
            text
        })
        .collect();
    assert_eq!(shown, ["KWhtot  ----", "6913.46  ----", "KWhtot  ----", "6913.46  ----"]);
}

#[test]
fn an_error_stands_in_the_scroll_and_leaves_the_menus_open() {
    let mut bench = Bench::new();
    bench.meter.error = 1;
    bench.poll();
    assert_eq!(bench.lcd(), "Err 01  ----");
    assert_eq!(bench.view().mode, Mode::Message(MessageKind::Error(1)));
    assert_eq!(bench.panel.poll_at(bench.now), None, "nothing changes by itself");
    bench.hold(3_000);
    assert_eq!(bench.lcd(), "Err 01  ----");
    bench.short(1);
    assert_eq!(bench.lcd(), "FW      ----");
    bench.wait(30_000);
    assert_eq!(bench.lcd(), "Err 01  ----");
}

#[test]
fn the_backlight_follows_its_setting_and_the_key() {
    let mut bench = Bench::new();
    let lit = |bench: &Bench| bench.panel.backlight(bench.now, &bench.meter);
    assert!(!lit(&bench));
    bench.short(1);
    bench.wait(29_999);
    assert!(lit(&bench));
    bench.wait(1);
    assert!(!lit(&bench));
    bench.panel.key_down(bench.now, KEY);
    bench.wait(60_000);
    assert!(lit(&bench), "while the key is held");
    bench.panel.key_up(bench.now, KEY);
    bench.meter.settings.insert(SettingId::Backlight, 2);
    assert!(!lit(&bench));
    bench.meter.settings.insert(SettingId::Backlight, 1);
    bench.wait(100_000);
    assert!(lit(&bench));
}

#[test]
fn the_page_can_say_what_letting_go_does() {
    let mut bench = Bench::new();
    let s = Duration::from_secs;
    let says = |bench: &Bench| {
        let let_go = bench.panel.letting_go(bench.now, &bench.meter);
        (let_go.now, let_go.next)
    };
    bench.short(1);
    assert_eq!(says(&bench), (Deed::NextPage(PageId(1)), Some((s(3), Deed::OpenMenu(schema::MenuId(1))))));
    bench.hold(3_000);
    bench.panel.key_down(bench.now, KEY);
    bench.wait(1_000);
    assert_eq!(bench.panel.letting_go(bench.now, &bench.meter).held, Some(s(1)));
    assert_eq!(says(&bench), (Deed::NextPage(PageId(9)), Some((s(3), Deed::Back(PageId(0))))));
    bench.wait(2_000);
    assert_eq!(says(&bench), (Deed::Back(PageId(0)), Some((s(5), Deed::AddToScroll))));
    bench.wait(2_000);
    assert_eq!(says(&bench), (Deed::Nothing, None));
    bench.panel.key_up(bench.now, KEY);
    bench.wait(2_000);
    bench.panel.key_down(bench.now, KEY);
    bench.wait(3_000);
    assert_eq!(says(&bench).1, Some((s(5), Deed::RemoveFromScroll)));
    bench.panel.key_cancel(bench.now, KEY);
    bench.walk("short 5\nshort 4");
    assert_eq!(bench.page(), PageId(4));
    assert_eq!(says(&bench).1, Some((s(3), Deed::AskReset)));
    bench.hold(3_000);
    bench.panel.key_down(bench.now, KEY);
    bench.wait(3_000);
    assert_eq!(says(&bench), (Deed::Nothing, Some((s(5), Deed::Reset))));
    bench.panel.key_cancel(bench.now, KEY);
    bench.walk("short\nshort 3");
    assert_eq!(says(&bench).1, Some((s(3), Deed::AskPassword)));
    bench.hold(3_000);
    assert_eq!(says(&bench), (Deed::NextDigit, Some((s(3), Deed::ConfirmDigit))));
}

#[test]
fn a_shell_that_sleeps_until_poll_at_misses_no_edge() {
    let mut bench = Bench::new();
    let edges = |bench: &mut Bench, count: usize| -> Vec<u64> {
        let start = bench.now;
        (0..count)
            .map(|_| {
                bench.now = bench.panel.poll_at(bench.now).unwrap();
                bench.poll();
                bench.now.since(start).as_millis()
            })
            .collect()
    };
    assert_eq!(edges(&mut bench, 4), [10_000, 11_500, 20_000, 30_000], "direction has no label");
    bench.short(7);
    assert_eq!(edges(&mut bench, 1), [30_000], "a label alone stands still; light and page end together");
    bench.short(7);
    bench.hold(3_000);
    bench.short(1);
    bench.hold(5_000);
    assert_eq!(edges(&mut bench, 5), [600, 1_000, 1_600, 2_000, 2_600]);
}

#[test]
fn the_panel_is_small() {
    assert!(size_of::<Panel>() <= 200, "{} bytes", size_of::<Panel>());
}

#[derive(Clone, Debug)]
enum Act {
    Hold(u64),
    Cancel(u64),
    Wait(u64),
    Down,
    Up,
    Answered,
    Error(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (1u64..2_900).prop_map(Act::Hold),
        5 => (3_000u64..4_900).prop_map(Act::Hold),
        3 => (5_000u64..9_000).prop_map(Act::Hold),
        1 => (1u64..9_000).prop_map(Act::Cancel),
        2 => (0u64..12_000).prop_map(Act::Wait),
        1 => Just(Act::Down),
        1 => Just(Act::Up),
        1 => Just(Act::Answered),
        1 => (0u8..3).prop_map(Act::Error),
    ]
}

proptest! {
    #[test]
    fn whatever_is_pressed_the_glass_can_show_it_and_the_scroll_comes_back(
        acts in proptest::collection::vec(act(), 1..60),
        id in 1i32..=247,
    ) {
        let mut bench = Bench::new();
        bench.meter.settings.insert(SettingId::ModbusId, id);
        for act in acts {
            match act {
                Act::Hold(ms) => bench.hold(ms),
                Act::Cancel(ms) => {
                    bench.panel.key_down(bench.now, KEY);
                    bench.wait(ms);
                    bench.panel.key_cancel(bench.now, KEY);
                    bench.poll();
                }
                Act::Wait(ms) => bench.wait(ms),
                Act::Down => bench.panel.key_down(bench.now, KEY),
                Act::Up => bench.panel.key_up(bench.now, KEY),
                Act::Answered => bench.panel.answered(bench.now),
                Act::Error(error) => bench.meter.error = error,
            }
            bench.poll();
            bench.lcd();
            let _ = bench.panel.letting_go(bench.now, &bench.meter);
            if let Some(next) = bench.panel.poll_at(bench.now) {
                prop_assert!(next > bench.now);
                // Nothing on the display changes before its time.
                let just_before = Instant::from_micros(next.as_micros() - 1);
                prop_assert_eq!(
                    bench.panel.frame(just_before, &bench.meter),
                    bench.panel.frame(bench.now, &bench.meter)
                );
                let seen = |now| {
                    let frame = bench.panel.frame(now, &bench.meter);
                    lcd::visible(frame, bench.panel.blink_on(now))
                };
                prop_assert_eq!(seen(just_before), seen(bench.now));
                prop_assert_eq!(
                    bench.panel.backlight(just_before, &bench.meter),
                    bench.panel.backlight(bench.now, &bench.meter)
                );
            }
        }
        bench.panel.key_up(bench.now, KEY);
        bench.poll();
        bench.meter.error = 0;
        bench.wait(30_000);
        prop_assert_eq!(bench.view().mode, Mode::Scroll);
        for (id, value) in &bench.meter.settings {
            prop_assert!(MODEL.setting(*id).unwrap().1.accepts(*value));
        }
    }
}
