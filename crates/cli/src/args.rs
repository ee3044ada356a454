//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A DIN-rail energy meter that is not there: serve it, play scripts with it, draw its display; and read and set real
/// ones.
#[derive(Debug, Parser)]
#[command(name = "metertwin", version, after_help = EXITS)]
pub struct Program {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXITS: &str = "Exit codes: 0 done and proven, 1 an expectation failed, 2 bad input, 4 no answer, \
                     5 refused or unknown.";

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the models
    Models,
    /// Let meters answer on ports until Ctrl-C
    #[command(after_long_help = examples::serve())]
    Serve(ServeArgs),
    /// Play a script; exit code 1 where an expectation of it fails
    #[command(after_long_help = examples::script())]
    Script(ScriptArgs),
    /// Draw a page of the display
    #[command(after_long_help = examples::lcd())]
    Lcd(LcdArgs),
    /// Find the meters of a line: Modbus or M-Bus, with what else is met there
    #[command(after_long_help = examples::find())]
    Find(FindArgs),
    /// Read a meter
    #[command(after_long_help = examples::read())]
    Read(ReadArgs),
    /// Change settings of a meter, and prove each change by reading it back
    #[command(after_long_help = examples::set())]
    Set(SetArgs),
    /// Take meters that come one by one: give each the next line of a list, and prove it
    #[command(after_long_help = examples::batch())]
    Batch(crate::batch::BatchArgs),
    /// Say how long a round over the meters of a line takes, and what a dead one costs
    Budget(BudgetArgs),
    /// Listen to a line without sending anything, and name what is said
    #[command(after_long_help = examples::sniff())]
    Sniff(SniffArgs),
    /// Watch values of a meter as they change
    #[command(after_long_help = examples::watch())]
    Watch(WatchArgs),
    /// Ask a meter what became of a session that was cut off, and put it back as it was found
    #[command(after_long_help = examples::undo())]
    Undo(crate::undo::UndoArgs),
    /// Write the settings of a meter as a profile, to set others by
    #[command(after_long_help = examples::profile())]
    Profile(crate::profile::ProfileArgs),
    /// Compare a meter, a profile and a saved read-out; exit code 1 where a setting differs
    #[command(after_long_help = examples::diff())]
    Diff(crate::profile::DiffArgs),
    /// Write the commissioning report of a meter
    #[command(after_long_help = examples::passport())]
    Passport(crate::passport::PassportArgs),
    /// Make a twin of the meter of a saved read-out, and show its display page by page
    Boot(crate::boot::BootArgs),
    /// Show a meter as its maker's app does, and save its values as the app's file
    #[command(after_long_help = examples::manager())]
    Manager(ManagerArgs),
    /// Take a frame to pieces
    #[command(after_long_help = examples::decode())]
    Decode(DecodeArgs),
    /// Show what a file of meters' memories holds, damage a memory or set it back
    #[command(after_long_help = examples::memory())]
    Memory(MemoryArgs),
}

