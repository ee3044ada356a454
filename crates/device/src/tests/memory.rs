//! Memory: what power-up finds in it, what it makes of damage, and cuts at every byte of every writing.

use nv::{CutNv, NvError, RecordDef};

use super::*;

const FORWARD: Point = Point::active(Flow::Forward, Tariff::All);
const FORWARD_T1: Point = Point::active(Flow::Forward, Tariff::T1);

/// Where the energies begin: behind both copies of the settings.
const ENERGIES: usize = 2 * (nv::HEADER + SIZES.settings * 5 + 4);
/// Layout 1: whole Wh and rest of each counter in one record.
const OLD: RecordDef = RecordDef::new(2, 1, SIZES.counters * 16, ENERGIES);

/// A memory in which a meter has counted 1 kW for an hour and some seconds, and was turned off.
fn used() -> Ram {
    let mut line = Line::new(device());
    line.device.set_load(load(1_000));
    line.pass(Duration::from_secs(3_605));
    line.device.power(line.now, false);
    line.device.nv().clone()
}

fn start(nv: Ram) -> Line<Ram> {
    Line::new(device_with(nv, Instant::ZERO))
}

fn damaged(parts: &[NvPart]) -> Ram {
    let mut nv = used();
    for part in parts {
        assert_eq!(damage(&mut nv, &MODEL, *part), Ok(true));
    }
    nv
}

fn rests(device: &Device<'_, impl Nv>) -> Vec<u64> {
    device.works().counters().iter().map(|counter| counter.rest()).collect()
}

#[test]
fn one_damaged_copy_is_repaired_from_the_other_and_noted() {
    let whole = used();
    for (part, condition) in
        [(NvPart::Main, Conditions::MAIN_DATA), (NvPart::Backup, Conditions::BACKUP_DATA)]
    {
        let line = start(damaged(&[part]));
        assert_eq!(line.device.works().conditions(), condition);
        assert!(!line.device.works().is_stopped());
        assert_eq!(line.device.value(Point::State(StateOf::Error)), Some(0));
        assert_eq!(line.device.value(FORWARD), Some(1_001));
        assert_eq!(line.device.nv(), &whole, "{part:?}");
        let again = start(line.device.nv().clone());
        assert_eq!(again.device.works().conditions(), Conditions::NONE);
    }
}

#[test]
fn both_copies_damaged_stops_the_meter_and_says_so() {
    let nv = damaged(&[NvPart::Main, NvPart::Backup]);
    let mut line = start(nv.clone());
    let all = Conditions::ENERGY_LOST | Conditions::MAIN_DATA | Conditions::BACKUP_DATA;
    assert_eq!(line.device.works().conditions(), all);
    line.device.set_load(load(1_000));
    line.pass(Duration::from_secs(7_200));
    assert_eq!(line.glyphs(), "Err 01");
    assert_eq!(line.device.value(FORWARD), Some(0));
    assert_eq!(line.ask(&[1, 6, 0x40, 0x10, 0, 5]), [1, 0x86, 4]);
    line.device.power(line.now, false);
    assert_eq!(line.device.nv(), &nv, "a damaged memory is not written");
}

#[test]
fn without_its_fractions_the_energy_goes_on_from_the_whole_watt_hours() {
    let before = start(used());
    assert!(rests(&before.device).iter().any(|rest| *rest > 0));
    let mut line = start(damaged(&[NvPart::Mantissa]));
    assert_eq!(line.device.works().conditions(), Conditions::MANTISSA_DATA);
    assert_eq!(line.device.value(Point::State(StateOf::Error)), Some(7), "as this model's table has it");
    assert!(!line.device.works().is_stopped());
    assert_eq!(line.device.value(FORWARD), before.device.value(FORWARD));
    assert_eq!(rests(&line.device), vec![0; SIZES.counters]);
    line.device.set_load(load(1_000));
    line.pass(Duration::from_secs(36));
    assert_eq!(line.device.value(FORWARD), Some(1_011));
    line.device.power(line.now, false);
    line.device.power(line.now, true);
    assert_eq!(line.device.works().conditions(), Conditions::NONE, "the next writing repairs the area");
}

