//! The pods that may be at the other end of some pods' connections.

use super::future::FuturePod;
use crate::{
    index::{CompiledRule, Index, Peers, PodId, PodSelectorKey, PolicyRules, Ports, RoaringBitmap, SetKey},
    object::{Direction, Labels, Pod},
    set::AddressSet,
};
use roaring::MultiOps;
use std::{
    collections::{BTreeSet, HashSet},
    net::IpAddr,
    sync::Arc,
};

/// Some pods, as the rules of others see them.
pub(super) struct Ends<'f> {
    index: &'f Index,
    pods: RoaringBitmap,
    /// The selectors that select any of them.
    selectors: HashSet<Arc<PodSelectorKey>>,
    addresses: Vec<IpAddr>,
    /// Whether the address of one is not known.
    is_unknown: bool,
    /// Pods that are not there yet, each with the labels of its namespace.
    future: Vec<(&'f FuturePod, Labels)>,
}

impl<'f> Ends<'f> {
    pub(super) fn of(index: &'f Index, pods: RoaringBitmap, future: Vec<(&'f FuturePod, Labels)>) -> Self {
        let there = || pods.iter().filter_map(|id| index.pod(id));
        Self {
            index,
            selectors: pods.iter().flat_map(|id| index.selectors_of(id)).collect(),
            addresses: there().flat_map(|pod| pod.addresses.iter().copied()).collect(),
            is_unknown: !future.is_empty() || there().any(|pod| pod.addresses.is_empty()),
            future,
            pods,
        }
    }

    /// The pods that are there.
    pub(super) fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.pods.iter().filter_map(|id| self.index.pod(id)).map(|pod| &**pod)
    }

    /// Those that are not there yet, each with the labels of its namespace.
    pub(super) fn future(&self) -> impl Iterator<Item = (&Pod, &Labels)> {
        self.future.iter().map(|(one, labels)| (&one.pod, labels))
    }

    /// The pods to which any of these may open connections or, of ingress, that may open some to these: all that are, and
    /// maybe more. Cluster-wide rules that accept are not counted.
    pub(super) fn others(&self, direction: Direction) -> RoaringBitmap {
        self.admitted(direction) & self.admitting(direction.other())
    }

    /// The pods that policies of these let out or in.
    fn admitted(&self, direction: Direction) -> RoaringBitmap {
        let is_counted = |one: &FuturePod| one.is_source == (direction == Direction::Egress);
        let mut policies = BTreeSet::new();
        for pod in &self.pods {
            let own = self.index.policies_selecting(pod);
            if !own.iter().any(|key| self.index.policy(key).is_some_and(|rules| isolates(rules, direction))) {
                return self.index.all_pods().clone();
            }
            policies.extend(own);
        }
        if self.future.iter().any(|(one, _)| is_counted(one)) {
            return self.index.all_pods().clone();
        }
        let policies = policies.iter().filter_map(|key| self.index.policy(key));
        let isolating = policies.filter(|policy| isolates(policy, direction));
        let mut admitted = Admitted::default();
        for rule in isolating.filter_map(|policy| policy.rules(direction)).flatten() {
            admitted.take(peers(rule, direction), self.index);
        }
        admitted.finish(self.index)
    }

    /// The pods whose policies let these in or out.
    fn admitting(&self, direction: Direction) -> RoaringBitmap {
        let isolating = self.index.policies().filter(|policy| isolates(policy, direction));
        let subjects =
            isolating.filter_map(|policy| Some((policy, self.index.selected_pods(&policy.subjects)?)));
        let (mut all, mut admitting) = (Vec::new(), Vec::new());
        for (policy, subjects) in subjects {
            all.push(subjects);
            let mut rules = policy.rules(direction).into_iter().flatten();
            if rules.any(|rule| self.are_among(peers(rule, direction))) {
                admitting.push(subjects);
            }
        }
        admitting.union() | (self.index.all_pods() - all.union())
    }

    fn are_among(&self, peers: Peer<'_>) -> bool {
        match peers {
            Peer::Anyone => true,
            Peer::Some { selectors, addresses, whole_family } => {
                (whole_family && self.is_unknown)
                    || selectors.iter().any(|key| self.is_selected_by(key))
                    || addresses.is_some_and(|set| self.have_one_of(set))
            }
        }
    }

    fn have_one_of(&self, set: &AddressSet) -> bool {
        self.addresses.iter().any(|address| set.contains(*address))
    }

    fn is_selected_by(&self, key: &Arc<PodSelectorKey>) -> bool {
        let selects = |(one, labels): &(&FuturePod, Labels)| key.selects(&one.pod, labels);
        self.selectors.contains(key) || self.future.iter().any(selects)
    }
}

