//! The reading head and meters on the simulated wire, in virtual time.

use std::cell::RefCell;
use std::rc::Rc;

use commission::SimulatedPort;
use commission::optical::{
    OpticalFault, OpticalLine, OpticalMemory, OpticalOutcome, OpticalProgress, writable,
};
use iec62056::{FormFault, HeadConfig, HeadFault, Step};
use models::Entry;
use rig::{Bench, MeterSpec, Supply, WireFaults, block_on};
use schema::{Kind, PortId, SettingDef, SettingId};
use units::{Instant, LineParams};

type Shared = Rc<RefCell<Bench>>;

const IR: PortId = PortId::Optical;

fn entries() -> impl Iterator<Item = &'static Entry> {
    models::ALL.iter().filter(|entry| entry.def.optical.is_some())
}

fn bench(entry: &Entry, meter: &str) -> Shared {
    let mut bench = Bench::new(Instant::ZERO);
    let spec = MeterSpec::parse(&format!("{} {meter}", entry.def.slug)).unwrap();
    bench.add(spec.build(None, Instant::ZERO).unwrap());
    bench.put_head(Some(0));
    bench.run_until(Instant::from_millis(2_000));
    Rc::new(RefCell::new(bench))
}

fn head<'m>(bench: &Shared, memory: &'m mut OpticalMemory) -> OpticalLine<'m, SimulatedPort> {
    OpticalLine::new(SimulatedPort::new(bench.clone(), IR), memory, HeadConfig::default())
}

#[track_caller]
fn run<F: Future>(bench: &Shared, future: F) -> F::Output {
    block_on(bench, future).expect("the future waits for something that never comes")
}

fn setting(bench: &Shared, id: SettingId) -> Option<i32> {
    bench.borrow().twin(0).unwrap().device().setting(id)
}

/// Another value of a setting.
fn other(setting: &SettingDef) -> i32 {
    match setting.kind {
        Kind::OneOf(choices) => {
            choices.iter().map(|choice| choice.value).find(|value| *value != setting.default).unwrap()
        }
        Kind::Int { .. } | Kind::Digits(_) | Kind::Ratio => setting.default + 1,
    }
}

#[test]
fn a_read_out_has_every_line_with_its_label() {
    for entry in entries() {
        let bench = bench(entry, "load=\"L1 230V 5A\"");
        let mut memory = OpticalMemory::default();
        let mut head = head(&bench, &mut memory);
        let mut told = 0;
        let read = run(
            &bench,
            head.read_out("", &mut |progress| {
                told += usize::from(matches!(progress, OpticalProgress::Line(_)))
            }),
        )
        .unwrap();
        let window = entry.def.optical.unwrap();
        assert_eq!(
            read.identification,
            format!("{}{}2.18", window.manufacturer, window.ident),
            "the software version stands in it"
        );
        assert_eq!((read.values.len(), told), (window.lines.len(), window.lines.len()));
        assert!(read.odd.is_empty());
        for (value, def) in read.values.iter().zip(window.lines) {
            assert_eq!((value.code.as_str(), value.unit.as_str()), (def.code, def.unit));
            assert!(!value.label.is_empty(), "{}", value.code);
        }
        let volts = read.values.iter().find(|value| value.unit == "V").unwrap();
        assert_eq!(volts.value, "230.0");
        // The head is back at 300 Bd: it can begin anew.
        assert_eq!(bench.borrow().master_line(IR), LineParams::optical(300));
        assert_eq!(run(&bench, head.read_out("13070001", &mut |_| {})).unwrap().values.len(), told);
    }
}

#[test]
fn the_programming_mode_tells_models_apart_by_their_registers() {
    for entry in entries() {
        let bench = bench(entry, "");
        let mut memory = OpticalMemory::default();
        let mut head = head(&bench, &mut memory);
        let fitting = run(&bench, head.enter("")).unwrap();
        assert!(fitting.iter().any(|fit| fit.def.slug == entry.def.slug), "{}", entry.def.slug);
        for fit in fitting {
            let rows = |entry: &Entry| entry.def.all_registers().map(|row| row.addr).collect::<Vec<_>>();
            assert_eq!(rows(fit), rows(entry));
        }
    }
}

#[test]
fn every_writable_setting_is_written_and_proven() {
    for entry in entries() {
        let bench = bench(entry, "");
        let mut memory = OpticalMemory::default();
        let mut head = head(&bench, &mut memory);
        run(&bench, head.enter("")).unwrap();
        run(&bench, head.password("0000")).unwrap();
        assert!(writable(entry).any(|(setting, _)| setting.id == SettingId::Serial));
        for (def, row) in writable(entry) {
            let value = other(def);
            let outcome = run(&bench, head.change(def, row, value));
            assert_eq!(outcome, OpticalOutcome::Confirmed, "{} {}", entry.def.slug, def.id.key());
            assert_eq!(setting(&bench, def.id), Some(value));
        }
        run(&bench, head.leave()).unwrap();
        assert!(!head.is_open());
    }
}

