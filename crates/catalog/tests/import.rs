//! What is imported of policies that a catalog gives is the catalog.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what must hold")]

mod support;

use proptest::prelude::*;
use sekisho_catalog::{Catalog, Imported, Source, builtin, document::Document, import};
use sekisho_core::testing::{cluster as any_cluster, config};
use sekisho_k8s::{Options, Reading, read_text};
use support::{ENVIRONMENTS, catalog_of, cluster, document, example, generated, placeless, reading};

fn imported(readings: &[(&str, Reading)]) -> Imported {
    let sources: Vec<Source<'_>> = readings
        .iter()
        .map(|(name, reading)| Source { environment: Some(name), path: name, reading })
        .collect();
    import(&sources, &[], &Document::default())
}

fn of_example() -> Imported {
    let mut environments = ENVIRONMENTS;
    environments.sort_unstable();
    imported(&environments.map(|name| (name, reading(name))))
}

#[test]
fn the_example_is_its_catalog() {
    let Imported { document: found, diagnostics } = of_example();
    assert_eq!(diagnostics, []);
    assert_eq!(found, example(), "{}", found.to_text());
    // What is written of it is read as what it is, and gives the policies again.
    let again = document(&found.to_text());
    assert_eq!(again, found);
    let catalog = catalog_of(&again);
    for environment in ENVIRONMENTS {
        assert_eq!(generated(&catalog, environment), placeless(cluster(environment).policies.values()));
    }
}

#[test]
fn a_catalog_is_written_as_people_write_it() {
    insta::assert_snapshot!(of_example().document.to_text());
    // What is built in uses more of the language.
    assert_eq!(document(&builtin().to_text()), builtin());
    let text = "version: 1
environments:
  live: {}
standard:
  egress: closed
  exempt: []
services:
  shop:
    namespace: store
    components:
      frontend:
        name: shop-web
        ports: [http, 8081]
        calls: cluster
        egress: open
        exceptions:
          - { from: cluster, reason: 'until it is done: soon', until: 2027-03-31, environments: [live] }
";
    assert_eq!(document(&document(text).to_text()), document(text));
}

/// What is told of manifests, each as `line: message`.
fn told(text: &str) -> (String, Vec<String>) {
    let reading = read_text("shop.yaml", text.as_bytes(), &Options::default());
    assert_eq!(reading.diagnostics, []);
    let source = Source { environment: None, path: ".", reading: &reading };
    let Imported { document: found, diagnostics } = import(&[source], &[], &Document::default());
    assert_eq!(document(&found.to_text()), found);
    let line =
        |one: &sekisho_core::diagnostic::Diagnostic| format!("{}: {}", one.origin.span.line, one.message);
    (found.to_text(), diagnostics.iter().map(line).collect())
}

#[test]
fn what_follows_no_standard_is_told() {
    let (text, told) = told("apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: shop-backend, namespace: shop }
spec:
  podSelector: { matchLabels: { app.kubernetes.io/name: shop-backend, app.kubernetes.io/component: backend, app.kubernetes.io/part-of: shop } }
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: { matchLabels: { app.kubernetes.io/name: shop-bff, app.kubernetes.io/component: bff, app.kubernetes.io/part-of: shop } }
        - podSelector: { matchLabels: { app: legacy } }
        - ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] }
      ports: [{ port: 8080 }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: odd, namespace: shop }
spec:
  podSelector: { matchExpressions: [{ key: app, operator: Exists }] }
  ingress: [{}]
");
    assert_eq!(
        text,
        "version: 1

peers:
  legacy: { namespace: shop, pods: app=legacy }
  range-10-0-0-0-8: { ranges: 10.0.0.0/8 }

services:
  shop:
    components:
      bff: { ports: [] }
      backend: { ports: 8080, callers: [legacy, range-10-0-0-0-8] }
"
    );
    assert_eq!(
        told,
        [
            "0: the catalog gives a policy `shop/baseline`, and there is none",
            "1: the catalog's `shop/shop-backend` lets in `10.0.0.0/8`, and this does not",
            "1: the catalog's `shop/shop-backend` lets in pods `app=legacy` of namespaces \
             `kubernetes.io/metadata.name=shop`, and this does not",
            "10: `shop/shop-backend` lets in pods `app=legacy`, which the catalog does not give",
            "11: `shop/shop-backend` lets in `10.0.0.0/8 except 10.1.0.0/16`, which the catalog does not give",
            "14: nothing in the catalog asks for `shop/odd`",
        ]
    );
}

