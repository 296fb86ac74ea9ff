//! Ports that a rule opens.

use crate::{
    object::{Direction, Pod, PortMatch, Rule},
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
    pub(super) fn of(rule: &Rule, direction: Direction, pod: &Pod) -> Self {
        if rule.ports.is_empty() {
            return Self::all(); // S5
        }
        let mut ports = Self::default();
        for port in &rule.ports {
            let numbers = match (&port.port, direction) {
                (PortMatch::All, _) => PortSet::every(port.protocol),
                (PortMatch::Range(range), _) => PortSet::range(port.protocol, *range),
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
