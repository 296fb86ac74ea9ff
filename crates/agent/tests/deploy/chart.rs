//! The chart: what it renders, and what it refuses.

use crate::support::{
    helm::{documents, helm, of_kind, template},
    root,
};
use serde_json::Value;
use std::{env, fs, path::Path};

pub(crate) const CHART: &str = "deploy/helm/sekisho-agent";
const NAME: &str = "sekisho-agent";
const MANIFESTS: &str = "deploy/manifests/sekisho-agent.yaml";
/// Set, it writes the manifests anew.
const UPDATE: &str = "SEKISHO_UPDATE_MANIFESTS";
const HEAD: &str = "\
# The agent on every node: what the chart in deploy/helm renders of its own values, and made of it by a test
# (SEKISHO_UPDATE_MANIFESTS=1 cargo test -p sekisho-agent --test deploy). No image is published: name yours.
";

fn rendered(helm: &Path, options: &[&str]) -> String {
    let output = template(helm, NAME, "kube-system", options);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The plain manifests.
pub(crate) fn manifests() -> String {
    fs::read_to_string(root().join(MANIFESTS)).unwrap()
}

#[test]
fn the_plain_manifests_are_what_the_chart_renders() {
    let Some(helm) = helm() else { return };
    let wanted = format!("{HEAD}{}", rendered(&helm, &[]));
    if env::var_os(UPDATE).is_some() {
        fs::write(root().join(MANIFESTS), &wanted).unwrap();
    }
    assert_eq!(manifests(), wanted, "{UPDATE}=1 writes them anew");
}

#[test]
fn what_values_do() {
    let Some(helm) = helm() else { return };
    let agent = |options: &[&str]| {
        let set =
            of_kind(&documents(&rendered(&helm, options)), "DaemonSet")["spec"]["template"]["spec"].clone();
        set["containers"][0].clone()
    };
    let has = |container: &Value, argument: &str| {
        container["args"].as_array().unwrap().iter().any(|found| found == argument)
    };
    let options = [
        "startup=open",
        "audit=true",
        "podCidrs={10.8.0.0/16,fd00::/64}",
        "http.host=::",
        "attachSeconds=0",
        "flows=all",
        "dns=true",
        "serveFlows.enabled=true",
    ];
    let options: Vec<&str> = options.iter().flat_map(|option| ["--set", option]).collect();
    let open = agent(&options);
    for argument in [
        "--startup=open",
        "--audit",
        "--pod-cidr=10.8.0.0/16",
        "--pod-cidr=fd00::/64",
        "--listen=[::]:9419",
        "--attach=0",
        "--flows=all",
        "--dns",
        "--serve-flows=0.0.0.0:9420",
        "--flows-tls-ca=/flows-tls/ca.crt",
    ] {
        assert!(has(&open, argument), "{argument}: {open}");
        assert!(!has(&agent(&[]), argument), "{argument}");
    }
    assert_eq!(open["readinessProbe"]["httpGet"]["host"], "::1");
    let elsewhere = agent(&["--set", "apiServer.host=api.example,apiServer.port=6443"]);
    let told = elsewhere["env"].as_array().unwrap().iter().filter(|found| found["value"] == "6443");
    assert_eq!(told.count(), 1, "{elsewhere}");
    let digest = format!("sha256:{}", "0".repeat(64));
    let pinned = agent(&["--set", &format!("image.repository=registry.example/agent,image.digest={digest}")]);
    assert_eq!(pinned["image"], format!("registry.example/agent@{digest}"));
    let removing = agent(&["--set", "remove=true"]);
    assert_eq!(removing["args"], serde_json::json!(["remove", "--stay"]));
    assert!(removing["volumeMounts"].is_null(), "what only removes needs no token: {removing}");
}

/// A container has no right that the agent does not need, whatever the values; the program has what it needs
/// (`node.rs`).
#[test]
fn no_container_may_do_more_than_it_must() {
    let Some(helm) = helm() else { return };
    for options in ["cni.install=false", "cni.install=true", "cni.install=true,remove=true"] {
        let documents = documents(&rendered(&helm, &["--set", options]));
        let pod = &of_kind(&documents, "DaemonSet")["spec"]["template"]["spec"];
        let list = |name: &str| pod[name].as_array().cloned().unwrap_or_default();
        for container in list("containers").into_iter().chain(list("initContainers")) {
            let context = &container["securityContext"];
            assert_eq!(context["privileged"], false, "{options}");
            assert_eq!(context["allowPrivilegeEscalation"], false, "{options}");
            assert_eq!(context["readOnlyRootFilesystem"], true, "{options}");
            assert_eq!(context["capabilities"]["drop"], serde_json::json!(["ALL"]), "{options}");
            let needed =
                if container["name"] == "cni" { Value::Null } else { serde_json::json!(["NET_ADMIN"]) };
            assert_eq!(context["capabilities"]["add"], needed, "{options}");
            let mounts = container["volumeMounts"].as_array().cloned().unwrap_or_default();
            let token = mounts.iter().any(|mount| mount["name"] == "token");
            assert_eq!(
                token,
                container["args"][0] == "run",
                "only the agent asks the API server: {container}"
            );
        }
        assert_eq!(pod["automountServiceAccountToken"], false);
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
        assert_ne!(pod["hostPID"], true);
    }
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let Some(helm) = helm() else { return };
    for (option, told) in [
        ("startup=maybe", "startup"),
        ("Startup=open", "Startup"),
        ("log.level=loud", "level"),
        ("http.port=70000", "port"),
        ("http.path=/x", "path"),
        ("podCidrs={10.0.0.1}", "podCidrs"),
        ("image.repository=", "repository"),
        ("updateStrategy.maxUnavailable=0", "maxUnavailable"),
        ("updateStrategy.maxUnavailable=0%", "maxUnavailable"),
        ("runDirectory=run", "runDirectory"),
        ("serviceAccount.create=false", "serviceAccount.name"),
        ("podMonitor.enabled=true", "http.host"),
        ("serveFlows.enabled=true", "needs flows"),
        ("dns=true", "dns needs flows"),
    ] {
        let output = template(&helm, NAME, "kube-system", &["--set", option]);
        let told_all = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{option}");
        assert!(told_all.contains(told), "{option}: {told_all}");
    }
}