#[test]
fn a_debug_range_in_production_is_no_part_of_the_standard() {
    let mut production =
        std::fs::read_to_string(support::exchange().join("production/trading/backend.yaml")).unwrap();
    production =
        production.replace("    - from:\n", "    - from:\n        - ipBlock: { cidr: 203.0.113.0/24 }\n");
    let text: String = ["ledger/ledger.yaml", "trading/frontend.yaml", "trading/bff.yaml"]
        .map(|file| std::fs::read_to_string(support::exchange().join("production").join(file)).unwrap())
        .join("---\n");
    let text = format!("{text}---\n{production}");
    let production = read_text("production.yaml", text.as_bytes(), &Options::default());
    let found = imported(&[("development", reading("development")), ("production", production)]);
    let office = found.document.peers.get("office").unwrap();
    assert_eq!(office.environments, Some(["development"].into_iter().collect()));
    let of_office: Vec<&str> = found
        .diagnostics
        .iter()
        .filter(|one| &*one.origin.source == "production.yaml")
        .map(|one| one.message.as_str())
        .collect();
    assert!(
        of_office
            .contains(&"`trading/trading-backend` lets in `203.0.113.0/24`, which the catalog does not give"),
        "{of_office:?}"
    );
    // And the catalog has no debug range in production.
    let (catalog, _) = Catalog::of("", &found.document);
    let texts = catalog.text(Some("production"));
    assert!(!texts.contains("203.0.113.0/24") && texts.contains("35.191.0.0/16"));
}

proptest! {
    #![proptest_config(config(300))]

    /// Whatever policies there are: what is imported of them can be read, and whatever it does not give is told.
    #[test]
    fn any_policies(one in any_cluster(0..1, 0..8), other in any_cluster(0..1, 0..8)) {
        let readings = [one, other].map(|cluster| Reading { cluster, ..Reading::default() });
        let [one, other] = &readings;
        let sources = [("one", one), ("other", other)]
            .map(|(name, reading)| Source { environment: Some(name), path: name, reading });
        let Imported { document: found, diagnostics } = import(&sources, &[], &Document::default());
        prop_assert_eq!(&document(&found.to_text()), &found);
        let (catalog, errors) = Catalog::of("", &found);
        prop_assert_eq!(errors, [], "{}", found.to_text());
        let is_same = sources.iter().all(|source| {
            generated(&catalog, source.environment.unwrap()) == placeless(source.reading.cluster.policies.values())
        });
        // A catalog has no words for what is cluster-wide.
        let is_all = readings.iter().all(|reading| reading.cluster.cluster_policies.is_empty());
        prop_assert_eq!(is_same && is_all, diagnostics.is_empty());
    }
}

#[test]
fn what_a_catalog_gives_is_imported() {
    let text = "version: 1
environments: { live: {}, test: {} }
peers:
  scrapers: { namespace: [prometheus, thanos], role: monitoring }
  partners: { namespaces: team=partners, pods: \"app in (a, b)\" }
  laptops: { ranges: 198.51.100.0/25, role: people, environments: test }
  archive: { ranges: [192.0.2.0/28], ports: [443, TCP/8000-8100] }
services:
  shop:
    namespace: store
    egress: closed
    components:
      frontend: { ports: http }
      bff: { ports: [http, 8081], calls: [bank/microservice, cluster] }
      backend: { name: shop-core, ports: 8080, callers: [backend, partners], egress: open }
      cache: { tier: other, ports: UDP/6379, callers: backend }
      database: { ports: postgres, callers: backend }
  bank:
    components:
      microservice: { ports: 443, calls: [metadata-server, archive], egress: closed }
  platform:
    namespace: kube-system
    components:
      database: { ports: [], egress: closed }
      backend: { ports: 8080, callers: bank/microservice }
  empty: {}
";
    let catalog = catalog_of(&document(text));
    let readings = ["live", "test"].map(|name| {
        let reading = read_text(name, catalog.text(Some(name)).as_bytes(), &Options::default());
        assert_eq!(reading.diagnostics, []);
        (name, reading)
    });
    let Imported { document: found, diagnostics } = imported(&readings);
    assert_eq!(diagnostics, [], "{}", found.to_text());
    let again = catalog_of(&document(&found.to_text()));
    for environment in ["live", "test"] {
        assert_eq!(generated(&again, environment), generated(&catalog, environment));
    }
    insta::assert_snapshot!("imported", found.to_text());
}

const NAMED: &str = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: baseline, namespace: shop }
spec: { podSelector: {}, policyTypes: [Ingress, Egress] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: shop-cache-egress, namespace: shop, labels: { app: cache } }
spec:
  podSelector: { matchLabels: { app: cache } }
  policyTypes: [Egress]
  egress:
    - to: [{ ipBlock: { cidr: 192.0.2.0/28 } }]
      ports: [{ port: https }]
    - to: [{ ipBlock: { cidr: 198.51.100.0/28 } }]
      ports: [{ port: https }, { port: 443 }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: shop-web, namespace: shop, labels: { app: web } }
