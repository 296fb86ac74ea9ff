//! What flows carry.

use sekisho_core::{packet::Traffic, set::Protocol};
use std::fmt;

/// What the connections of a flow carry: the core's [`Traffic`], more precise where an observer is, and
/// less where flows were folded because there were too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carried {
    /// A protocol with ports, and the destination's port.
    Port(Protocol, u16),
    /// Some ports of a protocol, no longer told apart.
    AnyPort(Protocol),
    /// ICMP for IPv4: type, and code where it is known.
    Icmp(u8, Option<u8>),
    /// ICMPv6: type, and code where it is known.
    Icmpv6(u8, Option<u8>),
    /// Any other protocol by its IP number; also ICMP and ICMPv6 (1, 58) whose type is not known.
    Other(u8),
    /// Nobody can say any more.
    Anything,
}

impl Carried {
    /// The IP numbers of ICMP and ICMPv6 (IANA).
    pub(crate) const ICMP: u8 = 1;
    pub(crate) const ICMPV6: u8 = 58;

    /// What a packet of IP protocol `number` to `port` carries; a protocol without ports has none.
    #[must_use]
    pub fn of_protocol(number: u8, port: u16) -> Self {
        let protocol = Protocol::ALL.into_iter().find(|protocol| protocol.number() == number);
        protocol.map_or(Self::Other(number), |protocol| Self::Port(protocol, port))
    }

    /// What policies see of it; `None` where it is no longer told apart, or where a policy would need to
    /// know the type of an ICMPv6 message (S34).
    #[must_use]
    pub fn traffic(self) -> Option<Traffic> {
        match self {
            Self::Port(protocol, port) => Some(Traffic::Port(protocol, port)),
            Self::Icmp(..) => Some(Traffic::Other(Self::ICMP)),
            Self::Icmpv6(kind, _) => Some(Traffic::Icmpv6(kind)),
            Self::Other(number) => (number != Self::ICMPV6).then_some(Traffic::Other(number)),
            Self::AnyPort(_) | Self::Anything => None,
        }
    }

    /// Whether it is `asked`, or one of it: every port of a protocol is of that protocol, and every code of a type
    /// of ICMP of that type.
    #[must_use]
    pub fn is_of(self, asked: Self) -> bool {
        let kind = match self {
            Self::Port(protocol, _) => Self::AnyPort(protocol),
            Self::Icmp(kind, _) => Self::Icmp(kind, None),
            Self::Icmpv6(kind, _) => Self::Icmpv6(kind, None),
            Self::AnyPort(_) | Self::Other(_) | Self::Anything => self,
        };
        asked == Self::Anything || asked == self || asked == kind
    }
}

impl From<Traffic> for Carried {
    fn from(traffic: Traffic) -> Self {
        match traffic {
            Traffic::Port(protocol, port) => Self::Port(protocol, port),
            Traffic::Icmpv6(kind) => Self::Icmpv6(kind, None),
            Traffic::Other(number) => Self::Other(number),
        }
    }
}

impl fmt::Display for Carried {
    /// `TCP/443`, `TCP` for some ports of it, `ICMP/8`, `ICMP/3/4` with a code, `ICMP` of any type, `ICMPv6/128`,
    /// `protocol/47`, `any`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(protocol, port) => write!(f, "{protocol}/{port}"),
            Self::AnyPort(protocol) => protocol.fmt(f),
            Self::Icmp(kind, None) => write!(f, "ICMP/{kind}"),
            Self::Icmp(kind, Some(code)) => write!(f, "ICMP/{kind}/{code}"),
            Self::Icmpv6(kind, None) => write!(f, "ICMPv6/{kind}"),
            Self::Icmpv6(kind, Some(code)) => write!(f, "ICMPv6/{kind}/{code}"),
            Self::Other(Self::ICMP) => f.write_str("ICMP"),
            Self::Other(Self::ICMPV6) => f.write_str("ICMPv6"),
            Self::Other(number) => write!(f, "protocol/{number}"),
            Self::Anything => f.write_str("any"),
        }
    }
}

