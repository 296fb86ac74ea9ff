//! Others who are told, and a ClickHouse that keeps.

use crate::{server::skipped, support::root};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
};

/// A server that takes everything, and what it was told.
pub(crate) fn takes_everything() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut from = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                from.read_line(&mut head).unwrap();
            }
            let lower = head.to_lowercase();
            let length = lower.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
            let mut body = vec![0; length.trim().parse().unwrap()];
            from.read_exact(&mut body).unwrap();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}").unwrap();
            if tell.send(serde_json::from_slice(&body).unwrap()).is_err() {
                return;
            }
        }
    });
    (url, told)
}

/// ClickHouse's engine, and its address.
pub(crate) struct ClickHouse {
    child: Child,
    pub(crate) url: String,
}

impl ClickHouse {
    /// Starts it, with its files in `folder`; `None`, and says so, where it cannot be had.
    pub(crate) fn start(folder: &Path) -> Option<Self> {
        let root = root();
        let installed =
            Command::new(root.join("scripts/clickhouse")).stderr(Stdio::inherit()).output().unwrap();
        if !installed.status.success() {
            eprintln!(
                "NOT TESTED: a hub with a ClickHouse, for its engine cannot be had (scripts/clickhouse says why)"
            );
            return None;
        }
        let mut child = Command::new(String::from_utf8(installed.stdout).unwrap().trim())
            .arg(root.join("tests/clickhouse/server.py"))
            .arg(folder.join("clickhouse"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Some(Self { child, url: format!("http://127.0.0.1:{}", port.trim()) })
    }
}

impl Drop for ClickHouse {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The alerts about the hub name metrics that it has: those in its documentation, which a running hub is held against.
#[test]
fn alerts_name_metrics_that_are_there_and_fire_when_they_should() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let (rules, documentation) = (read("deploy/prometheus/hub.yaml"), read("docs/hub.md"));
    let is_other = |letter: char| !letter.is_ascii_alphanumeric() && letter != '_';
    let named: BTreeSet<&str> =
        rules.split(is_other).filter(|word| word.starts_with("sekisho_hub_")).collect();
    assert!(named.len() > 5, "{named:?}");
    for metric in named {
        assert!(documentation.contains(&format!("| `{metric}` |")), "{metric}");
    }
    let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    for alert in alerts {
        assert!(documentation.contains(&format!("`{alert}`")), "{alert}");
    }
    let built = root().join(".tools/bin/promtool");
    let program = if built.exists() { built } else { "promtool".into() };
    let run = Command::new(program)
        .args(["test", "rules", "deploy/prometheus/hub-tests.yaml"])
        .current_dir(root())
        .output();
    match run {
        Ok(run) => assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout)),
        Err(_) => skipped("promtool is not installed, so no alert about the hub is tried"),
    }
}
