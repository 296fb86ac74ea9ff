//! The hub's chart: what it renders, that the API server takes it, that its rights are enough, and what is said of it.

use crate::{
    helm::{self, documents, helm, of_kind},
    process::{Asker, Hub, until},
    server::Server,
    support::root,
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    env, fs,
    process::{Command, Output},
};

const CHART: &str = "deploy/helm/sekisho-hub";
const MANIFESTS: &str = "deploy/manifests/sekisho-hub.yaml";
/// Set, it writes the manifests anew.
const UPDATE: &str = "SEKISHO_UPDATE_MANIFESTS";
const HEAD: &str = "\
# The hub: what the chart in deploy/helm renders of its own values, and made of it by a test
# (SEKISHO_UPDATE_MANIFESTS=1 cargo test -p sekisho --test hub). No image is published: name yours.
apiVersion: v1
kind: Namespace
metadata: {name: sekisho}
";

/// What Helm makes of the chart; `None`, said aloud, where there is no Helm.
fn template(options: &[&str]) -> Option<Output> {
    Some(helm::template(&helm()?, "sekisho-hub", "sekisho", options))
}

fn rendered(options: &[&str]) -> Option<Vec<Value>> {
    let output = template(options)?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(documents(&String::from_utf8(output.stdout).unwrap()))
}

fn manifests() -> String {
    fs::read_to_string(root().join(MANIFESTS)).unwrap()
}

#[test]
fn the_plain_manifests_are_what_the_chart_renders() {
    let Some(output) = template(&[]) else { return };
    let wanted = format!("{HEAD}{}", String::from_utf8(output.stdout).unwrap());
    if env::var_os(UPDATE).is_some() {
        fs::write(root().join(MANIFESTS), &wanted).unwrap();
    }
    assert_eq!(manifests(), wanted, "{UPDATE}=1 writes them anew");
}

#[test]
fn what_values_do() {
    let options = [
        "keep.days=3",
        "hosts={hub.example}",
        "persistence.enabled=false",
        "networkPolicy.enabled=false",
        "telling.otlp=http://collector:4318",
        "telling.alertmanagers={http://alerts:9093}",
        "telling.webhooks={https://hook}",
        "catalog=version: 1",
        "environment=production",
        "telling.exceptionsEvery=60",
    ];
    let options: Vec<&str> = options.iter().flat_map(|option| ["--set", option]).collect();
    let Some(documents) = rendered(&options) else { return };
    let pod = &of_kind(&documents, "Deployment")["spec"]["template"]["spec"];
    let arguments = pod["containers"][0]["args"].as_array().unwrap();
    for word in [
        "--keep-days=3",
        "--host=hub.example",
        "--otlp=http://collector:4318",
        "--alertmanager=http://alerts:9093",
        "--alert-webhook=https://hook",
        "--catalog=/etc/sekisho/sekisho.yaml",
        "--environment=production",
        "--exceptions-every=60",
    ] {
        assert!(arguments.contains(&word.into()), "{word}: {arguments:?}");
    }
    assert!(pod["volumes"][0]["emptyDir"].is_object(), "{pod}");
    assert_eq!(of_kind(&documents, "ConfigMap")["data"]["sekisho.yaml"], "version: 1\n");
    let kinds: BTreeSet<&str> = documents.iter().filter_map(|document| document["kind"].as_str()).collect();
    assert!(!kinds.contains("PersistentVolumeClaim") && !kinds.contains("NetworkPolicy"), "{kinds:?}");
    for (option, told) in [
        ("keep.days=0", "days"),
        ("agents.port=0", "port"),
        ("replicas=2", "replicas"),
        ("catalog=version: 1", "catalog is for alerts"),
    ] {
        let output = template(&["--set", option]).unwrap();
        assert!(!output.status.success(), "{option}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(told), "{option}");
    }
}

#[test]
fn a_clickhouse_takes_the_place_of_the_volume() {
    let values = ["url=https://house:8443", "user=sekisho", "passwordSecret=house", "ca=PEM"];
    let options: Vec<String> = values.iter().map(|value| format!("clickhouse.{value}")).collect();
    let options: Vec<&str> = options.iter().flat_map(|option| ["--set", option]).collect();
    let Some(documents) = rendered(&options) else { return };
    let pod = &of_kind(&documents, "Deployment")["spec"]["template"]["spec"];
    let arguments = pod["containers"][0]["args"].as_array().unwrap();
    let told = arguments.iter().filter_map(Value::as_str);
    let told: Vec<&str> = told.filter(|word| word.contains("house") || word.contains("history")).collect();
    let wanted = [
        "--clickhouse=https://house:8443",
        "--clickhouse-database=default",
        "--clickhouse-user=sekisho",
        "--clickhouse-password-file=/clickhouse/password",
        "--clickhouse-ca=/etc/sekisho/clickhouse-ca.crt",
    ];
    assert_eq!(told, wanted);
    assert_eq!(of_kind(&documents, "ConfigMap")["data"]["clickhouse-ca.crt"], "PEM\n");
    let secret = pod["volumes"].as_array().unwrap().iter().find(|volume| volume["name"] == "clickhouse");
    let items = serde_json::json!([{"key": "password", "path": "password"}]);
    assert_eq!(secret.unwrap()["secret"], serde_json::json!({"secretName": "house", "items": items}));
    assert!(!documents.iter().any(|document| document["kind"] == "PersistentVolumeClaim"));
    let refused = template(&["--set", "clickhouse.passwordSecret=house"]).unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("needs clickhouse.user"));
}

