//! What the policies of one end of a connection say to it.

use crate::{far::has_port_of, tiers, world::World};
use sekisho_core::{
    index::{PodId, PolicyKey, RoaringBitmap},
    object::{Direction, NetworkPolicy, Pod, Rule},
    packet::{End, Packet, Traffic},
    set::Protocol,
};
use std::sync::Arc;

/// A connection between two pods.
#[derive(Clone, Copy)]
pub(crate) struct Call<'w> {
    pub(crate) from: (PodId, &'w Arc<Pod>),
    pub(crate) to: (PodId, &'w Arc<Pod>),
    pub(crate) protocol: Protocol,
    pub(crate) port: u16,
}

impl<'w> Call<'w> {
    /// Its first packet; `None` where the two have no family of addresses in common.
    fn packet(&self) -> Option<Packet> {
        let traffic = Traffic::Port(self.protocol, self.port);
        let ((_, from), (_, to)) = (self.from, self.to);
        let both = from
            .addresses
            .iter()
            .flat_map(|a| to.addresses.iter().filter_map(|b| Packet::between(*a, *b, traffic)));
        let mut both = both;
        if let Some(packet) = both.next() {
            return Some(packet);
        }
        let end = |pod: &Pod| match pod.addresses.first() {
            Some(address) => End::Address(*address),
            None => End::Pod(pod.uid.clone()),
        };
        let is_unknown = from.addresses.is_empty() || to.addresses.is_empty();
        is_unknown.then(|| Packet { from: end(from), to: end(to), traffic })
    }

    /// The end whose policies speak in `direction`, and the other.
    pub(crate) fn ends(&self, direction: Direction) -> [(PodId, &'w Arc<Pod>); 2] {
        match direction {
            Direction::Ingress => [self.to, self.from],
            Direction::Egress => [self.from, self.to],
        }
    }
}

impl<'c> World<'c> {
    /// Whether a connection passes; `None` where there can be none.
    pub(crate) fn passes(&self, call: &Call<'_>) -> Option<bool> {
        Some(self.index.decide(&call.packet()?).is_allow())
    }

    /// The policies that isolate a pod in `direction`, the most specific first.
    pub(crate) fn isolating(&self, id: PodId, direction: Direction) -> Vec<&'c NetworkPolicy> {
        let keys = self.index.policies_selecting(id);
        let policies = keys.iter().filter_map(|key| match key {
            PolicyKey::Namespaced(key) => self.cluster.policies.get(key),
            PolicyKey::Admin(_) | PolicyKey::Baseline(_) => None,
        });
        let mut isolating: Vec<_> = policies.filter(|policy| policy.isolates(direction)).collect();
        isolating.sort_by_key(|policy| std::cmp::Reverse(policy.subjects.requirements().len()));
        isolating
    }

    /// The policies that refuse a call in `direction`, the most specific first; none where one admits it, or none
    /// isolates.
    pub(crate) fn refusing(&self, call: &Call<'_>, direction: Direction) -> Vec<&'c NetworkPolicy> {
        let [(own, _), _] = call.ends(direction);
        let isolating = self.isolating(own, direction);
        let admits = |policy: &&NetworkPolicy| {
            let mut rules = policy.rules(direction).iter();
            rules.any(|rule| self.names(call, direction, policy, rule) && has_port(rule, call))
        };
        if isolating.iter().any(admits) { Vec::new() } else { isolating }
    }

    /// Whether a rule of `policy` names the other end of a call.
    pub(crate) fn names(
        &self,
        call: &Call<'_>,
        direction: Direction,
        policy: &NetworkPolicy,
        rule: &Rule,
    ) -> bool {
        let [_, (other, _)] = call.ends(direction);
        rule.peers.is_empty() || rule.peers.iter().any(|peer| self.is_selected(policy, &peer.kind, other))
    }

    /// The pods that rules look at which policies isolate in `direction` and none of them opens to everybody.
    pub(crate) fn shut(&self, direction: Direction) -> RoaringBitmap {
        let (mut shut, mut open) = (RoaringBitmap::new(), RoaringBitmap::new());
        for policy in self.policies().filter(|policy| policy.isolates(direction)) {
            let side = if is_open(policy, direction) { &mut open } else { &mut shut };
            *side |= self.subjects(policy);
        }
        shut - open
    }

    /// Whether it is so of a pod, wherever it is.
    pub(crate) fn is_shut(&self, id: PodId, direction: Direction) -> bool {
        let isolating = self.isolating(id, direction);
        !isolating.is_empty() && !isolating.iter().any(|policy| is_open(policy, direction))
    }

    /// Those of `pods`, wherever they are, of which policies have something to say in `direction`; cluster-wide ones in
    /// either.
    pub(crate) fn spoken_of(&self, pods: &RoaringBitmap, direction: Direction) -> RoaringBitmap {
        let isolated = match &self.focus {
            None => pods & self.isolated(direction),
            Some(_) => pods.iter().filter(|id| !self.isolating(*id, direction).is_empty()).collect(),
        };
        isolated | pods & self.tiered()
    }

    /// The pods of which cluster-wide policies have something to say, in either direction.
    pub(crate) fn tiered(&self) -> RoaringBitmap {
        tiers::subjects(self.index)
    }
}

/// Whether a policy opens pods to everybody.
fn is_open(policy: &NetworkPolicy, direction: Direction) -> bool {
    policy.rules(direction).iter().any(|rule| rule.peers.is_empty() && rule.ports.is_empty())
}

/// Whether a rule has the port of a call.
pub(crate) fn has_port(rule: &Rule, call: &Call<'_>) -> bool {
    has_port_of(rule, call.to.1, call.protocol, call.port)
}
