//! How values stand on the digits, and which dots say what.

use expect_test::expect;
use schema::{Dot, FieldDef, Format, SettingId, Source};
use units::{Flow, Point, Tariff, What};

use super::meter::Bench;
use super::model::{GLASS, MODEL, reading};
use crate::layout::line;
use crate::*;

fn text(format: Format, source: Source, value: i64) -> String {
    line::<OneKey>(&MODEL, &GLASS, &FieldDef::new(source, format), value).as_str().to_owned()
}

#[test]
fn counters_give_up_decimals_and_never_show_more_than_they_counted() {
    let energy = Source::Point(Point::active(Flow::Total, Tariff::All));
    for (wh, shown) in [
        (0, "   0.00"),
        (9, "   0.00"),
        (91_039, "  91.03"),
        (9_999_999, "9999.99"),
        (10_000_000, "10000.0"),
        (99_999_999, "99999.9"),
        (100_000_000, "100000"),
        (999_999_999, "999999"),
        (1_000_000_000, "------"),
        (-9, "   0.00"),
        (-99, "   0.00"),
        (-100, "-   0.1"),
        (-22_000, "-  22.0"),
        (-9_999_999, "-9999.9"),
        (-10_000_000, "-10000"),
        (-99_999_999, "-99999"),
        (-100_000_000, "------"),
        (i64::MIN, "------"),
    ] {
        assert_eq!(text(Format::Counter, energy, wh), shown);
    }
}

#[test]
fn readings_are_rounded_and_drop_what_does_not_fit() {
    for (what, value, format, shown) in [
        (What::U, 230_149, Format::Fixed(1), "  230.1"),
        (What::U, 230_150, Format::Fixed(1), "  230.2"),
        (What::P, 1_035_900, Format::Fixed(2), "   1.04"),
        (What::P, -1_035_900, Format::Fixed(2), "   1.04"),
        (What::P, 99_999_000_000, Format::Fixed(2), "99999.0"),
        (What::P, 999_999_000_000, Format::Fixed(2), "999999"),
        (What::P, i64::MAX, Format::Fixed(2), "------"),
        (What::Q, -1_035_900, Format::Fixed(2), "  -1.04"),
        (What::F, 50_018, Format::Fixed(3), "  50.02"),
        (What::Pf, 900, Format::Fixed(2), "   0.90"),
    ] {
        assert_eq!(text(format, reading(what), value), shown);
    }
}

#[test]
fn numbers_words_and_halves() {
    let bare = Source::Zero;
    assert_eq!(text(Format::Digits(3), bare, 7), "   007");
    assert_eq!(text(Format::Digits(3), bare, 1_000), "------");
    assert_eq!(text(Format::Digits(3), bare, -1), "------");
    assert_eq!(text(Format::HalfDecimal { upper: true }, bare, 13_070_001), "  1307");
    assert_eq!(text(Format::HalfDecimal { upper: false }, bare, 13_070_001), "  0001");
    assert_eq!(text(Format::HalfHex { upper: true }, bare, 0x89AB_CDEF), "  89Ab");
    assert_eq!(text(Format::HalfHex { upper: false }, bare, 0x89AB_CDEF), "  cdEF");
    assert_eq!(text(Format::Status, bare, 0x0011_0100), "11 100");
    assert_eq!(text(Format::Direction, bare, -1), "RV    ");
    let parity = Source::Setting(SettingId::Parity);
    assert_eq!(text(Format::Word, parity, 3), "odd   ");
    assert_eq!(text(Format::Number, parity, 3), "   odd");
    assert_eq!(text(Format::Number, parity, 77), "    77");
    let rate = Source::Setting(SettingId::S0Rate);
    assert_eq!(text(Format::Number, rate, 1), "   0.01");
}

