//! What NetworkPolicy means.
//!
//! The semantic core of sekisho: the objects a verdict depends on ([`object`]), the question
//! ([`packet`]) and the answer ([`verdict`]), the plain evaluator that says what policies permit
//! ([`eval`]), the incremental index that does so fast ([`index`]), and canonical sets of addresses and ports ([`set`]).
//!
//! INVARIANT: this crate is pure. It does no I/O, reads no clock, knows no Kubernetes client
//! types, no netlink and no serialisation format. Comments cite the specification in
//! `docs/semantics.md` by number (`S14`).

pub mod diagnostic;
pub mod diff;
pub mod eval;
pub mod explain;
pub mod exposure;
pub mod index;
pub mod mend;
pub mod near;
pub mod object;
pub mod packet;
pub mod promise;
pub mod reach;
pub mod redundant;
pub mod set;
pub mod standard;
#[cfg(feature = "testing")]
pub mod testing;
pub mod threads;
pub mod verdict;
pub mod ways;
