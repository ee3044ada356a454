//! A batch over M-Bus: meters that all come at address 0, one by one; what a telegram shows is read back, the rest is called
//! acknowledged, and whatever happens to line and program, the report says no more than that.

#[path = "stage/cut.rs"]
mod cut;
#[path = "stage/desk.rs"]
mod desk;
mod stage;

use std::cell::RefCell;
use std::rc::Rc;

use commission::batch::{Batch, BatchFault, Ended, List, Over, State};
use commission::mbus::{self, Address, MbusMemory};
use commission::profile::Profile;
use commission::record::{LinesJournal, Record, Where};
use commission::{Action, PortFault};
use cut::{Cut, CutPort, Meter};
use desk::{File, LONG, PATIENCE, Person};
use models::Entry;
use rig::Twin;
use schema::{PortId, SettingId};
use stage::{START, change, mbus_line, wire};

fn entry() -> &'static Entry {
    models::ALL.iter().find(|entry| entry.def.mbus.is_some()).unwrap()
}

fn none(_: &str) -> Result<Profile, String> {
    Err("there is none".into())
}

fn list(text: &str) -> List {
    List::parse(text, Over::Mbus, &mut none).unwrap()
}

fn meter(serial: u32) -> Twin {
    let mut twin = Twin::new(entry(), None, START);
    change(&mut twin, &[(SettingId::Serial, i64::from(serial))]);
    twin
}

fn setting(twin: &Twin, id: SettingId) -> i64 {
    i64::from(twin.device().setting(id).unwrap())
}

fn serial(twin: &Twin) -> u32 {
    u32::try_from(setting(twin, SettingId::Serial)).unwrap()
}

fn place(twin: &Twin) -> mbus::Place {
    let (line, address) = twin.device().address(PortId::Mbus).unwrap();
    mbus::Place { line, address: Address::Primary(address) }
}

/// How a session ended; nothing for a program that died.
type End = Option<Result<Ended, BatchFault>>;

