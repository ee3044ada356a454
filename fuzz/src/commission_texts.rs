use crate::input::Input;
use commission::find::{SearchPlan, SearchPosition};
use commission::listen::{self, HexLog, ListenMemory, Listener, Spoken};
use commission::{About, Direction, JournalEntry, ReadOut, ReadRow, RowFault, Staged, annotate, meaning, names};
use modbus::{crc, pdu};
use units::Instant;

/// One input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 4 {
        0 => read_out(&mut input),
        1 => {
            let text = input.text();
            lines(&text);
            log(&text);
        }
        sealed => frames(&mut input, sealed == 2),
    }
}

fn frames(input: &mut Input<'_>, sealed: bool) {
    let (mut asked, mut answer) = (input.counted().to_vec(), input.rest().to_vec());
    // A meter whose data type is not known, and in each that there is.
    let forms = [None, Some(1), Some(2)];
    let entries = models::ALL.iter().map(Some).chain([None]);
    let entries = entries.flat_map(move |entry| forms.map(move |data_type| About { entry, data_type }));
    let request = pdu::parse_request(asked.get(1..).unwrap_or_default());
    let response = pdu::parse_response(answer.get(1..).unwrap_or_default(), None);
    for about in entries.clone() {
        if let Ok(request) = &request {
            assert!(!meaning::request(about, request).is_empty());
            assert!(!meaning::meaning(about, request, response.as_ref().ok()).is_empty());
        }
        if let Ok(response) = &response {
            assert!(!meaning::response(about, request.as_ref().ok(), response).is_empty());
        }
    }
    if sealed {
        for frame in [&mut asked, &mut answer] {
            let check = crc::wire(frame);
            frame.extend(check);
        }
    }
    for about in entries {
        notes(&annotate(about, Direction::Sent, &asked, None), &asked);
        notes(&annotate(about, Direction::Heard, &answer, None), &answer);
        notes(&annotate(about, Direction::Heard, &answer, Some(&asked)), &answer);
    }
}

/// Each byte is explained once, in order.
fn notes(notes: &[commission::ByteNote], frame: &[u8]) {
    let mut end = 0;
    for note in notes {
        assert_eq!(note.bytes.start, end, "{notes:?}");
        assert!(note.bytes.end > end && !note.text.is_empty(), "{notes:?}");
        end = note.bytes.end;
    }
    assert_eq!(end, frame.len(), "{notes:?}");
}

fn lines(text: &str) {
    if let Some(entry) = JournalEntry::parse(text) {
        assert_eq!(JournalEntry::parse(&entry.to_string()), Some(entry));
    }
    if let Err(fault) = ReadOut::from_json(text) {
        assert!(!fault.to_string().is_empty());
    }
    if let Ok(position) = SearchPosition::parse(text) {
        assert_eq!(SearchPosition::parse(&position.to_string()), Ok(position.clone()));
        let plan = SearchPlan::resume(&position);
        assert!(plan.asked() <= plan.total() && plan.len() == plan.total() - plan.asked());
    }
    for entry in models::ALL {
        let mut staged = Staged::new();
        match staged.stage_change(entry, text) {
            Ok(()) => assert_eq!(staged.len(), 1),
            Err(fault) => assert!(staged.is_empty() && !fault.to_string().is_empty()),
        }
    }
}

