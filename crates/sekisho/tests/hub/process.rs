//! The hub as a process, and those who ask it.

use crate::{ran::Run, served::Served, server::Server};
use sekisho_tls::Credentials;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long something may take on a machine that does other work as well.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Hub(Served);

impl Deref for Hub {
    type Target = Served;

    fn deref(&self) -> &Served {
        &self.0
    }
}

impl DerefMut for Hub {
    fn deref_mut(&mut self) -> &mut Served {
        &mut self.0
    }
}

/// Waits until something is so; `what` says what is waited for.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "after a minute it is not so that {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

impl Hub {
    /// Starts it behind `before`, a command that becomes what follows it, with its history in `folder`.
    pub(crate) fn start(server: &Server, before: &[&str], folder: &Path, agents: u16) -> Self {
        let history = folder.join("flows.db");
        Self::start_with(server, before, agents, &["--history", history.to_str().unwrap()])
    }

    /// Likewise, with these options, which say where its history is, and more.
    pub(crate) fn start_with(server: &Server, before: &[&str], agents: u16, more: &[&str]) -> Self {
        let agents = agents.to_string();
        let options = [
            ["--secret", "default/hub", "--agent-secret", "default/agent"],
            ["--host", "hub.example", "--agents-namespace", "kube-system"],
        ];
        let options = [&options.concat()[..], &["--agents-port", &agents], more].concat();
        Self::start_as("admin", server, before, &options)
    }

    /// Starts it with the rights of a user, and `options`.
    pub(crate) fn start_as(user: &str, server: &Server, before: &[&str], options: &[&str]) -> Self {
        let served = Served::start("hub", user, server, before, options);
        served.wait_for("another certificate is shown");
        Self(served)
    }

    /// What it has counted.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.asks("/metrics");
        let line =
            text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
    }
}

/// Somebody who asks a hub.
pub(crate) struct Asker {
    pub(crate) authorities: PathBuf,
    pub(crate) token: PathBuf,
}

impl Asker {
    /// Who trusts the hub's authority, and shows a token.
    pub(crate) fn new(server: &Server, token: &str) -> Self {
        Self::of(server, "default", "hub", token)
    }

    /// Likewise, where the hub's Secret is this one.
    pub(crate) fn of(server: &Server, namespace: &str, secret: &str, token: &str) -> Self {
        let of = |name: &str, text: &[u8]| {
            let path = server.folder().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let authorities = of("hub-ca.crt", &server.secret_of(namespace, secret).authorities);
        Self { authorities, token: of(&format!("token-{token}"), token.as_bytes()) }
    }

    pub(crate) fn command(&self, hub: &Hub, arguments: &[&str]) -> Command {
        self.command_at(hub.port, arguments)
    }

    /// `sekisho observe`, of what is at this port.
    pub(crate) fn command_at(&self, port: u16, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command.args(["observe", "--hub", &format!("https://127.0.0.1:{port}")]);
        command
            .arg("--hub-ca")
            .arg(&self.authorities)
            .arg("--hub-token-file")
            .arg(&self.token)
            .args(arguments);
        command.env_remove("KUBECONFIG").stdin(Stdio::null());
        command
    }

    /// `sekisho observe`.
    pub(crate) fn observes(&self, hub: &Hub, arguments: &[&str]) -> Run {
        self.command(hub, arguments).output().unwrap().into()
    }

    /// How many connections it says there were to each port.
    pub(crate) fn counts(&self, hub: &Hub) -> BTreeMap<String, u64> {
        let run = self.observes(hub, &["-o", "jsonl"]);
        assert_eq!(run.code, Some(0), "{}\n{}", run.err, hub.logged());
        let mut counts = BTreeMap::new();
        for line in run.out.lines() {
            let flow: Value = serde_json::from_str(line).unwrap();
            let port = flow["carried"].as_str().unwrap().to_owned();
            *counts.entry(port).or_default() += flow["count"].as_u64().unwrap();
        }
        counts
    }
}

impl Server {
    /// What a Secret has.
    pub(crate) fn secret(&self, name: &str) -> Credentials {
        self.secret_of("default", name)
    }

    pub(crate) fn secret_of(&self, namespace: &str, name: &str) -> Credentials {
        let mut command = Command::new(self.kubectl());
        command
            .arg("--kubeconfig")
            .arg(self.config())
            .args(["get", "secret", name, "-n", namespace, "-o", "json"]);
        let secret: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        let of = |entry: &str| base64(secret["data"][entry].as_str().unwrap());
        Credentials { certificate: of("tls.crt"), key: of("tls.key"), authorities: of("ca.crt") }
    }
}

impl Server {
    /// Writes numbers into a Secret.
    pub(crate) fn patch_secret(&self, name: &str, entries: &[(&str, i64)]) {
        let entry = |(name, number): &(&str, i64)| ((*name).to_owned(), number.to_string().into());
        let entries: serde_json::Map<String, Value> = entries.iter().map(entry).collect();
        let patch = serde_json::json!({"stringData": entries}).to_string();
        let mut command = Command::new(self.kubectl());
        command.arg("--kubeconfig").arg(self.config()).args(["patch", "secret", name, "-n", "default"]);
        let patched = command.args(["--type", "merge", "-p", &patch]).output().unwrap();
        assert!(patched.status.success(), "{}", String::from_utf8_lossy(&patched.stderr));
    }
}

/// As Secrets are written (RFC 4648).
pub(crate) fn base64(text: &str) -> Vec<u8> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut bytes = Vec::new();
    for four in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = four.iter().fold(0_u32, |bits, letter| bits << 6 | u32::from(value(*letter)));
        let bits = bits << (6 * (4 - four.len()));
        bytes.extend(bits.to_be_bytes()[1..four.len()].iter());
    }
    bytes
}
