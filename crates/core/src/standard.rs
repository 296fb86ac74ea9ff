//! What a team has agreed on: the facts that its policies are held against.
//!
//! A catalog says what services there are and how they should talk. This is what it says of one environment, narrowed
//! to what somebody who looks at policies must know. Whatever the standard admits is meant, and so nobody's mistake.

use crate::{
    object::{
        Direction, IpBlock, LabelSelector, Labels, NetworkPolicy, ObjectKey, Origin, PeerKind, PolicyPort,
    },
    set::{AddressSet, Cidr},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
    sync::Arc,
};
use thiserror::Error;

/// What a team has agreed on, for one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standard {
    /// The environment; `None` where the manifests are of no particular one.
    pub environment: Option<Arc<str>>,
    /// How pods are labelled; `None` where nothing is agreed.
    pub naming: Option<Naming>,
    /// The policy that every namespace has; `None` where none is wanted.
    pub baseline: Option<Baseline>,
    /// Namespaces that the platform brings, of which nothing is asked.
    pub exempt: BTreeSet<Arc<str>>,
    /// Those who are named by more than one policy, by name.
    pub peers: BTreeMap<Arc<str>, NamedPeer>,
    /// The components of all services.
    pub components: Vec<Component>,
    /// Who calls whom.
    pub edges: Vec<Edge>,
    /// What is allowed for a time.
    pub exceptions: Vec<Exception>,
    /// The day on which the standard is looked at; `None` where nobody said, and then nothing has expired.
    pub today: Option<Day>,
}

/// The three labels that together name a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// The key of the component's own name, `app.kubernetes.io/name`.
    pub name: Arc<str>,
    /// The key of what it is in its service, `app.kubernetes.io/component`.
    pub component: Arc<str>,
    /// The key of its service, `app.kubernetes.io/part-of`.
    pub part_of: Arc<str>,
    /// The values that `component` may have; empty for any.
    pub components: BTreeSet<Arc<str>>,
}

impl Naming {
    /// The keys, in the order in which people write them.
    #[must_use]
    pub fn keys(&self) -> [&Arc<str>; 3] {
        [&self.name, &self.component, &self.part_of]
    }
}

/// The policy that every namespace has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// What it is called.
    pub name: Arc<str>,
    /// Namespaces whose baseline closes egress too.
    pub closed: BTreeSet<Arc<str>>,
}

/// Whom a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Whatever has one of these addresses.
    Ranges(BTreeSet<Cidr>),
    /// Pods.
    Pods {
        /// Of which namespaces.
        namespaces: LabelSelector,
        /// Which of their pods; `None` for all.
        pods: Option<LabelSelector>,
    },
}

impl Whom {
    /// The peers by which a policy of any namespace names them.
    #[must_use]
    pub fn kinds(&self) -> Vec<PeerKind> {
        match self {
            Self::Ranges(ranges) => {
                let blocks = ranges.iter().filter_map(|range| IpBlock::new(*range, []).ok());
                blocks.map(PeerKind::Block).collect()
            }
            Self::Pods { namespaces, pods: None } => vec![PeerKind::Namespaces(namespaces.clone())],
            Self::Pods { namespaces, pods: Some(pods) } => {
                vec![PeerKind::PodsInNamespaces { namespaces: namespaces.clone(), pods: pods.clone() }]
            }
        }
    }

    /// The addresses, of ranges.
    #[must_use]
    pub fn addresses(&self) -> AddressSet {
        match self {
            Self::Ranges(ranges) => ranges.iter().copied().collect(),
            Self::Pods { .. } => AddressSet::empty(),
        }
    }
}

/// What somebody is to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Load balancers, with their health checks.
    LoadBalancer,
    /// Those who answer DNS.
    Dns,
    /// Those who scrape and discover.
    Monitoring,
    /// The metadata server of the cloud.
    Metadata,
    /// People's own machines.
    People,
    /// What many share on their way out, so that it tells nothing about who calls.
    Nat,
    /// Anybody else.
    Other,
}

/// Somebody whom policies name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPeer {
    /// Who that is.
    pub whom: Whom,
    /// What it is to the cluster.
    pub role: Role,
    /// The environments in which policies may name it; `None` for all, empty for none.
    pub environments: Option<BTreeSet<Arc<str>>>,
    /// Where it was written.
    pub origin: Origin,
}

impl NamedPeer {
    /// Whether policies of `environment` may name it. Where no environment is known, whoever may be named in some.
    #[must_use]
    pub fn is_of(&self, environment: Option<&str>) -> bool {
        match (&self.environments, environment) {
            (None, _) => true,
            (Some(some), None) => !some.is_empty(),
            (Some(some), Some(environment)) => some.contains(environment),
        }
    }
}

/// Whether a component's way out is closed but for what is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stance {
    /// It may call whom it likes.
    #[default]
    Open,
    /// It may call those whom it is said to call.
    Closed,
}

/// A component of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its namespace, and the name of its policy.
    pub key: ObjectKey,
    /// Its pods.
    pub pods: LabelSelector,
    /// Its tier: `frontend`, `bff`, ...
    pub tier: Arc<str>,
    /// Its way out.
    pub egress: Stance,
    /// The named peers that its tier and its exceptions let in.
    pub admits: BTreeSet<Arc<str>>,
    /// The ports on which it is called.
    pub ports: Vec<PolicyPort>,
    /// Where it was written.
    pub origin: Origin,
}

/// An end of an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// A component, by its key.
    Component(ObjectKey),
    /// A named peer.
    Peer(Arc<str>),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Component(key) => key.fmt(f),
            Self::Peer(name) => f.write_str(name),
        }
    }
}

