//! `sekisho serve admission` at a real API server (`tests/apiserver`), asked by the real `kubectl`.
//!
//! A machine without Go goes without these tests, and says so.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what must hold")]

mod audit;
mod chart;
mod cluster;
#[path = "../../../agent/tests/support/helm.rs"]
mod helm;
#[allow(dead_code, reason = "benchmarks use the rest")]
mod process;
#[path = "../ran/mod.rs"]
mod ran;
#[path = "../served/mod.rs"]
#[allow(dead_code, reason = "tests of the hub use the rest")]
mod served;
#[path = "../../../agent/tests/support/apiserver.rs"]
#[allow(dead_code, reason = "tests of the agent use the rest")]
mod server;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;

use cluster::{configuration, namespace, pod, policy};
use process::Door;
use server::Server;
use std::{
    fs,
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

const WIDE: &str = "{ipBlock: {cidr: 0.0.0.0/0}}";
const NARROW: &str = "{podSelector: {matchLabels: {app: web}}}";
const OTHER: &str = "{podSelector: {matchLabels: {app: db}}}";
const PROMISES: &str = "
version: 1
groups:
  db: { pods: app=db, namespaces: kubernetes.io/metadata.name=shop }
  others: { namespaces: kubernetes.io/metadata.name=other }
promises:
  - name: nobody else reaches the database
    who: others
    cannot reach: db
    because: it has the names of customers
";

/// A cluster with some namespaces, and a door at it.
fn opened(options: &[&str]) -> Option<(Server, Door)> {
    let mut server = Server::start(&[])?;
    let objects = [
        namespace("shop", ""),
        namespace("lenient", "sekisho.dev/admission: warn"),
        namespace("other", "team: blue"),
        pod("shop", "web"),
        pod("shop", "db"),
        pod("other", "web"),
        policy(
            "db",
            "shop",
            "{namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: web}}}",
        ),
    ];
    server.apply_text(&objects.join("---\n"));
    let promises = server.folder().join("promises.yaml");
    fs::write(&promises, PROMISES).unwrap();
    let mut all = vec!["--promises", promises.to_str().unwrap(), "--deny", "warning"];
    all.extend(["--secret", "default/door", "--host", "127.0.0.1", "--webhook", "door"]);
    all.extend(options);
    let door = Door::start(&server, &all);
    server.apply_text(&configuration("door", door.port, "Fail", 5));
    door.wait_for("the configuration was told who signs the certificates");
    door.wait_for("the whole cluster is known");
    server.until_refused(&policy("probe", "shop", WIDE));
    Some((server, door))
}

#[test]
fn the_door() {
    let Some((mut server, door)) = opened(&["--bypass-group", "on-call"]) else { return };
    what_breaks_the_standard_is_refused(&server);
    a_namespace_may_only_be_warned(&server);
    what_is_right_comes_in(&server);
    a_dry_run_is_answered_alike_and_leaves_nothing(&server);
    a_label_that_opens_something_is_refused(&server);
    somebody_may_pass_with_a_reason(&server, &door);
    what_goes_is_looked_at(&server);
    a_workload_is_looked_at_as_its_pods(&server);
    hostile_objects(&server, &door);
    it_counts(&door);
    a_door_that_is_not_there(&mut server, door);
    a_slow_one(&mut server);
}

fn what_breaks_the_standard_is_refused(server: &Server) {
    let refused = server.create(&policy("web", "shop", WIDE), &[]);
    assert_ne!(refused.code, Some(0));
    for part in [
        "denied the request: sekisho refuses it for what it would bring (2 findings)",
        "SK307",
        "at spec.ingress[0].from[0].ipBlock.cidr: ",
        "; admit the ranges of the load balancer",
    ] {
        assert!(refused.err.contains(part), "`{part}` is not in {}", refused.err);
    }
    assert!(!server.has("shop", "web"));
}

fn a_namespace_may_only_be_warned(server: &Server) {
    let warned = server.create(&policy("web", "lenient", WIDE), &[]);
    assert_eq!(warned.code, Some(0), "{}", warned.err);
    assert!(warned.err.contains("Warning: SK303 any-address, at spec.ingress[0]"), "{}", warned.err);
    assert!(server.has("lenient", "web"));
}

fn what_is_right_comes_in(server: &Server) {
    let right = server.create(&policy("right", "shop", NARROW), &[]);
    assert_eq!((right.code, right.err.as_str()), (Some(0), ""));
    assert!(server.has("shop", "right"));
}

fn a_dry_run_is_answered_alike_and_leaves_nothing(server: &Server) {
    let refused = server.create(&policy("dry", "shop", WIDE), &["--dry-run=server"]);
    assert!(refused.err.contains("SK307"), "{}", refused.err);
    let allowed = server.create(&policy("dry", "shop", OTHER), &["--dry-run=server"]);
    assert_eq!(allowed.code, Some(0), "{}", allowed.err);
    assert!(!server.has("shop", "dry"));
}

fn a_label_that_opens_something_is_refused(server: &Server) {
    let refused = server.kubectl_run(&["label", "namespace", "other", "team=red", "--overwrite"]);
    assert_ne!(refused.code, Some(0), "{}", refused.out);
    let said = "promise `nobody else reaches the database` would be broken: others cannot reach db; after this change: \
                other/web -> shop/db";
    assert!(refused.err.contains(said), "{}", refused.err);
    assert!(refused.err.contains("(it has the names of customers)"), "{}", refused.err);
    let other = server.kubectl_run(&["label", "namespace", "other", "team=green", "--overwrite"]);
    assert_eq!(other.code, Some(0), "{}", other.err);
}

fn somebody_may_pass_with_a_reason(server: &Server, door: &Door) {
    let text = policy("urgent", "shop", WIDE)
        .replace("metadata: {", "metadata: {annotations: {sekisho.dev/bypass: the shop is down}, ");
    let as_member = |group: &str| {
        let groups = ["--as", "hanako", "--as-group", "system:masters", "--as-group", group];
        server.create(&text, &groups)
    };
    let refused = as_member("others");
    assert!(
        refused.err.contains("`hanako` may not use the annotation sekisho.dev/bypass"),
        "{}",
        refused.err
    );
    let passed = as_member("on-call");
    assert_eq!(passed.code, Some(0), "{}", passed.err);
    assert!(passed.err.contains("Warning: sekisho lets it pass: the shop is down"), "{}", passed.err);
    let line = door.wait_for("\"outcome\":\"bypassed\"");
    for part in ["hanako", "NetworkPolicy shop/urgent", "the shop is down", "SK307"] {
        assert!(line.contains(part), "`{part}` is not in {line}");
    }
}

fn what_goes_is_looked_at(server: &Server) {
    let delete = |name| server.kubectl_run(&["delete", "networkpolicy", name, "-n", "shop"]);
    for name in ["urgent", "right"] {
        let gone = delete(name);
        assert_eq!(gone.code, Some(0), "others select the same pods: {}", gone.err);
    }
    let kept = delete("db");
    assert!(kept.err.contains("promise `nobody else reaches the database` would be broken"), "{}", kept.err);
    assert!(server.has("shop", "db"));
    let pod = server.kubectl_run(&["delete", "pod", "web", "-n", "shop", "--force", "--grace-period=0"]);
    assert_eq!(pod.code, Some(0), "who takes a workload away opens nothing: {}", pod.err);
}

fn a_workload_is_looked_at_as_its_pods(server: &Server) {
    // The policy of the database holds for whatever has its label, and for nothing else.
    let other = pod("shop", "db").replace("name: db,", "name: db-2,");
    let comes = server.create(&other, &[]);
    assert_eq!(comes.code, Some(0), "{}", comes.err);
    let unlabelled =
        server.kubectl_run(&["label", "pod", "db-2", "-n", "shop", "app=database", "--overwrite"]);
    assert_eq!(unlabelled.code, Some(1), "{}{}", unlabelled.out, unlabelled.err);
}

fn hostile_objects(server: &Server, door: &Door) {
    let rules = |count: usize| {
        (0..count).map(|at| format!("{{ipBlock: {{cidr: 100.{}.{}.0/24}}}}", at / 250, at % 250))
    };
    let many: Vec<String> = rules(10_000).collect();
    let since = Instant::now();
    let answered = server.create(&policy("many", "shop", &many.join(", ")), &["--dry-run=server"]);
    let took = since.elapsed();
    assert!(took < Duration::from_secs(30), "{took:?}");
    assert!(!answered.err.contains("failed calling webhook"), "{}", answered.err);
    assert!(door.asks("/readyz").contains("200 OK"));
    let large = door.posts(&"x".repeat(10 << 20));
    // Who goes on sending may find the connection closed before the answer is read; it is counted in any case.
    assert!(large.is_empty() || large.contains("413 Payload Too Large"), "{large}");
    for nonsense in
        ["", "{}", "[[[[", "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\"}"]
    {
        let said = door.posts(nonsense);
        assert!(said.contains("400 Bad Request"), "{nonsense}: {said}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(door.posts(&deep).contains("400 Bad Request"));
}

fn it_counts(door: &Door) {
    let metrics = door.asks("/metrics");
    for part in [
        "sekisho_admission_requests_total{verdict=\"refused\"}",
        "sekisho_admission_findings_total{rule=\"SK307\"}",
        "sekisho_admission_bypasses_total 1",
        "sekisho_admission_ready 1",
        "sekisho_admission_unreadable_questions_total 6",
        "sekisho_admission_answer_seconds_bucket",
    ] {
        assert!(metrics.contains(part), "`{part}` is not in {metrics}");
    }
}

fn a_door_that_is_not_there(server: &mut Server, door: Door) {
    let port = door.port;
    drop(door);
    let refused = server.create(&policy("absent", "shop", OTHER), &["--dry-run=server"]);
    assert!(refused.err.contains("failed calling webhook"), "{}", refused.err);
    server.apply_text(&configuration("door", port, "Ignore", 5));
    server.until_allowed(&policy("absent", "shop", WIDE));
}

fn a_slow_one(server: &mut Server) {
    // It takes connections, and says nothing.
    let slow = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = slow.local_addr().unwrap().port();
    server.apply_text(&configuration("door", port, "Fail", 1));
    server.until_refused(&policy("slow", "shop", OTHER));
    let since = Instant::now();
    let refused = server.create(&policy("slow", "shop", OTHER), &["--dry-run=server"]);
    assert!(refused.err.contains("failed calling webhook"), "{}", refused.err);
    assert!(since.elapsed() < Duration::from_secs(10));
    server.apply_text(&configuration("door", port, "Ignore", 1));
    server.until_allowed(&policy("slow", "shop", WIDE));
}

#[test]
fn certificates_are_made_anew_before_they_expire() {
    let Some((mut server, door)) = opened(&["--certificate-lifetime", "12"]) else { return };
    let first = server.secret("door");
    thread::sleep(Duration::from_secs(16));
    let second = server.secret("door");
    assert_ne!(first["tls.crt"], second["tls.crt"]);
    // The first has expired by now, and nobody notices.
    let refused = server.create(&policy("web", "shop", WIDE), &[]);
    assert!(refused.err.contains("SK307"), "{}", refused.err);
    // Another replica takes what is there.
    let replica = Door::start(
        &server,
        &["--secret", "default/door", "--host", "127.0.0.1", "--certificate-lifetime", "12"],
    );
    replica.wait_for("another certificate is shown");
    drop(replica);
    // Who goes on showing the first is not believed, and it is told why.
    let (certificate, key) = (server.folder().join("old.crt"), server.folder().join("old.key"));
    fs::write(&certificate, &first["tls.crt"]).unwrap();
    fs::write(&key, &first["tls.key"]).unwrap();
    drop(door);
    let old = Door::start(
        &server,
        &["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()],
    );
    let told = configuration("door", old.port, "Fail", 5);
    let bundle = server.bundle("door");
    let told = told.replace("clientConfig: {", &format!("clientConfig: {{caBundle: {bundle}, "));
    server.apply_text(&told);
    let end = Instant::now() + Duration::from_secs(30);
    while !server
        .create(&policy("web", "shop", OTHER), &["--dry-run=server"])
        .err
        .contains("certificate has expired")
    {
        assert!(Instant::now() < end, "an expired certificate is not refused");
        thread::sleep(Duration::from_millis(300));
    }
    // What is in the files is read again when it changes.
    let third = server.secret("door");
    fs::write(&certificate, &third["tls.crt"]).unwrap();
    fs::write(&key, &third["tls.key"]).unwrap();
    old.wait_for("the certificate was read again");
}

/// The manifests on the page for operators: the rights, and the configuration.
fn documented() -> Vec<String> {
    let page = fs::read_to_string(support::root().join("docs/admission.md")).unwrap();
    let blocks = page.split("```yaml\n").skip(1);
    blocks.map(|block| block.split_once("```").unwrap().0.to_owned()).collect()
}

/// What gives a role to a user.
fn binding(kind: &str, of: &str, namespace: &str) -> String {
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}Binding\nmetadata: {{name: sekisho-admission{namespace}}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: sekisho-admission}}\n\
         subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: {of}}}]\n"
    )
}

#[test]
fn the_documented_rights_do_and_the_configuration_is_taken() {
    let Some(mut server) = Server::start(&[]) else { return };
    let [rights, configuration] = documented().try_into().unwrap();
    let bound = binding("ClusterRole", "reader", "") + &binding("Role", "reader", ", namespace: sekisho");
    server.apply_text(&format!("{}---\n{rights}{bound}", namespace("sekisho", "")));
    server.apply_text(&configuration);
    let how = ["--secret", "sekisho/sekisho-admission-tls", "--webhook", "sekisho-admission"];
    let host = ["--host", "sekisho-admission.sekisho.svc"];
    let door = Door::start_as("reader", &server, &[how.as_slice(), &host].concat());
    door.wait_for("the configuration was told who signs the certificates");
    door.wait_for("another certificate is shown");
    door.wait_for("the whole cluster is known");
    assert!(!server.bundle("sekisho-admission").is_empty());
}
