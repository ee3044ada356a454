use super::*;
use proptest::prelude::*;

const DEF: RecordDef = RecordDef::new(2, 1, 5, 3);
type Ram = RamNv<{ DEF.end() + 4 }>;

fn stored(payloads: &[[u8; 5]]) -> Ram {
    let mut nv = Ram::new();
    for payload in payloads {
        store(&mut nv, &DEF, payload).unwrap();
    }
    nv
}

fn read(nv: &impl Nv) -> (Result<Found, Lost>, [u8; 5]) {
    let mut into = [0; 5];
    (load(nv, &DEF, &mut into), into)
}

#[test]
fn a_record_stands_as_its_layout_says() {
    let nv = stored(&[*b"abcde"]);
    let copy = [2, 1, 1, 0, 0, 0, 5, 0, b'a', b'b', b'c', b'd', b'e'];
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&copy).to_le_bytes();
    let mut expected = vec![0xFF; 3];
    for _ in 0..2 {
        expected.extend_from_slice(&copy);
        expected.extend_from_slice(&crc);
    }
    expected.extend_from_slice(&[0xFF; 4]);
    assert_eq!(nv.bytes().as_slice(), expected);
}

#[test]
fn blank_memory_is_blank() {
    assert_eq!(read(&Ram::new()).0, Ok(Found::Blank));
}

#[test]
fn the_last_payload_comes_back() {
    let nv = stored(&[*b"first", *b"other"]);
    assert_eq!(read(&nv), (Ok(Found::Record { sequence: 2, main: true, other: Other::Same }), *b"other"));
}

#[test]
fn a_cut_at_any_byte_leaves_old_or_new() {
    let whole = 2 * DEF.copy_size();
    for start in [stored(&[*b"older"]), stored(&[*b"first", *b"older"])] {
        let mut seen = [false; 2];
        for bytes in 0..=whole {
            let mut nv = CutNv::new(start.clone(), bytes);
            assert_eq!(store(&mut nv, &DEF, b"newer").is_ok(), bytes == whole);
            let (found, payload) = read(&nv.into_inner());
            assert!(matches!(found, Ok(Found::Record { .. })), "{bytes}: {found:?}");
            assert!(payload == *b"older" || payload == *b"newer", "{bytes}: {payload:?}");
            seen[usize::from(payload == *b"newer")] = true;
        }
        assert_eq!(seen, [true, true]);
    }
}

#[test]
fn no_cut_is_taken_for_damage() {
    // Also where the low byte of the sequence number carries over.
    for sequence in [1, 0xFE, 0xFF, 0xFFFF, u32::MAX] {
        let mut start = Ram::new();
        for main in [true, false] {
            rewrite(&mut start, &DEF, main, sequence, b"older").unwrap();
        }
        for bytes in 0..2 * DEF.copy_size() {
            let mut nv = CutNv::new(start.clone(), bytes);
            store(&mut nv, &DEF, b"newer").unwrap_err();
            let (found, _) = read(&nv.into_inner());
            let cut = matches!(found, Ok(Found::Record { other: Other::Same | Other::Unfinished, .. }));
            assert!(cut, "{sequence} {bytes}: {found:?}");
        }
    }
}

#[test]
fn no_cut_of_a_repair_of_a_cut_is_taken_for_damage() {
    for sequence in [1, 0xFF] {
        let mut start = Ram::new();
        for main in [true, false] {
            rewrite(&mut start, &DEF, main, sequence, b"older").unwrap();
        }
        for bytes in 0..2 * DEF.copy_size() {
            let mut nv = CutNv::new(start.clone(), bytes);
            store(&mut nv, &DEF, b"newer").unwrap_err();
            let torn = nv.into_inner();
            let (found, payload) = read(&torn);
            let Ok(Found::Record { sequence, main, .. }) = found else { panic!("{found:?}") };
            for more in 0..=DEF.copy_size() {
                let mut nv = CutNv::new(torn.clone(), more);
                let _ = rewrite(&mut nv, &DEF, !main, sequence, &payload);
                let (found, again) = read(&nv.into_inner());
                let cut = matches!(found, Ok(Found::Record { other: Other::Same | Other::Unfinished, .. }));
                assert!(cut && again == payload, "{sequence} {bytes} {more}: {found:?}");
            }
        }
    }
}

/// A record and its part, as far apart as their copies.
const PART: RecordDef = RecordDef::new(4, 1, 3, DEF.end());
type Pair = RamNv<{ PART.end() }>;

