//! What people are told of policies: what a change of them has closed, and what passes only by an exception.

use crate::{
    cluster,
    process::{Hub, until},
    server::Server,
    started,
    support::{assert_refused, run},
    taker::takes_everything,
};
use serde_json::Value;
use std::{collections::BTreeMap, fs, sync::mpsc::Receiver, time::Duration};

const CATALOG: &str = "
version: 1
environments: { production: {} }
peers:
  ci-nat: { ranges: 203.0.113.0/24, comment: where the deployment tool leaves }
services:
  shop:
    components:
      backend:
        ports: 8080
        exceptions:
          - { from: ci-nat, reason: a migration, until: 2099-03-31 }
";
const PODS: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n\
    apiVersion: v1\nkind: Namespace\nmetadata: {name: jobs}\n---\n\
    apiVersion: v1\nkind: Pod\nmetadata: {name: cron, namespace: jobs}\n\
    spec: {nodeName: node-0, containers: [{name: c, image: none}]}\n\
    status: {phase: Running, podIP: 10.1.0.1, podIPs: [{ip: 10.1.0.1}]}\n---\n\
    apiVersion: v1\nkind: Pod\nmetadata: {name: backend, namespace: shop, labels: {app.kubernetes.io/name: shop-backend, \
    app.kubernetes.io/component: backend, app.kubernetes.io/part-of: shop}}\n\
    spec: {nodeName: node-1, containers: [{name: c, image: none}]}\n\
    status: {phase: Running, podIP: 10.1.0.2, podIPs: [{ip: 10.1.0.2}]}\n";

/// A policy of the backend's pods, with an annotation and what it lets in.
fn policy(name: &str, annotation: &str, from: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
         metadata: {{name: {name}, namespace: shop, annotations: {{{annotation}}}, labels: {{app.kubernetes.io/name: shop-backend, \
         app.kubernetes.io/component: backend, app.kubernetes.io/part-of: shop}}}}\n\
         spec:\n  podSelector: {{matchLabels: {{app.kubernetes.io/name: shop-backend, app.kubernetes.io/component: backend, \
         app.kubernetes.io/part-of: shop}}}}\n  policyTypes: [Ingress]\n  ingress: [{from}]\n"
    )
}

const NAT: &str = "{from: [{ipBlock: {cidr: 203.0.113.0/24}}], ports: [{port: 8080}]}";
const JOBS: &str = "{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: jobs}}}]}";

/// What a webhook is told.
struct Hook(Receiver<Value>);

impl Hook {
    /// The next alerts, so many of them: `firing SekishoNewDenial from -> to`, each with its labels.
    fn told(&self, many: usize) -> BTreeMap<String, Value> {
        let mut told = BTreeMap::new();
        while told.len() < many {
            let body = self.0.recv_timeout(Duration::from_secs(60)).unwrap();
            for alert in body["alerts"].as_array().unwrap() {
                let of = |name: &str| alert["labels"][name].as_str().unwrap().to_owned();
                let status = alert["status"].as_str().unwrap();
                let name = format!("{status} {} {} -> {}", of("alertname"), of("from"), of("to"));
                told.insert(name, alert["labels"].clone());
            }
        }
        assert_eq!(told.len(), many, "{told:?}");
        told
    }

    /// The labels of the next alert, which is this one.
    fn tells(&self, name: &str) -> Value {
        let mut told = self.told(1);
        told.remove(name).unwrap_or_else(|| panic!("{name}: {told:?}"))
    }
}

/// A hub that tells a webhook, at a cluster where two ends call the backend.
fn watched() -> Option<(Server, Vec<crate::Agent>, Hub, Hook)> {
    let (mut server, mut agents, port) = cluster()?;
    server.apply_text(PODS);
    let policies = [policy("shop-backend", "", NAT), policy("legacy", "", JOBS)];
    server.apply_text(&policies.join("---\n"));
    let folder = server.folder().to_owned();
    let catalog = folder.join("sekisho.yaml");
    fs::write(&catalog, CATALOG).unwrap();
    let history = folder.join("flows.db");
    let (hook, hooked) = takes_everything();
    let how = ["--history", history.to_str().unwrap(), "--alert-webhook", &hook, "--exceptions-every", "1"];
    let standard = ["--catalog", catalog.to_str().unwrap(), "--environment", "production"];
    let hub = Hub::start_with(&server, &[], port, &[&how[..], &standard[..]].concat());
    started(&server, &hub, &mut agents);
    hub.wait_for("policies are known");
    Some((server, agents, hub, Hook(hooked)))
}

const BOTH: [&str; 2] = ["jobs/cron", "shop/backend"];

#[test]
fn what_a_change_closes_is_told_before_it_is_tried() {
    let Some((mut server, agents, hub, hook)) = watched() else { return };
    agents[0].saw(BOTH, 8080, 5, "allowed");
    agents[1].saw(["203.0.113.7", "shop/backend"], 8080, 2, "allowed");
    let leans = hook.tells("firing SekishoOnlyByException internet -> shop/backend");
    assert_eq!((&leans["component"], &leans["until"]), (&"shop/shop-backend".into(), &"2099-03-31".into()));

    // What is only tried closes nothing, though it would leave the backend to nobody else.
    server.apply_text(&policy("tried", "sekisho.dev/mode: audit", ""));
    server.delete_text(&policy("legacy", "", JOBS));
    let closed = hook.tells("firing SekishoWouldBreak jobs/cron -> shop/backend");
    assert_eq!((&closed["policies"], &closed["port"]), (&"shop/legacy".into(), &"TCP/8080".into()));
    until("both are open", || hub.metric("sekisho_hub_alerts") == 2.0);

    // Somebody tries it.
    agents[0].saw(BOTH, 8080, 1, "denied");
    let tried = hook.told(2);
    assert!(tried.contains_key("resolved SekishoWouldBreak jobs/cron -> shop/backend"), "{tried:?}");
    let denied = &tried["firing SekishoPredictedDenial jobs/cron -> shop/backend"];
    assert_eq!(denied["policies"], "shop/legacy");

    // Another change lets it pass again.
    server.apply_text(&policy("legacy", "", JOBS));
    hook.tells("resolved SekishoPredictedDenial jobs/cron -> shop/backend");

    // Without the exception's entry nothing leans on it, and what did is closed.
    server.apply_text(&policy("shop-backend", "", ""));
    let over = hook.told(2);
    assert!(over.contains_key("resolved SekishoOnlyByException internet -> shop/backend"), "{over:?}");
    let closed = &over["firing SekishoWouldBreak internet -> shop/backend"];
    assert_eq!(closed["policies"], "shop/shop-backend");
    until("looks are counted", || hub.metric("sekisho_hub_policy_looks_total") > 4.0);
    assert_eq!(hub.metric("sekisho_hub_policy_look_failures_total"), 0.0);
    assert!(hub.asks("/readyz").contains("200 OK"));
}

#[test]
fn a_standard_that_nobody_is_told_of_is_refused() {
    let serve = ["serve", "hub", "--history", "none.db", "--secret", "a/b", "--agent-secret", "a/c"];
    let refused = |more: &[&str], why: &str| assert_refused(&run(&[&serve[..], more].concat()), &[why]);
    refused(&["--catalog", "examples/exchange/sekisho.yaml"], "`--catalog` is for alerts");
    let told = ["--alert-webhook", "http://127.0.0.1:1", "--catalog"];
    refused(&[&told[..], &["no-such-file"]].concat(), "cannot read `no-such-file`");
    let other = [&told[..], &["examples/exchange/sekisho.yaml", "--environment", "staging"]].concat();
    refused(&other, "staging");
}
