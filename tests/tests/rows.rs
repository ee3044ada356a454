//! Every row of every register table over the bus, one at a time: read alone, read in its block, written or refused as
//! the table says.

mod common;

use common::{Meter, families};
use modbus::{RegisterAccess as _, Words, WriteKind};
use models::Entry;
use schema::{Access, Argument, Kind, ModelDef, RegisterDef, Rule, SettingDef, Source, Unmapped};

/// The models whose registers a master can read.
fn with_modbus() -> impl Iterator<Item = &'static Entry> {
    families().filter(|entry| entry.def.modbus.is_some())
}

/// A meter in which hardly a register is 0.
fn meter(entry: &'static Entry) -> Meter {
    let energies = "energy.forward=1234.56 energy.reverse.t2=7.89 energy.reactive.forward.t2=98765.43 \
                    energy.reactive.reverse=0.27 energy.trip=5.86";
    Meter::of(&format!("{} load=\"L1 231.4V 0.7A pf 0.83 lead export\" {energies}", entry.def.slug))
}

/// The words of a row, encoded from the meter's value.
fn words(meter: &Meter, row: &RegisterDef) -> Vec<u16> {
    let value = meter.twin.device().works().source(row.source);
    let words = row.codec.encode(value, meter.twin.entry().def.unit(row.source));
    words[..usize::from(row.codec.words())].to_vec()
}

fn settings(meter: &Meter) -> Vec<Option<i32>> {
    let ids = meter.twin.entry().def.all_settings().map(|setting| setting.id);
    ids.map(|id| meter.twin.device().setting(id)).collect()
}

