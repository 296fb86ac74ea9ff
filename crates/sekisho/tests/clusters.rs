//! Clusters that do not work, and ones that work a little later: servers of a few lines that answer as an API
//! server would, or stop in the middle. The real one is in `apiserver.rs`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

mod ran;
mod support;

use ran::Run;
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};
use support::{assert_refused, run};
use tempfile::TempDir;

/// What a server does with a request.
enum Answer {
    /// Answers with this status and body.
    Say(u16, String),
    /// Says that more will come, and goes away.
    Break,
    /// Never answers.
    Silence,
}

/// What to do with a request for a path and query, of which it is the n-th, from 1.
type Behave = dyn Fn(&str, usize) -> Answer + Send + Sync;

/// A server on loopback, and a kubeconfig for it.
struct Server {
    folder: TempDir,
    seen: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Server {
    fn start(behave: impl Fn(&str, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let folder = TempDir::new().unwrap();
        let address = listener.local_addr().unwrap();
        fs::write(folder.path().join("config"), kubeconfig(&format!("http://{address}"))).unwrap();
        let seen = Arc::new(Mutex::new(BTreeMap::new()));
        let (counts, behave): (_, Arc<Behave>) = (Arc::clone(&seen), Arc::new(behave));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (counts, behave) = (Arc::clone(&counts), Arc::clone(&behave));
                thread::spawn(move || serve(stream, &counts, &*behave));
            }
        });
        Self { folder, seen }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// How often a request that begins so came.
    fn count(&self, start: &str) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|(path, _)| path.starts_with(start)).map(|(_, count)| count).sum()
    }

    fn run(&self, more: &[&str]) -> Run {
        let config = self.config();
        let mut arguments =
            vec!["reach", "--from=shop/web", "--to=shop/db", "--kubeconfig", config.to_str().unwrap()];
        arguments.extend(more);
        run(&arguments)
    }
}

