//! A block that is written with host bits.
//!
//! ## Why
//!
//! `10.1.2.3/8` is read as `10.0.0.0/8`. Either the length or the address is not what was meant, and who reads it in
//! review sees one machine where sixteen million addresses stand.
//!
//! ## Wrong
//!
//! ```yaml
//! - ipBlock:
//!     cidr: 10.1.2.3/8
//! ```
//!
//! ## Right
//!
//! ```yaml
//! - ipBlock:
//!     cidr: 10.0.0.0/8
//! ```
//!
//! ## How to mend
//!
//! Write the network as it is read, or `/32` for the one address. `--fix` writes the network: no connection changes.
//!
//! ## Sources
//!
//! S19. Kubernetes warns of such blocks since 1.33 (KEP-4858).

use crate::rule::{Category, Rule, elsewhere};
use sekisho_core::diagnostic::Severity;

pub(crate) static RULE: Rule = Rule {
    code: "SK110",
    name: "host-bits",
    category: Category::Correctness,
    severity: Severity::Warning,
    yields_to: &[],
    source: include_str!("host_bits.rs"),
    run: elsewhere,
};
