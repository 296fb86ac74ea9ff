//! Parts of policies, and policies without some of them.

use crate::object::{Cluster, Direction, NetworkPolicy, ObjectKey, Origin, Rule};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Which part of a policy. Indexes are those of the policy as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum At {
    /// All of it.
    Policy,
    /// A rule.
    Rule(Direction, usize),
    /// An entry of a rule's `from` or `to`.
    Peer(Direction, usize, usize),
    /// An entry of a rule's `ports`.
    Port(Direction, usize, usize),
}

impl At {
    /// The direction and the rule; `None` for the policy.
    fn rule(self) -> Option<(Direction, usize)> {
        match self {
            Self::Policy => None,
            Self::Rule(direction, rule) | Self::Peer(direction, rule, _) | Self::Port(direction, rule, _) => {
                Some((direction, rule))
            }
        }
    }
}

/// A part of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// The policy.
    pub policy: ObjectKey,
    /// Which part of it.
    pub at: At,
}

impl Part {
    /// Its path in the manifest, such as `spec.ingress[0].from[1]`; `None` for the policy.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        let (direction, rule) = self.at.rule()?;
        let rule = format!("spec.{direction}[{rule}]");
        Some(match self.at {
            At::Policy | At::Rule(..) => rule,
            At::Peer(_, _, peer) => format!("{rule}.{}[{peer}]", direction.peer_field()),
            At::Port(_, _, port) => format!("{rule}.ports[{port}]"),
        })
    }

    /// Where it was written.
    pub(super) fn origin(&self, cluster: &Cluster) -> Option<Origin> {
        let policy = cluster.policies.get(&self.policy)?;
        let rule = |direction, rule: usize| policy.rules(direction).get(rule);
        Some(match self.at {
            At::Policy => policy.origin.clone(),
            At::Rule(direction, at) => rule(direction, at)?.origin.clone(),
            At::Peer(direction, at, peer) => rule(direction, at)?.peers.get(peer)?.origin.clone(),
            At::Port(direction, at, port) => rule(direction, at)?.ports.get(port)?.origin.clone(),
        })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.policy.fmt(f)?;
        self.path().map_or(Ok(()), |path| write!(f, " {path}"))
    }
}

/// The cluster when `parts` are deleted.
#[must_use]
pub fn without<'a>(cluster: &Cluster, parts: impl IntoIterator<Item = &'a Part>) -> Cluster {
    let mut removed = Removed::default();
    parts.into_iter().for_each(|part| removed.add(part));
    let policies = cluster.policies.values().filter_map(|policy| removed.strip(policy));
    let policies = policies.map(|policy| (policy.key.clone(), policy)).collect();
    Cluster { policies, ..cluster.clone() }
}

/// The parts of `policies` that might add nothing: large ones first, and of what is alike the last first, so
/// that the first is what stays.
pub(super) fn candidates(policies: &[&NetworkPolicy]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut push = |policy: &NetworkPolicy, at| parts.push(Part { policy: policy.key.clone(), at });
    for policy in policies.iter().rev() {
        push(policy, At::Policy);
    }
    for policy in policies.iter().rev() {
        for (direction, at, _) in rules(policy) {
            push(policy, At::Rule(direction, at));
        }
    }
    for policy in policies.iter().rev() {
        for (direction, at, rule) in rules(policy) {
            (0..rule.peers.len()).rev().for_each(|peer| push(policy, At::Peer(direction, at, peer)));
            (0..rule.ports.len()).rev().for_each(|port| push(policy, At::Port(direction, at, port)));
        }
    }
    parts
}

/// The rules of a policy, the last first.
fn rules(policy: &NetworkPolicy) -> impl Iterator<Item = (Direction, usize, &Rule)> {
    Direction::ALL.into_iter().rev().flat_map(move |direction| {
        let rules = policy.rules(direction).iter().enumerate().rev();
        rules.map(move |(at, rule)| (direction, at, rule))
    })
}

/// The parts that are gone, by policy.
#[derive(Debug, Default)]
pub(super) struct Removed(BTreeMap<ObjectKey, BTreeSet<At>>);

impl Removed {
    pub(super) fn parts(&self) -> impl Iterator<Item = Part> {
        self.0
            .iter()
            .flat_map(|(policy, parts)| parts.iter().map(|at| Part { policy: policy.clone(), at: *at }))
    }

    /// Removes `part`.
    pub(super) fn add(&mut self, part: &Part) {
        self.0.entry(part.policy.clone()).or_default().insert(part.at);
    }

    /// Puts `part` back.
    pub(super) fn restore(&mut self, part: &Part) {
        if let Some(gone) = self.0.get_mut(&part.policy) {
            gone.remove(&part.at);
            if gone.is_empty() {
                self.0.remove(&part.policy);
            }
        }
    }

