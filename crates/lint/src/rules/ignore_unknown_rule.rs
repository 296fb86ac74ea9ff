//! A comment or annotation ignores a rule that there is not.
//!
//! ## Why
//!
//! A code with a wrong letter ignores nothing, and whoever wrote it thinks that it does.
//!
//! ## Wrong
//!
//! ```yaml
//! ingress:
//!   - from:
//!       - podSelector: {} # sekisho: ignore[whole-namspace] every pod pushes its metrics here
//! ```
//!
//! ## Right
//!
//! ```yaml
//! ingress:
//!   - from:
//!       - podSelector: {} # sekisho: ignore[whole-namespace] every pod pushes its metrics here
//! ```
//!
//! ## How to mend
//!
//! Write the code, the name or the category of a rule: `sekisho rule` lists them.
//!
//! ## Sources
//!
//! `docs/check.md` says how findings are ignored.

use crate::rule::{Category, Rule, elsewhere};
use sekisho_core::diagnostic::Severity;

pub(crate) static RULE: Rule = Rule {
    code: "SK003",
    name: "ignore-unknown-rule",
    category: Category::Ignoring,
    severity: Severity::Warning,
    yields_to: &[],
    source: include_str!("ignore_unknown_rule.rs"),
    run: elsewhere,
};