/// Alerts about the hub are written once: the chart has what Prometheus is given.
#[test]
fn the_rules_of_the_chart_are_those_for_prometheus() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let rules = read("deploy/prometheus/hub.yaml");
    assert_eq!(read("deploy/helm/sekisho-hub/files/rules.yaml"), rules, "copy the one to the other");
    let options =
        ["--set", "prometheusRule.enabled=true", "--set", "prometheusRule.labels.release=prometheus"];
    let Some(documents) = rendered(&options) else { return };
    let rule = of_kind(&documents, "PrometheusRule");
    let wanted: Value = serde_saphyr::from_str(&rules).unwrap();
    assert_eq!((&rule["spec"], &rule["metadata"]["labels"]["release"]), (&wanted, &"prometheus".into()));
}

#[test]
fn the_hub_may_do_nothing_on_its_node() {
    let documents = documents(&manifests());
    let pod = &of_kind(&documents, "Deployment")["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    let context = &pod["containers"][0]["securityContext"];
    assert_eq!((&context["readOnlyRootFilesystem"], &context["privileged"]), (&true.into(), &false.into()));
    assert_eq!(context["capabilities"], serde_json::json!({"drop": ["ALL"]}));
    assert_ne!(pod["hostNetwork"], true);
}

/// The API server takes all of it, and what it allows the service account is enough, and is needed.
#[test]
fn the_rights_of_the_chart_are_enough() {
    runs_with_its_rights(&manifests(), |hub| assert!(!hub.logged().contains("policies are known")));
}

/// Where somebody is told of alerts, the hub may know the policies as well.
#[test]
fn the_rights_for_alerts_are_enough() {
    let Some(output) = template(&["--set", "telling.webhooks={http://127.0.0.1:1}"]) else { return };
    let text = format!("{HEAD}{}", String::from_utf8(output.stdout).unwrap());
    runs_with_its_rights(&text, |hub| {
        hub.wait_for("policies are known");
        assert!(!hub.logged().contains("does not tell of policies"), "{}", hub.logged());
    });
}

/// Runs what these manifests run, as they say, with the rights that they give.
fn runs_with_its_rights(text: &str, check: impl FnOnce(&Hub)) {
    let Some(mut server) = Server::start(&[]) else { return };
    let documents = documents(text);
    assert!(text.contains("kind: ServiceAccount\n    name: sekisho-hub\n    namespace: sekisho"));
    // The test's user with a token is bound in the place of the service account, for nobody gives that one a token here.
    let user = "kind: User\n    apiGroup: rbac.authorization.k8s.io\n    name: tenant";
    server.apply_text(
        &text.replace("kind: ServiceAccount\n    name: sekisho-hub\n    namespace: sekisho", user),
    );
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: reader}\n\
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: sekisho-flows-reader}\n\
         subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}]\n---\n";
    let pod = "apiVersion: v1\nkind: Pod\n\
         metadata: {name: agent, namespace: kube-system, labels: {app.kubernetes.io/name: sekisho-agent}}\n\
         spec: {nodeName: node-1, containers: [{name: agent, image: none}]}\n\
         status: {phase: Running, podIP: 127.0.0.99, podIPs: [{ip: 127.0.0.99}]}\n";
    server.apply_text(&format!("{binding}{pod}"));
    let arguments =
        of_kind(&documents, "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"].clone();
    let arguments =
        arguments.as_array().unwrap().iter().map(|argument| argument.as_str().unwrap().to_owned());
    let history = format!("--history={}", server.folder().join("flows.db").display());
    let arguments: Vec<String> = arguments
        .skip(2)
        .filter(|argument| !argument.starts_with("--log="))
        .map(|argument| if argument.starts_with("--history=") { history.clone() } else { argument })
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let hub = Hub::start_as("tenant", &server, &[], &arguments);
    hub.wait_for("an agent is there");
    hub.wait_for("a certificate was made for others");
    assert!(hub.asks("/readyz").contains("200 OK"));
    let reader = Asker::of(&server, "sekisho", "sekisho-hub-tls", "reader-token");
    until("whoever may is told", || reader.observes(&hub, &[]).code == Some(0));
    // Replaced certificates are written as well: the Secrets are there by now.
    assert_eq!(
        server.secret_of("kube-system", "sekisho-agent-flows").authorities,
        server.secret_of("sekisho", "sekisho-hub-tls").authorities
    );
    assert!(!hub.logged().contains("not in order"), "{}", hub.logged());
    check(&hub);
}

