//! The maker's app over the simulated radio and the simulated wire: what it shows, what it saves, and what it refuses.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;

use commission::guard::Guard;
use commission::manager::{Editor, Manager, Permits, SaveFault, Saved, SettingRow, radio_place};
use commission::{
    Action, Fault, Line, LineMemory, MemoryJournal, Place, PortFault, SimulatedPort, Timing, Traffic,
    Transport, factory_place, identify,
};
use expect_test::{Expect, expect, expect_file};
use models::Entry;
use proptest::prelude::*;
use rig::{Bench, MeterSpec, Supply, block_on};
use schema::{AppEdit, CommandId, PortId, SettingId, Source};
use units::{Duration, Flow, Instant, Point, StateOf, Tariff};

type Shared = Rc<RefCell<Bench>>;
type Log = Rc<RefCell<String>>;
type Watcher = Box<dyn FnMut(&Traffic<'_>)>;

/// The meter of the manual's appendix.
fn entry() -> &'static Entry {
    models::ALL.iter().find(|entry| entry.def.slug == "ambition-2pu-ct").unwrap()
}

/// A meter as from the factory but for what is said of it, two seconds old.
fn bench(meter: &str) -> Shared {
    let mut bench = Bench::new(Instant::ZERO);
    let spec = MeterSpec::parse(&format!("{} {meter}", entry().def.slug)).unwrap();
    bench.add(spec.build(None, Instant::ZERO).unwrap());
    bench.run_until(Instant::from_millis(2_000));
    Rc::new(RefCell::new(bench))
}

/// The same with its radio on and a phone that is connected.
fn paired(meter: &str) -> Shared {
    let shared = bench(meter);
    assert!(shared.borrow_mut().switch_radio_on(0) && shared.borrow_mut().pair(Some(0)));
    shared
}

#[track_caller]
fn run<F: Future>(bench: &Shared, future: F) -> F::Output {
    block_on(bench, future).expect("the future waits for something that never comes")
}

/// Somebody with the app, over one of the ways to the meter; all that anybody could see of it is logged.
struct App {
    bench: Shared,
    line: Line<'static, SimulatedPort, Watcher>,
    manager: Manager,
    journal: MemoryJournal,
    log: Log,
}

impl App {
    fn over(bench: &Shared, port: PortId, place: Place) -> Self {
        bench.borrow_mut().set_master_line(port, place.line);
        let log = Log::default();
        let own = log.clone();
        let observer: Watcher = Box::new(move |traffic| {
            let _ = writeln!(
                own.borrow_mut(),
                "{:?} {:02X?} {}",
                traffic.direction,
                traffic.bytes,
                traffic.meaning
            );
        });
        let line = Line::new(
            SimulatedPort::new(bench.clone(), port),
            Box::leak(Box::<LineMemory>::default()),
            Transport::Rtu,
            place,
            Timing::default(),
            observer,
        );
        let manager = Manager::new(entry()).unwrap();
        Self { bench: bench.clone(), line, manager, journal: MemoryJournal::default(), log }
    }

    /// Over the radio, with everything read.
    fn radio(bench: &Shared) -> Self {
        let mut app = Self::over(bench, PortId::Radio, radio_place(entry()));
        app.refresh().unwrap();
        app
    }

    /// Over the RS485 terminals, with everything read.
    fn wire(bench: &Shared) -> Self {
        let mut app = Self::over(bench, PortId::Modbus, factory_place(entry()));
        app.refresh().unwrap();
        app
    }

    fn refresh(&mut self) -> Result<(), Fault> {
        run(&self.bench, self.manager.refresh(&mut self.line, &mut |_| {}))
    }

    fn save_with(&mut self, permits: Permits<'_>) -> Result<Saved, SaveFault> {
        let mut progress = |_: commission::WriteProgress<'_>| {};
        run(&self.bench, self.manager.save(&mut self.line, &mut self.journal, permits, &mut progress))
    }

