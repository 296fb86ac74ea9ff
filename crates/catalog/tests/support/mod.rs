//! The example, and how its policies are compared.

#![allow(dead_code, reason = "no test needs all of it")]

use sekisho_catalog::{
    Catalog,
    document::{Document, Ignored},
    read,
};
use sekisho_core::object::{Cluster, NetworkPolicy, ObjectKey, Origin, Rule};
use sekisho_k8s::{Options, Reading, read_paths};
use std::{collections::BTreeMap, fs, path::PathBuf};

/// The environments of the example.
pub(crate) const ENVIRONMENTS: [&str; 2] = ["production", "development"];

/// The folder of the example.
pub(crate) fn exchange() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/exchange")
}

/// The catalog that `text` is, which has no mistakes.
pub(crate) fn document(text: &str) -> Document {
    let read = read::<Ignored>("sekisho.yaml", text.as_bytes());
    assert_eq!(read.diagnostics, [], "{text}");
    read.document.unwrap()
}

/// The catalog that `document` is, which has no mistakes.
pub(crate) fn catalog_of(document: &Document) -> Catalog {
    let (catalog, found) = Catalog::of("sekisho.yaml", document);
    assert_eq!(found, []);
    catalog
}

/// The catalog of the example, as it is written.
pub(crate) fn example() -> Document {
    document(&fs::read_to_string(exchange().join("sekisho.yaml")).unwrap())
}

/// The manifests of an environment of the example.
pub(crate) fn reading(environment: &str) -> Reading {
    let reading = read_paths(&[exchange().join(environment)], &Options::default()).unwrap();
    assert_eq!(reading.diagnostics, []);
    reading
}

/// The objects of an environment of the example.
pub(crate) fn cluster(environment: &str) -> Cluster {
    reading(environment).cluster
}

/// Policies without the places of their parts, by key.
pub(crate) fn placeless<'p>(
    policies: impl IntoIterator<Item = &'p NetworkPolicy>,
) -> BTreeMap<ObjectKey, NetworkPolicy> {
    let rules = |rules: &[Rule]| {
        let mut rules = rules.to_vec();
        for rule in &mut rules {
            rule.origin = Origin::default();
            rule.peers.iter_mut().for_each(|peer| peer.origin = Origin::default());
            rule.ports.iter_mut().for_each(|port| port.origin = Origin::default());
        }
        rules
    };
    let one = |policy: &NetworkPolicy| NetworkPolicy {
        ingress: rules(&policy.ingress),
        egress: rules(&policy.egress),
        origin: Origin::default(),
        ..policy.clone()
    };
    policies.into_iter().map(|policy| (policy.key.clone(), one(policy))).collect()
}

/// The policies that `catalog` gives for `environment`.
pub(crate) fn generated(catalog: &Catalog, environment: &str) -> BTreeMap<ObjectKey, NetworkPolicy> {
    let written = catalog.policies(Some(environment));
    placeless(written.iter().map(|one| &one.policy))
}