    /// Whether all of `policy` is gone.
    pub(super) fn is_gone(&self, policy: &NetworkPolicy) -> bool {
        self.0.get(&policy.key).is_some_and(|gone| gone.contains(&At::Policy))
    }

    /// Whether what is left of `policy` isolates in `direction`: without `policyTypes` a policy does so for egress
    /// as long as it has a rule for it (S3).
    pub(super) fn isolates(&self, policy: &NetworkPolicy, direction: Direction) -> bool {
        let is_said = !policy.types.is_empty() || direction == Direction::Ingress;
        policy.isolates(direction) && (is_said || !self.rules(policy, direction).is_empty())
    }

    /// Whether `part` is still there, and goes without turning into its opposite: a list of peers or
    /// ports that becomes empty matches everything (S5).
    pub(super) fn can_lose(&self, policy: &NetworkPolicy, part: &Part) -> bool {
        let Some((direction, at)) = part.at.rule() else { return true };
        let gone = self.0.get(&policy.key);
        let is_left = |at: At| gone.is_none_or(|gone| !gone.contains(&at));
        if !is_left(At::Policy) || !is_left(At::Rule(direction, at)) {
            return false;
        }
        let Some(rule) = policy.rules(direction).get(at) else { return false };
        let left = |entries: usize, entry: fn(Direction, usize, usize) -> At| {
            (0..entries).filter(|number| is_left(entry(direction, at, *number))).count()
        };
        match part.at {
            At::Policy | At::Rule(..) => true,
            At::Peer(..) => left(rule.peers.len(), At::Peer) > 1,
            At::Port(..) => left(rule.ports.len(), At::Port) > 1,
        }
    }

    /// The rules of `policy` that are left, with their indexes.
    pub(super) fn rules<'p>(
        &self,
        policy: &'p NetworkPolicy,
        direction: Direction,
    ) -> Vec<(usize, Cow<'p, Rule>)> {
        let rules = policy.rules(direction).iter().enumerate();
        let Some(gone) = self.0.get(&policy.key) else {
            return rules.map(|(at, rule)| (at, Cow::Borrowed(rule))).collect();
        };
        let left = rules.filter(|(at, _)| !gone.contains(&At::Rule(direction, *at)));
        left.map(|(at, rule)| {
            // Most rules are as they were: there is no need of copies.
            let is_here = |part: &At| part.rule() == Some((direction, at));
            if !gone.iter().any(is_here) {
                return (at, Cow::Borrowed(rule));
            }
            let peer = |peer| !gone.contains(&At::Peer(direction, at, peer));
            let port = |port| !gone.contains(&At::Port(direction, at, port));
            let rule = Rule {
                peers: keep(&rule.peers, peer),
                ports: keep(&rule.ports, port),
                origin: rule.origin.clone(),
            };
            (at, Cow::Owned(rule))
        })
        .collect()
    }

    /// What is left of `policy`.
    pub(super) fn strip(&self, policy: &NetworkPolicy) -> Option<NetworkPolicy> {
        if self.is_gone(policy) {
            return None;
        }
        let rules = |direction| {
            self.rules(policy, direction).into_iter().map(|(_, rule)| rule.into_owned()).collect()
        };
        let (ingress, egress) = (rules(Direction::Ingress), rules(Direction::Egress));
        Some(NetworkPolicy { ingress, egress, ..policy.clone() })
    }
}

fn keep<T: Clone>(entries: &[T], is_left: impl Fn(usize) -> bool) -> Vec<T> {
    entries.iter().enumerate().filter(|(at, _)| is_left(*at)).map(|(_, entry)| entry.clone()).collect()
}

/// What `part` of `policy` says, as rules of their direction: those of the policy, or the rule with
/// only the entry.
pub(super) fn pieces(policy: &NetworkPolicy, part: &Part) -> Vec<(Direction, Rule)> {
    let rule = |direction, at: usize| policy.rules(direction).get(at);
    let piece = match part.at {
        At::Policy => {
            let isolating = Direction::ALL.into_iter().filter(|direction| policy.isolates(*direction));
            return isolating
                .flat_map(|direction| {
                    policy.rules(direction).iter().map(move |rule| (direction, rule.clone()))
                })
                .collect();
        }
        At::Rule(direction, at) => rule(direction, at).map(|rule| (direction, rule.clone())),
        At::Peer(direction, at, peer) => rule(direction, at).map(|rule| {
            let peers = rule.peers.get(peer).cloned().into_iter().collect();
            (direction, Rule { peers, ports: rule.ports.clone(), origin: rule.origin.clone() })
        }),
        At::Port(direction, at, port) => rule(direction, at).map(|rule| {
            let ports = rule.ports.get(port).cloned().into_iter().collect();
            (direction, Rule { peers: rule.peers.clone(), ports, origin: rule.origin.clone() })
        }),
    };
    piece.into_iter().filter(|(direction, _)| policy.isolates(*direction)).collect()
}