/// Somebody calls somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who calls.
    pub from: End,
    /// Whom.
    pub to: End,
    /// On which ports of the one called.
    pub ports: Vec<PolicyPort>,
    /// Where it was written.
    pub origin: Origin,
}

/// What is allowed for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The component that has it.
    pub component: ObjectKey,
    /// In which direction.
    pub direction: Direction,
    /// The other end.
    pub with: End,
    /// Why.
    pub reason: Arc<str>,
    /// The last day on which it holds.
    pub until: Day,
    /// Where it was written.
    pub origin: Origin,
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

/// What is no day of the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a day such as `2027-03-31`")]
pub struct DayError(String);

impl Day {
    /// The day of these numbers.
    ///
    /// # Errors
    /// When the calendar has no such day.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, DayError> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let last = match month {
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            1..=12 => 31,
            _ => 0,
        };
        let day_of = Self { year, month, day };
        if (1..=last).contains(&day) { Ok(day_of) } else { Err(DayError(day_of.to_string())) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let error = || DayError(text.to_owned());
        let digits = |text: &str, len: usize| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
        let parts: Vec<&str> = text.split('-').collect();
        let &[year, month, day] = parts.as_slice() else { return Err(error()) };
        if !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
            return Err(error());
        }
        let (year, month, day) = (year.parse(), month.parse(), day.parse());
        let (Ok(year), Ok(month), Ok(day)) = (year, month, day) else { return Err(error()) };
        Self::new(year, month, day).map_err(|_| error())
    }
}

impl Standard {
    /// The component whose pods have `labels` in `namespace`.
    #[must_use]
    pub fn component_of(&self, namespace: &str, labels: &Labels) -> Option<&Component> {
        self.components.iter().find(|one| &*one.key.namespace == namespace && one.pods.matches(labels))
    }

    /// The component of this key.
    #[must_use]
    pub fn component(&self, key: &ObjectKey) -> Option<&Component> {
        self.components.iter().find(|one| one.key == *key)
    }

    /// The component that `policy` is about: the one whose pods it selects by the same labels.
    #[must_use]
    pub fn component_for(&self, policy: &NetworkPolicy) -> Option<&Component> {
        let namespace = &policy.key.namespace;
        self.components.iter().find(|one| one.key.namespace == *namespace && one.pods == policy.subjects)
    }

    /// The named peers that `kind`, of a policy in any namespace, is a way of writing, or a part of.
    pub fn named<'s>(&'s self, kind: &'s PeerKind) -> impl Iterator<Item = (&'s Arc<str>, &'s NamedPeer)> {
        self.peers.iter().filter(move |(_, peer)| is_written_as(&peer.whom, kind))
    }

    /// Whether the standard lets `kind` stand in a policy about `component`, in `direction`, in its environment.
    #[must_use]
    pub fn admits(&self, component: &Component, direction: Direction, kind: &PeerKind) -> bool {
        self.named(kind).any(|(name, peer)| {
            peer.is_of(self.environment.as_deref()) && self.is_meant(component, direction, name)
        })
    }

    fn is_meant(&self, component: &Component, direction: Direction, name: &Arc<str>) -> bool {
        let (own, peer) = (End::Component(component.key.clone()), End::Peer(Arc::clone(name)));
        let edge = match direction {
            Direction::Ingress => (&peer, &own),
            Direction::Egress => (&own, &peer),
        };
        let excepted = self
            .exceptions
            .iter()
            .any(|one| one.component == component.key && one.direction == direction && one.with == peer);
        (direction == Direction::Ingress && component.admits.contains(name))
            || self.edges.iter().any(|one| (&one.from, &one.to) == edge)
            || excepted
    }
}

fn is_written_as(whom: &Whom, kind: &PeerKind) -> bool {
    match (whom, kind) {
        (Whom::Ranges(ranges), PeerKind::Block(block)) => {
            let block = block.addresses();
            !block.is_empty() && block.difference(&ranges.iter().copied().collect()).is_empty()
        }
        (Whom::Pods { namespaces, pods: None }, PeerKind::Namespaces(written)) => namespaces == written,
        (Whom::Pods { namespaces, pods }, PeerKind::PodsInNamespaces { namespaces: of, pods: written }) => {
            namespaces == of && pods.as_ref().is_none_or(|pods| pods == written)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_calendar() {
        for (text, is_day) in [
            ("2026-11-30", true),
            ("2028-02-29", true),
            ("2026-02-29", false),
            ("2100-02-29", false),
            ("2026-11-31", false),
            ("2026-13-01", false),
            ("2026-1-01", false),
            ("26-01-01", false),
            ("2026-01-00", false),
            ("+026-01-01", false),
            ("tomorrow", false),
        ] {
            let day: Result<Day, _> = text.parse();
            assert_eq!(day.is_ok(), is_day, "{text}");
            if let Ok(day) = day {
                assert_eq!(day.to_string(), text);
            }
        }
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert!(day("2026-11-30") < day("2026-12-01") && day("2025-12-31") < day("2026-01-01"));
    }

    #[test]
    fn a_part_of_a_named_range_is_that_range() {
        let cidr = |text: &str| text.parse::<Cidr>().unwrap();
        let office = Whom::Ranges([cidr("203.0.113.0/24")].into());
        let block = |text| PeerKind::Block(crate::object::IpBlock::new(cidr(text), []).unwrap());
        assert!(is_written_as(&office, &block("203.0.113.0/24")));
        assert!(is_written_as(&office, &block("203.0.113.128/25")));
        assert!(!is_written_as(&office, &block("203.0.112.0/23")));
        assert!(!is_written_as(&office, &PeerKind::Pods(LabelSelector::everything())));
    }
}
