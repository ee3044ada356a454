//! Playing a script on a bench, in virtual time.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use device::{Device, Door, OpticalPort};
use lcd::Mono;
use modbus::RegisterAccess;
use schema::{GlassDef, PortId};
use units::{Duration, Instant};

use super::parse::setting_def;
use super::send::reply_text;
use super::{Command, Expectation, Failure, Line, Script, Subject};
use crate::outputs::volts;
use crate::say::{point_text, say};
use crate::saymatrix::say_matrix;
use crate::twin::VecNv;
use crate::{Bench, MasterEvent, Output, Twin};

/// How long the finger stays on the key where a script does not say.
const TAP: Duration = Duration::from_millis(100);
/// How long the bus is listened to for an answer, wire time apart.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a command expected, and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What was expected.
    pub expected: String,
    /// What was found instead.
    pub found: String,
}

/// Plays a script on a bench of its own: one meter as from the factory, with 230 V and nothing flowing.
#[derive(Debug)]
pub struct Player {
    bench: Bench,
    lines: Vec<Line>,
    next: usize,
}

impl Player {
    /// A player before its first line.
    #[must_use]
    pub fn new(script: &Script) -> Self {
        let mut bench = Bench::new(Instant::ZERO);
        bench.add(Twin::new(script.entry(), None, Instant::ZERO));
        Self { bench, lines: script.lines().to_vec(), next: 0 }
    }

    /// The bench with the meter on it.
    #[must_use]
    pub const fn bench(&self) -> &Bench {
        &self.bench
    }

    /// The line that comes next; `None` at the end.
    #[must_use]
    pub fn upcoming(&self) -> Option<&Line> {
        self.lines.get(self.next)
    }

    /// Plays one line; what it prints goes to `out`, line by line. False at the end of the script.
    ///
    /// # Errors
    /// [`Failure`] names the line, what was expected and what was found. The next step goes on behind it.
    pub fn step(&mut self, out: &mut dyn FnMut(&str)) -> Result<bool, Failure> {
        let Some(line) = self.lines.get(self.next) else { return Ok(false) };
        self.next += 1;
        execute(&mut self.bench, 0, &line.command, out).map(|()| true).map_err(|mismatch| Failure {
            line: line.number,
            text: line.text.clone(),
            expected: mismatch.expected,
            found: mismatch.found,
        })
    }

    /// Plays all lines up to the end or the first failure.
    ///
    /// # Errors
    /// [`Failure`] names the line, what was expected and what was found.
    pub fn play(&mut self, out: &mut dyn FnMut(&str)) -> Result<(), Failure> {
        while self.step(out)? {}
        Ok(())
    }
}

