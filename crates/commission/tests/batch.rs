//! A batch on the bench: meters that come one by one, in any order, half-done, seen before or with others beside them; and
//! whatever happens to line and program, each meter ends with its own line, proven, or the report does not say so.

#[path = "stage/cut.rs"]
mod cut;
#[path = "stage/desk.rs"]
mod desk;
mod stage;

use std::cell::RefCell;
use std::rc::Rc;

use commission::batch::{Batch, BatchFault, Ended, List, Over, ResumeFault, State};
use commission::profile::Profile;
use commission::record::{LinesJournal, Record, Where};
use commission::{LineMemory, PortFault, factory_place};
use cut::{Cut, CutPort, Meter};
use desk::{File, LONG, PATIENCE, Person};
use models::Entry;
use rig::Twin;
use schema::{PortId, SettingId};
use stage::{Dice, START, change, line, wire};

fn small() -> &'static Entry {
    &models::ALL[0]
}

/// A model of another family, with what cannot be undone.
fn large() -> &'static Entry {
    models::ALL.iter().find(|entry| entry.def.metering.ct.is_some()).unwrap()
}

fn profile(name: &str) -> Result<Profile, String> {
    let (entry, settings) = match name {
        "small" => (small(), "\"scroll-time\": 15, \"s0-rate\": 100"),
        "large" => (large(), "\"scroll-time\": 7, \"pulse-width\": 40"),
        "last" => (large(), "\"combination-code\": 5"),
        _ => return Err("there is none".into()),
    };
    let slug = entry.def.slug;
    let text = format!(
        "{{\"profile\": 1, \"name\": \"{name}\", \"model\": \"{slug}\", \"settings\": {{{settings}}}}}"
    );
    Profile::parse(&text).map_err(|faults| format!("{faults:?}"))
}

fn list(text: &str) -> List {
    List::parse(text, Over::Modbus, &mut profile).unwrap()
}

fn meter(entry: &'static Entry, serial: u32) -> Twin {
    let mut twin = Twin::new(entry, None, START);
    change(&mut twin, &[(SettingId::Serial, i64::from(serial))]);
    twin
}

fn setting(twin: &Twin, id: SettingId) -> i64 {
    i64::from(twin.device().setting(id).unwrap())
}

fn serial(twin: &Twin) -> u32 {
    u32::try_from(setting(twin, SettingId::Serial)).unwrap()
}

fn place(twin: &Twin) -> commission::Place {
    let (line, unit) = twin.device().address(PortId::Modbus).unwrap();
    commission::Place { line, unit }
}

/// How a session ended.
#[derive(Debug, PartialEq)]
enum End {
    /// Every line is done.
    All,
    /// Nobody came any more.
    Nobody,
    /// The program died.
    Dropped,
    Fault(BatchFault),
}

/// One run of the program: it reads its files, and takes meters until something ends it.
fn session(list: &List, file: &File, person: &mut Person, cut: Option<(usize, Cut)>) -> (End, Batch, usize) {
    let text = file.0.borrow().clone();
    let whole = text.rfind('\n').map_or(0, |at| at + 1);
    file.0.borrow_mut().truncate(whole);
    let record = Record::parse(&text);
    assert_eq!(record.bad, []);
    let mut batch = Batch::new(list.clone(), record).unwrap();
    let rail = person.rail.clone();
    let Where::Modbus(start) = batch.arrivals()[0] else { panic!("{:?}", batch.arrivals()) };
    rail.borrow_mut().set_master_line(PortId::Modbus, start.line);
    let carried = Rc::new(RefCell::new(Meter { carried: 0, cut }));
    let port = CutPort { port: wire(&rail, PortId::Modbus), meter: carried.clone() };
    let mut memory = LineMemory::default();
    let mut bus = line(port, start, &mut memory);
    let mut journal = stage::run(&rail, LinesJournal::begin(file.clone(), whole == 0, "a day")).unwrap();
    batch.set_patience(PATIENCE);
    let end = loop {
        let step = batch.next(&mut bus, &mut journal, person);
        match rig::block_on_within(&rail, LONG, step) {
            None => break End::Dropped,
            Some(Err(fault)) => break End::Fault(fault),
            Some(Ok(Ended::All)) => break End::All,
            Some(Ok(Ended::Nobody)) => break End::Nobody,
            Some(Ok(Ended::Row(row))) => assert!(batch.is_over(row)),
            Some(Ok(Ended::Left(row))) => assert!(!batch.is_over(row)),
        }
    };
    // What the program knows is what its file says.
    let again = Batch::new(list.clone(), Record::parse(&file.0.borrow())).unwrap();
    assert_eq!(batch.to_csv(), again.to_csv());
    honest(&batch, person);
    drop(bus);
    let carried = carried.borrow().carried;
    (end, batch, carried)
}

