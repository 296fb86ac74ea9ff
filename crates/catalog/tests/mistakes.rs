//! What is wrong with a catalog is told at its place, all of it in one run.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what must hold")]

use sekisho_catalog::{Catalog, document::Document, read};

/// The findings in `text`, each as `line:column code: message`.
fn found(text: &str) -> Vec<String> {
    let read = read::<sekisho_catalog::document::Ignored>("sekisho.yaml", text.as_bytes());
    let mut found = read.diagnostics;
    if let Some(document) = &read.document {
        found.extend(Catalog::of("sekisho.yaml", document).1);
    }
    let told = found.iter().map(|one| {
        let span = one.origin.span;
        // The place in the text is the one that line and column say.
        let (before, _) = text.split_at(span.start);
        let line = before.matches('\n').count() + 1;
        assert_eq!(line, span.line as usize, "{}", one.message);
        let help = one.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}:{} {}: {}{help}", span.line, span.column, one.code, one.message)
    });
    told.collect()
}

#[test]
fn names_that_are_not_known() {
    let told = found(
        "version: 1
environments:
  production: {}
peers:
  office: { ranges: [203.0.113.0/24, 203.0.113/24], environments: [prodution] }
  people: { namespace: a, role: nat }
standard:
  dns: kube-dn
  tiers:
    edge: { callers: [google-load-balancer] }
services:
  shop:
    components:
      frontnd: { ports: http }
      worker: {}
      api: { tier: backend, ports: [grcp/1, 80], callers: [shp/api, offce] }
",
    );
    let expected = [
        "5:38 invalid-range: `203.0.113/24` is no address block (write `203.0.113.0/24`)",
        "5:68 unknown-name: no environment is called `prodution` (did you mean `production`?)",
        "6:3 invalid-name: `people` is a role, and this peer has another (call it otherwise, or write `role: people`)",
        "8:8 unknown-name: no peer is called `kube-dn` (did you mean `kube-dns`?)",
        "10:23 unknown-name: no peer, role or tier is called `google-load-balancer` (did you mean `google-load-balancers`?)",
        "14:7 unknown-name: no tier is called `frontnd` (did you mean `frontend`?)",
        "15:7 missing-field: no tier is called `worker`, so it is to say its own (write `tier:` with one of frontend, bff, backend, microservice, database, other, edge)",
        "16:37 invalid-port: `grcp/1` is no port: write `http`, `8080`, `UDP/53` or `TCP/8000-8100`; ports are 1 to 65535",
        "16:60 unknown-name: no component is called `shp/api` (did you mean `shop/api`?)",
        "16:69 unknown-name: no peer, role or component of this service is called `offce` (did you mean `office`?)",
    ];
    assert_eq!(told, expected);
}

#[test]
fn peers_who_are_nobody_or_too_many() {
    let told = found(
        "version: 1
peers:
  nobody: { namespace: [] }
  machine: { ranges: [10.1.2.3/16, 10.0.0.0/8, 10.9.8.7] }
",
    );
    let expected = [
        "3:3 missing-field: `nobody` names no namespace (for all of them write `namespaces: {}`)",
        "4:23 host-bits: `10.1.2.3/16` has host bits set (write `10.1.0.0/16` for all of it, or `10.1.2.3` for the one address)",
    ];
    assert_eq!(told, expected);
}

#[test]
fn exceptions_have_a_reason_and_an_end() {
    let told = found(
        "version: 1
peers:
  ci: { ranges: 192.0.2.0/28, role: nat }
services:
  shop:
    components:
      frontend:
        ports: http
        exceptions:
          - { from: ci, until: 2027-02-29 }
          - { from: ci, to: ci, reason: both, until: 2027-01-01 }
          - { reason: neither, until: 2027-01-01 }
          - { from: ci, reason: ' ' }
      backend: {}
      microservice: { ports: [], callers: frontend }
",
    );
    let expected = [
        "10:13 missing-field: an exception has no reason (write `reason:`, so that somebody else can tell when it is over)",
        "10:32 invalid-day: `2027-02-29` is not a day such as `2027-03-31`",
        "11:29 conflict: an exception has `from` and `to` (make two of it)",
        "12:13 missing-field: an exception has neither `from` nor `to` (write `from:` with who may call it, or `to:` with whom it may call)",
        "13:13 missing-field: an exception has no end (write `until: 2027-03-31`, the last day on which it holds)",
        "13:33 missing-field: an exception has no reason (write `reason:`, so that somebody else can tell when it is over)",
        "14:7 missing-field: `ports` is missing (write `ports: http`, or `ports: []` where nobody calls it)",
        "15:43 missing-field: `shop/microservice` is called, and has no ports (write `ports:` at it)",
    ];
    assert_eq!(told, expected);
}

#[test]
fn two_that_nobody_could_tell_apart() {
    let told = found(
        "version: 1
services:
  shop:
    components:
      backend: { ports: 1 }
      api: { tier: backend, ports: 1, name: shop-backend }
      copy: { tier: backend, ports: 1, labels: { a: b } }
      more: { tier: backend, ports: 1, labels: { a: b } }
      rest: { tier: backend, ports: 1, name: baseline }
      none: { tier: other, labels: {} }
",
    );
    let expected = [
        "6:7 duplicate-name: there are two policies `shop/shop-backend`",
        "8:7 duplicate-name: the pods of `shop/more` have the labels of another component's",
        "9:7 duplicate-name: the policy `shop/baseline` is the baseline's (write another `name`)",
        "10:36 invalid-label: `labels` has none (a policy without labels would select every pod of the namespace)",
    ];
    assert_eq!(told, expected);
}

#[test]
fn fields_and_values_that_nobody_knows() {
    for (text, expected) in [
        ("version: 2", "1:10 invalid-value: version 2 is not known to this program (write `version: 1`)"),
        ("services: {}", "1:1 missing-field: `version` is missing (write `version: 1` at the top)"),
        (
            "version: 1\npeers:\n  office:\n    range: 203.0.113.0/24",
            "4:5 unknown-field: there is no field `range` here (did you mean `ranges`?)",
        ),
        (
            "version: 1\npeers:\n  office: { role: persons }",
            "3:19 invalid-value: `persons` is none of the values that this may have (write one of \
             `load-balancers`, `dns`, `monitoring`, `metadata`, `people`, `nat`)",
        ),
        ("version: 1\nservices:\n  a: {}\n  a: {}", "4:3 duplicate-key: `a` stands here twice"),
        (
            "version: 1\npeers: { office: { comment: me } }",
            "2:10 missing-field: nobody knows who `office` is (write `ranges`, `namespace`, `namespaces` or `pods`)",
        ),
    ] {
        assert_eq!(found(text), [expected], "{text}");
    }
    // What the YAML parser says is its own affair; that it has a place is ours.
    let told = found("version: 1\nservices: [");
    assert!(told.len() == 1 && told[0].contains("syntax: "), "{told:?}");
    assert!(read::<Document>("x", b"\xff").document.is_none());
}

#[test]
fn what_check_says_is_no_affair_of_ours() {
    assert!(found("version: 1\ncheck: { rules: { any: [1, {}] }, other: x }").is_empty());
    let read = read::<std::collections::BTreeMap<String, u8>>("x", b"version: 1\ncheck: { a: 1 }");
    assert_eq!(read.document.unwrap().check.unwrap()["a"], 1);
}
