use crate::input::Input;
use crate::meter;
use nv::{CutNv, Found, HEADER, Other, RamNv, RecordDef, check_sum, load, store};
use units::{Duration, Flow, Instant, Point, Tariff};

/// One input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 3 {
        0 => arbitrary(&mut input),
        1 => cut(&mut input),
        _ => start(&mut input),
    }
}

const SIZE: usize = 160;

fn def(input: &mut Input<'_>) -> RecordDef {
    let (kind, version) = (input.byte() % 3, input.byte() % 3);
    let def = RecordDef::new(kind, version, usize::from(input.byte() % 48), usize::from(input.byte() % 16));
    // A backup may stand behind a gap.
    RecordDef { backup: def.backup + usize::from(kind), ..def }
}

fn filled(input: &mut Input<'_>) -> RamNv<SIZE> {
    let mut memory = RamNv::new();
    for (place, byte) in memory.bytes_mut().iter_mut().zip(input.piece(SIZE)) {
        *place = *byte;
    }
    memory
}

/// Reading any memory changes nothing and never gives half a record; writing on top of it always holds.
fn arbitrary(input: &mut Input<'_>) {
    let def = def(input);
    let mut memory = filled(input);
    let mut found = [0xA5; 64];
    match load(&memory, &def, &mut found) {
        Ok(Found::Record { .. }) => assert!(found[def.len..].iter().all(|byte| *byte == 0xA5)),
        Ok(Found::Version { found: version }) => assert!(version != def.version || found == [0xA5; 64]),
        Ok(Found::Blank) | Err(_) => assert_eq!(found, [0xA5; 64]),
    }
    let payload: Vec<u8> = (0..def.len).map(|n| n.to_le_bytes()[0] ^ def.kind).collect();
    if store(&mut memory, &def, &payload).is_ok() {
        assert!(matches!(load(&memory, &def, &mut found), Ok(Found::Record { other: Other::Same, .. })));
        assert_eq!(found[..def.len], payload);
    }
}

/// Cut off at any byte of any writing, the restart finds the old payload or the new one.
fn cut(input: &mut Input<'_>) {
    let def = def(input);
    let mut memory = RamNv::<SIZE>::new();
    let mut believed: Option<Vec<u8>> = None;
    for _ in 0..6 {
        let payload = vec![input.byte(); def.len];
        let mut cut = CutNv::new(memory, input.byte().into());
        let written = store(&mut cut, &def, &payload).is_ok();
        memory = cut.into_inner();
        let mut found = vec![0; def.len];
        match load(&memory, &def, &mut found) {
            Ok(Found::Record { .. }) if found == payload => believed = Some(payload),
            Ok(Found::Record { .. }) => {
                assert!(!written);
                assert_eq!(Some(found), believed, "neither the old payload nor the new one");
            }
            Ok(Found::Blank) => assert!(believed.is_none() && !written),
            other => panic!("{other:?} after a cut"),
        }
    }
}

/// A meter starts from any memory, runs, and keeps what it counts.
fn start(input: &mut Input<'_>) {
    let entry = input.pick(models::ALL);
    let how = input.byte();
    let mut image = meter::blank(entry.def);
    if how & 1 == 0 {
        // A good one, with bytes changed: as they are, or with the check made right again.
        meter::start(entry.def, &mut image, Instant::ZERO, |_| ());
        if how & 2 == 0 {
            let at = usize::from(input.u16()) % image.len();
            for (place, byte) in image[at..].iter_mut().zip(input.rest()) {
                *place ^= *byte;
            }
        } else {
            rewrite(&mut image, input);
        }
    } else {
        let size = image.len();
        image[..].iter_mut().zip(input.piece(size)).for_each(|(place, byte)| *place = *byte);
    }
    let point = Point::active(Flow::Forward, Tariff::All);
    let mut now = Instant::from_millis(1_000);
    let counted = meter::start(entry.def, &mut image, now, |meter| {
        // What a damaged memory tells in its favour may be so large that the counters roll over here.
        let rolls = meter.works().counters().iter().any(|counter| counter.wh() > 100_000_000);
        let whole = meter.works().error() == 0;
        let before = meter.value(point);
        meter.set_load(metering::Load {
            phases: [metering::PhaseReading { voltage_mv: 230_000, current_ma: 5_000, active_mw: 1_150_000, reactive_mvar: 0 }; 3],
            frequency_mhz: 50_000,
            ..metering::Load::default()
        });
        for step in [1, 3_600, 7] {
            now += Duration::from_secs(step);
            meter.poll(now, Duration::from_secs(step));
            let _ = (meter.view(now), meter.frame(now), meter.works().error());
        }
        meter.power(now, false);
        meter.power(now, true);
        let after = meter.value(point);
        if whole && !rolls {
            assert!(after >= before, "from {before:?} to {after:?}");
        }
        (whole && !rolls && meter.works().error() == 0, after)
    });
    let again = meter::start(entry.def, &mut image, now, |meter| {
        (meter.works().error() == 0, meter.value(point))
    });
    if counted.0 {
        assert_eq!(again, counted, "what was kept");
    }
}

/// Puts other payloads, with good checks, into the copies of records that stand in `image`.
fn rewrite(image: &mut [u8], input: &mut Input<'_>) {
    let mut at = 0;
    while let Some((header, rest)) = image.get(at..).and_then(|tail| tail.split_first_chunk::<HEADER>()) {
        let [.., low, high] = *header;
        let len = usize::from(u16::from_le_bytes([low, high]));
        let whole = HEADER + len;
        let good = rest.get(len..len + 4).is_some_and(|sum| sum == check_sum(&image[at..at + whole]).to_le_bytes());
        if !good {
            at += 1;
            continue;
        }
        let copy = &mut image[at..at + whole + 4];
        let n = usize::from(input.byte()) % (len + 1);
        for (place, byte) in copy[HEADER + n..whole].iter_mut().zip(input.counted()) {
            *place = *byte;
        }
        let sum = check_sum(&copy[..whole]).to_le_bytes();
        copy[whole..].copy_from_slice(&sum);
        at += whole + 4;
    }
}

/// Blank memory, a record cut in the middle, a meter's own image with other payloads.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![
        vec![0, 1, 1, 8, 0],
        vec![0, 1, 1, 4, 0, 1, 1, 1, 0, 0, 0, 4, 0, 1, 2, 3, 4],
        vec![1, 1, 1, 16, 0, 1, 255, 2, 100, 3, 20, 4, 40, 5, 60, 6, 255],
        vec![1, 1, 1, 8, 4, 1, 10, 2, 255, 3, 30, 4, 5],
    ];
    for model in 0..u8::try_from(models::ALL.len()).unwrap_or(u8::MAX) {
        seeds.push(vec![2, model, 0, 0, 9, 1]);
        seeds.push(vec![2, model, 2, 0, 4, 0xFF, 0xFF, 0xFF, 0x7F, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0]);
        seeds.push(vec![2, model, 1, 1, 1, 0, 0, 0, 0, 4, 0]);
    }
    seeds
}
