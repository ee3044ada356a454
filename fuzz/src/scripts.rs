use crate::input::Input;
use rig::script::{Command, Player, Script};
use units::Duration;

/// One input.
pub fn run(data: &[u8]) {
    let text = Input::new(data).text();
    let script = match Script::parse(&text) {
        Ok(script) => script,
        Err(fault) => {
            assert!(fault.line <= text.lines().count().max(1), "a line of the text");
            assert!(!fault.fault.to_string().is_empty());
            return;
        }
    };
    assert!(script.lines().windows(2).all(|pair| pair[0].number < pair[1].number));
    if lasts(&script) > MOST || script.lines().len() > 60 {
        return;
    }
    // The same script prints the same, whoever plays it.
    assert_eq!(played(&script), played(&script));
}

/// The most time a script may take here: long ones are for the tests.
const MOST: Duration = Duration::from_secs(2 * 86_400);

fn lasts(script: &Script) -> Duration {
    let mut sum = Duration::ZERO;
    for line in script.lines() {
        sum += match line.command {
            Command::Advance(span) | Command::Hold(_, span) => span.min(MOST + Duration::from_secs(1)),
            _ => Duration::from_secs(2),
        };
    }
    sum
}

fn played(script: &Script) -> (Vec<String>, usize) {
    let mut out = Vec::new();
    let mut failures = 0;
    let mut player = Player::new(script);
    loop {
        match player.step(&mut |line| out.push(line.to_string())) {
            Ok(true) => {}
            Ok(false) => break,
            Err(failure) => {
                assert!(!failure.to_string().is_empty());
                failures += 1;
            }
        }
    }
    (out, failures)
}

/// The scripts of the tests.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    [
        include_str!("../../tests/scripts/modbus.script"),
        include_str!("../../tests/scripts/energy.script"),
        include_str!("../../tests/scripts/7.6.2-scroll-time.script"),
        include_str!("../../tests/scripts/7.16.1-password.script"),
        include_str!("../../tests/scripts/7.9.1-resettable-counter.script"),
    ]
    .map(|script| script.as_bytes().to_vec())
    .into()
}
