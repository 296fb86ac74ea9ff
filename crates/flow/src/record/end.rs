//! Who stands at an end of a flow.

use super::Few;
use sekisho_core::{
    object::{Labels, ObjectKey, Workload},
    set::Cidr,
};
use std::{fmt, sync::Arc};

/// The DNS names of an external end: so many, and whether there are others.
pub type Names = Few<Arc<str>, 8>;

/// The pods of a workload, as far as policies can tell them from others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadEnd {
    /// What they belong to.
    pub workload: Workload,
    /// The labels by which policies know them; without those that a controller gives to one pod or one
    /// revision ([`stable_labels`]).
    pub labels: Labels,
}

/// An end of a flow: what policies could name, and no more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Pods of a workload.
    Workload(WorkloadEnd),
    /// A node, or a pod that uses its node's network (S22). The name is missing where nobody knew more
    /// than that it is one.
    Node(Option<Arc<str>>),
    /// A Service's own address, where the observer saw no more than that. Policies never see one (S37).
    Service(ObjectKey),
    /// Something outside the cluster.
    External {
        /// Its address, or the block to which addresses were folded.
        block: Cidr,
        /// The names that the node's name servers gave the address; empty where none is known.
        names: Names,
    },
    /// An address, or several, of which nobody can say whose they are: flows that were folded because
    /// there were too many, or an end about which the observer says nothing.
    Anyone,
}

impl End {
    /// The end outside the cluster whose addresses `block` holds, no name of which is known.
    #[must_use]
    pub fn external(block: Cidr) -> Self {
        Self::External { block, names: Names::new() }
    }

    /// The workload, where it is pods of one.
    #[must_use]
    pub fn workload(&self) -> Option<&WorkloadEnd> {
        match self {
            Self::Workload(end) => Some(end),
            Self::Node(_) | Self::Service(_) | Self::External { .. } | Self::Anyone => None,
        }
    }
}

impl fmt::Display for End {
    /// As people call it: `trading/trading-bff`, `node node-1`, `service ns/name`, `203.0.113.0/24`,
    /// `api.example.com (203.0.113.7/32)`, `anyone`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workload(end) => end.workload.key.fmt(f),
            Self::Node(Some(name)) => write!(f, "node {name}"),
            Self::Node(None) => f.write_str("a node"),
            Self::Service(key) => write!(f, "service {key}"),
            Self::External { block, names } if names.is_empty() => block.fmt(f),
            Self::External { block, names } => {
                let known: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
                let more = if names.has_more() { ", ..." } else { "" };
                write!(f, "{}{more} ({block})", known.join(", "))
            }
            Self::Anyone => f.write_str("anyone"),
        }
    }
}

/// Labels that controllers give to one pod or to one revision of its template, and not to the workload
/// (the constants of `k8s.io/api/apps/v1` and `batch/v1`). `controller-uid` and `job-name` are the old
/// names of the two of `batch`.
const OF_ONE_POD: [&str; 10] = [
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-generation",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

/// `labels` without those that a controller gives to one pod or one revision; but those whose keys
/// `named` knows stay, for a policy may select by any label.
///
/// Otherwise every roll-out, and every run of a job, would make ends of its own.
#[must_use]
pub fn stable_labels(labels: &Labels, named: impl Fn(&str) -> bool) -> Labels {
    let goes = |key: &str| OF_ONE_POD.contains(&key) && !named(key);
    if !labels.iter().any(|(key, _)| goes(key)) {
        return labels.clone();
    }
    labels
        .iter()
        .filter(|(key, _)| !goes(key))
        .map(|(key, value)| (Arc::clone(key), Arc::clone(value)))
        .collect()
}