fn store_pair(nv: &mut impl Nv, payload: &[u8; 5], part: &[u8; 3]) -> bool {
    let writing = Writing::next(nv, &DEF).unwrap();
    store_part(nv, &PART, writing.sequence(), part).is_ok() && writing.write(nv, &DEF, payload).is_ok()
}

fn read_pair(nv: &impl Nv) -> ([u8; 5], Option<[u8; 3]>) {
    let (mut payload, mut part) = ([0; 5], [0; 3]);
    let Ok(Found::Record { sequence, .. }) = load(nv, &DEF, &mut payload) else { panic!("no record") };
    let good = load_part(nv, &PART, sequence, &mut part);
    (payload, good.then_some(part))
}

#[test]
fn a_record_and_its_part_are_never_of_two_writings() {
    for writings in 1..4 {
        let mut start = Pair::new();
        for _ in 0..writings {
            assert!(store_pair(&mut start, b"older", b"old"));
        }
        for bytes in 0..PART.copy_size() + 2 * DEF.copy_size() {
            let mut nv = CutNv::new(start.clone(), bytes);
            assert!(!store_pair(&mut nv, b"newer", b"new"));
            let expected = match read_pair(&nv.into_inner()) {
                (payload, Some(part)) => {
                    payload == *b"older" && part == *b"old" || payload == *b"newer" && part == *b"new"
                }
                _ => false,
            };
            assert!(expected, "{writings} {bytes}");
        }
    }
}

#[test]
fn a_damaged_part_is_not_read() {
    let mut nv = Pair::new();
    assert!(store_pair(&mut nv, b"abcde", b"xyz"));
    assert_eq!(read_pair(&nv), (*b"abcde", Some(*b"xyz")));
    nv.bytes_mut()[PART.backup + HEADER + 1] ^= 4;
    assert_eq!(read_pair(&nv), (*b"abcde", None), "the part of writing 1 stands in the second slot");
}

#[test]
fn six_bytes_hold_what_fits_them() {
    let mut bytes = [0; 6];
    Writer::new(&mut bytes).u48(0x0605_0403_0201).unwrap();
    assert_eq!(bytes, [1, 2, 3, 4, 5, 6]);
    assert_eq!(Reader::new(&bytes).u48(), Some(0x0605_0403_0201));
    assert_eq!(Writer::new(&mut bytes).u48(1 << 48), None);
    assert_eq!(bytes, [1, 2, 3, 4, 5, 6]);
    assert_eq!(Reader::new(&bytes[1..]).u48(), None);
}

#[test]
fn a_copy_is_spoiled_once() {
    let mut nv = stored(&[*b"abcde"]);
    assert_eq!(spoil(&mut nv, &DEF, true), Ok(true));
    assert_eq!(spoil(&mut nv, &DEF, true), Ok(false), "a second time would mend it");
    assert_eq!(
        read(&nv).0,
        Ok(Found::Record { sequence: 1, main: false, other: Other::Damaged { main: true } })
    );
    assert_eq!(spoil(&mut nv, &DEF, false), Ok(true));
    assert_eq!(read(&nv).0, Err(Lost { kind: 2 }));
}

#[test]
fn one_copy_can_be_written_again() {
    let mut nv = stored(&[*b"abcde"]);
    let whole = nv.clone();
    nv.bytes_mut()[DEF.at + HEADER] ^= 1;
    rewrite(&mut nv, &DEF, true, 1, b"abcde").unwrap();
    assert_eq!(nv, whole);
}

#[test]
fn a_cut_of_a_repair_leaves_old_or_new() {
    // One copy damaged, then the supply goes while the next payload is written, at any byte.
    for copy in [DEF.at, DEF.backup] {
        for bytes in 0..=2 * DEF.copy_size() {
            let mut start = stored(&[*b"older"]);
            start.bytes_mut()[copy + HEADER] ^= 0x10;
            let mut nv = CutNv::new(start, bytes);
            let _ = store(&mut nv, &DEF, b"newer");
            let (found, payload) = read(&nv.into_inner());
            assert!(matches!(found, Ok(Found::Record { .. })), "{copy} {bytes}: {found:?}");
            assert!(payload == *b"older" || payload == *b"newer");
        }
    }
}

