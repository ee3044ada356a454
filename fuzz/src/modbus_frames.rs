use modbus::pdu::{self, emitted_request_len, emitted_response_len};
use modbus::rtu::{self, FrameLen};
use modbus::{FrameFault, Request, crc, mbap, sniffer};

/// One input.
pub fn run(data: &[u8]) {
    let mut out = [0; 300];
    if let Ok(request) = pdu::parse_request(data) {
        let n = pdu::emit_request(&request, &mut out).unwrap();
        assert_eq!((&out[..n], emitted_request_len(&request)), (data, n));
        around(data, &request);
    }
    if let Ok(response) = pdu::parse_response(data, None) {
        let n = pdu::emit_response(&response, &mut out).unwrap();
        assert_eq!((&out[..n], emitted_response_len(&response)), (data, n));
    }
    // The same bytes as a frame, and as one whose check is right.
    let _ = (rtu::parse_request(data), rtu::parse_response(data, None), sniffer::classify(data));
    let mut sealed = data.to_vec();
    sealed.extend(crc::wire(data));
    if let Ok((unit, request)) = rtu::parse_request(&sealed) {
        let n = rtu::emit_request(unit, &request, &mut out).unwrap();
        assert_eq!(&out[..n], sealed);
    }
    if let Ok((unit, response)) = rtu::parse_response(&sealed, None) {
        let n = rtu::emit_response(unit, &response, &mut out).unwrap();
        assert_eq!(&out[..n], sealed);
    }
    let _ = sniffer::classify(&sealed);
    for length in [rtu::request_len, rtu::response_len] {
        settled(data, length);
    }
    stream(data);
}

/// Once the length of a frame is told, more bytes tell nothing else.
fn settled(data: &[u8], length: fn(&[u8]) -> FrameLen) {
    let whole = length(data);
    for n in 0..data.len().min(8) {
        let front = length(&data[..n]);
        assert!(front == whole || front == FrameLen::Unclear, "{front:?} became {whole:?}");
    }
}

/// An answer is judged by its request, never read otherwise because of it.
fn around(asked: &[u8], request: &Request<'_>) {
    for cut in [2, 5, asked.len()] {
        let answer = &asked[..cut.min(asked.len())];
        if let Ok(fitting) = pdu::parse_response(answer, Some(request)) {
            assert_eq!(pdu::parse_response(answer, None), Ok(fitting));
        }
    }
}

fn stream(data: &[u8]) {
    let mut out = [0; 300];
    if let Ok((header, request)) = mbap::parse_request(data) {
        let n = mbap::emit_request(header.transaction, header.unit, &request, &mut out).unwrap();
        assert_eq!(&out[..n], data);
        assert_eq!(header.frame_len(), Ok(n));
    }
    if let Ok((_, request)) = rtu::parse_request(data) {
        let n = mbap::emit_request(7, 1, &request, &mut out).unwrap();
        assert_eq!(mbap::parse_request(&out[..n]).map(|(_, request)| request), Ok(request));
        assert!(matches!(mbap::open(&out[..n - 1]), Err(FrameFault::TooShort { .. } | FrameFault::Length { .. })));
    }
    if let Some(header) = mbap::Header::read(data) {
        let _ = header.frame_len();
    }
}

/// PDUs and frames of the manual's and the standard's examples.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    vec![
        vec![0x03, 0x50, 0x00, 0x00, 0x02],
        vec![0x03, 0x04, 0x43, 0x66, 0x1A, 0x9E],
        vec![0x06, 0x40, 0x03, 0x00, 0x05],
        vec![0x10, 0x40, 0x03, 0x00, 0x02, 0x04, 0x41, 0x20, 0x00, 0x00],
        vec![0x10, 0x40, 0x03, 0x00, 0x02],
        vec![0x83, 0x02],
        vec![0x01, 0x03, 0x50, 0x00, 0x00, 0x02, 0xD5, 0x0B],
        vec![0x00, 0x01, 0x00, 0x00, 0x00, 0x06, 0x01, 0x03, 0x50, 0x00, 0x00, 0x02],
    ]
}
