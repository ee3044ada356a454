//! Frames byte for byte, both ways.

use super::*;
use proptest::prelude::*;

fn both_ways(frame: Frame<'_>, bytes: &[u8]) {
    assert_eq!(Frame::parse(bytes), Ok(frame));
    let mut buffer = [0; MAX_FRAME];
    let n = frame.emit(&mut buffer).unwrap();
    assert_eq!((n, &buffer[..n]), (frame.emitted_len(), bytes));
    assert_eq!(frame_len(bytes), FrameLen::Exactly(bytes.len()));
}

#[test]
fn golden_frames() {
    both_ways(Frame::Ack, &[0xE5]);
    both_ways(Frame::Short { control: Control::SND_NKE, address: 1 }, &[0x10, 0x40, 0x01, 0x41, 0x16]);
    both_ways(Frame::Short { control: Control::REQ_UD2, address: 0 }, &[0x10, 0x5B, 0x00, 0x5B, 0x16]);
    both_ways(
        Frame::Short { control: Control::REQ_UD2.with_fcb(true), address: 0xFD },
        &[0x10, 0x7B, 0xFD, 0x78, 0x16],
    );
    let control = Control::SND_UD;
    // A control frame: 2400 Bd.
    both_ways(
        Frame::Long { control, address: 1, ci: 0xBB, data: &[] },
        &[0x68, 3, 3, 0x68, 0x53, 0x01, 0xBB, 0x0F, 0x16],
    );
    both_ways(
        Frame::Long { control, address: 1, ci: 0x51, data: &[0x01, 0x7A, 0x01] },
        &[0x68, 6, 6, 0x68, 0x53, 0x01, 0x51, 0x01, 0x7A, 0x01, 0x21, 0x16],
    );
    both_ways(
        Frame::Long { control, address: 0xFD, ci: 0x52, data: &[0xFF; 8] },
        &[
            0x68, 0x0B, 0x0B, 0x68, 0x53, 0xFD, 0x52, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x9A,
            0x16,
        ],
    );
}

#[test]
fn an_unknown_control_byte_is_kept() {
    let frame = Frame::parse(&[0x10, 0x49, 0x07, 0x50, 0x16]);
    assert_eq!(frame, Ok(Frame::Short { control: Control(0x49), address: 7 }));
}

#[test]
fn what_is_wrong_is_named() {
    let fault = |bytes: &[u8]| Frame::parse(bytes).unwrap_err().to_string();
    assert_eq!(fault(&[0x10, 0x40, 0x01, 0x42, 0x16]), "the check sum is 42: expected 41");
    assert_eq!(fault(&[0x10, 0x40, 0x01, 0x41, 0x17]), "the last byte is 17: expected 16");
    assert_eq!(fault(&[0x10, 0x40, 0x01]), "the frame breaks off after 3 bytes");
    assert_eq!(fault(&[0x68, 3, 4, 0x68]), "the two length bytes are 03 and 04: expected equal ones");
    assert_eq!(fault(&[0x68, 2, 2, 0x68, 0x53, 0x01, 0x54, 0x16]), "the length is 2: expected 3 or more");
    assert_eq!(fault(&[0x68, 3, 3, 0x10]), "the fourth byte is 10: expected 68");
    assert_eq!(fault(&[0xFE]), "no frame starts with FE: expected E5, 10 or 68");
    assert_eq!(fault(&[0xE5, 0xE5]), "1 bytes follow behind the frame");
    assert_eq!(frame_len(&[0x68, 2]), FrameLen::Never);
    assert_eq!(frame_len(&[0x68, 5, 5]), FrameLen::Unclear);
}

#[test]
fn too_much_data_is_refused() {
    let frame = Frame::Long { control: Control::RSP_UD, address: 1, ci: 0x72, data: &[0; 253] };
    assert_eq!(frame.emit(&mut [0; 300]), Err(FrameFault::TooLong { bytes: 253 }));
    assert_eq!(Frame::Ack.emit(&mut []), Err(FrameFault::Buffer { needed: 1 }));
}

#[test]
fn control_bits() {
    assert_eq!(Control(0x7B).fcb(), Some(true));
    assert_eq!(Control(0x5B).fcb(), Some(false));
    assert_eq!(Control::SND_NKE.fcb(), None);
    assert!(Control(0x7B).is(Control::REQ_UD2) && !Control(0x7A).is(Control::REQ_UD2));
    assert!(Control(0x28).is_rsp_ud() && !Control(0x28).is_request() && Control(0x73).is_request());
}

proptest! {
    #[test]
    fn there_and_back(control: u8, address: u8, ci: u8, data in prop::collection::vec(any::<u8>(), 0..=MAX_DATA)) {
        let mut buffer = [0; MAX_FRAME];
        for frame in [
            Frame::Short { control: Control(control), address },
            Frame::Long { control: Control(control), address, ci, data: &data },
        ] {
            let n = frame.emit(&mut buffer).unwrap();
            prop_assert_eq!(Frame::parse(&buffer[..n]), Ok(frame));
            prop_assert_eq!(frame_len(&buffer[..n]), FrameLen::Exactly(n));
        }
    }

    #[test]
    fn any_bytes_are_a_frame_of_the_length_told_or_none(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if Frame::parse(&bytes).is_ok() {
            prop_assert_eq!(frame_len(&bytes), FrameLen::Exactly(bytes.len()));
        }
    }
}
