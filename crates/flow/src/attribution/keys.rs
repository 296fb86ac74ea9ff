//! Which labels policies name.

use crate::record::stable_labels;
use sekisho_core::object::{Cluster, ClusterPeerKind, Direction, LabelSelector, Labels, PeerKind};
use std::{collections::HashSet, sync::Arc};

/// The keys of labels by which policies select pods.
#[derive(Debug, Default)]
pub(super) struct NamedLabels(HashSet<Arc<str>>);

impl NamedLabels {
    /// Of the policies of `cluster`.
    pub(super) fn of(cluster: &Cluster) -> Self {
        let mut named = Self::default();
        for policy in cluster.policies.values() {
            named.add(&policy.subjects);
            let rules = Direction::ALL.into_iter().flat_map(|direction| policy.rules(direction));
            for peer in rules.flat_map(|rule| &rule.peers) {
                match &peer.kind {
                    PeerKind::Pods(pods) | PeerKind::PodsInNamespaces { pods, .. } => named.add(pods),
                    PeerKind::Namespaces(_) | PeerKind::Block(_) => {}
                }
            }
        }
        for policy in cluster.cluster_policies.values() {
            named.add(&policy.subjects.pods);
            let rules = Direction::ALL.into_iter().flat_map(|direction| policy.rules(direction));
            for peer in rules.flat_map(|rule| &rule.peers) {
                if let ClusterPeerKind::Pods(peer) = &peer.kind {
                    named.add(&peer.pods);
                }
            }
        }
        named
    }

    fn add(&mut self, selector: &LabelSelector) {
        self.0.extend(selector.requirements().map(|requirement| Arc::clone(requirement.key())));
    }

    /// The labels by which policies know a workload's pods.
    pub(super) fn stable(&self, labels: &Labels) -> Labels {
        stable_labels(labels, |key| self.0.contains(key))
    }
}
