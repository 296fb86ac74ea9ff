//! Policies on the nodes, by `sekisho-nft`.

use crate::{
    LabError,
    kernel::namespace::Namespace,
    plan::{Host, Plan},
    topology::Topology,
};
use sekisho_core::{
    index::{Delta, Index},
    object::{Change, Cluster},
    packet::Packet,
};
use sekisho_nft::{
    Kernel, NetlinkError, Program,
    conntrack::{Conntrack, Swept},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// How the ruleset of a node begins.
type Begin = fn(&Index, &str) -> Program;

/// How often connections are looked through while they show themselves.
const SWEEPS_APART: Duration = Duration::from_millis(100);

/// The policies of a cluster, programmed on every node.
#[derive(Debug)]
pub(crate) struct Enforcer {
    cluster: Cluster,
    index: Index,
    nodes: BTreeMap<Arc<str>, Enforced>,
}

/// A node that enforces.
#[derive(Debug)]
struct Enforced {
    addresses: BTreeSet<IpAddr>,
    program: Program,
    // INVARIANT: both were opened in the node's namespace and stay there.
    kernel: Kernel,
    conntrack: Conntrack,
}

impl Enforcer {
    /// Programs the policies of `plan` on its nodes.
    pub(crate) fn start(plan: &Plan, topology: &Topology) -> Result<Self, LabError> {
        Self::start_with(plan, topology, Program::new)
    }

    fn start_with(plan: &Plan, topology: &Topology, begin: Begin) -> Result<Self, LabError> {
        let index = Index::of(plan.cluster.changes());
        let mut enforcer = Self { cluster: plan.cluster.clone(), index, nodes: BTreeMap::new() };
        enforcer.add_nodes(plan, topology, begin)?;
        Ok(enforcer)
    }

    /// Programs the policies on nodes whose pods have connections already: those show themselves within
    /// `patience`, and the forbidden among them are cut (S32).
    pub(crate) fn attach(plan: &Plan, topology: &Topology, patience: Duration) -> Result<Self, LabError> {
        let mut enforcer = Self::start_with(plan, topology, Program::attaching)?;
        let until = Instant::now() + patience;
        while Instant::now() < until {
            thread::sleep(SWEEPS_APART.min(patience));
            for (name, node) in &mut enforcer.nodes {
                sweep(&enforcer.index, node).map_err(failed(name))?;
            }
        }
        for (name, node) in &mut enforcer.nodes {
            node.kernel.apply(&node.program.settle()).map_err(failed(name))?;
        }
        Ok(enforcer)
    }

    /// Makes the policies those of `plan`: each node's rules in one transaction, and then the
    /// connections that are forbidden now are cut (S31).
    pub(crate) fn apply(&mut self, plan: &Plan, topology: &Topology) -> Result<Swept, LabError> {
        let deltas: Vec<Delta> = changes(&self.cluster, &plan.cluster)
            .into_iter()
            .map(|change| self.index.apply(change))
            .collect();
        let gone = gone_addresses(&self.cluster, &plan.cluster);
        self.cluster = plan.cluster.clone();
        let stays = |name: &Arc<str>, node: &Enforced| {
            plan.nodes.iter().any(|plan| plan.name == *name && plan.addresses == node.addresses)
        };
        self.nodes.retain(|name, node| stays(name, node));
        let mut swept = Swept::default();
        for (name, node) in &mut self.nodes {
            let transaction = node.program.follow(&self.index, &deltas);
            let done = node.kernel.apply(&transaction).and_then(|()| {
                for address in &gone {
                    node.conntrack.forget(*address)?;
                }
                sweep(&self.index, node)
            });
            let done = done.map_err(failed(name))?;
            swept.seen += done.seen;
            swept.cut += done.cut;
            swept.restored += done.restored;
        }
        self.add_nodes(plan, topology, Program::new)?;
        Ok(swept)
    }

    /// Programs everything again from what the kernel has, as an agent does that starts anew.
    pub(crate) fn reprogram(&mut self) -> Result<(), LabError> {
        for (name, node) in &mut self.nodes {
            node.program = Program::new(&self.index, name);
            program(node).map_err(failed(name))?;
        }
        Ok(())
    }

    /// What is programmed on each node, for people.
    pub(crate) fn text(&self) -> String {
        let nodes = self.nodes.values();
        nodes
            .map(|node| {
                format!(
                    "# node {}\n{}",
                    node.program.node(),
                    sekisho_nft::text::ruleset(node.program.ruleset())
                )
            })
            .collect()
    }

    /// Takes all policies off the nodes.
    pub(crate) fn stop(mut self) -> Result<(), LabError> {
        for (name, node) in &mut self.nodes {
            node.kernel.remove().map_err(failed(name))?;
        }
        Ok(())
    }

    fn add_nodes(&mut self, plan: &Plan, topology: &Topology, begin: Begin) -> Result<(), LabError> {
        for (at, node) in plan.nodes.iter().enumerate() {
            let Some(namespace) = topology.namespace(plan, Host::Node(at)) else { continue };
            if self.nodes.contains_key(&node.name) {
                continue;
            }
            let (kernel, conntrack) = open(&node.name, namespace)?;
            let program_of = begin(&self.index, &node.name);
            let mut enforced =
                Enforced { addresses: node.addresses.clone(), program: program_of, kernel, conntrack };
            program(&mut enforced).map_err(failed(&node.name))?;
            sweep(&self.index, &mut enforced).map_err(failed(&node.name))?;
            self.nodes.insert(Arc::clone(&node.name), enforced);
        }
        Ok(())
    }
}

fn open(name: &Arc<str>, namespace: &Namespace) -> Result<(Kernel, Conntrack), LabError> {
    namespace.run(|| {
        let kernel = Kernel::open().map_err(failed(name))?;
        Ok((kernel, Conntrack::open().map_err(failed(name))?))
    })
}

fn program(node: &mut Enforced) -> Result<(), NetlinkError> {
    node.kernel.restore(node.program.ruleset()).map(drop)
}

/// Cuts what is forbidden among the connections of a node's pods.
fn sweep(index: &Index, node: &mut Enforced) -> Result<Swept, NetlinkError> {
    let local: BTreeSet<IpAddr> = index.endpoints(node.program.node()).map(|(address, _)| address).collect();
    let is_local = |packet: &Packet| {
        [&packet.from, &packet.to].into_iter().filter_map(|end| end.address()).any(|end| local.contains(&end))
    };
    let allowed = |packet: &Packet| index.decide(packet).is_allow();
    node.conntrack.sweep(&mut node.program, &mut node.kernel, is_local, allowed)
}

fn failed(node: &Arc<str>) -> impl Fn(NetlinkError) -> LabError {
    let node = Arc::clone(node);
    move |error| LabError::Enforce { node: Arc::clone(&node), message: error.to_string() }
}

/// Addresses that no pod bears any more (S27).
fn gone_addresses(before: &Cluster, after: &Cluster) -> BTreeSet<IpAddr> {
    let of = |cluster: &Cluster| -> BTreeSet<IpAddr> {
        cluster.pods.values().flat_map(|pod| pod.addresses.iter().copied()).collect()
    };
    of(before).difference(&of(after)).copied().collect()
}

/// The changes from one cluster to another. What comes is told before what goes: a pod that moves from
/// one policy to another is never without.
fn changes(before: &Cluster, after: &Cluster) -> Vec<Change> {
    let mut changes = Vec::new();
    let new = |old: bool, change: Change| (!old).then_some(change);
    changes.extend(after.namespaces.iter().filter_map(|(name, namespace)| {
        new(before.namespaces.get(name) == Some(namespace), Change::PutNamespace(namespace.clone()))
    }));
    changes.extend(
        after.nodes.iter().filter_map(|(name, node)| {
            new(before.nodes.get(name) == Some(node), Change::PutNode(node.clone()))
        }),
    );
    changes.extend(
        after
            .pods
            .iter()
            .filter_map(|(uid, pod)| new(before.pods.get(uid) == Some(pod), Change::PutPod(pod.clone()))),
    );
    changes.extend(after.policies.iter().filter_map(|(key, policy)| {
        new(before.policies.get(key) == Some(policy), Change::PutPolicy(policy.clone()))
    }));
    changes.extend(after.cluster_policies.iter().filter_map(|(name, policy)| {
        new(before.cluster_policies.get(name) == Some(policy), Change::PutClusterPolicy(policy.clone()))
    }));
    let gone = before.cluster_policies.keys().filter(|name| !after.cluster_policies.contains_key(*name));
    changes.extend(gone.map(|name| Change::RemoveClusterPolicy(name.clone())));
    let gone = before.policies.keys().filter(|key| !after.policies.contains_key(*key));
    changes.extend(gone.map(|key| Change::RemovePolicy(key.clone())));
    let gone = before.pods.keys().filter(|uid| !after.pods.contains_key(*uid));
    changes.extend(gone.map(|uid| Change::RemovePod(uid.clone())));
    let gone = before.nodes.keys().filter(|name| !after.nodes.contains_key(*name));
    changes.extend(gone.map(|name| Change::RemoveNode(Arc::clone(name))));
    let gone = before.namespaces.keys().filter(|name| !after.namespaces.contains_key(*name));
    changes.extend(gone.map(|name| Change::RemoveNamespace(Arc::clone(name))));
    changes
}
