mod bench;
mod grammar;
mod manual;
pub mod model;
