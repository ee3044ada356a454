//! "Find my meter" on simulated copper, in virtual time: every place, every fault of the line, and nothing that is not
//! there.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use commission::diagnosis::{Cause, Diagnosis};
use commission::find::{
    Control, FindEnd, FindEvent, FindSettings, Finder, Finding, SearchPosition, SearchProgress, SearchScope,
    Trace, investigate,
};
use commission::{
    Bus as _, Fault, Line, LineMemory, Place, Port, PortFault, Received, SimulatedPort, Timing, Transport,
};
use modbus::{LineError, Request};
use proptest::prelude::*;
use rig::{Bench, MeterSpec, WireFaults, Wiring, block_on};
use schema::PortId;
use units::{Duration, Instant, LineParams, Parity};

type Shared = Rc<RefCell<Bench>>;

const HOME: LineParams = LineParams::even(9_600);

/// The model with the most speeds, for places anywhere.
fn any_place() -> &'static str {
    models::ALL.iter().rev().find(|entry| entry.def.modbus.is_some()).unwrap().def.slug
}

fn first_model() -> &'static str {
    models::ALL.iter().find(|entry| entry.def.modbus.is_some()).unwrap().def.slug
}

fn meters(texts: &[String]) -> Shared {
    let mut bench = Bench::new(Instant::ZERO);
    for text in texts {
        bench.add(MeterSpec::parse(text).unwrap().build(None, Instant::ZERO).unwrap());
    }
    bench.run_until(Instant::from_millis(2_000));
    bench.set_latency(PortId::Modbus, Duration::from_millis(16));
    Rc::new(RefCell::new(bench))
}

fn meter(model: &str, serial: u32, place: Place) -> String {
    let Place { line, unit } = place;
    format!("{model} serial={serial} modbus-id={unit} baud={} parity={}", line.baud, line.parity)
}

fn at(line: LineParams, unit: u8) -> Place {
    Place { line, unit }
}

fn port(bench: &Shared) -> SimulatedPort {
    bench.borrow_mut().set_master_line(PortId::Modbus, HOME);
    SimulatedPort::new(bench.clone(), PortId::Modbus)
}

fn finder<P: Port>(port: P, scope: &SearchScope) -> Finder<P> {
    Finder::new(port, Transport::Rtu, HOME, scope, FindSettings::default(), Control::default(), ())
}

/// Places and serial numbers of what was found.
fn places<P: Port>(finder: &Finder<P>) -> Vec<(Place, Option<u32>)> {
    let places = finder.found().iter().map(|finding| match finding {
        Finding::Modbus { place, .. } => (*place, finding.serial()),
        Finding::Mbus { .. } => panic!("no M-Bus was searched"),
    });
    places.collect()
}

fn run<P: Port>(bench: &Shared, finder: &mut Finder<P>) -> Result<FindEnd, PortFault> {
    block_on(bench, finder.run(&mut |_| {})).unwrap()
}

fn four_speeds() -> SearchScope {
    SearchScope { speeds: vec![9_600, 4_800, 2_400, 1_200], ..SearchScope::default() }
}

#[test]
fn a_meter_as_from_the_factory_is_found_by_the_first_question() {
    let bench = meters(&[meter(first_model(), 13_070_001, at(HOME, 1))]);
    let mut finder = finder(port(&bench), &SearchScope::default());
    let begun = bench.borrow().now();
    let mut first = None;
    let end = block_on(
        &bench,
        finder.run(&mut |event| {
            if let FindEvent::Found(_) = event {
                first = first.or(Some(bench.borrow().now()));
            }
        }),
    );
    assert_eq!(end.unwrap(), Ok(FindEnd::Done));
    assert_eq!(places(&finder), [(at(HOME, 1), Some(13_070_001))]);
    let took = first.unwrap().since(begun);
    assert!(took < Duration::from_millis(300), "{took}");
    assert!(
        finder.found()[0]
            .sentence()
            .starts_with("Id 1 at 9600 8E1: inepro Metering PRO1-Mod, serial 13070001")
    );
    assert!(finder.traces().is_empty(), "{:?}", finder.traces());
}

