//! A meter behind current transformers: changes of the ratio at every door, and what the memory keeps of them.

use nv::CutNv;
use units::{CtRatio, EnergyKind, Of, Phase};

use super::*;

pub(super) const RATIO: SettingDef = SettingDef {
    id: SettingId::CtRatio,
    kind: Kind::Ratio,
    default: CtRatio::UNITY.value(),
    unit: Unit::None,
    permission: Permission::Password,
    effect: Effect::Now,
    secret: false,
};

const CODES: &[Choice] = &[
    Choice::new(1, "", "01"),
    Choice::new(3, "", "03"),
    Choice::new(4, "", "04"),
    Choice::new(5, "", "05").last(),
];

const TARIFFS: &[Choice] =
    &[Choice::new(1, "", ""), Choice::new(2, "", ""), Choice::new(3, "", ""), Choice::new(4, "", "")];

const SETTINGS: &[SettingDef] = &[
    SettingDef { id: SettingId::Serial, kind: Kind::Digits(8), default: 22_091_039, ..RATIO },
    SettingDef { id: SettingId::ModbusId, kind: Kind::Int { min: 1, max: 247 }, default: 1, ..RATIO },
    SettingDef { id: SettingId::ScrollTime, kind: Kind::Int { min: 1, max: 30 }, default: 5, ..RATIO },
    RATIO,
    SettingDef { id: SettingId::CombinationCode, kind: Kind::OneOf(CODES), default: 1, ..RATIO },
    SettingDef { id: SettingId::MbusId, kind: Kind::Int { min: 0, max: 250 }, default: 0, ..RATIO },
    SettingDef {
        id: SettingId::MbusBaud,
        kind: Kind::OneOf(&[Choice::new(2_400, "", "2400")]),
        default: 2_400,
        unit: Unit::Baud,
        ..RATIO
    },
    SettingDef { id: SettingId::Tariff, kind: Kind::OneOf(TARIFFS), default: 1, ..RATIO },
];

const ROWS: &[RegisterDef] = &[
    RegisterDef::setting(0x400F, Codec::U16, SettingId::CombinationCode),
    RegisterDef::setting(0x4010, Codec::Bcd16, SettingId::ScrollTime),
    RegisterDef::setting(0x401F, Codec::Ratio, SettingId::CtRatio),
    RegisterDef::read(
        0x6000,
        Codec::F32 { decimals: 3 },
        Source::Point(Point::active(Flow::Forward, Tariff::All)),
    ),
    RegisterDef::setting(0x6048, Codec::U16, SettingId::Tariff),
];

pub(super) static TRANSFORMED: ModelDef = ModelDef {
    slug: "transformed",
    metering: MeteringDef {
        phases: 3,
        starting_current_ma: 2,
        combinations: &[
            (1, Combination::Forward),
            (3, Combination::Sum),
            (4, Combination::ForwardLessReverse),
            (5, Combination::Netted),
        ],
        tariffs: 4,
        quadrants: true,
        trip: TripDef { follows: TripOf::Total, per_phase: true },
        ct: Some(CtDef { setting: SettingId::CtRatio, changes: 7 }),
        ..MODEL.metering
    },
    mbus: Some(MbusDef {
        manufacturer: 0x25CD,
        version: 1,
        medium: 2,
        telegrams: &[TelegramDef { ci: 0xB0, records: &[] }],
        selection: false,
        writes: &[RecordWriteDef {
            dib: &[0x09],
            vib: &[0xFD, 0x3A],
            target: Target::Setting(SettingId::CombinationCode),
            decimals: 0,
            takes: None,
        }],
        reply_bits: 11,
        baud_trial: None,
    }),
    optical: None,
    registers: &[Block { rows: ROWS, unmapped: Unmapped::Exception02, rule: Rule::Contiguous }],
    settings: &[SETTINGS],
    ..MODEL
};

const _: () = assert!(first_fault(&TRANSFORMED).is_none());

const SIZE: usize = image_size(&TRANSFORMED);
type Cells = RamNv<SIZE>;

fn start<N: Nv>(nv: N) -> Line<N> {
    Line::new(device_of(&TRANSFORMED, nv, Instant::ZERO))
}

/// The same power in each phase, in W, at the terminals.
fn balanced(watt: i64) -> Load {
    let one = load(watt).phases[0];
    Load { phases: [one; 3], frequency_mhz: 50_000, ..Load::default() }
}

fn state(device: &Device<'_, impl Nv>, of: StateOf) -> Option<i64> {
    device.value(Point::State(of))
}

fn forward(device: &Device<'_, impl Nv>) -> Option<i64> {
    device.value(Point::active(Flow::Forward, Tariff::All))
}

