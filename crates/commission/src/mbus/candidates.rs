//! Which models a meter can be: some say the same in their header, and not all of those differ in their records.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use ::mbus::Identity;
use ::mbus::header::Manufacturer;
use models::Entry;
use schema::{RecordDef, TelegramDef};

use crate::names;

/// The models that what was heard of a meter fits: none, one, or several that its words do not tell apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Candidates(u64);

const _: () = assert!(models::ALL.len() <= 64);

/// True where the header is one of the model's.
pub(super) fn fits(entry: &Entry, identity: Identity) -> bool {
    entry.def.mbus.as_ref().is_some_and(|def| {
        Manufacturer(def.manufacturer) == identity.manufacturer
            && def.version == identity.version
            && def.medium == identity.medium
    })
}

fn is(record: &RecordDef, bytes: &[u8]) -> bool {
    bytes.strip_prefix(record.dib).is_some_and(|rest| rest.starts_with(record.vib))
}

/// The telegrams that a model tells: the first one, and the others where a master can choose.
fn telegrams(entry: &Entry) -> &'static [TelegramDef] {
    let all = entry.def.mbus.as_ref().map(|def| (def.telegrams, def.selection));
    all.map_or(&[], |(all, chosen)| if chosen { all } else { all.get(..1).unwrap_or_default() })
}

/// True where the model has a record with this head.
fn has(entry: &Entry, bytes: &[u8]) -> bool {
    telegrams(entry).iter().any(|telegram| telegram.records.iter().any(|record| is(record, bytes)))
}

/// True where the records are those of one telegram of the model, no more and no less.
fn tells(entry: &Entry, records: &[&[u8]]) -> bool {
    telegrams(entry).iter().any(|telegram| {
        telegram.records.len() == records.len()
            && telegram.records.iter().all(|record| records.iter().any(|bytes| is(record, bytes)))
    })
}

impl Candidates {
    /// No model that this program knows.
    pub const NONE: Self = Self(0);

    /// The models with such a header.
    #[must_use]
    pub fn of(identity: Identity) -> Self {
        Self::all_that(|entry| fits(entry, identity))
    }

    fn all_that(fits: impl Fn(&'static Entry) -> bool) -> Self {
        let bits = models::ALL.iter().enumerate().filter(|(_, entry)| fits(entry));
        Self(bits.fold(0, |all, (number, _)| all | 1 << number))
    }

    /// Those of the models that are left by the records of a telegram: what has a record that only others have is another
    /// one, and where all records of the meter were read (`whole`), so is what would have told more of them.
    ///
    /// A meter that tells what no model tells, or less than each of them, is not judged by what it does not tell.
    #[must_use]
    pub fn telling(self, records: &[&[u8]], whole: bool) -> Self {
        let known = |record: &&&[u8]| self.iter().any(|entry| has(entry, record));
        let known: Vec<&[u8]> = records.iter().filter(known).copied().collect();
        let left = self.only(|entry| known.iter().all(|record| has(entry, record)));
        let left = if left.is_none() { self } else { left };
        let exactly = left.only(|entry| whole && tells(entry, records));
        if exactly.is_none() { left } else { exactly }
    }

    fn only(self, fits: impl Fn(&'static Entry) -> bool) -> Self {
        Self(self.0 & Self::all_that(fits).0)
    }

    /// This model alone, where it is one of them.
    #[must_use]
    pub fn choose(self, entry: &Entry) -> Option<Self> {
        let one = self.only(|own| own.def.slug == entry.def.slug);
        (!one.is_none()).then_some(one)
    }

    /// The models, in the order of all.
    pub fn iter(self) -> impl Iterator<Item = &'static Entry> {
        models::ALL
            .iter()
            .enumerate()
            .filter(move |(number, _)| self.0 >> number & 1 == 1)
            .map(|(_, entry)| entry)
    }

    /// The model, where there is but one.
    #[must_use]
    pub fn one(self) -> Option<&'static Entry> {
        let mut all = self.iter();
        all.next().filter(|_| all.next().is_none())
    }

    /// True for a meter that this program does not know.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// True where nothing that was heard tells the models apart.
    #[must_use]
    pub const fn are_several(self) -> bool {
        self.0.count_ones() > 1
    }

    /// The names of the models: "A", "one of A, B, C"; empty for none.
    #[must_use]
    pub fn text(self) -> String {
        let names: Vec<&str> = self.iter().map(|entry| entry.notes.name).collect();
        let of = if names.len() > 1 { "one of " } else { "" };
        format!("{of}{}", names.join(", "))
    }

    /// The same with the maker in front: "M A", "one of M A, M B".
    #[must_use]
    pub fn text_with_maker(self) -> String {
        let name = |entry: &'static Entry| format!("{} {}", entry.notes.maker, entry.notes.name);
        let names: Vec<String> = self.iter().map(name).collect();
        let of = if names.len() > 1 { "one of " } else { "" };
        format!("{of}{}", names.join(", "))
    }

    /// The names by which a model is chosen: "a, b".
    #[must_use]
    pub fn slugs(self) -> String {
        let all: Vec<&str> = self.iter().map(|entry| entry.def.slug).collect();
        all.join(", ")
    }