#[test]
fn one_byte_string_finds_a_meter_with_parity_and_one_without() {
    // Ids whose questions are for even and none (25: three ones) and for odd and none (24: two).
    for (unit, format) in [(25, Parity::Even), (25, Parity::None), (24, Parity::Odd), (24, Parity::None)] {
        let place = at(LineParams::new(9_600, format), unit);
        let bench = meters(&[meter(first_model(), 70_001, place)]);
        let scope =
            SearchScope { anyone: false, ids: vec![unit], speeds: vec![9_600], ..SearchScope::default() };
        let mut finder = finder(port(&bench), &scope);
        assert_eq!(finder.position().asked.len(), 3);
        assert_eq!(run(&bench, &mut finder), Ok(FindEnd::Done));
        assert_eq!(places(&finder), [(place, Some(70_001))], "{place}");
        assert!(finder.traces().is_empty(), "{place}: {:?}", finder.traces());
    }
}

#[test]
fn every_format_behind_a_shared_question_is_told_apart_on_one_line() {
    let none = LineParams::new(9_600, Parity::None);
    let odd = LineParams::new(9_600, Parity::Odd);
    let there = [at(HOME, 25), at(none, 26), at(odd, 24), at(none, 28), at(none, 32), at(HOME, 33)];
    let texts: Vec<String> =
        (70_001..).zip(there).map(|(serial, place)| meter(first_model(), serial, place)).collect();
    let bench = meters(&texts);
    let scope = SearchScope { speeds: vec![9_600], ids: (20..40).collect(), ..SearchScope::default() };
    let mut finder = finder(port(&bench), &scope);
    assert_eq!(run(&bench, &mut finder), Ok(FindEnd::Done));
    let mut found = places(&finder);
    found.sort_by_key(|(_, serial)| *serial);
    let wanted: Vec<_> = there.into_iter().zip((70_001..).map(Some)).collect();
    assert_eq!(found, wanted);
}

#[test]
fn a_whole_cabinet_is_found_with_what_is_wrong_in_it() {
    let mut texts: Vec<String> =
        (1..=60).map(|unit| meter(first_model(), 13_070_000 + u32::from(unit), at(HOME, unit))).collect();
    // Two on one id; one that a charger has set; one without supply.
    texts.push(meter(first_model(), 13_070_099, at(HOME, 30)));
    let charged = at(LineParams::new(19_200, Parity::None), 2);
    texts.push(meter(any_place(), 20_000_002, charged));
    texts.push(meter(first_model(), 13_070_100, at(HOME, 61)));
    let bench = meters(&texts);
    assert!(bench.borrow_mut().set_wiring(62, PortId::Modbus, Wiring::Open));
    let scope =
        SearchScope { speeds: vec![9_600, 19_200], ids: (1..=70).collect(), ..SearchScope::default() };
    let mut finder = finder(port(&bench), &scope);
    let mut last = None;
    let end = block_on(
        &bench,
        finder.run(&mut |event| {
            if let FindEvent::Progress(progress) = event {
                last = Some(progress);
            }
        }),
    );
    assert_eq!(end.unwrap(), Ok(FindEnd::Done));
    let mut found = places(&finder);
    found.sort_by_key(|(place, _)| (place.line.baud, place.unit));
    let units = (1..=60u8).filter(|unit| *unit != 30);
    let mut wanted: Vec<_> = units.map(|unit| (at(HOME, unit), Some(13_070_000 + u32::from(unit)))).collect();
    wanted.push((charged, Some(20_000_002)));
    assert_eq!(found, wanted);
    let clash: Vec<&Trace> =
        finder.traces().iter().filter(|it| it.diagnosis.cause == Cause::SeveralOnOneId).collect();
    assert_eq!(clash.len(), 1, "{:?}", finder.traces());
    assert!(clash[0].place == at(HOME, 30) && !clash[0].diagnosis.certain, "{}", clash[0].diagnosis);
    let others = finder.traces().iter().filter(|it| it.diagnosis.cause != Cause::SeveralOnOneId);
    // Sixty meters answer a question to all at once.
    assert!(others.clone().all(|it| it.diagnosis.cause == Cause::SeveralAtOnce), "{:?}", finder.traces());
    let SearchProgress { asked, total, left, .. } = last.unwrap();
    assert_eq!((asked, left), (total, Duration::ZERO));
}

