//! What one side of a connection allows: the policies that select a class, as a row.

use super::{
    class::Class,
    ends::own_node,
    ports::{EVERYTHING, PortTable},
    row::Row,
    sides::{Sides, number},
    tiers::Walk,
};
use crate::{
    index::{CompiledRule, Peers, PodId, PodSelectorKey, PolicyKey, Ports, SetKey},
    object::{Direction, Pod, Tier},
    set::{AddressSet, PortSet, Protocol},
};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

/// What a row depends on: the policies by their profile's number, and for ingress the subject's named
/// ports (S14), which for a shared address are those of all its pods (S26).
#[derive(Clone, PartialEq, Eq, Hash)]
struct RowKey {
    profile: u32,
    names: BTreeMap<(Protocol, Arc<str>), BTreeSet<u16>>,
    shared: Option<IpAddr>,
}

/// Computes the rows of one direction.
pub(super) struct Side<'s> {
    of: &'s Sides<'s>,
    direction: Direction,
    table: &'s mut PortTable,
    selected: HashMap<Arc<PodSelectorKey>, RoaringBitmap>,
    within: HashMap<usize, RoaringBitmap>,
    known: HashMap<RowKey, Option<Arc<Row>>>,
}

impl<'s> Side<'s> {
    /// Of one direction, with port numbers from `table`.
    pub(super) fn new(of: &'s Sides<'s>, direction: Direction, table: &'s mut PortTable) -> Self {
        let (selected, within, known) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { of, direction, table, selected, within, known }
    }

    /// What a class allows; `None` where no policy has a say about a pod of it (S2, S40). Each pod that bears
    /// its address must allow (S26).
    pub(super) fn side(&mut self, class: &Class) -> Option<Arc<Row>> {
        let mut side: Option<Arc<Row>> = None;
        for pod in &class.bearers {
            let Some(row) = self.row(class, *pod) else { continue };
            side = Some(match side {
                Some(before) => Arc::new(before.both(&row, self.table)),
                None => row,
            });
        }
        side
    }

    /// What the pod with this number, one of `class`, allows; `None` where no policy has a say.
    fn row(&mut self, class: &Class, id: PodId) -> Option<Arc<Row>> {
        let pod = self.of.index.pod(id)?;
        let mut names = BTreeMap::new();
        if self.direction == Direction::Ingress && !self.of.names.is_empty() {
            names = pod.port_names();
            names.retain(|name, _| self.of.names.contains(name));
        }
        let shared = class.address.filter(|_| class.is_shared());
        let key = RowKey { profile: self.of.profiles.number_of(id)?, names, shared };
        let row = match self.known.get(&key) {
            Some(row) => row.clone(),
            None => {
                let policies = Arc::clone(self.of.profiles.get(key.profile)?);
                let row = self.compute(class, &policies).map(Arc::new);
                self.known.insert(key, row.clone());
                row
            }
        }?;
        let own = match self.direction {
            Direction::Ingress => self.own_node(pod),
            Direction::Egress => RoaringBitmap::new(),
        };
        if own.is_empty() {
            return Some(row);
        }
        let mut row = (*row).clone();
        row.add(&own, EVERYTHING, self.table);
        Some(Arc::new(row))
    }

    /// The classes of pods that bear an address of the pod's own node (S20).
    fn own_node(&self, pod: &Pod) -> RoaringBitmap {
        own_node(self.of.index, pod).filter_map(|address| self.of.classes.borne(address)).collect()
    }

