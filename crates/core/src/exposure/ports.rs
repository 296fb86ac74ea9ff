//! Ports that a rule opens.

use super::walk::Parts;
use crate::{
    object::{Direction, Pod, PolicyPort, PortMatch},
    set::{PortSet, Protocol},
};
use std::{collections::BTreeSet, fmt, sync::Arc};

/// Ports by number, and those by name that only their destination could resolve (S14).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpenPorts {
    /// By number.
    pub numbers: PortSet,
    /// By name, in egress.
    pub named: BTreeSet<(Protocol, Arc<str>)>,
}

impl OpenPorts {
    /// Every port of every protocol.
    #[must_use]
    pub fn all() -> Self {
        Self { numbers: PortSet::all(), named: BTreeSet::new() }
    }

    /// The ports of a rule: names of ingress are looked up on `pod`, the destination (S14).
    pub(super) fn of(listed: &[PolicyPort], direction: Direction, pod: &Pod) -> Self {
        if listed.is_empty() {
            return Self::all(); // S5
        }
        let mut ports = Self::default();
        for port in listed {
            let numbers = match (&port.port, direction) {
                (PortMatch::All | PortMatch::Range(_), _) => port.numbers(),
                (PortMatch::Named(name), Direction::Ingress) => {
                    let numbers = pod.named_ports(port.protocol, name);
                    numbers.fold(PortSet::empty(), |all, number| {
                        all.union(&PortSet::port(port.protocol, number))
                    })
                }
                (PortMatch::Named(name), Direction::Egress) => {
                    ports.named.insert((port.protocol, Arc::clone(name)));
                    continue;
                }
            };
            ports.numbers = ports.numbers.union(&numbers);
        }
        ports
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.named.is_empty()
    }

    /// Those of either.
    pub(super) fn join(&mut self, other: Self) {
        self.numbers = self.numbers.union(&other.numbers);
        self.named.extend(other.named);
    }

    /// Whether every one of these is one of `other`.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        let numbers = self.numbers.difference(&other.numbers).is_empty();
        let of_other =
            |port: &(Protocol, Arc<str>)| other.numbers.of(port.0).is_full() || other.named.contains(port);
        numbers && self.named.iter().all(of_other)
    }

    /// These, by whether a rule for `rule` is for them.
    pub(super) fn parts(&self, rule: &Self) -> Parts {
        let mut certain = Self { numbers: self.numbers.intersection(&rule.numbers), named: BTreeSet::new() };
        let mut other = Self { numbers: self.numbers.difference(&rule.numbers), named: BTreeSet::new() };
        let mut possible = Self::default();
        for port in &self.named {
            let is_certain = rule.numbers.of(port.0).is_full() || rule.named.contains(port);
            let is_possible =
                !rule.numbers.of(port.0).is_empty() || rule.named.iter().any(|of| of.0 == port.0);
            let part = match (is_certain, is_possible) {
                (true, _) => &mut certain,
                (false, true) => &mut possible,
                (false, false) => &mut other,
            };
            part.named.insert(port.clone());
        }
        for protocol in Protocol::ALL {
            // A name may stand for any number.
            if rule.named.iter().any(|of| of.0 == protocol) {
                let every = PortSet::every(protocol);
                possible.numbers = possible.numbers.union(&other.numbers.intersection(&every));
                other.numbers = other.numbers.difference(&every);
            }
        }
        Parts { certain, possible, other }
    }

    /// The ports as a person writes them.
    #[must_use]
    pub fn terms(&self) -> Vec<String> {
        let mut terms = self.numbers.terms();
        terms.extend(self.named.iter().map(|(protocol, name)| format!("{protocol}/{name}")));
        terms
    }
}

impl fmt::Display for OpenPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.terms().join(", "))
    }
}
