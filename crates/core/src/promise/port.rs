//! Ports that a promise is about.

use crate::{
    object::{ContainerPort, Pod},
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
    /// Every container port of the pod that is reached.
    Declared,
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
            Self::Declared => declared(pod, |_| true),
            Self::Named(protocol, name) => declared(pod, |port| {
                port.name.as_ref() == Some(name) && protocol.is_none_or(|asked| asked == port.protocol)
            }),
        }
    }

    /// Whether it depends on the pod that is reached.
    #[must_use]
    pub fn is_of_pod(&self) -> bool {
        matches!(self, Self::Declared | Self::Named(..))
    }
}

impl fmt::Display for PromisedPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Protocol(protocol) => protocol.fmt(f),
            Self::Range(protocol, range) => write!(f, "{protocol}/{range}"),
            Self::Declared => f.write_str("declared"),
            Self::Named(Some(protocol), name) => write!(f, "{protocol}/{name}"),
            Self::Named(None, name) => f.write_str(name),
        }
    }
}

fn declared(pod: Option<&Pod>, is_meant: impl Fn(&ContainerPort) -> bool) -> PortSet {
    let ports = pod.into_iter().flat_map(|pod| pod.ports.iter()).filter(|port| is_meant(port));
    ports.fold(PortSet::empty(), |set, port| set.union(&PortSet::port(port.protocol, port.number)))
}
