//! A meter with a dot matrix: its keys change what the bus reads, its radio is a state of the device.

use lcd::Mono;
use panel::Deed;
use panel::matrix::Screen;

use super::transformed::{RATIO, TRANSFORMED};
use super::*;

const RATIO_NOW: Source = Source::Point(Point::State(StateOf::CtRatio));
const T1: Source = Source::Point(Point::active(Flow::Forward, Tariff::T1));

const fn key(id: u8) -> KeyDef {
    KeyDef { id: KeyId(id), long: Duration::from_secs(3), very_long: Duration::from_secs(3) }
}

static FACE: MatrixDef = MatrixDef {
    keys: MatrixKeys { left: KeyId(0), middle: KeyId(1), right: KeyId(2) },
    times: MatrixTimes {
        header: Duration::from_secs(10),
        registers: Duration::from_secs(10),
        choice: Duration::from_secs(10),
        password: Duration::from_secs(10),
    },
    header: [
        &[HeaderItemDef {
            label: "SN",
            source: Source::Setting(SettingId::Serial),
            form: HeaderForm::Serial,
        }],
        &[HeaderItemDef {
            label: "SW",
            source: Source::Identity(IdentityOf::Software),
            form: HeaderForm::Number,
        }],
        &[HeaderItemDef { label: "CT", source: RATIO_NOW, form: HeaderForm::Ratio }],
    ],
    registers: RegistersDef {
        lines: &[RegisterLineDef { obis: "1.8.1", source: T1, high_tariff: false }],
        together: 2,
        digits: 6,
        decimals: 3,
        high_tariffs: Source::Point(Point::State(StateOf::HighTariffs)),
    },
    readings: &[ReadingDef {
        title: "Voltage",
        form: ReadingForm::Number { decimals: 1, figures: 6, signed: false },
        sources: [
            None,
            Some(Source::Point(Point::Now { what: What::U, of: units::Of::L1 })),
            Some(Source::Point(Point::Now { what: What::U, of: units::Of::L2 })),
            None,
        ],
        obis: ["", "32.7.0", "52.7.0", ""],
        obis_reverse: [""; 4],
    }],
    history: Some(HistoryDef {
        title: "History",
        used: Source::Point(Point::State(StateOf::CtChanges)),
        slots: &[HistorySlotDef {
            ratio: Source::Point(Point::HistoryRatio(1)),
            lines: &[RegisterLineDef {
                obis: "1.8.1",
                source: Source::Point(Point::History { slot: 1, flow: Flow::Forward, tariff: Tariff::T1 }),
                high_tariff: false,
            }],
            runs_on: true,
        }],
    }),
    radio: Some(RadioDef {
        title: "Bluetooth",
        prefix: "IM-",
        open: Duration::from_secs(120),
        packet: 20,
        gap: Duration::from_millis(500),
        reply_delay: Duration::from_millis(20),
        lock: Some(0x7000),
        app: None,
    }),
    password: SettingId::Password,
    menu: &[
        MenuItemDef { label: "CT ratio", edit: MenuEdit::Ratio(SettingId::CtRatio) },
        MenuItemDef { label: "Scroll time", edit: MenuEdit::Digits(SettingId::ScrollTime, 2) },
    ],
    obis: None,
    turned: None,
    words: MatrixWords {
        pages: ["Total", "L1", "L2", "L3"],
        settings: "Settings",
        password: "Password",
        wrong: "Wrong",
        refused: "Refused",
        reset: "Reset",
        no: "no",
        yes: "yes",
        scan: "Scan",
        off: "Off",
        error: "Error",
        stopped: "Stopped",
        bits: ["bit 0", "bit 1", "bit 2", "bit 3", "bit 4", "bit 5", "bit 6", "bit 7"],
    },
};

