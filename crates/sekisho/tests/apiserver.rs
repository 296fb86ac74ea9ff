//! A real API server (`tests/apiserver`): what is read of it, as whom, and what becomes of a snapshot.
//!
//! `scripts/apiserver` builds it. A machine without Go goes without this test, and says so.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

mod ran;
#[path = "../../agent/tests/support/apiserver.rs"]
#[allow(dead_code, reason = "tests of the agent use the rest")]
mod server;
mod support;

use ran::Run;
use serde_json::Value;
use server::Server;
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use support::{assert_refused, root, run};

impl Server {
    /// The kubeconfig with one text put for another.
    fn changed(&self, from: &str, to: &str) -> PathBuf {
        let text = fs::read_to_string(self.config()).unwrap();
        assert!(text.contains(from), "{from}");
        let path = self.folder().join("changed");
        fs::write(&path, text.replace(from, to)).unwrap();
        path
    }

    fn run(&self, verb: &[&str], user: &str) -> Run {
        let mut arguments = verb.to_vec();
        let config = self.config();
        arguments.extend(["--kubeconfig", config.to_str().unwrap(), "--context", user]);
        run(&arguments)
    }
}

/// The connections that `reach -o json` told.
fn connections(run: &Run) -> Value {
    assert_eq!(run.code, Some(0), "{}", run.err);
    serde_json::from_str::<Value>(&run.out).unwrap()["connections"].take()
}

/// The ClusterRole in the documentation, bound to a user.
fn documented_role(user: &str) -> String {
    let page = fs::read_to_string(root().join("docs/clusters.md")).unwrap();
    let (_, role) = page.split_once("```yaml\n").unwrap();
    let (role, _) = role.split_once("```").unwrap();
    format!(
        "{role}---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: sekisho-reader}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: sekisho-reader}}\n\
         subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: {user}}}]\n"
    )
}

const EXAMPLE: &str = "examples/exchange/production";

#[test]
fn a_live_cluster() {
    let Some(mut server) = Server::start(&[]) else { return };
    server.apply(&root().join(EXAMPLE));
    the_answer_is_that_of_the_manifests(&server);
    what_applying_would_change_is_told(&server);
    rights_that_are_missing_are_told(&mut server);
    what_does_not_let_one_in(&server);
    kinds_that_somebody_installed_are_read(&mut server);
    many_pages_are_read(&mut server);
    a_plugin_of_kubectl(&server);
}

fn the_answer_is_that_of_the_manifests(server: &Server) {
    let live = connections(&server.run(&["reach", "-o", "json"], "admin"));
    assert!(live.as_array().unwrap().len() > 5, "{live}");
    assert_eq!(live, connections(&run(&["reach", "-o", "json", EXAMPLE])));
    let folder = server.folder().join("snapshot");
    let folder = folder.to_str().unwrap();
    let taken = server.run(&["snapshot", folder], "admin");
    assert_eq!(taken.code, Some(0), "{}", taken.err);
    assert_eq!(live, connections(&run(&["reach", "-o", "json", folder])));
}

fn what_applying_would_change_is_told(server: &Server) {
    let same = server.run(&["diff", EXAMPLE], "admin");
    assert_eq!(same.code, Some(0), "{}{}", same.out, same.err);
    let other = server.run(&["diff", "examples/exchange/development/wallet"], "admin");
    assert_eq!(other.code, Some(1), "{}", other.err);
    assert!(other.out.contains("203.0.113.0/24 → wallet/wallet-bff"), "{}", other.out);
}

fn rights_that_are_missing_are_told(server: &mut Server) {
    let refused = server.run(&["reach"], "nobody");
    assert_refused(
        &refused,
        &[
            "context `nobody`",
            "list namespaces at the cluster scope",
            "list networkpolicies.networking.k8s.io at the cluster scope",
            "list deployments.apps at the cluster scope",
            "- apiGroups: [\"batch\"]",
        ],
    );
    server.apply_text(&documented_role("reader"));
    assert_eq!(
        connections(&server.run(&["reach", "-o", "json"], "reader")),
        connections(&server.run(&["reach", "-o", "json"], "admin"))
    );
    // Rights in one namespace are not rights in all.
    server.apply_text(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: view, namespace: trading}\n\
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: sekisho-reader}\n\
         subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: tenant}]\n",
    );
    assert_refused(&server.run(&["reach", "-n", "trading"], "tenant"), &["list pods at the cluster scope"]);
}

fn what_does_not_let_one_in(server: &Server) {
    let reach = |config: &Path, user: &str| {
        run(&["reach", "--kubeconfig", config.to_str().unwrap(), "--context", user])
    };
    let expired = server.changed("reader-token", "expired-token");
    assert_refused(&reach(&expired, "reader"), &["does not accept the credentials of context `reader`"]);
    let untrusted = server.changed("certificate-authority-data", "unused");
    assert_refused(&reach(&untrusted, "admin"), &["cannot reach the cluster", "certificate"]);
}

const TIERED: &str = r"
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: no-metadata}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {}}
  egress: [{action: Deny, to: [{networks: [169.254.169.254/32]}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: trading}
spec: {hostnames: [shop.example], rules: [{backendRefs: [{name: trading-frontend, port: 80}]}]}
";

fn kinds_that_somebody_installed_are_read(server: &mut Server) {
    server.apply(&root().join("tests/apiserver/crds"));
    server.apply_text(TIERED);
    let folder = server.folder().join("with-kinds");
    let taken = server.run(&["snapshot", folder.to_str().unwrap()], "reader");
    assert_eq!(taken.code, Some(0), "{}", taken.err);
    let kept = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert!(kept("clusternetworkpolicies-0001.json").contains("169.254.169.254/32"));
    assert!(kept("httproutes-0001.json").contains("shop.example"));
}

fn many_pages_are_read(server: &mut Server) {
    const PODS: usize = 1_234;
    let mut text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: crowd}\n".to_owned();
    for number in 0..PODS {
        write!(
            text,
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{number}, namespace: crowd, labels: {{app: p}}}}\n\
             spec: {{nodeName: node-1, containers: [{{name: c, image: i, env: [{{name: E, value: hunter2}}]}}]}}\n\
             status: {{phase: Running, podIP: 10.9.{}.{}, podIPs: [{{ip: 10.9.{}.{}}}]}}\n",
            number / 250,
            number % 250,
            number / 250,
            number % 250
        )
        .unwrap();
    }
    server.apply_text(&text);
    let folder = server.folder().join("crowd");
    let taken = server.run(&["snapshot", folder.to_str().unwrap(), "--redact"], "reader");
    assert_eq!(taken.code, Some(0), "{}", taken.err);
    let pods = fs::read_to_string(folder.join("pods-0001.json")).unwrap();
    assert_eq!(pods.matches("\"podIP\":").count(), PODS);
    for hidden in ["crowd", "hunter2", "10.9."] {
        assert!(!pods.contains(hidden), "{hidden}");
    }
    assert_eq!(run(&["reach", folder.to_str().unwrap()]).code, Some(0));
}

fn a_plugin_of_kubectl(server: &Server) {
    if Command::new("kubectl").args(["version", "--client"]).output().is_err() {
        println!("kubectl is not installed, so there is nothing to be a plugin of");
        return;
    }
    let folder = server.folder().join("bin");
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sekisho"), folder.join("kubectl-sekisho")).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let config = server.config();
    let kubectl = |arguments: &[&str]| {
        let mut command = Command::new("kubectl");
        command.arg("sekisho").args(arguments).env("PATH", &path).env("KUBECONFIG", &config);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, out) = kubectl(&["reach", "--cluster"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("trading"), "{out}");
}
