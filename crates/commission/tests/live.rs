//! Live values: the fewest requests, gaps with their cause that nothing bridges, and no burst after a time-out; and what
//! plots, cursors, tables and files make of them.

mod common;

use commission::live::{Cause, CsvLayout, Live, LiveError, Mark, Next, Rate, Series, SeriesFile, ask};
use commission::plot::{Axis, View, Window, between, draw, plot, svg_points, table};
use commission::{Bus, Fault, Wall, does_not_exist, json::Json, read_out};
use common::{Adapter, Bench, Cut, Slave, Wire, bench, block_on, entry};
use expect_test::expect;
use units::decimal::Decimal;
use units::{Duration, Instant, Point, What};

const VOLTAGE: &str = "voltage";
const POWER: &str = "power";

fn live(keys: &[&str]) -> Live {
    Live::new(entry(), keys, 125).unwrap()
}

fn steps(live: &mut Live, bus: &mut Bench, count: usize) {
    for _ in 0..count {
        block_on(live.step(bus)).unwrap();
    }
}

/// Values and gaps of a series in short.
fn told(series: &Series) -> Vec<String> {
    series
        .marks()
        .map(|mark| match mark {
            Mark::Value(sample) => sample.value.to_string(),
            Mark::Gap(gap) => gap.cause.to_string(),
        })
        .collect()
}

#[test]
fn chosen_points_take_the_fewest_requests() {
    // Voltage and power stand in one block, the energy in another.
    assert_eq!(live(&[VOLTAGE]).spans().map(|span| span.count).collect::<Vec<_>>(), [2]);
    assert_eq!(live(&[POWER, VOLTAGE]).spans().count(), 1);
    assert_eq!(live(&[VOLTAGE, "energy.forward", POWER]).spans().count(), 2);
    assert_eq!(Live::new(entry(), &[POWER, VOLTAGE], 8).unwrap().spans().count(), 2);
    assert_eq!(live(&[VOLTAGE, VOLTAGE]).series().len(), 1);
    assert_eq!(live(&[VOLTAGE, "energy.forward", POWER]).sentence(), "3 values in 2 requests a round.");
    for (keys, wrong) in [
        (&[][..], "nothing is chosen: expected at least one key of a value"),
        (&["colour"], "PRO1-Mod has no \"colour\": expected keys of its values, such as "),
        (&["password"], "PRO1-Mod has no \"password\""),
        (&["parity"], "\"parity\" is no number: expected a value that is one"),
    ] {
        let error = Live::new(entry(), keys, 125).unwrap_err();
        assert!(error.to_string().starts_with(wrong), "{error}");
    }
    assert_eq!(Live::new(entry(), &[], 125).unwrap_err(), LiveError::Nothing);
}

#[test]
fn values_come_with_their_words_and_their_rate() {
    let (mut bus, wire) = bench(Wire::new([Slave::new(1)]));
    wire.borrow_mut().slave().points.insert(Point::now(What::U).code(), 230_100);
    wire.borrow_mut().slave().redraw();
    let mut live = live(&[VOLTAGE, POWER]);
    steps(&mut live, &mut bus, 20);
    let [voltage, power] = live.series() else { panic!("two series") };
    assert_eq!((voltage.unit.as_str(), power.unit.as_str()), ("V", "kW"));
    let last = voltage.last().unwrap();
    assert_eq!(
        (last.value.to_string(), last.raw.as_slice()),
        ("230.1".into(), [0x43, 0x66, 0x19, 0x9A].as_slice())
    );
    assert_eq!((voltage.values().count(), voltage.missing()), (20, None));
    // 8 characters there and 45 back, 20 ms and t3.5 in between.
    let Rate { requests, rounds } = live.rate().unwrap();
    assert_eq!(requests, rounds);
    assert!((11_000..13_500).contains(&requests), "{requests}");
}

