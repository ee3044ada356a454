//! The PRO1-Mod against the PRO1 manual v2.18 and against bytes recorded from meters of its family.

use models::PRO1_MOD;
use schema::{Access, Permission, Scroll, SettingId, Source};

/// The words of a row of a meter as it leaves the factory.
fn birth(addr: u16) -> Vec<u16> {
    let (_, row) = PRO1_MOD.register(addr).unwrap();
    let value = match row.source {
        Source::Setting(id) => i64::from(PRO1_MOD.setting(id).unwrap().1.default),
        Source::Identity(of) => PRO1_MOD.identity.value(of),
        Source::Zero => 0,
        other => panic!("{addr:04X}h shows {other:?}, which is not fixed at birth"),
    };
    let words = row.codec.encode(value, PRO1_MOD.unit(row.source));
    words[..usize::from(row.codec.words())].to_vec()
}

#[test]
fn the_birth_image_is_that_of_the_family() {
    for (addr, words) in [
        (0x4000, &[0x1307, 0x0001][..]),
        (0x4002, &[0x0101]),
        (0x4003, &[0x0001]),
        (0x4004, &[0x2580]),
        (0x4005, &[0x404C, 0xCCCD]),
        (0x4007, &[0x400B, 0x851F]),
        (0x4009, &[0x3FA8, 0xF5C3]),
        (0x400B, &[0x002D]),
        (0x400C, &[0x0000]),
        (0x400D, &[0x447A, 0x0000]),
        (0x400F, &[0x0001]),
        (0x4010, &[0x0010]),
        (0x4011, &[0x0001]),
        (0x4013, &[0x0000]),
        (0x401B, &[0x0D01, 0x2D35]),
        (0x401F, &[0x0000]),
        (0x6048, &[0x0001]),
    ] {
        assert_eq!(birth(addr), words, "{addr:04X}h");
    }
}

#[test]
fn the_map_has_no_hole_where_the_manual_has_none() {
    let mut spans: Vec<(u16, u32)> = Vec::new();
    for row in PRO1_MOD.all_registers() {
        match spans.last_mut() {
            Some((_, end)) if *end == u32::from(row.addr) => *end = row.end(),
            _ => spans.push((row.addr, row.end())),
        }
    }
    assert_eq!(spans, [(0x4000, 0x4020), (0x5000, 0x5032), (0x6000, 0x604B)]);
    assert_eq!(PRO1_MOD.memory().image, 32 + 50 + 75);
}

#[test]
fn what_can_be_written_is_the_manuals_list() {
    let writable: Vec<u16> =
        PRO1_MOD.all_registers().filter(|row| row.access != Access::Read).map(|row| row.addr).collect();
    assert_eq!(writable, [0x4003, 0x4004, 0x400D, 0x400F, 0x4010, 0x4011, 0x4016, 0x6048, 0x6049]);
    let old = PRO1_MOD.registers.iter().flat_map(|block| block.rows).filter(|row| row.addr < 0x4000);
    assert_eq!(old.clone().count(), 13 + 26 + 36);
    assert!(old.clone().all(|row| row.access == Access::Read));
    assert!(PRO1_MOD.register(0x1030).is_none(), "the name of very old firmware is left out");
}

#[test]
fn settings_without_register_say_so() {
    for setting in PRO1_MOD.all_settings() {
        let panel_only = matches!(setting.permission, Permission::PanelOnly | Permission::PanelOpen);
        assert_eq!(PRO1_MOD.register_of(setting.id).is_none(), panel_only, "{}", setting.id.key());
        assert_eq!(setting.secret, setting.id == SettingId::Password, "{}", setting.id.key());
    }
}

#[test]
fn direction_and_total_scroll_at_birth() {
    let always: Vec<&str> = PRO1_MOD
        .all_pages()
        .filter(|(_, page)| page.scroll == Scroll::Always)
        .map(|(_, page)| page.label)
        .collect();
    assert_eq!(always, ["", "KWhtot"]);
}
