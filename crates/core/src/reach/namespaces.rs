//! Connections between namespaces: what some pod of the one may reach some pod of the other on.

use super::{Connection, Family, Party, Reach, Term};
use crate::{
    object::Workload,
    set::{AddressSet, PortSet},
};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// The same as `connections`, which are of `reach`, said of namespaces: some pod of one may reach some
/// pod of the other, on each of the ports, in some family. Rows are sorted, and equal ones merged.
/// Each namespace is a [`Term::Namespace`], all or nearly all of them a [`Term::Cluster`]; addresses
/// stay as they were.
#[must_use]
pub fn by_namespace(reach: &Reach, connections: &[Connection]) -> Vec<Connection> {
    let units = Units::of(reach, connections);
    let mut cells: BTreeMap<u32, Vec<(RoaringBitmap, PortSet)>> = BTreeMap::new();
    for connection in connections {
        let family = connection.family;
        let (from, to) = (units.of_party(&connection.from, family), units.of_party(&connection.to, family));
        for unit in &to {
            add(cells.entry(unit).or_default(), &from, &connection.ports);
        }
    }
    let mut merged: HashMap<(Vec<u32>, PortSet), RoaringBitmap> = HashMap::new();
    for (to, cells) in cells {
        for (from, ports) in cells {
            merged.entry((from.iter().collect(), ports)).or_default().insert(to);
        }
    }
    let merged: Vec<((Vec<u32>, PortSet), RoaringBitmap)> = merged.into_iter().collect();
    let mut rows: Vec<Connection> = merged
        .into_iter()
        .map(|((from, ports), to)| Connection {
            from: Arc::new(units.party(from.into_iter())),
            to: Arc::new(units.party(to.into_iter())),
            family: None,
            ports: Arc::new(ports),
        })
        .collect();
    rows.sort_by(|a, b| (&a.from, &a.to, &a.ports).cmp(&(&b.from, &b.to, &b.ports)));
    rows
}

/// The addresses that a row of one family speaks of.
fn of_family(addresses: &AddressSet, family: Option<Family>) -> AddressSet {
    match family {
        Some(Family::V4) => AddressSet { v4: addresses.v4.clone(), ..AddressSet::empty() },
        Some(Family::V6) => AddressSet { v6: addresses.v6.clone(), ..AddressSet::empty() },
        None => addresses.clone(),
    }
}

/// Allows `ports` with `who` as well. The cells stay disjoint, each with ports of its own.
fn add(cells: &mut Vec<(RoaringBitmap, PortSet)>, who: &RoaringBitmap, ports: &PortSet) {
    let mut rest = who.clone();
    let mut parts = Vec::new();
    for (members, has) in cells.iter_mut() {
        let both = &*members & &rest;
        if !both.is_empty() {
            rest -= &both;
            *members -= &both;
            parts.push((both, has.union(ports)));
        }
    }
    parts.push((rest, ports.clone()));
    for (who, ports) in parts {
        match cells.iter_mut().find(|(_, has)| *has == ports) {
            Some((members, _)) => *members |= who,
            None => cells.push((who, ports)),
        }
    }
    cells.retain(|(members, _)| !members.is_empty());
}

/// Namespaces by number, and above them sets of addresses.
struct Units {
    names: Vec<Arc<str>>,
    workloads: BTreeMap<Arc<str>, BTreeSet<Arc<Workload>>>,
    addresses: Vec<AddressSet>,
}

impl Units {
    fn of(reach: &Reach, connections: &[Connection]) -> Self {
        let mut workloads: BTreeMap<Arc<str>, BTreeSet<Arc<Workload>>> = BTreeMap::new();
        for pod in reach.pods.iter().flatten() {
            let namespace = Arc::clone(&pod.workload.key.namespace);
            workloads.entry(namespace).or_default().insert(Arc::clone(&pod.workload));
        }
        let addresses: BTreeSet<AddressSet> = connections
            .iter()
            .flat_map(|row| {
                [&row.from, &row.to].map(|party| party.addresses().map(|set| of_family(set, row.family)))
            })
            .flatten()
            .collect();
        Self {
            names: workloads.keys().cloned().collect(),
            workloads,
            addresses: addresses.into_iter().collect(),
        }
    }

    fn of_party(&self, party: &Party, family: Option<Family>) -> RoaringBitmap {
        let mut units = RoaringBitmap::new();
        for term in &party.terms {
            match term {
                Term::Cluster { except } => units |= self.all_but(except),
                Term::Namespace { name, .. } => units.extend(self.number(name)),
                Term::Workload(pods) => units.extend(self.number(&pods.workload.key.namespace)),
                Term::Addresses(addresses) => {
                    let at = self.addresses.binary_search(&of_family(addresses, family)).ok();
                    units.extend(at.map(|at| super::side::number(self.names.len() + at)));
                }
            }
        }
        units
    }

    fn number(&self, name: &Arc<str>) -> Option<u32> {
        self.names.binary_search(name).ok().map(super::side::number)
    }

    /// The namespaces of which some pod is in none of the terms.
    fn all_but(&self, except: &[Term]) -> RoaringBitmap {
        let mut gone: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        for term in except {
            match term {
                Term::Namespace { name, except } if except.is_empty() => drop(gone.insert(name, usize::MAX)),
                Term::Workload(pods) if pods.pods.is_empty() && pods.addresses.is_empty() => {
                    let count = gone.entry(&pods.workload.key.namespace).or_default();
                    *count = count.saturating_add(1);
                }
                _ => {}
            }
        }
        let is_left = |(name, workloads): &(&Arc<str>, &BTreeSet<Arc<Workload>>)| {
            gone.get(name).is_none_or(|gone| *gone < workloads.len())
        };
        self.workloads.iter().filter(is_left).filter_map(|(name, _)| self.number(name)).collect()
    }

    fn party(&self, units: impl Iterator<Item = u32>) -> Party {
        let term = |name: &Arc<str>| Term::Namespace { name: Arc::clone(name), except: Vec::new() };
        let mut named = BTreeSet::new();
        let mut addresses = AddressSet::empty();
        for unit in units.map(|unit| unit as usize) {
            match self.names.get(unit) {
                Some(name) => drop(named.insert(name)),
                None => {
                    let more = self.addresses.get(unit - self.names.len());
                    addresses = more.map_or(addresses.clone(), |more| addresses.union(more));
                }
            }
        }
        let missing: Vec<Term> = self.names.iter().filter(|name| !named.contains(name)).map(term).collect();
        let mut terms = match missing.len() + 1 < named.len() {
            true => vec![Term::Cluster { except: missing }],
            false => named.into_iter().map(term).collect(),
        };
        if !addresses.is_empty() {
            terms.push(Term::Addresses(addresses));
        }
        Party { terms }
    }
}
