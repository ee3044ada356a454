//! Profiles, comparisons and passports of meters that were read over a simulated line.

mod stage;

use commission::RowFault;
use commission::boot::Facts;
use commission::diff::{DiffRow, State, diff, diff_table};
use commission::passport::{Made, Passport, PassportFault};
use commission::profile::Profile;
use commission::record::Record;
use commission::wiring::wiring;
use expect_test::expect;
use rig::{MeterSpec, Supply, Twin};
use schema::{PortId, SettingId, Source};
use stage::{START, change, drain, rail, random_twin, read_directly, read_mbus, with};
use units::{Point, StateOf};

/// What a meter tells by its registers.
fn facts(meter: &mut Twin) -> Facts {
    Facts::of_registers(&read_directly(meter))
}

fn made<'a>(after: &'a Facts, record: Option<&'a commission::record::MeterRecord>) -> Made<'a> {
    Made {
        after,
        before: None,
        record,
        operator: "A. <Smith> & \"sons\"",
        site: "cabinet 3",
        time: "today",
        tool: "metertwin 0",
    }
}

#[test]
fn a_meter_a_profile_and_a_file_stand_beside_each_other() {
    let entry = with(PortId::Modbus).next().unwrap();
    let mut meter = Twin::new(entry, None, START);
    let file = facts(&mut meter);
    change(&mut meter, &[(SettingId::ScrollTime, 15), (SettingId::Parity, 2)]);
    let mut live = read_directly(&mut meter);
    let row = live.rows.iter_mut().find(|row| row.row.def.source == Source::Setting(SettingId::Tariff));
    row.unwrap().value = Err(RowFault::NotAsked);
    let live = Facts::of_registers(&live);
    let text = "{\"profile\": 1, \"name\": \"n\", \"model\": \"pro1\", \"settings\": {\"scroll-time\": 15, \"baud\": 4800}, \
                \"optional\": [\"baud\"]}";
    let profile = Profile::parse(text).unwrap();
    let rows = diff(entry, Some(&live), Some(&profile), Some(&file)).unwrap();
    expect![[r#"
           setting           meter         profile  file
        =  serial            13070001               13070001
        =  s0-rate           1000 imp/kWh           1000 imp/kWh
        =  combination-code  1                      1
        ≠  scroll-time       15 s          15 s     10 s
        ?  tariff            not readable           1
        =  modbus-id         1                      1
        ≠  baud              9600 Bd       4800 Bd  9600 Bd
        ≠  parity            none                   even
    "#]]
    .assert_eq(&diff_table(&rows));
    let own = Profile::of_meter(&file, "as it was");
    assert_eq!(Profile::parse(&own.to_json()).map(|it| it.to_json()), Ok(own.to_json()));
    let same = diff(entry, None, Some(&own), Some(&file)).unwrap();
    assert!(same.iter().all(|row| row.state == State::Equal), "{same:#?}");
}

#[test]
fn every_meter_s_own_profile_fits_it() {
    for entry in with(PortId::Modbus) {
        for seed in 0..5 {
            let read = facts(&mut random_twin(entry, seed, 1_000_000));
            let profile = Profile::parse(&Profile::of_meter(&read, "own").to_json()).unwrap();
            let rows = diff(entry, None, Some(&profile), Some(&read)).unwrap();
            assert!(rows.iter().all(|row| row.state == State::Equal), "{rows:#?}");
        }
    }
}

fn record(text: &str) -> Record {
    let record = Record::parse(text);
    assert_eq!(record.bad, []);
    record
}

#[test]
fn a_passport_confirms_what_is_proven_and_nothing_else() {
    let entry = with(PortId::Modbus).next().unwrap();
    let mut meter =
        MeterSpec::parse("pro1-mod serial=13070002 scroll-time=15 modbus-id=7 load=\"L1 230V 5A\"")
            .unwrap()
            .build(None, START)
            .unwrap();
    drain(&mut meter);
    let after = facts(&mut meter);
    let record = record(
        "metertwin journal 1\nfound 13070002 pro1-mod modbus 1 9600 even\nwas 13070002 scroll-time 10\n\
         was 13070002 modbus-id 1\n1 13070002 scroll-time intend 15 10\n2 13070002 scroll-time proven 15\n\
         3 13070002 modbus-id intend 7 1\n4 13070002 modbus-id unknown\n5 13070002 combination-code intend 9 1\n\
         6 13070002 combination-code proven 9\n7 13070002 s0-rate intend 1000 100000\n8 13070002 reset.trip intend 0 5\n\
         9 13070002 reset.trip proven 0\n",
    );
    let passport = Passport::new(&made(&after, record.meter(13_070_002)));
    let state = |key: &str| passport.settings.iter().find(|it| it.key == key).unwrap().state.as_str();
    assert_eq!(state("scroll-time"), "confirmed");
    assert_eq!(state("modbus-id"), "unknown", "it reads as wanted, and nobody has proven it");
    assert_eq!(state("combination-code"), "changed meanwhile", "it was proven, and reads otherwise now");
    assert_eq!(state("s0-rate"), "unknown");
    assert_eq!(state("parity"), "read");
    assert_eq!(passport.serial, "025413070002");
    assert!(passport.one_way.contains(&"Done: the resettable counter was reset.".to_string()));
    assert_eq!(passport.settings.iter().filter(|it| it.state == "confirmed").count(), 1);
    assert!(!passport.settings.iter().any(|it| it.key == "password"), "{entry:?}");
    assert_eq!(Passport::parse(&passport.to_json()), Ok(passport.clone()));
    assert!(matches!(
        Passport::parse(&passport.to_json().replace("\"passport\": 1", "\"passport\": 2")),
        Err(PassportFault::Format(2))
    ));
    assert!(matches!(Passport::parse("{}"), Err(PassportFault::Form(_))));
    expect![[r#"
        Commissioning report

        Meter          inepro Metering PRO1-Mod
        Serial number  025413070002
        Place          cabinet 3
        Operator       A. <Smith> & "sons"
        Time           today
        Program        metertwin 0

        Settings
                           before        after
        Serial number      not known     13070002      read
        Pulse output rate  1000 imp/kWh  1000 imp/kWh  unknown
        Combination code   1             1             changed meanwhile
        Scroll time        10 s          15 s          confirmed
        Tariff             not known     1             read
        Modbus address     1             7             unknown
        Baud rate          not known     9600 Bd       read
        Parity             not known     even          read

        First readings
        Voltage                   230.0 V
        Current                   5.00 A
        Total active power        1.150 kW
        Total reactive power      0.000 kvar
        Total apparent power      1.150 kVA
        Power factor              1.00
        Grid frequency            50.00 Hz
        Forward active energy     0.00 kWh
        Reverse active energy     0.00 kWh
        T1 forward active energy  0.00 kWh
        T1 reverse active energy  0.00 kWh
        T2 forward active energy  0.00 kWh
        T2 reverse active energy  0.00 kWh
        Forward reactive energy   0.00 kvarh
        Reverse reactive energy   0.00 kvarh

        Versions and checksums
        Meter code        0101
        Meter amps        45 A
        Software version  2.18
        Protocol version  3.20
        Hardware version  1.32
        Checksum          0D012D35

        Wiring
        - Voltage: L1 230.0 V.
        - All currents that flow are forward, to the load.
        - The power factor is 1.00.
        - Quadrant 1: import, inductive.

        What cannot be taken back
        - Done: the resettable counter was reset.
    "#]]
    .assert_eq(&passport.to_text());
}

#[test]
fn a_page_for_the_printer_stands_alone_and_escapes_everything() {
    let mut meter = Twin::new(with(PortId::Modbus).next().unwrap(), None, START);
    let after = facts(&mut meter);
    let page = Passport::new(&made(&after, None)).to_html();
    for foreign in ["<script", "http", "src=", "href=", "url(", "@import", "<Smith>", " onload"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(page.contains("A. &lt;Smith&gt; &amp; &quot;sons&quot;"));
    assert!(page.contains("@media print"));
    for tag in ["table", "tr", "td", "th", "ul", "li", "h2", "tbody", "thead"] {
        let (open, close) = (
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count(),
            page.matches(&format!("</{tag}>")).count(),
        );
        assert_eq!(open, close, "{tag}");
    }
}

#[test]
fn readings_tell_of_the_wiring_what_they_can() {
    let told = |spec: &str| {
        let mut meter = MeterSpec::parse(spec).unwrap().build(None, START).unwrap();
        drain(&mut meter);
        wiring(&facts(&mut meter)).join("\n")
    };
    let three = with(PortId::Modbus).find(|entry| entry.def.metering.ct.is_some()).unwrap().def.slug;
    expect![[r#"
        All voltages are present: L1 230.0 V, L2 229.0 V, L3 231.0 V.
        L2 flows in reverse while the others flow forward: its current transformer is probably the wrong way round.
        The power factor is 0.88.
        Quadrant 1: import, inductive.
        The powers of the phases add up to the whole, 1.065 kW.
        The order of the phases is not told by any reading; check it with a rotating-field meter."#]].assert_eq(&told(&format!(
        "{three} load=\"L1 230V 4A pf 0.95 lag\" load=\"L2 229V 3A export\" load=\"L3 231V 4A pf 0.95 lag\""
    )));
    expect![[r#"
        No voltage at L2 (L1 230.0 V, L2 0.0 V, L3 231.0 V): check fuse and wire.
        All currents that flow are forward, to the load.
        No current flows in L2 and L3: it cannot be judged.
        The power factor is 1.00.
        Quadrant 1: import, inductive.
        The powers of the phases add up to the whole, 0.920 kW.
        The order of the phases is not told by any reading; check it with a rotating-field meter."#]]
    .assert_eq(&told(&format!("{three} load=\"L1 230V 4A\" load=\"L2 0V off\" load=\"L3 231V off\"")));
    expect![[r#"
        Voltage: L1 230.0 V.
        No current flows: directions cannot be judged."#]]
    .assert_eq(&told("pro1-mod"));
    expect![[r#"
        Voltage: L1 230.0 V.
        L1 flows in reverse: the plant exports now, or its two wires are probably swapped.
        The power factor is 1.00.
        Quadrant 2: export, inductive."#]]
    .assert_eq(&told("pro1-mod load=\"L1 230V 4A export\""));
}

/// The settings that telegrams show: by a record, by the header, or by where the meter answers.
const TOLD: [SettingId; 4] = [SettingId::Serial, SettingId::MbusId, SettingId::MbusBaud, SettingId::CtRatio];

#[test]
fn telegrams_are_compared_by_what_they_show_and_nothing_else() {
    for entry in with(PortId::Mbus) {
        let mut meter = Twin::new(entry, None, START);
        change(&mut meter, &[(SettingId::MbusId, 17), (SettingId::MbusBaud, 4_800), (SettingId::Tariff, 2)]);
        let file = facts(&mut meter);
        let told = read_mbus(&rail(meter));
        let text = format!(
            "{{\"profile\": 1, \"name\": \"n\", \"model\": \"{}\", \"settings\": {{\"mbus-id\": 17, \"mbus-baud\": 2400, \
             \"tariff\": 2, \"combination-code\": 4}}}}",
            entry.def.slug
        );
        let profile = Profile::parse(&text).unwrap();
        let rows = diff(entry, Some(&told), Some(&profile), None).unwrap();
        let open = |row: &&DiffRow| row.state == State::NotTold;
        for setting in entry.def.all_settings().filter(|setting| !setting.secret) {
            let row = rows.iter().find(|row| row.key == setting.id.key()).unwrap();
            assert_eq!(open(&row), !TOLD.contains(&setting.id), "{} {row:?}", entry.def.slug);
            assert_eq!(row.is_open(), ["tariff", "combination-code"].contains(&row.key), "{row:?}");
        }
        let state = |key: &str| rows.iter().find(|row| row.key == key).unwrap().state;
        assert_eq!((state("mbus-id"), state("mbus-baud")), (State::Equal, State::Differs));
        // Two other sides that differ do so whatever the meter is silent about.
        let three = diff(entry, Some(&told), Some(&profile), Some(&file)).unwrap();
        let code = three.iter().find(|row| row.key == "combination-code").unwrap();
        assert_eq!((code.state, code.is_open()), (State::Differs, false), "{code:?}");
        let tariff = three.iter().find(|row| row.key == "tariff").unwrap();
        assert_eq!(
            (tariff.state, tariff.is_open()),
            (State::NotTold, true),
            "the two others agree: {tariff:?}"
        );
        let table = diff_table(&rows);
        assert!(
            table
                .lines()
                .any(|line| line.starts_with("?  tariff") && line.contains("not told over the M-Bus"))
        );
    }
}

#[test]
fn the_tariff_of_the_input_is_not_taken_for_the_one_that_was_set() {
    let mut shown = 0;
    for entry in with(PortId::Mbus) {
        let mut meter = Twin::new(entry, None, START);
        change(&mut meter, &[(SettingId::MbusBaud, 9_600)]);
        let supply = *meter.supply();
        meter.set_supply(START, Supply { tariff_input: true, ..supply });
        drain(&mut meter);
        assert_eq!(meter.device().setting(SettingId::Tariff), Some(1));
        let told = read_mbus(&rail(meter));
        let counts = told.get(Source::Point(Point::State(StateOf::Tariff))).map(|fact| fact.value);
        // The PRO1 tells no tariff at all.
        assert!(matches!(counts, None | Some(2)), "{}: {counts:?}", entry.def.slug);
        shown += usize::from(counts.is_some());
        assert_eq!(told.told(SettingId::Tariff), None);
        let own = Profile::of_meter(&told, "own");
        assert!(!own.settings.iter().any(|it| it.key == "tariff"), "{own:?}");
        assert!(Profile::left_out(&told).any(|setting| setting.id == SettingId::Tariff));
        let passport = Passport::new(&made(&told, None));
        let tariff = passport.settings.iter().find(|it| it.key == "tariff").unwrap();
        assert_eq!((tariff.after.as_deref(), tariff.state.as_str()), (None, "not told over the M-Bus"));
    }
    assert!(shown > 0, "some model tells which tariff counts");
}

#[test]
fn a_profile_of_telegrams_fits_the_meter_and_is_written_back_there() {
    for entry in with(PortId::Mbus) {
        let mut meter = random_twin(entry, 3, 1_000_000);
        change(&mut meter, &[(SettingId::MbusBaud, 4_800)]);
        let told = read_mbus(&rail(meter));
        let profile = Profile::parse(&Profile::of_meter(&told, "own").to_json()).unwrap();
        assert!(profile.settings.iter().any(|it| it.key == "mbus-baud" && it.text == "4800"), "{profile:?}");
        let rows = diff(entry, Some(&told), Some(&profile), None).unwrap();
        assert!(rows.iter().all(|row| matches!(row.state, State::Equal | State::NotTold)), "{rows:#?}");
        assert!(!rows.iter().any(DiffRow::is_open), "{rows:#?}");
        let writes = profile.actions(entry).unwrap();
        assert!(writes.iter().any(|it| it.key() == "mbus-baud"), "{writes:?}");
        // A ratio is told there and written elsewhere: it stays in the profile and keeps nothing from being written.
        let ratio = profile.settings.iter().find(|it| it.key == "ct-ratio").map(|it| it.optional);
        assert_eq!(ratio, entry.def.metering.ct.map(|_| true), "{profile:?}");
        assert!(!writes.iter().any(|it| it.key() == "ct-ratio"), "{writes:?}");
    }
}

#[test]
fn a_passport_of_telegrams_says_what_they_do_not_tell() {
    let mut meter = MeterSpec::parse(
        "ambition-2pu-ct serial=70001 mbus-id=5 mbus-baud=9600 ct-ratio=500/5 load=\"L1 230V 3A\" load=\"L2 231V 2A\" \
         load=\"L3 229V 1A\"",
    )
    .unwrap()
    .build(None, START)
    .unwrap();
    drain(&mut meter);
    let told = read_mbus(&rail(meter));
    let record = record(
        "metertwin journal 1\nfound 70001 ambition-2pu-ct mbus 1 9600\nwas 70001 tariff 1\nwas 70001 mbus-id 1\n\
         1 70001 mbus-id intend 5 1\n2 70001 mbus-id proven 5\n3 70001 tariff intend 2 1\n4 70001 tariff acknowledged\n\
         5 70001 combination-code intend 2 -\n6 70001 combination-code unknown\n",
    );
    let passport = Passport::new(&made(&told, record.meter(70_001)));
    assert_eq!(Passport::parse(&passport.to_json()), Ok(passport.clone()));
    expect![[r#"
        Commissioning report

        Meter          inepro Metering Ambition 2PU CT
        Serial number  051200070001
        Spoken to as   address 5 at 9600 8E1
        Place          cabinet 3
        Operator       A. <Smith> & "sons"
        Time           today
        Program        metertwin 0

        Settings
                                          before     after
        Serial number, secondary address  not known  00070001   read
        Tariff                            not known  not known  acknowledged, not told over the M-Bus
        Pulse output rate                 not known  not known  not told over the M-Bus
        Pulse type                        not known  not known  not told over the M-Bus
        Pulse width                       not known  not known  not told over the M-Bus
        Modbus address                    not known  not known  not told over the M-Bus
        Modbus baud rate                  not known  not known  not told over the M-Bus
        Modbus parity                     not known  not known  not told over the M-Bus
        M-Bus address                     1          5          confirmed
        M-Bus baud rate                   not known  9600 Bd    read
        Backlight                         not known  not known  not told over the M-Bus
        OBIS codes                        not known  not known  not told over the M-Bus
        Combination code                  not known  not known  unknown, not told over the M-Bus
        Scroll time                       not known  not known  not told over the M-Bus
        Data type                         not known  not known  not told over the M-Bus
        Screen direction                  not known  not known  not told over the M-Bus
        CT ratio                          not known  500/5      read

        First readings
        L1 voltage                230.00 V
        L2 voltage                231.00 V
        L3 voltage                229.00 V
        L1 current                300.000 A
        L2 current                200.000 A
        L3 current                100.000 A
        Total active power        138.100 kW
        L1 active power           69.000 kW
        L2 active power           46.200 kW
        L3 active power           22.900 kW
        Total reactive power      0.000 kvar
        Total apparent power      138.100 kVA
        Total power factor        1.00
        Grid frequency            50.000 Hz
        Forward active energy     0.000 kWh
        Reverse active energy     0.000 kWh
        T1 forward active energy  0.000 kWh
        T1 reverse active energy  0.000 kWh
        T2 forward active energy  0.000 kWh
        T2 reverse active energy  0.000 kWh
        T3 forward active energy  0.000 kWh
        T3 reverse active energy  0.000 kWh
        T4 forward active energy  0.000 kWh
        T4 reverse active energy  0.000 kWh
        Forward reactive energy   0.000 kvarh
        Reverse reactive energy   0.000 kvarh

        Versions and checksums
        The meter told none this way.

        Wiring
        - All voltages are present: L1 230.0 V, L2 231.0 V, L3 229.0 V.
        - All currents that flow are forward, to the load.
        - The power factor is 1.00.
        - The powers of the phases add up to the whole, 138.100 kW.
        - The order of the phases is not told by any reading; check it with a rotating-field meter.

        What cannot be taken back
        - Combination code 5, from which there is no way back: not told over the M-Bus whether it was used.
        - CT ratio changes: at most 6 of 7 left (the meter does not tell over its bus what was used before; its display does).
        - First use of a tariff above 2, shown for ever: at most 1 of 1 left (the meter does not tell over its bus what was used before; its display does).
    "#]].assert_eq(&passport.to_text());
    let page = passport.to_html();
    assert!(page.contains("<td>acknowledged, not told over the M-Bus</td>"));
    assert!(page.contains("<h2>Versions and checksums</h2>\n<p>The meter told none this way.</p>"), "{page}");
}
