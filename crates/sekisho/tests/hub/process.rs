//! The hub as a process, and those who ask it.

use crate::{ran::Run, server::Server};
use sekisho_tls::Credentials;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long something may take on a machine that does other work as well.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Hub {
    child: Child,
    log: PathBuf,
    pub(crate) port: u16,
    plain: u16,
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
        let log = server.folder().join(format!("hub-{}.log", fs::read_dir(server.folder()).unwrap().count()));
        let words: Vec<&str> = before.iter().copied().chain([env!("CARGO_BIN_EXE_sekisho")]).collect();
        let child = Command::new(words[0])
            .args(&words[1..])
            .args(["serve", "hub", "--listen", "127.0.0.1:0", "--plain", "127.0.0.1:0", "--context", user])
            .args(["--log", "debug", "--kubeconfig"])
            .arg(server.config())
            .args(options)
            .current_dir(server.folder())
            .stderr(fs::File::create(&log).unwrap())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut hub = Self { child, log, port: 0, plain: 0 };
        let line: Value = serde_json::from_str(&hub.wait_for("\"listening\"")).unwrap();
        let port = |key: &str| line[key].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
        (hub.port, hub.plain) = (port("secured"), port("plain"));
        hub.wait_for("another certificate is shown");
        hub
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, as the kernel does that is out of memory.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn logged(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// The line of the log that says so, as soon as there is one.
    pub(crate) fn wait_for(&self, said: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let log = self.logged();
            if let Some(line) = log.lines().find(|line| line.contains(said)) {
                return line.to_owned();
            }
            assert!(Instant::now() < end, "`{said}` is not in {log}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// What it answers without TLS.
    pub(crate) fn asks(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.plain)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// What it has counted.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.asks("/metrics");
        let line =
            text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command.args(["observe", "--hub", &format!("https://127.0.0.1:{}", hub.port)]);
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
