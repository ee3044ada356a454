use super::*;

/// A three-phase meter of the family, read off the bus: one phase imports, two export.
fn captured() -> Load {
    let phase = |current_ma, active_mw, reactive_mvar| PhaseReading {
        voltage_mv: 230_149,
        current_ma,
        active_mw,
        reactive_mvar,
    };
    Load {
        phases: [
            phase(4_051, 900_000, -244_000),
            phase(1_618, -232_200, -258_200),
            phase(2_146, -492_400, -66_400),
        ],
        lines_mv: None,
        frequency_mhz: 49_986,
    }
}

#[test]
fn three_phases_read_as_captured_from_a_real_meter() {
    let mut meter = meter(&THREE);
    meter.set_load(captured());
    meter.sample();
    let all = [Of::All, Of::L1, Of::L2, Of::L3];
    for (what, expected) in [
        (What::U, [0, 230_100, 230_100, 230_100]),
        (What::I, [0, 4_050, -1_620, -2_150]),
        (What::P, [175_000, 900_000, -232_000, -492_000]),
        (What::Q, [-569_000, -244_000, -258_000, -66_000]),
        (What::S, [1_777_000, 932_000, 347_000, 497_000]),
        (What::Pf, [290, 970, 670, 990]),
        (What::F, [49_990; 4]),
        (What::Quadrant, [4, 4, 3, 3]),
        (What::Direction, [1, 1, -1, -1]),
    ] {
        assert_eq!(all.map(|of| meter.value(reading(what, of))), expected.map(Some), "{what:?}");
    }
    // Lines of such phases: √3 times their voltage.
    for of in [Of::L12, Of::L13, Of::L23] {
        assert_eq!(meter.value(reading(What::U, of)), Some(398_600));
        assert_eq!(meter.value(reading(What::I, of)), None);
    }
}

#[test]
fn voltages_between_phases_follow_from_their_angles() {
    let mut meter = meter(&THREE);
    let mut load = Load::default();
    for (phase, mv) in load.phases.iter_mut().zip([230_000, 100_000, 0]) {
        phase.voltage_mv = mv;
    }
    meter.set_load(load);
    // √(230² + 100² + 230 · 100): 120° apart.
    let lines = [Of::L12, Of::L13, Of::L23];
    let mut of = |load: Load| {
        meter.set_load(load);
        meter.sample();
        lines.map(|of| meter.value(reading(What::U, of)))
    };
    assert_eq!(of(load), [Some(293_100), Some(230_000), Some(100_000)]);
    // Two elements on a delta: their voltages are 60° apart, and the load says so.
    let delta = Load { lines_mv: Some([400_000, 399_949, 400_051]), ..load };
    assert_eq!(of(delta), [Some(400_000), Some(399_900), Some(400_100)]);
    load.phases.iter_mut().for_each(|phase| phase.voltage_mv = u32::MAX);
    assert!(of(load).into_iter().all(|line| line.is_some_and(|mv| mv > 4_200_000_000)));
    let mut single = super::meter(&ONE);
    single.set_load(load);
    single.sample();
    assert_eq!(lines.map(|of| single.value(reading(What::U, of))), [None; 3]);
}

#[test]
fn roots_are_those_of_the_library() {
    let near = |root: u64| [root * root - 1, root * root, root * root + root, root * root + root + 1];
    let some = (1..2_000).chain([65_535, 1 << 31, (1 << 32) - 2]);
    for square in some.flat_map(near).chain([0, 1, u64::MAX]) {
        let exact = square.isqrt();
        let nearest = exact + u64::from(square - exact * exact > exact);
        assert_eq!(crate::reading::root(square), nearest, "{square}");
    }
}

