//! What `sekisho.yaml` says, as it is written: names are not looked up yet.
//!
//! The types are the published schema, `docs/schema/catalog.json`.

mod peer;
pub(crate) mod place;
mod service;
mod standard;
mod texts;
mod write;

pub use peer::{Peer, RoleName};
pub use place::{Entries, Placed};
pub use service::{Component, Exception, Service};
pub use standard::{Egress, LabelKeys, Standard, Tier};
pub use texts::{Ports, Selector, Texts};

use place::or_nothing;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::IgnoredAny};

/// The only version there is.
pub const VERSION: u32 = 1;

/// A catalog: who there is, and who calls whom. `C` is what `check` says, which is not the affair of this crate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound(deserialize = "C: Deserialize<'de>"))]
#[schemars(
    title = "sekisho catalog",
    description = "Which services there are, what they follow, and who calls whom: `sekisho generate` writes policies of it.",
    rename = "Catalog",
    bound = "C: JsonSchema"
)]
pub struct Document<C = Ignored> {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub version: Placed<u32>,
    /// The environments, by name. Where there are none, there is one that has no name.
    #[serde(default, deserialize_with = "or_nothing")]
    pub environments: Entries<Environment>,
    /// Those whom policies name and who are no component of a service, by name. One that is built in
    /// gives way to one of its name: `sekisho catalog show` has them all.
    #[serde(default, deserialize_with = "or_nothing")]
    pub peers: Entries<Peer>,
    /// What all services follow. What is not said here is as built in.
    #[serde(default, deserialize_with = "or_nothing")]
    pub standard: Standard,
    /// The services, by name.
    #[serde(default, deserialize_with = "or_nothing")]
    pub services: Entries<Service>,
    /// What `sekisho check` is to look for.
    #[serde(default)]
    pub check: Option<C>,
}

/// An environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Where its manifests lie, from the folder of this file.
    #[serde(default, deserialize_with = "or_nothing")]
    pub paths: Texts,
}

/// What is read over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(inline)]
pub struct Ignored {}

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self {})
    }
}