#[test]
fn lost_settings_are_a_memory_that_cannot_be_initialised() {
    let mut line = start(damaged(&[NvPart::Init]));
    assert_eq!(line.device.works().conditions(), Conditions::INIT);
    line.pass(Duration::from_secs(1));
    assert_eq!(line.glyphs(), "Err 01");
    assert_eq!(line.device.value(FORWARD), Some(1_001), "the energies are still there to be read");
}

#[test]
fn a_wrong_program_is_an_error_of_its_own() {
    let mut line = start(used());
    line.device.set_program_good(false);
    assert_eq!(line.glyphs(), "Err 02");
    assert_eq!(line.device.value(Point::State(StateOf::Status)), Some(0x0001_0000));
    line.device.power(line.now, false);
    line.device.power(line.now, true);
    assert_eq!(line.device.value(Point::State(StateOf::Error)), Some(2));
    line.device.set_program_good(true);
    assert_eq!(line.device.value(Point::State(StateOf::Error)), Some(0));
}

#[test]
fn energies_that_are_blank_in_a_used_memory_are_lost() {
    let mut nv = used();
    nv.bytes_mut()[ENERGIES..OLD.end()].fill(0xFF);
    assert_eq!(start(nv).device.works().conditions(), Conditions::ENERGY_LOST);
}

/// A memory in which a stretch takes no bytes, as worn cells do not.
struct Worn(Ram, core::ops::Range<usize>);

impl Nv for Worn {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn read(&self, at: usize, into: &mut [u8]) -> Result<(), NvError> {
        self.0.read(at, into)
    }

    fn write(&mut self, at: usize, bytes: &[u8]) -> Result<(), NvError> {
        if self.1.start < at + bytes.len() && at < self.1.end {
            return Err(NvError::NotTaken);
        }
        self.0.write(at, bytes)
    }
}

#[test]
fn areas_that_take_no_bytes_are_told_apart() {
    let copy = nv::HEADER + SIZES.counters * 6 + 4;
    let half = OLD.copy_size();
    for (stretch, condition) in [
        (ENERGIES..ENERGIES + copy, Conditions::MAIN_DEAD),
        (ENERGIES + half..ENERGIES + half + copy, Conditions::BACKUP_DEAD),
        (ENERGIES + copy..ENERGIES + half, Conditions::MANTISSA_DEAD),
        (0..10, Conditions::INIT),
    ] {
        let mut device = device_with(Worn(used(), stretch.clone()), Instant::ZERO);
        assert_eq!(device.works().conditions(), Conditions::NONE, "nothing had to be written");
        device.set_load(load(1_000));
        device.poll(Instant::from_millis(80_000), Duration::from_secs(80));
        let _ = device.apply(Door::Bus, &[(SettingId::ScrollTime, 5)]);
        assert_eq!(device.works().conditions(), condition, "{stretch:?}");
        assert_eq!(device.value(Point::State(StateOf::Error)), Some(1));
        assert!(device.works().is_stopped());
    }
    let mute = device_with(Worn(Ram::new(), 0..NV), Instant::ZERO);
    assert!(mute.works().conditions().any_of(Conditions::INIT), "a blank memory that takes nothing");
}

#[test]
fn pulses_go_on_where_they_were() {
    let pulses = |cut: bool| {
        let mut line = Line::new(device());
        line.device.set_load(load(1_000));
        for _ in 0..100 {
            line.pass(Duration::from_millis(1_234));
            if cut {
                line.device.power(line.now, false);
                line.device.power(line.now, true);
            }
        }
        (line.pulses, line.device.works().counters().to_vec())
    };
    assert_eq!(pulses(true), pulses(false));
}

