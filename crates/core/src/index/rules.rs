//! Policies as conjunctions over shared sets.

use super::key::{NamespaceScope, PodSelectorKey, PolicyKey, SetKey};
use crate::{
    object::{Direction, LabelSelector, NetworkPolicy, PeerKind, PolicyPort, PortMatch, Rule, RuleAction},
    set::{AddressSet, PortSet},
};
use std::{collections::BTreeSet, sync::Arc};

/// Whom a compiled rule matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peers {
    /// Everyone, in the cluster and outside (S5).
    All,
    /// Pods of these selectors, and whatever has these addresses.
    Some {
        /// Distinct selectors, sorted.
        pods: Vec<Arc<PodSelectorKey>>,
        /// All `ipBlock` peers together, exceptions taken away from each (S18, S19).
        addresses: AddressSet,
        /// Whether one `ipBlock` is a whole family without exception: it holds pods whose address is
        /// not known, too. A dataplane, which sees addresses only, has no use for it.
        whole_family: bool,
    },
}

/// Which traffic a compiled rule matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Every port of every protocol, and protocols without ports (S5, S33).
    All,
    /// These.
    Some {
        /// Numbers and ranges.
        numbers: PortSet,
        /// Sets of (destination address, destination port), sorted (S14).
        named: Vec<SetKey>,
    },
}

/// One conjunction: it does `action` with what matches `peers` and `ports`. Rules of a NetworkPolicy
/// are ORed and all accept; those of a cluster-wide policy are read in order (S39).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledRule {
    /// The index of the rule it comes from in the policy's list.
    pub rule: usize,
    /// What it does with what it matches.
    pub action: RuleAction,
    /// Whom it matches.
    pub peers: Peers,
    /// Which traffic.
    pub ports: Ports,
}

impl CompiledRule {
    /// The sets that the rule reads.
    pub fn sets(&self) -> impl Iterator<Item = SetKey> + '_ {
        let pods: &[_] = match &self.peers {
            Peers::All => &[],
            Peers::Some { pods, .. } => pods,
        };
        let named: &[_] = match &self.ports {
            Ports::All => &[],
            Ports::Some { named, .. } => named,
        };
        pods.iter().cloned().map(SetKey::Pods).chain(named.iter().cloned())
    }
}

/// A policy compiled: for each direction, its rules where it isolates (S2) or, of a cluster-wide
/// policy, where it has rules; else `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRules {
    /// The policy.
    pub key: PolicyKey,
    /// Whose subjects it selects.
    pub subjects: Arc<PodSelectorKey>,
    /// The ingress rules.
    pub ingress: Option<Vec<CompiledRule>>,
    /// The egress rules.
    pub egress: Option<Vec<CompiledRule>>,
}

impl PolicyRules {
    /// Compiles `policy`.
    #[must_use]
    pub fn compile(policy: &NetworkPolicy) -> Self {
        let own = NamespaceScope::One(Arc::clone(&policy.key.namespace));
        let subjects = PodSelectorKey::new(own, policy.subjects.clone());
        let compile = |direction| {
            policy.isolates(direction).then(|| {
                let rules = policy.rules(direction).iter().enumerate();
                let compiled = rules.flat_map(|(at, rule)| {
                    let written = Written { rule: at, action: RuleAction::Accept, ports: &rule.ports };
                    written.compile(compile_peers(policy, rule), &subjects, direction)
                });
                let mut compiled: Vec<CompiledRule> = compiled.collect();
                compiled.shrink_to_fit();
                compiled
            })
        };
        let (ingress, egress) = (compile(Direction::Ingress), compile(Direction::Egress));
        Self { key: policy.key.clone().into(), subjects, ingress, egress }
    }

    /// Lets `share` put in place of each selector one that equals it: policies select alike, and what
    /// each has of its own is memory.
    pub fn share_selectors(&mut self, mut share: impl FnMut(&mut Arc<PodSelectorKey>)) {
        share(&mut self.subjects);
        for rule in self.ingress.iter_mut().chain(&mut self.egress).flatten() {
            if let Peers::Some { pods, .. } = &mut rule.peers {
                pods.iter_mut().for_each(&mut share);
            }
            if let Ports::Some { named, .. } = &mut rule.ports {
                named.iter_mut().for_each(|set| share(set.selector_mut()));
            }
        }
    }

    /// The rules of one direction, `None` where the policy has no say in it.
    #[must_use]
    pub fn rules(&self, direction: Direction) -> Option<&[CompiledRule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }

