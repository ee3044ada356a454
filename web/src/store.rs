//! What the page keeps in IndexedDB: the meters' memory. Small words are in local storage ([`dom::store`]).

use dom::browser::window;
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbOpenDbRequest, IdbRequest, IdbTransactionMode};

pub use dom::store::{KEYS_OFF, local, set_local};

/// Name of the database, and of its one store.
const BASE: &str = "metertwin";
const STORE: &str = "nv";

/// What a request of IndexedDB gives in the end.
async fn done(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(promise).await?;
    request.result()
}

async fn open() -> Result<IdbDatabase, JsValue> {
    let factory = window().indexed_db()?.ok_or(JsValue::NULL)?;
    let request: IdbOpenDbRequest = factory.open_with_u32(BASE, 1)?;
    let upgraded = request.clone();
    let create = Closure::once_into_js(move || {
        if let Ok(base) = upgraded.result() {
            // Fails only where the store is there already, which version 1 rules out.
            let _ = base.unchecked_into::<IdbDatabase>().create_object_store(STORE);
        }
    });
    request.set_onupgradeneeded(Some(create.unchecked_ref()));
    done(&request).await.map(JsCast::unchecked_into)
}

/// The bytes kept under `key`; `None` where there are none or the browser keeps nothing.
pub async fn load(key: &str) -> Option<Vec<u8>> {
    let base = open().await.ok()?;
    let store = base.transaction_with_str(STORE).ok()?.object_store(STORE).ok()?;
    let value = done(&store.get(&key.into()).ok()?).await.ok();
    base.close();
    value?.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec())
}

/// Keeps `bytes` under `key`.
///
/// # Errors
/// The browser's own value where it refuses.
pub async fn save(key: String, bytes: Vec<u8>) -> Result<(), JsValue> {
    let base = open().await?;
    let transaction = base.transaction_with_str_and_mode(STORE, IdbTransactionMode::Readwrite)?;
    let request =
        transaction.object_store(STORE)?.put_with_key(&Uint8Array::from(bytes.as_slice()), &key.into())?;
    let result = done(&request).await;
    base.close();
    result.map(|_| ())
}