#[test]
fn power_downs_are_counted_and_set_to_zero() {
    let mut line = start(Ram::new());
    for count in 1..=3 {
        line.device.power(line.now, false);
        line.device.power(line.now, false);
        line.pass(Duration::from_secs(5));
        line.device.power(line.now, true);
        assert_eq!(line.device.value(Point::State(StateOf::PowerDowns)), Some(count));
    }
    assert_eq!(line.ask(&[1, 6, 0x40, 0x16, 0, 0]), [1, 6, 0x40, 0x16, 0, 0]);
    let nv = line.device.nv().clone();
    assert_eq!(start(nv).device.value(Point::State(StateOf::PowerDowns)), Some(0));
}

// ---- layouts

/// The memory of layout 1 in which a meter has counted 1 kW for an hour and some seconds.
fn old_image() -> Ram {
    let mut nv = used();
    nv.bytes_mut()[ENERGIES..OLD.end()].fill(0xFF);
    let mut payload = Vec::new();
    for counter in start(used()).device.works().counters() {
        payload.extend_from_slice(&counter.wh().to_le_bytes());
        payload.extend_from_slice(&counter.rest().to_le_bytes());
    }
    nv::store(&mut nv, &OLD, &payload).unwrap();
    nv::store(&mut nv, &OLD, &payload).unwrap();
    nv
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn energies_stand_as_their_layouts_say() {
    // What meters in the field hold: header, payload, CRC. The first counter, then zeros, then the resettable counter.
    let nv = old_image();
    let zeros = |count| "00".repeat(count);
    let main = &nv.bytes()[OLD.at..OLD.backup];
    let wh = "e903000000000000";
    let rest = hex(&1_400_000_000_000u64.to_le_bytes());
    let payload = format!("{wh}{rest}{}{wh}{rest}", zeros(16 * (SIZES.counters - 2)));
    assert_eq!(hex(&main[..8]), "02010200000090 00".replace(' ', ""));
    assert_eq!(hex(&main[8..main.len() - 4]), payload);

    let nv = used();
    let half = &nv.bytes()[OLD.at..OLD.backup];
    let len = SIZES.counters * 6;
    assert_eq!(half[0..2], [2, 2]);
    assert_eq!(half[6..8], [u8::try_from(len).unwrap(), 0]);
    let payload = format!("e90300000000{}e90300000000", zeros(6 * (SIZES.counters - 2)));
    assert_eq!(hex(&half[8..8 + len]), payload);
    let slot = &half[8 + len + 4..];
    let sequence = &half[2..6];
    let other = &nv.bytes()[OLD.backup + 8 + len + 4..OLD.end()];
    let slot = if slot[2..6] == *sequence { slot } else { other };
    assert_eq!(slot[0..2], [4, 2]);
    assert_eq!(slot[2..6], *sequence);
    assert_eq!(slot[6..8], [u8::try_from(len).unwrap(), 0]);
    let rest = &rest[..12];
    assert_eq!(hex(&slot[8..8 + len]), format!("{rest}{}{rest}", zeros(6 * (SIZES.counters - 2))));
    assert_eq!(image_size(&MODEL), OLD.end() + 2 * (nv::HEADER + 20 + 4), "as long as in layout 1");
}

#[test]
fn a_memory_of_layout_1_is_taken_over() {
    let whole = start(used());
    for damaged in [None, Some(OLD.at), Some(OLD.backup)] {
        let mut nv = old_image();
        if let Some(copy) = damaged {
            nv.bytes_mut()[copy + 20] ^= 1;
        }
        let line = start(nv);
        assert_eq!(line.device.works().conditions(), Conditions::NONE);
        assert_eq!(line.device.works().counters(), whole.device.works().counters());
        let again = start(line.device.nv().clone());
        assert_eq!(again.device.works().conditions(), Conditions::NONE);
        assert_eq!(again.device.works().counters(), whole.device.works().counters());
        assert_eq!(again.device.nv(), line.device.nv(), "nothing is left to do");
    }
    let mut nv = old_image();
    nv.bytes_mut()[OLD.at + 20] ^= 1;
    nv.bytes_mut()[OLD.backup + 20] ^= 1;
    assert!(start(nv).device.works().conditions().any_of(Conditions::ENERGY_LOST));
}

// ---- cuts

/// All that a meter keeps.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    settings: Vec<i32>,
    counters: Vec<Counter>,
    power_downs: Option<i64>,
    scroll_list: u128,
    tariff: Tariff,
}