    /// Why nothing is written to such a meter, and what to do; `None` where its model is known.
    #[must_use]
    pub fn refusal(self) -> Option<String> {
        match self.0.count_ones() {
            0 => Some("Nothing was sent to a meter that this program does not know.".to_string()),
            1 => None,
            _ => Some(format!(
                "Nothing was sent: the meter is {}, which say the same on an M-Bus. Look at its nameplate and choose one.",
                self.text()
            )),
        }
    }

    /// What the models say of a record with this head; nothing where they say different things.
    pub(super) fn record(self, bytes: &[u8]) -> Option<(&'static RecordDef, &'static str)> {
        let mut all = self.iter().filter_map(|entry| known(entry, bytes));
        let first = all.next()?;
        all.all(|other| other.0.source == first.0.source).then_some(first)
    }
}

/// The row of a model's tables that a record is, and its label.
fn known(entry: &'static Entry, bytes: &[u8]) -> Option<(&'static RecordDef, &'static str)> {
    let def = entry.def.mbus.as_ref()?;
    def.telegrams.iter().enumerate().find_map(|(number, telegram)| {
        let at = telegram.records.iter().position(|row| is(row, bytes))?;
        let notes = names::words(entry).telegrams.get(number).copied().unwrap_or_default();
        Some((telegram.records.get(at)?, notes.get(at).map_or("", |note| note.label)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(telegram: &TelegramDef) -> Vec<Vec<u8>> {
        telegram.records.iter().map(|record| [record.dib, record.vib, &[0; 6]].concat()).collect()
    }

    fn header(entry: &Entry) -> Option<Identity> {
        let def = entry.def.mbus.as_ref()?;
        let manufacturer = Manufacturer(def.manufacturer);
        Some(Identity { id: 0x1307_0001, manufacturer, version: def.version, medium: def.medium })
    }

    /// Every model with each of its telegrams, and what is taken for it.
    fn told() -> impl Iterator<Item = (&'static Entry, Vec<Vec<u8>>, Candidates)> {
        models::ALL.iter().filter_map(|entry| Some((entry, header(entry)?))).flat_map(|(entry, identity)| {
            telegrams(entry).iter().map(move |telegram| (entry, records(telegram), Candidates::of(identity)))
        })
    }

    fn narrowed(among: Candidates, records: &[Vec<u8>], whole: bool) -> Candidates {
        let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        among.telling(&records, whole)
    }

    #[test]
    fn no_telegram_rules_out_the_model_that_tells_it() {
        for (entry, records, among) in told() {
            for whole in [false, true] {
                for count in 0..=records.len() {
                    let whole = whole && count == records.len();
                    let left = narrowed(among, &records[..count], whole);
                    assert!(left.choose(entry).is_some(), "{} after {count}", entry.def.slug);
                }
            }
        }
    }

    #[test]
    fn who_is_left_tells_the_same_and_who_is_not_tells_something_else() {
        for (entry, records, among) in told() {
            let left = narrowed(among, &records, true);
            for other in among.iter() {
                let same = telegrams(other).iter().any(|telegram| {
                    let mut theirs = self::records(telegram);
                    let mut own = records.clone();
                    theirs.sort();
                    own.sort();
                    theirs == own
                });
                assert_eq!(left.choose(other).is_some(), same, "{} or {}", entry.def.slug, other.def.slug);
            }
        }
    }

    #[test]
    fn records_that_nobody_knows_tell_nothing_apart() {
        for (entry, mut records, among) in told() {
            records.push(vec![0x01, 0x6F, 0x00]);
            let left = narrowed(among, &records, true);
            let without = narrowed(among, &records[..records.len() - 1], false);
            assert_eq!(left, without, "{}", entry.def.slug);
        }
    }

    #[test]
    fn a_stranger_is_none_of_them() {
        let identity = header(models::ALL.iter().find(|entry| entry.def.mbus.is_some()).unwrap()).unwrap();
        let stranger = Candidates::of(Identity { version: 99, ..identity });
        assert!(stranger.is_none() && stranger.one().is_none() && stranger.text().is_empty());
        assert!(narrowed(stranger, &[vec![0x04, 0x03]], true).is_none());
        assert!(stranger.refusal().is_some());
    }

    #[test]
    fn several_are_named_and_nothing_is_written_to_them() {
        let several =
            told().map(|(_, records, among)| narrowed(among, &records, true)).find(|it| it.are_several());
        let several = several.unwrap();
        expect_test::expect![[r#"
            one of Ambition 4PU, Ambition 4PS
            one of inepro Metering Ambition 4PU, inepro Metering Ambition 4PS
            ambition-4pu, ambition-4ps
            Nothing was sent: the meter is one of Ambition 4PU, Ambition 4PS, which say the same on an M-Bus. Look at its nameplate and choose one."#]]
        .assert_eq(&[several.text(), several.text_with_maker(), several.slugs(), several.refusal().unwrap()].join("\n"));
        let first = several.iter().next().unwrap();
        assert_eq!(several.choose(first).unwrap().one().map(|entry| entry.def.slug), Some(first.def.slug));
        assert!(several.choose(first).unwrap().refusal().is_none());
    }
}
