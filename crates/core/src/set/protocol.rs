//! Protocols with ports, and ranges of ports.

use std::{fmt, num::NonZeroU16, str::FromStr};
use thiserror::Error;

/// A protocol that a NetworkPolicy port can name (S12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP, the default.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// Every protocol, in the order in which output lists them.
    pub const ALL: [Self; 3] = [Self::Tcp, Self::Udp, Self::Sctp];

    /// The protocol's number in an IP header (IANA).
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Sctp => 132,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        })
    }
}

/// A text that names no protocol.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a protocol: write TCP, UDP or SCTP")]
pub struct ProtocolError(String);

impl FromStr for Protocol {
    type Err = ProtocolError;

    /// Reads the name without regard to case, as people type it. (Manifests are stricter: the reader
    /// accepts upper case only, as the API server does.)
    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.to_string().eq_ignore_ascii_case(text))
            .ok_or_else(|| ProtocolError(text.to_owned()))
    }
}

/// A non-empty range of ports from 1 to 65535, both ends included (S13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    first: NonZeroU16,
    last: NonZeroU16,
}

impl PortRange {
    /// The range `first..=last`, or `None` when `first` is zero or after `last`.
    #[must_use]
    pub fn new(first: u16, last: u16) -> Option<Self> {
        let (first, last) = (NonZeroU16::new(first)?, NonZeroU16::new(last)?);
        (first <= last).then_some(Self { first, last })
    }

    /// The range of one port, or `None` for port zero.
    #[must_use]
    pub fn single(port: u16) -> Option<Self> {
        Self::new(port, port)
    }

    /// The first port.
    #[must_use]
    pub fn first(self) -> u16 {
        self.first.get()
    }

    /// The last port.
    #[must_use]
    pub fn last(self) -> u16 {
        self.last.get()
    }

    /// Whether `port` lies in the range.
    #[must_use]
    pub fn contains(self, port: u16) -> bool {
        (self.first()..=self.last()).contains(&port)
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { self.first.fmt(f) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}
