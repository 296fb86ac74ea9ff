//! A manifest that cannot be read, or that the API server would refuse.
//!
//! ## Why
//!
//! What is refused is not there: `kubectl apply` stops, or goes on with the rest, and the pods that the policy was
//! for stay as they were. A file that does not parse may hide any number of other mistakes.
//!
//! ## Wrong
//!
//! ```yaml
//! spec:
//!   podSelector: {}
//!   policyTypes: [Inbound]
//! ```
//!
//! ## Right
//!
//! ```yaml
//! spec:
//!   podSelector: {}
//!   policyTypes: [Ingress]
//! ```
//!
//! ## How to mend
//!
//! The finding names the field and what it takes. What is read and what refused is in `docs/manifests.md`.
//!
//! ## Sources
//!
//! The validation of `networking.k8s.io/v1` in Kubernetes (`pkg/apis/networking/validation`); S43.

use crate::rule::{Category, Rule, elsewhere};
use sekisho_core::diagnostic::Severity;

pub(crate) static RULE: Rule = Rule {
    code: "SK100",
    name: "unreadable",
    category: Category::Correctness,
    severity: Severity::Error,
    yields_to: &[],
    source: include_str!("unreadable.rs"),
    run: elsewhere,
};
