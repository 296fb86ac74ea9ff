//! A pod, and the workload it belongs to.

use super::{Labels, ObjectKey, Origin};
use crate::set::Protocol;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
    sync::Arc,
};

/// What tells two pods apart, whatever they are called and wherever they live (S26).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodUid(pub Arc<str>);

impl fmt::Display for PodUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a pod belongs to for the people who run it: its topmost controller, or the pod itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// Namespace and name.
    pub key: ObjectKey,
    /// The kind as Kubernetes writes it: `Deployment`, `Pod`, ...
    pub kind: Arc<str>,
}

/// A port that a container declares.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerPort {
    /// The name that a policy's named port refers to (S14).
    pub name: Option<Arc<str>>,
    /// The protocol.
    pub protocol: Protocol,
    /// The number, 1 to 65535.
    pub number: u16,
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its identity.
    pub uid: PodUid,
    /// Namespace and name.
    pub key: ObjectKey,
    /// What it belongs to.
    pub workload: Workload,
    /// Its labels.
    pub labels: Labels,
    /// The node it runs on, once scheduled.
    pub node: Option<Arc<str>>,
    /// Addresses of that node as the pod's status tells them (S20).
    pub host_addresses: BTreeSet<IpAddr>,
    /// Whether it uses its node's network (S22).
    pub host_network: bool,
    /// Its addresses; empty when none is known yet or the manifest cannot tell.
    pub addresses: BTreeSet<IpAddr>,
    /// The ports of its containers. The pods of a workload have the same, and may share them.
    pub ports: Arc<BTreeSet<ContainerPort>>,
    /// Whether its phase is Succeeded or Failed (S24).
    pub finished: bool,
    /// Where it was written.
    pub origin: Origin,
}

impl Pod {
    /// A running pod without labels, addresses or ports, whose UID is its key.
    #[must_use]
    pub fn new(key: ObjectKey) -> Self {
        Self {
            uid: PodUid(key.to_string().into()),
            workload: Workload { key: key.clone(), kind: "Pod".into() },
            key,
            labels: Labels::new(),
            node: None,
            host_addresses: BTreeSet::new(),
            host_network: false,
            addresses: BTreeSet::new(),
            ports: Arc::default(),
            finished: false,
            origin: Origin::default(),
        }
    }

    /// Whether policies see it as a pod: subject and peer of pod selectors (S22, S24). A terminating
    /// pod is one (S25).
    #[must_use]
    pub fn is_policed(&self) -> bool {
        !self.host_network && !self.finished
    }

    /// The numbers that a named port of `protocol` stands for on this pod, ascending (S14).
    pub fn named_ports<'a>(&'a self, protocol: Protocol, name: &'a str) -> impl Iterator<Item = u16> + 'a {
        self.ports
            .iter()
            .filter(move |port| port.protocol == protocol && port.name.as_deref() == Some(name))
            .map(|port| port.number)
    }

    /// The named ports as (protocol, name) to numbers (S14).
    #[must_use]
    pub fn port_names(&self) -> BTreeMap<(Protocol, Arc<str>), BTreeSet<u16>> {
        let mut names: BTreeMap<_, BTreeSet<u16>> = BTreeMap::new();
        for port in &*self.ports {
            if let Some(name) = &port.name {
                names.entry((port.protocol, Arc::clone(name))).or_default().insert(port.number);
            }
        }
        names
    }
}
