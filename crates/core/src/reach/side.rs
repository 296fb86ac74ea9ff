//! What one side of a connection allows: the policies that select a class, as a row.

use super::{
    class::{Class, Classes, own_node, port_names},
    ports::{EVERYTHING, PortTable},
    row::Row,
    tiers::Walk,
    turned::Turned,
};
use crate::{
    index::{CompiledRule, Index, Peers, PodId, PodSelectorKey, PolicyKey, Ports, SetKey},
    object::{Direction, Pod, Tier},
    set::{AddressSet, PortSet, Protocol},
};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

/// What a row depends on: the policies, and for ingress the subject's named ports (S14), which for a
/// shared address are those of all its pods (S26).
#[derive(Clone, PartialEq, Eq, Hash)]
struct RowKey {
    policies: BTreeSet<PolicyKey>,
    names: BTreeMap<(Protocol, Arc<str>), BTreeSet<u16>>,
    shared: Option<IpAddr>,
}

/// Computes rows.
pub(super) struct Sides<'a> {
    index: &'a Index,
    classes: &'a Classes,
    sets: BTreeMap<&'a AddressSet, usize>,
    /// The named ports that some policy uses: no others tell subjects apart.
    names: BTreeSet<(Protocol, Arc<str>)>,
    everyone: RoaringBitmap,
    unknown: RoaringBitmap,
    selected: HashMap<Arc<PodSelectorKey>, RoaringBitmap>,
    within: HashMap<usize, RoaringBitmap>,
    known: HashMap<RowKey, Option<Arc<Row>>>,
}

impl<'a> Sides<'a> {
    pub(super) fn new(index: &'a Index, classes: &'a Classes, sets: &'a [AddressSet]) -> Self {
        let unknown = classes.list.iter().enumerate().filter(|(_, class)| class.family.is_none());
        Self {
            index,
            classes,
            sets: sets.iter().enumerate().map(|(at, set)| (set, at)).collect(),
            names: port_names(index),
            everyone: (0..number(classes.list.len())).collect(),
            unknown: unknown.map(|(at, _)| number(at)).collect(),
            selected: HashMap::new(),
            within: HashMap::new(),
            known: HashMap::new(),
        }
    }

    /// What every class allows in `direction`.
    pub(super) fn turned(&mut self, direction: Direction, table: &mut PortTable) -> Turned {
        self.known.clear();
        let (mut rows, mut row_of) = (Vec::new(), Vec::with_capacity(self.classes.list.len()));
        let mut numbers: HashMap<*const Row, u32> = HashMap::new();
        for class in &self.classes.list {
            let row = self.side(class, direction, table).map(|row| {
                *numbers.entry(Arc::as_ptr(&row)).or_insert_with(|| {
                    rows.push(Arc::clone(&row));
                    number(rows.len() - 1)
                })
            });
            row_of.push(row);
        }
        Turned::of(rows, row_of, self.classes.list.len())
    }

    /// The classes of which a NetworkPolicy isolates a pod (S2). Cluster-wide policies do not (S40).
    pub(super) fn isolated(&self, direction: Direction) -> RoaringBitmap {
        let classes = self.classes.list.iter().enumerate();
        let isolated =
            classes.filter(|(_, class)| class.bearers.iter().any(|pod| self.isolates(*pod, direction)));
        isolated.map(|(at, _)| number(at)).collect()
    }

    /// What a class allows; `None` where no policy has a say about a pod of it (S2, S40). Each pod that bears its address
    /// must allow (S26).
    fn side(&mut self, class: &Class, direction: Direction, table: &mut PortTable) -> Option<Arc<Row>> {
        let mut side: Option<Arc<Row>> = None;
        for pod in &class.bearers {
            let Some(row) = self.row(class, *pod, direction, table) else { continue };
            side = Some(match side {
                Some(before) => Arc::new(before.both(&row, table)),
                None => row,
            });
        }
        side
    }

