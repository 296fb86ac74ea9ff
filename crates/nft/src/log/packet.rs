//! Between whom a packet is.

use crate::conntrack::Tuple;
use etherparse::{IpNumber, LaxNetSlice, LaxSlicedPacket};
use std::net::IpAddr;

/// Reads the headers of a packet, of which the rest may be missing. Of a later fragment there are no ports; but
/// connection tracking puts fragments together before any rule of ours sees them.
pub(super) fn tuple(bytes: &[u8]) -> Option<Tuple> {
    let net = LaxSlicedPacket::from_ip(bytes).ok()?.net?;
    let (source, destination): (IpAddr, IpAddr) = match &net {
        LaxNetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Arp(_) => return None,
    };
    let payload = net.ip_payload_ref()?;
    let port = |at: usize| match payload.ip_number {
        IpNumber::TCP | IpNumber::UDP | IpNumber::SCTP => {
            payload.payload.get(at..at + 2).and_then(|port| Some(u16::from_be_bytes(port.try_into().ok()?)))
        }
        _ => None,
    };
    let icmp = match payload.ip_number {
        IpNumber::ICMP | IpNumber::IPV6_ICMP => payload.payload.first().copied(),
        _ => None,
    };
    Some(Tuple {
        source,
        destination,
        protocol: payload.ip_number.0,
        source_port: port(0).unwrap_or_default(),
        destination_port: port(2).unwrap_or_default(),
        icmp_type: icmp.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;
    use proptest::prelude::*;

    fn written(build: impl FnOnce(&mut Vec<u8>)) -> Tuple {
        let mut bytes = Vec::new();
        build(&mut bytes);
        // The kernel hands over no more than headers.
        bytes.truncate(128);
        tuple(&bytes).expect("it is a packet")
    }

    fn shown(tuple: &Tuple) -> String {
        let Tuple { source, destination, protocol, source_port, destination_port, icmp_type } = tuple;
        format!("{source}:{source_port} -> {destination}:{destination_port} {protocol}/{icmp_type}")
    }

    #[test]
    fn ends_protocol_and_ports_are_read() {
        let long = [7; 1000];
        let v4 = || PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
        let tcp = written(|bytes| v4().tcp(4000, 443, 0, 0).syn().write(bytes, &long).unwrap());
        assert_eq!(shown(&tcp), "10.0.0.1:4000 -> 10.0.0.2:443 6/0");
        let ping = written(|bytes| v4().icmpv4_echo_request(1, 2).write(bytes, &long).unwrap());
        assert_eq!(shown(&ping), "10.0.0.1:0 -> 10.0.0.2:0 1/8");
        let v6 = || PacketBuilder::ipv6([0xfd; 16], [0xfe; 16], 64);
        let udp = written(|bytes| v6().udp(53, 5353).write(bytes, &long).unwrap());
        let (from, to) =
            ("fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd", "fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe");
        assert_eq!(shown(&udp), format!("{from}:53 -> {to}:5353 17/0"));
        let v6_ping = written(|bytes| v6().icmpv6_echo_request(1, 2).write(bytes, &long).unwrap());
        assert_eq!(shown(&v6_ping), format!("{from}:0 -> {to}:0 58/128"));
        let sctp = [0x04, 0xd2, 0x0b, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0];
        let sctp = written(|bytes| v4().write(bytes, IpNumber::SCTP, &sctp).unwrap());
        assert_eq!(shown(&sctp), "10.0.0.1:1234 -> 10.0.0.2:3000 132/0");
        let tunnel = written(|bytes| v4().write(bytes, IpNumber::GRE, &long).unwrap());
        assert_eq!(shown(&tunnel), "10.0.0.1:0 -> 10.0.0.2:0 47/0");
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..140), is_v6: bool) {
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() {
                *first = if is_v6 { 0x60 } else { 0x45 };
            }
            let _ = tuple(&bytes);
        }
    }
}
