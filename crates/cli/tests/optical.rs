//! The program as a reading head before a meter that it serves itself, over TCP and over a pseudo-terminal.

mod common;

use common::{Folder, Served, run};

#[test]
fn a_read_out_and_a_change_through_the_window() {
    let served = Served::start(&["--model", common::model(), "--port", "ir+tcp://127.0.0.1:0"], 1);
    let link = format!("tcp://{}?protocol=ir", served.address(0));
    let read = run(&["read", "--link", &link, "--format", "csv"]);
    assert_eq!(read.code, 0, "{}", read.err);
    assert!(read.out.contains("0.0.0,Serial number,13070001,\r\n"), "{}", read.out);
    assert!(read.err.contains("assumed"), "{}", read.err);
    let locked = run(&["set", "--link", &format!("{link}&password=1234"), "--yes", "scroll-time=25"]);
    assert_eq!(locked.code, 5, "{}", locked.err);
    let set = run(&["set", "--link", &link, "--yes", "scroll-time=25", "serial=13070042"]);
    assert_eq!(set.code, 0, "{}{}", set.out, set.err);
    assert_eq!(set.out.matches("Confirmed").count(), 2, "{}", set.out);
    let one = run(&["read", "--link", &format!("{link}&address=13070042"), "0.0.0"]);
    assert!(one.out.contains("13070042"), "{}{}", one.out, one.err);
    let nobody = run(&["read", "--link", &format!("{link}&address=1")]);
    assert_eq!(nobody.code, 4);
    assert!(nobody.err.contains("No answer at 300 Bd. Put the head on the window"), "{}", nobody.err);
}

#[test]
fn what_cannot_be_undone_needs_the_digits_of_the_meter_at_the_window_too() {
    let served = Served::start(&["--model", "pro380-mod", "--port", "ir+tcp://127.0.0.1:0"], 1);
    let link = format!("tcp://{}?protocol=ir", served.address(0));
    let set = |more: &[&str]| run(&[&["set", "--link", &link, "combination-code=10"], more].concat());
    let dry = set(&["--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.err);
    assert!(dry.err.contains("Combination code 10: from it there is no way back"), "{}", dry.err);
    for (digits, wrong) in [
        (&["--yes"][..], "what cannot be undone needs --confirm-serial with the last four digits"),
        (&["--yes", "--confirm-serial", "9999"], "these are not the last 4 digits"),
    ] {
        let refused = set(digits);
        assert_eq!(refused.code, 2, "{}", refused.err);
        assert!(refused.err.contains(wrong), "{}", refused.err);
    }
    let done = set(&["--yes", "--confirm-serial", "0001"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(done.out.contains("Confirmed"), "{}", done.out);
    let again = set(&["--yes"]);
    assert_eq!(again.code, 0, "it has the code already: {}{}", again.out, again.err);
}

#[test]
fn a_pseudo_terminal_is_a_head_too() {
    let folder = Folder::new();
    let pty = folder.text("head");
    let _served = Served::start(&["--model", common::model(), "--port", &format!("ir+pty:{pty}")], 1);
    let read = run(&["read", "--link", &format!("serial:{pty}?protocol=ir"), "--format", "json"]);
    assert_eq!(read.code, 0, "{}", read.err);
    assert!(read.out.contains("\"code\": \"32.7.0\""), "{}", read.out);
}

#[test]
fn bad_links_and_changes_are_named() {
    for (args, wrong) in [
        (vec!["read", "--link", "tcp://h:1?protocol=ir&id=1"], "a link with protocol=ir has no \"id\""),
        (vec!["read", "--link", "modbus-tcp://h:1?protocol=ir"], "Modbus TCP has no optical head"),
        (vec!["set", "--link", "tcp://h:1?protocol=ir", "backlight=on"], "\"backlight\" cannot be written"),
        (vec!["set", "--link", "tcp://h:1?protocol=ir", "scroll-time=31"], "scroll-time cannot be \"31\""),
        (vec!["set", "--link", "tcp://h:1?protocol=ir", "scroll-time=20"], "Nothing was sent. Add --yes"),
    ] {
        let run = run(&args);
        assert_eq!(run.code, 2, "{args:?}");
        assert!(run.err.contains(wrong), "{args:?}: {}", run.err);
    }
}
