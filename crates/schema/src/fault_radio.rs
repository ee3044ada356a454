//! The check of a radio and of the app that speaks over it, at compile time.

use crate::fault::{Fault, Table, What, fault, find_setting, source_is_known};
use crate::{
    Access, AppDef, AppEdit, AppPageDef, AppSettingDef, CommandId, Kind, MatrixDef, ModelDef, RadioDef,
};

/// What a row of the register map may be wanted for.
enum Wanted {
    /// It holds this register.
    Address(u16),
    /// It takes this command.
    Command(CommandId),
}

/// True where the register map has a row that is wanted.
const fn has_row(model: &ModelDef, wanted: &Wanted) -> bool {
    let mut blocks = model.registers;
    while let [block, rest @ ..] = blocks {
        let mut rows = block.rows;
        while let [row, tail @ ..] = rows {
            let fits = match (wanted, row.access) {
                (Wanted::Address(addr), _) => row.addr <= *addr && (*addr as u32) < row.end(),
                (Wanted::Command(id), Access::Command(own, _)) => own as u8 == *id as u8,
                _ => false,
            };
            if fits {
                return true;
            }
            rows = tail;
        }
        blocks = rest;
    }
    false
}

const fn page_fault(model: &ModelDef, page: &AppPageDef, n: usize) -> Option<Fault> {
    if page.title.is_empty() {
        return fault(Table::AppPages, n, What::Text);
    }
    if page.from > page.to || !has_row(model, &Wanted::Address(page.from)) {
        return fault(Table::AppPages, n, What::UnknownRegister);
    }
    let mut others = page.others;
    while let [(addr, _), rest @ ..] = others {
        if *addr < page.from || *addr > page.to || !has_row(model, &Wanted::Address(*addr)) {
            return fault(Table::AppPages, n, What::UnknownRegister);
        }
        others = rest;
    }
    None
}

const fn setting_fault(model: &ModelDef, row: &AppSettingDef, n: usize) -> Option<Fault> {
    if row.label.is_empty() {
        return fault(Table::AppSettings, n, What::Text);
    }
    let id = match row.edit {
        AppEdit::Setting(id) | AppEdit::Range(id, ..) => id,
        AppEdit::Reset { command, shows } => {
            let known = source_is_known(model, shows) && has_row(model, &Wanted::Command(command));
            return if known { None } else { fault(Table::AppSettings, n, What::UnknownSetting) };
        }
    };
    let Some(setting) = find_setting(model, id) else {
        return fault(Table::AppSettings, n, What::UnknownSetting);
    };
    // What is saved is proven by reading it back, and a secret cannot be. That no register shows a setting is no fault: the
    // app of a meter can offer what its list of registers leaves out.
    if setting.secret {
        return fault(Table::AppSettings, n, What::UnknownSetting);
    }
    if let AppEdit::Range(_, least, most) = row.edit
        && (least > most || !setting.accepts(least) || !setting.accepts(most))
    {
        return fault(Table::AppSettings, n, What::TakesOtherValues);
    }
    let mut words = row.words;
    while let [(value, word), rest @ ..] = words {
        if !setting.accepts(*value) {
            return fault(Table::AppSettings, n, What::TakesOtherValues);
        }
        if word.is_empty() {
            return fault(Table::AppSettings, n, What::Text);
        }
        words = rest;
    }
    None
}

const fn app_fault(model: &ModelDef, app: &AppDef) -> Option<Fault> {
    let words = [app.name, app.kind, app.section, app.question, app.error];
    let mut rest: &[&str] = &words;
    while let [first, tail @ ..] = rest {
        if first.is_empty() {
            return fault(Table::Model, 0, What::Text);
        }
        rest = tail;
    }
    let mut items = app.device;
    while let [item, rest @ ..] = items {
        if item.label.is_empty() || !source_is_known(model, item.source) {
            return fault(Table::Model, 0, What::UnknownSetting);
        }
        items = rest;
    }
    let mut n = 0;
    let mut pages = app.pages;
    while let [page, rest @ ..] = pages {
        if let Some(found) = page_fault(model, page, n) {
            return Some(found);
        }
        n += 1;
        pages = rest;
    }
    let mut n = 0;
    let mut rows = app.settings;
    while let [row, rest @ ..] = rows {
        if let Some(found) = setting_fault(model, row, n) {
            return Some(found);
        }
        n += 1;
        rows = rest;
    }
    None
}