/// A text that names nothing that flows carry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is nothing that a flow carries: write `TCP/443`, `UDP`, `ICMP/8`, `protocol/47` or `any`")]
pub struct CarriedError(String);

impl std::str::FromStr for Carried {
    type Err = CarriedError;

    /// Reads what [`fmt::Display`] writes.
    fn from_str(text: &str) -> Result<Self, CarriedError> {
        read(text).ok_or_else(|| CarriedError(text.chars().take(80).collect()))
    }
}

fn read(text: &str) -> Option<Carried> {
    let mut parts = text.split('/');
    let (word, first, second) = (parts.next()?, parts.next(), parts.next());
    if parts.next().is_some() {
        return None;
    }
    let number = |part: Option<&str>| part.map(str::parse::<u8>).transpose().ok();
    match (word, first) {
        ("any", None) => Some(Carried::Anything),
        ("ICMP", None) => Some(Carried::Other(Carried::ICMP)),
        ("ICMPv6", None) => Some(Carried::Other(Carried::ICMPV6)),
        ("protocol", Some(protocol)) if second.is_none() => protocol.parse().ok().map(Carried::Other),
        ("ICMP", Some(kind)) => Some(Carried::Icmp(kind.parse().ok()?, number(second)?)),
        ("ICMPv6", Some(kind)) => Some(Carried::Icmpv6(kind.parse().ok()?, number(second)?)),
        (_, _) if second.is_some() => None,
        (word, port) => {
            let protocol = Protocol::ALL.into_iter().find(|protocol| protocol.to_string() == word)?;
            match port {
                Some(port) => port.parse().ok().map(|port| Carried::Port(protocol, port)),
                None => Some(Carried::AnyPort(protocol)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in [
            "TCP/443",
            "UDP",
            "SCTP/0",
            "ICMP/8",
            "ICMP/3/4",
            "ICMPv6/128/0",
            "ICMP",
            "ICMPv6",
            "protocol/47",
            "any",
        ] {
            assert_eq!(text.parse::<Carried>().unwrap().to_string(), text);
        }
        for text in
            ["", "tcp/443", "TCP/65536", "TCP/1/2", "icmp", "ICMP/8/", "protocol/1/2", "any/1", "a/b/c/d"]
        {
            let error = text.parse::<Carried>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is nothing")), "{error}");
        }
    }

    #[test]
    fn policies_see_no_type_of_icmp_but_that_of_icmpv6() {
        assert_eq!(Carried::Icmp(8, Some(0)).traffic(), Some(Traffic::Other(1)));
        assert_eq!(Carried::Icmpv6(128, None).traffic(), Some(Traffic::Icmpv6(128)));
        assert_eq!(Carried::of_protocol(17, 53).traffic(), Some(Traffic::Port(Protocol::Udp, 53)));
        assert_eq!(Carried::of_protocol(47, 0).traffic(), Some(Traffic::Other(47)));
        assert_eq!(Carried::of_protocol(58, 0).traffic(), None);
        assert_eq!(Carried::AnyPort(Protocol::Tcp).traffic(), None);
    }

    #[test]
    fn what_is_asked_for_has_parts() {
        let is_of =
            |carried: &str, asked: &str| carried.parse::<Carried>().unwrap().is_of(asked.parse().unwrap());
        for (carried, asked) in [
            ("TCP/443", "TCP"),
            ("TCP/443", "TCP/443"),
            ("ICMP/3/4", "ICMP/3"),
            ("UDP", "any"),
            ("any", "any"),
        ] {
            assert!(is_of(carried, asked), "{carried} {asked}");
        }
        for (carried, asked) in
            [("TCP/443", "TCP/80"), ("TCP", "TCP/443"), ("ICMP/3", "ICMP/3/4"), ("any", "TCP")]
        {
            assert!(!is_of(carried, asked), "{carried} {asked}");
        }
    }
}
