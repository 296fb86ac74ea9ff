//! The conditions that can fail between a rule and a packet, and how far each is from holding.

use crate::{
    near,
    object::{LabelSelector, Labels, ObjectKey, Requirement},
    packet::Traffic,
    set::{Cidr, Protocol},
};
use std::{net::IpAddr, sync::Arc};

/// One condition that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A `podSelector` asks for another label than the pod has.
    PodLabel {
        /// The pod, as a person calls it.
        pod: ObjectKey,
        /// What is asked for.
        wanted: Requirement,
        /// The pod's value of that key.
        has: Option<Arc<str>>,
    },
    /// A `namespaceSelector` asks for another label than the pod's namespace has.
    NamespaceLabel {
        /// The namespace.
        namespace: Arc<str>,
        /// What is asked for.
        wanted: Requirement,
        /// The namespace's value of that key.
        has: Option<Arc<str>>,
        /// Whether the `podSelector` of the same entry matches: then the namespace alone is missing.
        pod_matches: bool,
    },
    /// A `podSelector` alone looks in the policy's own namespace, and the pod is in another (S6).
    OtherNamespace {
        /// The pod.
        pod: ObjectKey,
        /// The policy's namespace.
        policy_namespace: Arc<str>,
        /// Whether the pod would match if it were in it.
        labels_match: bool,
    },
    /// The address is taken away by an `except` (S18).
    Excepted {
        /// The address.
        address: IpAddr,
        /// The block.
        cidr: Cidr,
        /// The exception that holds the address.
        except: Cidr,
    },
    /// The address is outside the block (S17).
    OutsideBlock {
        /// The address.
        address: IpAddr,
        /// The block.
        cidr: Cidr,
    },
    /// No manifest tells the pod's address, so it is in no block but a whole family.
    AddressUnknown {
        /// The pod.
        pod: ObjectKey,
        /// The block.
        cidr: Cidr,
    },
    /// The entry names pods, and no pod bears the address.
    NotAPod {
        /// The address; `None` for a pod that policies do not see.
        address: Option<IpAddr>,
    },
    /// No entry of `ports` holds.
    Port {
        /// What the packet carries.
        traffic: Traffic,
        /// What the entries allow, as written.
        allowed: Vec<String>,
        /// What is special about the nearest of them.
        trouble: PortTrouble,
    },
    /// The policy does not select the pod: the label asked for is not the pod's.
    NotSelected {
        /// The pod.
        pod: ObjectKey,
        /// What is asked for.
        wanted: Requirement,
        /// The pod's value of that key.
        has: Option<Arc<str>>,
    },
    /// The policy lists no rule in this direction.
    NoRules,
}

/// Why the nearest entry of `ports` does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortTrouble {
    /// The protocol is right and the number is another.
    Number,
    /// The number, or the lack of one, would do for another protocol.
    Protocol,
    /// The named port is defined by no pod at the destination (S14).
    NameUnknown {
        /// The name.
        name: Arc<str>,
        /// The destination, where it is a pod.
        pod: Option<ObjectKey>,
        /// The names that the pod does define for the protocol.
        defined: Vec<Arc<str>>,
    },
    /// The destination defines the name for another protocol (S14).
    NameOfOtherProtocol {
        /// The name.
        name: Arc<str>,
        /// The pod.
        pod: ObjectKey,
        /// The protocol it is defined for.
        defined: Protocol,
    },
    /// The destination defines the name for another number (S14).
    NameOfOtherNumber {
        /// The name.
        name: Arc<str>,
        /// The pod.
        pod: ObjectKey,
        /// The protocol that the rule asks for.
        protocol: Protocol,
        /// The number it stands for there.
        number: u16,
    },
    /// The traffic has no ports, and the rule lists some (S33).
    NoPorts,
}

impl Obstacle {
    /// How far the condition is from holding: the smaller, the likelier that this is the mistake.
    #[must_use]
    pub fn distance(&self) -> u32 {
        match self {
            Self::PodLabel { wanted, has, .. } => label_distance(wanted, has.as_deref()),
            Self::NamespaceLabel { wanted, has, pod_matches, .. } => {
                label_distance(wanted, has.as_deref()) - u32::from(*pod_matches)
            }
            Self::OtherNamespace { labels_match, .. } => {
                if *labels_match {
                    2
                } else {
                    6
                }
            }
            Self::Excepted { .. } => 3,
            Self::OutsideBlock { .. } => 9,
            Self::AddressUnknown { .. } => 6,
            Self::NotAPod { .. } => 10,
            Self::Port { trouble, .. } => match trouble {
                PortTrouble::Number | PortTrouble::NameOfOtherNumber { .. } => 3,
                PortTrouble::Protocol | PortTrouble::NameOfOtherProtocol { .. } => 3,
                PortTrouble::NameUnknown { .. } => 3,
                PortTrouble::NoPorts => 4,
            },
            Self::NotSelected { wanted, has, .. } => label_distance(wanted, has.as_deref()) + 1,
            Self::NoRules => 100,
        }
    }
}

/// A label that is almost right is a mistake; another value is another thing.
fn label_distance(wanted: &Requirement, has: Option<&str>) -> u32 {
    match (wanted, has) {
        (Requirement::In(_, values), Some(has)) if values.iter().any(|value| near::is_slip(has, value)) => 2,
        (Requirement::In(..), None) | (Requirement::Exists(_), _) => 5,
        _ => 6,
    }
}

/// The requirements of `selector` that `labels` do not meet, by the selector's own test (S8), each
/// with the value that the labels have.
pub(super) fn failing<'a>(
    selector: &'a LabelSelector,
    labels: &'a Labels,
) -> impl Iterator<Item = (&'a Requirement, Option<Arc<str>>)> {
    let unmet = selector.requirements().filter(|requirement| !requirement.matches(labels));
    unmet.map(|requirement| (requirement, labels.get(requirement.key()).map(Arc::from)))
}