fn is_over(batch: &Batch, twin: &Twin) -> bool {
    let rows = batch.list().rows().len();
    (0..rows).any(|row| batch.is_over(row) && batch.seat(row).is_some_and(|seat| seat.serial == serial(twin)))
}

/// What the report calls done stands in the meter.
fn honest(batch: &Batch, person: &Person) {
    let bench = person.rail.borrow();
    let all = person.heap.iter().chain(&person.shelf).chain(bench.twins());
    for twin in all {
        let Some(seat) = batch.record().seat(serial(twin)) else { continue };
        let row = batch.list().rows().iter().position(|row| row.id == seat.row).unwrap();
        if batch.state(row) != State::Done {
            continue;
        }
        for action in batch.list().rows()[row].actions(twin.entry(), Over::Modbus).unwrap() {
            let commission::Action::Set { setting: def, value } = action else { panic!("{action:?}") };
            assert_eq!(setting(twin, def.id), i64::from(value), "{} of {}", def.id.key(), seat.serial);
        }
        assert_eq!(batch.meter(row).unwrap().now, Where::Modbus(place(twin)));
    }
}

#[test]
fn two_meters_come_and_are_done() {
    let list = list("id,profile,baud,parity,label\n7,small,4800,none,Flat 3\n8,small,,,\n");
    let mut person = Person::new([meter(small(), 13_070_001), meter(small(), 13_070_002)]);
    let file = File::default();
    let (end, batch, _) = session(&list, &file, &mut person, None);
    assert_eq!(end, End::All);
    person.clear();
    honest(&batch, &person);
    expect_test::expect![[r#"
        Connect the next meter. 0 of 2 meters are done.
        inepro Metering PRO1-Mod, serial 13070001: it gets id 7 (Flat 3).
        confirmed    Pulse output rate is 100 imp/kWh, read back from the meter.
        confirmed    Scroll time is 15 s, read back from the meter.
        confirmed    Modbus address is 7: the meter was found again at id 7 at 9600 8E1.
        confirmed    Parity is none: the meter was found again at id 7 at 9600 8N1.
        confirmed    Baud rate is 4800 Bd: the meter was found again at id 7 at 4800 8N1.
        The meter for id 7 (Flat 3) is done: all of it was read back.
        Connect the next meter. 1 of 2 meters are done.
        inepro Metering PRO1-Mod, serial 13070002: it gets id 8.
        confirmed    Pulse output rate is 100 imp/kWh, read back from the meter.
        confirmed    Scroll time is 15 s, read back from the meter.
        confirmed    Modbus address is 8: the meter was found again at id 8 at 9600 8E1.
        The meter for id 8 is done: all of it was read back."#]]
    .assert_eq(&person.said.join("\n"));
    expect_test::expect![[r#"
        line,id,label,profile,serial,model,state,place,settings,time,note
        2,7,Flat 3,small,13070001,pro1-mod,done,id 7 at 4800 8N1,modbus-id=7 baud=4800 parity=none s0-rate=100 scroll-time=15,2026-11-28T22:40:00Z,
        3,8,,small,13070002,pro1-mod,done,id 8 at 9600 8E1,modbus-id=8 s0-rate=100 scroll-time=15,2026-11-28T22:40:00Z,
    "#]].assert_eq(&batch.to_csv().replace("\r\n", "\n"));
    expect_test::expect![[r#"
        --------------------------------------
        Flat 3
        Modbus id     7
        Spoken to as  id 7 at 4800 8N1
        Serial        13070001
        Meter         inepro Metering PRO1-Mod
        Set           2026-11-28 22:40 UTC
        --------------------------------------
    "#]]
    .assert_eq(&batch.label(0).unwrap().to_text());
    assert!(batch.label(1).unwrap().to_html().starts_with("<section><h2>Modbus id 8</h2>"));
    assert_eq!((batch.count(State::Done), batch.count(State::Free)), (2, 0));
}

/// A cabinet of two models, its lines in any order.
fn cabinet(count: u32) -> (List, Vec<Twin>) {
    let mut text = String::from("id;profile;baud;parity;label\n");
    let mut meters = Vec::new();
    for number in 0..count {
        let (name, entry) = if number % 3 == 1 { ("large", large()) } else { ("small", small()) };
        let baud = [9_600, 4_800, 2_400][number as usize % 3];
        let parity = ["even", "none", "odd"][number as usize / 3 % 3];
        text.push_str(&format!("{};{name};{baud};{parity};\"Flat {number}; left\"\n", number + 2));
        meters.push(meter(entry, 22_070_000 + 7 * number));
    }
    (list(&text), meters)
}

#[test]
fn sixty_meters_that_are_interrupted_three_times_end_complete_and_correct() {
    let (list, mut meters) = cabinet(60);
    let mut dice = Dice(60);
    for at in (1..meters.len()).rev() {
        meters.swap(at, usize::try_from(dice.below(at as u64 + 1)).unwrap());
    }
    let mut person = Person::new(meters);
    let file = File::default();
    let (mut interrupted, mut begun) = (0, 0);
    for kind in [Cut::Crash, Cut::Unplugged, Cut::Crash] {
        let at = 9_000 + usize::try_from(dice.below(12_000)).unwrap();
        let (end, batch, _) = session(&list, &file, &mut person, Some((at, kind)));
        interrupted += 1;
        match kind {
            Cut::Unplugged => assert_eq!(end, End::Fault(BatchFault::Port(PortFault::Lost))),
            _ => assert_eq!(end, End::Dropped),
        }
        // What was being written is cut too, sometimes in the middle of a line, and the meter on the bench goes back to the
        // shelf: another one comes first.
        let cut = usize::try_from(dice.below(3)).unwrap();
        let kept = file.0.borrow().len() - cut;
        file.0.borrow_mut().truncate(kept);
        person.clear();
        if let Some(twin) = person.heap.pop_if(|twin| !is_over(&batch, twin)) {
            begun += usize::from(batch.record().seat(serial(&twin)).is_some());
            person.shelf.insert(3.min(person.shelf.len()), twin);
        }
    }
    let (end, batch, _) = session(&list, &file, &mut person, None);
    assert_eq!((end, interrupted), (End::All, 3), "{}", batch.to_csv());
    assert!(begun > 1, "only {begun} were interrupted half-done");
    person.clear();
    honest(&batch, &person);
    assert_eq!((batch.count(State::Done), person.heap.len()), (60, 60));
    let mut ids: Vec<i64> = person.heap.iter().map(|twin| setting(twin, SettingId::ModbusId)).collect();
    ids.sort_unstable();
    assert_eq!(ids, (2..62).collect::<Vec<i64>>(), "each meter has a line of its own");
    assert_eq!(batch.to_csv().lines().filter(|line| line.contains(",done,")).count(), 60);
}

#[test]
fn wherever_a_meter_is_cut_off_it_is_found_and_finished() {
    let list = list("id,profile,baud,parity\n7,small,4800,none\n8,small,2400,\n");
    let both = || [meter(small(), 13_070_001), meter(small(), 13_070_002)];
    let mut person = Person::new(both());
    let (end, _, whole) = session(&list, &File::default(), &mut person, None);
    assert_eq!(end, End::All);
    let every: usize = std::env::var("METERTWIN_CUT_STEP").ok().and_then(|it| it.parse().ok()).unwrap_or(61);
    let mut cuts = 0;
    for (number, at) in (1..whole).step_by(every).enumerate() {
        let kind = [Cut::Crash, Cut::Unplugged, Cut::Wire][number % 3];
        let (mut person, file) = (Person::new(both()), File::default());
        let (end, batch, _) = session(&list, &file, &mut person, Some((at, kind)));
        if end == End::All {
            // The last answer was about settings that nobody wanted.
            assert!(at + 40 > whole, "{kind:?} at {at} of {whole}");
            continue;
        }
        // The cut meter is connected again first, or after the other one; who is done stays away.
        person.clear();
        let mut all: Vec<Twin> = person.heap.drain(..).chain(person.shelf.drain(..)).collect();
        person.heap.extend(all.extract_if(.., |twin| is_over(&batch, twin)));
        if number % 2 == 1 {
            all.reverse();
        }
        person.shelf = all.into();
        let (end, batch, _) = session(&list, &file, &mut person, None);
        assert_eq!(end, End::All, "{kind:?} at {at}: {:#?}", person.said);
        person.clear();
        honest(&batch, &person);
        assert_eq!(batch.count(State::Done), 2, "{kind:?} at {at}");
        cuts += 1;
    }
    assert!(cuts > 15, "{cuts}");
}

#[test]
fn a_meter_that_was_there_before_gets_no_second_line() {
    let list = list("id,profile\n1,small\n7,small\n8,small\n");
    let file = File::default();
    let mut person = Person::new([meter(small(), 13_070_001), meter(small(), 13_070_002)]);
    // The first one stays where it came up, so it answers there again and again.
    let (end, batch, _) = session(&list, &file, &mut person, None);
    assert_eq!((end, batch.count(State::Done)), (End::Nobody, 2));
    let seen =
        "The meter 13070001 was here before and is done, with id 1. Disconnect it and connect the next one.";
    assert_eq!(person.said.iter().filter(|said| *said == seen).count(), 1, "{:#?}", person.said);
    // Somebody sets the second one back to what it was at the factory, and it comes again.
    person.clear();
    let mut twin = person.heap.pop().unwrap();
    change(&mut twin, &[(SettingId::ModbusId, 1), (SettingId::ScrollTime, 10)]);
    person.shelf.push_back(twin);
    person.said.clear();
    let (_, batch, _) = session(&list, &file, &mut person, None);
    let again = "inepro Metering PRO1-Mod, serial 13070002: it was done before and was changed since; it gets again id 7.";
    assert!(person.said.iter().any(|said| said == again), "{:#?}", person.said);
    assert_eq!((batch.count(State::Done), batch.count(State::Free)), (2, 1));
    assert_eq!(batch.record().seats.len(), 2);
    // A third one gets the line that is left.
    person.clear();
    person.shelf.push_back(meter(small(), 13_070_003));
    let (end, batch, _) = session(&list, &file, &mut person, None);
    assert_eq!((end, batch.count(State::Done)), (End::All, 3));
}

#[test]
fn where_somebody_answers_already_nothing_is_written() {
    let list = list("id,profile,baud\n7,small,4800\n");
    let mut other = meter(small(), 13_070_009);
    change(&mut other, &[(SettingId::ModbusId, 7), (SettingId::Baud, 4_800)]);
    let mut person = Person::new([]);
    person.rail.borrow_mut().add(other);
    person.rail.borrow_mut().add(meter(small(), 13_070_001));
    let file = File::default();
    let (end, batch, _) = session(&list, &file, &mut person, None);
    assert_eq!((end, batch.count(State::Begun)), (End::Nobody, 1));
    let told = "The meter for id 7 is not done. Nothing was written: the meter 13070009 answers at id 7 at 4800 8E1 already. \
                Disconnect it, or give the line another id.";
    assert!(person.said.iter().any(|said| said.starts_with(told)), "{:#?}", person.said);
    assert!(!file.0.borrow().contains("intend"), "{}", file.0.borrow());
    assert_eq!(place(&person.rail.borrow().twins()[1]), factory_place(small()));
    // It is disconnected, and ours connected again.
    person.clear();
    let ours = person.heap.pop().unwrap();
    person.shelf.push_back(ours);
    assert_eq!(session(&list, &file, &mut person, None).0, End::All);
}

#[test]
fn two_at_once_are_told_and_none_is_written() {
    let list = list("id,profile\n7,small\n8,small\n");
    let mut person = Person::new([]);
    for serial in [13_070_001, 13_070_002] {
        person.rail.borrow_mut().add(meter(small(), serial));
    }
    let file = File::default();
    let (end, batch, _) = session(&list, &file, &mut person, None);
    assert_eq!((end, batch.count(State::Free)), (End::Nobody, 2));
    let told: Vec<&String> = person.said.iter().filter(|said| said.ends_with("one by one.")).collect();
    assert_eq!(told.len(), 1, "{:#?}", person.said);
    assert!(told[0].contains("id 1 at 9600 8E1"), "{}", told[0]);
    person.clear();
    person.shelf.extend(person.heap.drain(..));
    assert_eq!(session(&list, &file, &mut person, None).0, End::All);
}

#[test]
fn what_cannot_be_undone_needs_the_digits_of_each_meter() {
    let text = "id,profile,serial,confirm\n7,last,,\n8,last,22070004,0004\n";
    let list = list(text);
    let file = File::default();
    let code = |twin: &Twin| setting(twin, SettingId::CombinationCode);
    let mut person = Person::new([meter(large(), 22_070_003)]);
    for digits in [None, Some("0004")] {
        person.digits = digits.map(String::from);
        let (_, batch, _) = session(&list, &file, &mut person, None);
        assert_eq!((batch.count(State::Done), batch.count(State::Begun)), (0, 1));
        let told = person.said.iter().find(|said| said.contains("Nothing was written")).unwrap();
        assert!(told.contains("from it there is no way back to another value, ever"), "{told}");
        person.clear();
        let twin = person.heap.pop().unwrap();
        assert_ne!(code(&twin), 5);
        person.shelf.push_back(twin);
        person.said.clear();
    }
    person.digits = Some("0003".into());
    let (_, batch, _) = session(&list, &file, &mut person, None);
    assert_eq!(batch.count(State::Done), 1, "{:#?}", person.said);
    // The second one is agreed to in the list.
    person.clear();
    person.digits = None;
    person.shelf.push_back(meter(large(), 22_070_004));
    let (end, _, _) = session(&list, &file, &mut person, None);
    person.clear();
    assert_eq!(end, End::All);
    assert!(person.heap.iter().all(|twin| code(twin) == 5));
}

#[test]
fn a_meter_without_a_line_is_left_alone() {
    let list = list("id,profile,serial\n7,small,\n8,small,22070005\n");
    let mut person = Person::new([
        meter(large(), 22_070_004),
        meter(large(), 22_070_005),
        meter(small(), 13_070_001),
        meter(small(), 13_070_002),
    ]);
    let file = File::default();
    let (end, batch, _) = session(&list, &file, &mut person, None);
    assert_eq!((end, batch.count(State::Done), batch.count(State::Free)), (End::Nobody, 1, 1));
    let name = large().notes.name;
    for told in [
        format!("inepro Metering {name}, serial 22070004: no free line of the list is for it. Nothing was written to it."),
        format!(
            "inepro Metering {name}, serial 22070005: the line that names it is none for it: the profile is for pro1-mod, and \
             the meter is a {}. Nothing was written to it.",
            large().def.slug
        ),
        "inepro Metering PRO1-Mod, serial 13070002: no free line of the list is for it. Nothing was written to it.".into(),
    ] {
        assert_eq!(person.said.iter().filter(|said| **said == told).count(), 1, "{told}: {:#?}", person.said);
    }
    assert_eq!(batch.record().meters.len(), 1, "of the others nothing is written down");
}

#[test]
fn a_list_that_was_changed_is_held_against_its_journal() {
    let first = list("id,profile\n7,small\n8,small\n");
    let file = File::default();
    let mut person = Person::new([meter(small(), 13_070_001), meter(small(), 13_070_002)]);
    assert_eq!(session(&first, &file, &mut person, None).0, End::All);
    let record = || Record::parse(&file.0.borrow());
    let faults = |text: &str| {
        let faults: Vec<ResumeFault> = Batch::new(list(text), record()).unwrap_err();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        faults("id,profile,serial\n7,small,13070009\n"),
        [
            "the line with id 7 is for the meter 13070009, and 13070001 has it: expected that one freed",
            "the meter 13070002 was given the line with id 8, which the list does not have: expected it there, or the meter \
             freed",
        ]
    );
    // Another line before it, another value in one: what was done for the old value is not done for the new one.
    let second = list("id,profile,scroll-time\n9,small,\n8,small,\n7,small,20\n");
    person.clear();
    let batch = Batch::new(second.clone(), record()).unwrap();
    let states: Vec<State> = (0..3).map(|row| batch.state(row)).collect();
    assert_eq!(states, [State::Free, State::Done, State::Begun]);
    person.shelf.extend(person.heap.drain(..).filter(|twin| serial(twin) == 13_070_001));
    let (end, batch, _) = session(&second, &file, &mut person, None);
    assert_eq!((end, batch.state(2)), (End::Nobody, State::Done), "{:#?}", person.said);
    assert!(batch.to_csv().contains("scroll-time=20"), "{}", batch.to_csv());
    // A meter that is broken gives its line back.
    let mut batch = Batch::new(second.clone(), record()).unwrap();
    let rail = person.rail.clone();
    let mut journal = stage::run(&rail, LinesJournal::begin(file.clone(), false, "a day")).unwrap();
    assert_eq!(stage::run(&rail, batch.free(13_070_002, &mut journal)), Ok(true));
    assert_eq!(stage::run(&rail, batch.free(13_070_002, &mut journal)), Ok(false));
    assert_eq!(batch.state(1), State::Free);
    let again = Batch::new(second, record()).unwrap();
    assert_eq!(again.state(1), State::Free);
}
