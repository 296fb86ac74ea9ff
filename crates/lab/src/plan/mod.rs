//! What a lab will be: namespaces, addresses, listeners and probes, worked out without touching the kernel.

mod addresses;
mod outside;
mod placement;
mod probes;
mod sampling;
mod services;
mod sites;

pub use services::{Backend, ServicePlan, ServicePortPlan};

use crate::LabError;
use sekisho_core::{
    object::{Cluster, ObjectKey, PodUid},
    packet::{Packet, Traffic},
    set::Protocol,
};
use std::{collections::BTreeMap, collections::BTreeSet, fmt, net::IpAddr, sync::Arc};

/// What the user may choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many nodes at least; those that the manifests name come first.
    pub nodes: usize,
    /// How many probes at most.
    pub max_probes: usize,
    /// Addresses that the outside host bears besides one of each class.
    pub outside: BTreeSet<IpAddr>,
    /// Traffic to probe besides declared ports, a closed port and ICMP echo.
    pub traffic: BTreeSet<Traffic>,
}

impl Default for Options {
    fn default() -> Self {
        Self { nodes: 2, max_probes: 20_000, outside: BTreeSet::new(), traffic: BTreeSet::new() }
    }
}

/// A node of the lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePlan {
    /// Its name.
    pub name: Arc<str>,
    /// Its own addresses.
    pub addresses: BTreeSet<IpAddr>,
    /// What pods of the host network listen on (S22), and who answers.
    pub listeners: Listeners,
}

/// Who answers on each port.
pub type Listeners = BTreeMap<(Protocol, u16), Arc<str>>;

/// A pod's network namespace. Pods of one node that share an address share it (S26): the kernel knows
/// addresses, not pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its name: the pod's, or the pods', as `namespace/name`.
    pub name: Arc<str>,
    /// The pods.
    pub pods: Vec<PodUid>,
    /// The node's position in [`Plan::nodes`].
    pub node: usize,
    /// The addresses.
    pub addresses: BTreeSet<IpAddr>,
    /// The declared ports.
    pub listeners: Listeners,
}

/// An address that the outside host bears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideAddress {
    /// The address.
    pub address: IpAddr,
    /// The smallest block of a policy that it lies in; `None` when it lies in none.
    pub block: Option<sekisho_core::set::Cidr>,
}

/// Which namespace something is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A pod's, by its position in [`Plan::sites`].
    Site(usize),
    /// A node's, by its position in [`Plan::nodes`].
    Node(usize),
    /// The outside host's.
    Outside,
}

/// An address, and the namespace that bears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The namespace.
    pub host: Host,
    /// The address.
    pub address: IpAddr,
}

/// Where a probe may arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Who receives it.
    pub at: Place,
    /// The packet as policies see it: after Service translation, before masquerading (S37).
    pub packet: Packet,
}

/// One connection to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Who opens it.
    pub from: Place,
    /// The address it is opened to: the receiver's own, or the Service's.
    pub to: IpAddr,
    /// What is sent, with the port as the sender writes it.
    pub traffic: Traffic,
    /// The Service whose address it is, as a position in [`Plan::services`].
    pub service: Option<usize>,
    /// Where it may arrive: one place, or each pod behind the Service.
    pub arrivals: Vec<Arrival>,
}

/// A lab before it is built.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The cluster with every pod placed on a node and given addresses: what policies and verdicts
    /// are about.
    pub cluster: Cluster,
    /// The nodes, by name.
    pub nodes: Vec<NodePlan>,
    /// The pods' namespaces, by name.
    pub sites: Vec<Site>,
    /// What the outside host bears.
    pub outside: Vec<OutsideAddress>,
    /// What the outside host listens on.
    pub outside_listeners: Listeners,
    /// The Services that have pods behind them.
    pub services: Vec<ServicePlan>,
    /// What will be tried.
    pub probes: Vec<Probe>,
    /// What is left out, merged or sampled, in sentences for the user.
    pub notes: Vec<String>,
}

