//! What is generated of the example's catalog are the example's policies.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what must hold")]

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

#[test]
fn what_is_closed_in_a_namespace_of_the_platform_is_closed_by_itself() {
    let text = "version: 1
peers: { upstream: { ranges: 192.0.2.53, ports: UDP/53 } }
services:
  dns-cache:
    namespace: kube-system
    egress: closed
    components:
      microservice: { ports: UDP/53, callers: cluster, calls: upstream }
      database: { ports: [] }
      other: { egress: open }
";
    // There is no baseline to close: each closed component has a policy, also the one that calls nobody.
    let egress = manifests(text, None);
    let wanted = "# Whom dns-cache/database may call.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: dns-cache-db-egress
  namespace: kube-system
  labels:
    app.kubernetes.io/name: dns-cache-db
    app.kubernetes.io/component: database
    app.kubernetes.io/part-of: dns-cache
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: dns-cache-db
      app.kubernetes.io/component: database
      app.kubernetes.io/part-of: dns-cache
  policyTypes:
    - Egress
";
    assert!(egress.contains(wanted), "{egress}");
    assert!(egress.contains("name: dns-cache-egress\n") && !egress.contains("other"), "{egress}");
    assert_eq!(catalog_of(&document(text)).policies(None).len(), 3);
}
