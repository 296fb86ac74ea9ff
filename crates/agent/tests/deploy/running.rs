//! The agent as the manifests start it: with their rights in the cluster and on the node, and no other.

use crate::{
    chart::{CHART, manifests},
    documented::documented,
    node::{Agent, NODE, Node},
    support::{
        helm::{documents, helm, of_kind},
        root, until,
    },
    watched,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path, process::Command};

#[test]
fn on_a_node() {
    let Some(mut node) = Node::start() else { return };
    node.server.apply_text(&format!(
        "apiVersion: v1\nkind: Node\nmetadata: {{name: {NODE}}}\nspec: {{podCIDR: 10.8.1.0/24, podCIDRs: [10.8.1.0/24]}}\n"
    ));
    node.server.apply(&root().join("examples/exchange/production"));
    let agent = without_rights_it_waits(&mut node);
    with_those_of_the_manifests_it_is_ready(&mut node);
    it_may_do_nothing_else(&node);
    what_is_measured_is_what_is_documented_and_shown(&mut node);
    a_pod_like_that_is_admitted(&mut node);
    it_goes_as_the_documentation_says(&node, agent);
    helm_takes_it_through_its_life(&mut node);
}

fn without_rights_it_waits(node: &mut Node) -> Agent {
    let all = documents(&manifests());
    node.server.apply_text(&of_kind(&all, "ServiceAccount").to_string());
    node.give_token();
    let agent = node.start_agent(None);
    until("the agent lives", || node.succeeds("livenessProbe"));
    until("it has been refused", || node.metrics().contains("sekisho_agent_api_troubles_total"));
    assert!(!node.succeeds("readinessProbe"));
    assert!(node.get("/readyz").unwrap().contains("NetworkPolicy"), "it says what it waits for");
    agent
}

fn with_those_of_the_manifests_it_is_ready(node: &mut Node) {
    node.server.apply(&root().join("deploy/manifests"));
    until("the agent is ready", || node.succeeds("readinessProbe"));
    assert!(node.is_programmed());
    // As `kubectl exec` does it.
    let socket = node.container()["env"][1]["value"].as_str().unwrap();
    assert_eq!(node.container()["env"][1]["name"], "SEKISHO_SOCKET");
    let variable = format!("SEKISHO_SOCKET={socket}");
    let status = node.out(&["env", &variable, env!("CARGO_BIN_EXE_sekisho-agent"), "status"]);
    assert!(status.contains("10.8.1.0/24"), "{status}");
}

/// What the API server says that a service account may do to which resources.
fn rights(node: &Node, account: &str) -> BTreeSet<String> {
    let asked = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": "kube-system"}
    });
    let user = format!("--as=system:serviceaccount:kube-system:{account}");
    let groups = ["--as-group=system:serviceaccounts", "--as-group=system:authenticated"];
    let told = node.kubectl(
        &[&user, groups[0], groups[1], "create", "--validate=false", "-o=json", "-f=-"],
        &asked.to_string(),
    );
    let told: Value = serde_json::from_str(&told).unwrap();
    let list = |rule: &Value, field: &str| -> Vec<String> {
        rule[field].as_array().unwrap().iter().map(|found| found.as_str().unwrap().to_owned()).collect()
    };
    let mut rights = BTreeSet::new();
    for rule in told["status"]["resourceRules"].as_array().unwrap() {
        assert!(rule["resourceNames"].is_null(), "{rule}");
        for group in list(rule, "apiGroups") {
            for resource in list(rule, "resources") {
                rights
                    .extend(list(rule, "verbs").into_iter().map(|verb| format!("{verb} {resource}.{group}")));
            }
        }
    }
    rights
}

/// Besides what every service account may.
fn it_may_do_nothing_else(node: &Node) {
    let policies = ["adminnetworkpolicies", "baselineadminnetworkpolicies", "clusternetworkpolicies"];
    let watched = ["namespaces.", "nodes.", "pods.", "networkpolicies.networking.k8s.io"].map(str::to_owned);
    let watched = watched.into_iter().chain(policies.map(|name| format!("{name}.policy.networking.k8s.io")));
    let wanted = watched.flat_map(|kind| [format!("list {kind}"), format!("watch {kind}")]);
    let events = ["create events.events.k8s.io", "patch events.events.k8s.io"].map(str::to_owned);
    let own = &rights(node, "sekisho-agent") - &rights(node, "default");
    assert_eq!(own, wanted.chain(events).collect());
}