    fn save(&mut self, password: &str) -> Result<Saved, SaveFault> {
        let guard = self.manager.guard();
        let consent = guard.is_needed().then(|| guard.consent("0003").unwrap());
        self.save_with(Permits { password: Some(password), consent: consent.as_ref() })
    }

    fn row(&self, key: &str) -> SettingRow {
        self.manager.settings().into_iter().find(|row| row.key == key).unwrap()
    }

    fn has(&self, id: SettingId) -> i32 {
        self.bench.borrow().twin(0).unwrap().device().setting(id).unwrap()
    }
}

/// What came of saving, and of each row that has something to tell.
fn told(app: &App, saved: &Result<Saved, SaveFault>) -> String {
    let mut text = match saved {
        Ok(saved) => format!("{} of {} saved, {}\n", saved.confirmed, saved.of, saved.place),
        Err(fault) => format!("{fault}\n"),
    };
    for row in app.manager.settings() {
        if let Some(staged) = row.staged {
            let _ = writeln!(text, "waits: {} {staged}; has {}", row.label, row.value);
        }
        if let Some((word, sentence)) = row.outcome {
            let _ = writeln!(text, "{word}: {sentence}");
        }
    }
    text
}

#[track_caller]
fn tells(app: &App, saved: &Result<Saved, SaveFault>, expected: Expect) {
    expected.assert_eq(&told(app, saved));
}

