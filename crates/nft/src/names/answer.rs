//! What an answer says.

use domain::{
    base::{Message, Name, ToName, iana::Rcode},
    rdata::{A, Aaaa},
};
use etherparse::{IpNumber, LaxNetSlice, LaxSlicedPacket};
use std::{net::IpAddr, sync::Arc, time::Duration};

/// How many addresses of an answer are read: who is asked for one of the internet's gives no more.
const MOST: usize = 32;
/// Bytes of the header of a datagram.
const UDP: usize = 8;

/// What a pod was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The pod's address.
    pub to: IpAddr,
    /// What it asked for, in lower case and without the last dot.
    pub name: Arc<str>,
    /// The addresses that the name has, or that to which it leads.
    pub addresses: Vec<Named>,
}

/// An address that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The address.
    pub address: IpAddr,
    /// How long it has it, as the answer says.
    pub lasts: Duration,
}

impl Answer {
    /// Reads a packet, of which the rest may be missing; `None` where it is no answer with addresses. Whatever it is made
    /// of, what it costs is bounded.
    #[must_use]
    pub fn read(packet: &[u8]) -> Option<Self> {
        let net = LaxSlicedPacket::from_ip(packet).ok()?.net?;
        let to: IpAddr = match &net {
            LaxNetSlice::Ipv4(ip) => ip.header().destination_addr().into(),
            LaxNetSlice::Ipv6(ip) => ip.header().destination_addr().into(),
            LaxNetSlice::Arp(_) => return None,
        };
        let payload = net.ip_payload_ref().filter(|payload| payload.ip_number == IpNumber::UDP)?;
        Self::of_message(to, payload.payload.get(UDP..)?)
    }

    fn of_message(to: IpAddr, bytes: &[u8]) -> Option<Self> {
        let message = Message::from_octets(bytes).ok()?;
        if !message.header().qr() || message.header().rcode() != Rcode::NOERROR {
            return None;
        }
        let asked = message.first_question()?;
        let name = written(asked.qname())?;
        // Aliases lead to it (CNAME): a chain of no more than 20, and none that goes round.
        let owner = message.canonical_name()?;
        let records = message.answer().ok()?;
        let v4 = records.limit_to_in::<A>().filter_map(Result::ok);
        let v4 = v4.filter(|record| record.owner().name_eq(&owner));
        let v4 = v4.map(|record| (record.data().addr().into(), record.ttl().as_secs()));
        let v6 = records.limit_to_in::<Aaaa>().filter_map(Result::ok);
        let v6 = v6.filter(|record| record.owner().name_eq(&owner));
        let v6 = v6.map(|record| (record.data().addr().into(), record.ttl().as_secs()));
        let named =
            |(address, seconds): (IpAddr, u32)| Named { address, lasts: Duration::from_secs(seconds.into()) };
        let addresses: Vec<Named> = v4.chain(v6).take(MOST).map(named).collect();
        (!addresses.is_empty()).then_some(Self { to, name, addresses })
    }
}

