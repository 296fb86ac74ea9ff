//! Tracked connections: which there are, and cutting those that policy forbids now.
//!
//! A change of policy reaches a packet that opens a connection by the rules; one that belongs to an
//! open connection is accepted before them (S30). So after a change the connections that are no longer
//! allowed are cut (S31): their entry gets a label by which the first rule of every base chain refuses
//! them, in both directions; the rule is there while some connection has the label, for a look at every
//! packet is not free. Deleting the entry would not do it: the next packet of the other end makes
//! a new one, in the other direction, which policy may allow.

mod entry;
mod look;
mod message;
mod opened;
mod table;
mod translation;

pub use entry::{Connection, Tuple};
pub use look::{Found, Looker, Scope};
pub use opened::{Heard, Lost, Opened, Openings};
pub use table::{Conntrack, Swept};

/// `NLA_F_NESTED`: the value is attributes itself.
const NESTED: u16 = 1 << 15;