impl Plan {
    /// Works out the lab of `cluster`.
    ///
    /// # Errors
    /// When there is no pod to build.
    pub fn new(cluster: &Cluster, options: &Options) -> Result<Self, LabError> {
        Self::after(None, cluster, options)
    }

    /// Works out the lab of `cluster` when `before` is there already: what no manifest places stays
    /// where it is.
    pub(crate) fn after(
        before: Option<&Self>,
        cluster: &Cluster,
        options: &Options,
    ) -> Result<Self, LabError> {
        let mut notes = Vec::new();
        let mut cluster = placement::place(cluster, before.map(|plan| &plan.cluster), options, &mut notes);
        let nodes = placement::nodes(&cluster);
        let sites = sites::sites(&cluster, &nodes, &mut notes);
        if sites.is_empty() && nodes.iter().all(|node| node.listeners.is_empty()) {
            return Err(LabError::Empty);
        }
        let services = services::services(&mut cluster, &nodes, &sites, &mut notes);
        let outside = outside::addresses(&cluster, &nodes, &services, options);
        let outside_listeners = outside::listeners(&cluster);
        let mut plan =
            Self { cluster, nodes, sites, outside, outside_listeners, services, probes: Vec::new(), notes };
        plan.probes = probes::probes(&mut plan, options);
        Ok(plan)
    }

    /// The name of who stands at `host`.
    #[must_use]
    pub fn name(&self, host: Host) -> String {
        match host {
            Host::Site(at) => self.sites.get(at).map_or_else(String::new, |site| site.name.to_string()),
            Host::Node(at) => {
                self.nodes.get(at).map_or_else(String::new, |node| format!("node {}", node.name))
            }
            Host::Outside => "outside".to_owned(),
        }
    }

    /// The name of a place: the outside host's tells the address and the block that it stands for.
    #[must_use]
    pub fn place_name(&self, place: Place) -> String {
        if place.host != Host::Outside {
            return self.name(place.host);
        }
        let known = self.outside.iter().find(|outside| outside.address == place.address);
        match known.and_then(|outside| outside.block) {
            Some(block)
                if block.prefix_length() == sekisho_core::set::Cidr::host(place.address).prefix_length() =>
            {
                format!("outside {}", place.address)
            }
            Some(block) => format!("outside {} in {block}", place.address),
            None => format!("outside {}", place.address),
        }
    }

    /// What answers on the ports of `host`.
    #[must_use]
    pub fn listeners(&self, host: Host) -> &Listeners {
        static NONE: Listeners = Listeners::new();
        match host {
            Host::Site(at) => self.sites.get(at).map_or(&NONE, |site| &site.listeners),
            Host::Node(at) => self.nodes.get(at).map_or(&NONE, |node| &node.listeners),
            Host::Outside => &self.outside_listeners,
        }
    }

    /// The site of the pod that the user calls `name`: `namespace/name` of a pod or of a workload.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Host> {
        let is_meant = |key: &ObjectKey| key.to_string() == name;
        let pod = self.cluster.pods.values().find(|pod| is_meant(&pod.key) && !pod.finished);
        let pod = pod.or_else(|| {
            self.cluster.pods.values().find(|pod| is_meant(&pod.workload.key) && !pod.finished)
        })?;
        if pod.host_network {
            let node = pod.node.as_ref()?;
            return self.nodes.iter().position(|plan| plan.name == *node).map(Host::Node);
        }
        self.sites.iter().position(|site| site.pods.contains(&pod.uid)).map(Host::Site)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {}, {}, {}",
            count(self.nodes.len(), "node"),
            count(self.sites.len(), "pod"),
            count(self.outside.len(), "outside address"),
            count(self.probes.len(), "probe")
        )
    }
}

/// `1 pod`, `2 pods`.
pub(crate) fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ if what.ends_with('s') => format!("{number} {what}es"),
        _ => format!("{number} {what}s"),
    }
}
