//! A whole session at the terminal: read, boot, rehearse, write with a journal, report, compare, put back.

mod common;

use common::{Folder, Served, model, run};

const TCP: &str = "tcp://127.0.0.1:0";

#[test]
fn a_session_from_the_rehearsal_to_the_way_back() {
    let folder = Folder::new();
    let served = Served::start(&["--model", model(), "--energy", "energy.forward=12.34", "--port", TCP], 1);
    let link = served.link(0);
    let saved = folder.write("before.json", &run(&["read", "--link", link, "--format", "json"]).out);

    let pages = run(&["boot", "--readout", &saved]);
    assert_eq!(pages.code, 0, "{}", pages.err);
    assert!(pages.out.contains("12.34 kWh"), "{}", pages.out);
    assert!(pages.err.contains("is not known: "), "{}", pages.err);

    let wanted =
        "{\"profile\": 1, \"name\": \"cabinet\", \"model\": \"pro1\", \"settings\": {\"scroll-time\": 15}}";
    let profile = folder.write("profile.json", wanted);
    let rehearsed = run(&["set", "--link", link, "--profile", &profile, "modbus-id=7", "--rehearse"]);
    assert_eq!(rehearsed.code, 0, "{}{}", rehearsed.out, rehearsed.err);
    assert!(rehearsed.out.contains("will be found at id 7"), "{}", rehearsed.out);
    assert!(rehearsed.out.contains("Nothing was written to the meter."), "{}", rehearsed.out);
    assert_eq!(run(&["diff", "--link", link, "--readout", &saved]).code, 0, "a rehearsal changes nothing");

    let journal = folder.text("session.journal");
    let set =
        run(&["set", "--link", link, "--profile", &profile, "modbus-id=7", "--journal", &journal, "--yes"]);
    assert_eq!(set.code, 0, "{}{}", set.out, set.err);
    let moved = format!("{link}?id=7");
    let differs = run(&["diff", "--link", &moved, "--profile", &profile, "--readout", &saved]);
    assert_eq!(differs.code, 1, "{}", differs.err);
    assert!(differs.out.contains("scroll-time") && differs.out.contains("15 s"), "{}", differs.out);

    let paper = |format: &str| {
        let args = [
            "passport",
            "--link",
            &moved,
            "--operator",
            "A. Smith",
            "--journal",
            &journal,
            "--format",
            format,
        ];
        run(&args).out
    };
    let text = paper("text");
    let scroll = text.lines().find(|line| line.starts_with("Scroll time")).unwrap_or_default();
    assert!(scroll.contains("10 s") && scroll.ends_with("confirmed"), "{text}");
    assert!(paper("html").contains("<td>confirmed</td>"));
    assert!(paper("json").contains("\"operator\": \"A. Smith\""));

    // A journal that a crash has cut in the middle of a line is carried on.
    let mut torn = std::fs::read_to_string(&journal).unwrap();
    torn.push_str("99 13070001 scroll-time int");
    std::fs::write(&journal, torn).unwrap();
    let undone = run(&["undo", "--journal", &journal, "--link", link, "--yes"]);
    assert_eq!(undone.code, 0, "{}{}", undone.out, undone.err);
    assert!(undone.err.contains("the last line was cut and is left out"), "{}", undone.err);
    let same = run(&["diff", "--link", link, "--readout", &saved]);
    assert_eq!(same.code, 0, "{}{}", same.out, same.err);
    let (status, _) = served.stop();
    assert!(status.success());
}

#[test]
fn the_twin_of_a_saved_read_out_is_served() {
    let folder = Folder::new();
    let served = Served::start(
        &["--model", model(), "--set", "scroll-time=9", "--energy", "energy.forward=12.34", "--port", TCP],
        1,
    );
    let saved = folder.write("meter.json", &run(&["read", "--link", served.link(0), "--format", "json"]).out);
    let twin = Served::start(&["--readout", &saved, "--port", TCP], 1);
    let same = run(&["diff", "--link", twin.link(0), "--readout", &saved]);
    assert_eq!(same.code, 0, "{}{}", same.out, same.err);
    let energy = run(&["read", "--link", twin.link(0), "energy.forward"]);
    assert!(energy.out.contains("12.34 kWh"), "{}", energy.out);
}

#[test]
fn what_is_wrong_with_files_is_named() {
    let folder = Folder::new();
    let bad =
        "{\"profile\": 1, \"name\": \"n\", \"model\": \"pro1\", \"settings\": {\n\"scroll-time\": 45\n}}";
    let profile = folder.write("bad.json", bad);
    let refused = run(&["diff", "--profile", &profile, "--readout", &profile]);
    assert_eq!(refused.code, 2);
    let wanted = "bad.json: line 2: scroll-time: 45 s is not allowed; 1 to 30 s";
    assert!(refused.err.contains(wanted), "{}", refused.err);
    let picture = folder.write("picture", "a picture\n");
    let undo = run(&["undo", "--journal", &picture, "--link", "tcp://127.0.0.1:1"]);
    assert!(undo.code == 2 && undo.err.contains("is no journal"), "{}", undo.err);
    let alone = run(&["diff", "--profile", &folder.write("good.json", &bad.replace("45", "5"))]);
    assert!(alone.code == 2 && alone.err.contains("one side is not enough"), "{}", alone.err);
}
