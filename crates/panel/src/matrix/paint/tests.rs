use expect_test::{ExpectFile, expect_file};
use lcd::Mono;

use super::pen::shortened;
use super::samples::{power, samples};
use super::{Unfit, paint};
use crate::matrix::view::*;

fn glass(view: &MatrixView) -> (String, Result<(), Unfit>) {
    // What stood there before is gone: the memory begins dark.
    let mut bits = vec![0xFF; Mono::bytes(128, 160)];
    let mut mono = Mono::new(128, 160, &mut bits).unwrap();
    let fits = paint(view, &mut mono);
    (mono.to_string(), fits)
}

fn sample(name: &str) -> MatrixView {
    samples().into_iter().find(|(other, _)| *other == name).unwrap().1
}

#[test]
fn every_screen_finds_room_for_its_texts_and_looks_like_no_other() {
    let mut seen: Vec<(&str, String)> = Vec::new();
    for (name, view) in samples() {
        let (art, fits) = glass(&view);
        assert_eq!(fits.map_err(|unfit| unfit.to_string()), Ok(()), "{name}");
        assert!(seen.iter().all(|(_, other)| *other != art), "{name} looks like another");
        seen.push((name, art));
    }
}

#[test]
fn the_screens_as_they_stand_on_the_glass() {
    let pictures: [(&str, ExpectFile); 7] = [
        ("power", expect_file!["art/power.txt"]),
        ("trip", expect_file!["art/trip.txt"]),
        ("history", expect_file!["art/history.txt"]),
        ("direction", expect_file!["art/direction.txt"]),
        ("menu", expect_file!["art/menu.txt"]),
        ("edit-ratio", expect_file!["art/edit-ratio.txt"]),
        ("error", expect_file!["art/error.txt"]),
    ];
    for (name, picture) in pictures {
        picture.assert_eq(&glass(&sample(name)).0);
    }
}

#[test]
fn a_turned_glass_shows_the_same_upside_down() {
    for (_, mut view) in samples() {
        let upright = glass(&view).0;
        view.turned = true;
        let mut bits = vec![0; Mono::bytes(128, 160)];
        let mut mono = Mono::new(128, 160, &mut bits).unwrap();
        let _ = paint(&view, &mut mono);
        assert_ne!(mono.to_string(), upright);
        mono.rotate_180();
        assert_eq!(mono.to_string(), upright);
    }
}

#[test]
fn what_is_in_hand_blinks_and_nothing_else_does() {
    for (name, mut view) in samples() {
        let lit = glass(&view).0;
        view.lit = false;
        let blinks = matches!(view.screen, Screen::Password { .. } | Screen::Edit { .. });
        assert_eq!(glass(&view).0 != lit, blinks, "{name}");
    }
}

#[test]
fn a_hidden_number_leaves_its_place_light() {
    let mut view = power();
    let shown = glass(&view).0;
    if let Screen::Face(Face { part3: Part3::Reading { obis, .. }, .. }) = &mut view.screen {
        *obis = "";
    }
    let hidden = glass(&view).0;
    let differ = |(shown, hidden): (&str, &str)| shown != hidden;
    // Of the 80 lines of half blocks only those of the title differ.
    let lines: Vec<usize> = (0..)
        .zip(shown.lines().zip(hidden.lines()))
        .filter(|(_, two)| differ(*two))
        .map(|(n, _)| n)
        .collect();
    assert_eq!(lines, [46, 47, 48, 49]);
}

#[test]
fn a_text_that_the_glass_cannot_show_is_named_and_the_rest_is_drawn() {
    let with_title = |title| {
        let mut view = power();
        if let Screen::Face(Face { part3: Part3::Reading { title: place, .. }, .. }) = &mut view.screen {
            *place = title;
        }
        glass(&view)
    };
    let (art, unfit) = with_title("Wirkleistung über alles");
    assert_eq!(unfit.unwrap_err().to_string(), "\"Wirkleistung über alles\": the font has no 'ü'");
    assert_eq!(art.lines().count(), 80);
    let (_, unfit) = with_title("Active power of the whole meter");
    let unfit = unfit.unwrap_err();
    assert_eq!(unfit.to_string(), "\"Active power of the whole meter\" finds no room in 102 pixels");
    assert_eq!((unfit.text(), unfit.character, unfit.room), ("Active power of the whole meter", None, 102));
}

#[test]
fn numbers_of_any_size_find_room() {
    for exponent in 0..16 {
        for unit in ["kW", "kvar", "kVA", "A", "Hz", ""] {
            let value = -(10i64.pow(exponent) * 10 - 1);
            let figure = |value| Figure::Number { value, decimals: 3, digits: 1, signed: true, unit };
            let mut view = power();
            if let Screen::Face(Face { part3: Part3::Reading { figure: place, phases, .. }, .. }) =
                &mut view.screen
            {
                *place = Some(figure(value));
                *phases = [value / 3; 3].map(|value| Some(figure(value)));
            }
            // 9995 A at 400 V are 7 MW; what is beyond ten need not fit, but is drawn.
            let fits = glass(&view).1.is_ok();
            assert!(fits || exponent > 6, "{value} {unit}");
        }
    }
}

#[test]
fn a_counter_is_cut_off_where_a_reading_is_rounded() {
    let number = |unit| Figure::Number { value: 1_999, decimals: 3, digits: 1, signed: false, unit };
    assert_eq!(shortened(number("kWh"), 1).to_string(), "1.9");
    assert_eq!(shortened(number("kvarh"), 0).to_string(), "1");
    assert_eq!(shortened(number("kW"), 1).to_string(), "2.0");
    assert_eq!(shortened(number("kW"), 3), number("kW"));
}