fn kept(device: &Device<'_, impl Nv>) -> Kept {
    Kept {
        settings: MODEL.all_settings().map(|setting| device.setting(setting.id).unwrap()).collect(),
        counters: device.works().counters().to_vec(),
        power_downs: device.value(Point::State(StateOf::PowerDowns)),
        scroll_list: device.scroll_list(),
        tariff: device.works().tariff(),
    }
}

/// Cuts the supply after every byte that `act` writes into `before`. Each restart finds the memory good, and what was
/// there before or one of the states that `act` passes through, never going back in it as more bytes were written.
fn cut_everywhere(before: &Ram, mut act: impl FnMut(&mut Device<'static, CutNv<Ram>>)) {
    let run = |bytes: usize, act: &mut dyn FnMut(&mut Device<'static, CutNv<Ram>>)| {
        let mut device = device_with(CutNv::new(before.clone(), bytes), Instant::ZERO);
        act(&mut device);
        device.nv().clone()
    };
    let plenty = 100_000;
    let end = kept(&start(run(plenty, &mut act).into_inner()).device);
    let first = kept(&start(before.clone()).device);
    let mut passed = vec![first];
    let mut bytes = 0;
    loop {
        let cut = run(bytes, &mut act);
        let done = !cut.is_cut();
        let restart = start(cut.into_inner());
        assert_eq!(restart.device.works().conditions(), Conditions::NONE, "cut after {bytes}");
        let found = kept(&restart.device);
        if Some(&found) != passed.last() {
            let last = passed.last().unwrap();
            for (new, old) in found.counters.iter().zip(&last.counters) {
                let reset = end.counters.iter().zip(&last.counters).any(|(end, old)| end < old);
                assert!(new >= old || reset, "cut after {bytes}: energy went backwards");
            }
            assert!(!passed.contains(&found), "cut after {bytes}: an older state came back");
            passed.push(found);
        }
        // A repair wrote whatever the cut had left: a second restart finds the same.
        let again = start(restart.device.nv().clone());
        assert_eq!(Some(&kept(&again.device)), passed.last(), "cut after {bytes}, second restart");
        if done {
            break;
        }
        bytes += 1;
    }
    assert_eq!(passed.last(), Some(&end));
    assert!(passed.len() <= 3, "more states than writings: {}", passed.len());
    assert!(bytes > 0, "nothing was written");
}

#[test]
fn a_cut_in_a_change_of_settings_finds_old_or_new() {
    cut_everywhere(&used(), |device| {
        device.apply(Door::Bus, &[(SettingId::ScrollTime, 25), (SettingId::ModbusId, 9)]).unwrap();
    });
}

#[test]
fn a_cut_in_a_change_of_tariff_finds_old_or_new() {
    cut_everywhere(&used(), |device| {
        device.apply(Door::Bus, &[(SettingId::Tariff, 2)]).unwrap();
    });
}

#[test]
fn a_cut_in_a_step_of_energy_finds_old_or_new() {
    cut_everywhere(&used(), |device| {
        device.set_load(load(36_000));
        device.poll(Instant::from_millis(1_000), Duration::from_secs(1));
    });
}

#[test]
fn a_cut_in_the_reset_of_the_day_counter_finds_old_or_new() {
    cut_everywhere(&used(), |device| device.command(CommandId::ResetTrip).unwrap());
}

#[test]
fn a_cut_in_the_reset_of_power_downs_finds_old_or_new() {
    cut_everywhere(&used(), |device| device.command(CommandId::ResetPowerDowns).unwrap());
}

#[test]
fn a_cut_at_power_down_finds_old_or_new_of_each_record() {
    cut_everywhere(&used(), |device| {
        device.set_load(load(7_000));
        device.poll(Instant::from_millis(1_000), Duration::from_secs(1));
        device.power(Instant::from_millis(1_000), false);
    });
}

#[test]
fn a_cut_at_the_very_first_power_up_leaves_a_new_meter() {
    cut_at_boot(&Ram::new());
}

#[test]
fn a_cut_while_layout_1_is_taken_over_loses_nothing() {
    cut_at_boot(&old_image());
    let mut one_copy = old_image();
    one_copy.bytes_mut()[OLD.backup + 20] ^= 1;
    cut_at_boot(&one_copy);
    let mut other_copy = old_image();
    other_copy.bytes_mut()[OLD.at + 20] ^= 1;
    cut_at_boot(&other_copy);
}

/// Cuts the supply after every byte that power-up writes, and after every byte of the power-up after that.
fn cut_at_boot(before: &Ram) {
    let whole = kept(&start(before.clone()).device);
    for bytes in 0.. {
        let cut = device_with(CutNv::new(before.clone(), bytes), Instant::ZERO).nv().clone();
        let done = !cut.is_cut();
        let once = cut.into_inner();
        let restart = start(once.clone());
        assert_eq!(restart.device.works().conditions(), Conditions::NONE, "cut after {bytes}");
        assert_eq!(kept(&restart.device), whole, "cut after {bytes}");
        for more in (0..400).step_by(7) {
            let twice = device_with(CutNv::new(once.clone(), more), Instant::ZERO).nv().clone().into_inner();
            let restart = start(twice);
            assert_eq!(restart.device.works().conditions(), Conditions::NONE, "cuts after {bytes}, {more}");
            assert_eq!(kept(&restart.device), whole, "cuts after {bytes}, {more}");
        }
        if done {
            assert!(bytes > 0, "nothing was written");
            break;
        }
    }
}

#[test]
fn a_cut_while_a_damaged_copy_is_repaired_finds_the_other() {
    for part in [NvPart::Main, NvPart::Backup] {
        let nv = damaged(&[part]);
        let whole = kept(&start(nv.clone()).device);
        for bytes in 0..nv::HEADER + SIZES.counters * 6 + 4 {
            let cut = device_with(CutNv::new(nv.clone(), bytes), Instant::ZERO).nv().clone();
            assert!(cut.is_cut());
            let restart = start(cut.into_inner());
            assert!(!restart.device.works().is_stopped());
            assert_eq!(kept(&restart.device), whole, "{part:?} {bytes}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn cuts_one_after_another_never_lose_energy(cuts in prop::collection::vec(0usize..2_000, 1..12)) {
        let mut nv = used();
        let mut before = start(nv.clone()).device.value(FORWARD_T1).unwrap();
        for bytes in cuts {
            let mut line = Line::new(device_with(CutNv::new(nv, bytes), Instant::ZERO));
            line.device.set_load(load(36_000));
            for _ in 0..10 {
                line.pass(Duration::from_secs(3));
            }
            nv = line.device.nv().clone().into_inner();
            let restart = start(nv.clone());
            prop_assert_eq!(restart.device.works().conditions(), Conditions::NONE);
            let after = restart.device.value(FORWARD_T1).unwrap();
            prop_assert!(before <= after && after <= before + 300, "{before} {after}");
            before = after;
        }
    }

    #[test]
    fn any_memory_is_started_without_harm(bytes in prop::collection::vec(any::<u8>(), NV)) {
        let mut nv = Ram::new();
        nv.bytes_mut().copy_from_slice(&bytes);
        let line = start(nv);
        prop_assert!(line.device.works().is_stopped());
    }
}