/// The first thing wrong with the radio of a face, or with the app that speaks over it.
pub(crate) const fn radio_fault(model: &ModelDef, face: &MatrixDef, radio: &RadioDef) -> Option<Fault> {
    if radio.packet == 0 || radio.gap.is_zero() || radio.open.is_zero() {
        return fault(Table::Model, 0, What::Limit);
    }
    if let Some(addr) = radio.lock {
        if has_row(model, &Wanted::Address(addr)) {
            return fault(Table::Model, 0, What::Overlap);
        }
        // One register has room for four digits.
        match find_setting(model, face.password) {
            Some(setting) if matches!(setting.kind, Kind::Digits(1..=4)) => {}
            _ => return fault(Table::Model, 0, What::UnknownSetting),
        }
    }
    match radio.app {
        Some(app) => app_fault(model, app),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::first_fault;
    use crate::fault_matrix::tests::{FACE, GOOD};
    use crate::*;
    use units::{Duration, Unit};

    const SECRET: &[SettingDef] = &[SettingDef {
        id: SettingId::Password,
        kind: Kind::Digits(4),
        default: 0,
        unit: Unit::None,
        permission: Permission::PanelOnly,
        effect: Effect::Now,
        secret: true,
    }];
    const SETTINGS: [&[SettingDef]; 2] = [GOOD.settings[0], SECRET];
    const RADIO: RadioDef = FACE.radio.unwrap();
    const PAGE: AppPageDef =
        AppPageDef { title: "Values", from: GOOD.registers[0].rows[0].addr, to: 0xFFFF, others: &[] };
    const ROW: AppSettingDef = AppSettingDef {
        label: "Scroll",
        edit: AppEdit::Range(SettingId::ScrollTime, 1, 30),
        words: &[],
        unit: "s",
    };
    const APP: AppDef = AppDef {
        name: "App",
        section: "4",
        kind: "Type",
        device: &[],
        pages: &[PAGE],
        settings: &[ROW],
        question: "Sure?",
        error: "Error",
    };

    fn found(radio: RadioDef) -> Option<(Table, usize, What)> {
        let face = MatrixDef { radio: Some(radio), password: SettingId::Password, ..FACE };
        let matrix: Option<&'static MatrixDef> = Some(Box::leak(Box::new(face)));
        first_fault(&ModelDef { settings: &SETTINGS, matrix, ..GOOD }).map(|it| (it.table, it.row, it.what))
    }

    fn of(app: AppDef) -> Option<(Table, usize, What)> {
        found(RadioDef { app: Some(Box::leak(Box::new(app))), ..RADIO })
    }

    fn row(row: AppSettingDef) -> Option<(Table, usize, What)> {
        of(AppDef { settings: Box::leak(Box::new([ROW, row])), ..APP })
    }

    #[test]
    fn a_good_radio_and_a_good_app_have_no_fault() {
        assert_eq!(found(RADIO), None);
        assert_eq!(found(RadioDef { lock: Some(0x4F00), ..RADIO }), None);
        assert_eq!(of(APP), None);
        assert_eq!(row(ROW), None);
    }

    #[test]
    fn limits_and_the_lock_of_a_radio() {
        let model = |what| Some((Table::Model, 0, what));
        assert_eq!(found(RadioDef { packet: 0, ..RADIO }), model(What::Limit));
        assert_eq!(found(RadioDef { gap: Duration::ZERO, ..RADIO }), model(What::Limit));
        assert_eq!(found(RadioDef { open: Duration::ZERO, ..RADIO }), model(What::Limit));
        assert_eq!(found(RadioDef { lock: Some(PAGE.from), ..RADIO }), model(What::Overlap));
        let face = MatrixDef { radio: Some(RadioDef { lock: Some(0x4F00), ..RADIO }), ..FACE };
        let matrix: Option<&'static MatrixDef> = Some(Box::leak(Box::new(face)));
        let number = first_fault(&ModelDef { matrix, ..GOOD }).map(|it| it.what);
        assert_eq!(number, Some(What::UnknownSetting), "a password that has no digits");
    }

    #[test]
    fn rows_of_the_app_lead_to_what_the_meter_has() {
        let setting = |what| Some((Table::AppSettings, 1, what));
        assert_eq!(row(AppSettingDef { label: "", ..ROW }), setting(What::Text));
        let edit = AppEdit::Setting(SettingId::MbusId);
        assert_eq!(row(AppSettingDef { edit, ..ROW }), setting(What::UnknownSetting));
        let edit = AppEdit::Setting(SettingId::Password);
        assert_eq!(row(AppSettingDef { edit, ..ROW }), setting(What::UnknownSetting));
        let edit = AppEdit::Range(SettingId::ScrollTime, 0, 30);
        assert_eq!(row(AppSettingDef { edit, ..ROW }), setting(What::TakesOtherValues));
        let edit = AppEdit::Range(SettingId::ScrollTime, 30, 1);
        assert_eq!(row(AppSettingDef { edit, ..ROW }), setting(What::TakesOtherValues));
        assert_eq!(row(AppSettingDef { words: &[(31, "long")], ..ROW }), setting(What::TakesOtherValues));
        assert_eq!(row(AppSettingDef { words: &[(3, "")], ..ROW }), setting(What::Text));
        let edit = AppEdit::Reset { command: CommandId::ResetPowerDowns, shows: Source::Zero };
        assert_eq!(row(AppSettingDef { edit, ..ROW }), setting(What::UnknownSetting));
    }

    #[test]
    fn pages_of_the_app_lie_in_the_register_map() {
        let page = |page| of(AppDef { pages: Box::leak(Box::new([page])), ..APP });
        let pages = |what| Some((Table::AppPages, 0, what));
        assert_eq!(page(AppPageDef { title: "", ..PAGE }), pages(What::Text));
        assert_eq!(page(AppPageDef { from: 0x0001, ..PAGE }), pages(What::UnknownRegister));
        assert_eq!(page(AppPageDef { to: 0, ..PAGE }), pages(What::UnknownRegister));
        assert_eq!(page(AppPageDef { others: &[(1, Unit::Volt)], ..PAGE }), pages(What::UnknownRegister));
        let device = &[HeaderItemDef {
            label: "Id",
            source: Source::Setting(SettingId::MbusId),
            form: HeaderForm::Number,
        }];
        assert_eq!(of(AppDef { device, ..APP }), Some((Table::Model, 0, What::UnknownSetting)));
        assert_eq!(of(AppDef { name: "", ..APP }), Some((Table::Model, 0, What::Text)));
    }
}
