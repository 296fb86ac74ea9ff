//! Findings that people keep quiet, with a reason, beside what they are about.
//!
//! ```yaml
//! - podSelector: {} # sekisho: ignore[SK301] every pod of the namespace pushes metrics here
//! ```
//!
//! or, on a policy, the annotation `sekisho.dev/ignore: "SK301: every pod pushes metrics here"`. Who reads manifests
//! finds these texts and says what they cover; what they mean is said here.

mod parse;
mod silence;

pub use parse::{is_ignore, of_annotation, of_comment};
pub use silence::{Silence, Silenced, silence};

use crate::config::Choice;
use sekisho_core::object::{ObjectKey, Origin};
use std::{ops::RangeInclusive, sync::Arc};

/// What an ignore is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Covers {
    /// What begins on these lines of a text.
    Lines(Arc<str>, RangeInclusive<u32>),
    /// What is about this policy, or lies in its text.
    Policy(ObjectKey, Origin),
}

/// Some rules that are to be quiet about something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// The rules, as they were written; none where that cannot be made out.
    pub rules: Vec<Choice>,
    /// Why; empty where nobody says.
    pub reason: String,
    /// What it is about.
    pub covers: Covers,
    /// Where it is written.
    pub origin: Origin,
    /// Whether it is a comment of its own, which can be taken out alone.
    pub is_comment: bool,
}
