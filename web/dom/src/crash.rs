//! A panic of this module is a failure of the whole page, which shows it with the log of the session.

use std::cell::{Cell, RefCell};

use crate::host::Host;

thread_local! {
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
    static FAILED: Cell<bool> = const { Cell::new(false) };
}

/// Tells the page of every panic from now on.
pub fn install(host: &Host) {
    if HOST.replace(Some(host.clone())).is_some() {
        return;
    }
    std::panic::set_hook(Box::new(|info| {
        FAILED.set(true);
        let text = info.to_string();
        HOST.with(|host| {
            if let Ok(host) = host.try_borrow()
                && let Some(host) = host.as_ref()
            {
                host.ask("fail", &text.into());
            }
        });
    }));
}

/// Whether this module has failed. What was borrowed then stays so for good.
#[must_use]
pub fn failed() -> bool {
    FAILED.get()
}