    /// What the pod with this number, one of `class`, allows; `None` where no policy has a say.
    fn row(
        &mut self,
        class: &Class,
        id: PodId,
        direction: Direction,
        table: &mut PortTable,
    ) -> Option<Arc<Row>> {
        let pod = self.index.pod(id)?;
        let mut names = BTreeMap::new();
        if direction == Direction::Ingress && !self.names.is_empty() {
            names = pod.port_names();
            names.retain(|name, _| self.names.contains(name));
        }
        let shared = class.address.filter(|_| class.is_shared());
        let key = RowKey { policies: self.index.policies_selecting(id), names, shared };
        let row = match self.known.get(&key) {
            Some(row) => row.clone(),
            None => {
                let row = self.compute(class, &key.policies, direction, table).map(Arc::new);
                self.known.insert(key, row.clone());
                row
            }
        }?;
        let own = match direction {
            Direction::Ingress => self.own_node(pod),
            Direction::Egress => RoaringBitmap::new(),
        };
        if own.is_empty() {
            return Some(row);
        }
        let mut row = (*row).clone();
        row.add(&own, EVERYTHING, table);
        Some(Arc::new(row))
    }

    /// The classes of pods that bear an address of the pod's own node (S20).
    fn own_node(&self, pod: &Pod) -> RoaringBitmap {
        own_node(self.index, pod).filter_map(|address| self.classes.borne(address)).collect()
    }

    /// What the policies that select a pod of `class` allow, tier by tier (S38); `None` where none has
    /// a say.
    fn compute(
        &mut self,
        class: &Class,
        policies: &BTreeSet<PolicyKey>,
        direction: Direction,
        table: &mut PortTable,
    ) -> Option<Row> {
        let index = self.index;
        let of = |tier| {
            let keys = policies.iter().filter(move |key| key.tier() == tier);
            keys.filter_map(|key| index.policy(key)?.rules(direction)).collect::<Vec<_>>()
        };
        let (admin, namespaced, baseline) = (of(Some(Tier::Admin)), of(None), of(Some(Tier::Baseline)));
        let isolated = !namespaced.is_empty(); // S2
        if admin.is_empty() && (isolated || baseline.is_empty()) {
            return isolated.then(|| self.union(class, &namespaced, direction, table));
        }
        let mut walk = Walk::of(self.everyone.clone());
        self.walk(&mut walk, class, &admin, direction, table);
        if isolated {
            let union = self.union(class, &namespaced, direction, table);
            return Some(walk.among(&union, table));
        }
        self.walk(&mut walk, class, &baseline, direction, table); // S40
        Some(walk.rest(table))
    }

    /// What the rules of NetworkPolicies allow together (S10).
    fn union(
        &mut self,
        class: &Class,
        policies: &[&[CompiledRule]],
        direction: Direction,
        table: &mut PortTable,
    ) -> Row {
        let mut row = Row::default();
        for rule in policies.iter().copied().flatten() {
            for (who, ports) in self.matched(rule, class, direction) {
                let ports = table.id(ports);
                row.add(&who, ports, table);
            }
        }
        row
    }

    /// Takes the rules of a tier in order (S38, S39).
    fn walk(
        &mut self,
        walk: &mut Walk,
        class: &Class,
        policies: &[&[CompiledRule]],
        direction: Direction,
        table: &mut PortTable,
    ) {
        for rule in policies.iter().copied().flatten() {
            let mut matched = Row::default();
            for (who, ports) in self.matched(rule, class, direction) {
                let ports = table.id(ports);
                matched.add(&who, ports, table);
            }
            walk.meet(&matched, rule.action, table);
        }
        walk.leave_tier(table);
    }

    /// Whether a NetworkPolicy isolates the pod with this number (S2).
    fn isolates(&self, id: PodId, direction: Direction) -> bool {
        let selecting = self.index.policies_selecting(id);
        let mut namespaced = selecting.iter().filter(|key| key.tier().is_none());
        namespaced.any(|key| self.index.policy(key).is_some_and(|policy| policy.rules(direction).is_some()))
    }

