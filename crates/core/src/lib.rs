//! What NetworkPolicy means.
//!
//! The semantic core of sekisho: the objects a verdict depends on ([`object`]), the plain
//! evaluator that says what they permit ([`eval`]), canonical sets of addresses and ports
//! ([`set`]).
//!
//! INVARIANT: this crate is pure. It does no I/O, reads no clock, knows no Kubernetes client
//! types, no netlink and no serialisation format. Comments cite the specification in
//! `docs/semantics.md` by number (`S14`).

pub mod object;
pub mod set;
