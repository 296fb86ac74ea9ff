//! Something is to be ignored, and nobody says why.
//!
//! ## Why
//!
//! Whoever reads the policy next year cannot ask. Without a reason nobody dares to take the comment out, and nobody knows
//! whether it was thought about at all. So what it would ignore is told all the same.
//!
//! ## Wrong
//!
//! ```yaml
//! ingress:
//!   - from:
//!       - namespaceSelector: {matchLabels: {team: batch}} # sekisho: ignore[SK301]
//! ```
//!
//! ## Right
//!
//! ```yaml
//! ingress:
//!   - from:
//!       - namespaceSelector: {matchLabels: {team: batch}} # sekisho: ignore[SK301] all of them push their metrics here
//! ```
//!
//! ## How to mend
//!
//! Write the reason behind the bracket; in the annotation `sekisho.dev/ignore` behind the colon: `SK301: why`.
//!
//! ## Sources
//!
//! `docs/check.md` says how findings are ignored.

use crate::rule::{Category, Rule, elsewhere};
use sekisho_core::diagnostic::Severity;

pub(crate) static RULE: Rule = Rule {
    code: "SK001",
    name: "ignore-without-reason",
    category: Category::Ignoring,
    severity: Severity::Warning,
    yields_to: &[],
    source: include_str!("ignore_without_reason.rs"),
    run: elsewhere,
};
