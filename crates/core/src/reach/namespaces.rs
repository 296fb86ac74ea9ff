//! Connections between namespaces: what some pod of the one may reach some pod of the other on.

use super::{Connection, Family, Party, Reach, Term, WorkloadPods, sides::number};
use crate::{
    object::Workload,
    set::{AddressSet, PortSet},
};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
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
        // A row holds for ends that have a family in common; here that has to be some pods of theirs.
        for family in Family::ALL.into_iter().filter(|of| connection.family.is_none_or(|only| only == *of)) {
            let (from, to) =
                (units.of_party(&connection.from, family), units.of_party(&connection.to, family));
            for unit in to.iter().filter(|_| !from.is_empty()) {
                add(cells.entry(unit).or_default(), &from, &connection.ports);
            }
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

/// Those of one family.
fn of_family(addresses: &AddressSet, family: Family) -> AddressSet {
    match family {
        Family::V4 => AddressSet { v4: addresses.v4.clone(), ..AddressSet::empty() },
        Family::V6 => AddressSet { v6: addresses.v6.clone(), ..AddressSet::empty() },
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

/// A pod, and the families in which packets can go to it.
struct Member {
    workload: Arc<Workload>,
    name: Arc<str>,
    families: Vec<Family>,
}

impl Member {
    fn is_one_of(&self, pods: &WorkloadPods) -> bool {
        let is_itself = &*pods.workload.kind == "Pod" && pods.workload.key.name == self.name;
        let is_named = pods.pods.is_empty() || pods.pods.contains(&self.name);
        (*pods.workload == *self.workload || is_itself) && is_named
    }
}

/// Namespaces by number, and above them sets of addresses of one family.
struct Units {
    names: Vec<Arc<str>>,
    members: Vec<Vec<Member>>,
    /// The namespaces that have pods of IPv4, and of IPv6.
    everybody: [RoaringBitmap; 2],
    addresses: Vec<AddressSet>,
}

impl Units {
    fn of(reach: &Reach, connections: &[Connection]) -> Self {
        let mut namespaces: BTreeMap<Arc<str>, Vec<Member>> = BTreeMap::new();
        for (id, pod) in (0..).zip(&reach.pods) {
            let Some(pod) = pod else { continue };
            let has = |family: &Family| {
                let mut classes = reach.classes_of_pod(id).filter_map(|class| reach.class(class));
                classes.any(|class| class.family.is_none_or(|of| of == *family))
            };
            let families = Family::ALL.into_iter().filter(has).collect();
            let (workload, name) = (Arc::clone(&pod.workload), Arc::clone(&pod.name));
            let namespace = Arc::clone(&pod.workload.key.namespace);
            namespaces.entry(namespace).or_default().push(Member { workload, name, families });
        }
        let parties = connections.iter().flat_map(|row| [&row.from, &row.to]);
        let sets = parties.filter_map(|party| party.addresses());
        let addresses: BTreeSet<AddressSet> =
            sets.flat_map(|set| Family::ALL.map(|family| of_family(set, family))).collect();
        let (names, members): (Vec<_>, Vec<_>) = namespaces.into_iter().unzip();
        let mut units = Self {
            names,
            members,
            everybody: Default::default(),
            addresses: addresses.into_iter().collect(),
        };
        units.everybody = Family::ALL.map(|family| units.with(0..units.names.len(), family, |_| true));
        units
    }

    /// Those of `namespaces` of which some pod has the family and is meant.
    fn with(
        &self,
        namespaces: impl IntoIterator<Item = usize>,
        family: Family,
        is_meant: impl Fn(&Member) -> bool,
    ) -> RoaringBitmap {
        let is_met = |at: &usize| {
            let members = self.members.get(*at).map(Vec::as_slice).unwrap_or_default();
            members.iter().any(|member| member.families.contains(&family) && is_meant(member))
        };
        namespaces.into_iter().filter(is_met).map(number).collect()
    }

    fn of_party(&self, party: &Party, family: Family) -> RoaringBitmap {
        let mut units = RoaringBitmap::new();
        for term in &party.terms {
            units |= match term {
                Term::Cluster { except } => self.all_but(except, family),
                Term::Namespace { name, except } => self
                    .with(self.at(name), family, |member| !except.iter().any(|pods| member.is_one_of(pods))),
                Term::Workload(pods) => {
                    let has = |address: &IpAddr| Family::of(*address) == family;
                    let is_meant = pods.addresses.is_empty() || pods.addresses.iter().any(has);
                    let namespace = &pods.workload.key.namespace;
                    self.with(self.at(namespace).filter(|_| is_meant), family, |member| {
                        member.is_one_of(pods)
                    })
                }
                Term::Addresses(addresses) => {
                    let addresses = of_family(addresses, family);
                    let at = self.addresses.binary_search(&addresses).ok().filter(|_| !addresses.is_empty());
                    at.map(|at| number(self.names.len() + at)).into_iter().collect()
                }
            };
        }
        units
    }

    fn at(&self, name: &Arc<str>) -> Option<usize> {
        self.names.binary_search(name).ok()
    }

    /// The namespaces of which some pod of the family is in none of the terms.
    fn all_but(&self, except: &[Term], family: Family) -> RoaringBitmap {
        let mut touched: BTreeMap<usize, Vec<&Term>> = BTreeMap::new();
        for term in except {
            let namespace = match term {
                Term::Namespace { name, .. } => self.at(name),
                Term::Workload(pods) => self.at(&pods.workload.key.namespace),
                Term::Cluster { .. } | Term::Addresses(_) => None,
            };
            if let Some(at) = namespace {
                touched.entry(at).or_default().push(term);
            }
        }
        let [v4, v6] = &self.everybody;
        let mut all = if family == Family::V4 { v4.clone() } else { v6.clone() };
        for (at, terms) in touched {
            let is_left = |member: &Member| !terms.iter().any(|term| is_in(member, term));
            all.remove(number(at));
            all |= self.with([at], family, is_left);
        }
        all
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

/// Whether a pod of the term's namespace is in the term with all of its addresses.
fn is_in(member: &Member, term: &Term) -> bool {
    match term {
        Term::Namespace { except, .. } => !except.iter().any(|pods| member.is_one_of(pods)),
        Term::Workload(pods) => member.is_one_of(pods) && pods.addresses.is_empty(),
        Term::Cluster { .. } | Term::Addresses(_) => false,
    }
}
