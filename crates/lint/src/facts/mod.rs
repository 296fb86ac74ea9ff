//! What rules in Rego see: a document for each object, with what its text alone cannot know.
//!
//! The document is published (`sekisho schema facts`) and has a version: a rule that was written for it keeps
//! working. Rego interprets no manifests again; whom selectors mean and what may talk to what is the core's answer.
//!
//! INVARIANT: objects look here as the API has them, with its defaults filled in, and are made of what the core
//! keeps. What the core does not keep (images, commands, other annotations) is not there.

mod known;
mod make;
mod object;

pub use known::{
    Component, Connections, End, Exposure, ExposureRule, Known, Matches, NamespaceFacts, Peer, PolicyFacts,
    Rule, Sides, Way, Workload,
};
pub use object::{
    Container, ContainerPort, Expression, IpBlock, JobTemplate, LabelSelector, Metadata, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicyRule, NetworkPolicySpec, Number, Object, PodSpec, PodTemplate, Spec,
    api_version,
};

use crate::{finding::Subject, world::World};
use schemars::JsonSchema;
use sekisho_core::object::Origin;
use serde::Serialize;
use std::collections::BTreeMap;

/// The version of the document. It changes when a rule that was written for it would mean something else.
pub const VERSION: u32 = 1;

/// What a rule in Rego is given as `input`: one object, and what is known about it.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(title = "sekisho facts")]
pub struct Input {
    /// The version of this document, 1.
    pub facts: u32,
    /// The object itself, as `kubectl get -o json` shows it: `input.kind`, `input.metadata`, `input.spec`. What
    /// sekisho does not read of it is not there.
    #[serde(flatten)]
    pub object: Object,
    /// The same object once more, where Gatekeeper has it: `input.review.object`.
    pub review: Review,
    /// Always empty: where Gatekeeper puts the parameters of a constraint.
    pub parameters: BTreeMap<String, String>,
    /// What the text of the object does not tell.
    pub sekisho: Known,
}

/// What Gatekeeper tells of an object.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Review {
    /// Its kind.
    pub kind: ReviewKind,
    /// Its name.
    pub name: String,
    /// Its namespace; missing for a namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The object.
    pub object: Object,
}

/// A kind as the API server tells it.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ReviewKind {
    /// Its group; empty for the core one.
    pub group: String,
    /// Its version.
    pub version: String,
    /// Its kind.
    pub kind: String,
}

/// A document, and the object that it is about.
#[derive(Clone, Debug)]
pub struct Document {
    /// What Rego sees.
    pub input: Input,
    /// The object.
    pub subject: Subject,
    /// Where the object was written.
    pub origin: Origin,
}

/// What of the facts is made that takes more the larger the cluster is, for every one of its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What the policies allow of an object.
    pub allows: bool,
    /// Whom it is open to.
    pub exposure: bool,
}

impl Wanted {
    /// None of it.
    #[must_use]
    pub fn nothing() -> Self {
        Self { allows: false, exposure: false }
    }

    /// All of it.
    #[must_use]
    pub fn everything() -> Self {
        Self { allows: true, exposure: true }
    }
}

/// The documents of everything in `world`: namespaces, workloads and policies, in this order and each sorted. What is
/// not wanted is not in them.
pub fn documents<'w>(world: &'w World<'_>, wanted: Wanted) -> impl Iterator<Item = Document> + 'w {
    make::all(world, wanted)
}

impl Input {
    fn new(object: Object, sekisho: Known) -> Self {
        let (group, version) = object.api_version.split_once('/').unwrap_or(("", &object.api_version));
        let review = Review {
            kind: ReviewKind {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: object.kind.clone(),
            },
            name: object.metadata.name.clone(),
            namespace: object.metadata.namespace.clone(),
            object: object.clone(),
        };
        Self { facts: VERSION, object, review, parameters: BTreeMap::new(), sekisho }
    }
}
