//! A line's parameters and its errors as they cross from one module of the page to the other.

use js_sys::Array;
use units::{DataBits, LineError, LineParams, Parity};
use wasm_bindgen::JsValue;

/// Three numbers: speed, parity (0 even, 1 none, 2 odd), data bits.
#[must_use]
pub fn to_js(line: LineParams) -> Array {
    let parity = match line.parity {
        Parity::Even => 0,
        Parity::None => 1,
        Parity::Odd => 2,
    };
    let bits = match line.data_bits {
        DataBits::Seven => 7,
        DataBits::Eight => 8,
    };
    Array::of3(&line.baud.into(), &parity.into(), &bits.into())
}

/// The line of three numbers; what is none of them counts as 0.
#[must_use]
pub fn of_js(value: &JsValue) -> LineParams {
    let numbers = Array::from(value);
    let number = |place: u32| numbers.get(place).as_f64().unwrap_or(0.0) as u32;
    let parity = match number(1) {
        1 => Parity::None,
        2 => Parity::Odd,
        _ => Parity::Even,
    };
    let data_bits = if number(2) == 7 { DataBits::Seven } else { DataBits::Eight };
    LineParams { baud: number(0), parity, data_bits }
}

/// The line error of its words.
#[must_use]
pub fn error_of(words: &str) -> LineError {
    const ALL: [LineError; 4] = [LineError::Parity, LineError::Framing, LineError::Overrun, LineError::Break];
    ALL.into_iter().find(|error| error.to_string() == words).unwrap_or(LineError::Framing)
}
