//! Manifests laid over a cluster, as `kubectl apply` would lay them: an object takes the place of the one
//! of its kind and name, what the cluster alone knows of it stays, and nothing is deleted.

use super::{
    gather::Object,
    pod::RawPod,
    workload::{Controller, Making},
};
use sekisho_core::object::{Cluster, Labels, Namespace, Node, ObjectKey, Pod, Workload};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What the manifests above the cluster have said.
#[derive(Default)]
pub(super) struct Overlay {
    /// Kinds and names of what is above.
    above: HashSet<(ObjectKey, &'static str)>,
    /// The controllers that have a new template, with the old one.
    rollouts: BTreeMap<Workload, Rollout>,
}

/// A controller before and after.
struct Rollout {
    before: Pod,
    after: Pod,
    making: Making,
}

impl Overlay {
    /// With these objects above.
    pub(super) fn new(above: impl Iterator<Item = (ObjectKey, &'static str)>) -> Self {
        Self { above: above.collect(), rollouts: BTreeMap::new() }
    }

    /// Whether an object is covered by one above it.
    pub(super) fn covers(&self, object: &Object) -> bool {
        !self.above.is_empty() && self.above.contains(&(object.key(), object.kind()))
    }

    /// Leaves of `below`, which is covered, what the object above it does not say.
    pub(super) fn lay(
        &mut self,
        below: Object,
        cluster: &mut Cluster,
        pods: &mut [RawPod],
        controllers: &[Controller],
    ) {
        match below {
            Object::Namespace(below) => {
                if let Some(above) = cluster.namespaces.get_mut(below.name()) {
                    let labels = over(below.labels(), above.labels());
                    *above = Namespace::new(below.name().clone(), labels, above.origin.clone());
                }
            }
            Object::Node(below) => {
                if let Some(above) = cluster.nodes.get_mut(&below.name) {
                    lay_node(above, below);
                }
            }
            Object::Pod(below) => {
                if let Some(above) = pods.iter_mut().find(|above| above.pod.key == below.pod.key) {
                    lay_pod(&mut above.pod, below.pod);
                }
            }
            Object::Controller(below) => {
                let is_it = |above: &&Controller| above.workload() == below.workload();
                if let Some(above) = controllers.iter().find(is_it) {
                    let rollout = Rollout {
                        before: below.template,
                        after: above.template.clone(),
                        making: above.making,
                    };
                    self.rollouts.insert(above.workload(), rollout);
                }
            }
            Object::Policy(_) | Object::ClusterPolicy(..) | Object::Service(_) | Object::Entrance(..) => {}
        }
    }

    /// What becomes of a pod of the cluster when the controllers above it have rolled out; `None` where
    /// they make none any more.
    pub(super) fn roll_out(&self, mut pod: Pod, controllers: &[Workload]) -> Option<Pod> {
        let Some(rollout) = controllers.iter().rev().find_map(|above| self.rollouts.get(above)) else {
            return Some(pod);
        };
        if rollout.making == Making::NoReplicas {
            return None;
        }
        let (before, after) = (&rollout.before, &rollout.after);
        // What neither template has came from elsewhere: a hash, what an admission webhook adds.
        let kept = pod.labels.iter().filter(|(key, _)| before.labels.get(key).is_none());
        let kept: Labels = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
        pod.labels = over(&kept, &after.labels);
        let ports: BTreeSet<_> = pod.ports.difference(&before.ports).chain(&*after.ports).cloned().collect();
        pod.ports = ports.into();
        if pod.host_network != after.host_network {
            pod.host_network = after.host_network;
            pod.addresses.clear();
        }
        pod.origin = after.origin.clone();
        Some(pod)
    }
}

impl Controller {
    /// What it is, as its pods name it.
    pub(super) fn workload(&self) -> Workload {
        Workload { key: self.meta.key.clone(), kind: self.kind.clone() }
    }
}

/// The labels below, and over them those above.
fn over(below: &Labels, above: &Labels) -> Labels {
    below.iter().chain(above.iter()).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn lay_node(above: &mut Node, below: Node) {
    above.labels = over(&below.labels, &above.labels);
    if above.addresses.is_empty() {
        above.addresses = below.addresses;
    }
    if above.pod_cidrs.is_empty() {
        above.pod_cidrs = below.pod_cidrs;
    }
}

/// The status of a pod is the cluster's to say, and where it runs.
fn lay_pod(above: &mut Pod, below: Pod) {
    above.uid = below.uid;
    above.finished = below.finished;
    above.node = above.node.take().or(below.node);
    if above.addresses.is_empty() && above.host_network == below.host_network {
        above.addresses = below.addresses;
    }
    if above.host_addresses.is_empty() {
        above.host_addresses = below.host_addresses;
    }
}
