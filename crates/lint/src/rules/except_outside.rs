//! An exception that does not lie inside its block.
//!
//! ## Why
//!
//! `except` takes addresses away from the block that it stands in. What the block does not have cannot be taken away,
//! and the API server refuses the policy.
//!
//! ## Wrong
//!
//! ```yaml
//! - ipBlock:
//!     cidr: 10.0.0.0/16
//!     except: [10.1.0.0/24]
//! ```
//!
//! ## Right
//!
//! ```yaml
//! - ipBlock:
//!     cidr: 10.0.0.0/8
//!     except: [10.1.0.0/24]
//! ```
//!
//! ## How to mend
//!
//! Make the block as large as was meant, or leave the exception out.
//!
//! ## Sources
//!
//! The API comment of `IPBlock.except`; S19.

use crate::rule::{Category, Rule, elsewhere};
use sekisho_core::diagnostic::Severity;

pub(crate) static RULE: Rule = Rule {
    code: "SK108",
    name: "except-outside",
    category: Category::Correctness,
    severity: Severity::Error,
    yields_to: &[],
    source: include_str!("except_outside.rs"),
    run: elsewhere,
};