/// `metertwin serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The model of the one meter, or of the first of several
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// So many meters like that of --model: address and serial number count upwards
    #[arg(long, value_name = "N")]
    pub count: Option<String>,
    /// One more meter: its model, then KEY=VALUE for serial number, settings, energies and quirks, load="TEXT", and
    /// count=N for many of them
    #[arg(long = "meter", value_name = "TEXT")]
    pub meters: Vec<String>,
    /// Where masters reach the meters: tcp://HOST:PORT (the bytes of the bus terminals), pty:PATH or serial:PATH, with
    /// rtu+ or mbus+ before it where there are meters on RS485 and on M-Bus; modbus-tcp://HOST:PORT; with ir+ before it
    /// the optical head, and with ble+ the emulated Bluetooth, which is silent while it is off; on the first meter or
    /// on ?meter=SERIAL; with tap+ first a port for listeners, which gets every byte of that wire. Port 0 takes any that
    /// is free. Each port carries all
    /// meters of its kind [default: tcp://127.0.0.1:5020]
    #[arg(long = "port", value_name = "PORT")]
    pub ports: Vec<String>,
    /// A setting that the meter of --model is born with
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
    /// Its serial number: the last eight digits
    #[arg(long, value_name = "N")]
    pub serial: Option<String>,
    /// What flows through it
    #[arg(long = "load", value_name = "TEXT")]
    pub loads: Vec<String>,
    /// An energy that it has counted already
    #[arg(long = "energy", value_name = "POINT=VALUE")]
    pub energies: Vec<String>,
    /// A behaviour that is not the model's. Modbus: reply-delay=0ms, unit0=silent, fc04=refused, max-read=50,
    /// unmapped=silent. M-Bus: mbus-reply=11bit, telegram-selection=on, secondary-order=printed,
    /// ct-record=printed. Optical port:
    /// ir-delay=800ms. All: current=unsigned
    #[arg(long = "quirk", value_name = "KEY=VALUE")]
    pub quirks: Vec<String>,
    /// One more meter: a twin of the one whose read-out is in this file
    #[arg(long = "readout", value_name = "FILE", conflicts_with = "state")]
    pub readouts: Vec<PathBuf>,
    /// Switch the Bluetooth of every meter that has one on at its keys, and on again when it has gone off
    #[arg(long)]
    pub bluetooth: bool,
    /// Keep the meters' memories in this file. Ending the program is a power cut for them
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Let the load run so many times faster than the clock; bus and keys stay in real time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub speed: u32,
}

/// `metertwin script`.
#[derive(Debug, Args)]
pub struct ScriptArgs {
    /// The script; docs/scripts.md describes the language
    pub file: PathBuf,
}

/// How a page is drawn.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Picture {
    /// Characters
    Text,
    /// The drawing of the glass, with the lit segments lit
    Svg,
    /// The same as pixels
    Png,
}

/// `metertwin lcd`.
#[derive(Debug, Args)]
pub struct LcdArgs {
    /// The model
    #[arg(long)]
    pub model: String,
    /// The page by its key; left out, what the display shows first
    #[arg(long, value_name = "KEY")]
    pub page: Option<String>,
    /// The kind of picture
    #[arg(long, value_enum, default_value_t = Picture::Text)]
    pub format: Picture,
}

/// How a read-out is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// Comma-separated values
    Csv,
    /// JSON
    Json,
}

/// How the comma-separated values of a read-out are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReadLayout {
    /// Key, label, value, unit, registers, time: every row of the map
    Own,
    /// Name, value, unit, as the app of the maker saves a meter
    App,
}

/// `metertwin read`.
#[derive(Debug, Args)]
pub struct ReadArgs {
    /// The line: serial:PATH?baud=9600&parity=even&id=1, tcp://HOST:PORT?id=1 or modbus-tcp://HOST:PORT?id=1; what is
    /// left out is as from the factory. An M-Bus: serial:PATH?protocol=mbus&baud=2400&id=1 or &number=13070001.
    /// An optical head: serial:PATH?protocol=ir, with address=, password=0000 and speed=300 where they are needed.
    /// An emulated Bluetooth: tcp://HOST:PORT?protocol=ble, with id= and password=0000
    #[arg(long)]
    pub link: String,
    /// Read it as this model without asking who it is; on an M-Bus, where several models say the same: the one that it is
    #[arg(long)]
    pub model: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// The layout of comma-separated values
    #[arg(long, value_enum, default_value_t = ReadLayout::Own)]
    pub layout: ReadLayout,
    /// Keys of values; none for all
    #[arg(value_name = "POINT")]
    pub points: Vec<String>,
}