#[test]
fn two_meters_on_one_id_that_answer_one_after_the_other_are_told_apart() {
    let bench = meters(&[
        meter(first_model(), 13_070_001, at(HOME, 5)),
        format!("{} reply-delay=55ms", meter(first_model(), 13_070_002, at(HOME, 5))),
    ]);
    let scope = SearchScope { ids: vec![5], speeds: vec![9_600], anyone: false, ..SearchScope::default() };
    let mut finder = finder(port(&bench), &scope);
    assert_eq!(run(&bench, &mut finder), Ok(FindEnd::Done));
    assert_eq!(places(&finder), []);
    let trace = &finder.traces()[0];
    assert_eq!(trace.serials, [13_070_001, 13_070_002]);
    assert!(trace.diagnosis.certain && trace.diagnosis.cause == Cause::SeveralOnOneId, "{}", trace.diagnosis);
}

#[test]
fn a_slow_meter_is_credited_with_its_own_answer() {
    for ms in [90, 200, 400] {
        let text = format!("{} reply-delay={ms}ms", meter(first_model(), 13_070_001, at(HOME, 12)));
        let bench = meters(&[text, meter(first_model(), 13_070_002, at(HOME, 16))]);
        let scope = SearchScope {
            ids: (9..=30).collect(),
            speeds: vec![9_600],
            anyone: false,
            ..SearchScope::default()
        };
        let mut finder = finder(port(&bench), &scope);
        assert_eq!(run(&bench, &mut finder), Ok(FindEnd::Done));
        let mut found = places(&finder);
        found.sort_by_key(|(place, _)| place.unit);
        assert_eq!(found, [(at(HOME, 12), Some(13_070_001)), (at(HOME, 16), Some(13_070_002))], "{ms} ms");
    }
}

#[test]
fn a_short_search_waits_for_those_that_are_late() {
    for ids in [vec![7], vec![6, 7, 8], vec![5, 6, 7], vec![7, 8, 9, 10]] {
        let scope = SearchScope {
            ids,
            speeds: vec![9_600],
            formats: vec![Parity::Even],
            anyone: false,
            shared: true,
        };
        let slow = format!("{} reply-delay=400ms", meter(first_model(), 13_070_001, at(HOME, 7)));
        let bench = meters(&[slow, meter(first_model(), 13_070_002, at(HOME, 8))]);
        let mut finder = finder(port(&bench), &scope);
        assert_eq!(run(&bench, &mut finder), Ok(FindEnd::Done));
        let found = places(&finder);
        assert!(found.contains(&(at(HOME, 7), Some(13_070_001))), "{:?}: {found:?}", scope.ids);
        assert_eq!(found.len(), 1 + usize::from(scope.ids.contains(&8)), "{:?}: {found:?}", scope.ids);
    }
}

