//! Twins that are booted from what meters told: the same glyphs on their displays, and a mark on what differs.

mod stage;

use commission::boot::{Facts, boot};
use commission::names;
use rig::{Twin, glass_text, pages};
use schema::{IdentityOf, PortId, SettingId, Source};
use stage::{Dice, START, change, rail, random_twin, read, read_directly, read_mbus, shown, with};
use units::{Duration, Point, StateOf};

/// The same keys at both meters, and what stands on their glasses after each.
fn same_walk(one: &mut Twin, two: &mut Twin, seed: u64) {
    let keys = one.entry().def.keys;
    let mut dice = Dice(seed);
    let mut now = START + Duration::from_secs(60);
    for press in 0..60 {
        let key = keys[usize::try_from(dice.below(keys.len() as u64)).unwrap()].id;
        let span = [100, 100, 100, 100, 3_200, 5_200][usize::try_from(dice.below(6)).unwrap()];
        for twin in [&mut *one, &mut *two] {
            twin.device_mut().key_down(now, key);
            twin.poll(now + Duration::from_millis(span), Duration::ZERO);
            twin.device_mut().key_up(now + Duration::from_millis(span), key);
        }
        now += Duration::from_millis(span + 300);
        for twin in [&mut *one, &mut *two] {
            twin.poll(now, Duration::ZERO);
        }
        assert_eq!(glass_text(one, now), glass_text(two, now), "press {press} of {}", one.entry().def.slug);
    }
}

fn same_display(meter: &mut Twin, twin: &mut Twin) {
    let now = START + Duration::from_secs(1);
    for (one, two) in pages(meter, now).iter().zip(&pages(twin, now)) {
        assert_eq!(one.sentence, two.sentence);
        assert_eq!(one.art, two.art, "{}", one.sentence);
    }
}

#[test]
fn every_model_boots_glyph_by_glyph_from_its_registers() {
    for entry in models::ALL {
        for seed in 0..4 {
            let mut meter = random_twin(entry, seed, 16_000_000);
            let facts = Facts::of_registers(&read_directly(&mut meter));
            let mut booted = boot(&facts, START);
            assert!(booted.report.is_same(), "{} {seed}: {:#?}", entry.def.slug, booted.report.sentences());
            assert_eq!(booted.report.differs, []);
            same_walk(&mut meter, &mut booted.twin, seed);
            same_display(&mut meter, &mut booted.twin);
        }
    }
}

#[test]
fn a_live_read_out_over_modbus_boots_the_same_twin() {
    for entry in with(PortId::Modbus) {
        for seed in 20..24 {
            let rail = rail(random_twin(entry, seed, 16_000_000));
            let facts = Facts::of_registers(&read(&rail));
            let mut booted = boot(&facts, START);
            assert_eq!(booted.report.differs, [], "{} {seed}", entry.def.slug);
            let mut meter = rail.borrow_mut().take(0).unwrap();
            let address = meter.device().address(PortId::Modbus);
            assert_eq!(booted.twin.device().address(PortId::Modbus), address);
            if entry.def.matrix.is_none() {
                same_display(&mut meter, &mut booted.twin);
            }
        }
    }
}

#[test]
fn energies_that_floats_cannot_tell_apart_are_reported_in_the_same_words() {
    for entry in with(PortId::Modbus) {
        for seed in 40..46 {
            let mut meter = random_twin(entry, seed, entry.def.metering.rollover_wh / 2);
            let facts = Facts::of_registers(&read_directly(&mut meter));
            let report = boot(&facts, START).report;
            // Sums of what was rounded apart need not agree to the last digit: no counter differs by more than that.
            for it in &report.differs {
                let point: Point = it.key.parse().unwrap();
                assert!(matches!(point, Point::Energy { .. }), "{it:?}");
            }
            let counters =
                facts.facts.iter().filter(|it| matches!(it.source, Source::Point(Point::Energy { .. })));
            assert!(
                report.differs.len() * 4 <= counters.count(),
                "{} {seed}: {:#?}",
                entry.def.slug,
                report.differs
            );
        }
    }
}