const PASSWORD: &[SettingDef] = &[SettingDef {
    id: SettingId::Password,
    kind: Kind::Digits(4),
    default: 0,
    permission: Permission::PanelOnly,
    secret: true,
    ..RATIO
}];

const ADDRESS: &[RegisterDef] = &[RegisterDef::setting(0x4003, Codec::U16, SettingId::ModbusId)];

pub(super) static DOTS: ModelDef = ModelDef {
    slug: "dots",
    registers: &[
        Block { rows: ADDRESS, ..TRANSFORMED.registers[0] },
        Block { unmapped: Unmapped::Zero, ..TRANSFORMED.registers[0] },
    ],
    settings: &[TRANSFORMED.settings[0], PASSWORD],
    pages: &[],
    keys: &[key(0), key(1), key(2)],
    glass: GlassDef::Matrix(MatrixGlass { width: 128, height: 160 }),
    matrix: Some(&FACE),
    ..TRANSFORMED
};

const _: () = assert!(first_fault(&DOTS).is_none());

const SIZE: usize = image_size(&DOTS);

/// A meter with these dots.
pub(super) type Meter = Line<RamNv<SIZE>>;

pub(super) fn start(nv: RamNv<SIZE>) -> Meter {
    let mut line = Line::new(device_of(&DOTS, nv, Instant::ZERO));
    let one = load(1_000).phases[0];
    line.device.set_load(Load { phases: [one; 3], frequency_mhz: 50_000, ..Load::default() });
    line.pass(Duration::from_secs(1));
    line
}

impl Line<RamNv<SIZE>> {
    /// Touches keys one after the other: `<`, `*`, `>`, and `H` for the middle one held.
    pub(super) fn touch(&mut self, keys: &str) {
        for key in keys.chars() {
            let (key, ms) = match key {
                '<' => (KeyId(0), 100),
                '>' => (KeyId(2), 100),
                'H' => (KeyId(1), 3_000),
                _ => (KeyId(1), 100),
            };
            self.device.key_down(self.now, key);
            self.pass(Duration::from_millis(ms));
            self.device.key_up(self.now, key);
        }
    }

    pub(super) fn lines(&self) -> String {
        self.device.matrix_view(self.now).map_or_else(String::new, |view| view.to_string())
    }

    fn picture(&self) -> String {
        let mut bits = vec![0; Mono::bytes(128, 160)];
        let mut mono = Mono::new(128, 160, &mut bits).unwrap();
        assert!(self.device.picture(self.now, &mut mono));
        mono.to_string()
    }
}

#[test]
fn a_ratio_set_at_the_keys_holds_for_display_bus_and_history() {
    let mut line = start(RamNv::new());
    line.pass(Duration::from_secs(3_600));
    assert_eq!(
        line.lines(),
        "SN 025422091039\nSW 218\nCT 0005/5 A\nT1\n1.8.1 000003.000 kWh\nVoltage\nL1 230.0 V L2 230.0 V\n[Total] L1 L2 L3"
    );
    line.touch("H>*****");
    assert_eq!(line.lines(), "Settings 1/2\n> CT ratio 0005/5 A");
    line.touch("**>>>>>****");
    assert_eq!(line.lines(), "CT ratio\nOK");
    assert_eq!(line.device.setting(SettingId::CtRatio), Some(5_055));
    assert_eq!(line.ask(&[1, 3, 0x40, 0x1F, 0, 2]), [1, 3, 4, 0x05, 0x05, 0x00, 0x05]);
    line.touch("H<");
    let lines = line.lines();
    assert!(lines.contains("CT 0505/5 A\nT1\n1.8.1 000000."), "{lines}");
    assert!(lines.contains("History 1: 0005/5 A, runs on\n1.8.1 000003."), "{lines}");
    line.ask(&[1, 3, 0x40, 0x1F, 0, 2]);
    assert!(line.lines().contains("T1 telephone"));
    line.pass(Duration::from_millis(171));
    assert!(!line.lines().contains("telephone"));
}