/// The first cells of the tables under a heading of the hub's page, each of which is code.
fn documented(heading: &str) -> BTreeSet<String> {
    let page = fs::read_to_string(root().join("docs/hub.md")).unwrap();
    let section = page.lines().skip_while(|line| *line != format!("## {heading}")).skip(1);
    let rows = section.take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with("| `"));
    let cell = |row: &str| row.split('|').nth(1).unwrap_or_default().to_owned();
    let names = rows.map(cell).collect::<Vec<_>>().join(",");
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn leaves(schema: &Value, path: &str, into: &mut BTreeSet<String>) {
    let described = schema["description"].as_str().unwrap_or_default();
    assert!(described.ends_with('.'), "`{path}` is not described");
    match schema["properties"].as_object() {
        Some(fields) => {
            let dot = if path.is_empty() { "" } else { "." };
            fields.iter().for_each(|(name, field)| leaves(field, &format!("{path}{dot}{name}"), into));
        }
        None => drop(into.insert(path.to_owned())),
    }
}

#[test]
fn every_value_and_option_is_in_the_documentation() {
    let schema = fs::read_to_string(root().join(CHART).join("values.schema.json")).unwrap();
    let mut values = BTreeSet::new();
    leaves(&serde_json::from_str(&schema).unwrap(), "", &mut values);
    assert!(values.remove("global"));
    assert_eq!(documented("Values of the chart"), values);
    let help = Command::new(env!("CARGO_BIN_EXE_sekisho")).args(["serve", "hub", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, help) = help.split_once("Options:").unwrap();
    let (help, _) = help.split_once("Examples:").unwrap();
    let name = |line: &str| {
        let line = line.trim_start();
        let at = if line.starts_with('-') { line.find("--")? } else { return None };
        line.get(at..)?.split([' ', ',']).next().map(str::to_owned)
    };
    let options: BTreeSet<String> = help.lines().filter_map(name).collect();
    let known: BTreeSet<String> =
        options.into_iter().filter(|name| !["--help", "--version"].contains(&&**name)).collect();
    assert_eq!(documented("Options"), known);
    let chart = fs::read_to_string(root().join(CHART).join("Chart.yaml")).unwrap();
    let chart: Value = serde_saphyr::from_str(&chart).unwrap();
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
}

/// Every metric that a hub has is in the documentation, and no other.
pub(crate) fn every_metric_is_in_the_documentation(hub: &Hub) {
    let text = hub.asks("/metrics");
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let name = |line: &str| {
        let (name, kind) = line.split_once(' ').unwrap();
        if kind == "counter" { format!("{name}_total") } else { name.to_owned() }
    };
    assert_eq!(documented("Metrics"), types.map(name).collect());
}