#[test]
fn telegrams_boot_a_twin_that_tells_the_same() {
    for entry in with(PortId::Mbus) {
        for seed in 0..6 {
            let mut meter = Twin::new(entry, None, START);
            stage::fill(&mut meter, &mut Dice(seed), 16_000_000);
            change(&mut meter, &[(SettingId::MbusId, 17), (SettingId::MbusBaud, 4_800)]);
            change(&mut meter, &[(SettingId::Serial, 13_079_999)]);
            if entry.def.setting(SettingId::CtRatio).is_some() {
                change(&mut meter, &[(SettingId::CtRatio, 5_005), (SettingId::Tariff, 4)]);
                stage::fill(&mut meter, &mut Dice(seed), 16_000_000);
                stage::drain(&mut meter);
            }
            let rail = rail(meter);
            let facts = read_mbus(&rail);
            let booted = boot(&facts, START);
            assert_eq!(booted.report.differs, [], "{} {seed}", entry.def.slug);
            let device = booted.twin.device();
            assert_eq!(device.setting(SettingId::MbusId), Some(17));
            assert_eq!(device.setting(SettingId::MbusBaud), Some(4_800));
            assert_eq!(booted.twin.serial(), 13_079_999);
            let again = read_mbus(&stage::rail(booted.twin));
            assert_eq!(again.facts, facts.facts);
        }
    }
}

#[test]
fn what_the_meter_reports_otherwise_is_marked() {
    let entry = with(PortId::Modbus).next().unwrap();
    let mut meter = Twin::new(entry, None, START);
    let mut read = read_directly(&mut meter);
    let mut put = |source: Source, value: i64| {
        let row = read.rows.iter_mut().find(|row| row.row.def.source == source).unwrap();
        row.words = row.row.def.codec.encode(value, entry.def.unit(source)).to_vec();
        row.value = Ok(value);
        row.text = names::value_text(entry, row.row.def, value);
    };
    put(Source::Identity(IdentityOf::Software), 217);
    put(Source::Setting(SettingId::ScrollTime), 45);
    put(Source::Point(Point::State(StateOf::PowerDowns)), 12);
    let report = boot(&Facts::of_registers(&read), START).report;
    let lines = report.sentences().join("\n");
    assert!(lines.contains(
        "Scroll time is 45 s in the meter, and this model cannot have that: scroll-time cannot be 45"
    ));
    assert!(lines.contains("Software version: the meter reports 2.17, the twin 2.18."), "{lines}");
    assert!(!report.is_same());
    assert!(report.taken.iter().any(|it| it.key == "power-downs" && it.text.value == "12"));
    let unread: Vec<&str> = report.not_readable.iter().map(|it| it.key.as_str()).collect();
    for setting in entry.def.all_settings().filter(|it| !shown(entry, it.id) || it.secret) {
        assert!(unread.contains(&setting.id.key()), "{unread:?}");
    }
}

#[test]
fn what_could_not_be_read_is_named_and_stays_as_from_the_factory() {
    let entry = with(PortId::Modbus).next().unwrap();
    let mut meter = random_twin(entry, 5, 16_000_000);
    let mut read = read_directly(&mut meter);
    for row in &mut read.rows {
        if row.row.def.source == Source::Setting(SettingId::ScrollTime) {
            row.value = Err(commission::RowFault::NotAsked);
        }
    }
    let booted = boot(&Facts::of_registers(&read), START);
    let (_, setting) = entry.def.setting(SettingId::ScrollTime).unwrap();
    assert_eq!(booted.twin.device().setting(SettingId::ScrollTime), Some(setting.default));
    let lines = booted.report.sentences().join("\n");
    assert!(
        lines.contains("Scroll time is not known: not asked, since the meter had stopped answering."),
        "{lines}"
    );
}
