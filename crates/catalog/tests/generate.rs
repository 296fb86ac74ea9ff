//! What is generated of the example's catalog are the example's policies.

mod support;

use sekisho_core::{object::Change, testing::compared};
use sekisho_k8s::emit;
use support::{ENVIRONMENTS, catalog_of, cluster, document, example, generated, placeless};

#[test]
fn the_example_is_reproduced() {
    let catalog = catalog_of(&example());
    for environment in ENVIRONMENTS {
        let written = cluster(environment);
        let given = generated(&catalog, environment);
        assert_eq!(given.keys().collect::<Vec<_>>(), written.policies.keys().collect::<Vec<_>>());
        for (key, policy) in &placeless(written.policies.values()) {
            assert_eq!(&given[key], policy, "{environment}: {key}");
        }
        // And so no connection is decided otherwise.
        let mut changed = written.clone();
        given.into_values().for_each(|policy| changed.apply(Change::PutPolicy(policy)));
        let difference = compared(&written, &changed);
        assert!(difference.is_empty(), "{environment}: {difference:?}");
    }
}

/// The manifests of all policies of `text`, without those of baselines.
fn manifests(text: &str, environment: Option<&str>) -> String {
    let catalog = catalog_of(&document(text));
    let written = catalog.policies(environment);
    let policies = written.iter().filter(|one| &*one.policy.key.name != "baseline");
    let texts = policies.map(|one| emit::policy(&one.policy, &one.remarks).to_document());
    texts.collect::<Vec<_>>().join("---\n")
}

const SHOP: &str = "version: 1
environments: { live: {}, test: {} }
peers:
  ci: { ranges: 192.0.2.0/28, role: nat, comment: the deployment tool }
  laptops: { ranges: [198.51.100.0/25, 203.0.113.8], role: people, environments: test }
services:
  shop:
    egress: closed
    components:
      frontend:
        ports: http
        exceptions:
          - { from: ci, reason: probes it until OPS-7 is done, until: 2027-03-31 }
          - { from: laptops, reason: looked into, until: 2027-03-31 }
      backend: { ports: [8080, TCP/9000-9010], callers: backend, egress: open }
      microservice: { ports: grpc, calls: [bank/microservice, metadata-server] }
  bank:
    namespace: money
    components:
      microservice: { ports: 443 }
      database: { ports: postgres }
";

#[test]
fn one_graph_makes_both_sides() {
    insta::assert_snapshot!("live", manifests(SHOP, Some("live")));
    insta::assert_snapshot!("test", manifests(SHOP, Some("test")));
}

#[test]
fn nobody_is_never_everybody() {
    // Whom a component lets in is in the other environment: there it has no rule, not one without peers.
    let text = "version: 1
environments: { live: {}, test: {} }
peers:
  laptops: { ranges: 198.51.100.0/25, role: people, environments: test }
services:
  shop: { components: { microservice: { ports: 1 }, database: { ports: 2 } } }
";
    assert_eq!(manifests(text, Some("live")), "");
    assert!(manifests(text, Some("test")).contains("cidr: 198.51.100.0/25 # laptops"));
}