#[test]
fn a_refusal_and_a_lost_meter_are_not_taken_for_done() {
    let entry = entries().next().unwrap();
    let bench = bench(entry, "");
    let mut memory = OpticalMemory::default();
    let mut head = head(&bench, &mut memory);
    run(&bench, head.enter("")).unwrap();
    let (time, row) = writable(entry).find(|(setting, _)| setting.id == SettingId::ScrollTime).unwrap();
    let locked = run(&bench, head.change(time, row, 25));
    assert_eq!(
        locked.to_string(),
        "The meter refused with (ERR04): nothing is written before the password. Nothing has changed."
    );
    run(&bench, head.password("0000")).unwrap();
    let refused = run(&bench, head.change(time, row, 31));
    assert_eq!(refused, OpticalOutcome::Refused(OpticalFault::Refused("(ERR03)".into())));
    assert_eq!(setting(&bench, SettingId::ScrollTime), Some(10));
    bench.borrow_mut().put_head(None);
    let lost = run(&bench, head.change(time, row, 25));
    assert!(matches!(lost, OpticalOutcome::Unknown(_)), "{lost:?}");
    // The meter gives the session up in its own time; then it can be called again.
    bench.borrow_mut().put_head(Some(0));
    let later = bench.borrow().now() + units::Duration::from_secs(61);
    bench.borrow_mut().run_until(later);
    assert!(run(&bench, head.read_out("", &mut |_| {})).is_ok());
}

#[test]
fn a_wrong_password_ends_the_session() {
    let entry = entries().next().unwrap();
    let bench = bench(entry, "");
    let mut memory = OpticalMemory::default();
    let mut head = head(&bench, &mut memory);
    run(&bench, head.enter("")).unwrap();
    let wrong = run(&bench, head.password("1234")).unwrap_err();
    assert_eq!(wrong, OpticalFault::Head(HeadFault::Ended));
    assert!(!head.is_open());
    assert!(matches!(run(&bench, head.write("4010", "25")), Err(OpticalFault::Request(_))));
}

#[test]
fn a_power_cut_amid_a_session_is_told() {
    let entry = entries().next().unwrap();
    let bench = bench(entry, "");
    let mut memory = OpticalMemory::default();
    let mut head = head(&bench, &mut memory);
    run(&bench, head.enter("")).unwrap();
    run(&bench, head.password("0000")).unwrap();
    let supply = *bench.borrow().twin(0).unwrap().supply();
    bench.borrow_mut().set_supply(0, Supply { mains: false, ..supply });
    bench.borrow_mut().set_supply(0, supply);
    let (time, row) = writable(entry).find(|(setting, _)| setting.id == SettingId::ScrollTime).unwrap();
    assert!(matches!(run(&bench, head.change(time, row, 25)), OpticalOutcome::Unknown(_)));
    assert_eq!(setting(&bench, SettingId::ScrollTime), Some(10));
}

#[test]
fn the_echo_of_the_head_does_no_harm() {
    let entry = entries().next().unwrap();
    let bench = bench(entry, "");
    bench.borrow_mut().set_faults(IR, WireFaults { echo: true, ..WireFaults::default() });
    let mut memory = OpticalMemory::default();
    let mut head = head(&bench, &mut memory);
    let lines = entry.def.optical.unwrap().lines.len();
    assert_eq!(run(&bench, head.read_out("", &mut |_| {})).unwrap().values.len(), lines);
    bench.borrow_mut().put_head(None);
    assert!(run(&bench, head.read_out("", &mut |_| {})).is_err());
    assert!(head.heard_echo());
}

#[test]
fn what_went_wrong_comes_with_the_next_step() {
    let entry = entries().next().unwrap();
    let bench = bench(entry, "");
    bench.borrow_mut().put_head(None);
    let mut memory = OpticalMemory::default();
    let mut head = head(&bench, &mut memory);
    let silent = run(&bench, head.read_out("", &mut |_| {})).unwrap_err();
    assert_eq!(silent, OpticalFault::Head(HeadFault::Silence(Step::Identification)));
    assert!(silent.to_string().starts_with("No answer at 300 Bd. Put the head on the window, cable down"));
    let summed = OpticalFault::Head(HeadFault::Form(FormFault::Summed)).to_string();
    assert!(summed.starts_with("The meter closes its messages with the sum of their characters"));
}
