use expect_test::expect;
use proptest::prelude::*;
use schema::{Cell, Dot, SegmentGlass};

use crate::*;

const GLASS: SegmentGlass = SegmentGlass {
    cells: &[Cell::Fourteen, Cell::Fourteen, Cell::Seven, Cell::Seven, Cell::Seven, Cell::Seven],
    points: &[4, 5],
    dots: &[Dot::Reverse, Dot::Reactive, Dot::Tariff2, Dot::Communication],
    tariff_digit: false,
};

fn frame(text: &str) -> SegmentFrame {
    let mut frame = SegmentFrame::default();
    write(&mut frame, &GLASS, 0, text).unwrap();
    frame
}

fn read(text: &str) -> String {
    glyphs(&frame(text), &GLASS).to_string()
}

#[test]
fn segments_are_numbered_from_the_left_and_named_as_a_drawing_names_them() {
    assert_eq!(segment_count(&GLASS), 62);
    let names: Vec<String> =
        (0..62).map(|n| segment_name(&GLASS, n).map(|name| name.to_string()).unwrap()).collect();
    assert_eq!(names[0], "1a");
    assert_eq!(names[13], "1n");
    assert_eq!(names[14], "2a");
    assert_eq!(names[28], "3a");
    assert_eq!(&names[54..], ["6f", "6g", "p4", "p5", "d1", "d2", "d3", "d4"].as_slice());
    assert_eq!(segment_name(&GLASS, 62), None);
    assert_eq!(segment(&GLASS, 2, b'g'), Some(34));
    assert_eq!(segment(&GLASS, 2, b'h'), None);
    assert_eq!(segment(&GLASS, 6, b'a'), None);
    assert_eq!(segment(&GLASS, 0, b'A'), None);
    assert_eq!(point(&GLASS, 4), Some(56));
    assert_eq!(point(&GLASS, 3), None);
    assert_eq!(dot(&GLASS, Dot::Communication), Some(61));
}

#[test]
fn text_takes_a_place_a_glyph_and_points_take_none() {
    let mut picture = SegmentFrame::default();
    assert_eq!(write(&mut picture, &GLASS, 0, "6913.46"), Ok(6));
    assert_eq!(write(&mut picture, &GLASS, 2, "13.4.6"), Ok(4));
    assert_eq!(glyphs(&picture, &GLASS).to_string(), "6913.4.6");
    assert_eq!(write(&mut picture, &GLASS, 0, "16048.1"), Ok(6));
    assert_eq!(glyphs(&picture, &GLASS).to_string(), "16048.1");
}

#[test]
fn what_the_glass_cannot_show_is_named_and_changes_nothing() {
    let before = frame("OK  in");
    for (text, glyph, cell, words) in [
        ("AAV", 'V', 2, "position 3 cannot show 'V'"),
        ("1.2", '.', 1, "position 2 cannot show '.'"),
        (".1", '.', 0, "position 1 cannot show '.'"),
        ("1234567", '7', 6, "position 7 cannot show '7'"),
        ("ü", 'ü', 0, "position 1 cannot show 'ü'"),
    ] {
        let mut picture = before;
        let fault = write(&mut picture, &GLASS, 0, text).unwrap_err();
        assert_eq!(fault, GlyphFault { glyph, cell });
        assert_eq!(fault.to_string(), words);
        assert_eq!(picture, before);
    }
    for glyph in "MWVKXBDNRTG".chars() {
        assert!(check(&GLASS, 2, glyph.encode_utf8(&mut [0; 4])).is_err(), "{glyph}");
        assert!(check(&GLASS, 0, glyph.encode_utf8(&mut [0; 4])).is_ok(), "{glyph}");
    }
}

#[test]
fn shapes_that_letters_and_digits_share_are_told_apart_by_their_neighbours() {
    for text in [
        "OK  in", "PASSrd", "KWhrES", "PArity", "16048.1", "KVArh1", "CS0d01", "Sn1307", "  2d35", "RT  10",
        "bL btn", "bL oFF", "M bAud", "PWEr C", "Err 01", "SW 2.18", "11 100", "  0005", "EVEn  ", "HZ    ",
        "S0    ", "S     ",
    ] {
        assert_eq!(read(text), text);
    }
    assert_eq!(read("Mbs Id"), "MbS Id");
    let lit = SegmentFrame { on: 0b101_0000, blink: 0 };
    assert_eq!(glyphs(&lit, &GLASS).to_string(), "?     ");
}

#[test]
fn a_comparison_looks_at_segments_and_not_at_characters() {
    assert!(matches(&frame("bL btn"), &GLASS, "bL btn"));
    assert!(matches(&frame("OK"), &GLASS, "0K"));
    assert!(matches(&frame("OK"), &GLASS, "OK    "));
    assert!(!matches(&frame("OK  in"), &GLASS, "OK"));
    assert!(!matches(&frame("6913.46"), &GLASS, "691346"));
    assert!(!matches(&frame(""), &GLASS, "toolong"));
    let mut dotted = frame("FW");
    light_dot(&mut dotted, &GLASS, Dot::Tariff2);
    assert!(matches(&dotted, &GLASS, "FW"));
    light_dot(&mut dotted, &GLASS, Dot::Reverse);
    assert_eq!(dots(&dotted, &GLASS).to_string(), "R-T-");
}

