//! What is asked and answered.

use crate::engine::{PodReport, Report};
use sekisho_core::object::ObjectKey;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, net::IpAddr};

/// A pod as the container runtime knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PodName {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
    /// Its UID.
    pub(crate) uid: String,
}

impl PodName {
    /// Namespace and name.
    pub(crate) fn key(&self) -> ObjectKey {
        ObjectKey::new(self.namespace.as_str(), self.name.as_str())
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Request {
    /// How it stands.
    Status,
    /// What is programmed.
    Dump,
    /// What polices a pod.
    Why {
        /// Namespace and name, with a slash between them.
        pod: String,
    },
    /// A pod has these addresses: it is answered when its rules are in the kernel.
    Add {
        /// The pod.
        pod: PodName,
        /// Its addresses.
        addresses: BTreeSet<IpAddr>,
    },
    /// Whether the rules of a pod with these addresses are in the kernel.
    Check {
        /// The pod.
        pod: PodName,
        /// Its addresses.
        addresses: BTreeSet<IpAddr>,
    },
    /// The pod no longer has its addresses.
    Delete {
        /// The pod.
        pod: PodName,
    },
    /// All pods of this node that have addresses, by UID. Others no longer have theirs.
    Keep {
        /// Their UIDs.
        pods: BTreeSet<String>,
    },
    /// Whether pods can be added.
    Ready,
}

/// What is answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reply {
    /// It is done, or it is so.
    Done,
    /// It is not so, or cannot be done now.
    NotReady {
        /// Why.
        why: String,
    },
    /// The question makes no sense.
    Refused {
        /// Why.
        why: String,
    },
    /// How it stands.
    Status(Box<Report>),
    /// What is programmed.
    Dump(String),
    /// What polices a pod.
    Pod(Box<PodReport>),
}