fn kubeconfig(server: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: test\nclusters: [{{name: c, cluster: {{server: \"{server}\"}}}}]\n\
         users: [{{name: u, user: {{token: t}}}}]\ncontexts: [{{name: test, context: {{cluster: c, user: u}}}}]\n"
    )
}

fn serve(stream: TcpStream, counts: &Mutex<BTreeMap<String, usize>>, behave: &Behave) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let mut stream = stream;
    loop {
        let request = lines.next()?.ok()?;
        while !lines.next()?.ok()?.is_empty() {}
        let path = request.split(' ').nth(1)?.to_owned();
        let count = {
            let mut counts = counts.lock().ok()?;
            let count = counts.entry(path.clone()).or_default();
            *count += 1;
            *count
        };
        match behave(&path, count) {
            Answer::Say(status, body) => {
                let length = body.len();
                let head = "Content-Type: application/json\r\nContent-Length";
                write!(stream, "HTTP/1.1 {status} X\r\n{head}: {length}\r\n\r\n{body}").ok()?;
            }
            Answer::Break => {
                write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{{\"items\": [").ok()?;
                return None;
            }
            Answer::Silence => thread::park(),
        }
    }
}

fn status(code: u16, message: &str) -> Answer {
    Answer::Say(
        code,
        format!(
            r#"{{"kind": "Status", "apiVersion": "v1", "metadata": {{}}, "status": "Failure", "message": "{message}", "reason": "X", "code": {code}}}"#
        ),
    )
}

fn pod(name: &str) -> String {
    format!(
        r#"{{"metadata": {{"name": "{name}", "namespace": "shop"}}, "spec": {{"containers": [{{"ports": [{{"containerPort": 80}}]}}]}}}}"#
    )
}

/// A cluster of two pods, a page each, and nothing else: no kind that somebody must install.
fn healthy(path: &str) -> Answer {
    let list = |kind: &str, next: &str, items: &str| {
        Answer::Say(
            200,
            format!(
                r#"{{"kind": "{kind}", "apiVersion": "v1", "metadata": {{"resourceVersion": "7", "continue": "{next}"}}, "items": [{items}]}}"#
            ),
        )
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    match path {
        "/apis" => Answer::Say(
            200,
            r#"{"kind": "APIGroupList", "groups": [{"name": "networking.k8s.io", "versions": [{"version": "v1"}]}]}"#
                .to_owned(),
        ),
        "/apis/networking.k8s.io/v1" => Answer::Say(
            200,
            r#"{"kind": "APIResourceList", "resources": [{"name": "networkpolicies"}, {"name": "networkpolicies/status"}]}"#
                .to_owned(),
        ),
        "/api/v1/pods" if query.contains("continue=two") => list("PodList", "", &pod("db")),
        "/api/v1/pods" => list("PodList", "two", &pod("web")),
        "/api/v1/namespaces" => list("NamespaceList", "", r#"{"metadata": {"name": "shop"}}"#),
        _ => list("List", "", ""),
    }
}

fn assert_whole(run: &Run) {
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.out.contains("db") && run.out.contains("web"), "{}", run.out);
}

/// A request for the second page of the pods.
fn is_second_page(path: &str) -> bool {
    path.starts_with("/api/v1/pods") && path.contains("continue=two")
}

#[test]
fn pages_make_a_whole() {
    let server = Server::start(|path, _| healthy(path));
    assert_whole(&server.run(&[]));
    assert_eq!(server.count("/api/v1/pods?&limit=500") + server.count("/api/v1/pods?limit=500"), 2);
    // What the cluster does not serve is not asked for.
    assert_eq!(server.count("/apis/gateway.networking.k8s.io"), 0);
    assert_eq!(server.count("/apis/networking.k8s.io/v1/ingresses"), 0);
}

#[test]
fn a_cluster_that_dies_half_way_is_no_answer() {
    let server = Server::start(|path, _| if is_second_page(path) { Answer::Break } else { healthy(path) });
    assert_refused(&server.run(&[]), &["stopped answering while pods were read", "nothing was answered"]);
}

#[test]
fn a_place_that_was_forgotten_is_found_again() {
    let server = Server::start(|path, count| match is_second_page(path) {
        true if count == 1 => status(410, "The provided continue parameter is too old"),
        _ => healthy(path),
    });
    assert_whole(&server.run(&[]));
    assert_eq!(server.count("/api/v1/pods"), 4, "both pages, twice");
}

#[test]
fn a_list_that_always_expires_is_no_answer() {
    let server =
        Server::start(|path, _| if is_second_page(path) { status(410, "too old") } else { healthy(path) });
    assert_refused(&server.run(&[]), &["pods", "changes faster than it can be read"]);
}

#[test]
fn a_busy_server_is_asked_again() {
    let server = Server::start(|path, count| match path.starts_with("/api/v1/pods") && count == 1 {
        true => status(429, "too many requests"),
        false => healthy(path),
    });
    assert_whole(&server.run(&[]));
}

#[test]
fn a_connection_that_breaks_once_is_made_again() {
    let server = Server::start(|path, count| match is_second_page(path) && count == 1 {
        true => Answer::Break,
        false => healthy(path),
    });
    assert_whole(&server.run(&[]));
}

#[test]
fn a_server_that_keeps_failing_is_no_answer() {
    let server = Server::start(|path, _| match path.starts_with("/api/v1/nodes") {
        true => status(500, "etcd has no leader"),
        false => healthy(path),
    });
    assert_refused(&server.run(&[]), &["stopped answering while nodes were read", "500 etcd has no leader"]);
}

#[test]
fn a_silent_cluster_is_not_waited_for() {
    let server = Server::start(|path, _| match path.starts_with("/api/v1/services") {
        true => Answer::Silence,
        false => healthy(path),
    });
    assert_refused(&server.run(&["--timeout", "1"]), &["was not read within 1 s", "--timeout"]);
}

#[test]
fn what_is_no_json_is_no_answer() {
    let server = Server::start(|path, _| match path.starts_with("/api/v1/nodes") {
        true => Answer::Say(200, "<html>log in first</html>".to_owned()),
        false => healthy(path),
    });
    assert_refused(&server.run(&[]), &["nodes", "it did not send JSON"]);
}

#[test]
fn all_missing_rights_are_told_at_once() {
    let server = Server::start(|path, _| {
        let forbidden = ["/api/v1/pods", "/api/v1/nodes", "/apis/networking.k8s.io/v1/networkpolicies"];
        match forbidden.iter().any(|start| path.starts_with(start)) {
            true => status(403, "pods is forbidden"),
            false => healthy(path),
        }
    });
    let run = server.run(&[]);
    assert_refused(&run, &["context `test`"]);
    insta::assert_snapshot!(run.err);
}

#[test]
fn credentials_that_are_not_taken() {
    let server = Server::start(|_, _| status(401, "Unauthorized"));
    assert_refused(&server.run(&[]), &["does not accept the credentials of context `test`", "log in again"]);
}

#[test]
fn an_address_where_nobody_is() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("config");
    fs::write(&config, kubeconfig(&format!("http://127.0.0.1:{port}"))).unwrap();
    let url = format!("`http://127.0.0.1:{port}`");
    assert_refused(
        &run(&["reach", "--kubeconfig", config.to_str().unwrap()]),
        &["cannot reach the cluster at", &url, "refuses the connection"],
    );
}

#[test]
fn kubeconfigs_that_do_not_work() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("config");
    let config = path.to_str().unwrap();
    assert_refused(&run(&["reach", "--kubeconfig", config]), &["cannot read the kubeconfig", config]);
    assert_refused(&run(&["reach", "--cluster"]), &["kubeconfig"]);
    fs::write(&path, "clusters: [").unwrap();
    assert_refused(&run(&["reach", "--kubeconfig", config]), &["is not a kubeconfig", config]);
    fs::write(&path, kubeconfig("http://127.0.0.1:1")).unwrap();
    assert_refused(
        &run(&["reach", "--kubeconfig", config, "--context", "prod"]),
        &["has no context `prod`; it has `test`"],
    );
    fs::write(&path, kubeconfig("http://127.0.0.1:1").replace("current-context: test", "")).unwrap();
    assert_refused(
        &run(&["reach", "--kubeconfig", config]),
        &["no current context; name one with --context: `test`"],
    );
}

#[test]
fn paths_and_a_cluster_exclude_each_other() {
    let run = run(&["reach", "--cluster", "manifests/"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("cannot be used with"), "{}", run.err);
}

/// The cluster of two pods, with a policy that closes `db`.
fn with_a_policy(path: &str) -> Answer {
    match path.split('?').next() {
        Some("/apis/networking.k8s.io/v1/networkpolicies") => Answer::Say(
            200,
            r#"{"kind": "NetworkPolicyList", "apiVersion": "networking.k8s.io/v1", "metadata": {"resourceVersion": "7"}, "items": [
                {"metadata": {"name": "closed", "namespace": "shop"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}]}"#
                .to_owned(),
        ),
        _ => healthy(path),
    }
}

#[test]
fn what_applying_manifests_would_open_is_told() {
    let server = Server::start(|path, _| with_a_policy(path));
    let folder = TempDir::new().unwrap();
    let policy = folder.path().join("policy.yaml");
    let diff = || {
        let config = server.config();
        run(&["diff", "--kubeconfig", config.to_str().unwrap(), folder.path().to_str().unwrap()])
    };
    let write = |name: &str, rules: &str| {
        let text = format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}\n\
             spec: {{podSelector: {{}}, ingress: [{rules}]}}\n"
        );
        fs::write(&policy, text).unwrap();
    };
    // Another policy beside the one that is there: nothing is deleted.
    write("another", "");
    let same = diff();
    assert_eq!((same.code, same.out.as_str()), (Some(0), "no connection differs\n"), "{}", same.err);
    // The same policy, opened.
    write("closed", "{from: [{podSelector: {}}]}");
    let opened = diff();
    assert_eq!(opened.code, Some(1), "{}", opened.err);
    assert!(opened.out.contains("OPENED WITHIN A NAMESPACE"), "{}", opened.out);
    assert!(opened.out.contains("`shop/closed` spec.ingress[0].from[0] allows it"), "{}", opened.out);
    assert_eq!(server.count("/api/v1/nodes"), 2, "each run reads the cluster once");
}

#[test]
fn a_cluster_is_compared_with_something() {
    let server = Server::start(|path, _| healthy(path));
    let config = server.config();
    let config = config.to_str().unwrap();
    assert_refused(&run(&["diff", "--kubeconfig", config]), &["what is to be applied to the cluster?"]);
    assert_refused(&run(&["diff", "--kubeconfig", config, "/nowhere"]), &["cannot read `/nowhere`"]);
    let run = run(&["diff", "--cluster", "--git", "main", "manifests/"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("cannot be used with"), "{}", run.err);
}
