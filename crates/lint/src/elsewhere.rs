//! Namespaces that are named, and may lie where nobody looks.

use crate::{
    focus::RuleAt,
    world::{Extent, World},
};
use sekisho_core::object::{LabelSelector, NAME_LABEL, PeerKind, Requirement};
use std::{collections::BTreeSet, sync::Arc};

impl World<'_> {
    /// The namespaces that a selector names by the label that each has of itself (S9): `None` where it does not.
    pub(crate) fn named(namespaces: &LabelSelector) -> Option<&BTreeSet<Arc<str>>> {
        namespaces.requirements().find_map(|requirement| match requirement {
            Requirement::In(key, names) if **key == *NAME_LABEL => Some(names),
            _ => None,
        })
    }

    /// Whether a selector of namespaces may mean one of which nothing is here to see.
    pub(crate) fn may_be_elsewhere(&self, namespaces: &LabelSelector) -> bool {
        if self.extent == Extent::Whole {
            return false;
        }
        Self::named(namespaces)
            .is_some_and(|names| names.iter().any(|name| !self.namespaces().contains_key(name)))
    }

    /// Whether a rule may mean pods of namespaces of which nothing is here to see.
    pub(crate) fn may_mean_others(&self, at: RuleAt<'_>) -> bool {
        let of = |namespaces: &LabelSelector| {
            self.extent == Extent::Part
                && (Self::named(namespaces).is_none() || self.may_be_elsewhere(namespaces))
        };
        at.rule.peers.iter().any(|peer| match &peer.kind {
            PeerKind::Namespaces(namespaces) | PeerKind::PodsInNamespaces { namespaces, .. } => {
                of(namespaces)
            }
            PeerKind::Pods(_) => !self.is_seen(&at.policy.key.namespace),
            PeerKind::Block(_) => false,
        })
    }

    /// Whether what is not to be seen of a namespace is not there.
    pub(crate) fn is_seen(&self, namespace: &str) -> bool {
        self.extent == Extent::Whole || self.namespaces().contains_key(namespace)
    }
}

/// A label that every pod of a service of the name has, or of a namespace.
pub(crate) fn label(key: &str, value: &str) -> LabelSelector {
    [Requirement::In(key.into(), [Arc::from(value)].into())].into_iter().collect()
}

/// The selector of one namespace, by name.
pub(crate) fn namespace(name: &str) -> LabelSelector {
    label(NAME_LABEL, name)
}
