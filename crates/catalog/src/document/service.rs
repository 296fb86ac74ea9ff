//! Services and their components.

use super::{Egress, Entries, Placed, Ports, Texts, place::or_nothing};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its namespace, where that is not called like the service.
    pub namespace: Option<Placed<String>>,
    /// The way out of its components.
    pub egress: Option<Egress>,
    /// Its components, by name: the value of their component label.
    #[serde(default, deserialize_with = "or_nothing")]
    pub components: Entries<Component>,
}

/// A component of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// What it is, where its own name does not say it.
    pub tier: Option<Placed<String>>,
    /// What its pods and its policy are called, where the tier's pattern does not say it.
    pub name: Option<Placed<String>>,
    /// The labels of its pods, where they are not the three of the standard.
    pub labels: Option<Placed<BTreeMap<String, String>>>,
    /// The ports on which it is called; `[]` where it is not.
    pub ports: Option<Ports>,
    /// Who calls it, beside those whom its tier lets in: `service/component`, a component of the same service
    /// by its name, a peer, or a role.
    #[serde(default, deserialize_with = "or_nothing")]
    pub callers: Texts,
    /// Whom it calls, in the same forms. A call may be written at either end.
    #[serde(default, deserialize_with = "or_nothing")]
    pub calls: Texts,
    /// Its way out.
    pub egress: Option<Egress>,
    /// What is allowed for a time.
    #[serde(default, deserialize_with = "or_nothing")]
    pub exceptions: Vec<Placed<Exception>>,
}

/// What is allowed for a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["reason", "until"], "oneOf" = [{"required": ["from"]}, {"required": ["to"]}]))]
pub struct Exception {
    /// Who may call it meanwhile.
    pub from: Option<Placed<String>>,
    /// Whom it may call meanwhile.
    pub to: Option<Placed<String>>,
    /// Why.
    pub reason: Option<Placed<String>>,
    /// The last day on which it holds: `2027-03-31`.
    pub until: Option<Placed<String>>,
    /// The environments in which it holds; all where it is left out.
    pub environments: Option<Texts>,
}
