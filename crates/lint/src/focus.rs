//! Where rules look: at everything, or at some namespaces while the rest is as it was.

use crate::{finding::Finding, world::World};
use sekisho_core::{
    index::RoaringBitmap,
    object::{Direction, NetworkPolicy, Peer, PeerKind, Rule},
};
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
    /// when they look at everything, and of what lies in no namespace; of a cluster-wide policy, what it does to their pods.
    ///
    /// INVARIANT: it is a matter of time alone. What a rule finds of an object does not depend on where else it looks,
    /// so a rule that tells something of an object of another namespace than the policy it looks at asks
    /// `World::may_concern`, or looks at everything.
    #[must_use]
    pub fn only(mut self, namespaces: BTreeSet<Arc<str>>) -> Self {
        self.focus = Some(namespaces);
        self
    }

    /// The same world, in which some rules are asked, and those that they yield to: enough to tell which findings of these
    /// [`settle`](crate::settle) leaves.
    #[must_use]
    pub fn asking<'r>(mut self, codes: impl IntoIterator<Item = &'r str>) -> Self {
        let meant = codes.into_iter().filter_map(crate::find);
        self.asked = Some(meant.flat_map(|rule| rule.yields_to.iter().copied().chain([rule.code])).collect());
        self
    }

    /// Whether a rule is asked.
    pub(crate) fn asks(&self, code: &str) -> bool {
        self.asked.as_ref().is_none_or(|asked| asked.contains(code))
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
        let all = self.focus.is_none().then(|| self.cluster.policies.values());
        let some = self.focus.iter().flatten().flat_map(|name| self.cluster.policies_in(name));
        all.into_iter().flatten().chain(some)
    }

    /// The pods that rules look at.
    pub(crate) fn own(&self) -> &RoaringBitmap {
        self.own.get_or_init(|| match &self.focus {
            None => self.index.all_pods().clone(),
            Some(focus) => {
                let pods = focus.iter().map(|name| self.index.pods_in(name));
                pods.fold(RoaringBitmap::new(), |all, pods| all | pods)
            }
        })
    }

    /// Their rules that have effect.
    pub(crate) fn rules(&self) -> impl Iterator<Item = RuleAt<'c>> + '_ {
        self.policies().flat_map(rules_of)
    }

    /// The peers of their rules that have effect.
    pub(crate) fn peers(&self) -> impl Iterator<Item = (RuleAt<'c>, &'c Peer)> + '_ {
        self.rules().flat_map(peers_of)
    }

    /// The rules of all policies that have effect, of some directions.
    pub(crate) fn all_rules<'w>(
        &'w self,
        directions: &'w BTreeSet<Direction>,
    ) -> impl Iterator<Item = RuleAt<'c>> + 'w {
        let policies = self.cluster.policies.values();
        policies
            .flat_map(|policy| directions.iter().flat_map(move |direction| rules_towards(policy, *direction)))
    }

    /// The peers of the rules that have effect of the policies of a namespace, whether rules look at it or not.
    pub(crate) fn peers_in(
        &self,
        namespace: &Arc<str>,
    ) -> impl Iterator<Item = (RuleAt<'c>, &'c Peer)> + use<'c> {
        self.cluster.policies_in(namespace).flat_map(rules_of).flat_map(peers_of)
    }

    /// Whether a peer of `policy` may select pods that rules look at.
    pub(crate) fn may_concern(&self, policy: &NetworkPolicy, kind: &PeerKind) -> bool {
        let Some(focus) = &self.focus else { return true };
        match kind {
            PeerKind::Pods(_) => focus.contains(&policy.key.namespace),
            PeerKind::Namespaces(namespaces) | PeerKind::PodsInNamespaces { namespaces, .. } => {
                // Most name their namespaces, and most of these others.
                let named = World::named(namespaces);
                let may_be = |name: &&Arc<str>| named.is_none_or(|names| names.contains(*name));
                let mut labels = focus.iter().filter(may_be).filter_map(|name| self.namespaces().get(name));
                labels.any(|labels| namespaces.matches(labels))
            }
            PeerKind::Block(_) => true,
        }
    }
}

fn rules_of(policy: &NetworkPolicy) -> impl Iterator<Item = RuleAt<'_>> {
    Direction::ALL.into_iter().flat_map(move |direction| rules_towards(policy, direction))
}

fn rules_towards(policy: &NetworkPolicy, direction: Direction) -> impl Iterator<Item = RuleAt<'_>> {
    let isolating = policy.isolates(direction).then(|| policy.rules(direction));
    isolating.into_iter().flatten().map(move |rule| RuleAt { policy, direction, rule })
}

fn peers_of(at: RuleAt<'_>) -> impl Iterator<Item = (RuleAt<'_>, &Peer)> {
    at.rule.peers.iter().map(move |peer| (at, peer))
}