#[test]
fn a_stopped_search_goes_on_where_it_was_and_a_paused_one_sends_nothing() {
    let there = [at(HOME, 3), at(LineParams::new(4_800, Parity::None), 44), at(LineParams::even(1_200), 7)];
    let texts: Vec<String> =
        (70_001..).zip(there).map(|(serial, place)| meter(first_model(), serial, place)).collect();
    let bench = meters(&texts);
    let scope = SearchScope { anyone: false, ..four_speeds() };
    let total = finder(port(&bench), &scope).position().asked.len();
    assert_eq!(total, 12);
    let mut found: Vec<(Place, Option<u32>)> = Vec::new();
    let mut asked = 0;
    let mut position: Option<SearchPosition> = None;
    for stop in [1, 7, 100, 101, 700, usize::MAX] {
        let control = Control::default();
        let settings = FindSettings::default();
        let mut finder =
            Finder::new(port(&bench), Transport::Rtu, HOME, &scope, settings, control.clone(), ());
        if let Some(position) = &position {
            // As a file or a reload of the page keeps it.
            finder.resume(&SearchPosition::parse(&position.to_string()).unwrap());
        }
        let end = block_on(
            &bench,
            finder.run(&mut |event| {
                if let FindEvent::Progress(progress) = event {
                    assert_eq!(progress.asked, asked + 1);
                    asked = progress.asked;
                    if asked >= stop {
                        control.stop();
                    }
                }
            }),
        );
        let end = end.unwrap().unwrap();
        assert_eq!(end, if stop == usize::MAX { FindEnd::Done } else { FindEnd::Stopped });
        found.extend(places(&finder));
        position = Some(finder.position());
    }
    found.sort_by_key(|(_, serial)| *serial);
    let wanted: Vec<_> = there.into_iter().zip((70_001..).map(Some)).collect();
    assert_eq!(found, wanted);

    let control = Control::default();
    control.pause();
    let mut finder =
        Finder::new(port(&bench), Transport::Rtu, HOME, &scope, FindSettings::default(), control.clone(), ());
    let waited = rig::block_on_within(&bench, Duration::from_secs(5), finder.run(&mut |_| {}));
    assert!(waited.is_none() && finder.sent() == 0);
    control.resume();
    let until = Cell::new(0);
    let end = block_on(
        &bench,
        finder.run(&mut |event| {
            if let FindEvent::Progress(SearchProgress { gone, .. }) = event {
                until.set(until.get() + 1);
                assert!(gone < Duration::from_secs(2), "a pause is no time of the search");
                if until.get() == 10 {
                    control.stop();
                }
            }
        }),
    );
    assert_eq!(end.unwrap(), Ok(FindEnd::Stopped));
}

/// A line with somebody else on it: bytes and damaged characters at their times, whatever is asked.
struct Crowd {
    port: SimulatedPort,
    words: Vec<(Instant, Result<Vec<u8>, LineError>)>,
}

impl Crowd {
    fn next(&self) -> Option<Instant> {
        self.words.first().map(|(at, _)| *at)
    }

    fn due(&mut self) -> Option<Received> {
        let now = self.port.now();
        (self.next()? <= now).then(|| match self.words.remove(0).1 {
            Ok(bytes) => Received::Bytes(bytes),
            Err(error) => Received::LineError(error),
        })
    }
}

impl Port for Crowd {
    async fn transmit(&mut self, bytes: &[u8]) -> Result<(), PortFault> {
        self.port.transmit(bytes).await
    }

    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault> {
        loop {
            if let Some(received) = self.due() {
                return Ok(received);
            }
            let next = self.next().unwrap_or(until).min(until);
            match self.port.receive(next).await? {
                Received::Quiet if self.port.now() < until => {}
                received => return Ok(received),
            }
        }
    }

    async fn reconfigure(&mut self, line: LineParams) -> Result<(), PortFault> {
        self.port.reconfigure(line).await
    }

    async fn wait(&mut self, span: Duration) -> Result<(), PortFault> {
        self.port.wait(span).await
    }

    fn now(&self) -> Instant {
        self.port.now()
    }
}

fn frame(unit: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = [&[unit], body].concat();
    let check = modbus::crc::wire(&frame);
    frame.extend(check);
    frame
}

/// Another master that asks id 2 and id 3 every half second; only id 3 answers.
fn second_master(from: Instant, seconds: u64) -> Vec<(Instant, Result<Vec<u8>, LineError>)> {
    let mut words = Vec::new();
    for round in 0..2 * seconds {
        let begin = from + Duration::from_millis(500 * round + 200);
        words.push((begin, Ok(frame(2, &[3, 0x50, 0, 0, 2]))));
        words.push((begin + Duration::from_millis(100), Ok(frame(3, &[3, 0x50, 0, 0, 2]))));
        words.push((begin + Duration::from_millis(150), Ok(frame(3, &[3, 4, 0x43, 0x66, 0x1A, 0x9E]))));
    }
    words
}

