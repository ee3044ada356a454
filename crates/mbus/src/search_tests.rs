//! The search against lines of simulated meters.

use super::*;
use crate::Manufacturer;
use proptest::prelude::*;

/// Eight decimal digits as they stand in an identification number.
fn number(n: u32) -> u32 {
    units::bcd::encode(n, 8).unwrap()
}

fn meter(n: u32) -> Identity {
    Identity { id: number(n), manufacturer: Manufacturer::INM, version: 1, medium: 2 }
}

/// Runs a search. `blurred`: equal acknowledges collide visibly, else they read as a clean one.
fn run(mut search: Search, line: &[Identity], blurred: bool) -> (Vec<Finding>, Cost) {
    let mut findings = Vec::new();
    loop {
        let among = |mask: Mask| line.iter().filter(move |meter| mask.matches(**meter)).copied();
        let heard = match search.step() {
            Step::Done => break,
            Step::Select(mask) => match among(mask).count() {
                0 => Heard::Silence,
                1 => Heard::Ack,
                _ if blurred => Heard::Collision,
                _ => Heard::Ack,
            },
            Step::Read(mask) => match among(mask).collect::<Vec<_>>()[..] {
                [] => panic!("read of nobody"),
                [one] => Heard::Identity(one),
                _ => Heard::Collision,
            },
        };
        findings.extend(search.handle(heard));
    }
    (findings, search.cost())
}

fn found(findings: &[Finding]) -> Vec<Identity> {
    let mut all: Vec<_> = findings
        .iter()
        .map(|finding| match finding {
            Finding::Meter(meter) => *meter,
            other => panic!("{other:?}"),
        })
        .collect();
    all.sort_by_key(|meter| (meter.id, meter.medium, meter.version, meter.manufacturer.0));
    all
}

#[test]
fn sixty_four_meters_thirty_seven_apart_are_all_found() {
    let line: Vec<_> = (0..64).map(|i| meter(19_020_246 + 37 * i)).collect();
    for blurred in [false, true] {
        for (order, selects) in [(Order::LastFirst, 111), (Order::FirstFirst, 321)] {
            let (findings, cost) = run(Search::new(order), &line, blurred);
            assert_eq!(found(&findings), line);
            assert_eq!((cost.found, cost.selects), (64, selects));
            assert!(cost.selects <= 545);
        }
    }
}

#[test]
fn one_meter_costs_one_selection_and_none_costs_one_silence() {
    let (findings, cost) = run(Search::default(), &[meter(7)], true);
    assert_eq!(found(&findings), [meter(7)]);
    assert_eq!(cost, Cost { selects: 1, reads: 1, found: 1, ..Cost::default() });
    let (findings, cost) = run(Search::default(), &[], true);
    assert_eq!((findings.len(), cost), (0, Cost { selects: 1, silent: 1, ..Cost::default() }));
}

#[test]
fn same_number_but_another_medium_version_or_maker() {
    let one = meter(12_345_678);
    let others = [
        Identity { medium: 7, ..one },
        Identity { version: 0x3C, ..one },
        Identity { manufacturer: Manufacturer::of(*b"ABB").unwrap(), ..one },
    ];
    for other in others {
        let (findings, _) = run(Search::default(), &[one, other], true);
        let mut both = vec![one, other];
        both.sort_by_key(|meter| (meter.id, meter.medium, meter.version, meter.manufacturer.0));
        assert_eq!(found(&findings), both);
    }
}

#[test]
fn digits_that_are_no_decimal_ones_are_found_too() {
    let odd = |id| Identity { id, ..meter(0) };
    for (line, letters) in [
        (vec![odd(0x1234_567A), odd(0x1234_567E)], false),
        (vec![odd(0x1234_5677), odd(0x1234_567C)], false),
        (vec![odd(0xEEEE_EEEE), odd(0xEEEE_EEED), odd(0xDEEE_EEEE)], false),
        // The decimal digits explain the collision, so that nobody looks for D unless asked to.
        (vec![odd(0xA000_0001), odd(0xB000_0001), odd(0x1234_567D), meter(77)], true),
    ] {
        for order in [Order::LastFirst, Order::FirstFirst] {
            let search = Search::new(order);
            let (findings, _) = run(if letters { search.with_letters() } else { search }, &line, true);
            let mut all = line.clone();
            all.sort_by_key(|meter| meter.id);
            assert_eq!(found(&findings), all);
        }
    }
}

