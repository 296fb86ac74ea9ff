//! The proof: what every subject is allowed, with a part and without it.

use super::space::{Allowed, Space, is_covered};
use crate::{
    index::{
        CompiledRule, Index, NamespaceScope, Peers, PodId, PodSelectorKey, PolicyKey, PolicyRules, Ports,
        SetKey,
    },
    object::{Direction, ObjectKey, Pod},
    set::{AddressSet, PortSet, Protocol},
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
    sync::Arc,
};

/// Subjects that are answered alike: the same policies select them, and names of ports mean the same.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) policies: BTreeSet<ObjectKey>,
    /// The pods on which a named port of an ingress rule is looked up: one that stands for all of the
    /// group, or all that bear its address (S26).
    party: Vec<PodId>,
}

type Names = BTreeMap<(Protocol, Arc<str>), BTreeSet<u16>>;

/// The policies as they are left, over an index of all.
pub(super) struct Proof<'i> {
    index: &'i Index,
    left: BTreeMap<ObjectKey, Arc<PolicyRules>>,
    groups: Vec<Group>,
    groups_of: BTreeMap<ObjectKey, Vec<usize>>,
    /// Whether what no NetworkPolicy isolates is still not simply allowed: it falls to the Baseline (S40).
    has_baseline: bool,
    /// Pods whose address is not known, all of them.
    everyone: Space,
    spaces: RefCell<HashMap<Arc<PodSelectorKey>, Rc<Space>>>,
}

impl<'i> Proof<'i> {
    /// The policies of the namespaces that are asked for.
    pub(super) fn new(index: &'i Index, is_asked: &dyn Fn(&str) -> bool) -> Self {
        let unknown = index.pods().filter(|(_, pod)| pod.addresses.is_empty()).map(|(id, _)| id).collect();
        let groups = groups(index, is_asked);
        let mut groups_of: BTreeMap<ObjectKey, Vec<usize>> = BTreeMap::new();
        for (at, group) in groups.iter().enumerate() {
            for policy in &group.policies {
                groups_of.entry(policy.clone()).or_default().push(at);
            }
        }
        Self {
            index,
            left: index
                .policies()
                .filter_map(|policy| Some((own_key(&policy.key)?, Arc::clone(policy))))
                .filter(|(key, _)| is_asked(&key.namespace))
                .collect(),
            groups,
            groups_of,
            has_baseline: index.policies().any(|policy| matches!(policy.key, PolicyKey::Baseline(_))),
            everyone: Space { addresses: AddressSet::full(), unknown },
            spaces: RefCell::default(),
        }
    }

    /// Puts what is left of a policy in its place.
    pub(super) fn put(&mut self, key: &ObjectKey, left: Option<PolicyRules>) {
        match left {
            Some(left) => drop(self.left.insert(key.clone(), Arc::new(left))),
            None => drop(self.left.remove(key)),
        }
    }

    /// The subjects of a policy.
    pub(super) fn groups_of(&self, key: &ObjectKey) -> impl Iterator<Item = &Group> {
        self.groups_of.get(key).into_iter().flatten().filter_map(|at| self.groups.get(*at))
    }

    /// Whether no subject of the policy `key` is allowed anything else when only `left` is left of it.
    pub(super) fn adds_nothing(&self, key: &ObjectKey, left: Option<&PolicyRules>) -> bool {
        let Some(now) = self.left.get(key) else { return true };
        self.groups_of(key).all(|group| {
            Direction::ALL.into_iter().all(|direction| {
                let left = left.and_then(|left| left.rules(direction));
                self.is_the_same(group, direction, (key, now.rules(direction)), left)
            })
        })
    }

    fn is_the_same(
        &self,
        group: &Group,
        direction: Direction,
        (key, now): (&ObjectKey, Option<&[CompiledRule]>),
        left: Option<&[CompiledRule]>,
    ) -> bool {
        let Some(now) = now else { return left.is_none() };
        let others: Vec<&[CompiledRule]> = self
            .isolating(group, direction)
            .filter(|(other, _)| *other != key)
            .map(|(_, rules)| rules)
            .chain(left)
            .collect();
        let allowed = |rules: &[CompiledRule]| -> Vec<Allowed> {
            rules.iter().flat_map(|rule| self.allowed(rule, direction, group)).collect()
        };
        if others.is_empty() {
            // S2: nothing isolates any more, so everything is allowed.
            if self.has_baseline {
                return false;
            }
            let all = Allowed { peers: self.everyone.clone(), ports: PortSet::all() };
            return is_covered(all, &allowed(now));
        }
        let stays = |rule: &CompiledRule| {
            let same = |other: &CompiledRule| (&rule.peers, &rule.ports) == (&other.peers, &other.ports);
            left.is_some_and(|left| left.iter().any(same))
        };
        let gone: Vec<Allowed> = now
            .iter()
            .filter(|rule| !stays(rule))
            .flat_map(|rule| self.allowed(rule, direction, group))
            .filter(|allowed| !allowed.is_empty())
            .collect();
        if gone.is_empty() {
            return true;
        }
        let others: Vec<Allowed> = others.into_iter().flat_map(allowed).collect();
        gone.into_iter().all(|gone| is_covered(gone, &others))
    }