#[test]
fn a_single_phase_is_the_whole_meter() {
    let mut meter = meter(&ONE);
    meter.set_load(captured());
    meter.sample();
    for (what, expected) in [(What::U, 230_100), (What::I, 4_050), (What::P, 900_000), (What::Pf, 970)] {
        assert_eq!(meter.value(reading(what, Of::All)), Some(expected), "{what:?}");
        assert_eq!(meter.value(reading(what, Of::L1)), Some(expected), "{what:?}");
        assert_eq!(meter.value(reading(what, Of::L2)), None, "{what:?}");
    }
}

#[test]
fn quadrants_go_by_the_signs() {
    let mut meter = meter(&ONE);
    for ((p, q), quadrant) in
        [((1, 1), 1), ((1, 0), 1), ((0, 1), 1), ((-1, 1), 2), ((-1, 0), 2), ((-1, -1), 3), ((1, -1), 4)]
            .into_iter()
            .chain([((0, -1), 4), ((0, 0), 0)])
    {
        meter.set_load(load(p, q));
        assert_eq!(now(&mut meter, reading(What::Quadrant, Of::All)), Some(quadrant), "{p} {q}");
    }
}

#[test]
fn below_the_starting_current_only_the_voltage_shows() {
    let mut meter = meter(&ONE);
    let mut small = load(-4_370, 600);
    small.phases[0].current_ma = 19;
    meter.set_load(small);
    meter.sample();
    for (what, expected) in [
        (What::U, 230_000),
        (What::I, 0),
        (What::P, 0),
        (What::Q, 0),
        (What::S, 0),
        (What::Pf, 1_000),
        (What::F, 50_000),
        (What::Quadrant, 0),
        (What::Direction, 1),
    ] {
        assert_eq!(meter.value(Point::now(what)), Some(expected), "{what:?}");
    }
}

#[test]
fn a_phase_without_voltage_has_no_direction() {
    let mut meter = meter(&ONE);
    assert_eq!(now(&mut meter, reading(What::Direction, Of::All)), Some(0));
    assert_eq!(now(&mut meter, reading(What::U, Of::All)), Some(0));
}

#[test]
fn readings_are_rounded_to_what_the_meter_shows() {
    let mut meter = meter(&ONE);
    for (mw, shown) in
        [(499, 0), (500, 1_000), (-1_499, -1_000), (-1_500, -2_000), (4_294_967_500, 4_294_968_000)]
    {
        meter.set_load(load(mw, 0));
        assert_eq!(now(&mut meter, reading(What::P, Of::All)), Some(shown), "{mw}");
    }
    // 0.9946 is 0.99 and not by way of 0.995 one hundredth more.
    meter.set_load(load(994_600, 103_784));
    assert_eq!(now(&mut meter, reading(What::S, Of::All)), Some(1_000_000));
    assert_eq!(now(&mut meter, reading(What::Pf, Of::All)), Some(990));
}

#[test]
fn readings_stand_until_the_next_sample() {
    let mut meter = meter(&ONE);
    meter.set_load(load(1_000_000, 0));
    meter.sample();
    meter.advance(HOUR);
    meter.set_load(load(2_000_000, 0));
    assert_eq!(meter.value(Point::now(What::P)), Some(1_000_000));
    assert_eq!(meter.value(active(Flow::Forward)), Some(0));
    meter.sample();
    assert_eq!(meter.value(Point::now(What::P)), Some(2_000_000));
    assert_eq!(meter.value(active(Flow::Forward)), Some(1_000));
}

#[test]
fn the_largest_powers_have_readings() {
    let mut meter = meter(&THREE);
    meter.set_load(loads([(i64::MIN, i64::MAX), (i64::MIN, i64::MAX), (i64::MIN, i64::MAX)]));
    meter.sample();
    let gigawatt = 1_000_000_000_000;
    assert_eq!(meter.value(Point::now(What::P)), Some(-3 * gigawatt));
    assert_eq!(meter.value(Point::now(What::Pf)), Some(710));
    // √2 GVA, three times, to the nearest VA.
    assert_eq!(meter.value(reading(What::S, Of::L3)), Some(1_414_213_562_000));
    assert_eq!(meter.value(Point::now(What::S)), Some(4_242_640_687_000));
}
