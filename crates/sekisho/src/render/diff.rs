//! Differences, in every form.

mod csv;
mod dot;
mod markdown;
mod table;
mod words;

pub(crate) use csv::write as csv;
pub(crate) use dot::write as dot;
pub(crate) use markdown::write as markdown;
pub(crate) use table::write as table;
