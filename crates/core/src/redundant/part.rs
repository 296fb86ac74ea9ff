//! Parts of policies, and policies without some of them.

use crate::object::{Cluster, Direction, NetworkPolicy, ObjectKey, Origin, Rule};
use std::{collections::BTreeSet, fmt};

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
    let removed = Removed(parts.into_iter().cloned().collect());
    let policies = cluster.policies.values().filter_map(|policy| removed.strip(policy));
    let policies = policies.map(|policy| (policy.key.clone(), policy)).collect();
    Cluster { policies, ..cluster.clone() }
}

/// The parts that might add nothing: large ones first, and of what is alike the last first, so that
/// the first is what stays.
pub(super) fn candidates(cluster: &Cluster) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut push = |policy: &NetworkPolicy, at| parts.push(Part { policy: policy.key.clone(), at });
    let rules = |policy: &NetworkPolicy| -> Vec<(Direction, usize, Rule)> {
        let of = |direction| {
            let rules = policy.rules(direction).iter().enumerate();
            rules.map(move |(at, rule)| (direction, at, rule.clone())).collect::<Vec<_>>()
        };
        Direction::ALL.into_iter().flat_map(of).rev().collect()
    };
    for policy in cluster.policies.values().rev() {
        push(policy, At::Policy);
    }
    for policy in cluster.policies.values().rev() {
        for (direction, at, _) in rules(policy) {
            push(policy, At::Rule(direction, at));
        }
    }
    for policy in cluster.policies.values().rev() {
        for (direction, at, rule) in rules(policy) {
            (0..rule.peers.len()).rev().for_each(|peer| push(policy, At::Peer(direction, at, peer)));
            (0..rule.ports.len()).rev().for_each(|port| push(policy, At::Port(direction, at, port)));
        }
    }
    parts
}

/// The parts that are gone.
#[derive(Debug, Default)]
pub(super) struct Removed(BTreeSet<Part>);

impl Removed {
    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.0.iter()
    }

    /// Removes `part`.
    pub(super) fn add(&mut self, part: &Part) {
        self.0.insert(part.clone());
    }

    /// Puts `part` back.
    pub(super) fn restore(&mut self, part: &Part) {
        self.0.remove(part);
    }

    /// Whether any part of `policy` is gone.
    pub(super) fn touches(&self, policy: &NetworkPolicy) -> bool {
        let first = Part { policy: policy.key.clone(), at: At::Policy };
        self.0.range(first..).next().is_some_and(|part| part.policy == policy.key)
    }

    fn has(&self, policy: &NetworkPolicy, at: At) -> bool {
        self.0.contains(&Part { policy: policy.key.clone(), at })
    }

    /// Whether `part` is still there, and goes without turning into its opposite: a list of peers or
    /// ports that becomes empty matches everything (S5).
    pub(super) fn can_lose(&self, policy: &NetworkPolicy, part: &Part) -> bool {
        let Some((direction, rule)) = part.at.rule() else { return true };
        if self.has(policy, At::Policy) || self.has(policy, At::Rule(direction, rule)) {
            return false;
        }
        let rules = self.rules(policy, direction);
        let Some((_, rule)) = rules.iter().find(|(at, _)| *at == rule) else { return false };
        match part.at {
            At::Policy | At::Rule(..) => true,
            At::Peer(..) => rule.peers.len() > 1,
            At::Port(..) => rule.ports.len() > 1,
        }
    }

    /// The rules of `policy` that are left, with their indexes.
    pub(super) fn rules(&self, policy: &NetworkPolicy, direction: Direction) -> Vec<(usize, Rule)> {
        let rules = policy.rules(direction).iter().enumerate();
        let left = rules.filter(|(at, _)| !self.has(policy, At::Rule(direction, *at)));
        left.map(|(at, rule)| {
            let peer = |peer| !self.has(policy, At::Peer(direction, at, peer));
            let port = |port| !self.has(policy, At::Port(direction, at, port));
            let rule = Rule {
                peers: keep(&rule.peers, peer),
                ports: keep(&rule.ports, port),
                origin: rule.origin.clone(),
            };
            (at, rule)
        })
        .collect()
    }

    /// What is left of `policy`.
    pub(super) fn strip(&self, policy: &NetworkPolicy) -> Option<NetworkPolicy> {
        if self.has(policy, At::Policy) {
            return None;
        }
        let rules = |direction| self.rules(policy, direction).into_iter().map(|(_, rule)| rule).collect();
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
    let one = |direction, rule: usize| policy.rules(direction).get(rule).cloned();
    let piece = match part.at {
        At::Policy => {
            let isolating = Direction::ALL.into_iter().filter(|direction| policy.isolates(*direction));
            return isolating
                .flat_map(|direction| {
                    policy.rules(direction).iter().map(move |rule| (direction, rule.clone()))
                })
                .collect();
        }
        At::Rule(direction, rule) => one(direction, rule).map(|rule| (direction, rule)),
        At::Peer(direction, rule, peer) => one(direction, rule).map(|rule| {
            (direction, Rule { peers: rule.peers.get(peer).cloned().into_iter().collect(), ..rule })
        }),
        At::Port(direction, rule, port) => one(direction, rule).map(|rule| {
            (direction, Rule { ports: rule.ports.get(port).cloned().into_iter().collect(), ..rule })
        }),
    };
    piece.into_iter().filter(|(direction, _)| policy.isolates(*direction)).collect()
}