#[test]
fn a_line_with_a_master_is_left_alone() {
    let bench = meters(&[meter(first_model(), 13_070_001, at(HOME, 1))]);
    let now = bench.borrow().now();
    let settings = FindSettings { listen: Some(Duration::from_secs(2)), ..FindSettings::default() };
    let search = |words: Vec<(Instant, Result<Vec<u8>, LineError>)>, settings: FindSettings| {
        let crowd = Crowd { port: port(&bench), words };
        let scope = SearchScope { speeds: vec![9_600], ..SearchScope::default() };
        let mut finder = Finder::new(crowd, Transport::Rtu, HOME, &scope, settings, Control::default(), ());
        let mut said = Vec::new();
        let end = block_on(
            &bench,
            finder.run(&mut |event| {
                if let FindEvent::Listened(listened) = event {
                    said.push(listened.sentence());
                }
            }),
        );
        (end.unwrap().unwrap(), finder.sent(), said, finder.traces().to_vec())
    };
    let (end, sent, said, _) = search(second_master(now, 4), settings);
    assert_eq!((end, sent), (FindEnd::OtherMaster(vec![2, 3]), 0));
    assert_eq!(
        said,
        [
            "Another master is on this line: in 2 s at 9600 8E1 it asked id 2 (4 times), id 3 (4 times). No answer was heard \
          from 2. Nothing was sent, so that it is not disturbed. Disconnect it, or listen only."
        ]
    );
    // Another speed: nothing of it can be read, but it is somebody.
    let now = bench.borrow().now();
    let noise = (0..9).map(|i| (now + Duration::from_millis(100 * i), Err(LineError::Framing)));
    let (end, sent, said, _) = search(noise.collect(), settings);
    assert_eq!((end, sent), (FindEnd::OtherMaster(vec![]), 0));
    assert!(said[0].starts_with("Something talks on this line: 9 bytes or characters"), "{said:?}");
    // One that begins only later is heard in time, too.
    let now = bench.borrow().now();
    let late = second_master(now + Duration::from_secs(3), 4);
    let (end, sent, said, traces) = search(late, settings);
    assert_eq!(said, ["Nobody was heard in 2 s at 9600 8E1."]);
    assert!(matches!(&end, FindEnd::OtherMaster(units) if units.contains(&2)), "{end:?}");
    assert!(sent < 40, "{sent}");
    let trace = traces.last().unwrap();
    assert!(trace.diagnosis.cause == Cause::SecondMaster && trace.diagnosis.certain, "{}", trace.diagnosis);
}

/// Questions of a line to id 1 amid what others say, each at a whole second from the first on.
fn asked_amid(words: Vec<(u64, Result<Vec<u8>, LineError>)>, questions: u8) -> Diagnosis {
    let bench = meters(&[]);
    let begin = bench.borrow().now();
    let words = words.into_iter().map(|(ms, heard)| (begin + Duration::from_millis(ms), heard)).collect();
    let crowd = Crowd { port: port(&bench), words };
    let mut memory = LineMemory::default();
    let home = at(HOME, 1);
    let mut line = Line::new(crowd, &mut memory, Transport::Rtu, home, Timing::default(), ());
    let request = Request::ReadHolding { address: 0x5000, count: 2 };
    let mut last = None;
    for number in 1..=questions {
        last = block_on(&bench, line.exchange(&request, 1)).unwrap().err();
        let next = begin + Duration::from_secs(u64::from(number));
        let now = bench.borrow().now();
        block_on(&bench, line.wait(next.since(now))).unwrap().unwrap();
    }
    let masters = line.masters().to_vec();
    let symptoms = commission::diagnosis::Symptoms {
        masters,
        ..commission::diagnosis::Symptoms::of(home, line.tally(), last.as_ref())
    };
    commission::diagnosis::diagnose(&symptoms)
}