spec:
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Ingress]
  ingress:
    - from: [{ ipBlock: { cidr: 192.0.2.0/28 } }]
      ports: [{ port: http }]
";

#[test]
fn names_of_ports_are_of_pods_alone() {
    let (text, told) = told(NAMED);
    // Addresses may call a pod on the port that it names; on a name they are never called.
    assert!(
        text.contains("web: { tier: other, labels: { app: web }, ports: http, callers: range-192-0-2-0-28 }"),
        "{text}"
    );
    assert!(text.contains("range-198-51-100-0-28: { ranges: 198.51.100.0/28, ports: 443 }"), "{text}");
    assert!(text.contains("calls: range-198-51-100-0-28"), "{text}");
    let catalog = catalog_of(&document(&text));
    let given = catalog.text(None);
    assert!(!given.contains("https") && given.contains("port: http\n"), "{given}");
    let of_names: Vec<&String> = told.iter().filter(|one| one.contains("https")).collect();
    let told_at = |line| {
        format!(
            "{line}: `shop/shop-cache-egress` lets out to addresses on TCP https, which a catalog cannot say"
        )
    };
    assert_eq!(of_names, [&told_at(14), &told_at(16)], "{told:?}");
}

#[test]
fn cluster_wide_policies_are_told() {
    let cluster_wide = "apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: NAME }
spec:
  tier: Admin
  priority: 1
  subject: { namespaces: {} }
  ingress: [{ action: Accept, from: [{ namespaces: {} }] }]
";
    let read = |name: &str| {
        let reading = read_text(name, cluster_wide.replace("NAME", name).as_bytes(), &Options::default());
        assert_eq!(reading.diagnostics, []);
        reading
    };
    let (among, beside) = (read("among"), read("beside"));
    let source = Source { environment: None, path: ".", reading: &among };
    let told = import(&[source], &[beside], &Document::default()).diagnostics;
    let told: Vec<&str> = told.iter().map(|one| one.message.as_str()).collect();
    let expected = ["among", "beside"].map(|name| {
        format!("`ClusterNetworkPolicy/{name}` is cluster-wide, and a catalog has no words for it")
    });
    assert_eq!(told, expected);
}

#[test]
fn environments_of_the_base_are_kept() {
    let base = document(
        "version: 1
environments: { staging: {}, development: { paths: deploy/dev }, production: {} }
peers:
  office: { ranges: 203.0.113.0/24, role: people, environments: [development, staging] }
  client-vpn: { ranges: 198.51.100.0/24, role: people, environments: [development, staging] }
",
    );
    let readings = ENVIRONMENTS.map(|name| (name, reading(name)));
    let sources: Vec<Source<'_>> = readings
        .iter()
        .map(|(name, reading)| Source { environment: Some(name), path: name, reading })
        .collect();
    let Imported { document: found, diagnostics } = import(&sources, &[], &base);
    assert_eq!(diagnostics, [], "{}", found.to_text());
    let names: Vec<&str> = found.environments.names().collect();
    assert_eq!(names, ["staging", "development", "production"]);
    assert_eq!(found.environments.get("development").unwrap().paths, ["deploy/dev"].into_iter().collect());
    assert_eq!(found.environments.get("production").unwrap().paths, ["production"].into_iter().collect());
    // Of staging nothing was read: whom it lets in nobody has seen.
    let datadog = found.peers.get("datadog").unwrap();
    assert_eq!(datadog.environments, Some(["production", "development"].into_iter().collect()));
    let one = import(&sources[..1], &[], &Document::default());
    assert_eq!(one.document.peers.get("datadog").unwrap().environments, None);
}

#[test]
fn who_is_called_on_other_ports_is_told() {
    let labels = "app.kubernetes.io/name: shop-backend, app.kubernetes.io/component: backend, app.kubernetes.io/part-of: shop";
    let (_, told) = told(&format!(
        "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{ name: shop-backend, namespace: shop, labels: {{ {labels} }} }}
spec:
  podSelector: {{ matchLabels: {{ {labels} }} }}
  policyTypes: [Ingress]
  ingress:
    - from: [{{ ipBlock: {{ cidr: 192.0.2.0/28 }} }}]
      ports: [{{ port: grpc }}]
    - from: [{{ ipBlock: {{ cidr: 198.51.100.0/28 }} }}]
      ports: [{{ port: 9999 }}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{ name: baseline, namespace: shop }}
spec: {{ podSelector: {{}}, policyTypes: [Ingress, Egress], egress: [{{}}] }}
"
    ));
    let expected =
        "10: `shop/shop-backend` lets in `198.51.100.0/28` on TCP 9999, and the catalog on TCP grpc";
    assert_eq!(told, [expected]);
}