/// The name as people write it; `None` for one that nobody would: of the root, or with other letters than those of host
/// names.
fn written(name: &impl ToName) -> Option<Arc<str>> {
    let name: Name<Vec<u8>> = name.to_name();
    let text = name.to_string().to_ascii_lowercase();
    let text = text.strip_suffix('.').unwrap_or(&text);
    let is_letter = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.');
    (!text.is_empty() && text.bytes().all(is_letter)).then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        base::{MessageBuilder, Rtype, Ttl},
        rdata::Cname,
    };
    use etherparse::PacketBuilder;
    use proptest::prelude::*;

    fn name(text: &str) -> Name<Vec<u8>> {
        text.parse().unwrap()
    }

    /// An answer to a question for `asked`: aliases, and the addresses of names.
    fn message(asked: &str, aliases: &[(&str, &str)], addresses: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = MessageBuilder::new_vec().question();
        builder.header_mut().set_qr(true);
        builder.push((name(asked), Rtype::A)).unwrap();
        let mut builder = builder.answer();
        let lasts = Ttl::from_secs(300);
        for (alias, to) in aliases {
            builder.push((name(alias), lasts, Cname::new(name(to)))).unwrap();
        }
        for (of, address) in addresses {
            match address.parse().unwrap() {
                IpAddr::V4(address) => builder.push((name(of), lasts, A::new(address))).unwrap(),
                IpAddr::V6(address) => builder.push((name(of), lasts, Aaaa::new(address))).unwrap(),
            }
        }
        builder.finish()
    }

    fn packet(message: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let udp = PacketBuilder::ipv4([10, 96, 0, 10], [10, 0, 0, 1], 64).udp(53, 40000);
        udp.write(&mut bytes, message).unwrap();
        bytes
    }

    fn read(message: &[u8]) -> Option<(String, Vec<String>)> {
        let answer = Answer::read(&packet(message))?;
        assert_eq!(answer.to.to_string(), "10.0.0.1");
        assert!(answer.addresses.iter().all(|named| named.lasts == Duration::from_secs(300)));
        Some((
            answer.name.to_string(),
            answer.addresses.iter().map(|named| named.address.to_string()).collect(),
        ))
    }

    #[test]
    fn addresses_have_the_name_that_was_asked_for() {
        let two = message(
            "API.Example.com",
            &[],
            &[("api.example.com", "203.0.113.7"), ("api.example.com", "2001:db8::7")],
        );
        assert_eq!(
            read(&two),
            Some(("api.example.com".into(), vec!["203.0.113.7".into(), "2001:db8::7".into()]))
        );
        let aliases = [("api.example.com", "edge.example.net"), ("edge.example.net", "e7.example.org")];
        let of = [("e7.example.org", "203.0.113.7"), ("somebody.else", "192.0.2.1")];
        let aliased = message("api.example.com", &aliases, &of);
        assert_eq!(read(&aliased), Some(("api.example.com".into(), vec!["203.0.113.7".into()])));
    }

    #[test]
    fn what_is_no_answer_names_nothing() {
        let round = [("a.example", "b.example"), ("b.example", "a.example")];
        assert_eq!(read(&message("a.example", &round, &[("c.example", "192.0.2.1")])), None);
        assert_eq!(read(&message("a.example", &[], &[])), None);
        assert_eq!(read(&message(".", &[], &[(".", "192.0.2.1")])), None);
        assert_eq!(read(&message("a\\032b.example", &[], &[("a\\032b.example", "192.0.2.1")])), None);
        let mut question = message("a.example", &[], &[("a.example", "192.0.2.1")]);
        question[2] &= 0x7f;
        assert_eq!(read(&question), None);
        let mut failed = message("a.example", &[], &[("a.example", "192.0.2.1")]);
        failed[3] |= 3;
        assert_eq!(read(&failed), None);
    }

    /// A name that leads to itself, as names are compressed.
    #[test]
    fn a_name_that_goes_round_is_none() {
        let mut bytes = message("a.example", &[], &[("a.example", "192.0.2.1")]);
        bytes[12..14].copy_from_slice(&[0xc0, 0x0c]);
        assert_eq!(Answer::read(&packet(&bytes)), None);
    }

    #[test]
    fn of_many_addresses_some_are_read() {
        let addresses: Vec<String> = (0..90).map(|host| format!("192.0.2.{host}")).collect();
        let of: Vec<_> = addresses.iter().map(|address| ("a.example", address.as_str())).collect();
        assert_eq!(read(&message("a.example", &[], &of)).unwrap().1.len(), MOST);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            at in 0..120_usize,
            byte: u8,
            cut in 0..200_usize,
        ) {
            let _ = Answer::read(&bytes);
            let _ = Answer::read(&packet(&bytes));
            let aliases = [("api.example.com", "edge.example.net")];
            let mut nearly = packet(&message("api.example.com", &aliases, &[("edge.example.net", "192.0.2.1")]));
            nearly.truncate(cut.max(20));
            if let Some(changed) = nearly.get_mut(at) {
                *changed = byte;
            }
            let _ = Answer::read(&nearly);
        }
    }
}
