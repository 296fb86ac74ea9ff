//! What the program serves, as a process: its ports, its log, and what it answers to anybody.

use crate::server::Server;
use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long something may take on a machine that does other work as well.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that ends with this.
pub(crate) struct Served {
    child: Child,
    log: PathBuf,
    pub(crate) port: u16,
    plain: u16,
}

impl Served {
    /// Starts `sekisho serve` with this verb behind `before`, a command that becomes what follows it, with the rights of a user
    /// at the API server; waits until it listens.
    pub(crate) fn start(verb: &str, user: &str, server: &Server, before: &[&str], options: &[&str]) -> Self {
        let there = fs::read_dir(server.folder()).unwrap().count();
        let log = server.folder().join(format!("{verb}-{there}.log"));
        let words: Vec<&str> = before.iter().copied().chain([env!("CARGO_BIN_EXE_sekisho")]).collect();
        let child = Command::new(words[0])
            .args(&words[1..])
            .args(["serve", verb, "--listen", "127.0.0.1:0", "--plain", "127.0.0.1:0", "--context", user])
            .args(["--log", "debug", "--kubeconfig"])
            .arg(server.config())
            .args(options)
            .current_dir(server.folder())
            .stderr(fs::File::create(&log).unwrap())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut served = Self { child, log, port: 0, plain: 0 };
        let line: Value = serde_json::from_str(&served.wait_for("\"listening\"")).unwrap();
        let port = |key: &str| line[key].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
        (served.port, served.plain) = (port("secured"), port("plain"));
        served
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
        write!(stream, "GET {path} HTTP/1.1\r\nHost: served\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