#[test]
fn the_pages_are_those_of_the_manual() {
    let bench =
        bench("load=\"L1 238.39V off\" load=\"L2 0V off\" load=\"L3 0V off\" energy.forward.t1=0.073");
    let app = App::wire(&bench);
    let line = |row: &commission::manager::ValueRow| {
        assert_eq!(row.fault, "", "{}", row.label);
        format!("{}\t{} {}\n", row.label, row.value, row.unit).replace(" \n", "\n")
    };
    let device: String = app.manager.device().iter().map(line).collect();
    expect![[r#"
        Meter type	Ambition 2PU CT
        Serial number	051222070003
        Software version	102
        Check Sum 1	21001416
        Check Sum 2	59629173
    "#]]
    .assert_eq(&device);
    let pages = app.manager.pages();
    let titles: Vec<&str> = pages.iter().map(|page| page.title).collect();
    assert_eq!(titles, ["Energy values", "Instantaneous values"]);
    let first = |page: usize| pages[page].rows.iter().take(13).map(line).collect::<String>();
    // Names, order and forms are those that the manual's pictures show; energy that a meter was born with is of all phases.
    expect![[r#"
        Total active energy	0.073 kWh
        T1 Total active energy	0.073 kWh
        T2 Total active energy	0 kWh
        L1 Total active energy	0.024 kWh
        L2 Total active energy	0.024 kWh
        L3 Total active energy	0.025 kWh
        Forward active energy	0.073 kWh
        T1 Forward active energy	0.073 kWh
        T2 Forward active energy	0 kWh
        L1 Forward active energy	0.024 kWh
        L2 Forward active energy	0.024 kWh
        L3 Forward active energy	0.025 kWh
        Reverse active energy	0 kWh
    "#]]
    .assert_eq(&first(0));
    expect![[r#"
        Voltage*	0 V
        L1 Voltage	238.39 V
        L2 Voltage	0 V
        L3 Voltage	0 V
        Grid frequency	50 Hz
        Current*	0 A
        L1 Current	0 A
        L2 Current	0 A
        L3 Current	0 A
        Total active power	0 kW
        L1 Active power	0 kW
        L2 Active power	0 kW
        L3 Active power	0 kW
    "#]]
    .assert_eq(&first(1));
}

#[test]
fn the_file_is_the_same_over_radio_and_wire() {
    let meter = "load=\"L1 230V 5A pf 0.9\" load=\"L2 231V 2A export\" energy.forward.t1=12345.678";
    let (radio, wire) = (App::radio(&paired(meter)), App::wire(&bench(meter)));
    let [radio, wire] = [radio, wire].map(|app| app.manager.to_csv());
    // The walk at the keys takes some seconds, in which energy is counted.
    let names = |text: &str| {
        text.lines().map(|line| line.split(',').next().unwrap_or_default().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&radio), names(&wire));
    assert_eq!(wire.lines().count(), wire.matches("\r\n").count());
    expect_file!["app.csv"].assert_eq(&wire.replace("\r\n", "\n"));
    assert!(
        Manager::new(entry()).unwrap().to_csv().contains("\r\nL1 Voltage,,V\r\n"),
        "before anything was read"
    );
}

#[test]
fn every_row_of_the_appendix_in_its_order() {
    let app = App::radio(&paired("energy.forward.t1=5.5"));
    let mut text = String::new();
    for row in app.manager.settings() {
        assert_eq!((row.fault.as_str(), row.staged, row.outcome), ("", None, None));
        let range = match &row.editor {
            Editor::Number { least, most } => format!("{least} - {most}"),
            Editor::Choice(words) => words.join(" / "),
            Editor::Reset(question) => (*question).to_string(),
            Editor::Closed(why) => why.clone(),
        };
        let _ = writeln!(text, "{} | {} {} | {range}", row.label, row.value, row.unit);
    }
    expect![[r#"
        Modbus ID (1 - 247) | 1  | 1 - 247
        Baudrate | 9600 bps. | 115.200 / 57.600 / 38.400 / 19.200 / 9600 / 4800 / 2400 / 1200 / 600 / 300
        M-Bus ID (0-250) |   | No register shows it, so a change could not be proven. It is changed with the keys on the meter or over the M-Bus.
        M-bus Baud rate |   | No register shows it, so a change could not be proven. It is changed with the keys on the meter or over the M-Bus.
        S0 output rate | 1000 imp/kWh | 10.000 / 2.000 / 1000 / 100 / 10 / 1 / 0,1 / 0,01
        Combination code | Forward only  | Forward only / Reverse only / Forward + Reverse / Forward - Reverse / Forward - Reverse (10)
        Parity setting | Even  | Even / None / Odd
        Power down counter | 0  | Are you sure you want to reset this to 0?
        Tariff | T1  | T1 / T2 / T3 / T4
        Trip counter | 0 kWh | Are you sure you want to reset this to 0?
        Puls width | 30 ms | 2 - 99
        Pulse Type | Active&reactive  | Active&reactive / Forward & Reverse
        Data type setting | Standard  | Standard / Integer
        Screen direction | Standard  | Standard / Turn 180 degrees
    "#]]
    .assert_eq(&text);
}

/// Every value of a row that the app lets one choose, or the ends of its range.
fn offered(row: &SettingRow) -> Vec<String> {
    match &row.editor {
        Editor::Number { least, most } => vec![least.to_string(), most.to_string()],
        Editor::Choice(words) => words.clone(),
        Editor::Reset(_) | Editor::Closed(_) => Vec::new(),
    }
}

#[test]
fn every_value_that_the_app_offers_is_saved_and_proven_over_both_ways() {
    for over_radio in [true, false] {
        let (mut saved, mut number) = (0, 0);
        while number < entry().def.app().unwrap().settings.len() {
            let shared = if over_radio { paired("") } else { bench("") };
            let mut app = if over_radio { App::radio(&shared) } else { App::wire(&shared) };
            let row = app.manager.settings()[number].clone();
            number += 1;
            for text in offered(&row) {
                assert!(app.manager.stage(row.key, &text));
                let (AppEdit::Setting(id) | AppEdit::Range(id, ..)) =
                    app.manager.app().settings[number - 1].edit
                else {
                    panic!("{}", row.label)
                };
                if app.manager.changed() == 0 {
                    assert_eq!(app.row(row.key).value, text, "it has it already");
                    continue;
                }
                let result = app.save("0000");
                let done = result.as_ref().is_ok_and(|saved| (saved.confirmed, saved.of) == (1, 1));
                assert!(done, "{}", told(&app, &result));
                let shown = app.row(row.key);
                assert_eq!((shown.value.as_str(), shown.staged), (text.as_str(), None), "{}", row.label);
                let value = i64::from(app.has(id));
                assert_eq!(app.manager.value(Source::Setting(id)), Some(value));
                saved += 1;
            }
        }
        assert_eq!(saved, 33, "over the radio: {over_radio}");
    }
}

#[test]
fn counters_are_reset_after_their_question() {
    let shared = bench("load=\"L1 230V 5A\"");
    shared.borrow_mut().jump(Duration::from_secs(3_598));
    let on = Supply::of(entry().def);
    shared.borrow_mut().set_supply(0, Supply { mains: false, ..on });
    shared.borrow_mut().set_supply(0, on);
    assert!(shared.borrow_mut().switch_radio_on(0) && shared.borrow_mut().pair(Some(0)));
    let mut app = App::radio(&shared);
    assert_eq!(
        (app.row("reset.power-downs").value, app.row("reset.trip").value),
        ("1".into(), "1.15".into())
    );
    assert!(!app.manager.stage("reset.trip", "0") && !app.manager.stage_reset("tariff"));
    assert!(app.manager.stage_reset("reset.trip") && app.manager.stage_reset("reset.power-downs"));
    assert_eq!(app.row("reset.trip").staged.as_deref(), Some("0"));
    let saved = app.save("0000");
    tells(
        &app,
        &saved,
        expect![[r#"
            2 of 2 saved, id 1 over the radio
            confirmed: Power-down counter is 0, read back from the meter.
            confirmed: Resettable counter is 0.000 kWh, read back from the meter.
        "#]],
    );
    let bench = shared.borrow();
    let device = bench.twin(0).unwrap().device();
    assert_eq!(device.value(Point::State(StateOf::PowerDowns)), Some(0));
    assert_eq!(device.value(Point::active(Flow::Trip, Tariff::All)), Some(0));
    assert_eq!(names(CommandId::ResetTrip), "reset.trip");
}

fn names(command: CommandId) -> &'static str {
    commission::names::command_key(command)
}

#[test]
fn what_is_out_of_range_gives_a_save_error_and_nothing_is_sent() {
    let mut app = App::radio(&paired(""));
    assert!(app.manager.stage("modbus-id", "248") && app.manager.stage("pulse-width", "100"));
    assert!(app.manager.stage("baud", "56.700") && app.manager.stage("tariff", "T2"));
    assert!(!app.manager.stage("mbus-id", "5") && !app.manager.stage("scroll-time", "5"));
    assert_eq!(app.manager.changed(), 4);
    assert_eq!(app.row("modbus-id").error.as_deref(), Some("Save error: “248” is not possible: 1 to 247."));
    let before = app.log.borrow().len();
    let saved = app.save("0000");
    assert_eq!(app.log.borrow().len(), before, "not a byte was sent");
    tells(
        &app,
        &saved,
        expect![[r#"
            Save error. Modbus ID (1 - 247): “248” is not possible: 1 to 247. Baudrate: “56.700” is not possible: one of 300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200 Bd. Puls width: “100” is not possible: 2 to 99 ms. Nothing was sent.
            waits: Modbus ID (1 - 247) 248; has 1
            waits: Baudrate 56.700; has 9600
            waits: Tariff T2; has T1
            waits: Puls width 100; has 30
        "#]],
    );
    for key in ["modbus-id", "pulse-width", "baud"] {
        assert!(app.manager.unstage(key));
    }
    assert!(app.save("0000").is_ok_and(|saved| saved.confirmed == 1));
    assert!(matches!(app.save("0000"), Err(SaveFault::Nothing)));
}

#[test]
fn a_wrong_password_changes_nothing_and_is_seen_nowhere() {
    let mut app = App::radio(&paired("password=1907"));
    app.manager.stage("tariff", "T2");
    let none = app.save_with(Permits::default());
    tells(
        &app,
        &none,
        expect![[r#"
            Nothing was sent: the meter asks for its password before settings are saved.
            waits: Tariff T2; has T1
        "#]],
    );
    let wrong = app.save("7091");
    tells(
        &app,
        &wrong,
        expect![[r#"
            The meter refused the password, and no setting was sent. The password can only be changed with the keys on the meter.
            waits: Tariff T2; has T1
        "#]],
    );
    for odd in ["", "190", "19077", "abcd", "+190"] {
        let before = app.log.borrow().len();
        let saved = app.save(odd);
        assert_eq!(
            told(&app, &saved).lines().next(),
            Some("A password has 4 digits. Nothing was sent."),
            "{odd}"
        );
        assert_eq!(app.log.borrow().len(), before);
    }
    assert_eq!(app.has(SettingId::Tariff), 1);
    let right = app.save("1907");
    tells(
        &app,
        &right,
        expect![[r#"
            1 of 1 saved, id 1 over the radio
            confirmed: Tariff is 2, read back from the meter.
        "#]],
    );
    let journal: String = app.journal.entries.iter().map(|entry| format!("{entry}\n")).collect();
    let permits = format!("{:?}", Permits { password: Some("1907"), consent: None });
    let all =
        [app.log.borrow().clone(), journal, format!("{:?}", app.manager), right.unwrap().report, permits];
    for secret in ["1907", "19, 07", "7091", "70, 91"] {
        assert!(all.iter().all(|text| !text.contains(secret)), "{secret}: {all:?}");
    }
    assert!(app.log.borrow().contains("Sent [] The password, whose bytes are not shown"));
}

#[test]
fn over_the_wire_the_meter_asks_for_no_password() {
    let mut app = App::wire(&bench("password=1907"));
    assert!(
        !app.manager.asks_password(factory_place(entry())) && app.manager.asks_password(radio_place(entry()))
    );
    app.manager.stage("tariff", "T2");
    assert!(app.save_with(Permits::default()).is_ok_and(|saved| saved.confirmed == 1));
}

#[test]
fn what_cannot_be_undone_needs_the_digits_of_the_meter() {
    let shared = paired("");
    let mut app = App::radio(&shared);
    app.manager.stage("combination-code", "Forward - Reverse (10)");
    app.manager.stage("tariff", "T3");
    app.manager.stage("pulse-width", "40");
    assert!(app.row("pulse-width").lasting.is_none() && app.row("tariff").lasting.is_some());
    let saved = app.save_with(Permits { password: Some("0000"), consent: None });
    tells(
        &app,
        &saved,
        expect![[r#"
            Nothing was sent. This cannot be undone:
              Combination code 5: from it there is no way back to another value, ever.
              Tariff 3: the display shows the energies of the higher tariffs for ever after the first choice of one. The meter has none of them yet; this first choice cannot be taken back.
            Type the last 4 digits of the meter's serial number to do all of this.
            waits: Combination code Forward - Reverse (10); has Forward only
            waits: Tariff T3; has T1
            waits: Puls width 40; has 30
        "#]],
    );
    // A consent holds for what was read, not for what was changed afterwards.
    app.manager.unstage("tariff");
    let consent = app.manager.guard().consent("0003").unwrap();
    app.manager.stage("tariff", "T3");
    let permits = Permits { password: Some("0000"), consent: Some(&consent) };
    assert!(matches!(app.save_with(permits), Err(SaveFault::Consent(_))));
    assert_eq!((app.has(SettingId::CombinationCode), app.has(SettingId::Tariff)), (1, 1));
    let consent = app.manager.guard().consent("0003").unwrap();
    let permits = Permits { password: Some("0000"), consent: Some(&consent) };
    assert!(app.save_with(permits).is_ok_and(|saved| saved.confirmed == 3));
    // Once done, it is no question any more; and the meter itself refuses the way back.
    app.manager.stage("tariff", "T4");
    assert!(!app.manager.guard().is_needed());
    app.manager.stage("combination-code", "Forward only");
    let saved = app.save("0000");
    tells(
        &app,
        &saved,
        expect![[r#"
            1 of 2 saved, id 1 over the radio
            waits: Combination code Forward only; has Forward - Reverse (10)
            refused: The meter refused to set combination code to 1. It still has 5. Allowed: one of 1, 2, 3, 4, 5. (exception 04)
            confirmed: Tariff is 4, read back from the meter.
        "#]],
    );
}

#[test]
fn the_guard_asks_the_meter_whether_a_higher_tariff_has_counted() {
    for (meter, needed) in [("", true), ("energy.forward.t3=0.5", false), ("tariff=4", false)] {
        let shared = bench(meter);
        let mut app = App::wire(&shared);
        let (_, setting) = entry().def.setting(SettingId::Tariff).unwrap();
        let actions = [Action::Set { setting, value: 3 }];
        let guard = run(&shared, Guard::read(&mut app.line, entry(), Some(22_070_003), &actions)).unwrap();
        assert_eq!(guard.is_needed(), needed, "{meter}");
    }
}

#[test]
fn nobody_is_read_while_the_radio_is_off_or_when_it_goes_off() {
    let shared = bench("");
    let mut app = App::over(&shared, PortId::Radio, radio_place(entry()));
    assert_eq!(app.refresh(), Err(Fault::Port(PortFault::Lost)));
    assert!(shared.borrow_mut().switch_radio_on(0) && shared.borrow_mut().pair(Some(0)));
    app.refresh().unwrap();
    app.manager.stage("tariff", "T2");
    shared.borrow_mut().jump(entry().def.radio().unwrap().open);
    let saved = app.save("0000");
    tells(
        &app,
        &saved,
        expect![[r#"
            The password could not be given. The adapter was unplugged or the connection was closed. Plug it in again, then connect. No setting was sent.
            waits: Tariff T2; has T1
        "#]],
    );
    assert_eq!(app.has(SettingId::Tariff), 1);
    // Use keeps it on: reading once a minute for an hour.
    assert!(shared.borrow_mut().switch_radio_on(0) && shared.borrow_mut().pair(Some(0)));
    for _ in 0..60 {
        shared.borrow_mut().jump(Duration::from_secs(60));
        app.refresh().unwrap();
    }
}

#[test]
fn a_new_address_is_followed_and_a_new_speed_changes_nothing_over_the_radio() {
    let mut app = App::radio(&paired(""));
    app.manager.stage("modbus-id", "7");
    app.manager.stage("baud", "19.200");
    app.manager.stage("parity", "None");
    let saved = app.save("0000");
    tells(
        &app,
        &saved,
        expect![[r#"
            3 of 3 saved, id 7 over the radio
            confirmed: Modbus address is 7: the meter was found again at id 7 over the radio.
            confirmed: Modbus baud rate is 19200 Bd, read back from the meter.
            confirmed: Modbus parity is none, read back from the meter.
        "#]],
    );
    app.refresh().unwrap();
    let identity = run(&app.bench, identify(&mut app.line)).unwrap();
    assert_eq!(identity.entry.map(|entry| entry.def.slug), Some(entry().def.slug));
    // Behind another id there is nobody.
    commission::Bus::set_unit(&mut app.line, 9);
    let why = run(&app.bench, identify(&mut app.line)).unwrap_err();
    let context =
        commission::Context { place: commission::Bus::place(&app.line), entry: None, request: None };
    assert!(
        commission::sentence(&why, &context)
            .starts_with("No answer from id 9 over the radio (3 tries). Is the meter's Bluetooth on?")
    );
}

#[test]
fn changes_are_not_meant_for_another_meter() {
    let shared = bench("");
    let mut app = App::wire(&shared);
    app.manager.stage("tariff", "T2");
    let other = MeterSpec::parse(&format!("{} serial=22070009", entry().def.slug)).unwrap();
    let other = other.build(None, shared.borrow().now()).unwrap();
    shared.borrow_mut().replace(0, other);
    let saved = app.save("0000");
    assert_eq!(saved.as_ref().map(|saved| saved.confirmed).unwrap(), 0, "{}", told(&app, &saved));
    assert!(
        told(&app, &saved)
            .contains("not sent: Not sent: set tariff to 2. A meter with serial 22070009 answers")
    );
    assert_eq!(app.has(SettingId::Tariff), 1);
    app.refresh().unwrap();
    assert_eq!((app.manager.changed(), app.manager.serial_text()), (0, "051222070009".into()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever happens to the radio while settings are saved: what is shown as saved stands in the meter, what was
    /// refused or not sent does not, and without the password nothing changes.
    #[test]
    fn nothing_counts_as_saved_that_the_meter_does_not_hold(
        picks in prop::collection::vec((0usize..14, 0usize..12), 1..6),
        cut in prop::option::of(0u64..4_000),
        right in prop::bool::weighted(0.8),
    ) {
        let shared = paired("password=1907 energy.forward.t1=5.5");
        let mut app = App::radio(&shared);
        for (row, value) in picks {
            let row = app.manager.settings()[row].clone();
            match offered(&row).as_slice() {
                [] => { app.manager.stage_reset(row.key); }
                words => { app.manager.stage(row.key, &words[value % words.len()]); }
            }
        }
        let wanted = app.manager.actions();
        let before: Vec<i32> =
            entry().def.all_settings().filter_map(|it| shared.borrow().twin(0).unwrap().device().setting(it.id)).collect();
        let consent = app.manager.guard().consent("0003").unwrap();
        let permits = Permits { password: Some(if right { "1907" } else { "1234" }), consent: Some(&consent) };
        let began = shared.borrow().now();
        let saved = {
            let App { manager, line, journal, .. } = &mut app;
            let mut progress = |_: commission::WriteProgress<'_>| {};
            let mut future = std::pin::pin!(manager.save(line, journal, permits, &mut progress));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let mut cut = cut.map(|ms| began + Duration::from_millis(ms));
            loop {
                if let std::task::Poll::Ready(saved) = future.as_mut().poll(&mut context) {
                    break saved;
                }
                let next = shared.borrow().next_event().expect("something is waited for");
                shared.borrow_mut().run_until(cut.map_or(next, |cut| cut.min(next)));
                if cut.is_some_and(|cut| shared.borrow().now() >= cut) {
                    // The phone goes out of reach, or the mains fail: to the app it is the same.
                    cut = None;
                    let on = *shared.borrow().twin(0).unwrap().supply();
                    shared.borrow_mut().set_supply(0, Supply { mains: false, ..on });
                    shared.borrow_mut().set_supply(0, on);
                }
            }
        };
        let text = told(&app, &saved);
        for action in &wanted {
            let row = app.row(action.key());
            let confirmed = row.outcome.as_ref().is_some_and(|(word, _)| *word == "confirmed");
            prop_assert_eq!(row.staged.is_none(), confirmed, "{}", text);
            if let Action::Set { setting, value } = action {
                if confirmed {
                    prop_assert_eq!(app.has(setting.id), *value, "{}", text);
                }
                if !right {
                    prop_assert!(!confirmed);
                }
                // What is shown beside it is what the meter has, or nothing.
                if let Some(shown) = app.manager.value(Source::Setting(setting.id)) {
                    prop_assert_eq!(shown, i64::from(app.has(setting.id)), "{}", text);
                }
            } else if confirmed && cut.is_none() {
                prop_assert_eq!(row.value.as_str(), "0", "{}", text);
            }
        }
        if !right {
            let after: Vec<i32> =
                entry().def.all_settings().filter_map(|it| shared.borrow().twin(0).unwrap().device().setting(it.id)).collect();
            prop_assert_eq!(before, after);
        }
    }
}
