//! Following what flows, as hubs come and go.

use crate::{
    READS, cluster,
    forwarder::Forwarder,
    process::{Asker, Hub, until},
    started,
};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

/// How long a line is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who follows, and what he is told.
struct Follower {
    child: Child,
    rows: Receiver<String>,
    notes: Receiver<String>,
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    told
}

impl Follower {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self { child, rows: lines(out), notes: lines(err) }
    }

    /// The port and how many connections the next row tells of.
    fn row(&self) -> (String, u64) {
        let row: Value = serde_json::from_str(&self.rows.recv_timeout(PATIENCE).unwrap()).unwrap();
        (row["carried"].as_str().unwrap().to_owned(), row["count"].as_u64().unwrap())
    }

    /// Waits until a row tells of this port; the ports before it.
    fn until_row(&self, port: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            match self.row().0 {
                found if found == port => return before,
                other => before.push(other),
            }
        }
    }

    fn note(&self) -> String {
        self.notes.recv_timeout(PATIENCE).unwrap()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn who_follows_is_told_again_when_the_hub_is_there_again() {
    let Some((mut server, mut agents, port)) = cluster() else { return };
    server.apply_text(READS);
    let folder = server.folder().to_owned();
    let mut hub = Hub::start(&server, &[], &folder, port);
    started(&server, &hub, &mut agents);
    let reader = Asker::new(&server, "reader-token");
    until("whoever may is told", || reader.observes(&hub, &[]).code == Some(0));
    agents[0].called(7000, 2);
    until("it is kept", || reader.counts(&hub).len() == 1);
    let between = Forwarder::start(hub.port);
    let mut follower =
        Follower::start(reader.command_at(between.port, &["--follow", "-o", "jsonl", "--since", "1h"]));
    assert_eq!(follower.row(), ("TCP/7000".to_owned(), 2), "what is kept");
    agents[0].called(7001, 1);
    assert_eq!(follower.row(), ("TCP/7001".to_owned(), 1), "what comes");

    // Only the way to the hub breaks.
    between.leads_to(hub.port);
    let lost = follower.note();
    assert!(lost.contains("note: the hub is not heard any more, and asked again: "), "{lost}");
    let again = follower.note();
    assert!(again.contains("the hub is heard again; what it was told from 20"), "{again}");
    assert!(again.contains(" until now is in no row here: ask for it by `--since 20"), "{again}");
    until("it follows again", || hub.metric("sekisho_hub_followers") >= 1.0);
    agents[1].called(7002, 1);
    assert_eq!(follower.until_row("TCP/7002"), [""; 0], "nothing that is kept comes again");

    // The hub goes, and another comes.
    hub.kill();
    assert!(follower.note().contains("the hub is not heard any more"));
    // Why it is not heard may change while it is away.
    while follower.notes.recv_timeout(Duration::from_secs(2)).is_ok() {}
    let hub = Hub::start(&server, &[], &folder, port);
    between.leads_to(hub.port);
    let mut said = follower.note();
    while !said.contains("the hub is heard again") {
        said = follower.note();
    }
    until("agents are heard", || hub.metric("sekisho_hub_agents_connected") == 2.0);
    agents[0].called(7003, 1);
    assert_eq!(follower.until_row("TCP/7003"), [""; 0]);

    // He who is asked to end ends, also while there is no hub.
    between.leads_to(1);
    assert!(follower.note().contains("the hub is not heard any more"));
    let asked = Instant::now();
    Command::new("kill").args(["-INT", &follower.child.id().to_string()]).status().unwrap();
    follower.child.wait().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

/// Whoever asks for what is kept, and is not answered yet for nothing of it is meant, holds nobody up who writes.
#[test]
fn a_question_that_finds_nothing_holds_nothing_up() {
    let Some((mut server, mut agents, port)) = cluster() else { return };
    server.apply_text(READS);
    let folder = server.folder().to_owned();
    let hub = Hub::start(&server, &[], &folder, port);
    started(&server, &hub, &mut agents);
    let reader = Asker::new(&server, "reader-token");
    until("whoever may is told", || reader.observes(&hub, &[]).code == Some(0));
    let question = ["--follow", "-o", "jsonl", "--since", "1h", "--port", "TCP/7500"];
    let follower = Follower::start(reader.command_at(hub.port, &question));
    until("somebody follows", || hub.metric("sekisho_hub_followers") == 1.0);
    agents[0].called(7499, 1);
    agents[0].called(7500, 3);
    assert_eq!(follower.row(), ("TCP/7500".to_owned(), 3));
    // It was not away: whoever does not want what comes is told nothing.
    assert!(follower.notes.try_recv().is_err());
}

#[test]
fn who_may_not_is_told_so_and_not_asked_to_wait() {
    let Some((server, mut agents, port)) = cluster() else { return };
    let hub = Hub::start(&server, &[], server.folder(), port);
    started(&server, &hub, &mut agents);
    let run = Asker::new(&server, "nobodys").observes(&hub, &["--follow"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("the API server does not know the token (401 Unauthorized)"), "{}", run.err);
    let reader = Asker::new(&server, "reader-token");
    let run = reader.command_at(1, &["--follow"]).output().unwrap();
    assert_eq!(run.status.code(), Some(2), "a hub that was never heard");
    let refused = reader.observes(&hub, &["--follow", "examples"]);
    assert!(refused.err.contains("what the hub tells has names already"), "{}", refused.err);
}
