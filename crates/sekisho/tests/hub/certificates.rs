//! Certificates, as they are replaced.

use crate::{
    READS, address, cluster, pod,
    process::{Asker, Hub, until},
    server::Server,
    started,
};
use std::{
    fs,
    io::{BufRead, BufReader},
    process::Stdio,
    thread,
    time::Duration,
};

/// The hub replaces its certificate and that of the agents before they expire.
#[test]
fn certificates_are_replaced() {
    let Some((server, mut agents, port)) = cluster() else { return };
    let history = server.folder().join("flows.db");
    let port = port.to_string();
    let options =
        ["--secret", "default/hub", "--agent-secret", "default/agent", "--certificate-lifetime", "12"];
    let options = [&options[..], &["--agents-port", &port, "--history", history.to_str().unwrap()]].concat();
    let hub = Hub::start_as("admin", &server, &[], &options);
    started(&server, &hub, &mut agents);
    let first = [server.secret("hub"), server.secret("agent")];
    until("both are replaced", || {
        server.secret("hub").certificate != first[0].certificate
            && server.secret("agent").certificate != first[1].certificate
    });
    let second = server.secret("agent");
    assert_eq!(second.authorities, first[1].authorities, "the authority lasts");
    // Longer than the first ones were valid, an agent that shows the second is heard.
    thread::sleep(Duration::from_secs(6));
    agents[0].kill();
    agents[0].start(&server.secret("agent"));
    agents[0].called(80, 3);
    until("it is heard", || hub.metric("sekisho_hub_batches_total") == 1.0);
}

/// When the authority is near its end another takes its place: who has the new Secret goes on, and who has not yet.
#[test]
fn another_authority_takes_the_place_of_the_first() {
    let Some((mut server, mut agents, port)) = cluster() else { return };
    server.apply_text(READS);
    let history = server.folder().join("flows.db");
    // Looked at every six seconds; for twenty more what the first has signed is shown.
    let lasts = ["--history", history.to_str().unwrap(), "--certificate-lifetime", "120"];
    let hub = Hub::start_with(&server, &[], port, &lasts);
    started(&server, &hub, &mut agents);
    let reader = Asker::new(&server, "reader-token");
    until("whoever may is told", || reader.observes(&hub, &[]).code == Some(0));
    let mut follower = reader.command(&hub, &["--follow", "-o", "jsonl"]);
    let mut follower = follower.stdout(Stdio::piped()).spawn().unwrap();
    let mut rows = BufReader::new(follower.stdout.take().unwrap()).lines();
    until("somebody follows", || hub.metric("sekisho_hub_followers") == 1.0);
    let first = server.secret("hub");
    let expiry = || hub.metric("sekisho_hub_certificate_expiry_timestamp_seconds");
    let shown = expiry();

    // Less than two lifetimes are left to the authority, and the certificate is due.
    let now = jiff::Timestamp::now().as_second();
    server.patch_secret("hub", &[("ca.until", now + 200), ("tls.until", now)]);
    until("another authority signs", || server.secret("hub").authorities != first.authorities);
    let second = server.secret("hub");
    let count = |text: &[u8]| String::from_utf8_lossy(text).matches("BEGIN CERTIFICATE").count();
    assert_eq!((count(&first.authorities), count(&second.authorities)), (1, 2));
    assert_eq!(server.secret("agent").authorities, second.authorities, "told before it is shown");

    // An agent that has not the new Secret yet lets the hub in, as whoever has not asks it.
    let refused = "sekisho_hub_broken_connections_total{why=\"certificate\"}";
    let before = hub.metric(refused);
    comes_again(&mut server, &hub, 1);
    assert_eq!((hub.metric(refused), expiry()), (before, shown));
    agents[1].called(7001, 2);
    assert!(rows.next().unwrap().unwrap().contains("TCP/7001"));
    assert_eq!(reader.observes(&hub, &[]).code, Some(0));

    // One that has it lets in both.
    agents[0].shows(&server.secret("agent"));
    comes_again(&mut server, &hub, 0);
    until("what the new authority signed is shown", || expiry() > shown);
    agents[1].shows(&server.secret("agent"));
    (0..2).for_each(|at| comes_again(&mut server, &hub, at));
    assert_eq!(hub.metric(refused), before);
    agents[0].called(7002, 4);
    assert!(rows.next().unwrap().unwrap().contains("TCP/7002"), "whoever is connected goes on");

    // Whoever asks anew needs to know the new authority by now; one file has both.
    assert!(reader.observes(&hub, &[]).err.contains("whoever answers is not known"));
    fs::write(&reader.authorities, &second.authorities).unwrap();
    let counts = reader.counts(&hub);
    assert_eq!((counts["TCP/7001"], counts["TCP/7002"]), (2, 4));
    assert!(!reader.observes(&hub, &[]).err.contains("in no record"), "nothing is lost");
    follower.kill().unwrap();
    follower.wait().unwrap();
}

/// Has the hub connect to an agent anew.
fn comes_again(server: &mut Server, hub: &Hub, at: usize) {
    let pod = pod(&format!("agent-{at}"), &format!("node-{at}"), address(at));
    server.delete_text(&pod);
    until("one agent is left", || hub.metric("sekisho_hub_agents_connected") == 1.0);
    server.apply_text(&pod);
    until("it is heard again", || hub.metric("sekisho_hub_agents_connected") == 2.0);
}
