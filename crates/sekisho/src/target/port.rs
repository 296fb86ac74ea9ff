//! Ports as people type them.

use anyhow::bail;
use sekisho_core::{object::Pod, packet::Traffic, set::Protocol};
use std::{collections::BTreeSet, fmt, str::FromStr, sync::Arc};

/// ICMP's number in an IPv4 header (IANA).
const ICMP: u8 = 1;
/// The type of an ICMPv6 echo request (RFC 4443, 4.1).
const ECHO_REQUEST_V6: u8 = 128;

/// What a connection is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PortAsked {
    /// A port by number.
    Number(Protocol, u16),
    /// A container port by name, of one protocol or of any.
    Name(Option<Protocol>, Arc<str>),
    /// Ping, in either family.
    Icmp,
}

impl FromStr for PortAsked {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        if matches!(text.to_ascii_lowercase().as_str(), "icmp" | "icmpv6" | "ping") {
            return Ok(Self::Icmp);
        }
        let (protocol, port) = match text.split_once('/') {
            Some((protocol, port)) => (Some(protocol.parse::<Protocol>()?), port),
            None if text.parse::<Protocol>().is_ok() => {
                bail!("`{text}` is a protocol without a port: write `{text}/8080`")
            }
            None => (None, text),
        };
        match port.parse::<u32>() {
            Ok(number) => match u16::try_from(number) {
                Ok(number) if number > 0 => Ok(Self::Number(protocol.unwrap_or_default(), number)),
                _ => bail!("`{port}` is no port: ports are 1 to 65535"),
            },
            Err(_) if is_name(port) => Ok(Self::Name(protocol, port.into())),
            Err(_) => {
                bail!("`{text}` is no port: write `TCP/8080`, `8080`, `UDP/53`, a port's name or `icmp`")
            }
        }
    }
}

/// Whether `text` can be a container port's name: an IANA service name (RFC 6335, 5.1).
fn is_name(text: &str) -> bool {
    let is_made_so = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    is_made_so && text.len() <= 15 && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

impl PortAsked {
    /// What this is on `pod`, the destination, in a packet of IPv4 or of IPv6.
    pub(super) fn on(&self, pod: Option<&Pod>, is_ipv4: bool) -> anyhow::Result<Vec<Traffic>> {
        match self {
            Self::Number(protocol, number) => Ok(vec![Traffic::Port(*protocol, *number)]),
            Self::Icmp if is_ipv4 => Ok(vec![Traffic::Other(ICMP)]),
            Self::Icmp => Ok(vec![Traffic::Icmpv6(ECHO_REQUEST_V6)]),
            Self::Name(protocol, name) => named(*protocol, name, pod),
        }
    }
}

fn named(protocol: Option<Protocol>, name: &str, pod: Option<&Pod>) -> anyhow::Result<Vec<Traffic>> {
    let Some(pod) = pod else {
        bail!("`{name}` is the name of a port, and an address has no names for its ports: write a number")
    };
    let of = |port: &&sekisho_core::object::ContainerPort| {
        port.name.as_deref() == Some(name) && protocol.is_none_or(|protocol| protocol == port.protocol)
    };
    let ports: Vec<Traffic> =
        pod.ports.iter().filter(of).map(|port| Traffic::Port(port.protocol, port.number)).collect();
    if ports.is_empty() {
        let names: BTreeSet<&str> = pod.ports.iter().filter_map(|port| port.name.as_deref()).collect();
        let key = &pod.workload.key;
        if names.is_empty() {
            bail!("no container port of `{key}` is named `{name}`, nor are any others: write a number");
        }
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        bail!("no container port of `{key}` is named `{name}`; the named ones are {}", names.join(", "));
    }
    Ok(ports)
}

impl fmt::Display for PortAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(protocol, number) => write!(f, "{protocol}/{number}"),
            Self::Name(Some(protocol), name) => write!(f, "{protocol}/{name}"),
            Self::Name(None, name) => f.write_str(name),
            Self::Icmp => f.write_str("ICMP"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_people_type_them() {
        let read = |text: &str| text.parse::<PortAsked>().unwrap();
        assert_eq!(read("TCP/8080"), PortAsked::Number(Protocol::Tcp, 8080));
        assert_eq!(read("8080"), PortAsked::Number(Protocol::Tcp, 8080));
        assert_eq!(read("udp/53"), PortAsked::Number(Protocol::Udp, 53));
        assert_eq!(read("https"), PortAsked::Name(None, "https".into()));
        assert_eq!(read("TCP/https"), PortAsked::Name(Some(Protocol::Tcp), "https".into()));
        assert_eq!(read("ICMP"), PortAsked::Icmp);
    }

    #[test]
    fn what_is_no_port_is_told() {
        for (text, message) in [
            ("TCP", "`TCP` is a protocol without a port: write `TCP/8080`"),
            ("0", "`0` is no port: ports are 1 to 65535"),
            ("99999", "`99999` is no port: ports are 1 to 65535"),
            ("QUIC/443", "`QUIC` is not a protocol: write TCP, UDP or SCTP"),
            ("-1", "`-1` is no port: write `TCP/8080`, `8080`, `UDP/53`, a port's name or `icmp`"),
            ("", "`` is no port: write `TCP/8080`, `8080`, `UDP/53`, a port's name or `icmp`"),
        ] {
            assert_eq!(text.parse::<PortAsked>().unwrap_err().to_string(), message);
        }
    }
}
