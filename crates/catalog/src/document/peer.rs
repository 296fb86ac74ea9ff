//! Named peers.

use super::{Placed, Ports, Selector, Texts, place::or_nothing};
use schemars::JsonSchema;
use sekisho_core::standard::Role;
use serde::Deserialize;

/// Somebody whom policies name and who is no component: addresses, or pods of namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Addresses or address blocks.
    pub ranges: Option<Texts>,
    /// All pods of the namespace of this name, or of these.
    pub namespace: Option<Texts>,
    /// All pods of the namespaces with such labels.
    pub namespaces: Option<Placed<Selector>>,
    /// Not all pods of the namespaces, but those with such labels.
    pub pods: Option<Placed<Selector>>,
    /// The ports on which it is called; all where none are named.
    #[serde(default, deserialize_with = "or_nothing")]
    pub ports: Ports,
    /// What it is to the cluster. A role named among callers stands for all peers that have it.
    pub role: Option<RoleName>,
    /// The environments in which policies may name it; all where it is left out, none where it is `[]`.
    pub environments: Option<Texts>,
    /// Who that is, for the comment beside it in policies.
    pub comment: Option<String>,
}

/// What somebody is to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RoleName {
    /// Load balancers, with their health checks.
    LoadBalancers,
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
}

impl RoleName {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::LoadBalancers, Self::Dns, Self::Monitoring, Self::Metadata, Self::People, Self::Nat];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LoadBalancers => "load-balancers",
            Self::Dns => "dns",
            Self::Monitoring => "monitoring",
            Self::Metadata => "metadata",
            Self::People => "people",
            Self::Nat => "nat",
        }
    }

    /// What is so written.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::LoadBalancers => Self::LoadBalancer,
            RoleName::Dns => Self::Dns,
            RoleName::Monitoring => Self::Monitoring,
            RoleName::Metadata => Self::Metadata,
            RoleName::People => Self::People,
            RoleName::Nat => Self::Nat,
        }
    }
}
