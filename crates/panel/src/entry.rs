//! A value in the hand of somebody who sets it, in whole steps or digit by digit.

use schema::{Kind, SettingDef};
use units::decimal::power_of_ten;

/// Digits being entered, one of them in hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// The number as it stands.
    pub value: i32,
    /// The digit in hand, counted from 0 at the left.
    pub at: u8,
    /// How many digits there are. Range: 1 to 9.
    pub count: u8,
}

/// How many digits the largest value of a setting has.
pub(crate) fn digits_of(setting: &SettingDef) -> u8 {
    let largest = match setting.kind {
        Kind::Digits(count) => return count.clamp(1, 9),
        Kind::Int { max, .. } => max,
        Kind::Ratio => 99_995,
        Kind::OneOf(choices) => choices.iter().map(|choice| choice.value).max().unwrap_or(0),
    };
    (1..9).find(|count| i64::from(largest) < power_of_ten(*count)).unwrap_or(9)
}

/// Whether digits that begin with `head` and are followed by `behind` more can still become a value.
///
/// Of a range only the upper end counts: zeros have to be passed on the way to 001, so 000 can be reached and is
/// refused at the end.
fn possible(setting: &SettingDef, head: i64, behind: u8) -> bool {
    match setting.kind {
        Kind::Int { max, .. } => head.saturating_mul(power_of_ten(behind)) <= i64::from(max),
        Kind::Digits(_) | Kind::Ratio => true,
        Kind::OneOf(choices) => {
            choices.iter().any(|choice| i64::from(choice.value) / power_of_ten(behind) == head)
        }
    }
}

impl Entry {
    /// `count` digits that show `value`, the first one in hand.
    pub fn new(value: i32, count: u8) -> Self {
        let count = count.clamp(1, 9);
        let shown = i64::from(value.max(0)) % power_of_ten(count);
        Self { value: i32::try_from(shown).unwrap_or(0), at: 0, count }
    }

    pub const fn is_last(self) -> bool {
        self.at + 1 >= self.count
    }

    /// The same digits with the next one in hand.
    pub const fn next_place(self) -> Self {
        Self { at: self.at + 1, ..self }
    }

    /// The same digits with the first one in hand.
    pub const fn first_place(self) -> Self {
        Self { at: 0, ..self }
    }

    fn behind(self, at: u8) -> u8 {
        self.count.saturating_sub(1).saturating_sub(at)
    }

    /// The number made of the digits up to and including place `at`.
    fn head(self, at: u8) -> i64 {
        i64::from(self.value) / power_of_ten(self.behind(at))
    }

    /// The same digits with another one at a place.
    pub fn with_digit(self, at: u8, digit: i64) -> Self {
        let weight = power_of_ten(self.behind(at));
        let old = self.head(at) % 10;
        let value = i64::from(self.value) + (digit - old) * weight;
        Self { value: i32::try_from(value).unwrap_or(self.value), ..self }
    }

    /// The digit at a place, counted from 0 at the left.
    pub fn digit(self, at: u8) -> u8 {
        u8::try_from(self.head(at) % 10).unwrap_or(0)
    }

    /// The digit in hand becomes the next one, 0 after 9, for which some value remains; digits behind it that are
    /// no longer possible become the lowest that are.
    pub fn step(self, setting: &SettingDef) -> Self {
        self.turn(setting, 1)
    }

    /// The same the other way: the digit before, 9 after 0.
    pub fn step_back(self, setting: &SettingDef) -> Self {
        self.turn(setting, 9)
    }

    fn turn(self, setting: &SettingDef, by: i64) -> Self {
        let digit = self.head(self.at) % 10;
        let stepped = (1..10)
            .map(|n| self.with_digit(self.at, (digit + n * by) % 10))
            .find(|next| possible(setting, next.head(self.at), self.behind(self.at)));
        let mut next = stepped.unwrap_or(self);
        for at in self.at + 1..self.count {
            if !possible(setting, next.head(at), next.behind(at)) {
                let lowest = (0..10)
                    .map(|digit| next.with_digit(at, digit))
                    .find(|other| possible(setting, other.head(at), other.behind(at)));
                next = lowest.unwrap_or(next);
            }
        }
        next
    }
}

/// The value to begin with: the present one, or the first that the panel offers.
pub(crate) fn offered(setting: &SettingDef, present: i32) -> i32 {
    match setting.kind {
        Kind::OneOf(choices) => {
            let mut offers =
                choices.iter().filter(|choice| !choice.glyphs.is_empty()).map(|choice| choice.value);
            let first = offers.clone().next().unwrap_or(present);
            [present, setting.acts_as(present)]
                .into_iter()
                .find(|value| offers.clone().any(|offer| offer == *value))
                .or_else(|| offers.next())
                .unwrap_or(first)
        }
        Kind::Int { min, max } => present.clamp(min, max.max(min)),
        Kind::Digits(_) | Kind::Ratio => present,
    }
}

/// The value after `value` in the order of the table, the first after the last.
pub(crate) fn next_value(setting: &SettingDef, value: i32) -> i32 {
    match setting.kind {
        Kind::OneOf(choices) => {
            let mut offers =
                choices.iter().filter(|choice| !choice.glyphs.is_empty()).map(|choice| choice.value);
            let first = offers.clone().next().unwrap_or(value);
            offers.by_ref().find(|offer| *offer == value);
            offers.next().unwrap_or(first)
        }
        Kind::Int { min, max } => {
            if value >= max {
                min
            } else {
                value + 1
            }
        }
        Kind::Digits(_) | Kind::Ratio => {
            let next = value.saturating_add(1);
            if setting.accepts(next) { next } else { 0 }
        }
    }
}

/// The value before `value` in the order of the table, the last before the first.
pub(crate) fn value_before(setting: &SettingDef, value: i32) -> i32 {
    match setting.kind {
        Kind::OneOf(choices) => {
            let offers =
                || choices.iter().filter(|choice| !choice.glyphs.is_empty()).map(|choice| choice.value);
            let before = offers().take_while(|offer| *offer != value).last();
            before.or_else(|| offers().next_back()).unwrap_or(value)
        }
        Kind::Int { min, max } => {
            if value <= min {
                max
            } else {
                value - 1
            }
        }
        Kind::Digits(_) | Kind::Ratio => value.saturating_sub(1).max(0),
    }
}
