//! The dataplane: NetworkPolicy as nftables rules.
//!
//! The ruleset of one node is a typed tree ([`tree`]).
//! [`text`] writes it for people, [`interpret`] says what it means, [`Transaction`] changes one
//! state into the next, and [`fake`] follows transactions in memory as the kernel does.
//!
//! INVARIANT: this crate reads no manifests. What it cannot express is an error, never left out.

pub mod fake;
pub mod interpret;
pub mod text;
mod transaction;
pub mod tree;

pub use transaction::{Operation, Programmed, Transaction};