fn history(device: &Device<'_, impl Nv>, slot: u8) -> (Option<i64>, Option<i64>) {
    let energy = Point::History { slot, flow: Flow::Forward, tariff: Tariff::All };
    (device.value(Point::HistoryRatio(slot)), device.value(energy))
}

fn set<N: Nv>(device: &mut Device<'_, N>, ratio: (u16, u8)) -> Result<(), Refusal> {
    let value = CtRatio::new(ratio.0, ratio.1).unwrap().value();
    device.apply(Door::Bus, &[(SettingId::CtRatio, value.into())])
}

#[test]
fn a_ratio_that_a_master_writes_counts_at_once_and_ends_the_energies_of_now() {
    let mut line = start(Cells::new());
    line.device.set_load(balanced(100));
    line.pass(Duration::from_secs(36_000));
    assert_eq!(forward(&line.device), Some(3_000));
    assert_eq!(line.ask(&[1, 3, 0x40, 0x1F, 0, 2]), [1, 3, 4, 0, 5, 0, 5]);
    // The manual's own frame: 9995/5 (Ambition A3.2).
    let frame = [1, 16, 0x40, 0x1F, 0, 2, 4, 0x99, 0x95, 0, 5];
    assert_eq!(line.ask(&frame), [1, 16, 0x40, 0x1F, 0, 2]);
    assert_eq!(line.ask(&[1, 3, 0x40, 0x1F, 0, 2]), [1, 3, 4, 0x99, 0x95, 0, 5]);
    assert_eq!(state(&line.device, StateOf::CtRatio), Some(99_955));
    assert_eq!(state(&line.device, StateOf::CtChanges), Some(1));
    assert_eq!(history(&line.device, 1), (Some(55), Some(3_000)));
    assert_eq!(forward(&line.device), Some(0));
    line.pass(Duration::from_secs(36_000));
    // Terminals go on in slot 1, and the frames took some of the time.
    assert_eq!(history(&line.device, 1).1, Some(6_000));
    assert!((5_996_800..5_997_400).contains(&forward(&line.device).unwrap()), "{:?}", forward(&line.device));
    let power = line.device.value(Point::Now { what: What::P, of: Of::L3 });
    assert_eq!(power, Some(100_000 * 1_999));
    // What is no ratio, or only half of one, is refused.
    for (frame, code) in [
        ([1, 16, 0x40, 0x1F, 0, 2, 4, 0x99, 0x96, 0, 5].as_slice(), 3),
        (&[1, 16, 0x40, 0x1F, 0, 2, 4, 0x01, 0x00, 0, 2], 3),
        (&[1, 16, 0x40, 0x1F, 0, 2, 4, 0, 0, 0, 1], 3),
        (&[1, 6, 0x40, 0x1F, 0x01, 0x00], 3),
    ] {
        assert_eq!(line.ask(frame), [1, frame[1] | 0x80, code], "{frame:02X?}");
    }
    assert_eq!(state(&line.device, StateOf::CtChanges), Some(1));
}

#[test]
fn the_eighth_change_is_refused_at_every_door_and_changes_nothing() {
    let mut line = start(Cells::new());
    line.device.set_load(balanced(100));
    for change in 1..=7u16 {
        line.pass(Duration::from_secs(360));
        set(&mut line.device, (change * 100, 5)).unwrap();
        // The ratio of now, said again, is no change.
        set(&mut line.device, (change * 100, 5)).unwrap();
        assert_eq!(state(&line.device, StateOf::CtChanges), Some(change.into()));
    }
    let kept = |line: &Line<Cells>| (line.device.nv().clone(), line.device.works().counters().to_vec());
    let before = kept(&line);
    assert_eq!(line.ask(&[1, 16, 0x40, 0x1F, 0, 2, 4, 0, 5, 0, 5]), [1, 0x90, 4]);
    for door in [Door::Bus, Door::Panel, Door::Optical, Door::Factory] {
        let changes = [(SettingId::ScrollTime, 9), (SettingId::CtRatio, 55)];
        let why = line.device.apply(door, &changes).unwrap_err();
        assert_eq!(why.to_string(), "ct-ratio was changed as often as it can be in the life of a meter");
    }
    assert_eq!(line.device.setting(SettingId::ScrollTime), Some(5));
    assert_eq!(before.0, line.device.nv().clone());
    assert!(line.device.apply(Door::Bus, &[(SettingId::CtRatio, 7_005), (SettingId::ScrollTime, 9)]).is_ok());
    line.device.power(line.now, false);
    line.device.power(line.now, true);
    assert_eq!(state(&line.device, StateOf::CtRatio), Some(7_005));
    assert_eq!(history(&line.device, 7).0, Some(6_005));
}

