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

#[test]
fn what_addresses_are_called_on_has_numbers() {
    let told = found(
        "version: 1
peers:
  archive: { ranges: 192.0.2.0/28, ports: [443, https, UDP/syslog] }
  scrapers: { namespace: prometheus, ports: web }
",
    );
    let help = "addresses are called on numbers: write `443`, or `UDP/53`";
    let expected = [
        format!("3:49 invalid-port: `https` is the name of a port, and only pods name their ports ({help})"),
        format!("3:56 invalid-port: `syslog` is the name of a port, and only pods name their ports ({help})"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn labels_and_egress_that_cannot_be_as_they_are_written() {
    let told = found(
        "version: 1
standard: { labels: { name: app, component: role, part-of: app } }
services:
  platform: { namespace: kube-system, egress: closed }
  cache: { namespace: kube-system, egress: closed, components: { database: { ports: [] } } }
",
    );
    let expected = [
        "2:60 duplicate-name: `app` is the key of two labels (a pod has one value of each key: `name`, `component` and \
         `part-of` are three)",
        "4:3 conflict: `egress: closed` closes nothing in `kube-system`, which is exempt (an exempt namespace has no \
         baseline: name the components whose egress is to be closed)",
    ];
    assert_eq!(told, expected);
}

#[test]
fn ports_are_written_in_plain_digits() {
    let told = |port: &str| {
        found(&format!(
            "version: 1\nservices: {{ a: {{ components: {{ backend: {{ ports: {port} }} }} }} }}\n"
        ))
    };
    // Without quotes it is YAML that says which number it is.
    for port in ["80", "+80", "0x50", "[80, http]"] {
        assert!(told(port).is_empty(), "{port}");
    }
    let unclear = "is no port: write `http`, `8080`, `UDP/53` or `TCP/8000-8100`; ports are 1 to 65535";
    let other = "is not a port such as `http`, `8080` or `UDP/53`";
    for (port, expected) in [
        ("'+80'", format!("2:50 invalid-port: `+80` {unclear}")),
        ("TCP/080", format!("2:50 invalid-port: `TCP/080` {unclear}")),
        ("'080'", format!("2:50 invalid-port: `080` {unclear}")),
        ("080", format!("2:50 syntax: `080` {other}, or a list of such")),
        ("[80, 80.0]", format!("2:55 syntax: `80.0` {other}")),
        ("true", format!("2:50 syntax: `true` {other}, or a list of such")),
    ] {
        assert_eq!(told(port), [expected], "{port}");
    }
}

#[test]
fn a_file_that_says_nothing_or_too_much() {
    let empty = "missing-field: there is nothing in this file (write `version: 1`, and below it `services:` with their \
                 components)";
    for (text, line) in [("", "1:1"), ("# later\n", "2:1"), ("---\n", "1:4"), ("~\n", "1:1")] {
        assert_eq!(found(text), [format!("{line} {empty}")], "{text:?}");
    }
    let mapping = "1:1 syntax: names with values are wanted here, such as `ports: http`";
    assert_eq!((found("[]"), found("text")), (vec![mapping.to_owned()], vec![mapping.to_owned()]));
    let second = "3:1 syntax: a second document begins here (a catalog is one document: write what stands behind this \
                  line into the first, or into another file)";
    assert_eq!(found("version: 1\n---\nversion: 1\n"), [second]);
    let null = "2:24 syntax: a text is wanted here, and there is nothing (for an empty one write `\"\"`)";
    assert_eq!(found("version: 1\npeers: { a: { pods: { b: } } }\n"), [null]);
}

#[test]
fn nothing_behind_a_key_is_nothing() {
    for text in [
        "version: 1\nenvironments:\npeers:\nstandard:\nservices:\n",
        "version: 1\nenvironments:\n  production:\n",
        "version: 1\nenvironments:\n  production: { paths: }\n",
        "version: 1\nstandard: { labels: , baseline: , egress: , dns: , exempt: , tiers: }\n",
        "version: 1\nstandard:\n  tiers:\n    other:\n",
        "version: 1\nservices:\n  shop:\n",
        "version: 1\nservices:\n  shop:\n    components:\n      other:\n",
        "version: 1\nservices: { shop: { components: { backend: { ports: [], callers: , calls: , exceptions: } } } }\n",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
    // What must be there is still missed.
    let peer =
        "3:3 missing-field: nobody knows who `a` is (write `ranges`, `namespace`, `namespaces` or `pods`)";
    assert_eq!(found("version: 1\npeers:\n  a:\n"), [peer]);
}