    /// Whom a rule matches on which ports, where the subject is in `class`.
    fn matched(
        &mut self,
        rule: &CompiledRule,
        class: &Class,
        direction: Direction,
    ) -> Vec<(RoaringBitmap, PortSet)> {
        let who = self.peers(&rule.peers);
        match (&rule.ports, direction) {
            (Ports::All, _) => vec![(who, PortSet::all())],
            // S14: in ingress a name is the subject's own.
            (Ports::Some { numbers, named }, Direction::Ingress) => {
                let named = named.iter().map(|set| self.of_name(class, set));
                vec![(who, named.fold(numbers.clone(), |ports, named| ports.union(&named)))]
            }
            (Ports::Some { numbers, named }, Direction::Egress) => {
                let mut matched = self.destinations(&who, named);
                matched.push((who, numbers.clone()));
                matched
            }
        }
    }

    /// S14: in egress a name is that of each destination among `who`, where the set's selector selects it.
    fn destinations(&mut self, who: &RoaringBitmap, named: &[SetKey]) -> Vec<(RoaringBitmap, PortSet)> {
        let classes = self.classes;
        let mut allowed: BTreeMap<PortSet, RoaringBitmap> = BTreeMap::new();
        for set in named {
            let meant = self.selected(set.selector()) & who;
            for number in meant {
                let Some(class) = classes.list.get(number as usize) else { continue };
                let ports = self.of_name(class, set);
                allowed.entry(ports).or_default().insert(number);
            }
        }
        allowed.into_iter().map(|(ports, who)| (who, ports)).collect()
    }

    /// The ports that a named port stands for in `class`: those of its pods that the set's selector
    /// selects (S14).
    fn of_name(&self, class: &Class, set: &SetKey) -> PortSet {
        let SetKey::NamedPort { pods, protocol, name } = set else { return PortSet::empty() };
        let Some(selected) = self.index.selected_pods(pods) else { return PortSet::empty() };
        let pods = class.bearers.iter().filter(|pod| selected.contains(**pod));
        pods.filter_map(|pod| self.index.pod(*pod))
            .flat_map(|pod| pod.named_ports(*protocol, name))
            .fold(PortSet::empty(), |ports, number| ports.union(&PortSet::port(*protocol, number)))
    }

    fn peers(&mut self, peers: &Peers) -> RoaringBitmap {
        match peers {
            Peers::All => self.everyone.clone(),
            Peers::Some { pods, addresses, whole_family } => {
                let mut who = RoaringBitmap::new();
                for selector in pods {
                    who |= self.selected(selector);
                }
                if let Some(set) = self.sets.get(addresses).copied() {
                    who |= self.within(addresses, set);
                }
                if *whole_family {
                    who |= &self.unknown;
                }
                who
            }
        }
    }

    fn selected(&mut self, selector: &Arc<PodSelectorKey>) -> &RoaringBitmap {
        let (index, classes) = (self.index, self.classes);
        self.selected.entry(Arc::clone(selector)).or_insert_with(|| {
            let pods = index.selected_pods(selector).into_iter().flatten();
            pods.flat_map(|id| classes.of_pod(id)).collect()
        })
    }

    /// The classes within the address set with this number (S17).
    fn within(&mut self, addresses: &AddressSet, set: usize) -> &RoaringBitmap {
        let classes = self.classes;
        self.within.entry(set).or_insert_with(|| {
            let pods = classes.list.iter().map(|class| class.address.is_some_and(|a| addresses.contains(a)));
            let pods = pods.take(classes.inside.len() as usize);
            let outside = classes.externals.iter().map(|class| class.members_of.binary_search(&set).is_ok());
            let all = pods.chain(outside).enumerate();
            all.filter(|(_, is_member)| *is_member).map(|(at, _)| number(at)).collect()
        })
    }
}

/// INVARIANT: there are fewer ends in memory than 2^32.
pub(crate) fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
