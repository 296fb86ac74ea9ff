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
    /// Its UID; none where the runtime does not tell it, and the name has to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) uid: Option<String>,
}

impl PodName {
    /// Namespace and name.
    pub(crate) fn key(&self) -> ObjectKey {
        ObjectKey::new(self.namespace.as_str(), self.name.as_str())
    }
}

/// An interface of a pod's sandbox in a network, by the names that the container runtime gave them: of a
/// pod whose sandbox is made anew there are two for a moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Attachment {
    /// The network.
    pub(crate) network: String,
    /// The sandbox.
    pub(crate) container: String,
    /// The interface in it.
    pub(crate) interface: String,
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
        /// Where it has them.
        attachment: Attachment,
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
    /// A pod no longer has the addresses that it had at an attachment.
    Delete {
        /// The pod, where it is told.
        #[serde(default)]
        pod: Option<PodName>,
        /// Where it had them.
        attachment: Attachment,
        /// Its addresses, as far as they are told: an agent that was not there when they were given does
        /// not know them otherwise.
        #[serde(default)]
        addresses: BTreeSet<IpAddr>,
    },
    /// All attachments that a network has on this node. Pods no longer have what they had at others.
    Keep {
        /// The network.
        network: String,
        /// Its attachments.
        attachments: BTreeSet<Attachment>,
    },
    /// Whether pods can be added.
    Ready,
    /// What flowed of late; then, if it is to `follow`, what flows. It is answered by lines of records, and of
    /// [`Notice`]s.
    Flows {
        /// Whether to go on.
        follow: bool,
    },
}

/// What there is to say among records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notice {
    /// What is missing in them, and why.
    pub(crate) notice: String,
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
