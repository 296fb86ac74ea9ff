//! TLS between the hub and the agents, and of whoever asks the hub.
//!
//! Both ends of a connection between hub and agent show a certificate of one authority, and each knows by a name whom it
//! talks to: an agent is [`AGENT`] and the hub [`HUB`]. An agent does not show itself by its node's name: what
//! protects the hub from a false agent is that the authority signs for agents alone, and addresses of nodes
//! change.
//!
//! INVARIANT: who shows no certificate, another authority's or another name does not get past the greeting.

mod credentials;
mod named;

pub use credentials::{Credentials, Error, Files};
pub use named::HTTP;

/// The name that agents show.
pub const AGENT: &str = "sekisho-agent";
/// The name that the hub shows.
pub const HUB: &str = "sekisho-hub";