#[test]
fn a_gap_has_its_cause_and_is_never_bridged() {
    let (mut bus, wire) = bench(Wire::new([Slave::new(1)]));
    let mut live = live(&[VOLTAGE]);
    steps(&mut live, &mut bus, 2);
    wire.borrow_mut().nodes[0].slave.balks_at = None;
    let node = wire.borrow_mut().nodes.pop().unwrap();
    steps(&mut live, &mut bus, 3);
    wire.borrow_mut().nodes.push(node);
    steps(&mut live, &mut bus, 1);
    wire.borrow_mut().adapter = Adapter::Parity;
    steps(&mut live, &mut bus, 1);
    wire.borrow_mut().adapter = Adapter::Clean;
    steps(&mut live, &mut bus, 1);
    live.pause(bus.now(), Cause::Paused);
    assert_eq!(block_on(live.step(&mut bus)), Ok(None), "nothing is asked while it is paused");
    block_on(bus.wait(Duration::from_secs(9))).unwrap();
    live.resume(bus.now());
    steps(&mut live, &mut bus, 1);
    live.pause(bus.now(), Cause::MeterOff);
    block_on(bus.wait(Duration::from_secs(1))).unwrap();
    live.resume(bus.now());
    steps(&mut live, &mut bus, 1);
    // The page stood still: nobody asked for ten seconds.
    block_on(bus.wait(Duration::from_secs(10))).unwrap();
    steps(&mut live, &mut bus, 1);
    let carried = wire.borrow().carried;
    wire.borrow_mut().cut = Some((carried, Cut::Unplugged));
    assert!(matches!(block_on(live.step(&mut bus)), Err(Fault::Port(_))));
    let series = &live.series()[0];
    let value = series.last().unwrap().value.to_string();
    let value = value.as_str();
    assert_eq!(
        told(series),
        [
            value,
            value,
            "no answer",
            value,
            "damaged answer",
            value,
            "paused",
            value,
            "the meter is off",
            value,
            "not asked",
            value,
            "the link was lost"
        ]
    );
    let plot = plot(live.series(), View::new(Duration::from_secs(120)).window(bus.now()), None, 400);
    let [line] = plot.lines.as_slice() else { panic!("one line") };
    assert_eq!(line.pieces.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1, 1, 1, 1]);
    let causes: Vec<String> = line.holes.iter().map(|hole| hole.cause.to_string()).collect();
    assert_eq!(
        causes,
        ["no answer", "damaged answer", "paused", "the meter is off", "not asked", "the link was lost"]
    );
    for (piece, hole) in line.pieces.iter().zip(&line.holes) {
        assert_eq!(piece.last().unwrap().x, hole.from, "a hole begins where the value before it is");
    }
    for (piece, hole) in line.pieces.iter().skip(1).zip(&line.holes) {
        assert_eq!(piece[0].x, hole.to, "and ends where the next one is");
    }
}

#[test]
fn while_a_request_is_on_its_way_the_series_can_be_read_and_paused() {
    let (mut bus, wire) = bench(Wire::new([Slave::new(1)]));
    // The counters have a form, which is asked first and delays nothing, however long a round may take.
    let mut live = live(&["energy.forward"]);
    live.set_every(Duration::from_secs(600));
    let mut asked = Vec::new();
    while live.series()[0].values().count() == 0 {
        let begun = bus.now();
        let Next::Ask(span) = live.next(begun) else { panic!("nothing to wait for: {asked:?}") };
        let outcome = block_on(ask(&mut bus, span));
        asked.push(span);
        live.answered(begun, bus.now(), outcome).unwrap();
    }
    assert_eq!(asked.len(), wire.borrow().frames as usize);
    let Next::Wait(rest) = live.next(bus.now()) else { panic!("a round is over") };
    assert!((599_000..600_000).contains(&rest.as_millis()), "{rest:?}");
    live.set_every(Duration::ZERO);
    block_on(bus.wait(rest)).unwrap();
    let begun = bus.now();
    let Next::Ask(span) = live.next(begun) else { panic!("the next round") };
    live.pause(begun, Cause::Paused);
    let outcome = block_on(ask(&mut bus, span));
    assert_eq!(
        live.answered(begun, bus.now(), outcome),
        Ok(None),
        "an answer after the pause began is no value"
    );
    assert_eq!(live.next(bus.now()), Next::Nothing);
    assert_eq!((live.series()[0].values().count(), live.series()[0].missing()), (1, Some(Cause::Paused)));
}