/// `metertwin find`.
#[derive(Debug, Args)]
pub struct FindArgs {
    /// The line: serial:PATH, tcp://HOST:PORT or modbus-tcp://HOST:PORT; baud= and parity= behind ? stay at them. An
    /// M-Bus: serial:PATH?protocol=mbus&baud=2400 or tcp://HOST:PORT?protocol=mbus; number=1907.... stays among the
    /// meters with such numbers
    #[arg(long)]
    pub link: String,
    /// Ids that are asked, such as 1-20 or 1,5,7 [default: all, the likely ones first]
    #[arg(long, value_name = "IDS")]
    pub ids: Option<String>,
    /// Speeds that are tried, in this order, such as 9600,4800 [default: all that a model offers; on an M-Bus the link's]
    #[arg(long, value_name = "BD")]
    pub speeds: Option<String>,
    /// Formats that are tried, in this order: some of 8E1,8N1,8O1 [default: all]
    #[arg(long, value_name = "FORMATS")]
    pub formats: Option<String>,
    /// Listen before anything is sent; where another master is heard, nothing is
    #[arg(long)]
    pub listen_first: bool,
    /// Ask each format by itself: slower, but it also finds what answers nothing unusual
    #[arg(long)]
    pub thorough: bool,
    /// How long a meter may take before it answers, in ms; twice that is waited [default: 20]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub answer_time: Option<u32>,
    /// Go on where the search was that left this file. Ctrl-C, or a port that goes, leaves one; a search that comes to
    /// its end takes it away. On an M-Bus the speed that was under way is asked from its start
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
    /// M-Bus: search by secondary address, as is done without a word
    #[arg(long, conflicts_with = "primary")]
    pub secondary: bool,
    /// M-Bus: ask every primary address
    #[arg(long)]
    pub primary: bool,
    /// M-Bus: the primary addresses that are asked
    #[arg(long, value_name = "FIRST-LAST", default_value = "0-250", requires = "primary")]
    pub addresses: String,
    /// M-Bus: try the digits A to E in numbers everywhere, not only where the decimal ones leave a question
    #[arg(long, conflicts_with = "primary")]
    pub letters: bool,
    /// Write the list as JSON
    #[arg(long)]
    pub json: bool,
}

/// `metertwin budget`.
#[derive(Debug, Args)]
pub struct BudgetArgs {
    /// The model that is polled
    #[arg(long)]
    pub model: Option<String>,
    /// How many meters
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=247))]
    pub meters: u16,
    /// Speed of the line in Bd [default: as from the factory]
    #[arg(long, value_name = "BD", value_parser = clap::value_parser!(u32).range(50..=4_000_000))]
    pub baud: Option<u32>,
    /// Format of the line: 8E1, 8N1 or 8O1 [default: as from the factory]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// The time from one round to the next that is wanted, in s
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub period: Option<u32>,
    /// How long a meter takes before it answers, in ms
    #[arg(long, value_name = "MS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=5_000))]
    pub answer_time: u32,
    /// What the adapter adds to each answer, in ms
    #[arg(long, value_name = "MS", default_value_t = 16, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub latency: u32,
    /// How long the master waits for a meter that does not answer, in ms
    #[arg(long, value_name = "MS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub time_out: u32,
    /// How often it asks such a meter
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=20))]
    pub tries: u8,
    /// Keys of values that are polled; none for all
    #[arg(value_name = "POINT")]
    pub points: Vec<String>,
}

/// `metertwin sniff`.
#[derive(Debug, Args)]
pub struct SniffArgs {
    /// The line, as for read; id and number do not matter. Nothing is sent
    #[arg(long)]
    pub link: Option<String>,
    /// Read a log of bytes in hexadecimal instead, - for standard input; what --link says of the line holds for it
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Name the registers of meters whose model is not heard as this model has them
    #[arg(long)]
    pub model: Option<String>,
    /// Show the bytes too
    #[arg(long)]
    pub bytes: bool,
    /// Write what was heard as a capture file: link type USER0, to be dissected as mbrtu
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
    /// Write what was heard as a text that --log reads
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// End after so many seconds; else Ctrl-C ends it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub seconds: Option<u64>,
}

/// How a table of series is laid out.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SeriesLayout {
    /// One line a value, with its bytes, and one a gap, with its cause
    Lines,
    /// One column a value, for spreadsheets
    Columns,
}

