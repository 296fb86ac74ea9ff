//! The dataplane: NetworkPolicy as nftables rules.
//!
//! A [`Program`] compiles the ruleset of one node out of the index, as a typed tree ([`tree`]), and
//! follows its changes.
//! [`text`] writes it for people, [`interpret`] says what it means, [`Transaction`] changes one
//! state into the next, and [`fake`] follows transactions in memory as the kernel does.
//!
//! INVARIANT: this crate reads no manifests. What it cannot express is an error, never left out.

mod compile;
pub mod conntrack;
mod drift;
pub mod fake;
pub mod interpret;
pub mod log;
pub mod names;
mod netlink;
mod program;
pub mod text;
mod transaction;
pub mod tree;

pub use compile::frames;
pub use drift::Drift;
pub use netlink::{Bridge, Kernel, LinkMonitor, Links, Monitor, NetlinkError};
pub use program::Program;
pub use transaction::{Entrance, Operation, Programmed, Transaction};
