//! Sets of (protocol, port).

use super::{IntervalSet, PortRange, Protocol};
use std::fmt;

/// A set of traffic kinds: ports of TCP, UDP and SCTP, and everything that has no ports.
///
/// "All ports" of a rule includes the protocols without ports (S5, S33); a rule that lists TCP, UDP
/// and SCTP does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortSet {
    tcp: IntervalSet<u16>,
    udp: IntervalSet<u16>,
    sctp: IntervalSet<u16>,
    other: bool,
}

impl PortSet {
    /// Nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Every port of every protocol, and the protocols without ports (S5, S33).
    #[must_use]
    pub fn all() -> Self {
        let full = IntervalSet::full;
        Self { tcp: full(), udp: full(), sctp: full(), other: true }
    }

    /// Every port of `protocol` (S12).
    #[must_use]
    pub fn every(protocol: Protocol) -> Self {
        let mut set = Self::empty();
        *set.of_mut(protocol) = IntervalSet::full();
        set
    }

    /// One range of ports of `protocol`, both ends included (S13).
    #[must_use]
    pub fn range(protocol: Protocol, range: PortRange) -> Self {
        let mut set = Self::empty();
        *set.of_mut(protocol) = IntervalSet::range(range.first()..=range.last());
        set
    }

    /// One port of `protocol`.
    #[must_use]
    pub fn port(protocol: Protocol, port: u16) -> Self {
        let mut set = Self::empty();
        *set.of_mut(protocol) = IntervalSet::range(port..=port);
        set
    }

    /// The ports of one protocol.
    #[must_use]
    pub fn of(&self, protocol: Protocol) -> &IntervalSet<u16> {
        match protocol {
            Protocol::Tcp => &self.tcp,
            Protocol::Udp => &self.udp,
            Protocol::Sctp => &self.sctp,
        }
    }

    fn of_mut(&mut self, protocol: Protocol) -> &mut IntervalSet<u16> {
        match protocol {
            Protocol::Tcp => &mut self.tcp,
            Protocol::Udp => &mut self.udp,
            Protocol::Sctp => &mut self.sctp,
        }
    }

    /// Whether protocols without ports (ICMP and the rest) are in the set.
    #[must_use]
    pub fn has_other(&self) -> bool {
        self.other
    }

    /// Whether the port of `protocol` is in the set.
    #[must_use]
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        self.of(protocol).contains(port)
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.other && Protocol::ALL.iter().all(|protocol| self.of(*protocol).is_empty())
    }

    /// Whether everything is in the set.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.other && Protocol::ALL.iter().all(|protocol| self.of(*protocol).is_full())
    }

    fn combine(
        &self,
        other: &Self,
        ports: impl Fn(&IntervalSet<u16>, &IntervalSet<u16>) -> IntervalSet<u16>,
        rest: bool,
    ) -> Self {
        Self {
            tcp: ports(&self.tcp, &other.tcp),
            udp: ports(&self.udp, &other.udp),
            sctp: ports(&self.sctp, &other.sctp),
            other: rest,
        }
    }

    /// What is in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.combine(other, IntervalSet::union, self.other || other.other)
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combine(other, IntervalSet::intersection, self.other && other.other)
    }

    /// What is in `self` and not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.combine(other, IntervalSet::difference, self.other && !other.other)
    }

    /// The set as a person writes it: `all`, or a list of `TCP` (every port), `TCP/80`,
    /// `TCP/8000-8100`, and `other` for protocols without ports.
    #[must_use]
    pub fn terms(&self) -> Vec<String> {
        if self.is_all() {
            return vec!["all".to_owned()];
        }
        let mut terms = Vec::new();
        for protocol in Protocol::ALL {
            let ports = self.of(protocol);
            if ports.is_full() {
                terms.push(protocol.to_string());
                continue;
            }
            terms.extend(ports.ranges().map(|range| match range.into_inner() {
                (first, last) if first == last => format!("{protocol}/{first}"),
                (first, last) => format!("{protocol}/{first}-{last}"),
            }));
        }
        if self.other {
            terms.push("other".to_owned());
        }
        terms
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.terms().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_what_people_write() {
        let range = PortRange::new(8000, 8100).unwrap();
        let set = PortSet::port(Protocol::Tcp, 80)
            .union(&PortSet::range(Protocol::Tcp, range))
            .union(&PortSet::every(Protocol::Udp));
        assert_eq!(set.to_string(), "TCP/80, TCP/8000-8100, UDP");
        assert_eq!(PortSet::all().to_string(), "all");
        let three = Protocol::ALL.iter().fold(PortSet::empty(), |set, p| set.union(&PortSet::every(*p)));
        assert_eq!(three.to_string(), "TCP, UDP, SCTP");
    }
}
