use alloc::string::ToString;
use alloc::vec;

use super::*;
use crate::bus::Answer;
use modbus::{Evidence, LineError, LineParams, Parity};
use units::Duration;

fn place(baud: u32, parity: Parity, unit: u8) -> Place {
    Place { line: LineParams::new(baud, parity), unit }
}

fn silent(evidence: Evidence) -> Result<Answer, Fault> {
    Err(Fault::Silent { fault: evidence.fault(), evidence, tries: 1, waited: Duration::from_millis(600) })
}

fn tally(outcomes: &[Result<Answer, Fault>]) -> Tally {
    let mut tally = Tally::default();
    for outcome in outcomes {
        tally.note(outcome);
    }
    tally
}

#[test]
fn each_kind_of_evidence_has_its_own_cause() {
    let home = place(9_600, Parity::Even, 1);
    let none = Evidence::default();
    let line = |error| Evidence { line: Some(error), bytes: 4, ..none };
    let damaged = Evidence { bytes: 7, ..none };
    let head = Evidence { head: true, ..damaged };
    let good = Ok(Answer::default());
    type Case<'a> = (&'a [Result<Answer, Fault>], Cause, bool, &'a str);
    let cases: &[Case<'_>] = &[
        (
            &[silent(none)],
            Cause::NoAnswer,
            true,
            "No answer from id 1 at 9600 8E1. A silent line does not tell why.",
        ),
        (&[silent(Evidence { echo: true, ..none })], Cause::OnlyEcho, true, "only our own words came back"),
        (
            &[good.clone(), good.clone(), silent(damaged)],
            Cause::Disturbed,
            true,
            "1 of 3 questions had a damaged answer. Noise, a missing 120 ohm",
        ),
        (&[silent(damaged), silent(damaged)], Cause::Disturbed, false, "2 of 2 questions"),
        (&[silent(line(LineError::Parity))], Cause::OtherFormat, false, "It probably speaks 8N1 or 8O1."),
        (&[silent(line(LineError::Framing))], Cause::OtherSpeed, false, "The speed is wrong, or it speaks"),
        (&[silent(line(LineError::Break))], Cause::LineHeld, true, "A and B are swapped at the adapter"),
        (&[silent(line(LineError::Overrun))], Cause::LostCharacters, true, "lost characters"),
        (&[silent(head), silent(head)], Cause::SeveralOnOneId, false, "Two meters probably have the same id"),
        (
            &[silent(Evidence { wrong_unit: Some(3), ..none })],
            Cause::SecondMaster,
            false,
            "An answer came from another id than 1",
        ),
        (&[silent(Evidence { misfit: true, ..none })], Cause::LateAnswers, false, "not what was asked last"),
        (&[Err(Fault::NeverQuiet)], Cause::ForeignTraffic, true, "Others keep talking: another master"),
        (
            &[Err(Fault::Refused(Exception::IllegalDataAddress))],
            Cause::Refused(Exception::IllegalDataAddress),
            true,
            "(exception 02)",
        ),
        (&[Err(Fault::Port(PortFault::Lost))], Cause::Port(PortFault::Lost), true, "unplugged"),
        (&[Err(Fault::Unconfirmed)], Cause::NoProof, true, "proves nothing. Read the value back."),
        (&[good], Cause::Nothing, true, "Nothing went wrong"),
    ];
    let mut told: Vec<String> = Vec::new();
    for (outcomes, cause, certain, words) in cases {
        let last = outcomes.last().and_then(|outcome| outcome.as_ref().err());
        let found = diagnose(&Symptoms::of(home, tally(outcomes), last));
        let text = found.to_string();
        assert_eq!((&found.cause, found.certain), (cause, *certain), "{text}");
        assert!(text.contains(words), "{text}");
        assert!(!told.contains(&text), "said twice: {text}");
        told.push(text);
    }
}