#[test]
fn two_masters_on_one_id_are_told_from_late_answers_and_from_a_line_that_does_not_rest() {
    // Ten words, of which nobody here has asked; and two, which may be the late answer to an older question.
    let longer = frame(1, &[&[3, 20][..], &[0x11; 20]].concat());
    let fitting = frame(1, &[3, 4, 0, 1, 0, 2]);
    let theirs = frame(1, &[3, 0x50, 2, 0, 10]);
    let broken = |error| (0..4).map(|i| (1_000 * i + 700, Err(error))).collect::<Vec<_>>();
    for (words, cause, certain, text) in [
        (
            vec![(60, Ok(longer.clone()))],
            Cause::SecondMaster,
            false,
            "1 whole answer came that no question of ours",
        ),
        // Between two questions of ours.
        (
            vec![(700, Ok(longer.clone())), (1_700, Ok(longer.clone()))],
            Cause::SecondMaster,
            false,
            "2 whole answers",
        ),
        (vec![(700, Ok(theirs.clone()))], Cause::SecondMaster, false, "A question to id 1 was heard"),
        (
            vec![
                (700, Ok(theirs.clone())),
                (760, Ok(longer.clone())),
                (1_700, Ok(theirs)),
                (1_760, Ok(longer)),
            ],
            Cause::SecondMaster,
            true,
            "Somebody else asks id 1 on this line.",
        ),
        (vec![(700, Ok(fitting))], Cause::NoAnswer, true, "A silent line does not tell why."),
        (broken(LineError::Framing), Cause::Restless, false, "4 damaged characters came while nobody asked"),
        (broken(LineError::Break), Cause::LineHeld, true, "The line is held low"),
    ] {
        let told = asked_amid(words, 5);
        assert_eq!((&told.cause, told.certain), (&cause, certain), "{told}");
        assert!(told.to_string().contains(text), "{told}");
    }
}

#[test]
fn an_echo_that_is_gone_is_a_short_circuit_or_the_adapter() {
    let bench = meters(&[meter(first_model(), 13_070_001, at(HOME, 1))]);
    let echo = WireFaults { echo: true, ..WireFaults::default() };
    bench.borrow_mut().set_faults(PortId::Modbus, echo);
    let mut memory = LineMemory::default();
    let mut line = Line::new(port(&bench), &mut memory, Transport::Rtu, at(HOME, 1), Timing::default(), ());
    let request = Request::ReadHolding { address: 0x4000, count: 2 };
    assert!(block_on(&bench, line.exchange(&request, 1)).unwrap().is_ok());
    assert_eq!(line.tally().mute, 0);
    bench.borrow_mut().set_faults(PortId::Modbus, WireFaults { short: true, ..echo });
    let fault = block_on(&bench, line.exchange(&request, 2)).unwrap().unwrap_err();
    assert_eq!(line.tally().mute, 2);
    let symptoms = commission::diagnosis::Symptoms::of(at(HOME, 1), line.tally(), Some(&fault));
    let told = commission::diagnosis::diagnose(&symptoms);
    assert_eq!((&told.cause, told.certain), (&Cause::EchoGone, false), "{told}");
    assert!(told.why.starts_with("A and B touch"), "{told}");
}

#[test]
fn a_search_of_a_line_that_does_not_rest_says_so_and_one_with_meters_does_not() {
    let search = |texts: &[String]| {
        let bench = meters(texts);
        let now = bench.borrow().now();
        // Longer than a question is listened behind, so that some of them come while nothing is asked.
        let words = (1..60).map(|i| (now + Duration::from_millis(500 + 25 * i), Err(LineError::Framing)));
        let crowd = Crowd { port: port(&bench), words: words.collect() };
        let scope = SearchScope { speeds: vec![9_600], ids: (1..=40).collect(), ..SearchScope::default() };
        let mut finder = finder(crowd, &scope);
        assert_eq!(run(&bench, &mut finder), Ok(FindEnd::Done));
        let restless = finder.traces().iter().filter(|it| it.diagnosis.cause == Cause::Restless).count();
        (finder.found().len(), restless)
    };
    assert_eq!(search(&[]), (0, 1));
    assert_eq!(search(&[meter(first_model(), 13_070_001, at(HOME, 1))]), (1, 0));
}

/// A read of the first meter as a line does it, and what went wrong, looked at from all sides.
fn what_went_wrong(bench: &Shared, place: Place, faults: WireFaults, questions: u8) -> Diagnosis {
    asked_for(bench, place, None, faults, questions)
}

