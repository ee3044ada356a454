use super::*;
use proptest::prelude::*;

const DEF: RecordDef = RecordDef { kind: 2, version: 1, len: 5, at: 3 };
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
    assert_eq!(read(&nv), (Ok(Found::Record { sequence: 2, both: true }), *b"other"));
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
fn a_cut_of_a_repair_leaves_old_or_new() {
    // One copy damaged, then the supply goes while the next payload is written, at any byte.
    for copy in [DEF.at, DEF.backup()] {
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
            assert_eq!(
                read(&nv),
                (Ok(Found::Record { sequence: 1, both: false }), *b"abcde"),
                "{byte}.{bit}"
            );
        }
    }
}

#[test]
fn two_damaged_copies_are_lost_and_said_so() {
    let mut nv = stored(&[*b"abcde"]);
    nv.bytes_mut()[DEF.at + HEADER] ^= 1;
    nv.bytes_mut()[DEF.backup() + HEADER] ^= 1;
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
    assert_eq!(store(&mut nv, &DEF, b"abcde"), Err(NvError::OutOfRange));
    assert_eq!(store(&mut Ram::new(), &DEF, b"abc"), Err(NvError::OutOfRange));
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
    nv.write(DEF.backup(), &near_end).unwrap();
    let mut cut = CutNv::new(nv, DEF.copy_size());
    assert!(store(&mut cut, &DEF, b"newer").is_err());
    assert_eq!(read(&cut.into_inner()), (Ok(Found::Record { sequence: 0, both: false }), *b"newer"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), DEF.end() + 4)) {
        let mut nv = Ram::new();
        nv.bytes_mut().copy_from_slice(&bytes);
        let record = matches!(read(&nv).0, Ok(Found::Record { .. }));
        prop_assert!(!record || bytes[DEF.at] == 2 || bytes[DEF.backup()] == 2);
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