/// `metertwin watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// The line, as for read
    #[arg(long)]
    pub link: String,
    /// Read it as this model
    #[arg(long)]
    pub model: Option<String>,
    /// Keys of values that are numbers
    #[arg(value_name = "POINT", required = true)]
    pub points: Vec<String>,
    /// Begin a round only so many milliseconds after the one before
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=86_400_000))]
    pub every: Option<u64>,
    /// Write the values as comma-separated ones at the end
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// The layout of that file
    #[arg(long, value_enum, default_value_t = SeriesLayout::Lines)]
    pub layout: SeriesLayout,
    /// Write the values as JSON at the end
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// End after so many seconds; else Ctrl-C ends it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub seconds: Option<u64>,
}

/// What a frame belongs to.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Language {
    /// Modbus RTU, checksum included
    Modbus,
    /// M-Bus, of any maker
    Mbus,
}

/// `metertwin decode`.
#[derive(Debug, Args)]
pub struct DecodeArgs {
    /// What it belongs to
    pub language: Language,
    /// Its bytes in hexadecimal, spaces as you like
    #[arg(value_name = "HEX", required = true)]
    pub bytes: Vec<String>,
    /// Name registers as this model has them
    #[arg(long)]
    pub model: Option<String>,
    /// The Modbus request that it answers, which says what its values are
    #[arg(long, value_name = "HEX")]
    pub request: Option<String>,
}

/// `metertwin set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// The line, as for read
    #[arg(long)]
    pub link: String,
    /// M-Bus, where several models say the same: the one that the meter is
    #[arg(long)]
    pub model: Option<String>,
    /// Settings and their new values; over M-Bus also the key of a command alone
    #[arg(value_name = "KEY=VALUE", required_unless_present = "profile")]
    pub changes: Vec<String>,
    /// Settings from a profile; those given beside it count before it
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
    /// Say what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write to a twin of the meter, tell what came of it, and write nothing to the meter
    #[arg(long, conflicts_with = "dry_run")]
    pub rehearse: bool,
    /// Add to this file how the meter was found and what became of each step, for undo and passport
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Write without a question
    #[arg(long)]
    pub yes: bool,
    /// The last four digits of the meter's serial number: needed for what cannot be undone, --yes or not
    #[arg(long, value_name = "DIGITS")]
    pub confirm_serial: Option<String>,
}

/// `metertwin manager`.
#[derive(Debug, Args)]
pub struct ManagerArgs {
    /// The line, as for read; tcp://HOST:PORT?protocol=ble for the emulated Bluetooth of serve
    #[arg(long)]
    pub link: String,
    /// Save the page of the device and the values in this file, as the app does
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

/// `metertwin memory`.
#[derive(Debug, Args)]
pub struct MemoryArgs {
    /// The file: of serve --state, or as the page saves it
    pub file: PathBuf,
    /// The model, where the file is the bare bytes of a memory
    #[arg(long)]
    pub model: Option<String>,
    /// The meter of this serial number only
    #[arg(long, value_name = "N")]
    pub serial: Option<String>,
    /// Damage a part: main, backup, mantissa or init
    #[arg(long, value_name = "PART")]
    pub damage: Vec<String>,
    /// Set it back to what the factory wrote; the serial number stays
    #[arg(long)]
    pub factory_reset: bool,
}

/// Examples for the help, with the name of a model that there is.
mod examples {
    fn model() -> &'static str {
        models::ALL.first().map_or("MODEL", |entry| entry.def.slug)
    }

    pub fn serve() -> String {
        let model = model();
        let mbus =
            models::ALL.iter().find(|entry| entry.def.mbus.is_some()).map_or(model, |entry| entry.def.slug);
        format!(
            "Examples:\n  \
             metertwin serve --model {model} --port tcp://127.0.0.1:5020 --load 'L1 230V 5A pf 0.9 lag'\n  \
             metertwin serve --model {model} --port pty:/tmp/meter --state meter.state --speed 60\n  \
             metertwin serve --meter {model} --meter '{model} serial=13070002 load=\"L1 230V 5A\"' --port \
             modbus-tcp://0.0.0.0:502\n  \
             metertwin serve --meter '{model} count=60' --meter '{mbus} count=64' --port rtu+tcp://127.0.0.1:5020 --port \
             mbus+pty:/tmp/mbus --port ir+pty:/tmp/head\n\n\
             A line \"listening on PORT\" is printed for each port that is ready."
        )
    }