#[test]
fn the_first_writing_may_be_cut_too() {
    for bytes in 0..2 * DEF.copy_size() {
        let mut nv = CutNv::new(Ram::new(), bytes);
        assert!(store(&mut nv, &DEF, b"first").is_err());
        let found = read(&nv.into_inner());
        let expected_new = bytes >= DEF.copy_size();
        match found {
            (Ok(Found::Blank), _) => assert!(!expected_new, "{bytes}"),
            (Ok(Found::Record { .. }), payload) => assert!(expected_new && payload == *b"first", "{bytes}"),
            other => panic!("{bytes}: {other:?}"),
        }
    }
}

#[test]
fn one_damaged_bit_costs_one_copy_and_no_more() {
    for byte in DEF.at..DEF.end() {
        for bit in 0..8 {
            let mut nv = stored(&[*b"abcde"]);
            nv.bytes_mut()[byte] ^= 1 << bit;
            let main = byte >= DEF.backup;
            let copy = if main { DEF.backup } else { DEF.at };
            // A cut leaves another header or another CRC.
            let payload = copy + HEADER..copy + HEADER + 5;
            let other =
                if payload.contains(&byte) { Other::Damaged { main: !main } } else { Other::Unfinished };
            assert_eq!(
                read(&nv),
                (Ok(Found::Record { sequence: 1, main, other }), *b"abcde"),
                "{byte}.{bit}"
            );
        }
    }
}

#[test]
fn two_damaged_copies_are_lost_and_said_so() {
    let mut nv = stored(&[*b"abcde"]);
    nv.bytes_mut()[DEF.at + HEADER] ^= 1;
    nv.bytes_mut()[DEF.backup + HEADER] ^= 1;
    let (found, payload) = read(&nv);
    assert_eq!(found, Err(Lost { kind: 2 }));
    assert_eq!(payload, [0; 5]);
    assert_eq!(Lost { kind: 2 }.to_string(), "main and backup copy of record 2 are damaged");
}

#[test]
fn another_layout_is_recognised_and_not_read() {
    let mut nv = Ram::new();
    store(&mut nv, &RecordDef { version: 7, ..DEF }, b"other").unwrap();
    assert_eq!(read(&nv), (Ok(Found::Version { found: 7 }), [0; 5]));
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut nv = RamNv::<8>::new();
    let refused = NotWritten { main: true, why: NvError::OutOfRange };
    assert_eq!(store(&mut nv, &DEF, b"abcde"), Err(refused));
    assert_eq!(store(&mut Ram::new(), &DEF, b"abc"), Err(refused));
    assert_eq!(refused.to_string(), "the main copy was not written: the place lies outside the memory");
    assert_eq!(nv.bytes(), &[0xFF; 8]);
}

#[test]
fn the_sequence_number_may_turn_over() {
    let mut nv = stored(&[*b"abcde"]);
    // As if it had been written four thousand million times.
    let mut near_end = [2, 1, 0xFF, 0xFF, 0xFF, 0xFF, 5, 0, b'a', b'b', b'c', b'd', b'e', 0, 0, 0, 0];
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&near_end[..13]);
    near_end[13..].copy_from_slice(&crc.to_le_bytes());
    nv.write(DEF.at, &near_end).unwrap();
    nv.write(DEF.backup, &near_end).unwrap();
    let mut cut = CutNv::new(nv, DEF.copy_size());
    assert!(store(&mut cut, &DEF, b"newer").is_err());
    assert_eq!(
        read(&cut.into_inner()),
        (Ok(Found::Record { sequence: 0, main: true, other: Other::Unfinished }), *b"newer")
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), DEF.end() + 4)) {
        let mut nv = Ram::new();
        nv.bytes_mut().copy_from_slice(&bytes);
        let record = matches!(read(&nv).0, Ok(Found::Record { .. }));
        prop_assert!(!record || bytes[DEF.at] == 2 || bytes[DEF.backup] == 2);
    }

    #[test]
    fn cuts_one_after_another_never_lose_the_record(cuts in prop::collection::vec(0usize..40, 1..30)) {
        let mut nv = stored(&[[0; 5]]);
        let mut last = 0u8;
        for (n, bytes) in (1u8..).zip(cuts) {
            let mut cut = CutNv::new(nv, bytes);
            let _ = store(&mut cut, &DEF, &[n; 5]);
            nv = cut.into_inner();
            let (found, payload) = read(&nv);
            let record = matches!(found, Ok(Found::Record { .. }));
            prop_assert!(record);
            prop_assert!(payload == [last; 5] || payload == [n; 5]);
            last = payload[0];
        }
    }
}
