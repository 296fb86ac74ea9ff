//! A collector is told what flows, over a real connection.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sekisho_flow::{otlp::Teller, record::Flow};
use sekisho_history::export::{Collector, Counts, Exporter, Limits};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

/// A collector that answers with `answers`, one after another, each on a connection of its own; and what it was told.
fn collector(answers: Vec<&'static str>) -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = channel();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut from = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                from.read_line(&mut head).unwrap();
            }
            let length = head.to_lowercase().split("content-length: ").nth(1).unwrap().to_owned();
            let mut body = vec![0; length.lines().next().unwrap().trim().parse().unwrap()];
            from.read_exact(&mut body).unwrap();
            tell.send((head, String::from_utf8(body).unwrap())).unwrap();
            write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}")
                .unwrap();
        }
    });
    (url, told)
}

fn flows(count: usize) -> Vec<Flow> {
    let flows = proptest::collection::vec(sekisho_flow::testing::flow(), count);
    flows.new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

fn until(exporter: &Exporter, is: impl Fn(Counts) -> bool) -> Counts {
    let end = Instant::now() + Duration::from_secs(20);
    while !is(exporter.counts()) && Instant::now() < end {
        thread::sleep(Duration::from_millis(5));
    }
    exporter.counts()
}

#[test]
fn what_a_collector_cannot_take_now_it_is_told_again() {
    let (url, told) = collector(vec!["503 Busy\r\nRetry-After: 0", "200 OK", "400 Bad", "200 OK"]);
    let collector = Collector::new(&url).unwrap().authorized("Bearer 123").unwrap();
    let limits = Limits { waiting: 100, at_once: 4 };
    let exporter = Exporter::start(collector, Teller::default(), limits).unwrap();
    exporter.offer(flows(10));
    let counts = until(&exporter, |counts| counts.waiting == 0);
    assert_eq!(counts, Counts { sent: 6, refused: 4, ..Counts::default() });
    let told: Vec<(String, String)> = told.iter().take(4).collect();
    let sizes = told.iter().map(|(_, body)| body.matches("\"timeUnixNano\"").count());
    assert_eq!(sizes.collect::<Vec<_>>(), [4, 4, 4, 2]);
    assert_eq!(told.first().map(|(_, body)| body), told.get(1).map(|(_, body)| body), "the same again");
    for (head, _) in &told {
        assert!(head.starts_with("POST /v1/logs HTTP/1.1\r\n"), "{head}");
        assert!(head.to_lowercase().contains("content-type: application/json\r\n"), "{head}");
        assert!(head.contains("authorization: Bearer 123\r\n"), "{head}");
    }
}

#[test]
fn a_collector_that_is_away_keeps_nobody_waiting() {
    let collector = Collector::new("http://127.0.0.1:1/").unwrap();
    let exporter = Exporter::start(collector, Teller::default(), Limits { waiting: 5, at_once: 2 }).unwrap();
    exporter.offer(flows(8));
    let end = Instant::now() + Duration::from_secs(20);
    while exporter.trouble().is_none() && Instant::now() < end {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(
        exporter.trouble().unwrap().starts_with("the server cannot be heard: "),
        "{:?}",
        exporter.trouble()
    );
    assert_eq!(exporter.counts(), Counts { dropped: 3, waiting: 5, ..Counts::default() });
    let began = Instant::now();
    drop(exporter);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[test]
fn what_waits_is_sent_when_nothing_more_comes() {
    let (url, told) = collector(vec!["200 OK", "200 OK"]);
    let limits = Limits { waiting: 100, at_once: 4 };
    let exporter = Exporter::start(Collector::new(&url).unwrap(), Teller::default(), limits).unwrap();
    exporter.offer(flows(8));
    drop(exporter);
    assert_eq!(told.iter().count(), 2);
}

#[test]
fn what_is_no_address_is_told() {
    let error = Collector::new("collector:4318").unwrap_err().to_string();
    assert_eq!(error, "`collector:4318/v1/logs` is no address of a server: write it as `https://name:port`");
    let error = Collector::new("http://127.0.0.1:1").unwrap().authorized("a\nb").unwrap_err().to_string();
    assert_eq!(error, "what `authorization` is to say has letters that no header may have");
}
