//! Canonical sets of addresses and ports, and their algebra.
//!
//! INVARIANT: equal sets have equal representations, so `==`, `Ord` and `Hash` mean set equality.

mod address;
mod cidr;
mod internet;
mod interval;
mod port;
mod protocol;

pub use address::AddressSet;
pub use cidr::{Cidr, CidrError};
pub use interval::{Bound, IntervalSet};
pub use port::PortSet;
pub use protocol::{PortRange, Protocol, ProtocolError};
