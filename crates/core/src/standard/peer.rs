//! Those whom policies name, by a name that a team gave them.

use crate::{
    object::{IpBlock, LabelSelector, Origin, PeerKind},
    set::{AddressSet, Cidr},
};
use std::{collections::BTreeSet, sync::Arc};

/// Whom a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Whatever has one of these addresses.
    Ranges(BTreeSet<Cidr>),
    /// Pods.
    Pods {
        /// Of which namespaces.
        namespaces: LabelSelector,
        /// Which of their pods; `None` for all.
        pods: Option<LabelSelector>,
    },
}

impl Whom {
    /// The peers by which a policy of any namespace names them.
    #[must_use]
    pub fn kinds(&self) -> Vec<PeerKind> {
        match self {
            Self::Ranges(ranges) => {
                let blocks = ranges.iter().filter_map(|range| IpBlock::new(*range, []).ok());
                blocks.map(PeerKind::Block).collect()
            }
            Self::Pods { namespaces, pods: None } => vec![PeerKind::Namespaces(namespaces.clone())],
            Self::Pods { namespaces, pods: Some(pods) } => {
                vec![PeerKind::PodsInNamespaces { namespaces: namespaces.clone(), pods: pods.clone() }]
            }
        }
    }

    /// The addresses, of ranges.
    #[must_use]
    pub fn addresses(&self) -> AddressSet {
        match self {
            Self::Ranges(ranges) => ranges.iter().copied().collect(),
            Self::Pods { .. } => AddressSet::empty(),
        }
    }

    /// Whether a peer of a policy in any namespace is a way of writing them, or a part of them.
    pub(super) fn is_written_as(&self, kind: &PeerKind) -> bool {
        match (self, kind) {
            (Self::Ranges(ranges), PeerKind::Block(block)) => {
                let block = block.addresses();
                !block.is_empty() && block.difference(&ranges.iter().copied().collect()).is_empty()
            }
            (Self::Pods { namespaces, pods: None }, PeerKind::Namespaces(written)) => namespaces == written,
            (
                Self::Pods { namespaces, pods },
                PeerKind::PodsInNamespaces { namespaces: of, pods: written },
            ) => namespaces == of && pods.as_ref().is_none_or(|pods| pods == written),
            _ => false,
        }
    }
}

/// What somebody is to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Load balancers, with their health checks.
    LoadBalancer,
    /// Those who answer DNS.
    Dns,
    /// Those who scrape and discover.
    Monitoring,
    /// The metadata server of the cloud.
    Metadata,
    /// People's own machines.
    People,
    /// What many share on their way out, so that it tells nothing about who calls.
    Nat,
    /// Anybody else.
    Other,
}

/// Somebody whom policies name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPeer {
    /// Who that is.
    pub whom: Whom,
    /// What it is to the cluster.
    pub role: Role,
    /// The environments in which policies may name it; `None` for all, empty for none.
    pub environments: Option<BTreeSet<Arc<str>>>,
    /// Where it was written.
    pub origin: Origin,
}

impl NamedPeer {
    /// Whether policies of `environment` may name it. Where no environment is known, whoever may be named in some.
    #[must_use]
    pub fn is_of(&self, environment: Option<&str>) -> bool {
        match (&self.environments, environment) {
            (None, _) => true,
            (Some(some), None) => !some.is_empty(),
            (Some(some), Some(environment)) => some.contains(environment),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_named_range_is_that_range() {
        let cidr = |text: &str| text.parse::<Cidr>().unwrap();
        let office = Whom::Ranges([cidr("203.0.113.0/24")].into());
        let block = |text| PeerKind::Block(crate::object::IpBlock::new(cidr(text), []).unwrap());
        assert!(office.is_written_as(&block("203.0.113.0/24")));
        assert!(office.is_written_as(&block("203.0.113.128/25")));
        assert!(!office.is_written_as(&block("203.0.112.0/23")));
        assert!(!office.is_written_as(&PeerKind::Pods(LabelSelector::everything())));
    }
}
