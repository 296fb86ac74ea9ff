//! A field that the object does not have: mistyped, or indented one level too deep.
//!
//! ## Why
//!
//! The API server refuses it, or, asked to be lenient, drops it without a word. A dropped `ports` opens every port; a
//! dropped `policyTypes` leaves egress open.
//!
//! ## Wrong
//!
//! ```yaml
//! ingress:
//!   - from:
//!       - podSelector: {}
//!         ports:
//!           - port: 8080
//! ```
//!
//! ## Right
//!
//! ```yaml
//! ingress:
//!   - from:
//!       - podSelector: {}
//!     ports:
//!       - port: 8080
//! ```
//!
//! ## How to mend
//!
//! Indent the key as the finding says, or write the name that was meant.
//!
//! ## Sources
//!
//! The API comments of `networking.k8s.io/v1`; S43.

use crate::rule::{Category, Rule, elsewhere};
use sekisho_core::diagnostic::Severity;

pub(crate) static RULE: Rule = Rule {
    code: "SK101",
    name: "unknown-field",
    category: Category::Correctness,
    severity: Severity::Error,
    yields_to: &[],
    source: include_str!("unknown_field.rs"),
    run: elsewhere,
};