fn contiguous(def: &'static ModelDef) -> impl Iterator<Item = &'static RegisterDef> {
    def.registers.iter().filter(|block| block.rule == Rule::Contiguous).flat_map(|block| block.rows)
}

fn setting_of(def: &'static ModelDef, row: &RegisterDef) -> Option<&'static SettingDef> {
    match (row.access, row.source) {
        (Access::Write, Source::Setting(id)) => def.setting(id).map(|(_, setting)| setting),
        _ => None,
    }
}

/// Every value that the setting can have.
fn values(setting: &SettingDef) -> Vec<i32> {
    match setting.kind {
        Kind::Int { min, max } => (min..=max).collect(),
        Kind::OneOf(choices) => choices.iter().map(|choice| choice.value).collect(),
        Kind::Digits(_) => Vec::new(),
        Kind::Ratio => vec![11, 55, 5_005, 99_955, 99_991],
    }
}

#[test]
fn every_row_is_read_alone() {
    for entry in with_modbus() {
        let mut meter = meter(entry);
        for row in entry.def.registers.iter().flat_map(|block| block.rows) {
            let expected = Ok(words(&meter, row));
            let count = row.codec.words();
            assert_eq!(meter.read(row.addr, count), expected, "{:04X}h", row.addr);
            assert_eq!(meter.read_by(4, row.addr, count), expected, "{:04X}h by function 04", row.addr);
        }
    }
}

#[test]
fn every_row_is_read_in_its_block_and_each_half_by_itself() {
    for entry in with_modbus() {
        let mut meter = meter(entry);
        for block in entry.def.registers.iter().filter(|block| block.rule == Rule::Contiguous) {
            let count = u16::try_from(block.image_words()).unwrap();
            let most = entry.def.modbus.unwrap().max_read;
            let mut whole = Vec::new();
            while whole.len() < usize::from(count) {
                let at = u16::try_from(whole.len()).unwrap();
                whole.extend(meter.read(block.first() + at, (count - at).min(most)).unwrap());
            }
            for row in block.rows {
                let at = usize::from(row.addr - block.first());
                let expected = words(&meter, row);
                assert_eq!(whole[at..at + expected.len()], expected, "{:04X}h", row.addr);
                for (half, word) in (row.addr..).zip(expected) {
                    assert_eq!(meter.read(half, 1), Ok(vec![word]), "{half:04X}h");
                }
            }
            for (at, word) in (block.first()..).zip(&whole).filter(|(at, _)| block.row(*at).is_none()) {
                assert_eq!((block.unmapped, *word), (Unmapped::Zero, 0), "{at:04X}h between the rows");
                assert_eq!(meter.write(at, 0), Err(2), "{at:04X}h between the rows");
            }
            let last = block.first() + count - 1;
            assert_eq!(meter.read(last, 2), Err(2), "past the end");
            assert_eq!(meter.read(block.first() - 1, 2), Err(2), "before the beginning");
        }
    }
}

#[test]
fn the_older_map_gives_one_value_a_request() {
    for entry in with_modbus() {
        let mut meter = meter(entry);
        for block in entry.def.registers.iter().filter(|block| block.rule == Rule::OneValuePerRequest) {
            for row in block.rows {
                let Source::Same(new) = row.source else { panic!("{:04X}h is no other register", row.addr) };
                let count = row.codec.words();
                assert_eq!(meter.read(row.addr, count), meter.read(new, count), "{:04X}h", row.addr);
                assert_eq!(meter.read(row.addr, count + 1), Err(2), "{:04X}h and more", row.addr);
                assert_eq!(meter.read(row.addr + 1, count), Err(2), "{:04X}h from its middle", row.addr);
                assert_eq!(meter.write(row.addr, 1), Err(2), "{:04X}h", row.addr);
            }
        }
    }
}

#[test]
fn what_is_only_read_is_never_written() {
    for entry in with_modbus() {
        let mut meter = meter(entry);
        let before = settings(&meter);
        let rows = entry.def.registers.iter().flat_map(|block| block.rows);
        for row in rows.filter(|row| row.access == Access::Read) {
            let was = words(&meter, row);
            assert_eq!(meter.write(row.addr, 1), Err(2), "{:04X}h", row.addr);
            assert_eq!(meter.write_many(row.addr, &was), Err(2), "{:04X}h by function 16", row.addr);
            assert_eq!(words(&meter, row), was, "{:04X}h", row.addr);
        }
        assert_eq!(settings(&meter), before);
    }
}

#[test]
fn every_setting_takes_every_value_of_its_range() {
    for entry in with_modbus() {
        for row in contiguous(entry.def) {
            let Some(setting) = setting_of(entry.def, row) else { continue };
            let mut meter = meter(entry);
            for value in values(setting) {
                let encoded = row.codec.encode(i64::from(value), setting.unit);
                let encoded = &encoded[..usize::from(row.codec.words())];
                let context = format!("{} = {value}", setting.id.key());
                assert_eq!(meter.write_many(row.addr, encoded), Ok(()), "{context}");
                assert_eq!(meter.twin.device().setting(setting.id), Some(value), "{context}");
                assert_eq!(meter.read(row.addr, row.codec.words()), Ok(encoded.to_vec()), "{context}");
                if let [word] = encoded {
                    assert_eq!(meter.write(row.addr, *word), Ok(()), "{context}");
                } else {
                    assert_eq!(meter.write(row.addr, encoded[0]), Err(3), "half of {context}");
                    assert_eq!(meter.write(row.addr + 1, encoded[1]), Err(3), "half of {context}");
                }
                assert_eq!(meter.twin.device().setting(setting.id), Some(value), "{context}");
                if setting.is_lasting(value) {
                    meter = self::meter(entry);
                }
            }
        }
    }
}

/// All 65 536 words for each setting of one register: taken or refused as its range says.
#[test]
fn every_word_is_taken_or_refused_as_the_range_says() {
    for entry in with_modbus() {
        for row in contiguous(entry.def).filter(|row| row.codec.words() == 1) {
            let Some(setting) = setting_of(entry.def, row) else { continue };
            let mut meter = meter(entry);
            let good: Vec<u16> = values(setting)
                .into_iter()
                .map(|value| row.codec.encode(i64::from(value), setting.unit)[0])
                .collect();
            for word in 0..=u16::MAX {
                let before = meter.twin.device().setting(setting.id);
                let bytes = word.to_be_bytes();
                let done = meter.twin.device_mut().registers().write(
                    WriteKind::Single,
                    row.addr,
                    Words::from_wire(&bytes),
                );
                if good.contains(&word) {
                    assert_eq!(done, Ok(()), "{} {word:04X}h", setting.id.key());
                    if meter.twin.device().setting(setting.id).is_some_and(|it| setting.is_lasting(it)) {
                        meter = self::meter(entry);
                    }
                } else {
                    assert_eq!(
                        done,
                        Err(modbus::Exception::IllegalDataValue),
                        "{} {word:04X}h",
                        setting.id.key()
                    );
                    assert_eq!(meter.twin.device().setting(setting.id), before);
                }
            }
        }
    }
}

#[test]
fn commands_are_done_with_the_words_they_want() {
    for entry in with_modbus() {
        for row in contiguous(entry.def) {
            let Access::Command(_, argument) = row.access else { continue };
            let mut meter = meter(entry);
            // A power cut, so that there is something to be reset.
            let now = meter.now;
            meter.twin.device_mut().power(now, false);
            meter.twin.device_mut().power(now, true);
            let count = usize::from(row.codec.words());
            assert_ne!(words(&meter, row), vec![0; count], "{:04X}h", row.addr);
            if argument == Argument::Zero {
                let was = words(&meter, row);
                assert_eq!(meter.write_many(row.addr, &vec![1; count]), Err(3), "{:04X}h", row.addr);
                assert_eq!(meter.read(row.addr, row.codec.words()), Ok(was), "{:04X}h", row.addr);
            }
            if count > 1 {
                assert_eq!(meter.write(row.addr, 0), Err(3), "half of {:04X}h", row.addr);
                assert_ne!(words(&meter, row), vec![0; count], "{:04X}h", row.addr);
            }
            assert_eq!(meter.write_many(row.addr, &vec![0; count]), Ok(()), "{:04X}h", row.addr);
            let read = meter.read(row.addr, row.codec.words());
            assert_eq!(read, Ok(vec![0; count]), "{:04X}h at once", row.addr);
        }
    }
}