fn what_is_measured_is_what_is_documented_and_shown(node: &mut Node) {
    node.server.apply_text(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: another, namespace: default}\n\
         spec: {podSelector: {}}\n",
    );
    until("a change was counted", || node.metrics().contains("sekisho_agent_transactions_total"));
    let served = node.metrics();
    for shown in watched::metrics() {
        assert!(served.contains(&shown), "the agent does not serve `{shown}`");
    }
    // A histogram is documented under its name.
    let parts = ["_bucket", "_count", "_sum"];
    let name = |metric: &String| {
        let base = parts.iter().find_map(|part| metric.strip_suffix(part));
        base.unwrap_or(metric).to_owned()
    };
    assert_eq!(documented("Metrics"), served.iter().map(name).collect());
}

fn a_pod_like_that_is_admitted(node: &mut Node) {
    let mut pod = node.template.clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = "sekisho-agent-x".into();
    pod["metadata"]["namespace"] = "kube-system".into();
    node.server.apply_text(&pod.to_string());
    let made = node.kubectl(&["get", "pod", "sekisho-agent-x", "--namespace=kube-system", "-o=json"], "");
    let made: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(made["spec"]["priority"], 2_000_001_000, "that of system-node-critical");
}

fn it_goes_as_the_documentation_says(node: &Node, mut agent: Agent) {
    let second = node.start_agent(None).0.wait().unwrap();
    assert_eq!(second.code(), Some(2), "there is one already");
    let told = Command::new("kill").args(["-TERM", &agent.0.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert!(agent.0.wait().unwrap().success());
    assert!(node.is_programmed(), "rules outlive the agent");
    let gone = node.start_agent(Some(&["remove", "--stay"]));
    until("the rules are gone", || !node.is_programmed());
    assert_eq!(
        node.start_agent(None).0.wait().unwrap().code(),
        Some(2),
        "no agent starts where one is removed"
    );
    drop(gone);
    assert!(node.start_agent(Some(&["remove"])).0.wait().unwrap().success(), "it may be done again");
}

const OPERATOR: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: PLURAL.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  scope: Namespaced
  names: {plural: PLURAL, kind: KIND}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
";

const EVERYTHING: &str = "
image: {repository: registry.example/agent, tag: v9, pullPolicy: Always}
imagePullSecrets: [{name: registry}]
startup: open
audit: true
podCidrs: [10.8.0.0/16]
http: {host: '::', port: 19419}
apiServer: {host: api.example, port: 6443}
cni: {install: true}
affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}}
tolerations: [{key: dedicated, operator: Equal, value: infra, effect: NoExecute}]
updateStrategy: {maxUnavailable: 3}
podAnnotations: {a.example/b: c}
podLabels: {team: platform}
serviceAccount: {name: other, annotations: {a.example/b: c}}
podMonitor: {enabled: true, labels: {release: prometheus}}
prometheusRule: {enabled: true, labels: {release: prometheus}}
dashboard: {enabled: true}
";

fn helm_takes_it_through_its_life(node: &mut Node) {
    let Some(program) = helm() else { return };
    for (plural, kind) in [("podmonitors", "PodMonitor"), ("prometheusrules", "PrometheusRule")] {
        node.server.apply_text(&OPERATOR.replace("PLURAL", plural).replace("KIND", kind));
    }
    let values = node.server.folder().join("values.yaml");
    fs::write(&values, EVERYTHING).unwrap();
    let config = node.server.config();
    let chart = root().join(CHART);
    let chart = path(&chart);
    let helm = |words: &[&str]| {
        let mut all = vec![
            program.to_str().unwrap(),
            "--kubeconfig",
            config.to_str().unwrap(),
            "--namespace=kube-system",
        ];
        all.extend(words);
        let home = format!("HOME={}", node.server.folder().display());
        let path = format!("PATH={}", std::env::var("PATH").unwrap());
        node.out(&[&["env", "-i", &home, &path], &*all].concat())
    };
    let set = |field: &str| {
        let path = format!("-o=jsonpath={{{field}}}");
        node.kubectl(&["get", "daemonset", "web-sekisho-agent", "--namespace=kube-system", &path], "")
    };
    let notes = helm(&["install", "web", chart]);
    assert!(notes.contains("rollout status daemonset/web-sekisho-agent"), "{notes}");
    helm(&["upgrade", "web", chart, "--values", path(&values)]);
    assert_eq!(set(".spec.template.spec.initContainers[*].name"), "cni");
    assert_eq!(set(".spec.template.spec.containers[0].ports[0].hostPort"), "19419");
    let notes = helm(&["upgrade", "web", chart, "--reuse-values", "--set", "remove=true"]);
    assert!(notes.contains("uninstall web"), "{notes}");
    assert_eq!(set(".spec.template.spec.initContainers[*].name"), "cni remove");
    helm(&["uninstall", "web"]);
    let left =
        ["get", "daemonsets,clusterroles,clusterrolebindings,serviceaccounts,podmonitors", "-A", "-o=name"];
    let left = node.kubectl(&left, "");
    assert!(!left.contains("web-sekisho-agent") && left.contains("sekisho-agent"), "{left}");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