/// Does one command with a meter of `bench`; what it prints goes to `out`, line by line.
///
/// # Errors
/// [`Mismatch`] where something is not as expected, or the meter refuses a change.
pub fn execute(
    bench: &mut Bench,
    index: usize,
    command: &Command,
    out: &mut dyn FnMut(&str),
) -> Result<(), Mismatch> {
    let Some(twin) = bench.twin_mut(index) else {
        return Err(Mismatch { expected: format!("meter {index}"), found: "no such meter".to_string() });
    };
    let mut supply = *twin.supply();
    let crowded = twin.pulse_warning();
    match command {
        Command::Load(change) => {
            change.apply(&mut supply);
            bench.set_supply(index, supply);
        }
        Command::Connection(connection) => {
            supply.connection = *connection;
            bench.set_supply(index, supply);
        }
        Command::Frequency(mhz) => {
            supply.frequency_mhz = *mhz;
            bench.set_supply(index, supply);
        }
        Command::Mains(on) => {
            supply.mains = *on;
            bench.set_supply(index, supply);
        }
        Command::S0Supply(mv) => {
            twin.set_s0_supply(*mv);
            if let (Some(_), Some(why)) = (mv, twin.outputs().s0_sentence()) {
                out(&why);
            }
        }
        Command::Damage(part) => twin.damage(*part),
        Command::Advance(span) => bench.jump(*span),
        Command::Press(key) => hold(bench, index, *key, TAP),
        Command::Hold(key, span) => hold(bench, index, *key, *span),
        Command::Set(id, _) if !twin.device().powered() => {
            return Err(Mismatch {
                expected: format!("the meter takes {}", id.key()),
                found: "no supply".to_string(),
            });
        }
        Command::Set(id, value) => {
            twin.device_mut().apply(Door::Bus, &[(*id, i64::from(*value))]).map_err(|refusal| Mismatch {
                expected: format!("the meter takes {}", id.key()),
                found: refusal.to_string(),
            })?;
            // A change of the line takes effect before the next command.
            let now = bench.now();
            bench.run_until(now);
        }
        Command::TariffInput(on) => {
            supply.tariff_input = *on;
            bench.set_supply(index, supply);
        }
        Command::Send(port, bytes) => {
            let reply = ask(bench, index, *port, bytes);
            for line in reply_text(*port, &reply).lines() {
                out(line);
            }
        }
        Command::Wire(port, change) => {
            bench.change_wire(index, *port, *change);
            for sentence in bench.wire_sentences(*port) {
                out(&sentence);
            }
        }
        Command::Show(subject) => {
            for line in found(bench, index, *subject).lines() {
                out(line);
            }
        }
        Command::Expect(expectation) => return check(bench, index, expectation),
    }
    // A line after which pulses come too fast says so, once.
    let warning = bench.twin(index).and_then(Twin::pulse_warning);
    if let Some(why) = warning.filter(|why| crowded.as_ref() != Some(why)) {
        out(&why);
    }
    Ok(())
}

fn hold(bench: &mut Bench, index: usize, key: schema::KeyId, span: Duration) {
    let now = bench.now();
    if let Some(twin) = bench.twin_mut(index) {
        twin.device_mut().key_down(now, key);
    }
    bench.jump(span);
    let now = bench.now();
    if let Some(twin) = bench.twin_mut(index) {
        twin.device_mut().key_up(now, key);
    }
}

/// Sends bytes at the meter's present line setting, and returns what comes back.
fn ask(bench: &mut Bench, index: usize, port: PortId, bytes: &[u8]) -> Vec<u8> {
    // A speed that the key has just changed holds at once.
    bench.jump(Duration::ZERO);
    let Some(line) = bench.twin(index).and_then(|twin| twin.device().port_line(port)) else {
        return Vec::new();
    };
    if port == PortId::Optical {
        bench.put_head(Some(index));
    }
    if port == PortId::Radio {
        // Where the meter's radio is off, nobody hears what is sent.
        bench.pair(Some(index));
    }
    let before = bench.master_line(port);
    while bench.master_take(port).is_some() {}
    bench.set_master_line(port, line);
    let sent = bench.now() + line.wire_time(bytes.len());
    let deadline = sent + PATIENCE + line.wire_time(mbus::FRAME_BUFFER);
    bench.master_send(port, bytes);
    let mut reply = Vec::new();
    let echo = if bench.faults(port).echo { bytes.len() } else { 0 };
    while ((reply.len() <= echo || bench.is_busy(port)) && bench.now() < deadline)
        || is_amid(bench, index, port)
    {
        // A head follows the meter to the speed that it was asked for.
        let window = bench.twin(index).filter(|_| port == PortId::Optical);
        if let Some(line) = window.and_then(|twin| twin.device().port_line(port)) {
            bench.set_master_line(port, line);
        }
        // At least a step of time, so that nothing which is due and cannot be done holds the script.
        let soon = bench.now() + Duration::from_millis(1);
        let next = bench.next_event().unwrap_or(deadline).max(soon).min(deadline);
        let span = next.since(bench.now());
        bench.jump(span);
        while let Some(event) = bench.master_take(port) {
            if let MasterEvent::Bytes(bytes) = event {
                reply.extend_from_slice(&bytes);
            }
        }
    }
    bench.set_master_line(port, before);
    reply.split_off(echo.min(reply.len()))
}

