//! A comment or annotation ignores what is not found there.
//!
//! ## Why
//!
//! What it was for is gone, or it stands on the wrong line and never worked. Left where it is, it keeps the next mistake of
//! the kind quiet, which nobody has thought about.
//!
//! ## Wrong
//!
//! ```yaml
//! ingress:
//!   - from:
//!       - podSelector: # sekisho: ignore[SK301] every pod of the namespace pushes its metrics here
//!           matchLabels:
//!             app: web
//! ```
//!
//! ## Right
//!
//! ```yaml
//! ingress:
//!   - from:
//!       - podSelector:
//!           matchLabels:
//!             app: web
//! ```
//!
//! ## How to mend
//!
//! Take it out; `--fix --unsafe-fixes` does. A comment is about what begins on its own line or, alone on a line, on the next; at the head
//! of a document about all of it.
//!
//! ## Sources
//!
//! `docs/check.md` says how findings are ignored.

use crate::rule::{Category, Rule, elsewhere};
use sekisho_core::diagnostic::Severity;

pub(crate) static RULE: Rule = Rule {
    code: "SK002",
    name: "ignore-for-nothing",
    category: Category::Ignoring,
    severity: Severity::Warning,
    yields_to: &[],
    source: include_str!("ignore_for_nothing.rs"),
    run: elsewhere,
};