/// Whether a NetworkPolicy isolates its subjects. Cluster-wide policies isolate nobody (S38).
pub(super) fn isolates(policy: &PolicyRules, direction: Direction) -> bool {
    policy.key.tier().is_none() && policy.rules(direction).is_some()
}

/// Whom a rule names.
enum Peer<'r> {
    /// Everybody.
    Anyone,
    /// Pods of these selectors, and whatever has these addresses.
    Some { selectors: Selectors<'r>, addresses: Option<&'r AddressSet>, whole_family: bool },
}

/// The selectors of a rule's peers: by themselves, or by a port that the peers name.
#[derive(Clone, Copy, Default)]
struct Selectors<'r> {
    pods: &'r [Arc<PodSelectorKey>],
    named: &'r [SetKey],
}

impl<'r> Selectors<'r> {
    fn iter(self) -> impl Iterator<Item = &'r Arc<PodSelectorKey>> {
        self.pods.iter().chain(self.named.iter().map(SetKey::selector))
    }
}

/// Whom a rule names. Of an egress rule with a named port the peers are in what it is compiled to for the port (S14).
fn peers(rule: &CompiledRule, direction: Direction) -> Peer<'_> {
    match (&rule.peers, &rule.ports) {
        (Peers::All, Ports::Some { named, .. }) if direction == Direction::Egress && !named.is_empty() => {
            Peer::Some { selectors: Selectors { pods: &[], named }, addresses: None, whole_family: false }
        }
        (Peers::All, _) => Peer::Anyone,
        (Peers::Some { pods, addresses, whole_family }, _) => {
            let addresses = Some(addresses).filter(|addresses| !addresses.is_empty());
            let selectors = Selectors { pods, named: &[] };
            Peer::Some { selectors, addresses, whole_family: *whole_family }
        }
    }
}

/// The selectors of a rule's peers.
pub(super) fn selectors(
    rule: &CompiledRule,
    direction: Direction,
) -> impl Iterator<Item = &Arc<PodSelectorKey>> {
    match peers(rule, direction) {
        Peer::Some { selectors, .. } => selectors.iter(),
        Peer::Anyone => Selectors::default().iter(),
    }
}

/// Whom some rules name.
#[derive(Default)]
struct Admitted {
    is_anyone: bool,
    pods: RoaringBitmap,
    addresses: AddressSet,
    whole_family: bool,
}

impl Admitted {
    fn take(&mut self, peers: Peer<'_>, index: &Index) {
        match peers {
            Peer::Anyone => self.is_anyone = true,
            Peer::Some { selectors, addresses, whole_family } => {
                for pods in selectors.iter().filter_map(|key| index.selected_pods(key)) {
                    self.pods |= pods;
                }
                if let Some(set) = addresses {
                    self.addresses = self.addresses.union(set);
                }
                self.whole_family |= whole_family;
            }
        }
    }

    fn finish(mut self, index: &Index) -> RoaringBitmap {
        if self.is_anyone {
            return index.all_pods().clone();
        }
        if !self.addresses.is_empty() {
            let named = |(_, pod): &(PodId, &Arc<Pod>)| {
                (self.whole_family && pod.addresses.is_empty())
                    || pod.addresses.iter().any(|address| self.addresses.contains(*address))
            };
            let named: RoaringBitmap = index.pods().filter(named).map(|(id, _)| id).collect();
            self.pods |= named;
        }
        self.pods
    }
}
