//! Alertmanager is told, and a webhook: over real connections.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what must hold")]

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sekisho_core::testing::skipped;
use sekisho_flow::{
    Timestamp,
    record::{Flow, Outcome},
    testing::flow,
};
use sekisho_history::alert::{Alert, Limits, Notifier, Receiver, Sender, Watch};
use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Alerts of flows of any form, with the names that pods may have and others.
fn alerts(now: Timestamp) -> Vec<Alert> {
    let mut watch = Watch::new(Limits::default());
    let flows = proptest::collection::vec(flow(), 60);
    let flows: Vec<Flow> = flows.new_tree(&mut TestRunner::deterministic()).unwrap().current();
    let told = flows.into_iter().flat_map(|mut flow| {
        flow.key.outcome = Outcome::Denied;
        (flow.seen.first, flow.seen.last) = (now, now);
        watch.saw(&flow)
    });
    told.collect()
}

struct Alertmanager {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Alertmanager {
    fn start() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/alertmanager");
        let installed = Command::new(script).stderr(Stdio::inherit()).output().unwrap();
        if !installed.status.success() {
            skipped("what Alertmanager is told, for it cannot be had (scripts/alertmanager says why)");
            return None;
        }
        let program = String::from_utf8(installed.stdout).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("alertmanager.yml");
        fs::write(&config, "route: {receiver: none}\nreceivers: [{name: none}]\n").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(program.trim())
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.path().display()))
            .arg(format!("--web.listen-address={port}"))
            .arg("--cluster.listen-address=")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, address: port.to_string(), _folder: folder };
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(&server.address).is_err() {
            assert!(Instant::now() < end, "Alertmanager does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }

    /// The alerts that it has.
    fn alerts(&self) -> Vec<Value> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET /api/v2/alerts HTTP/1.0\r\nHost: test\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn alertmanager_has_what_is_told_until_it_is_over() {
    let Some(server) = Alertmanager::start() else { return };
    let now = Timestamp::now();
    let mut alerts = alerts(now);
    assert!(alerts.len() > 20, "{}", alerts.len());
    let (sender, receiver) =
        (Sender::new().unwrap(), Receiver::alertmanager(&format!("http://{}", server.address)).unwrap());
    assert!(receiver.wants_again());
    sender.send(&receiver, &alerts, "https://hub.example.com/", now).unwrap();
    // Told again, they are the same.
    sender.send(&receiver, &alerts, "https://hub.example.com/", now).unwrap();
    let has = server.alerts();
    assert_eq!(has.len(), alerts.len());
    let first = has.iter().find(|one| one["labels"]["to"] == alerts[0].labels["to"].as_str()).unwrap();
    assert_eq!(first["labels"]["alertname"], "SekishoNewDenial");
    assert!(first["annotations"]["summary"].as_str().unwrap().contains(" is denied, and was not in "));
    // What is over it has no more.
    let over = alerts.iter_mut().take(5);
    over.for_each(|alert| alert.ends = Some(now));
    sender.send(&receiver, &alerts[..5], "", now).unwrap();
    assert_eq!(server.alerts().len(), alerts.len() - 5);
}

#[test]
fn who_cannot_be_told_is_told_when_he_is_there() {
    let Some(server) = Alertmanager::start() else { return };
    let now = Timestamp::now();
    let alerts = alerts(now);
    let notify = |url: &str| {
        let receiver = Receiver::alertmanager(url).unwrap();
        Notifier::start(receiver, String::new(), Timestamp::now).unwrap()
    };
    let until = |what: &dyn Fn() -> bool| {
        let end = Instant::now() + Duration::from_secs(20);
        while !what() {
            assert!(Instant::now() < end, "not in time");
            thread::sleep(Duration::from_millis(10));
        }
    };
    let notifier = notify(&format!("http://{}", server.address));
    notifier.tell(&alerts, alerts.clone());
    until(&|| notifier.told().sent > 0);
    assert_eq!((server.alerts().len(), notifier.trouble()), (alerts.len(), None));
    let over: Vec<Alert> = alerts.iter().cloned().map(|alert| Alert { ends: Some(now), ..alert }).collect();
    notifier.tell(&over, Vec::new());
    until(&|| server.alerts().is_empty());

    let away = notify("http://127.0.0.1:1");
    away.tell(&alerts, alerts.clone());
    until(&|| away.told().failures > 0);
    assert!(away.trouble().unwrap().starts_with("the server cannot be heard: "), "{:?}", away.trouble());
    let began = Instant::now();
    drop(away);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[test]
fn a_webhook_is_told_and_what_it_refuses_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?a=b", listener.local_addr().unwrap());
    let told = thread::spawn(move || {
        let answers = ["204 No Content\r\n\r\n", "403 Forbidden\r\nContent-Length: 8\r\n\r\nnot you\n"];
        answers.map(|answer| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut text = String::new();
            let mut buffer = [0; 65_536];
            while !text.ends_with('}') {
                let read = stream.read(&mut buffer).unwrap();
                text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            }
            write!(stream, "HTTP/1.1 {}", answer.replacen("\r\n", "\r\nConnection: close\r\n", 1)).unwrap();
            text
        })
    });
    let now = Timestamp::now();
    let (sender, alerts) = (Sender::new().unwrap(), &alerts(now)[..1]);
    let receiver = Receiver::webhook(&url).unwrap().authorized("Bearer 123").unwrap();
    assert!(!receiver.wants_again());
    sender.send(&receiver, &[], "", now).unwrap();
    sender.send(&receiver, alerts, "", now).unwrap();
    let refused = sender.send(&receiver, alerts, "", now).unwrap_err();
    assert_eq!(refused.to_string(), "the receiver answers 403: not you");
    let told = told.join().unwrap();
    assert!(told[0].starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{}", told[0]);
    assert!(told[0].contains("authorization: Bearer 123\r\n"), "{}", told[0]);
    let body: Value = serde_json::from_str(told[0].split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(
        (&body["version"], &body["alerts"][0]["status"]),
        (&"sekisho.alerts/1".into(), &"firing".into())
    );
    assert_eq!(body["alerts"][0]["fingerprint"], alerts[0].fingerprint());
}