/// One run of the program: it reads its files, and takes meters until something ends it.
fn session(list: &List, file: &File, person: &mut Person, cut: Option<(usize, Cut)>) -> (End, Batch, usize) {
    let record = Record::parse(&file.0.borrow());
    assert_eq!(record.bad, []);
    let is_new = record.meters.is_empty();
    let mut batch = Batch::new(list.clone(), record).unwrap();
    let rail = person.rail.clone();
    let Where::Mbus(start) = batch.arrivals()[0] else { panic!("{:?}", batch.arrivals()) };
    assert_eq!(start.address, Address::Primary(0));
    rail.borrow_mut().set_master_line(PortId::Mbus, start.line);
    let carried = Rc::new(RefCell::new(Meter { carried: 0, cut }));
    let port = CutPort { port: wire(&rail, PortId::Mbus), meter: carried.clone() };
    let mut memory = MbusMemory::default();
    let mut bus = mbus_line(port, start, &mut memory);
    let mut journal = stage::run(&rail, LinesJournal::begin(file.clone(), is_new, "a day")).unwrap();
    batch.set_patience(PATIENCE);
    let end = loop {
        let step = batch.next_mbus(&mut bus, &mut journal, person);
        match rig::block_on_within(&rail, LONG, step) {
            Some(Ok(Ended::Row(row))) => assert!(batch.is_over(row)),
            Some(Ok(Ended::Left(row))) => assert!(!batch.is_over(row)),
            ended => break ended,
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

/// What the report calls over stands in the meter; nothing on this wire is lost that was acknowledged.
fn honest(batch: &Batch, person: &Person) {
    let bench = person.rail.borrow();
    for twin in person.heap.iter().chain(&person.shelf).chain(bench.twins()) {
        let Some(seat) = batch.record().seat(serial(twin)) else { continue };
        let row = batch.list().rows().iter().position(|row| row.id == seat.row).unwrap();
        if !batch.is_over(row) {
            continue;
        }
        for action in batch.list().rows()[row].actions(twin.entry(), Over::Mbus).unwrap() {
            let Action::Set { setting: def, value } = action else { panic!("{action:?}") };
            assert_eq!(setting(twin, def.id), i64::from(value), "{} of {}", def.id.key(), seat.serial);
        }
        assert_eq!(batch.meter(row).unwrap().now, Where::Mbus(place(twin)));
    }
}

#[test]
fn two_meters_come_and_what_no_telegram_shows_is_only_acknowledged() {
    let list = list("id,mbus-baud,s0-rate,label\n7,2400,100,Flat 3\n8,,,\n");
    let mut person = Person::new([meter(13_070_001), meter(13_070_002)]);
    let file = File::default();
    let (end, batch, _) = session(&list, &file, &mut person, None);
    assert_eq!(end, Some(Ok(Ended::All)), "{:#?}", person.said);
    person.clear();
    honest(&batch, &person);
    expect_test::expect![[r#"
        Connect the next meter. 0 of 2 meters are done.
        inepro Metering PRO1-Mb, serial 13070001: it gets id 7 (Flat 3).
        acknowledged The meter acknowledged: set pulse output rate to 100 imp/kWh. An acknowledge is no proof, and pulse output rate cannot be read back over M-Bus: look at the meter's display to be sure.
        confirmed    M-Bus address is 7: the meter was found again at address 7 at 9600 8E1.
        confirmed    Baud rate is 2400 Bd: the meter was found again at address 7 at 2400 8E1.
        The meter for id 7 (Flat 3): what the bus shows was read back; it acknowledged the rest, which proves nothing.
        Connect the next meter. 1 of 2 meters are done, 1 of them as far as the bus shows.
        inepro Metering PRO1-Mb, serial 13070002: it gets id 8.
        confirmed    M-Bus address is 8: the meter was found again at address 8 at 9600 8E1.
        The meter for id 8 is done: all of it was read back."#]].assert_eq(&person.said.join("\n"));
    expect_test::expect![[r#"
        line,id,label,profile,serial,model,state,place,settings,time,note
        2,7,Flat 3,,13070001,pro1-mb,acknowledged,address 7 at 2400 8E1,mbus-id=7 mbus-baud=2400,2026-11-28T22:40:00Z,"mbus-baud: 2400 Bd, confirmed. mbus-id: 7, confirmed. s0-rate: 100 imp/kWh was acknowledged, which proves nothing."
        3,8,,,13070002,pro1-mb,done,address 8 at 9600 8E1,mbus-id=8,2026-11-28T22:40:00Z,
    "#]].assert_eq(&batch.to_csv().replace("\r\n", "\n"));
    assert_eq!((batch.state(0), batch.state(1)), (State::Acknowledged, State::Done));
    assert!(batch.label(0).unwrap().to_text().contains("M-Bus address  7"), "{:?}", batch.label(0));
}

#[test]
fn wherever_a_meter_is_cut_off_it_is_found_and_finished() {
    let list = list("id,mbus-baud\n7,2400\n8,4800\n");
    let both = || [meter(13_070_001), meter(13_070_002)];
    let (end, _, whole) = session(&list, &File::default(), &mut Person::new(both()), None);
    assert_eq!(end, Some(Ok(Ended::All)));
    let mut cuts = 0;
    for (number, at) in (1..whole).step_by(97).enumerate() {
        let kind = [Cut::Crash, Cut::Unplugged, Cut::Wire][number % 3];
        let (mut person, file) = (Person::new(both()), File::default());
        let (end, batch, _) = session(&list, &file, &mut person, Some((at, kind)));
        match (kind, &end) {
            (_, Some(Ok(Ended::All))) => continue,
            (Cut::Crash, None) | (Cut::Wire, Some(Ok(Ended::Nobody))) => {}
            (Cut::Unplugged, Some(Err(BatchFault::Port(PortFault::Lost)))) => {}
            _ => panic!("{kind:?} at {at} of {whole}: {end:?}"),
        }
        person.clear();
        let mut all: Vec<Twin> = person.heap.drain(..).chain(person.shelf.drain(..)).collect();
        let over = |twin: &Twin| {
            let seat = |row| batch.seat(row).is_some_and(|seat| seat.serial == serial(twin));
            (0..2).any(|row| batch.is_over(row) && seat(row))
        };
        person.heap.extend(all.extract_if(.., |twin| over(twin)));
        person.shelf = all.into();
        let (end, batch, _) = session(&list, &file, &mut person, None);
        assert_eq!(end, Some(Ok(Ended::All)), "{kind:?} at {at}: {:#?}", person.said);
        person.clear();
        honest(&batch, &person);
        assert_eq!(batch.count(State::Done), 2, "{kind:?} at {at}");
        cuts += 1;
    }
    assert!(cuts > 10, "{cuts}");
}

#[test]
fn two_at_once_are_told_and_none_is_written() {
    let list = list("id\n7\n8\n");
    let mut person = Person::new([]);
    for serial in [13_070_001, 13_070_002] {
        person.rail.borrow_mut().add(meter(serial));
    }
    let file = File::default();
    let (end, batch, _) = session(&list, &file, &mut person, None);
    assert_eq!((end, batch.count(State::Free)), (Some(Ok(Ended::Nobody)), 2));
    let told: Vec<&String> = person.said.iter().filter(|said| said.ends_with("one by one.")).collect();
    assert_eq!(told.len(), 1, "{:#?}", person.said);
    assert!(person.rail.borrow().twins().iter().all(|twin| place(twin).address == Address::Primary(0)));
    // One of them is disconnected.
    person.clear();
    person.shelf = person.heap.drain(..).collect();
    assert_eq!(session(&list, &file, &mut person, None).0, Some(Ok(Ended::All)));
}

#[test]
fn where_somebody_answers_already_nothing_is_written() {
    let list = list("id,mbus-baud\n7,2400\n");
    let mut other = meter(13_070_009);
    change(&mut other, &[(SettingId::MbusId, 7), (SettingId::MbusBaud, 2_400)]);
    let mut person = Person::new([]);
    person.rail.borrow_mut().add(other);
    person.rail.borrow_mut().add(meter(13_070_001));
    let file = File::default();
    let (end, batch, _) = session(&list, &file, &mut person, None);
    assert_eq!((end, batch.count(State::Begun)), (Some(Ok(Ended::Nobody)), 1), "{:#?}", person.said);
    assert!(person.said.iter().any(|said| said.contains("Nothing was written: somebody answers at")));
    assert!(!file.0.borrow().contains("intend"), "{}", file.0.borrow());
    // It is disconnected, and ours connected again.
    person.clear();
    let ours = person.heap.pop().unwrap();
    person.shelf.push_back(ours);
    assert_eq!(session(&list, &file, &mut person, None).0, Some(Ok(Ended::All)));
}

#[test]
fn a_meter_that_was_there_before_gets_no_second_line_and_no_line_gives_a_number() {
    let list = list("id\n7\n8\n");
    let file = File::default();
    let mut person = Person::new([meter(13_070_001)]);
    let (end, batch, _) = session(&list, &file, &mut person, None);
    assert_eq!((end, batch.count(State::Done)), (Some(Ok(Ended::Nobody)), 1));
    // Somebody sets it back to what it was at the factory, and it comes again.
    person.clear();
    let mut twin = person.heap.pop().unwrap();
    change(&mut twin, &[(SettingId::MbusId, 0)]);
    person.shelf.push_back(twin);
    person.said.clear();
    let (_, batch, _) = session(&list, &file, &mut person, None);
    let again = "it was done before and was changed since; it gets again id 7.";
    assert!(person.said.iter().any(|said| said.ends_with(again)), "{:#?}", person.said);
    assert_eq!((batch.count(State::Done), batch.record().seats.len()), (1, 1));
}
