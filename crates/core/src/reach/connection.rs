//! Allowed connections as a list.

use super::{
    Matrix,
    external::ExternalClass,
    group::Group,
    ports::{NOTHING, PortsId},
};
use crate::{
    index::Index,
    object::Workload,
    set::{AddressSet, Cidr, PortSet},
};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    net::IpAddr,
    ops::Range,
    sync::Arc,
};

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// Pods of a workload as one end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadPods {
    /// The workload.
    pub workload: Arc<Workload>,
    /// Which of its pods, where their answers differ; empty when all of them are meant.
    pub pods: Vec<Arc<str>>,
    /// Which addresses of these pods, where even those of one pod are answered differently; empty
    /// when all of them are meant.
    pub addresses: Vec<IpAddr>,
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// Pods of a workload.
    Workload(WorkloadPods),
    /// Addresses outside the cluster.
    Addresses(AddressSet),
}

/// Connections that are allowed: from any of one end to any of the other, on each of the ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Who may open them.
    pub from: Arc<Endpoint>,
    /// To whom.
    pub to: Arc<Endpoint>,
    /// The only family that this holds for, where the other has another answer.
    pub family: Option<Family>,
    /// On which ports; never none.
    pub ports: Arc<PortSet>,
}

/// The groups of one workload.
struct Block {
    groups: Range<usize>,
    /// All of them together.
    whole: Arc<Endpoint>,
}

/// Turns answers into connections, in order.
pub(super) struct Writer<'a> {
    externals: &'a [ExternalClass],
    groups: &'a [Group],
    /// The groups as ends, in their order.
    ends: Vec<Arc<Endpoint>>,
    blocks: Vec<Block>,
    /// Addresses that pods bear.
    borne: AddressSet,
    /// Unions of external classes; `None` for one of which pods bear every address.
    unions: HashMap<Vec<usize>, Option<Arc<Endpoint>>>,
}

/// What one external union may do with a group: the order in which it is listed.
type Outside = Vec<(Arc<Endpoint>, PortsId)>;
type Answer = Vec<(Option<Family>, PortsId)>;

impl<'a> Writer<'a> {
    pub(super) fn new(index: &Index, externals: &'a [ExternalClass], groups: &'a [Group]) -> Self {
        let pods = index.pods().flat_map(|(_, pod)| &pod.addresses);
        Self {
            externals,
            groups,
            ends: endpoints(groups),
            blocks: blocks(groups),
            borne: pods.map(|address| Cidr::host(*address)).collect(),
            unions: HashMap::new(),
        }
    }

