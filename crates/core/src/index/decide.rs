//! The verdict by the index: the same answer as the plain evaluator's, by set membership.

use super::{CompiledRule, Index, Peers, PodId, PolicyKey, Ports, SetKey};
use crate::{
    object::{Direction, Pod, RuleAction, Tier},
    packet::{End, Packet, Traffic},
    set::Protocol,
    verdict::Decision,
};
use std::{collections::BTreeSet, net::IpAddr};

/// One end of a packet, by number.
struct Party {
    address: Option<IpAddr>,
    pods: Vec<PodId>,
}

impl Index {
    /// Whether `packet`, the first of a connection, passes.
    #[must_use]
    pub fn decide(&self, packet: &Packet) -> Decision {
        if packet.from == packet.to || packet.traffic.is_neighbour_discovery() {
            return Decision::Allow; // S21, S34
        }
        let (from, to) = (self.party(&packet.from), self.party(&packet.to));
        // S26: each pod that bears the address must allow.
        let egress =
            || from.pods.iter().all(|pod| self.allows(Direction::Egress, *pod, &from, &to, packet.traffic));
        let ingress =
            || to.pods.iter().all(|pod| self.allows(Direction::Ingress, *pod, &to, &from, packet.traffic));
        Decision::from_allowed(egress() && ingress())
    }

    fn party(&self, end: &End) -> Party {
        let pods = match end {
            End::Address(address) => self.pods.at(*address).collect(),
            End::Pod(uid) => self.pods.id(uid).into_iter().collect(),
        };
        Party { address: end.address(), pods }
    }

    fn allows(
        &self,
        direction: Direction,
        id: PodId,
        subject: &Party,
        peer: &Party,
        traffic: Traffic,
    ) -> bool {
        let Some(pod) = self.pods.get(id) else { return true };
        if direction == Direction::Ingress && self.is_own_node(pod, peer.address) {
            return true; // S20
        }
        let destination = match direction {
            Direction::Ingress => subject,
            Direction::Egress => peer,
        };
        let selecting = self.policies_selecting(id);
        let matches = |rule: &&CompiledRule| self.rule_matches(rule, peer, destination, traffic);
        let first = |tier| self.tier_rules(&selecting, tier, direction).find(matches).map(|rule| rule.action);
        match first(Tier::Admin) {
            Some(RuleAction::Accept) => return true, // S39
            Some(RuleAction::Deny) => return false,
            Some(RuleAction::Pass) | None => {}
        }
        let mut isolated = false;
        let namespaced = selecting.iter().filter(|key| key.tier().is_none());
        for rules in namespaced.filter_map(|key| self.policies.get(key)?.rules(direction)) {
            isolated = true; // S2
            if rules.iter().any(|rule| matches(&rule)) {
                return true; // S10
            }
        }
        !isolated && first(Tier::Baseline) != Some(RuleAction::Deny) // S40
    }

    /// The rules of a tier's policies among `selecting`, in the order in which they are read (S38).
    fn tier_rules<'i>(
        &'i self,
        selecting: &'i BTreeSet<PolicyKey>,
        tier: Tier,
        direction: Direction,
    ) -> impl Iterator<Item = &'i CompiledRule> {
        let policies = selecting.iter().filter(move |key| key.tier() == Some(tier));
        policies.filter_map(move |key| self.policies.get(key)?.rules(direction)).flatten()
    }

    fn is_own_node(&self, pod: &Pod, address: Option<IpAddr>) -> bool {
        let Some(address) = address else { return false };
        let node = pod.node.as_ref().and_then(|name| self.nodes.get(name));
        pod.host_addresses.contains(&address) || node.is_some_and(|node| node.addresses.contains(&address))
    }

    fn rule_matches(&self, rule: &CompiledRule, peer: &Party, destination: &Party, traffic: Traffic) -> bool {
        let peer_matches = match &rule.peers {
            Peers::All => true,
            Peers::Some { pods, addresses, whole_family } => {
                let selected = |pods: &Vec<_>| pods.iter().any(|key| self.selects_any(key, peer));
                peer.address.map_or(*whole_family, |address| addresses.contains(address)) || selected(pods)
            }
        };
        peer_matches
            && match (&rule.ports, traffic) {
                (Ports::All, _) => true,
                (Ports::Some { numbers, named }, Traffic::Port(protocol, port)) => {
                    numbers.contains(protocol, port)
                        || named.iter().any(|set| self.names(set, destination, protocol, port))
                }
                (Ports::Some { .. }, Traffic::Icmpv6(_) | Traffic::Other(_)) => false, // S33
            }
    }

    fn selects_any(&self, key: &std::sync::Arc<super::PodSelectorKey>, party: &Party) -> bool {
        let Some(selected) = self.selected_pods(key) else { return false };
        party.pods.iter().any(|pod| selected.contains(*pod))
    }

    /// S14: some pod at the destination is in the set's selector and names the port so.
    fn names(&self, set: &SetKey, destination: &Party, protocol: Protocol, port: u16) -> bool {
        let SetKey::NamedPort { pods, protocol: of, name } = set else { return false };
        let Some(selected) = self.selected_pods(pods) else { return false };
        *of == protocol
            && destination.pods.iter().filter(|pod| selected.contains(**pod)).any(|pod| {
                self.pods.get(*pod).is_some_and(|pod| pod.named_ports(protocol, name).any(|n| n == port))
            })
    }
}
