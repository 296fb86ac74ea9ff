//! What one side of a connection allows, to everybody at once.

use super::{
    endpoint::{Class, Classes, own_node},
    external::ExternalClass,
    ports::{EVERYTHING, NOTHING, PortTable, PortsId},
};
use crate::{
    index::{CompiledRule, Index, Peers, PodId, PodSelectorKey, Ports, SetKey},
    object::{Direction, ObjectKey, Pod},
    set::{AddressSet, PortSet, Protocol},
};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

/// Which ports are allowed with whom. Those in no cell: none.
///
/// INVARIANT: the cells are disjoint.
#[derive(Clone, Debug, Default)]
struct Row {
    cells: Vec<(RoaringBitmap, PortsId)>,
}

impl Row {
    /// Allows `ports` with `who` as well (S10).
    fn add(&mut self, who: &RoaringBitmap, ports: PortsId, table: &mut PortTable) {
        if ports == NOTHING || who.is_empty() {
            return;
        }
        let mut rest = who.clone();
        let mut split = Vec::new();
        for (members, has) in &mut self.cells {
            let both = &*members & &rest;
            if both.is_empty() {
                continue;
            }
            rest -= &both;
            let union = table.union(*has, ports);
            if union != *has {
                *members -= &both;
                split.push((both, union));
            }
        }
        split.push((rest, ports));
        for (members, ports) in split {
            match self.cells.iter_mut().find(|(_, has)| *has == ports) {
                Some((there, _)) => *there |= members,
                None => self.cells.push((members, ports)),
            }
        }
        self.cells.retain(|(members, _)| !members.is_empty());
    }

    fn get(&self, who: u32) -> PortsId {
        let cell = self.cells.iter().find(|(members, _)| members.contains(who));
        cell.map_or(NOTHING, |(_, ports)| *ports)
    }
}

/// What the pods at one end allow in one direction: each of the rows must (S26). No rows where no
/// pod is isolated (S2).
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    rows: Vec<Arc<Row>>,
}

impl Side {
    /// The ports allowed with `who`.
    pub(super) fn with(&self, who: u32, table: &mut PortTable) -> PortsId {
        self.rows.iter().fold(EVERYTHING, |ports, row| match ports {
            NOTHING => NOTHING,
            ports => table.intersection(ports, row.get(who)),
        })
    }
}

/// What a row depends on: the policies, and for ingress the subject's named ports (S14), which for a
/// shared address are those of all its pods (S26).
#[derive(Clone, PartialEq, Eq, Hash)]
struct RowKey {
    direction: Direction,
    policies: BTreeSet<ObjectKey>,
    names: BTreeMap<(Protocol, Arc<str>), BTreeSet<u16>>,
    shared: Option<IpAddr>,
}

/// Computes sides. A number below that of the classes means a class; the others mean external classes.
pub(super) struct Sides<'a> {
    index: &'a Index,
    classes: &'a Classes,
    externals: &'a [ExternalClass],
    sets: BTreeMap<&'a AddressSet, usize>,
    everyone: RoaringBitmap,
    unknown: RoaringBitmap,
    selected: HashMap<Arc<PodSelectorKey>, RoaringBitmap>,
    within: HashMap<usize, RoaringBitmap>,
    rows: HashMap<RowKey, Option<Arc<Row>>>,
}

impl<'a> Sides<'a> {
    pub(super) fn new(
        index: &'a Index,
        classes: &'a Classes,
        externals: &'a [ExternalClass],
        sets: &'a [AddressSet],
    ) -> Self {
        let count = number(classes.list.len() + externals.len());
        let unknown = classes.list.iter().enumerate().filter(|(_, class)| class.address.is_none());
        Self {
            index,
            classes,
            externals,
            sets: sets.iter().enumerate().map(|(at, set)| (set, at)).collect(),
            everyone: (0..count).collect(),
            unknown: unknown.map(|(at, _)| number(at)).collect(),
            selected: HashMap::new(),
            within: HashMap::new(),
            rows: HashMap::new(),
        }
    }

    /// What the class with this number allows in `direction`.
    pub(super) fn side(&mut self, class: u32, direction: Direction, table: &mut PortTable) -> Side {
        let Some(class) = self.classes.list.get(class as usize) else { return Side::default() };
        Side { rows: class.pods.iter().filter_map(|pod| self.row(class, *pod, direction, table)).collect() }
    }

    /// What the pod with this number, one of `class`, allows; `None` where it is not isolated.
    fn row(
        &mut self,
        class: &Class,
        id: PodId,
        direction: Direction,
        table: &mut PortTable,
    ) -> Option<Arc<Row>> {
        let pod = self.index.pod(id)?;
        let names = match direction {
            Direction::Ingress => pod.port_names(),
            Direction::Egress => BTreeMap::new(),
        };
        let shared = class.address.filter(|_| class.is_shared());
        let key = RowKey { direction, policies: self.index.policies_selecting(id), names, shared };
        let row = match self.rows.get(&key) {
            Some(row) => row.clone(),
            None => {
                let row = self.compute(class, &key.policies, direction, table).map(Arc::new);
                self.rows.insert(key, row.clone());
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
        own_node(self.index, pod).filter_map(|address| self.classes.at(address)).collect()
    }

    fn compute(
        &mut self,
        class: &Class,
        policies: &BTreeSet<ObjectKey>,
        direction: Direction,
        table: &mut PortTable,
    ) -> Option<Row> {
        let index = self.index;
        let mut isolated = None;
        for policy in policies.iter().filter_map(|key| index.policy(key)) {
            let Some(rules) = policy.rules(direction) else { continue };
            let row = isolated.get_or_insert_with(Row::default); // S2
            for rule in rules {
                for (who, ports) in self.allowed(rule, class, direction) {
                    let ports = table.id(ports);
                    row.add(&who, ports, table);
                }
            }
        }
        isolated
    }

    /// Whom a rule allows which ports with, where the subject is in `class`.
    fn allowed(
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
                let mut allowed = self.destinations(&who, named);
                allowed.push((who, numbers.clone()));
                allowed
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
        let pods = class.pods.iter().filter(|pod| selected.contains(**pod));
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
            let pods = pods.filter_map(|id| Some((id, index.pod(id)?)));
            pods.flat_map(|(id, pod)| classes.of(id, pod)).collect()
        })
    }

    /// The classes within the address set with this number (S17).
    fn within(&mut self, addresses: &AddressSet, set: usize) -> &RoaringBitmap {
        let (classes, externals) = (self.classes, self.externals);
        self.within.entry(set).or_insert_with(|| {
            let pods = classes.list.iter().map(|class| class.address.is_some_and(|a| addresses.contains(a)));
            let outside = externals.iter().map(|class| class.members_of.binary_search(&set).is_ok());
            let all = pods.chain(outside).enumerate();
            all.filter(|(_, is_member)| *is_member).map(|(at, _)| number(at)).collect()
        })
    }
}

/// INVARIANT: there are fewer ends in memory than 2^32.
pub(super) fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