    /// The sets that the policy's rules read, each once.
    #[must_use]
    pub fn sets(&self) -> BTreeSet<SetKey> {
        self.ingress.iter().chain(&self.egress).flatten().flat_map(CompiledRule::sets).collect()
    }
}

/// A rule as it was written, but for its peers.
pub(super) struct Written<'r> {
    pub(super) rule: usize,
    pub(super) action: RuleAction,
    pub(super) ports: &'r [PolicyPort],
}

impl Written<'_> {
    /// The conjunctions that the rule is.
    pub(super) fn compile(
        &self,
        peers: Peers,
        subjects: &Arc<PodSelectorKey>,
        direction: Direction,
    ) -> Vec<CompiledRule> {
        if self.ports.is_empty() {
            return vec![self.conjunction(peers, Ports::All)];
        }
        let numbers = numbers(self.ports);
        match direction {
            // S14: in ingress the destination is the subject itself, whoever the peer is.
            Direction::Ingress => {
                let named = named(self.ports, std::slice::from_ref(subjects));
                vec![self.conjunction(peers, Ports::Some { numbers, named })]
            }
            Direction::Egress => self.compile_egress(peers, numbers),
        }
    }

    fn conjunction(&self, peers: Peers, ports: Ports) -> CompiledRule {
        CompiledRule { rule: self.rule, action: self.action, peers, ports }
    }

    /// S14: in egress the named port must be the matching peer's own. A set of (address, port) of a
    /// selector's pods says both at once, so named ports of selectors become rules without a peer test.
    fn compile_egress(&self, peers: Peers, numbers: PortSet) -> Vec<CompiledRule> {
        let by_name = |peers, selectors: &[_]| {
            let named = named(self.ports, selectors);
            self.conjunction(peers, Ports::Some { numbers: PortSet::empty(), named })
        };
        let mut rules = Vec::new();
        if self.ports.iter().any(|port| matches!(port.port, PortMatch::Named(_))) {
            match &peers {
                Peers::All => rules.push(by_name(Peers::All, &[PodSelectorKey::all_pods()])),
                Peers::Some { pods, addresses, whole_family } => {
                    if !pods.is_empty() {
                        rules.push(by_name(Peers::All, pods));
                    }
                    if !addresses.is_empty() {
                        let (addresses, whole_family) = (addresses.clone(), *whole_family);
                        let blocks = Peers::Some { pods: Vec::new(), addresses, whole_family };
                        rules.push(by_name(blocks, &[PodSelectorKey::all_pods()]));
                    }
                }
            }
        }
        if !numbers.is_empty() {
            rules.insert(0, self.conjunction(peers, Ports::Some { numbers, named: Vec::new() }));
        }
        rules
    }
}

fn compile_peers(policy: &NetworkPolicy, rule: &Rule) -> Peers {
    if rule.peers.is_empty() {
        return Peers::All;
    }
    let (mut pods, mut addresses, mut whole_family) = (BTreeSet::new(), AddressSet::empty(), false);
    for peer in &rule.peers {
        let (namespaces, selector) = match &peer.kind {
            PeerKind::Pods(selector) => {
                (NamespaceScope::One(Arc::clone(&policy.key.namespace)), selector.clone())
            }
            PeerKind::Namespaces(namespaces) => {
                (NamespaceScope::Matching(namespaces.clone()), LabelSelector::everything())
            }
            PeerKind::PodsInNamespaces { namespaces, pods } => {
                (NamespaceScope::Matching(namespaces.clone()), pods.clone())
            }
            PeerKind::Block(block) => {
                addresses = addresses.union(&block.addresses());
                whole_family |= block.is_whole_family();
                continue;
            }
        };
        pods.insert(PodSelectorKey::new(namespaces, selector));
    }
    Peers::Some { pods: pods.into_iter().collect(), addresses, whole_family }
}

fn numbers(ports: &[PolicyPort]) -> PortSet {
    ports.iter().fold(PortSet::empty(), |all, port| all.union(&port.numbers()))
}

fn named(ports: &[PolicyPort], selectors: &[Arc<PodSelectorKey>]) -> Vec<SetKey> {
    let names: BTreeSet<_> = ports
        .iter()
        .filter_map(|port| match &port.port {
            PortMatch::Named(name) => Some((port.protocol, Arc::clone(name))),
            PortMatch::All | PortMatch::Range(_) => None,
        })
        .collect();
    let sets = selectors.iter().flat_map(|pods| {
        names.iter().map(|(protocol, name)| SetKey::NamedPort {
            pods: Arc::clone(pods),
            protocol: *protocol,
            name: Arc::clone(name),
        })
    });
    sets.collect()
}
