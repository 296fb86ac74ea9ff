//! Ports that a promise is about.

use crate::{
    object::Pod,
    set::{PortRange, PortSet, Protocol},
};
use std::{fmt, sync::Arc};

/// An entry of a promise's ports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PromisedPort {
    /// Every port of every protocol, and protocols without ports.
    All,
    /// Every port of a protocol.
    Protocol(Protocol),
    /// A port or a range of ports.
    Range(Protocol, PortRange),
    /// The container ports of this name on the pod that is reached, of one protocol or of any (S14).
    Named(Option<Protocol>, Arc<str>),
}

impl PromisedPort {
    /// The ports that are meant on `pod`, or on an address where it is none: an address has no names for
    /// its ports.
    #[must_use]
    pub fn on(&self, pod: Option<&Pod>) -> PortSet {
        match self {
            Self::All => PortSet::all(),
            Self::Protocol(protocol) => PortSet::every(*protocol),
            Self::Range(protocol, range) => PortSet::range(*protocol, *range),
            Self::Named(protocol, name) => {
                let ports = pod.into_iter().flat_map(|pod| &pod.ports).filter(|port| {
                    port.name.as_ref() == Some(name) && protocol.is_none_or(|asked| asked == port.protocol)
                });
                ports
                    .fold(PortSet::empty(), |set, port| set.union(&PortSet::port(port.protocol, port.number)))
            }
        }
    }
}

impl PromisedPort {
    /// The name that it has to be looked up by.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Named(_, name) => Some(name),
            Self::All | Self::Protocol(_) | Self::Range(..) => None,
        }
    }
}

impl fmt::Display for PromisedPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Protocol(protocol) => protocol.fmt(f),
            Self::Range(protocol, range) => write!(f, "{protocol}/{range}"),
            Self::Named(Some(protocol), name) => write!(f, "{protocol}/{name}"),
            Self::Named(None, name) => f.write_str(name),
        }
    }
}
