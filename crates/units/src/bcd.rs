//! Binary coded decimal: numbers whose hexadecimal digits are read as decimal ones (`0025h` is 25).

/// Reads the low `digits` hexadecimal digits of `raw` as decimal digits.
///
/// Returns `None` where one of them is above 9, or where `raw` has more digits than `digits`.
#[must_use]
pub const fn decode(raw: u32, digits: u32) -> Option<u32> {
    let mut value = 0;
    let mut place = 1;
    let mut rest = raw;
    let mut n = 0;
    while n < digits {
        let digit = rest & 0xF;
        if digit > 9 {
            return None;
        }
        value += digit * place;
        place = place.wrapping_mul(10);
        rest >>= 4;
        n += 1;
    }
    if rest == 0 { Some(value) } else { None }
}

/// Writes `value` as `digits` decimal digits, one a nibble. Range: 1 to 8 digits.
///
/// Returns `None` where `value` needs more digits.
#[must_use]
pub const fn encode(value: u32, digits: u32) -> Option<u32> {
    let mut raw = 0;
    let mut rest = value;
    let mut n = 0;
    while n < digits {
        raw |= (rest % 10) << (4 * n);
        rest /= 10;
        n += 1;
    }
    if rest == 0 { Some(raw) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_manuals_examples() {
        assert_eq!(decode(0x0025, 4), Some(25));
        assert_eq!(decode(0x2209_1039, 8), Some(22_091_039));
        assert_eq!(encode(25, 4), Some(0x25));
        assert_eq!(encode(13_070_001, 8), Some(0x1307_0001));
    }

    #[test]
    fn what_is_no_decimal_digit_is_refused() {
        assert_eq!(decode(0x001A, 4), None);
        assert_eq!(decode(0x1_0000, 4), None);
        assert_eq!(encode(10_000, 4), None);
    }

    proptest! {
        #[test]
        fn there_and_back(value in 0u32..=99_999_999) {
            prop_assert_eq!(encode(value, 8).and_then(|raw| decode(raw, 8)), Some(value));
        }
    }
}