/// The same where it is known who should be there.
fn asked_for(
    bench: &Shared,
    place: Place,
    wanted: Option<u32>,
    faults: WireFaults,
    questions: u8,
) -> Diagnosis {
    bench.borrow_mut().set_faults(PortId::Modbus, faults);
    bench.borrow_mut().set_master_line(PortId::Modbus, place.line);
    let mut memory = LineMemory::default();
    let wire = SimulatedPort::new(bench.clone(), PortId::Modbus);
    let mut line = Line::new(wire, &mut memory, Transport::Rtu, place, Timing::default(), ());
    let mut last = None;
    let request = Request::ReadHolding { address: 0x4000, count: 2 };
    for _ in 0..questions {
        if let Err(fault) = block_on(bench, line.exchange(&request, 1)).unwrap() {
            last = Some(fault);
        }
    }
    let (tally, port) = (line.tally(), line.into_port());
    let settings = FindSettings::default();
    block_on(bench, investigate(port, place, tally, last.as_ref(), wanted, settings, ())).unwrap().unwrap()
}

#[test]
fn each_fault_of_the_line_is_told_apart() {
    let good = WireFaults::default();
    let one = |place: Place| meters(&[meter(first_model(), 13_070_001, place)]);
    let other_format = LineParams::new(9_600, Parity::None);
    let home = at(HOME, 1);
    let cases: Vec<(&str, Shared, WireFaults, Cause, bool)> = vec![
        ("nobody", meters(&[]), good, Cause::NoAnswer, true),
        ("short", one(home), WireFaults { short: true, ..good }, Cause::NoAnswer, true),
        ("echo", meters(&[]), WireFaults { echo: true, ..good }, Cause::OnlyEcho, true),
        ("unplugged", one(home), WireFaults { unplugged: true, ..good }, Cause::Port(PortFault::Lost), true),
        ("noise", one(home), WireFaults { noise: 60, ..good }, Cause::Disturbed, true),
        ("format", one(at(other_format, 1)), good, Cause::OtherFormat, true),
        ("speed", one(at(LineParams::even(2_400), 1)), good, Cause::OtherSpeed, true),
        ("id", one(at(HOME, 9)), good, Cause::OtherId, false),
        (
            "two on one id",
            meters(&[meter(first_model(), 13_070_001, home), meter(first_model(), 13_070_002, home)]),
            good,
            Cause::SeveralOnOneId,
            false,
        ),
        ("nothing", one(home), good, Cause::Nothing, true),
    ];
    for (name, bench, faults, cause, certain) in cases {
        let told = what_went_wrong(&bench, home, faults, 20);
        assert_eq!((&told.cause, told.certain), (&cause, certain), "{name}: {told}");
        assert!(!told.what.is_empty(), "{name}");
    }
    // Only the serial number says that it is this meter, or that it is none.
    let bench = one(at(HOME, 9));
    let told = asked_for(&bench, home, Some(13_070_001), good, 3);
    assert_eq!((told.cause.clone(), told.certain), (Cause::OtherId, true), "{told}");
    let told = asked_for(&bench, home, Some(13_070_002), good, 3);
    assert_eq!(told.cause, Cause::NoAnswer, "{told}");
    assert!(told.what.contains("serial 13070001 as id 9"), "{told}");
    // Two others: neither is more likely than the other.
    let both =
        [meter(first_model(), 13_070_001, at(HOME, 9)), meter(first_model(), 13_070_002, at(HOME, 10))];
    let told = what_went_wrong(&meters(&both), home, good, 3);
    assert!(told.cause == Cause::NoAnswer || !told.certain, "{told}");
    // Reflections hurt fast lines only.
    let fast = at(LineParams::even(115_200), 1);
    let bench = meters(&[meter(any_place(), 20_000_001, fast)]);
    let told = what_went_wrong(&bench, fast, WireFaults { unterminated: true, ..good }, 40);
    assert_eq!((told.cause, told.certain), (Cause::Disturbed, true));
    // Wires of the one meter: it hears nothing, so that nothing tells them from a meter without supply.
    for wiring in [Wiring::Swapped, Wiring::Open] {
        let bench = one(home);
        assert!(bench.borrow_mut().set_wiring(0, PortId::Modbus, wiring));
        let told = what_went_wrong(&bench, home, good, 3);
        assert_eq!(told.cause, Cause::NoAnswer);
        assert!(told.why.contains("A and B are swapped"), "{told}");
    }
    // A register that does not exist.
    let bench = one(home);
    let mut memory = LineMemory::default();
    let mut line = Line::new(port(&bench), &mut memory, Transport::Rtu, home, Timing::default(), ());
    let request = Request::ReadHolding { address: 0x5036, count: 2 };
    let refused = block_on(&bench, line.exchange(&request, 3)).unwrap().unwrap_err();
    assert!(matches!(refused, Fault::Refused(_)));
    let symptoms = commission::diagnosis::Symptoms::of(home, line.tally(), Some(&refused));
    let told = commission::diagnosis::diagnose(&symptoms);
    assert!(matches!(told.cause, Cause::Refused(_)) && told.code == "exception 02", "{told}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_meter_anywhere_is_found_with_its_serial(
        baud in prop::sample::select(vec![9_600u32, 19_200, 4_800, 300, 115_200]),
        parity in prop::sample::select(vec![Parity::Even, Parity::None, Parity::Odd]),
        unit in 1u8..=247,
        serial in 1u32..99_999_999,
        shared in any::<bool>(),
        echo in any::<bool>(),
        anyone in any::<bool>(),
    ) {
        let place = at(LineParams::new(baud, parity), unit);
        let bench = meters(&[meter(any_place(), serial, place)]);
        bench.borrow_mut().set_faults(PortId::Modbus, WireFaults { echo, ..WireFaults::default() });
        let ids = (unit.saturating_sub(5).max(1)..=unit.saturating_add(5).min(247)).collect();
        let scope = SearchScope { speeds: vec![9_600, 19_200, 4_800, 300, 115_200], ids, shared, anyone, ..SearchScope::default() };
        let mut finder = finder(port(&bench), &scope);
        prop_assert_eq!(run(&bench, &mut finder), Ok(FindEnd::Done));
        prop_assert_eq!(places(&finder), [(place, Some(serial))]);
    }

    #[test]
    fn noise_is_something_and_never_a_meter(
        bursts in prop::collection::vec((0u64..30_000, prop::collection::vec(any::<u8>(), 1..20), any::<bool>()), 1..60),
        noise in 0u16..200,
    ) {
        let place = at(HOME, 21);
        let bench = meters(&[meter(first_model(), 13_070_001, place)]);
        bench.borrow_mut().set_faults(PortId::Modbus, WireFaults { noise, ..WireFaults::default() });
        let now = bench.borrow().now();
        let mut words: Vec<_> = bursts
            .into_iter()
            .map(|(ms, bytes, damaged)| {
                let heard = if damaged { Err(LineError::Framing) } else { Ok(bytes) };
                (now + Duration::from_millis(ms), heard)
            })
            .collect();
        words.sort_by_key(|(at, _)| *at);
        let crowd = Crowd { port: port(&bench), words };
        let scope = SearchScope { speeds: vec![9_600], ids: (10..=40).collect(), ..SearchScope::default() };
        let settings = FindSettings { insist: true, ..FindSettings::default() };
        let mut finder = Finder::new(crowd, Transport::Rtu, HOME, &scope, settings, Control::default(), ());
        let end = block_on(&bench, finder.run(&mut |_| {})).unwrap();
        prop_assert!(end.is_ok());
        for (found, serial) in places(&finder) {
            prop_assert_eq!(found, place);
            prop_assert!(serial.is_none_or(|serial| serial == 13_070_001), "{:?}", serial);
        }
        for trace in finder.traces() {
            prop_assert!(trace.diagnosis.cause != Cause::SeveralOnOneId || !trace.diagnosis.certain, "{}", trace.diagnosis);
        }
    }
}