#[test]
fn after_a_time_out_nothing_is_caught_up() {
    let (mut bus, wire) = bench(Wire::new([Slave::new(1)]));
    let mut live = live(&[VOLTAGE]);
    live.set_every(Duration::from_millis(500));
    steps(&mut live, &mut bus, 3);
    let node = wire.borrow_mut().nodes.pop().unwrap();
    // Each of these takes longer than the half second that a round has.
    steps(&mut live, &mut bus, 4);
    wire.borrow_mut().nodes.push(node);
    steps(&mut live, &mut bus, 5);
    let times: Vec<u64> = live.series()[0].values().map(|sample| sample.at.as_millis()).collect();
    assert_eq!(times.len(), 8);
    for pair in times.windows(2) {
        // A round begins half a second after the one before, or later; its answer takes up to 50 ms more behind a failure.
        assert!(pair[1] - pair[0] >= 449, "{times:?}");
    }
    assert_eq!(wire.borrow().frames, 3 + 4 + 5, "every step is one question");
}

#[test]
fn a_meter_that_balks_is_watched_in_pieces() {
    let row = entry().def.all_registers().find(|row| row.addr > 0x5008).unwrap();
    let mut slave = Slave::new(1);
    slave.balks_at = Some(row.addr);
    let (mut bus, _) = bench(Wire::new([slave]));
    let mut live = live(&[VOLTAGE, POWER, "frequency"]);
    assert_eq!(live.spans().count(), 1);
    steps(&mut live, &mut bus, 12);
    assert!(live.spans().count() > 1);
    for series in live.series() {
        assert_eq!(series.missing(), None, "{}", series.key);
        assert!(!series.marks().any(|mark| matches!(mark, Mark::Gap(_))), "{:?}", told(series));
    }
}

/// Some firmware does not answer 8 words at the power factors, but 2 and 6 (a complaint of the field): whole read-outs
/// and live values are read in smaller pieces, whether the meter refuses or is silent.
#[test]
fn a_meter_that_is_silent_on_long_reads_is_read_in_pieces() {
    let last = 0x502A;
    let balks = move |address: u16, count: u16| {
        count > 6 && address <= last && u32::from(last) < u32::from(address) + u32::from(count)
    };
    let (mut bus, wire) = bench(Wire::new([Slave::new(13_070_002)]));
    wire.borrow_mut().silent_on = Some(Box::new(balks));
    let out = block_on(read_out(&mut bus, entry(), &mut |_| {})).unwrap();
    assert!(
        out.rows.iter().all(|row| row.value.is_ok()),
        "{:?}",
        out.rows.iter().find(|row| row.value.is_err())
    );
    // Three requests for the rest, and one for each half on the way down to what is answered.
    assert!(out.requests <= 14, "{}", out.requests);

    let mut live = live(&["power-factor", VOLTAGE]);
    assert_eq!(live.spans().count(), 1);
    steps(&mut live, &mut bus, 12);
    for series in live.series() {
        assert!(series.last().is_some() && series.missing().is_none(), "{}: {:?}", series.key, told(series));
    }
    assert!(live.spans().all(|span| !balks(span.addr, span.count)));
}

