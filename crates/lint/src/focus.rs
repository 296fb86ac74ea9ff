//! Where rules look: at everything, or at some namespaces while the rest is as it was.

use crate::{finding::Finding, world::World};
use sekisho_core::object::{Direction, NetworkPolicy, Peer, PeerKind, Rule};
use std::{collections::BTreeSet, sync::Arc};

/// A rule of a policy that has effect.
#[derive(Clone, Copy)]
pub(crate) struct RuleAt<'c> {
    pub(crate) policy: &'c NetworkPolicy,
    pub(crate) direction: Direction,
    pub(crate) rule: &'c Rule,
}

impl<'c> World<'c> {
    /// The same world, in which rules look at some namespaces only: what is found is what is found of their objects
    /// when they look at everything, and of what lies in no namespace.
    ///
    /// INVARIANT: it is a matter of time alone. What a rule finds of an object does not depend on where else it looks,
    /// so a rule that tells something of an object of another namespace than the policy it looks at asks
    /// `World::may_concern`, or looks at everything.
    #[must_use]
    pub fn only(mut self, namespaces: BTreeSet<Arc<str>>) -> Self {
        self.focus = Some(namespaces);
        self
    }

    /// Whether rules look at a namespace.
    pub(crate) fn looks_at(&self, namespace: &str) -> bool {
        self.focus.as_ref().is_none_or(|focus| focus.contains(namespace))
    }

    /// Whether a finding is about something that rules look at.
    pub(crate) fn is_heard(&self, finding: &Finding) -> bool {
        finding.subject.namespace().is_none_or(|namespace| self.looks_at(namespace))
    }

    /// The policies that rules look at.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &'c NetworkPolicy> + '_ {
        self.cluster.policies.values().filter(|policy| self.looks_at(&policy.key.namespace))
    }

    /// Their rules that have effect.
    pub(crate) fn rules(&self) -> impl Iterator<Item = RuleAt<'c>> + '_ {
        self.policies().flat_map(rules_of)
    }

    /// The peers of their rules that have effect.
    pub(crate) fn peers(&self) -> impl Iterator<Item = (RuleAt<'c>, &'c Peer)> + '_ {
        self.rules().flat_map(peers_of)
    }

    /// The rules of all policies that have effect.
    pub(crate) fn all_rules(&self) -> impl Iterator<Item = RuleAt<'c>> + '_ {
        self.cluster.policies.values().flat_map(rules_of)
    }

    /// The peers of the rules of all policies that have effect.
    pub(crate) fn all_peers(&self) -> impl Iterator<Item = (RuleAt<'c>, &'c Peer)> + '_ {
        self.all_rules().flat_map(peers_of)
    }

    /// Whether a peer of `policy` may select pods that rules look at.
    pub(crate) fn may_concern(&self, policy: &NetworkPolicy, kind: &PeerKind) -> bool {
        let Some(focus) = &self.focus else { return true };
        match kind {
            PeerKind::Pods(_) => focus.contains(&policy.key.namespace),
            PeerKind::Namespaces(namespaces) | PeerKind::PodsInNamespaces { namespaces, .. } => focus
                .iter()
                .any(|name| self.namespaces().get(name).is_some_and(|labels| namespaces.matches(labels))),
            PeerKind::Block(_) => true,
        }
    }
}

fn rules_of(policy: &NetworkPolicy) -> impl Iterator<Item = RuleAt<'_>> {
    let isolating = Direction::ALL.into_iter().filter(|direction| policy.isolates(*direction));
    isolating.flat_map(move |direction| {
        policy.rules(direction).iter().map(move |rule| RuleAt { policy, direction, rule })
    })
}

fn peers_of(at: RuleAt<'_>) -> impl Iterator<Item = (RuleAt<'_>, &Peer)> {
    at.rule.peers.iter().map(move |peer| (at, peer))
}