/// A log of bytes: played to either listener, every byte is told once, and what is written of it reads back.
fn log(text: &str) {
    let log = HexLog::parse(text);
    assert!(log.faults.iter().all(|fault| !fault.to_string().is_empty()));
    assert!(log.lines.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let line = log.setting.unwrap_or(modbus::LineParams::even(9_600));
    let bytes = |log: &HexLog| -> Vec<u8> {
        let said = log.lines.iter().filter_map(|line| match &line.heard {
            commission::Received::Bytes(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        said.flatten().copied().collect()
    };
    for spoken in [Spoken::Modbus, Spoken::Mbus] {
        let mut memory = ListenMemory::default();
        let mut listener = Listener::new(&mut memory, spoken, line);
        listener.keep(1 << 20);
        log.play(&mut listener);
        let told: Vec<u8> = listener.items().flat_map(|item| item.bytes.iter().copied()).collect();
        assert_eq!(told, bytes(&log));
        assert!(!listen::report(&listener).is_empty());
        let again = HexLog::parse(&listen::text(&listener, None));
        assert_eq!(again.faults, []);
        assert_eq!((bytes(&again), again.spoken), (told, Some(spoken)));
    }
}

/// A read-out of registers with anything in them, in each of its forms.
fn read_out(input: &mut Input<'_>) {
    let entry = &models::ALL[usize::from(input.byte()) % models::ALL.len()];
    let serial = (input.byte() & 1 == 0).then(|| input.u32() % 100_000_000);
    let mut rows = Vec::new();
    for row in names::rows(entry) {
        let words: Vec<u16> = (0..row.def.codec.words()).map(|_| input.u16()).collect();
        let value = names::decode(entry, row.def, &words).map_err(RowFault::Codec);
        let text = match &value {
            Ok(value) => names::value_text(entry, row.def, *value),
            Err(_) => names::Text { value: String::new(), unit: "" },
        };
        rows.push(ReadRow { key: names::key(entry, &row), label: names::label(entry, &row), row, words, value, text });
    }
    let read = ReadOut { entry, at: Instant::ZERO, place: None, serial, requests: 1, rows };
    assert_eq!(read.to_table().lines().count(), read.rows.len() + 1);
    let time = input.text();
    let csv = read.to_csv("2026-11-21");
    assert_eq!(csv.lines().count(), read.rows.len() + 1);
    for line in csv.lines() {
        assert_eq!(cells(line), 9, "{line}");
    }
    let json = read.to_json(&time);
    assert!(json.chars().all(|c| c == '\n' || !c.is_control()), "JSON escapes what cannot be seen");
    let back = ReadOut::from_json(&json).expect("what was written is read");
    assert_eq!((&*back.time, back.read_out.serial), (&*time, serial));
    let again = back.read_out;
    assert!(again.rows.iter().map(|row| &row.words).eq(read.rows.iter().map(|row| &row.words)));
    let json = again.to_json(&time);
    assert_eq!(ReadOut::from_json(&json).map(|saved| saved.read_out.to_json(&time)), Ok(json));
}

/// Cells of a line of comma-separated values.
fn cells(line: &str) -> usize {
    let mut quoted = false;
    let commas = line.chars().filter(|c| {
        quoted ^= *c == '"';
        *c == ',' && !quoted
    });
    commas.count() + 1
}

/// A question with its answer, a journal's line, changes, a read-out.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![
        vec![2, 6, 1, 3, 0x50, 0, 0, 2, 1, 3, 4, 0x43, 0x66, 0x1A, 0x9E],
        vec![2, 11, 1, 16, 0x40, 3, 0, 2, 4, 0x41, 0x20, 0, 0, 1, 16, 0x40, 3, 0, 2],
        vec![2, 6, 1, 6, 0x40, 3, 0, 5, 1, 0x86, 3],
        vec![3, 8, 1, 3, 0x50, 0, 0, 2, 0xD5, 0x0B, 1, 0x83, 2],
        vec![0, 0, 0, 1, 2, 3, 4],
    ];
    let position = "speeds 9600,300 formats even,odd ids 1-3,9 shared yes anyone no asked 4,0,9 first 1";
    for line in [position, "1234 00070001 baud intend 9600 4800", "5 13070002 parity refused 3 -", "scroll-time=25", "12:44:10.020 > 01 03 50 00 00 02 D5 0B\n0x0000: 0103 0443\n0x0004: 6619 9a85 87\n! parity\n<E5>", "baud=9600", "s0-rate=0.1", "{\"format\": 2, \"rows\": [{\"register\": \"4000\"}]}"] {
        seeds.push([b"\x01", line.as_bytes()].concat());
    }
    seeds
}