    pub fn script() -> String {
        format!(
            "A script:\n  model {}\n  load L1 230V 5A\n  advance 1h\n  expect point energy.forward 1.15kWh",
            model()
        )
    }

    pub fn lcd() -> String {
        let model = model();
        format!(
            "Examples:\n  metertwin lcd --model {model}\n  metertwin lcd --model {model} --format png > lcd.png"
        )
    }

    pub fn read() -> String {
        "Examples:\n  metertwin read --link 'serial:/dev/ttyUSB0?baud=9600&parity=even&id=1'\n  metertwin read --link \
         tcp://192.168.1.20:5020 --format csv > meter.csv\n  metertwin read --link 'modbus-tcp://gateway:502?id=3' power \
         energy.forward\n  metertwin read --link 'serial:/dev/ttyUSB0?protocol=mbus&baud=2400&number=13070001'"
            .to_owned()
    }

    pub fn manager() -> String {
        let model = models::ALL.iter().find(|entry| entry.def.app().is_some());
        let model = model.map_or("MODEL", |entry| entry.def.slug);
        format!(
            "Examples:\n  metertwin serve --model {model} --port ble+tcp://127.0.0.1:5021 --bluetooth\n  metertwin manager \
             --link tcp://127.0.0.1:5021?protocol=ble\n  metertwin manager --link serial:/dev/ttyUSB0 --csv meter.csv\n\n\
             Settings are saved with `metertwin set`. Bluetooth is emulated: its frames go over TCP or a pty, no radio waves \
             are sent."
        )
    }

    pub fn find() -> String {
        "Examples:\n  metertwin find --link serial:/dev/ttyUSB0 --listen-first\n  metertwin find --link serial:/dev/ttyUSB0 \
         --speeds 9600,4800 --formats 8E1,8N1 --ids 1-60\n  metertwin find --link serial:/dev/ttyUSB0 --resume cabinet.find\n  \
         metertwin find --link 'serial:/dev/ttyUSB0?protocol=mbus' --speeds 2400,9600\n  metertwin find --link \
         'tcp://gateway:10001?protocol=mbus' --primary --addresses 1-20\n  metertwin find --link \
         'serial:/dev/ttyUSB0?protocol=mbus&number=1907....' --json\n\nWhat is met is told on standard error as it comes, the \
         list on standard output. Exit code 4 where nobody is found or another master is heard, 5 where the search was \
         stopped."
            .to_owned()
    }

    pub fn sniff() -> String {
        "Examples:\n  metertwin sniff --link 'serial:/dev/ttyUSB0?baud=9600&parity=even'\n  metertwin sniff --link \
         tcp://192.168.1.20:5020 --seconds 60 --pcap bus.pcap --text bus.log\n  metertwin sniff --log bus.log --bytes\n  \
         metertwin sniff --link 'serial:/dev/ttyUSB0?protocol=mbus&baud=2400'\n\n\
         Each frame is named as it comes; at the end the figures follow: load, ids, errors, how soon meters answer.\n\
         Wireshark shows the capture with mbrtu for User 0 among its DLT_USER protocols:\n  tshark -r bus.pcap -o \
         'uat:user_dlts:\"User 0 (DLT=147)\",\"mbrtu\",\"0\",\"\",\"0\",\"\"'\n\n\
         Exit code 4 where nothing was heard."
            .to_owned()
    }

    pub fn watch() -> String {
        "Examples:\n  metertwin watch --link serial:/dev/ttyUSB0 power voltage\n  metertwin watch --link \
         tcp://192.168.1.20:5020 power --seconds 60 --csv power.csv --layout columns\n  metertwin watch --link \
         'serial:/dev/ttyUSB0?protocol=mbus&baud=2400&id=1' energy.forward\n\n\
         One request is outstanding at a time, the fewest for the chosen values; the rate that is achieved is shown. What is \
         missing is told with its cause, in the files too. Exit code 4 where no value came."
            .to_owned()
    }

