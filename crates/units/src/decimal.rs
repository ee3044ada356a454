//! Fixed-point numbers as text: an integer and the number of its digits that stand behind the point.

use core::fmt;

/// Powers of ten that fit an `i64`.
const POWERS: [i64; 19] = {
    let mut table = [1i64; 19];
    let mut rest: &mut [i64] = &mut table;
    let mut power = 1i64;
    while let [first, tail @ ..] = rest {
        *first = power;
        power = power.saturating_mul(10);
        rest = tail;
    }
    table
};

/// Ten to the power of `exponent`. Range: 0 to 18; above that, 10^18.
#[must_use]
pub const fn power_of_ten(exponent: u8) -> i64 {
    let mut rest: &[i64] = &POWERS;
    let mut n = 0;
    while let [first, tail @ ..] = rest {
        if n == exponent || tail.is_empty() {
            return *first;
        }
        rest = tail;
        n += 1;
    }
    1
}

/// Changes the number of decimals of `value`, rounding half away from zero.
#[must_use]
pub const fn rescale(value: i64, from: u8, to: u8) -> i64 {
    if to >= from {
        value.saturating_mul(power_of_ten(to - from))
    } else {
        let divisor = power_of_ten(from - to);
        let half = divisor / 2;
        if value >= 0 { value.saturating_add(half) / divisor } else { value.saturating_sub(half) / divisor }
    }
}

/// Changes the number of decimals of `value`, dropping what does not fit: a counter never shows more than it counted.
#[must_use]
pub const fn truncate(value: i64, from: u8, to: u8) -> i64 {
    if to >= from { value.saturating_mul(power_of_ten(to - from)) } else { value / power_of_ten(from - to) }
}

/// `value` with `decimals` digits behind the point, to be written with [`fmt::Display`].
///
/// A width pads with spaces on the left, a precision rounds to that many decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// The number without its point.
    pub value: i64,
    /// How many of its digits stand behind the point. Range: 0 to 18.
    pub decimals: u8,
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = match f.precision() {
            Some(p) => u8::try_from(p).unwrap_or(18).min(18),
            None => self.decimals,
        };
        let value = rescale(self.value, self.decimals, decimals);
        let power = power_of_ten(decimals).unsigned_abs();
        let magnitude = value.unsigned_abs();
        let (whole, fraction) = (magnitude / power, magnitude % power);
        let sign = if value < 0 { "-" } else { "" };
        let mut digits = 1usize;
        let mut rest = whole / 10;
        while rest > 0 {
            digits += 1;
            rest /= 10;
        }
        let point = if decimals > 0 { 1 + usize::from(decimals) } else { 0 };
        let length = sign.len() + digits + point;
        for _ in length..f.width().unwrap_or(0) {
            f.write_str(" ")?;
        }
        write!(f, "{sign}{whole}")?;
        if decimals > 0 {
            write!(f, ".{fraction:0width$}", width = usize::from(decimals))?;
        }
        Ok(())
    }
}

/// Why a text is not a decimal number of the wanted resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecimalError {
    /// There is no digit.
    Empty,
    /// The character is neither a digit, a leading sign nor the one point.
    Character(char),
    /// A digit other than 0 stands behind the last decimal that counts.
    TooFine {
        /// How many decimals there may be.
        decimals: u8,
    },
    /// The number does not fit.
    TooLarge,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a number was expected"),
            Self::Character(c) => write!(f, "'{c}' is no digit"),
            Self::TooFine { decimals: 0 } => f.write_str("only whole numbers are possible here"),
            Self::TooFine { decimals } => write!(f, "at most {decimals} decimals are possible here"),
            Self::TooLarge => f.write_str("the number is too large"),
        }
    }
}

impl core::error::Error for DecimalError {}

/// Reads `text` as a number with `decimals` digits behind the point.
///
/// # Errors
/// [`DecimalError`] says what is wrong with the text.
pub fn parse(text: &str, decimals: u8) -> Result<i64, DecimalError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut value: i64 = 0;
    let mut seen = false;
    let mut behind: Option<u8> = None;
    for c in digits.chars() {
        if c == '.' && behind.is_none() {
            behind = Some(0);
            continue;
        }
        let digit = i64::from(c.to_digit(10).ok_or(DecimalError::Character(c))?);
        seen = true;
        match behind {
            Some(n) if n >= decimals => {
                if digit != 0 {
                    return Err(DecimalError::TooFine { decimals });
                }
                continue;
            }
            Some(n) => behind = Some(n + 1),
            None => {}
        }
        value = value.checked_mul(10).and_then(|v| v.checked_add(digit)).ok_or(DecimalError::TooLarge)?;
    }
    if !seen {
        return Err(DecimalError::Empty);
    }
    let missing = decimals - behind.unwrap_or(0);
    let value = value.checked_mul(power_of_ten(missing)).ok_or(DecimalError::TooLarge)?;
    Ok(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: i64, decimals: u8) -> String {
        Decimal { value, decimals }.to_string()
    }

    #[test]
    fn numbers_are_written_with_their_point() {
        assert_eq!(text(691_346, 2), "6913.46");
        assert_eq!(text(-5, 2), "-0.05");
        assert_eq!(text(0, 0), "0");
        assert_eq!(format!("{:8.1}", Decimal { value: 230_149, decimals: 3 }), "   230.1");
        assert_eq!(format!("{:.2}", Decimal { value: -1_995, decimals: 3 }), "-2.00");
    }

    #[test]
    fn rounding_is_half_away_from_zero() {
        assert_eq!(rescale(15, 1, 0), 2);
        assert_eq!(rescale(-15, 1, 0), -2);
        assert_eq!(rescale(14, 1, 0), 1);
        assert_eq!(truncate(19, 1, 0), 1);
        assert_eq!(truncate(-19, 1, 0), -1);
        assert_eq!(rescale(7, 0, 3), 7_000);
    }

    #[test]
    fn bad_numbers_are_named() {
        assert_eq!(parse("", 2), Err(DecimalError::Empty));
        assert_eq!(parse("-", 2), Err(DecimalError::Empty));
        assert_eq!(parse("1.2.3", 2), Err(DecimalError::Character('.')));
        assert_eq!(parse("1,5", 2), Err(DecimalError::Character(',')));
        assert_eq!(parse("0.125", 2), Err(DecimalError::TooFine { decimals: 2 }));
        assert_eq!(parse("99999999999999999999", 0), Err(DecimalError::TooLarge));
        assert_eq!(parse("0.50", 1), Ok(5));
        assert_eq!(parse("+7", 3), Ok(7_000));
    }

    proptest! {
        #[test]
        fn there_and_back(value in -1_000_000_000_000i64..1_000_000_000_000, decimals in 0u8..7) {
            prop_assert_eq!(parse(&text(value, decimals), decimals), Ok(value));
        }
    }
}