#[test]
fn what_a_search_has_met_makes_it_certain() {
    let home = place(9_600, Parity::Even, 1);
    let nothing = tally(&[silent(Evidence::default())]);
    let at = |wanted: Option<u32>, found: &[(Place, Option<u32>)]| {
        let found = found.iter().map(|(place, serial)| Neighbour { place: *place, serial: *serial });
        let found = found.collect();
        diagnose(&Symptoms { wanted, found, ..Symptoms::of(home, nothing, None) })
    };
    let (own, other) = (Some(13_070_001), Some(13_070_002));
    let (slow, plain, seventh) =
        (place(4_800, Parity::Even, 1), place(9_600, Parity::None, 1), place(9_600, Parity::Even, 7));
    let far = place(4_800, Parity::None, 7);
    for (wanted, found, cause, certain, words) in [
        (
            None,
            &[(slow, None)][..],
            Cause::OtherSpeed,
            true,
            "The speed is another one. Connect as id 1 at 4800",
        ),
        (None, &[(plain, None)], Cause::OtherFormat, true, "The format is another one."),
        // Whoever has another id may be anybody.
        (
            None,
            &[(seventh, None)],
            Cause::OtherId,
            false,
            "Probably the id is another one. It may also be another",
        ),
        (None, &[(seventh, other)], Cause::OtherId, false, "Compare serial 13070002 with the nameplate"),
        (None, &[(seventh, own), (slow, own)], Cause::OtherSpeed, true, "The speed is another one."),
        (
            None,
            &[(seventh, other), (far, own)],
            Cause::NoAnswer,
            true,
            "but others answer: serial 13070002 as id 7",
        ),
        // The very meter, and one that is another for certain.
        (
            own,
            &[(seventh, own)],
            Cause::OtherId,
            true,
            "the meter with serial 13070001 answers as id 7 at 9600 8E1. The id",
        ),
        (
            own,
            &[(seventh, other), (far, own)],
            Cause::OtherId,
            true,
            "The id and the speed and the format are other ones.",
        ),
        (
            own,
            &[(seventh, other)],
            Cause::NoAnswer,
            true,
            "The meter has no power, its own A and B are swapped or off",
        ),
        (own, &[(slow, other)], Cause::NoAnswer, true, "but others answer"),
        (own, &[(slow, None)], Cause::OtherSpeed, false, "Probably the speed is another one."),
        (own, &[(seventh, None)], Cause::NoAnswer, true, "but others answer: id 7 at 9600 8E1."),
        (None, &[(home, own)], Cause::NoAnswer, true, "when it was looked at again a meter answered there"),
    ] {
        let told = at(wanted, found);
        let text = told.to_string();
        assert_eq!((&told.cause, told.certain), (&cause, certain), "{text}");
        assert!(text.contains(words), "{text}");
    }
    let serials = Symptoms { serials: vec![13_070_001, 13_070_002], ..Symptoms::of(home, nothing, None) };
    let told = diagnose(&serials);
    assert_eq!(
        told.to_string(),
        "Meters with serials 13070001 and 13070002 answer at id 1 at 9600 8E1. Two meters have the same id and \
         speak at once. Take one of them off the line and give the other a new id."
    );
    let masters = Symptoms { masters: vec![2, 3], ..Symptoms::of(home, nothing, None) };
    let told = diagnose(&masters);
    assert!(told.certain && told.what == "Somebody else asks ids 2, 3 on this line.", "{told}");
    let head = silent(Evidence { head: true, bytes: 5, ..Evidence::default() });
    let head = tally(&[head.clone(), head]);
    let told = diagnose(&Symptoms { equal_came_whole: true, ..Symptoms::of(home, head, None) });
    assert!(!told.certain && told.cause == Cause::SeveralOnOneId, "{told}");
    assert!(told.what.ends_with("those that all meters give alike come whole."), "{told}");
}

#[test]
fn who_else_asks_is_certain_only_where_it_was_heard_asking() {
    let home = place(9_600, Parity::Even, 1);
    let misfit = tally(&[silent(Evidence { misfit: true, ..Evidence::default() })]);
    let foreign = tally(&[silent(Evidence { wrong_unit: Some(3), ..Evidence::default() })]);
    let cases = [
        (
            Tally { strange: 2, ..misfit },
            &[][..],
            Cause::SecondMaster,
            false,
            "2 whole answers came that no question",
        ),
        (
            Tally { strange: 1, ..foreign },
            &[],
            Cause::SecondMaster,
            false,
            "1 whole answer came that no question",
        ),
        (foreign, &[], Cause::SecondMaster, false, "is probably connected"),
        // An answer to an older question of ours.
        (
            Tally { late: 1, ..foreign },
            &[],
            Cause::LateAnswers,
            false,
            "the answer of one came that was asked before",
        ),
        (
            Tally { questions: 1, ..misfit },
            &[1],
            Cause::SecondMaster,
            false,
            "A question to id 1 was heard that is not ours.",
        ),
        (
            Tally { questions: 2, ..misfit },
            &[1],
            Cause::SecondMaster,
            true,
            "Somebody else asks id 1 on this line.",
        ),
    ];
    for (tally, masters, cause, certain, words) in cases {
        let told = diagnose(&Symptoms { masters: masters.to_vec(), ..Symptoms::of(home, tally, None) });
        let text = told.to_string();
        assert_eq!((&told.cause, told.certain), (&cause, certain), "{text}");
        assert!(text.contains(words), "{text}");
        let probably = text.contains("probably") || cause == Cause::LateAnswers;
        assert_eq!(probably, !certain, "{text}");
        assert_eq!(text.contains("Listen for a while"), cause == Cause::SecondMaster && !certain, "{text}");
    }
}

#[test]
fn a_silent_line_is_told_from_one_that_does_not_rest_and_from_one_without_its_echo() {
    let home = place(9_600, Parity::Even, 1);
    let nothing = tally(&[silent(Evidence::default())]);
    let none = diagnose(&Symptoms::of(home, nothing, None));
    for step in ["Let a search try", "display is on", "Swap A and B", "Measure between A and B"] {
        assert!(none.next.contains(step), "{none}");
    }
    assert!(
        none.why.contains("has another id, speed or format, it has no power, A and B are swapped"),
        "{none}"
    );
    let searched = diagnose(&Symptoms { searched: true, ..Symptoms::of(home, nothing, None) });
    assert!(searched.why.contains("The meter has no power, A and B are swapped"), "{searched}");
    assert!(searched.next.starts_with("Look whether the meter's display is on."), "{searched}");
    let cases = [
        (Tally { idle: 1, ..nothing }, Cause::NoAnswer, "No answer"),
        (Tally { idle: 2, ..nothing }, Cause::Restless, "2 damaged characters came while nobody asked"),
        (Tally { idle: 3, idle_breaks: 2, ..nothing }, Cause::LineHeld, "The line is held low"),
        (
            Tally { idle: 2, busy: 1, ..nothing },
            Cause::ForeignTraffic,
            "A and B are swapped at the adapter, or",
        ),
        // Somebody who answers shows that the line is not swapped.
        (Tally { idle: 9, good: 1, ..nothing }, Cause::NoAnswer, "No answer"),
        (Tally { mute: 1, ..nothing }, Cause::EchoGone, "not even our own words came back"),
    ];
    for (tally, cause, words) in cases {
        let told = diagnose(&Symptoms::of(home, tally, None));
        assert_eq!(told.cause, cause, "{told}");
        assert!(told.to_string().contains(words), "{told}");
    }
}
