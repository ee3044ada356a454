//! The types in which a meter is described, once: registers, settings, pages, glass, keys and limits.
//!
//! A description is a constant. From it come the slave, the panel, the form, the read plan, the documents and the
//! tests. This crate holds the types, the codecs both ways, the one range check ([`SettingDef::check`]) and the
//! check of the description itself ([`first_fault`]); it holds no state and names no meter.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod app;
mod codec;
mod condition;
mod counters;
mod fault;
mod fault_matrix;
mod fault_mbus;
mod fault_radio;
mod glass;
mod matrix;
mod mbus;
mod model;
mod note;
mod optical;
mod page;
mod pulse;
mod register;
mod setting;

pub use app::{AppDef, AppEdit, AppPageDef, AppSettingDef};
pub use codec::{Codec, CodecError};
pub use condition::{Conditions, ErrorDef};
pub use counters::{CtDef, TripDef, TripOf};
pub use fault::{Fault, Table, What as FaultKind, first_fault};
pub use glass::{Cell, Dot, GlassDef, SegmentGlass};
pub use matrix::{
    HeaderForm, HeaderItemDef, HistoryDef, HistorySlotDef, MatrixDef, MatrixGlass, MatrixKeys, MatrixTimes,
    MatrixWords, MenuEdit, MenuItemDef, RadioDef, ReadingDef, ReadingForm, RegisterLineDef, RegistersDef,
};
pub use mbus::{MbusDef, RecordDef, RecordForm, RecordWriteDef, Target, TelegramDef};
pub use model::{
    BacklightDef, Combination, Decimals, IdentityDef, KeyDef, KeyId, MemorySizes, MeteringDef, ModbusDef,
    ModelDef, PairDef, PanelDef, PortId, PulseWidth, TariffInputDef,
};
pub use note::{
    Citation, DrawingDef, FaceNotes, Fact, Label, MasterNotes, Misprint, ModelNotes, ModelSources, Note,
    TerminalDef, TerminalKind, labels, names,
};
pub use optical::{ObisDef, OpticalDef, OpticalRefusal, ValueText, parse_value_text};
pub use page::{Edit, FieldDef, Format, Gate, Hold, MenuId, PageDef, PageId, Scroll};
pub use pulse::{PulseOf, PulseOutputDef};
pub use register::{Access, Argument, Block, CommandId, IdentityOf, RegisterDef, Rule, Source, Unmapped};
pub use setting::{
    Choice, Effect, Keep, Kind, Permission, RangeFault, SettingDef, SettingId, SettingText, SettingTextError,
};