    /// The policies that isolate the subjects of `group`, as they are left, with their rules.
    pub(super) fn isolating<'s>(
        &'s self,
        group: &'s Group,
        direction: Direction,
    ) -> impl Iterator<Item = (&'s ObjectKey, &'s [CompiledRule])> {
        group.policies.iter().filter_map(move |key| Some((key, self.left.get(key)?.rules(direction)?)))
    }

    /// What a rule allows the subjects of `group`.
    pub(super) fn allowed(&self, rule: &CompiledRule, direction: Direction, group: &Group) -> Vec<Allowed> {
        let peers = self.peers(&rule.peers);
        let Ports::Some { numbers, named } = &rule.ports else {
            return vec![Allowed { peers, ports: PortSet::all() }];
        };
        match direction {
            Direction::Ingress => {
                let named = named.iter().map(|set| self.numbers(set, &group.party));
                let ports = named.fold(numbers.clone(), |all, ports| all.union(&ports));
                vec![Allowed { peers, ports }]
            }
            Direction::Egress => {
                let by_name = named.iter().flat_map(|set| self.destinations(set)).map(|by_name| Allowed {
                    peers: peers.intersection(&by_name.peers),
                    ports: by_name.ports,
                });
                let by_name: Vec<Allowed> = by_name.collect();
                [Allowed { peers, ports: numbers.clone() }].into_iter().chain(by_name).collect()
            }
        }
    }

    fn peers(&self, peers: &Peers) -> Space {
        let Peers::Some { pods, addresses, whole_family } = peers else { return self.everyone.clone() };
        let unknown = if *whole_family { self.everyone.unknown.clone() } else { Default::default() };
        let blocks = Space { addresses: addresses.clone(), unknown };
        pods.iter().fold(blocks, |all, selector| all.union(&self.space(selector)))
    }

    /// The pods of a selector.
    fn space(&self, selector: &Arc<PodSelectorKey>) -> Rc<Space> {
        if let Some(known) = self.spaces.borrow().get(selector) {
            return Rc::clone(known);
        }
        let pods = self.index.selected_pods(selector).into_iter().flatten();
        let space = Rc::new(self.space_of(pods));
        self.spaces.borrow_mut().insert(Arc::clone(selector), Rc::clone(&space));
        space
    }

    fn space_of(&self, pods: impl IntoIterator<Item = PodId>) -> Space {
        let mut space = Space::default();
        let mut addresses = Vec::new();
        for id in pods {
            match self.index.pod(id) {
                Some(pod) if pod.addresses.is_empty() => drop(space.unknown.insert(id)),
                Some(pod) => addresses.extend(pod.addresses.iter().copied()),
                None => {}
            }
        }
        space.addresses = addresses.into_iter().map(crate::set::Cidr::host).collect();
        space
    }

    /// S14: the numbers that a named port of an ingress rule stands for on pods of `party`.
    fn numbers(&self, set: &SetKey, party: &[PodId]) -> PortSet {
        let SetKey::NamedPort { pods, protocol, name } = set else { return PortSet::empty() };
        let Some(selected) = self.index.selected_pods(pods) else { return PortSet::empty() };
        let pods = party.iter().filter(|pod| selected.contains(**pod)).filter_map(|pod| self.index.pod(*pod));
        let numbers = pods.flat_map(|pod| pod.named_ports(*protocol, name).collect::<Vec<_>>());
        numbers.fold(PortSet::empty(), |all, number| all.union(&PortSet::port(*protocol, number)))
    }

    /// S14: the pods that define a named port of an egress rule, by its number.
    fn destinations(&self, set: &SetKey) -> Vec<Allowed> {
        let SetKey::NamedPort { pods, protocol, name } = set else { return Vec::new() };
        let mut by_number: BTreeMap<u16, Vec<PodId>> = BTreeMap::new();
        for id in self.index.selected_pods(pods).into_iter().flatten() {
            for number in self.index.pod(id).into_iter().flat_map(|pod| pod.named_ports(*protocol, name)) {
                by_number.entry(number).or_default().push(id);
            }
        }
        let allowed = by_number.into_iter().map(|(number, pods)| Allowed {
            peers: self.space_of(pods),
            ports: PortSet::port(*protocol, number),
        });
        allowed.collect()
    }
}

/// The key of a NetworkPolicy. Of cluster-wide policies nothing is proved.
pub(super) fn own_key(key: &PolicyKey) -> Option<ObjectKey> {
    match key {
        PolicyKey::Namespaced(key) => Some(key.clone()),
        PolicyKey::Admin(_) | PolicyKey::Baseline(_) => None,
    }
}

/// Every subject that some policy of the namespaces that are asked for selects, alike ones once.
fn groups(index: &Index, is_asked: &dyn Fn(&str) -> bool) -> Vec<Group> {
    let profiles = index.profiles_among(|subjects| match subjects.namespaces() {
        NamespaceScope::One(name) => is_asked(name),
        NamespaceScope::Matching(_) => false,
    });
    let mut numbers: BTreeMap<BTreeSet<ObjectKey>, usize> = BTreeMap::new();
    let policies = profiles.all().map(|profile| {
        let own: BTreeSet<ObjectKey> = profile.iter().filter_map(own_key).collect();
        let next = numbers.len();
        (*numbers.entry(own.clone()).or_insert(next), own)
    });
    let policies: Vec<(usize, BTreeSet<ObjectKey>)> = policies.collect();
    let mut known: BTreeSet<(usize, Names)> = BTreeSet::new();
    let mut groups = Vec::new();
    for (id, pod) in index.pods() {
        let own = profiles.number_of(id).and_then(|number| policies.get(number as usize));
        let Some((number, own)) = own.filter(|(_, own)| !own.is_empty()) else { continue };
        for party in shared(index, pod) {
            groups.push(Group { policies: own.clone(), party });
        }
        if known.insert((*number, pod.port_names())) {
            groups.push(Group { policies: own.clone(), party: vec![id] });
        }
    }
    groups
}

/// For each address that `pod` shares with others, the pods that bear it (S26).
fn shared(index: &Index, pod: &Pod) -> Vec<Vec<PodId>> {
    let parties = pod.addresses.iter().map(|address| index.pods_at(*address).collect::<Vec<_>>());
    parties.filter(|party| party.len() > 1).collect()
}