#[test]
fn there_is_no_way_back_from_the_last_combination_code() {
    let mut line = start(Cells::new());
    assert_eq!(line.ask(&[1, 6, 0x40, 0x0F, 0, 4]), [1, 6, 0x40, 0x0F, 0, 4]);
    assert_eq!(line.ask(&[1, 6, 0x40, 0x0F, 0, 5]), [1, 6, 0x40, 0x0F, 0, 5]);
    assert_eq!(line.ask(&[1, 6, 0x40, 0x0F, 0, 4]), [1, 0x86, 4]);
    assert_eq!(line.ask(&[1, 6, 0x40, 0x0F, 0, 5]), [1, 6, 0x40, 0x0F, 0, 5], "it is what it is");
    let before = line.device.nv().clone();
    // On the M-Bus every record that is well made is acknowledged; the status of the next telegram tells (A2.2).
    let body = [0x53, 0, 0x51, 0x09, 0xFD, 0x3A, 3];
    let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    let frame = [&[0x68, 7, 7, 0x68][..], &body, &[sum, 0x16]].concat();
    line.device.rx(PortId::Mbus, line.now, &frame);
    let mut answer = Vec::new();
    for _ in 0..10 {
        line.pass(Duration::from_millis(10));
        while let Some(output) = line.device.port_poll(PortId::Mbus, line.now) {
            if let PortOutput::Transmit(bytes) = output {
                answer.extend_from_slice(bytes);
                line.device.tx_done(PortId::Mbus, line.now);
            }
        }
    }
    assert_eq!(answer, [0xE5]);
    assert_eq!((line.device.setting(SettingId::CombinationCode), line.device.nv()), (Some(5), &before));
    let why = line.device.apply(Door::Panel, &[(SettingId::CombinationCode, 1)]).unwrap_err();
    assert_eq!(why.to_string(), "combination-code has a value from which there is no way back");
    line.device.apply(Door::Factory, &[(SettingId::CombinationCode, 1)]).unwrap();
}