#[test]
fn blinking_takes_what_is_lit_and_the_points_with_it() {
    let mut picture = frame("RT12.3.4");
    blink_cells(&mut picture, &GLASS, 2..4);
    assert_eq!(visible(picture, true), frame("RT12.3.4").on);
    assert_eq!(visible(picture, false), frame("RT  3.4").on);
    assert_eq!(picture.blink & !picture.on, 0);
}

#[test]
fn the_picture_in_text() {
    let mut picture = frame("KW46.2.9");
    light_dot(&mut picture, &GLASS, Dot::Reverse);
    light_dot(&mut picture, &GLASS, Dot::Communication);
    expect![[r#"
         R       .       .       C
                         -   -   -
        |  /  |   | | | |     | | |
         -           -   -   -   -
        |  \  |/ \|   | | | |     |
                         - . - . -
    "#]]
    .assert_eq(&art(&GLASS, visible(picture, true)).to_string());
    let all = (1u128 << segment_count(&GLASS)) - 1;
    expect![[r#"
         R       Q       T       C
         ---   ---   -   -   -   -
        |\|/| |\|/| | | | | | | | |
         - -   - -   -   -   -   -
        |/|\| |/|\| | | | | | | | |
         ---   ---   -   - . - . -
    "#]]
    .assert_eq(&art(&GLASS, all).to_string());
}

/// A glass with drawn signs and the digit of a tariff.
const SIGNS: SegmentGlass = SegmentGlass {
    cells: &[Cell::Seven; 8],
    points: &[5, 6, 7],
    dots: &[Dot::Communication, Dot::Sum, Dot::Tariff, Dot::Kilo, Dot::HalfWatt, Dot::Volt, Dot::Hour],
    tariff_digit: true,
};

#[test]
fn the_digit_of_the_tariff_stands_behind_the_signs() {
    assert_eq!(segment_count(&SIGNS), 8 * 7 + 3 + 7 + 7);
    let names: Vec<String> =
        (65..73).map(|n| segment_name(&SIGNS, n).map(|name| name.to_string()).unwrap()).collect();
    assert_eq!(names, ["d7", "ta", "tb", "tc", "td", "te", "tf", "tg"]);
    assert_eq!(segment_name(&SIGNS, 73), None);
    let mut picture = SegmentFrame::default();
    write(&mut picture, &SIGNS, 0, "6913.4.6").unwrap_err();
    write(&mut picture, &SIGNS, 0, "  006913.46").unwrap_err();
    write(&mut picture, &SIGNS, 0, "  6913.46").unwrap();
    assert_eq!((tariff(&picture, &SIGNS), dots(&picture, &SIGNS).to_string()), (None, "--------".into()));
    for sign in [Dot::Sum, Dot::Tariff, Dot::Kilo, Dot::HalfWatt, Dot::Volt, Dot::Hour] {
        light_dot(&mut picture, &SIGNS, sign);
    }
    write_tariff(&mut picture, &SIGNS, 1);
    write_tariff(&mut picture, &SIGNS, 2);
    assert_eq!(tariff(&picture, &SIGNS), Some('2'));
    assert_eq!(dots(&picture, &SIGNS).to_string(), "-STkWVh2");
    assert!(matches(&picture, &SIGNS, "  6913.46"));
    let rows = [
        " .   S    T    k   W    V    h 2",
        "         -   -       -       -",
        "        |   | |   |   | | | |",
        "         -   -       -   -   -",
        "        | |   |   |   |   | | |",
        "         -   -       - .     -",
    ];
    assert_eq!(art(&SIGNS, picture.on).to_string().lines().collect::<Vec<_>>(), rows);
    // A glass without it shows none.
    let mut plain = frame("8");
    write_tariff(&mut plain, &GLASS, 2);
    assert_eq!((plain, tariff(&plain, &GLASS)), (frame("8"), None));
}

proptest! {
    #[test]
    fn what_was_written_is_there(text in "[0-9A-Za-z. -]{0,9}") {
        let mut picture = SegmentFrame::default();
        if write(&mut picture, &GLASS, 0, &text).is_ok() {
            prop_assert!(matches(&picture, &GLASS, &text));
            prop_assert!(matches(&picture, &GLASS, glyphs(&picture, &GLASS).to_string().trim_end()));
            prop_assert_eq!(picture.on >> segment_count(&GLASS), 0);
        } else {
            prop_assert_eq!(picture, SegmentFrame::default());
            prop_assert!(!matches(&picture, &GLASS, &text));
        }
    }
}