    pub(super) fn connections(mut self, matrix: &mut Matrix) -> Vec<Connection> {
        let (mut connections, mut from_outside) = (Vec::new(), Vec::new());
        let blocks = std::mem::take(&mut self.blocks);
        for block in &blocks {
            let first = connections.len();
            for other in blocks.iter().filter(|other| other.groups != block.groups) {
                self.between(block, other, matrix, &mut connections);
            }
            let (out, into) = self.with_outside(block, matrix);
            for (end, to, ports) in out {
                connections.push(Connection { from: end, to, family: None, ports });
            }
            if block.groups.len() > 1 {
                let ours = connections.get_mut(first..).unwrap_or_default();
                ours.sort_by(|a, b| (&a.from, &a.to, a.family).cmp(&(&b.from, &b.to, b.family)));
            }
            for (end, from, ports) in into {
                from_outside.push(Connection { from, to: end, family: None, ports });
            }
        }
        from_outside.sort_by(|a: &Connection, b: &Connection| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
        connections.append(&mut from_outside);
        connections
    }

    /// The connections between two workloads. Their pods are told apart only on the end where the
    /// answer depends on the pod.
    fn between(&self, from: &Block, to: &Block, matrix: &mut Matrix, connections: &mut Vec<Connection>) {
        let groups = |block: &Block| self.groups.get(block.groups.clone()).unwrap_or_default();
        let ends = |block: &Block| self.ends.get(block.groups.clone()).unwrap_or_default();
        let answers: Vec<Vec<Answer>> = groups(from)
            .iter()
            .map(|from| groups(to).iter().map(|to| from.reaches(to, matrix)).collect())
            .collect();
        let whole_from = all_equal(&answers);
        let whole_to = answers.iter().all(|row| all_equal(row));
        let sources = if whole_from { std::slice::from_ref(&from.whole) } else { ends(from) };
        let destinations = if whole_to { std::slice::from_ref(&to.whole) } else { ends(to) };
        for (from, row) in sources.iter().zip(answers) {
            for (to, answer) in destinations.iter().zip(row) {
                for (family, ports) in answer {
                    let ports = matrix.ports.get(ports);
                    connections.push(Connection {
                        from: Arc::clone(from),
                        to: Arc::clone(to),
                        family,
                        ports,
                    });
                }
            }
        }
    }

    /// What a workload may reach outside, and what outside may reach it: of all its pods where it is
    /// true of all.
    fn with_outside(&mut self, block: &Block, matrix: &mut Matrix) -> (Vec<ToOutside>, Vec<ToOutside>) {
        let (mut out, mut into) = (Vec::new(), Vec::new());
        for at in block.groups.clone() {
            let (Some(group), Some(end)) = (self.groups.get(at), self.ends.get(at).cloned()) else {
                continue;
            };
            let (to, from) = group.outside(self.externals, matrix);
            out.push((Arc::clone(&end), self.outside(&to, matrix)));
            into.push((end, self.outside(&from, matrix)));
        }
        (joined(out, &block.whole, matrix), joined(into, &block.whole, matrix))
    }

    /// The external classes by their answer, each answer's together, sorted by address.
    fn outside(&mut self, answers: &[PortsId], matrix: &Matrix) -> Outside {
        let mut by_answer: BTreeMap<PortsId, Vec<usize>> = BTreeMap::new();
        for (at, ports) in answers.iter().enumerate().filter(|(_, ports)| **ports != NOTHING) {
            by_answer.entry(*ports).or_default().push(at);
        }
        let unions = by_answer.into_iter().filter_map(|(ports, classes)| Some((self.union(classes)?, ports)));
        let mut unions: Outside = unions.collect();
        unions.sort_by(|a, b| (&a.0, matrix.ports.get(a.1)).cmp(&(&b.0, matrix.ports.get(b.1))));
        unions
    }

    fn union(&mut self, classes: Vec<usize>) -> Option<Arc<Endpoint>> {
        if let Some(known) = self.unions.get(&classes) {
            return known.clone();
        }
        let of = classes.iter().filter_map(|at| self.externals.get(*at)).map(|class| &class.addresses);
        let v4 = of.clone().flat_map(|addresses| addresses.v4.ranges()).collect();
        let v6 = of.flat_map(|addresses| addresses.v6.ranges()).collect();
        let addresses = AddressSet { v4, v6 };
        let is_borne = addresses.difference(&self.borne).is_empty();
        let end = (!is_borne).then(|| Arc::new(Endpoint::Addresses(addresses)));
        self.unions.insert(classes, end.clone());
        end
    }
}

type ToOutside = (Arc<Endpoint>, Arc<Endpoint>, Arc<PortSet>);

/// The lists of a workload's groups as one: what every group has is said of the whole.
fn joined(lists: Vec<(Arc<Endpoint>, Outside)>, whole: &Arc<Endpoint>, matrix: &Matrix) -> Vec<ToOutside> {
    let of_all: Outside = match lists.split_first() {
        Some(((_, first), rest)) => {
            let everywhere = |entry: &&_| rest.iter().all(|(_, list)| list.contains(entry));
            first.iter().filter(everywhere).cloned().collect()
        }
        None => Vec::new(),
    };
    let mut joined: Vec<ToOutside> = Vec::new();
    for (end, list) in lists {
        let own = list.into_iter().filter(|entry| !of_all.contains(entry));
        joined.extend(own.map(|(outside, ports)| (Arc::clone(&end), outside, matrix.ports.get(ports))));
    }
    let of_all = of_all.into_iter();
    joined.extend(of_all.map(|(outside, ports)| (Arc::clone(whole), outside, matrix.ports.get(ports))));
    joined
}

fn all_equal<T: PartialEq>(items: &[T]) -> bool {
    items.split_first().is_none_or(|(first, rest)| rest.iter().all(|item| item == first))
}

fn blocks(groups: &[Group]) -> Vec<Block> {
    let mut start = 0;
    let chunks = groups.chunk_by(|a, b| a.workload == b.workload);
    let block = |chunk: &[Group]| {
        let range = start..start + chunk.len();
        start = range.end;
        let workload = chunk.first().map(|group| Arc::clone(&group.workload))?;
        let whole = WorkloadPods { workload, pods: Vec::new(), addresses: Vec::new() };
        Some(Block { groups: range, whole: Arc::new(Endpoint::Workload(whole)) })
    };
    chunks.filter_map(block).collect()
}

/// The groups as ends; addresses are told where names of pods do not tell two groups apart.
fn endpoints(groups: &[Group]) -> Vec<Arc<Endpoint>> {
    let mut names: HashMap<(&Workload, &Arc<str>), usize> = HashMap::new();
    for group in groups.iter().filter(|group| group.is_part) {
        for pod in group.pods.keys() {
            *names.entry((&group.workload, pod)).or_default() += 1;
        }
    }
    let repeat = |group: &Group| {
        group.pods.keys().any(|pod| names.get(&(&*group.workload, pod)).is_some_and(|count| *count > 1))
    };
    groups.iter().map(|group| Arc::new(Endpoint::Workload(group.endpoint(repeat(group))))).collect()
}