#[test]
fn a_register_that_is_refused_says_so() {
    let (mut bus, wire) = bench(Wire::new([Slave::new(1)]));
    wire.borrow_mut().refused_at = Some(0x5000);
    let mut live = live(&[VOLTAGE]);
    steps(&mut live, &mut bus, 2);
    assert_eq!(
        told(&live.series()[0]),
        ["refused: the device has no such register, or not for this use (02)"]
    );
    let refused = Fault::Refused(modbus::Exception::IllegalDataAddress);
    assert!(does_not_exist(&refused));
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn watt(value: i64) -> Decimal {
    Decimal { value, decimals: 3 }
}

/// 1 kW for 36 s, nothing for 4 s, then a ramp up to 3 kW within 20 s.
fn power() -> Series {
    let mut series = Series::new(POWER, "Power", "kW");
    for s in 0..=36 {
        series.value(at(1_000 * s), watt(1_000), vec![0x3F, 0x80, 0, 0]);
    }
    series.gap(at(37_000), at(39_000), Cause::NoAnswer);
    for s in 0..=20 {
        series.value(at(1_000 * (40 + s)), watt(1_000 + i64::try_from(s).unwrap() * 100), vec![]);
    }
    series
}

#[test]
fn cursors_tell_what_lies_between_them() {
    let series = power();
    let told = between(&series, at(36_000), at(0));
    assert_eq!((told.span, told.missing), (Duration::from_secs(36), Duration::ZERO));
    assert_eq!(told.integral, Some((Decimal { value: 10_000, decimals: 6 }, "kWh")));
    assert_eq!((told.delta, told.mean.unwrap().to_string()), (Some(watt(0)), "1.00000".into()));
    // Over the gap: 36 s at 1 kW and 20 s at 2 kW on the mean are 76 kWs; 4 s are left out.
    let told = between(&series, at(0), at(60_000));
    assert_eq!((told.covered, told.missing), (Duration::from_secs(56), Duration::from_secs(4)));
    assert_eq!(told.integral.unwrap().0.to_string(), "0.021111");
    assert_eq!((told.delta, told.causes.as_slice()), (Some(watt(2_000)), [Cause::NoAnswer].as_slice()));
    assert_eq!((told.least, told.most), (Some(watt(1_000)), Some(watt(3_000))));
    assert_eq!(
        told.sentence(&series),
        "Power: 60000 ms, +2.000 kW, mean 1.35714 kW, 0.021111 kWh; 4000 ms without values (no answer) left out"
    );
    // Between two values in proportion; in the gap there is none.
    let told = between(&series, at(38_000), at(45_500));
    assert_eq!((told.a, told.b, told.delta), (None, Some(watt(1_550)), None));
    assert_eq!(told.covered, Duration::from_millis(5_500));
    let nothing = between(&series, at(37_100), at(38_900));
    assert_eq!((nothing.mean, nothing.integral, nothing.covered), (None, None, Duration::ZERO));
    assert_eq!(between(&Series::new("k", "K", "V"), at(0), at(1)).mean, None);
}

#[test]
fn a_plot_has_an_axis_for_each_unit() {
    let mut voltage = Series::new(VOLTAGE, "Voltage", "V");
    for s in 0..60 {
        voltage.value(
            at(1_000 * s),
            Decimal { value: 2_300 + i64::try_from(s % 7).unwrap(), decimals: 1 },
            vec![],
        );
    }
    let mut other = Series::new("power.l1", "Power L1", "kW");
    other.value(at(30_000), watt(-2_000), vec![]);
    let series = [power(), voltage, other];
    let window = Window { from: at(0), to: at(60_000) };
    let plot = plot(&series, window, None, 200);
    let ends = |axis: &Axis| {
        let texts = [axis.ticks.first(), axis.ticks.last()].map(|tick| tick.unwrap().text.clone());
        (axis.unit.clone(), texts.join(" to "))
    };
    let axes: Vec<(String, String)> = plot.axes.iter().map(ends).collect();
    assert_eq!(
        axes,
        [("kW", "-2 to 3"), ("V", "230.0 to 230.6")].map(|(unit, ends)| (unit.into(), ends.into()))
    );
    assert_eq!(plot.lines.iter().map(|line| line.axis).collect::<Vec<_>>(), [0, 1, 0]);
    for line in &plot.lines {
        for dot in line.pieces.iter().flatten() {
            assert!((0.0..=1.0).contains(&dot.x) && (0.0..=1.0).contains(&dot.y), "{dot:?}");
        }
    }
    assert_eq!(plot.lines[0].last.as_ref().unwrap().value, watt(3_000));
    assert_eq!(plot.times.first().unwrap().text, "00:00:00");
    assert_eq!(svg_points(&plot.lines[2].pieces[0], 600, 200), "300.0,200.0");
    // A window inside of a piece shows what comes in at its edges.
    let near = commission::plot::plot(&series, Window { from: at(10_500), to: at(11_500) }, None, 200);
    let places: Vec<f64> = near.lines[0].pieces[0].iter().map(|dot| dot.x).collect();
    assert_eq!(places, [-0.5, 0.5, 1.5]);
}

#[test]
fn many_points_are_thinned_without_losing_a_peak() {
    let mut series = Series::new("k", "K", "");
    for n in 0..10_000i64 {
        let value = if n == 4_321 { 1_000 } else { n % 10 };
        series.value(at(n.unsigned_abs()), Decimal { value, decimals: 0 }, vec![]);
    }
    let window = Window { from: at(0), to: at(10_000) };
    let all = [series];
    let plot = plot(&all, window, None, 100);
    let piece = &plot.lines[0].pieces[0];
    assert!(piece.len() <= 404, "{}", piece.len());
    assert!(piece.iter().any(|dot| dot.y == 1.0));
    assert!(piece.windows(2).all(|pair| pair[0].x <= pair[1].x));
}

#[test]
fn a_terminal_draws_it_and_a_screen_reader_reads_it() {
    let series = [power()];
    let window = Window { from: at(0), to: at(60_000) };
    let plot = plot(&series, window, None, 80);
    expect![[r#"
        3.0 |⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⡠⠊
        2.5 |⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⡠⠊⠀⠀
        2.0 |⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⢀⠔⠊⠀⠀⠀⠀
        1.5 |⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⢀⠔⠁⠀⠀⠀⠀⠀⠀
        1.0 |⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⠀⢀⠔⠁⠀⠀⠀⠀⠀⠀⠀⠀
            +------------------xx----------
    "#]]
    .assert_eq(&draw(&plot, 0, 30, 5));
    let wall = Wall { unix_micros: 1_795_265_050_000_000 };
    let table = table(&series, Window { from: at(35_500), to: at(41_000) }, Some(wall), 4);
    assert_eq!(
        (table.head.as_slice(), table.left_out),
        (["Time".to_string(), "Power, kW".to_string()].as_slice(), 0)
    );
    let rows: Vec<String> = table.rows.iter().map(|row| row.join(" | ")).collect();
    assert_eq!(
        rows,
        [
            "12:44:46.000000 | 1.000",
            "12:44:47.000000 | no answer until 12:44:49.000000",
            "12:44:50.000000 | 1.000",
            "12:44:51.000000 | 1.100",
        ]
    );
}

#[test]
fn files_hold_values_units_words_times_and_gaps() {
    let mut voltage = Series::new(VOLTAGE, "Voltage", "V");
    voltage.value(at(36_000), Decimal { value: 2_301, decimals: 1 }, vec![0x43, 0x66, 0x19, 0x9A]);
    let series = [power(), voltage];
    let wall = Some(Wall { unix_micros: 1_795_265_050_000_000 });
    let window = Some((at(36_000), at(40_000)));
    let file = SeriesFile { series: &series, model: "pro1-mod", serial: Some(13_070_002), wall, window };
    expect![[r#"
        time,until,key,label,value,unit,raw,gap,serial
        2026-11-21T12:44:46.000Z,,power,Power,1.000,kW,3F 80 00 00,,13070002
        2026-11-21T12:44:46.000Z,,voltage,Voltage,230.1,V,43 66 19 9A,,13070002
        2026-11-21T12:44:47.000Z,2026-11-21T12:44:49.000Z,power,Power,,kW,,no answer,13070002
        2026-11-21T12:44:50.000Z,,power,Power,1.000,kW,,,13070002
    "#]]
    .assert_eq(&file.to_csv(CsvLayout::Lines).replace("\r\n", "\n"));
    expect![[r#"
        time,Power [kW],Voltage [V],gap
        2026-11-21T12:44:46.000Z,1.000,230.1,
        2026-11-21T12:44:47.000Z,,,no answer
        2026-11-21T12:44:50.000Z,1.000,,
    "#]]
    .assert_eq(&file.to_csv(CsvLayout::Columns).replace("\r\n", "\n"));
    let json = Json::parse(&file.to_json()).unwrap();
    assert_eq!(json.get("serial").and_then(Json::text), Some("13070002"));
    let marks = json.get("series").unwrap().list().unwrap()[0].get("marks").unwrap().list().unwrap();
    let gap = marks[1].get("gap").and_then(Json::text);
    assert_eq!((marks.len(), gap), (3, Some("no answer")));
    assert_eq!(marks[0].get("raw").and_then(Json::text), Some("3F 80 00 00"));
    let bare = SeriesFile { wall: None, window: None, ..file };
    assert!(bare.to_csv(CsvLayout::Lines).contains("\r\n36.000000,,voltage,"));
}
