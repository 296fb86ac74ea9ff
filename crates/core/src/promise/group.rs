//! Sets of ends by what they are, not by who is there today.

use crate::{
    object::{LabelSelector, Labels, ObjectKey, Pod},
    reach::Term,
    set::AddressSet,
};
use std::{fmt, sync::Arc};

/// Whom a group is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// Every pod, and every address that no pod bears.
    Anyone,
    /// Every pod that policies see (S22, S24).
    Cluster,
    /// Every address that no pod bears, of both families: nodes too.
    Internet,
    /// The pods with such labels, in the namespaces with such labels.
    Pods {
        /// Which namespaces.
        namespaces: LabelSelector,
        /// Which of their pods.
        pods: LabelSelector,
    },
    /// The pods of a namespace.
    Namespace(Arc<str>),
    /// The pods of the workloads of this name, or the pod.
    Named(ObjectKey),
    /// Those of these addresses that no pod bears. Pods are named by what they are, so that a promise
    /// means the same of manifests, where nobody knows their addresses, and of a cluster.
    Addresses(AddressSet),
}

impl fmt::Display for Members {
    /// Whom it is about, in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("every pod and every address"),
            Self::Cluster => f.write_str("every pod"),
            Self::Internet => f.write_str("every address that no pod bears"),
            Self::Pods { namespaces, pods } => {
                match pods.is_everything() {
                    true => f.write_str("pods")?,
                    false => write!(f, "pods with {pods}")?,
                }
                if namespaces.is_everything() {
                    Ok(())
                } else {
                    write!(f, " in namespaces with {namespaces}")
                }
            }
            Self::Namespace(name) => write!(f, "pods of namespace {name}"),
            Self::Named(key) => write!(f, "pods of {key}"),
            Self::Addresses(addresses) => Term::Addresses(addresses.clone()).fmt(f),
        }
    }
}

/// A set of ends with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name as a promise writes it.
    pub name: Arc<str>,
    /// Who belongs to it.
    pub members: Members,
    /// Who does not, although they are among the members.
    pub except: Vec<Arc<Group>>,
}

impl Group {
    /// Whether `pod` belongs to it, whose namespace has these labels.
    #[must_use]
    pub fn has_pod(&self, pod: &Pod, namespace: &Labels) -> bool {
        let is_member = match &self.members {
            Members::Anyone | Members::Cluster => true,
            Members::Internet | Members::Addresses(_) => false,
            Members::Pods { namespaces, pods } => namespaces.matches(namespace) && pods.matches(&pod.labels),
            Members::Namespace(name) => pod.key.namespace == *name,
            Members::Named(key) => pod.key == *key || pod.workload.key == *key,
        };
        // INVARIANT: a group excepts only groups that were made before it, so this ends.
        is_member && !self.except.iter().any(|group| group.has_pod(pod, namespace))
    }

    /// The addresses that belong to it, those included that pods happen to bear.
    #[must_use]
    pub fn addresses(&self) -> AddressSet {
        let members = match &self.members {
            Members::Anyone | Members::Internet => AddressSet::full(),
            Members::Addresses(addresses) => addresses.clone(),
            Members::Cluster | Members::Pods { .. } | Members::Namespace(_) | Members::Named(_) => {
                return AddressSet::empty();
            }
        };
        self.except.iter().fold(members, |left, group| left.difference(&group.addresses()))
    }
}
