//! What all services follow.

use super::{Entries, Placed, Texts, place::or_nothing};
use schemars::JsonSchema;
use sekisho_core::standard::Stance;
use serde::Deserialize;

/// What all services follow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// The keys of the three labels that together name a pod.
    #[serde(default, deserialize_with = "or_nothing")]
    pub labels: LabelKeys,
    /// The name of the policy that every namespace has: nothing in, and nothing out but where egress is open.
    pub baseline: Option<Placed<String>>,
    /// The way out of components that say nothing else.
    pub egress: Option<Egress>,
    /// The peers that answer DNS: open to whoever's egress is closed.
    pub dns: Option<Texts>,
    /// Namespaces that the platform brings, of which nothing is asked.
    pub exempt: Option<Texts>,
    /// What a component may be, by name: `frontend`, `bff`, ...
    #[serde(default, deserialize_with = "or_nothing")]
    pub tiers: Entries<Tier>,
}

/// The keys of the three labels that together name a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LabelKeys {
    /// Of the component's own name; built in is `app.kubernetes.io/name`.
    pub name: Option<Placed<String>>,
    /// Of what it is in its service; built in is `app.kubernetes.io/component`.
    pub component: Option<Placed<String>>,
    /// Of its service; built in is `app.kubernetes.io/part-of`.
    pub part_of: Option<Placed<String>>,
}

/// What a component may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Whom each component of the tier lets in: peers, roles, and components of the same service by their names.
    #[serde(default, deserialize_with = "or_nothing")]
    pub callers: Texts,
    /// What a component's pods and policy are called, of `{service}` and `{component}`; `{service}-{component}`
    /// where it is left out.
    pub name: Option<Placed<String>>,
    /// Whether it looks up names. Where it does not, DNS stays closed with its egress.
    pub dns: Option<bool>,
}

/// A way out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Egress {
    /// It may call whom it likes.
    #[default]
    Open,
    /// It may call those whom it is said to call, and look up names.
    Closed,
}

impl From<Egress> for Stance {
    fn from(egress: Egress) -> Self {
        match egress {
            Egress::Open => Self::Open,
            Egress::Closed => Self::Closed,
        }
    }
}