#[test]
fn a_higher_tariff_is_remembered_over_a_supply_that_goes_at_once() {
    let mut line = start(Cells::new());
    assert_eq!(state(&line.device, StateOf::HighTariffs), Some(0));
    assert_eq!(line.ask(&[1, 6, 0x60, 0x48, 0, 3]), [1, 6, 0x60, 0x48, 0, 3]);
    line.device.apply(Door::Bus, &[(SettingId::Tariff, 1)]).unwrap();
    let again = start(line.device.nv().clone());
    assert_eq!(state(&again.device, StateOf::HighTariffs), Some(1));
    assert_eq!(state(&again.device, StateOf::Tariff), Some(1));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A memory in which three phases of 1 kW counted for an hour in tariff 1, and behind 500/5 for an hour in tariff 3.
fn used() -> Cells {
    let mut line = start(Cells::new());
    line.device.set_load(balanced(1_000));
    line.pass(Duration::from_secs(3_600));
    set(&mut line.device, (500, 5)).unwrap();
    line.device.apply(Door::Bus, &[(SettingId::Tariff, 3)]).unwrap();
    line.pass(Duration::from_secs(3_600));
    line.device.power(line.now, false);
    line.device.nv().clone()
}

#[test]
fn the_energies_of_transformers_stand_as_their_layout_says() {
    let nv = used();
    let at = 2 * (nv::HEADER + SETTINGS.len() * 5 + 4);
    let record = &nv.bytes()[at..];
    // Kind, layout, and 142 cells of six bytes.
    assert_eq!((&record[..2], &record[6..8]), ([2, 2].as_slice(), [0x54, 0x03].as_slice()));
    let cells = |from: usize, count: usize| hex(&record[8 + from * 6..8 + (from + count) * 6]);
    let zeros = |count: usize| "00".repeat(count * 6);
    let hundred_kwh = "a08601000000";
    // Each phase: four tariffs of active forward and reverse, then the four quadrants.
    for phase in 0..3 {
        assert_eq!(cells(phase * 24, 24), format!("{}{hundred_kwh}{}", zeros(12), zeros(11)));
    }
    // The resettable counters, forward and reverse of each phase: 101 kWh.
    assert_eq!(cells(72, 6), format!("888a01000000{}", zeros(1)).repeat(3));
    // A higher tariff counted; the first change brought 500/5.
    assert_eq!(cells(78, 8), format!("0100000000008d1300000000{}", zeros(6)));
    // The first history, at the terminals: 3 kWh in tariff 1, and another 3 kWh in tariff 3 since.
    assert_eq!(cells(86, 8), format!("b80b00000000{}b80b00000000{}", zeros(3), zeros(3)));
    assert_eq!(cells(94, 48), zeros(48));
    assert_eq!(at + record.len(), SIZE);
}

/// All that a meter keeps of settings and energies.
fn kept(device: &Device<'_, impl Nv>) -> (Vec<Option<i32>>, Vec<Counter>) {
    let settings = TRANSFORMED.all_settings().map(|setting| device.setting(setting.id)).collect();
    (settings, device.works().counters().to_vec())
}

#[test]
fn a_cut_at_any_byte_of_a_change_finds_the_old_ratio_or_the_new_one_with_its_energies() {
    let before = used();
    let value = CtRatio::new(3_000, 5).unwrap().value().into();
    let changed = |bytes: usize| {
        let mut device = device_of(&TRANSFORMED, CutNv::new(before.clone(), bytes), Instant::ZERO);
        // A memory whose supply is gone takes no change, and that is not what is looked at.
        let _ = device.apply(Door::Bus, &[(SettingId::ScrollTime, 25), (SettingId::CtRatio, value)]);
        device.nv().clone()
    };
    let old = kept(&start(before.clone()).device);
    let new = kept(&start(changed(usize::MAX).into_inner()).device);
    assert_eq!(history(&start(changed(usize::MAX).into_inner()).device, 2), (Some(5_005), Some(300_000)));
    assert_ne!(old, new);
    let (mut bytes, mut olds, mut caught_up) = (0, 0, 0);
    loop {
        let cut = changed(bytes);
        let done = !cut.is_cut();
        let once = cut.into_inner();
        let restart = start(once.clone());
        assert_eq!(restart.device.works().conditions(), Conditions::NONE, "cut after {bytes}");
        let found = kept(&restart.device);
        assert!(found == old || found == new, "cut after {bytes}: {:?}", found.0);
        olds += usize::from(found == old);
        assert!(found == new || olds == bytes + 1, "cut after {bytes}: the old ratio came back");
        // Where the settings were written and the energies not, the power-up itself changes them; it may be cut too.
        caught_up += usize::from(found == new && restart.device.nv() != &once);
        for more in (0..2_000).step_by(97).filter(|_| bytes % 37 == 0) {
            let twice = device_of(&TRANSFORMED, CutNv::new(once.clone(), more), Instant::ZERO);
            let again = start(twice.nv().clone().into_inner());
            assert_eq!(again.device.works().conditions(), Conditions::NONE, "cuts after {bytes}, {more}");
            assert_eq!(kept(&again.device), found, "cuts after {bytes}, {more}");
        }
        if done {
            break;
        }
        bytes += 1;
    }
    assert!(olds > 0 && caught_up > 0, "{olds} {caught_up}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn cuts_over_changes_of_the_ratio_never_lose_energy(
        cuts in prop::collection::vec((0usize..12_000, 1u16..10), 1..10),
    ) {
        // At the terminals: what slot 1 has, or before the first change what is counted anyway.
        let terminals = |device: &Device<'_, Cells>| match state(device, StateOf::CtChanges) {
            Some(0) => forward(device).unwrap(),
            _ => history(device, 1).1.unwrap(),
        };
        let (mut nv, mut before) = (Cells::new(), 0);
        for (bytes, primary) in cuts {
            let mut line = start(CutNv::new(nv, bytes));
            line.device.set_load(balanced(12_000));
            for second in 0..30 {
                line.pass(Duration::from_secs(1));
                if second == 15 {
                    let _ = set(&mut line.device, (primary, 1));
                }
            }
            nv = line.device.nv().clone().into_inner();
            let restart = start(nv.clone());
            prop_assert_eq!(restart.device.works().conditions(), Conditions::NONE);
            let after = terminals(&restart.device);
            prop_assert!(before <= after && after <= before + 300, "{before} {after}");
            before = after;
        }
    }
}

#[test]
fn line_voltages_and_quadrants_are_there_and_phases_are_present() {
    let mut line = start(Cells::new());
    line.device.set_load(balanced(1_000));
    line.pass(Duration::from_secs(1));
    assert_eq!(line.device.value(Point::Now { what: What::U, of: Of::L23 }), Some(398_400));
    assert_eq!(state(&line.device, StateOf::Status), Some(0x0011_0111));
    let q1 =
        Point::Energy { kind: EnergyKind::Reactive, flow: Flow::Q1, phase: Phase::All, tariff: Tariff::T4 };
    assert_eq!(line.device.value(q1), Some(0));
}