#[test]
fn a_search_within_a_mask_tries_nothing_else() {
    let line: Vec<_> = (0..64).map(|i| meter(19_020_246 + 37 * i)).collect();
    let within = Mask([0xF6, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02]);
    for order in [Order::LastFirst, Order::FirstFirst] {
        let mut search = Search::within(order, within);
        assert_eq!((search.mask(), search.depth(), search.permille()), (within, 0, 0));
        let mut last = 0;
        let mut findings = Vec::new();
        loop {
            let mask = search.mask();
            let among: Vec<_> = line.iter().filter(|meter| mask.matches(**meter)).copied().collect();
            let heard = match (search.step(), &among[..]) {
                (Step::Done, _) => break,
                (_, []) => Heard::Silence,
                (Step::Select(_), [_]) => Heard::Ack,
                (Step::Read(_), [one]) => Heard::Identity(*one),
                _ => Heard::Collision,
            };
            assert!(mask.0[0] & 0x0F == 6 && mask.0[7] == 2, "{mask}");
            assert!(last <= search.permille(), "{} behind {last}", search.permille());
            last = search.permille();
            findings.extend(search.handle(heard));
        }
        assert_eq!(search.permille(), 1_000);
        let wanted: Vec<_> = line.iter().filter(|meter| meter.id & 0xF == 6).copied().collect();
        assert_eq!(found(&findings), wanted);
    }
}

#[test]
fn what_no_mask_tells_apart_is_said() {
    let (findings, _) = run(Search::default(), &[meter(5), meter(5)], true);
    assert_eq!(findings, [Finding::Twins(Mask::exactly(meter(5)))]);
}

#[test]
fn noise_is_asked_again_and_then_descended_into() {
    let mut search = Search::default();
    for _ in 0..NOISE_RETRIES {
        assert_eq!(search.handle(Heard::Noise), None);
        assert_eq!(search.step(), Step::Select(Mask::ANY));
    }
    assert_eq!(search.handle(Heard::Noise), None);
    assert_eq!(search.depth(), 1);
    assert_eq!((search.cost().noise, search.cost().collisions), (3, 0));
}

#[test]
fn a_meter_that_acknowledges_and_does_not_answer_is_named() {
    let mut search = Search::default();
    let heard = [Heard::Ack, Heard::Silence, Heard::Ack, Heard::Silence];
    let findings: Vec<_> = heard.into_iter().filter_map(|heard| search.handle(heard)).collect();
    assert_eq!((findings, search.step()), (vec![Finding::Mute(Mask::ANY)], Step::Done));
    assert_eq!(search.handle(Heard::Ack), None, "a search that is done stays done");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn all_are_found_whatever_their_numbers(numbers in prop::collection::btree_set(0u32..100_000_000, 0..40), blurred: bool, last: bool) {
        let line: Vec<_> = numbers.into_iter().map(meter).collect();
        let order = if last { Order::LastFirst } else { Order::FirstFirst };
        let (findings, _) = run(Search::new(order), &line, blurred);
        prop_assert_eq!(found(&findings), line);
    }

    #[test]
    fn any_answers_end_or_go_on_within_the_tree(answers in prop::collection::vec(0u8..5, 0..400)) {
        let mut search = Search::default();
        for answer in answers {
            search.handle([Heard::Silence, Heard::Ack, Heard::Collision, Heard::Noise, Heard::Identity(meter(1))][usize::from(answer)]);
            prop_assert!(search.depth() <= LEVELS);
        }
    }
}