/// True while a read-out at the window goes on: it comes in pieces.
fn is_amid(bench: &Bench, index: usize, port: PortId) -> bool {
    let window = bench.twin(index).and_then(|twin| twin.device().ports().optical.as_ref());
    port == PortId::Optical && window.is_some_and(OpticalPort::is_sending)
}

/// What a subject is now, as `show` prints it and `expect` reads it.
fn found(bench: &mut Bench, index: usize, subject: Subject) -> String {
    let now = bench.now();
    let Some(twin) = bench.twin_mut(index) else { return String::new() };
    let entry = twin.entry();
    let device = twin.device_mut();
    let dead = || "no supply".to_string();
    let powered = device.powered();
    match subject {
        Subject::Lcd => match &entry.def.glass {
            GlassDef::Segments(glass) => {
                let frame = device.frame(now);
                format!("lcd \"{}\" dots {}", lcd::glyphs(&frame, glass), lcd::dots(&frame, glass))
            }
            GlassDef::Matrix(_) => behind_strokes(&matrix_lines(device, now)),
        },
        Subject::View => {
            let digits = device.view(now).map(|view| say(entry, &view));
            let sentence = digits.or_else(|| device.matrix_view(now).map(|view| say_matrix(&view)));
            format!("view \"{}\"", sentence.unwrap_or_else(|| "The display is dark".to_string()))
        }
        Subject::Pixels => behind_strokes(&match &entry.def.glass {
            GlassDef::Segments(glass) => {
                lcd::art(glass, lcd::visible(device.frame(now), device.blink_on(now))).to_string()
            }
            GlassDef::Matrix(glass) => {
                let mut bits = vec![0; Mono::bytes(glass.width, glass.height)];
                let mono = Mono::new(glass.width, glass.height, &mut bits);
                mono.map_or_else(String::new, |mut mono| {
                    device.picture(now, &mut mono);
                    mono.to_string()
                })
            }
        }),
        Subject::Point(point) => {
            let value = device.value(point).map(|value| point_text(entry, point, value));
            let value =
                if powered { value.unwrap_or_else(|| "unknown to this meter".to_string()) } else { dead() };
            format!("point {point} {value}")
        }
        Subject::Registers { addr, count } => {
            let words = if powered {
                match device.registers().words(addr, count) {
                    Ok(words) => words.iter().map(|word| format!("{word:04X}")).collect::<Vec<_>>().join(" "),
                    Err(exception) => format!("exception {:02X}", exception.code()),
                }
            } else {
                dead()
            };
            format!("registers {addr:04X} {words}")
        }
        Subject::Setting(id) => {
            let setting = setting_def(entry, id);
            let value =
                device.setting(id).zip(setting).map(|(value, setting)| setting.text(value).to_string());
            let value = if powered { value.unwrap_or_default() } else { dead() };
            format!("setting {} {value}", id.key())
        }
        Subject::S0 => {
            let outputs = twin.outputs();
            s0_text(
                Some(outputs.s0_supply()),
                Some(outputs.is_on(Output::S0)),
                Some(outputs.pulses(Output::S0)),
            )
        }
    }
}

/// Rows, each behind a stroke.
fn behind_strokes(text: &str) -> String {
    let rows: Vec<String> = text.lines().map(|row| format!("| {row}").trim_end().to_string()).collect();
    rows.join("\n")
}

/// The lines that stand on a dot matrix; none without supply.
fn matrix_lines(device: &Device<'static, VecNv>, now: Instant) -> String {
    device.matrix_view(now).map_or_else(String::new, |view| view.to_string())
}

