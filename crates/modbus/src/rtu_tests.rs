//! Golden frames both ways.

use super::*;
use crate::pdu::{Exception, Words};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|p| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16).unwrap()).collect()
}

fn request_both_ways(text: &str, unit: u8, request: Request<'_>) {
    let frame = hex(text);
    assert_eq!(parse_request(&frame), Ok((unit, request)), "{text}");
    let mut out = [0; MAX_FRAME];
    let n = emit_request(unit, &request, &mut out).unwrap();
    assert_eq!(&out[..n], frame, "{text}");
    assert_eq!(n, emitted_request_len(&request));
    assert_eq!(request_len(&frame), FrameLen::Exactly(n));
}

fn response_both_ways(text: &str, unit: u8, response: Response<'_>, asked: Option<&Request<'_>>) {
    let frame = hex(text);
    assert_eq!(parse_response(&frame, asked), Ok((unit, response)), "{text}");
    let mut out = [0; MAX_FRAME];
    let n = emit_response(unit, &response, &mut out).unwrap();
    assert_eq!(&out[..n], frame, "{text}");
    assert_eq!(n, emitted_response_len(&response));
    assert_eq!(response_len(&frame), FrameLen::Exactly(n));
}

const fn read(address: u16, count: u16) -> Request<'static> {
    Request::ReadHolding { address, count }
}

#[test]
fn reads_of_real_meters_and_their_masters() {
    request_both_ways("01 03 40 00 00 02 D1 CB", 1, read(0x4000, 2));
    request_both_ways("01 03 50 0C 00 06 14 CB", 1, read(0x500C, 6));
    request_both_ways("01 03 50 0A 00 02 F5 09", 1, read(0x500A, 2));
    request_both_ways("01 03 50 00 00 02 D5 0B", 1, read(0x5000, 2));
    request_both_ways("00 03 20 80 00 02 CF F2", 0, read(0x2080, 2));
    let sixteen = [0x4180, 0, 0x4180, 0, 0x4180, 0];
    let words = |w| Response::Read { function: 3, words: Words::from_slice(w) };
    response_both_ways(
        "01 03 0C 41800000 41800000 41800000 97 AE",
        1,
        words(&sixteen),
        Some(&read(0x500C, 6)),
    );
    response_both_ways("01 03 04 3F A1 68 73 C9 E0", 1, words(&[0x3FA1, 0x6873]), Some(&read(0x500A, 2)));
    response_both_ways("01 03 04 3D 8F 5C 29 3E AA", 1, words(&[0x3D8F, 0x5C29]), Some(&read(0x5000, 2)));
    response_both_ways("01 03 04 15 06 00 01 DF FE", 1, words(&[0x1506, 0x0001]), Some(&read(0x1000, 2)));
}

#[test]
fn writes_of_the_pro1_manual() {
    for (text, address, value) in [
        ("01 06 40 03 00 0A EC 0D", 0x4003, 10),
        ("01 06 40 04 25 80 C6 FB", 0x4004, 9600),
        ("01 06 40 10 00 25 5C 14", 0x4010, 0x25),
        ("01 06 60 48 00 02 96 1D", 0x6048, 2),
    ] {
        let asked = Request::WriteSingle { address, value };
        request_both_ways(text, 1, asked);
        response_both_ways(text, 1, Response::WriteSingle { address, value }, Some(&asked));
    }
    let ten = Request::WriteMultiple { address: 0x400D, words: Words::from_slice(&[0x4120, 0]) };
    request_both_ways("01 10 40 0D 00 02 04 41 20 00 00 16 03", 1, ten);
    let clear = Request::WriteMultiple { address: 0x6049, words: Words::from_slice(&[0, 0]) };
    request_both_ways("01 10 60 49 00 02 04 00 00 00 00 9F F7", 1, clear);
    response_both_ways(
        "01 10 40 0D 00 02 C5 CB",
        1,
        Response::WriteMultiple { address: 0x400D, count: 2 },
        Some(&ten),
    );
}

#[test]
fn exceptions_and_unknown_codes_are_kept() {
    response_both_ways(
        "01 83 02 C0 F1",
        1,
        Response::Exception { function: 3, exception: Exception::IllegalDataAddress },
        Some(&read(0, 1)),
    );
    let mut out = [0; 8];
    let odd = Response::Exception { function: 0x41, exception: Exception::Other(0x77) };
    let n = emit_response(9, &odd, &mut out).unwrap();
    assert_eq!(parse_response(&out[..n], None), Ok((9, odd)));
    let strange = Request::Other { function: 0x41, data: &[1, 2, 3] };
    let n = emit_request(9, &strange, &mut out).unwrap();
    assert_eq!(parse_request(&out[..n]), Ok((9, strange)));
    for code in 0..=255 {
        assert_eq!(Exception::from_code(code).code(), code);
    }
    assert_eq!(Exception::from_code(0x77).to_string(), "the device refused with the unknown exception 77");
}

