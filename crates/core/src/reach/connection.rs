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

/// Turns answers into connections, in order.
pub(super) struct Writer<'a> {
    externals: &'a [ExternalClass],
    ends: Vec<Arc<Endpoint>>,
    /// Addresses that pods bear.
    borne: AddressSet,
    /// Unions of external classes; `None` for one of which pods bear every address.
    unions: HashMap<Vec<usize>, Option<Arc<Endpoint>>>,
}

/// What one external union may do with a group: the order in which it is listed.
type Outside = Vec<(Arc<Endpoint>, PortsId)>;

impl<'a> Writer<'a> {
    pub(super) fn new(index: &Index, externals: &'a [ExternalClass], groups: &[Group]) -> Self {
        let pods = index.pods().flat_map(|(_, pod)| &pod.addresses);
        Self {
            externals,
            ends: endpoints(groups),
            borne: pods.map(|address| Cidr::host(*address)).collect(),
            unions: HashMap::new(),
        }
    }

    pub(super) fn connections(mut self, matrix: &mut Matrix, groups: &[Group]) -> Vec<Connection> {
        let mut connections = Vec::new();
        let mut from_outside: Vec<Connection> = Vec::new();
        let ends = self.ends.clone();
        for (group, end) in groups.iter().zip(&ends) {
            for (other, other_end) in groups.iter().zip(&ends) {
                if group.workload == other.workload {
                    continue;
                }
                for (family, ports) in group.reaches(other, matrix) {
                    let ports = matrix.ports.get(ports);
                    let (from, to) = (Arc::clone(end), Arc::clone(other_end));
                    connections.push(Connection { from, to, family, ports });
                }
            }
            let (out, into) = group.outside(self.externals, matrix);
            for (to, ports) in self.outside(&out, matrix) {
                let (from, ports) = (Arc::clone(end), matrix.ports.get(ports));
                connections.push(Connection { from, to, family: None, ports });
            }
            for (from, ports) in self.outside(&into, matrix) {
                let (to, ports) = (Arc::clone(end), matrix.ports.get(ports));
                from_outside.push(Connection { from, to, family: None, ports });
            }
        }
        // Stable: those of one address list stay in the order of their destinations.
        from_outside.sort_by(|a, b| a.from.cmp(&b.from));
        connections.extend(from_outside);
        connections
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