/// The circuit at the pulse output, or the parts of it that matter.
fn s0_text(supply: Option<Option<u32>>, closed: Option<bool>, pulses: Option<u64>) -> String {
    let supply = supply.map(|mv| mv.map_or_else(|| "off".to_string(), volts));
    let closed = closed.map(|closed| if closed { "closed" } else { "open" }.to_string());
    let words = [Some("s0".to_string()), supply, closed, pulses.map(|pulses| pulses.to_string())];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn check(bench: &mut Bench, index: usize, expectation: &Expectation) -> Result<(), Mismatch> {
    let (subject, expected) = match expectation {
        Expectation::Lcd { text, dots } => {
            let dots = dots.as_ref().map_or_else(String::new, |dots| format!(" dots {dots}"));
            (Subject::Lcd, format!("lcd \"{text}\"{dots}"))
        }
        Expectation::View(sentence) => (Subject::View, format!("view \"{sentence}\"")),
        Expectation::Pixels(rows) => {
            let rows: Vec<String> =
                rows.iter().map(|row| format!("| {row}").trim_end().to_string()).collect();
            (Subject::Pixels, rows.join("\n"))
        }
        Expectation::Point { point, value, decimals } => {
            let text = match bench.twin(index) {
                _ if crate::say::is_ratio(*point) => crate::say::ratio_text(*value),
                Some(twin) if crate::say::is_hex(twin.entry(), *point) => format!("{value:08X}"),
                _ => {
                    let number = units::decimal::Decimal { value: *value, decimals: *decimals };
                    format!("{number}{}", point.unit().symbol())
                }
            };
            (Subject::Point(*point), format!("point {point} {text}"))
        }
        Expectation::Registers { addr, words } => {
            let count = words.as_ref().map_or(1, |words| u16::try_from(words.len()).unwrap_or(u16::MAX));
            let text = match words {
                Ok(words) => words.iter().map(|word| format!("{word:04X}")).collect::<Vec<_>>().join(" "),
                Err(code) => format!("exception {code:02X}"),
            };
            (Subject::Registers { addr: *addr, count }, format!("registers {addr:04X} {text}"))
        }
        Expectation::Setting(id, value) => {
            let text = bench
                .twin(index)
                .and_then(|twin| setting_def(twin.entry(), *id))
                .map_or_else(String::new, |setting| setting.text(*value).to_string());
            (Subject::Setting(*id), format!("setting {} {text}", id.key()))
        }
        Expectation::S0 { supply, closed, pulses } => (Subject::S0, s0_text(*supply, *closed, *pulses)),
    };
    let found = found(bench, index, subject);
    let holds = match expectation {
        Expectation::Lcd { text, dots } => shows(bench, index, text, dots.as_deref()),
        Expectation::Point { point, value, decimals } => bench.twin(index).is_some_and(|twin| {
            let hex = crate::say::is_hex(twin.entry(), *point);
            let now = twin.device().powered().then(|| twin.device().value(*point)).flatten();
            now.is_some_and(|now| *value == if hex { now } else { point.unit().at(now, *decimals) })
        }),
        Expectation::S0 { supply, closed, pulses } => bench.twin(index).is_some_and(|twin| {
            let outputs = twin.outputs();
            supply.is_none_or(|mv| mv == outputs.s0_supply())
                && closed.is_none_or(|closed| closed == outputs.is_on(Output::S0))
                && pulses.is_none_or(|pulses| pulses == outputs.pulses(Output::S0))
        }),
        _ => expected == found,
    };
    if holds { Ok(()) } else { Err(Mismatch { expected, found }) }
}

/// Compares the digits by their segments, and the dots where they matter. On a dot matrix the text is one of the lines;
/// without supply there is one, and it is empty.
fn shows(bench: &Bench, index: usize, text: &str, dots: Option<&str>) -> bool {
    let Some(twin) = bench.twin(index) else { return false };
    let now = bench.now();
    match &twin.entry().def.glass {
        GlassDef::Segments(glass) => {
            let frame = twin.device().frame(now);
            lcd::matches(&frame, glass, text)
                && dots.is_none_or(|dots| lcd::dots(&frame, glass).to_string() == dots)
        }
        GlassDef::Matrix(_) => {
            let lines = matrix_lines(twin.device(), now);
            lines.lines().any(|line| line == text) || lines.is_empty() && text.is_empty()
        }
    }
}
