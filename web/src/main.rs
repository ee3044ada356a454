//! The page. Mounted on `<body>` by the boot script once the WebAssembly module has been fetched.
#![forbid(unsafe_code)]

use leptos::prelude::*;

/// Short hash of the commit the page was built from, or `"unversioned"` outside a git checkout.
const BUILD: &str = match option_env!("METERTWIN_BUILD") {
    Some(build) => build,
    None => "unversioned",
};

/// The whole page.
#[component]
fn Page() -> impl IntoView {
    view! {
        <main data-build=BUILD>
            <h1>"Metertwin"</h1>
        </main>
    }
}

fn main() {
    mount_to_body(Page);
}
