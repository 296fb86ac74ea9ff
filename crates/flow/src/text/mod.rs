//! Flows as lines of JSON, for files that are kept, joined and read again: `docs/flows.md`.
//!
//! Each line is a record that says its version itself, so files can be joined with `cat` and cut with
//! `grep`. Within a version fields may come, and a reader passes over those that it does not know; a
//! field that changes its meaning changes the version.

mod error;
mod leave;
mod lines;
pub mod parts;
mod read;
mod told;
mod value;
mod wire;
mod write;

pub use error::{ReadError, Trouble};
pub use lines::{Line, Lines, MOST_LINE};
pub use read::{Flows, read_line};
pub use told::{Head, Missing, Teller, Told, ToldError};
pub use write::{line, write};

/// The version that each line says it is of.
pub const VERSION: &str = "sekisho.flow/1";

/// The JSON Schema of a line.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<wire::Flow>()
}