#[test]
fn faults_say_what_was_expected() {
    let good = hex("01 03 40 00 00 02 D1 CB");
    let fault = |bytes: &[u8]| parse_request(bytes).unwrap_err();
    assert_eq!(fault(&good[..3]), FrameFault::TooShort { len: 3, needed: 4 });
    let mut bad = good.clone();
    bad[7] ^= 1;
    assert_eq!(fault(&bad).to_string(), "the CRC is D1CA, D1CB was expected");
    assert_eq!(fault(&[0; 257]), FrameFault::TooLong { len: 257, most: 256 });
    let answer = hex("01 03 04 15 06 00 01 DF FE");
    assert_eq!(parse_response(&answer, Some(&read(0, 3))), Err(FrameFault::ByteCount { count: 4 }));
    let other = Request::ReadInput { address: 0, count: 2 };
    assert_eq!(parse_response(&answer, Some(&other)), Err(FrameFault::Function { asked: 4, got: 3 }));
    let write = Request::WriteSingle { address: 0x4003, value: 11 };
    let echo = hex("01 06 40 03 00 0A EC 0D");
    assert_eq!(parse_response(&echo, Some(&write)), Err(FrameFault::OtherRequest));
    assert_eq!(emit_request(1, &read(0, 1), &mut [0; 7]), Err(FrameFault::Buffer { needed: 8 }));
    let words = [0; 124];
    let long = Request::WriteMultiple { address: 0, words: Words::from_slice(&words) };
    assert_eq!(emit_request(1, &long, &mut [0; 300]), Err(FrameFault::TooLong { len: 254, most: 253 }));
}

#[test]
fn words_read_the_same_from_wire_and_from_memory() {
    let wire = Words::from_wire(&[0x12, 0x34, 0xAB, 0xCD, 0xEE]);
    assert_eq!(wire, Words::from_slice(&[0x1234, 0xABCD]));
    assert_eq!((wire.len(), wire.get(1), wire.get(2)), (2, Some(0xABCD), None));
    assert_eq!(format!("{wire:?}"), "[1234 ABCD]");
    assert_ne!(wire, Words::from_slice(&[0x1234]));
    assert!(Words::from_wire(&[1]).is_empty());
}

#[test]
fn mbap_frames_both_ways() {
    use crate::mbap;
    let frame = hex("00 07 00 00 00 06 01 03 50 00 00 02");
    let (header, request) = mbap::parse_request(&frame).unwrap();
    assert_eq!((header.transaction, header.unit, request), (7, 1, read(0x5000, 2)));
    let mut out = [0; mbap::MAX_FRAME];
    let n = mbap::emit_request(7, 1, &request, &mut out).unwrap();
    assert_eq!(&out[..n], frame);
    let answer = hex("00 07 00 00 00 07 01 03 04 3D 8F 5C 29");
    let (_, response) = mbap::parse_response(&answer, Some(&request)).unwrap();
    let n = mbap::emit_response(7, 1, &response, &mut out).unwrap();
    assert_eq!(&out[..n], answer);
    let mut bad = frame.clone();
    bad[3] = 1;
    assert_eq!(mbap::parse_request(&bad), Err(FrameFault::ProtocolId(1)));
    bad[3] = 0;
    bad[4..6].copy_from_slice(&[1, 44]);
    assert_eq!(mbap::parse_request(&bad), Err(FrameFault::HeaderLength(300)));
    assert_eq!(mbap::parse_request(&frame[..11]), Err(FrameFault::Length { len: 11, expected: 12 }));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_parsers_stumble(bytes in proptest::collection::vec(0u8.., 0..300)) {
        let mut sealed = bytes.clone();
        sealed.extend(crc::wire(&bytes));
        for frame in [&bytes, &sealed] {
            let _ = parse_request(frame).map(|(unit, request)| {
                let mut out = [0; MAX_FRAME];
                let n = emit_request(unit, &request, &mut out).unwrap();
                assert_eq!(&out[..n], &frame[..]);
            });
            let _ = parse_response(frame, None).map(|(unit, response)| {
                let mut out = [0; MAX_FRAME];
                let n = emit_response(unit, &response, &mut out).unwrap();
                assert_eq!(&out[..n], &frame[..]);
            });
            let _ = crate::mbap::parse_request(frame);
            let _ = crate::mbap::parse_response(frame, None);
        }
    }
}
