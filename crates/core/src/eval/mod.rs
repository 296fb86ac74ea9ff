//! The plain evaluator: what a packet's fate is, clause by clause of the specification.
//!
//! Slow and obvious, and never optimised: it walks every policy for every packet. The fast engines
//! (the index, the compiled ruleset, the kernel) are held against it.

mod matching;
mod party;
mod tier;

pub(crate) use matching::{destinations, namespace_of, pod_matches};
pub use matching::{peer_matches, port_matches, rule_matches, selects};
pub use party::Party;
pub(crate) use tier::in_order;
pub use tier::{TierMatch, cluster_peer_matches, cluster_selects, tier_matches};

use crate::{
    object::{Cluster, Direction, NetworkPolicy, Pod, Tier},
    packet::{Packet, Traffic},
    verdict::{Because, SideVerdict, Verdict},
};

/// What `cluster` does with `packet`, the first of a connection.
#[must_use]
pub fn decide(cluster: &Cluster, packet: &Packet) -> Verdict {
    let flow = Flow::new(cluster, packet);
    Verdict::new(flow.side(Direction::Egress), flow.side(Direction::Ingress))
}

/// A packet with both its ends looked up.
#[derive(Clone, Debug)]
pub struct Flow<'a> {
    cluster: &'a Cluster,
    from: Party<'a>,
    to: Party<'a>,
    traffic: Traffic,
    to_itself: bool,
}

impl<'a> Flow<'a> {
    /// Looks up who stands at the ends of `packet`.
    #[must_use]
    pub fn new(cluster: &'a Cluster, packet: &Packet) -> Self {
        Self {
            cluster,
            from: Party::at(cluster, &packet.from),
            to: Party::at(cluster, &packet.to),
            traffic: packet.traffic,
            to_itself: packet.from == packet.to,
        }
    }

    /// Whose policies decide in `direction`: the destination's for ingress, the source's for egress.
    #[must_use]
    pub fn subject(&self, direction: Direction) -> &Party<'a> {
        match direction {
            Direction::Ingress => &self.to,
            Direction::Egress => &self.from,
        }
    }

    /// Who stands opposite the subject.
    #[must_use]
    pub fn peer(&self, direction: Direction) -> &Party<'a> {
        match direction {
            Direction::Ingress => &self.from,
            Direction::Egress => &self.to,
        }
    }

    /// What the packet carries.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// The cluster that the packet is in.
    #[must_use]
    pub fn cluster(&self) -> &'a Cluster {
        self.cluster
    }

    /// The answer of one side.
    #[must_use]
    pub fn side(&self, direction: Direction) -> SideVerdict {
        let pods = self.subject(direction).pods();
        let because = if pods.is_empty() {
            Because::NoPod // S11: a side that is not a pod allows everything.
        } else if self.to_itself {
            Because::Itself // S21
        } else if self.traffic.is_neighbour_discovery() {
            Because::NeighbourDiscovery // S34
        } else {
            self.every_pod(direction, pods)
        };
        SideVerdict::new(because)
    }

    /// S26: while several pods bear the address, each of them must allow, so that a policy never
    /// takes effect late. The first that denies is the reason, else the first that allows.
    fn every_pod(&self, direction: Direction, pods: &[&Pod]) -> Because {
        let mut reasons = pods.iter().map(|pod| self.one_pod(direction, pod));
        let first = reasons.next().unwrap_or(Because::NoPod);
        if !first.decision().is_allow() {
            return first;
        }
        reasons.find(|reason| !reason.decision().is_allow()).unwrap_or(first)
    }

    /// The answer of one of the pods on a side.
    pub(crate) fn one_pod(&self, direction: Direction, pod: &Pod) -> Because {
        if direction == Direction::Ingress && self.is_own_node(pod) {
            return Because::OwnNode; // S20: ingress only; egress to the own node is not exempt.
        }
        // S38: the Admin tier, then NetworkPolicy, then the Baseline tier.
        if let Some(decided) = tier::decide(self, Tier::Admin, direction, pod) {
            return decided; // S39
        }
        let isolating = isolating(self.cluster, pod, direction);
        if isolating.is_empty() {
            // S40: Baseline is for pods that no policy isolates; where nothing matches, it passes (S2).
            return tier::decide(self, Tier::Baseline, direction, pod).unwrap_or(Because::NotIsolated);
        }
        // S10: the union over the policies that select the pod; the first rule found is the reason.
        let allowed = isolating.iter().find_map(|policy| self.allowed_by(policy, direction));
        allowed
            .unwrap_or_else(|| Because::NoRule(isolating.iter().map(|policy| policy.key.clone()).collect()))
    }

    fn allowed_by(&self, policy: &NetworkPolicy, direction: Direction) -> Option<Because> {
        let mut rules = policy.rules(direction).iter().enumerate();
        rules.find_map(|(at, rule)| rule_matches(self, policy, direction, at, rule).map(Because::Rule))
    }

    /// Whether the packet comes from an address of the node that `pod` runs on (S20).
    pub(crate) fn is_own_node(&self, pod: &Pod) -> bool {
        let Some(address) = self.from.address() else { return false };
        let node = pod.node.as_ref().and_then(|name| self.cluster.nodes.get(name));
        pod.host_addresses.contains(&address) || node.is_some_and(|node| node.addresses.contains(&address))
    }
}

/// The policies that select `pod` and isolate it in `direction`, sorted by namespace and name (S2).
#[must_use]
pub fn isolating<'a>(cluster: &'a Cluster, pod: &Pod, direction: Direction) -> Vec<&'a NetworkPolicy> {
    cluster.policies.values().filter(|policy| policy.isolates(direction) && selects(policy, pod)).collect()
}
