//! Cluster-wide policies as conjunctions over shared sets.

use super::{
    CompiledRule, Delta, Index, NamespaceScope, Peers, PodSelectorKey, PolicyKey, PolicyRules, Ports,
    delta::DeltaBuilder, rules::Written,
};
use crate::{
    object::{
        ClusterPeerKind, ClusterPods, ClusterPolicy, ClusterPolicyName, ClusterRule, Direction, Effective,
        LabelSelector, Node, RuleAction,
    },
    set::AddressSet,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The nodes of the cluster, by name.
pub(super) type Nodes = BTreeMap<Arc<str>, Node>;

/// The key of a cluster-wide policy.
pub(super) fn key(policy: &ClusterPolicy) -> PolicyKey {
    PolicyKey::of_tier(policy.tier, policy.rank())
}

/// Compiles `policy`. Peers that name nodes become the addresses that those have now (S42): a change
/// of nodes compiles the policy anew.
pub(super) fn compile(policy: &ClusterPolicy, nodes: &Nodes) -> PolicyRules {
    let subjects = selector(&policy.subjects);
    let compile = |direction| {
        let rules = policy.rules(direction);
        let compiled = rules.iter().enumerate();
        let compiled = compiled.flat_map(|(at, rule)| compile_rule(rule, at, &subjects, nodes, direction));
        (!rules.is_empty()).then(|| compiled.collect())
    };
    let (ingress, egress) = (compile(Direction::Ingress), compile(Direction::Egress));
    PolicyRules { key: key(policy), subjects, ingress, egress }
}

fn compile_rule(
    rule: &ClusterRule,
    at: usize,
    subjects: &Arc<PodSelectorKey>,
    nodes: &Nodes,
    direction: Direction,
) -> Vec<CompiledRule> {
    match rule.effective() {
        Effective::Nothing => Vec::new(),
        Effective::DenyAll => {
            vec![CompiledRule { rule: at, action: RuleAction::Deny, peers: Peers::All, ports: Ports::All }]
        }
        Effective::AsWritten => {
            let written = Written { rule: at, action: rule.action, ports: &rule.ports };
            written.compile(peers(rule, nodes), subjects, direction)
        }
    }
}

fn peers(rule: &ClusterRule, nodes: &Nodes) -> Peers {
    let (mut pods, mut addresses, mut whole_family) = (BTreeSet::new(), AddressSet::empty(), false);
    for peer in &rule.peers {
        match &peer.kind {
            ClusterPeerKind::Pods(named) => drop(pods.insert(selector(named))),
            ClusterPeerKind::Networks(networks) => {
                addresses = addresses.union(&networks.iter().copied().collect());
                whole_family |= networks.iter().any(|network| network.is_whole_family());
            }
            ClusterPeerKind::Nodes(selector) => {
                addresses = addresses.union(&addresses_of(selector, nodes));
            }
            // S42: no address is known to belong to a name; S41 is about the rule as a whole.
            ClusterPeerKind::DomainNames(_) | ClusterPeerKind::Unknown => {}
        }
    }
    Peers::Some { pods: pods.into_iter().collect(), addresses, whole_family }
}

fn addresses_of(selector: &LabelSelector, nodes: &Nodes) -> AddressSet {
    let named = nodes.values().filter(|node| selector.matches(&node.labels));
    named.flat_map(|node| &node.addresses).map(|address| crate::set::Cidr::host(*address)).collect()
}

fn selector(pods: &ClusterPods) -> Arc<PodSelectorKey> {
    PodSelectorKey::new(NamespaceScope::Matching(pods.namespaces.clone()), pods.pods.clone())
}

impl Index {
    pub(super) fn replace_cluster_policy(
        &mut self,
        name: &ClusterPolicyName,
        new: Option<ClusterPolicy>,
    ) -> Delta {
        let mut delta = DeltaBuilder::default();
        let compiled = new.as_ref().map(|policy| compile(policy, &self.nodes));
        let new_key = compiled.as_ref().map(|rules| rules.key.clone());
        let old = match new {
            Some(policy) => self.cluster_policies.insert(name.clone(), policy),
            None => self.cluster_policies.remove(name),
        };
        let old_key = old.as_ref().map(key);
        if let (Some(key), Some(rules)) = (&new_key, compiled) {
            delta.append(self.replace_policy(key, Some(Arc::new(rules))));
        }
        // With another priority it is another policy to whoever reads them in order (S38).
        if let Some(key) = old_key.filter(|key| new_key.as_ref() != Some(key)) {
            delta.append(self.replace_policy(&key, None));
        }
        delta.finish()
    }

    /// Compiles anew what names nodes (S42).
    pub(super) fn recompile_for_nodes(&mut self, delta: &mut DeltaBuilder) {
        let policies = self.cluster_policies.values().filter(|policy| policy.names_nodes());
        let compiled: Vec<_> = policies.map(|policy| compile(policy, &self.nodes)).collect();
        for rules in compiled {
            delta.append(self.replace_policy(&rules.key.clone(), Some(Arc::new(rules))));
        }
    }
}
