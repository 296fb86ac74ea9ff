//! The nearest miss in words: one rule, one packet that it does not allow, and the sentence.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// The sentence about the only policy, `rule`, which selects `shop/db` and has this one ingress rule.
fn miss(rule: &str, from: &str, port: &str) -> String {
    miss_of("{matchLabels: {app: db}}", &format!("[{rule}]"), from, "shop/db", port)
}

fn miss_of(selector: &str, rules: &str, from: &str, to: &str, port: &str) -> String {
    let pods = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/misses.yaml");
    let mut manifests = fs::read_to_string(pods).unwrap();
    for (name, selector, rules) in [("rule", selector, rules), ("closed", "{}", "[]")] {
        manifests += &format!(
            "\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}\n\
             spec: {{podSelector: {selector}, policyTypes: [Ingress], ingress: {rules}}}\n"
        );
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_sekisho"))
        .args(["explain", "-o", "json", "--from", from, "--to", to, "--port", port, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(manifests.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{rules} must not allow it: {error}");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let policies = answer.pointer("/ingress/policies").and_then(serde_json::Value::as_array).unwrap();
    let policy =
        policies.iter().find(|policy| policy.get("name").is_some_and(|name| name == "rule")).unwrap();
    policy.pointer("/miss/text").and_then(serde_json::Value::as_str).unwrap().to_owned()
}

#[test]
fn ports() {
    let web = "from: [{podSelector: {matchLabels: {app: web}}}]";
    for (ports, port, sentence) in [
        (
            "[{port: 5432}]",
            "9090",
            "`shop/web` matches the podSelector of `rule` but the port is 9090, and the rule allows TCP 5432",
        ),
        (
            "[{port: 80}, {port: 8000, endPort: 8100}, {protocol: UDP}]",
            "443",
            "`shop/web` matches the podSelector of `rule` but the port is 443, and the rule allows TCP 80, TCP 8000-8100 \
             and UDP",
        ),
        (
            "[{port: 53}]",
            "UDP/53",
            "`shop/web` matches the podSelector of `rule` but the protocol is UDP, and the rule allows TCP 53",
        ),
        (
            "[{port: http}]",
            "5432",
            "`shop/web` matches the podSelector of `rule` but the rule allows the port named `http`, and `shop/db` names \
             its ports `pg`",
        ),
        (
            "[{port: dns}]",
            "UDP/53",
            "`shop/web` matches the podSelector of `rule` but the rule allows TCP `dns`, and `shop/db` defines `dns` for \
             UDP",
        ),
        (
            "[{port: pg}]",
            "5433",
            "`shop/web` matches the podSelector of `rule` but the port is 5433, and the port named `pg` of `shop/db` is \
             TCP 5432",
        ),
        (
            "[{port: 5432}]",
            "icmp",
            "`shop/web` matches the podSelector of `rule` but ICMP has no ports, and the rule allows TCP 5432 only",
        ),
    ] {
        assert_eq!(miss(&format!("{{{web}, ports: {ports}}}"), "shop/web", port), sentence);
    }
    assert_eq!(
        miss("{ports: [{port: 5432}]}", "192.0.2.1", "80"),
        "a rule of `rule` is for every peer but the port is 80, and the rule allows TCP 5432"
    );
}

/// Each peer fails alike with a port beside it and without.
fn check_peers(cases: &[(&str, &str, &str)]) {
    for (peer, from, sentence) in cases {
        let rule = format!("{{from: [{{{peer}}}], ports: [{{port: 5432}}]}}");
        assert_eq!(miss(&rule, from, "5432"), format!("a rule of `rule` allows TCP 5432, but {sentence}"));
        let rule = format!("{{from: [{{{peer}}}]}}");
        assert_eq!(miss(&rule, from, "5432"), format!("a rule of `rule` allows every port, but {sentence}"));
    }
}

#[test]
fn peers_by_label() {
    check_peers(&[
        (
            "podSelector: {matchLabels: {app: wbe}}",
            "shop/web",
            "its podSelector does not match `shop/web`: `app=wbe` is wanted and the pod has `app=web`",
        ),
        (
            "podSelector: {matchLabels: {app: web}}",
            "market/web",
            "its podSelector stands without a namespaceSelector and so means pods of `shop`, and `market/web` is in \
             `market` (its labels would match)",
        ),
        (
            "podSelector: {matchLabels: {app: db}}",
            "market/web",
            "its podSelector does not match `market/web`: `app=db` is wanted and the pod has `app=web`",
        ),
        (
            "namespaceSelector: {matchLabels: {team: c}}",
            "market/web",
            "its namespaceSelector does not match the namespace `market`: `team=c` is wanted and the namespace has \
             `team=b`",
        ),
        (
            "namespaceSelector: {matchLabels: {name: market}}, podSelector: {matchLabels: {app: web}}",
            "market/web",
            "its podSelector matches and its namespaceSelector does not match the namespace `market`: `name=market` is \
             wanted and the namespace has no label `name`",
        ),
        (
            "namespaceSelector: {matchLabels: {team: b}}, podSelector: {matchLabels: {app: api}}",
            "market/web",
            "its namespaceSelector matches and its podSelector does not match `market/web`, and both must: `app=api` is \
             wanted and the pod has `app=web`",
        ),
    ]);
}

#[test]
fn peers_by_expression() {
    check_peers(&[
        (
            "podSelector: {matchExpressions: [{key: track, operator: NotIn, values: [stable, beta]}]}",
            "shop/web",
            "its podSelector does not match `shop/web`: `track notin (beta, stable)` is wanted and the pod has \
             `track=stable`",
        ),
        (
            "podSelector: {matchExpressions: [{key: track, operator: DoesNotExist}]}",
            "shop/web",
            "its podSelector does not match `shop/web`: no label `track` is wanted and the pod has `track=stable`",
        ),
        (
            "podSelector: {matchExpressions: [{key: tier, operator: Exists}]}",
            "shop/web",
            "its podSelector does not match `shop/web`: the label `tier` is wanted and the pod has no label `tier`",
        ),
        (
            "podSelector: {matchLabels: {a: a, b: b, c: c}}",
            "shop/web",
            "its podSelector does not match `shop/web`: `a=a`, `b=b` and `c=c` are wanted",
        ),
    ]);
}

#[test]
fn peers_by_address() {
    check_peers(&[
        (
            "ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}",
            "10.1.2.3",
            "`10.1.2.3` is in the exception `10.1.0.0/16` of its ipBlock `10.0.0.0/8`",
        ),
        ("ipBlock: {cidr: 10.0.0.0/8}", "192.0.2.1", "`192.0.2.1` is not in its ipBlock `10.0.0.0/8`"),
        (
            "ipBlock: {cidr: 10.0.0.0/8}",
            "shop/web",
            "no manifest tells the address of `shop/web`, so it is not known to be in its ipBlock `10.0.0.0/8`",
        ),
        ("podSelector: {}", "192.0.2.1", "its selector means pods, and no pod has the address `192.0.2.1`"),
        (
            "podSelector: {}",
            "shop/exporter",
            "its selector means pods, and no pod has the address `10.9.0.1`",
        ),
    ]);
}

#[test]
fn the_nearest_of_several_is_told() {
    // A letter wrong is nearer than another app, and the right peer on another port than either.
    let apps =
        "{from: [{podSelector: {matchLabels: {app: other}}}, {podSelector: {matchLabels: {app: webb}}}]}";
    assert!(miss(apps, "shop/web", "80").contains("`app=webb` is wanted"));
    let with_port = format!("{apps}, {{from: [{{ipBlock: {{cidr: 0.0.0.0/0}}}}], ports: [{{port: 81}}]}}");
    assert!(miss(&with_port, "192.0.2.1", "80").contains("the port is 80, and the rule allows TCP 81"));
    let both = "{from: [{podSelector: {matchLabels: {app: other}}}], ports: [{port: 81}]}";
    assert_eq!(
        miss(both, "shop/web", "80"),
        "the nearest rule is one of `rule`, but its podSelector does not match `shop/web`: `app=other` is wanted and the \
         pod has `app=web`; and the port is 80, and the rule allows TCP 81"
    );
}

#[test]
fn policies_without_rules_and_without_the_pod() {
    let nothing = miss_of("{}", "[]", "shop/web", "shop/db", "80");
    assert_eq!(nothing, "`rule` has no ingress rule, so it allows nothing");
    let rules = "[{from: [{podSelector: {}}]}]";
    let other = miss_of("{matchLabels: {app: quite}}", rules, "shop/web", "shop/quiet", "80");
    assert_eq!(
        other,
        "`rule` would allow it but does not select `shop/quiet`: `app=quite` is wanted and the pod has `app=quiet`"
    );
}