    /// What the policies that select a pod of `class` allow, tier by tier (S38); `None` where none has
    /// a say.
    fn compute(&mut self, class: &Class, policies: &BTreeSet<PolicyKey>) -> Option<Row> {
        let index = self.of.index;
        let of = |tier| {
            let keys = policies.iter().filter(move |key| key.tier() == tier);
            keys.filter_map(|key| index.policy(key)?.rules(self.direction)).collect::<Vec<_>>()
        };
        let (admin, namespaced, baseline) = (of(Some(Tier::Admin)), of(None), of(Some(Tier::Baseline)));
        let isolated = !namespaced.is_empty(); // S2
        if admin.is_empty() && (isolated || baseline.is_empty()) {
            return isolated.then(|| self.union(class, &namespaced));
        }
        let mut walk = Walk::of(self.of.everyone.clone());
        self.walk(&mut walk, class, &admin);
        if isolated {
            let union = self.union(class, &namespaced);
            return Some(walk.among(&union, self.table));
        }
        self.walk(&mut walk, class, &baseline); // S40
        Some(walk.rest(self.table))
    }

    /// What the rules of NetworkPolicies allow together (S10).
    fn union(&mut self, class: &Class, policies: &[&[CompiledRule]]) -> Row {
        let mut row = Row::default();
        for rule in policies.iter().copied().flatten() {
            for (who, ports) in self.matched(rule, class) {
                let ports = self.table.id(ports);
                row.add(&who, ports, self.table);
            }
        }
        row
    }

    /// Takes the rules of a tier in order (S38, S39).
    fn walk(&mut self, walk: &mut Walk, class: &Class, policies: &[&[CompiledRule]]) {
        for rule in policies.iter().copied().flatten() {
            let mut matched = Row::default();
            for (who, ports) in self.matched(rule, class) {
                let ports = self.table.id(ports);
                matched.add(&who, ports, self.table);
            }
            walk.meet(&matched, rule.action, self.table);
        }
        walk.leave_tier(self.table);
    }

    /// Whom a rule matches on which ports, where the subject is in `class`.
    fn matched(&mut self, rule: &CompiledRule, class: &Class) -> Vec<(RoaringBitmap, PortSet)> {
        let who = self.peers(&rule.peers);
        match (&rule.ports, self.direction) {
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
        let classes = self.of.classes;
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
        let Some(selected) = self.of.index.selected_pods(pods) else { return PortSet::empty() };
        let pods = class.bearers.iter().filter(|pod| selected.contains(**pod));
        pods.filter_map(|pod| self.of.index.pod(*pod))
            .flat_map(|pod| pod.named_ports(*protocol, name))
            .fold(PortSet::empty(), |ports, number| ports.union(&PortSet::port(*protocol, number)))
    }

    fn peers(&mut self, peers: &Peers) -> RoaringBitmap {
        match peers {
            Peers::All => self.of.everyone.clone(),
            Peers::Some { pods, addresses, whole_family } => {
                let mut who = RoaringBitmap::new();
                for selector in pods {
                    who |= self.selected(selector);
                }
                if let Some(set) = self.of.sets.get(addresses).copied() {
                    who |= self.within(addresses, set);
                }
                if *whole_family {
                    who |= &self.of.unknown;
                }
                who
            }
        }
    }

    fn selected(&mut self, selector: &Arc<PodSelectorKey>) -> &RoaringBitmap {
        let (index, classes) = (self.of.index, self.of.classes);
        self.selected.entry(Arc::clone(selector)).or_insert_with(|| {
            let pods = index.selected_pods(selector).into_iter().flatten();
            pods.flat_map(|id| classes.of_pod(id)).collect()
        })
    }

    /// The classes within the address set with this number (S17).
    fn within(&mut self, addresses: &AddressSet, set: usize) -> &RoaringBitmap {
        let classes = self.of.classes;
        self.within.entry(set).or_insert_with(|| {
            let pods = classes.list.iter().map(|class| class.address.is_some_and(|a| addresses.contains(a)));
            let pods = pods.take(classes.inside.len() as usize);
            let outside = classes.externals.iter().map(|class| class.members_of.binary_search(&set).is_ok());
            let all = pods.chain(outside).enumerate();
            all.filter(|(_, is_member)| *is_member).map(|(at, _)| number(at)).collect()
        })
    }
}
