//! The chart of the door: what it renders is what the page for operators says, and the API server takes it.

use crate::{
    documented,
    helm::{documents, helm, of_kind, template},
    process::Door,
    server::Server,
    support::root,
};
use serde_json::Value;
use std::{env, fs, os::unix::fs::symlink, path::Path};

const MANIFESTS: &str = "deploy/manifests/sekisho-admission.yaml";
/// Set, it writes the manifests anew.
const UPDATE: &str = "SEKISHO_UPDATE_MANIFESTS";
const HEAD: &str = "\
# The door at the API server: what the chart in deploy/helm renders of its own values, and made of it by a test
# (SEKISHO_UPDATE_MANIFESTS=1 cargo test -p sekisho --test door chart). No image is published: name yours.
";

fn rendered(helm: &Path, options: &[&str]) -> Result<String, String> {
    let output = template(helm, "sekisho-admission", "sekisho", options);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn the_plain_manifests_are_what_the_chart_renders() {
    let Some(helm) = helm() else { return };
    let wanted = format!("{HEAD}{}", rendered(&helm, &[]).unwrap());
    if env::var_os(UPDATE).is_some() {
        fs::write(root().join(MANIFESTS), &wanted).unwrap();
    }
    assert_eq!(fs::read_to_string(root().join(MANIFESTS)).unwrap(), wanted, "{UPDATE}=1 writes them anew");
}

#[test]
fn it_says_what_the_page_says() {
    let page: Vec<Value> = documented().iter().flat_map(|block| documents(block)).collect();
    let chart = documents(&fs::read_to_string(root().join(MANIFESTS)).unwrap());
    for kind in ["ClusterRole", "Role"] {
        assert_eq!(of_kind(&page, kind)["rules"], of_kind(&chart, kind)["rules"], "{kind}");
    }
    let webhooks =
        |documents: &[Value]| of_kind(documents, "ValidatingWebhookConfiguration")["webhooks"].clone();
    assert_eq!(webhooks(&page), webhooks(&chart));
    let table = fs::read_to_string(root().join("docs/admission.md")).unwrap();
    let schema = fs::read_to_string(root().join("deploy/helm/sekisho-admission/values.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    for name in schema["properties"].as_object().unwrap().keys().filter(|name| *name != "global") {
        assert!(table.contains(&format!("`{name}")), "docs/admission.md does not tell of `{name}`");
    }
}

/// Lays out a ConfigMap as a kubelet does: what is seen are links into a folder that is exchanged at once.
fn mounted(folder: &Path, map: &Value, items: &Value) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for item in items.as_array().unwrap() {
        let path = folder.join("..1").join(text(&item["path"]));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text(&map["data"][text(&item["key"])])).unwrap();
    }
    symlink("..1", folder.join("..data")).unwrap();
    for entry in fs::read_dir(folder.join("..1")).unwrap() {
        let name = entry.unwrap().file_name();
        symlink(Path::new("..data").join(&name), folder.join(&name)).unwrap();
    }
}

/// What the deployment runs is taken by the program, with the rights that the chart gives.
#[test]
fn the_api_server_takes_it_and_the_program_does() {
    let Some(helm) = helm() else { return };
    let Some(server) = Server::start(&[]) else { return };
    let values = ["bypassGroups={on-call}", "environment=production", "audit.every=1"];
    let mut options: Vec<&str> = values.iter().flat_map(|value| ["--set", value]).collect();
    options.extend(["--set-file", "catalog=examples/exchange/sekisho.yaml"]);
    options.extend(["--set-file", "promises.all\\.yaml=examples/exchange/promises.yaml"]);
    options.extend(["--set-file", "rego.naming\\.rego=examples/standard-rego/naming.rego"]);
    options.extend(["--set-file", "rego.data\\.json=examples/standard-rego/data.json"]);
    let text = rendered(&helm, &options).unwrap();
    assert_eq!(server.kubectl_run(&["create", "namespace", "sekisho"]).code, Some(0));
    let applied = server.create(&text, &[]);
    assert_eq!(applied.code, Some(0), "{}", applied.err);
    for kind in ["clusterrole", "role"] {
        let binding = format!("{kind}binding");
        let named =
            ["create", &binding, "of-reader", &format!("--{kind}=sekisho-admission"), "--user=reader"];
        let made = server.kubectl_run(&[&named[..], &["-n", "sekisho"]].concat());
        assert_eq!(made.code, Some(0), "{}", made.err);
    }
    let all = documents(&text);
    let pod = &of_kind(&all, "Deployment")["spec"]["template"]["spec"];
    let folder = server.folder().join("etc");
    mounted(&folder, of_kind(&all, "ConfigMap"), &pod["volumes"][0]["configMap"]["items"]);
    let container = &pod["containers"][0];
    let place = folder.to_str().unwrap();
    let told = container["args"].as_array().unwrap().iter().skip(2).map(|word| word.as_str().unwrap());
    let own = |word: &&str| !["--listen=", "--plain=", "--log="].iter().any(|begin| word.starts_with(begin));
    let told: Vec<String> = told.filter(own).map(|word| word.replace("/etc/sekisho", place)).collect();
    assert!(told.len() > 11, "{told:?}");
    let door = Door::start_as("reader", &server, &told.iter().map(String::as_str).collect::<Vec<_>>());
    door.wait_for("another certificate is shown");
    door.wait_for("\"audited");
    assert!(!server.bundle("sekisho-admission").is_empty());
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let Some(helm) = helm() else { return };
    for (option, told) in [
        ("mode=loud", "mode"),
        ("Mode=warn", "Mode"),
        ("replicas=0", "replicas"),
        ("audit.reports=all", "reports"),
        ("timeoutSeconds=60", "timeoutSeconds"),
        ("serviceAccount.create=false", "serviceAccount.name"),
        ("tls.certManager.enabled=true", "issuerRef"),
    ] {
        let told_all = rendered(&helm, &["--set", option]).unwrap_err();
        assert!(told_all.contains(told), "{option}: {told_all}");
    }
}