#[test]
fn what_the_meter_refuses_stays_what_it_was() {
    let mut line = start(RamNv::new());
    line.touch("H>*****");
    for change in 1..=8u8 {
        // The digit of the hundreds goes up by one each time.
        line.touch("**>****");
        let taken = line.lines() == "CT ratio\nOK";
        assert_eq!(taken, change <= 7, "change {change}: {}", line.lines());
        line.pass(Duration::from_secs(2));
    }
    assert_eq!(line.device.setting(SettingId::CtRatio), Some(7_055));
    assert_eq!(line.lines(), "CT ratio\n[0]805/5 A");
}

#[test]
fn the_radio_is_on_for_its_time_and_off_after_a_power_cut() {
    let mut line = start(RamNv::new());
    assert!(!line.device.bluetooth(line.now));
    line.touch("H*");
    assert_eq!(line.lines(), "Bluetooth\nIM-025422091039\nScan");
    assert!(line.device.bluetooth(line.now));
    line.touch("<");
    assert!(line.lines().contains("\nT1 bluetooth\n"));
    line.device.rx(PortId::Radio, line.now, &[1, 3, 0x40, 0x1F, 0, 2, 0xE0, 0x0D]);
    line.pass(Duration::from_secs(119));
    assert!(line.device.bluetooth(line.now));
    line.pass(Duration::from_secs(1));
    assert!(!line.device.bluetooth(line.now));
    line.touch("H*");
    line.device.power(line.now, false);
    assert!(!line.device.bluetooth(line.now));
    line.device.power(line.now, true);
    assert!(!line.device.bluetooth(line.now));
}

#[test]
fn the_picture_follows_the_view_and_is_blank_without_supply() {
    let mut line = start(RamNv::new());
    let readings = line.picture();
    line.touch("H");
    let choice = line.picture();
    assert_ne!(readings, choice);
    line.device.power(line.now, false);
    let blank = line.picture();
    assert!(blank != choice && blank != readings);
    assert_eq!(line.device.matrix_view(line.now), None);
    line.device.power(line.now, true);
    assert_ne!(line.picture(), blank);
    assert_eq!(
        (line.device.view(line.now), line.device.frame(line.now)),
        (None, lcd::SegmentFrame::default())
    );
    let digits = device();
    assert_eq!(digits.matrix_view(Instant::ZERO), None);
    let mut bits = vec![0; Mono::bytes(128, 160)];
    assert!(!digits.picture(Instant::ZERO, &mut Mono::new(128, 160, &mut bits).unwrap()));
}

#[test]
fn a_meter_that_has_stopped_shows_its_error_and_takes_nothing() {
    let mut nv = start(RamNv::new()).device.nv().clone();
    for part in [NvPart::Main, NvPart::Backup] {
        assert_eq!(damage(&mut nv, &DOTS, part), Ok(true));
    }
    let mut line = start(nv);
    assert!(line.device.works().is_stopped());
    assert_eq!(line.lines(), "Error 01\nbit 0\nStopped");
    line.touch("*H>*****>**>*");
    assert_eq!(line.lines(), "Scroll time\nRefused");
    assert_eq!(line.device.setting(SettingId::ScrollTime), Some(5));
    line.pass(Duration::from_secs(600));
    assert!(matches!(line.device.matrix_view(line.now).map(|view| view.screen), Some(Screen::Error { .. })));
}

#[test]
fn each_key_can_be_asked_what_it_does() {
    let mut line = start(RamNv::new());
    line.touch("H");
    let deed = |line: &Line<_>, key| line.device.would(line.now, KeyId(key)).now;
    assert_eq!([0, 1, 2].map(|key| deed(&line, key)), [Deed::NextRow, Deed::RadioOn, Deed::NextRow]);
    assert_eq!(line.device.letting_go(line.now).now, Deed::RadioOn, "of the middle one while none is held");
}