    pub fn decode() -> String {
        "Examples:\n  metertwin decode mbus 68 15 15 68 08 01 72 01 00 07 13 CD 25 02 02 05 00 00 00 0C 04 78 56 34 12 B5 16\n  \
         metertwin decode modbus 01 03 50 00 00 02 D5 0B"
            .to_owned()
    }

    pub fn memory() -> String {
        "Examples:\n  metertwin memory meter.state\n  metertwin memory meter.state --damage main --damage backup\n  \
         metertwin memory meter.state --serial 13070002 --factory-reset"
            .to_owned()
    }

    pub fn undo() -> String {
        "Examples:\n  metertwin undo --journal cabinet.journal --link serial:/dev/ttyUSB0 --settle-only\n  metertwin undo \
         --journal cabinet.journal --link serial:/dev/ttyUSB0 --yes"
            .to_owned()
    }

    pub fn batch() -> String {
        "A list:\n  id,profile,baud,label\n  2,flats,,Flat 1\n  3,flats,4800,\"Flat 2, left\"\n\nExamples:\n  metertwin batch --link \
         serial:/dev/ttyUSB0 --profiles cabinet.csv --report done.csv\n  metertwin batch --link serial:/dev/ttyUSB0 --profiles \
         cabinet.csv --report done.csv --label-format html > labels.html\n  metertwin batch --profiles cabinet.csv --report \
         done.csv --dry-run\n\nConnect the meters one by one; what happens is told on standard error. After whatever stopped \
         it, the same command goes on: a meter that was left half-done is found and finished, one that was there before gets no \
         second line. What cannot be undone needs the last four digits of each serial number: typed when the meter is there, or \
         in the column confirm beside its serial number.\n\nExit code 4 where nobody came or the line went, 5 where something was \
         only acknowledged."
            .to_owned()
    }

    pub fn profile() -> String {
        "Examples:\n  metertwin profile --link serial:/dev/ttyUSB0 --name cabinet > cabinet.json\n  metertwin profile --link \
         'serial:/dev/ttyUSB1?protocol=mbus&number=13070042' > mbus.json\n\nIts own addresses and its serial number are no part \
         of it. Over an M-Bus most settings are not told; they are left out, and named on standard error."
            .to_owned()
    }

    pub fn diff() -> String {
        "Examples:\n  metertwin diff --link serial:/dev/ttyUSB0 --profile cabinet.json\n  metertwin diff --readout \
         before.json --profile cabinet.json\n  metertwin diff --link 'serial:/dev/ttyUSB1?protocol=mbus&baud=9600&id=0' --profile \
         cabinet.json\n\nA setting that no telegram shows is \"not told over the M-Bus\", neither equal nor different; exit code 5 \
         where the other side has a value for one, and nothing differs."
            .to_owned()
    }

    pub fn passport() -> String {
        "Examples:\n  metertwin passport --link serial:/dev/ttyUSB0 --operator 'A. Smith' --journal cabinet.journal\n  \
         metertwin passport --link serial:/dev/ttyUSB0 --operator 'A. Smith' --format html > passport.html\n  metertwin \
         passport --link 'serial:/dev/ttyUSB1?protocol=mbus&number=13070042' --operator 'A. Smith'\n\nA setting that no telegram \
         shows is \"not told over the M-Bus\" in the report of a meter that was read there."
            .to_owned()
    }

    pub fn set() -> String {
        let key = |n| {
            let writable = models::ALL.first().and_then(|entry| commission::writable_settings(entry).nth(n));
            writable.map_or_else(String::new, |it| format!("{}={}", it.id.key(), it.text(it.default)))
        };
        format!(
            "Examples:\n  metertwin set --link serial:/dev/ttyUSB0 {} --dry-run\n  metertwin set --link \
             tcp://192.168.1.20:5020 {} {} --yes",
            key(0),
            key(1),
            key(2)
        )
    }
}