#[test]
fn the_glass_can_show_every_text_of_the_model() {
    assert!(first_unshowable(&MODEL).is_none());
    let broken = schema::ModelDef { panel: schema::PanelDef { ok_in: "OK InV", ..MODEL.panel }, ..MODEL };
    let fault = first_unshowable(&broken).unwrap().to_string();
    assert_eq!(fault, "message: \"OK InV\": position 6 cannot show 'V'");
    const WORD: &[schema::PageDef] = &[schema::PageDef::show(
        schema::MenuId::MAIN,
        "",
        &[FieldDef::new(Source::Setting(SettingId::Parity), Format::Number)],
    )];
    let broken = schema::ModelDef { pages: &[WORD], ..MODEL };
    let fault = first_unshowable(&broken).unwrap().to_string();
    assert_eq!(fault, "page 0: \"  EVEn\": position 4 cannot show 'V'");
}

#[test]
fn the_dots_say_direction_kind_tariff_and_answers() {
    let mut bench = Bench::new();
    assert_eq!(bench.lcd(), "FW      ----");
    bench.meter.set(reading(What::Direction), -1);
    assert_eq!(bench.lcd(), "RV      R---");
    bench.meter.tariff = Tariff::T2;
    assert_eq!(bench.lcd(), "RV      R-T-");
    bench.short(3);
    assert_eq!(bench.lcd(), "KVArht  -QT-");
    bench.meter.tariff = Tariff::T1;
    bench.meter.set(reading(What::P), -2_500_000);
    bench.short(1);
    bench.wait(1_500);
    assert_eq!(bench.lcd(), "   2.50  R---");
    // The value's own tariff lights the dot whichever counts.
    bench.panel.answered(bench.now);
    assert_eq!(bench.lcd(), "   2.50  R--C");
    bench.wait(169);
    assert_eq!(bench.lcd(), "   2.50  R--C");
    bench.wait(1);
    assert_eq!(bench.lcd(), "   2.50  R---");
    bench.panel.answered(bench.now);
    assert_eq!(bench.lcd(), "   2.50  R---", "dark as long as it was lit");
    bench.short(6);
    bench.hold(3_000);
    bench.short(1);
    assert_eq!(bench.lcd(), "KWh  2  --T-");
    bench.short(1);
    assert_eq!(bench.lcd(), "KWh     R---");
    bench.hold(5_000);
    assert_eq!(bench.lcd(), "OK  in  ----", "a message is no reverse value");
    bench.meter.tariff = Tariff::T2;
    assert_eq!(bench.lcd(), "OK  in  --T-");
}

#[test]
fn answers_without_end_flash_at_most_three_times_a_second() {
    let mut bench = Bench::new();
    let (mut flashes, mut lit) = (0, false);
    for _ in 0..10_000 {
        bench.panel.answered(bench.now);
        bench.wait(1);
        let now_lit = bench.view().marks.lit(Dot::Communication);
        flashes += usize::from(now_lit && !lit);
        lit = now_lit;
    }
    assert!((25..=30).contains(&flashes), "{flashes} in 10 s");
}

#[test]
fn pictures() {
    let mut bench = Bench::new();
    expect![[r#"
        :  .       .       .       .
        :  ---
        : |     |   |
        :  - -
        : |     |/ \|
        :
    "#]]
    .assert_eq(&bench.art());
    bench.wait(11_500);
    expect![[r#"
        :  .       .       .       .
        :  ---   ---       -       -
        : |     |   |   |   | | | |
        :  - -   - -       -   -   -
        : |   |     |   |   |   | | |
        :  ---   ---       - .     -
    "#]]
    .assert_eq(&bench.art());
    bench.short(8);
    bench.hold(3_000);
    bench.short(5);
    expect![[r#"
        :  .       .       .       .
        :              -   -   -   -
        :             |   | | | | | |
        :              -
        :               | | | | | | |
        :              -   -   -   -
    "#]]
    .assert_eq(&bench.art());
    bench.wait(600);
    expect![[r#"
        :  .       .       .       .
        :                  -   -   -
        :                 | | | | | |
        :
        :                 | | | | | |
        :                  -   -   -
    "#]]
    .assert_eq(&bench.art());
    bench.wait(60_000);
    bench.meter.error = 1;
    expect![[r#"
        :  .       .       .       .
        :  ---                 -
        : |                   | |   |
        :  - -   - -   -
        : |     |     |       | |   |
        :  ---                 -
    "#]]
    .assert_eq(&bench.art());
}
