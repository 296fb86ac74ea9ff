//! Names of addresses, from the answers that pods get to their DNS questions.
//!
//! Only where a [`Program`](crate::Program) is told to: then rules copy answers over UDP to pods of the node, on
//! connections that the pods themselves opened to port 53. So nobody names an address for a pod but whom it asked. What is
//! asked over TCP, or encrypted, is not seen.

mod answer;
mod listener;

pub use answer::{Answer, Named};
pub use listener::{Heard, NameListener};

/// The port of DNS (RFC 1035, 4.2).
pub(crate) const PORT: u16 = 53;
/// How many bytes of an answer are handed over: those of a frame of Ethernet. What is longer comes in fragments, which
/// the kernel puts together; what stands beyond is not read.
pub(crate) const LONGEST: u32 = 1500;
