//! Pods that have the labels which somebody wrote, and which policies do not see all the same: so the labels are right, and
//! what is to be said is why nobody is there.

use crate::{words, world::World};
use sekisho_core::object::{Cluster, Labels, NetworkPolicy, PeerKind, Pod, Workload};
use std::{collections::BTreeSet, sync::Arc};

/// Why policies do not see a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Absence {
    /// It is on the network of its node (S22).
    HostNetwork,
    /// Its workload is scaled to none.
    NoReplicas,
    /// It has finished, and may run again (S24).
    Finished,
}

/// Workloads that policies do not see, all for one reason.
pub(crate) struct Absent<'w> {
    pub(crate) why: Absence,
    who: BTreeSet<&'w Workload>,
}

impl Absent<'_> {
    /// Whether they come by themselves: what is written for them waits for them.
    pub(crate) fn is_for_now(&self) -> bool {
        self.why != Absence::HostNetwork
    }

    /// Why nobody is there.
    pub(crate) fn sentence(&self) -> String {
        let who = words::list(self.who.iter().map(|workload| &workload.key));
        let verb = |one, many| words::number(self.who.len(), one, many);
        match self.why {
            Absence::HostNetwork => {
                format!(
                    "{who} {} on the network of {}, where no policy sees pods",
                    verb("is", "are"),
                    verb("its node", "their nodes")
                )
            }
            Absence::NoReplicas => format!("{who} {} no replicas", verb("has", "have")),
            Absence::Finished => format!("{who} {} finished", verb("has", "have")),
        }
    }
}

impl<'c> World<'c> {
    /// Those whom a peer of `policy`, or the selector of its subjects, would select, if policies saw them. Of those who come
    /// by themselves alone, where there are some.
    pub(crate) fn absent(&self, policy: &NetworkPolicy, kind: &PeerKind) -> Option<Absent<'c>> {
        let (namespaces, pods) = match kind {
            PeerKind::Pods(pods) => (None, Some(pods)),
            PeerKind::Namespaces(namespaces) => (Some(namespaces), None),
            PeerKind::PodsInNamespaces { namespaces, pods } => (Some(namespaces), Some(pods)),
            PeerKind::Block(_) => return None,
        };
        let nothing = Labels::default();
        let is_meant = |pod: &Pod| {
            let namespace = &pod.key.namespace;
            let is_there = match namespaces {
                None => *namespace == policy.key.namespace,
                Some(selector) => selector.matches(self.namespaces().get(namespace).unwrap_or(&nothing)),
            };
            is_there && pods.is_none_or(|pods| pods.matches(&pod.labels))
        };
        let meant: Vec<(Absence, &Arc<Pod>)> =
            self.unseen().iter().copied().filter(|(_, pod)| is_meant(pod)).collect();
        let why = meant.iter().map(|(why, _)| *why).max()?;
        let of_one = meant.into_iter().filter(|(one, _)| *one == why);
        Some(Absent { why, who: of_one.map(|(_, pod)| &pod.workload).collect() })
    }
}

/// The pods that policies do not see.
pub(crate) fn unseen(cluster: &Cluster) -> Vec<(Absence, &Arc<Pod>)> {
    let why = |pod: &Pod, is_idle: bool| match pod {
        Pod { host_network: true, .. } => Absence::HostNetwork,
        Pod { finished: true, .. } => Absence::Finished,
        _ if is_idle => Absence::NoReplicas,
        _ => Absence::Finished,
    };
    let there = cluster.pods.values().filter(|pod| !pod.is_policed()).map(|pod| (why(pod, false), pod));
    there.chain(cluster.idle.values().map(|pod| (why(pod, true), pod))).collect()
}
