//! Records of flows as text.
#![allow(clippy::unwrap_used)]

use proptest::{collection::vec, prelude::*};
use sekisho_core::testing::config;
use sekisho_flow::{
    merge::{merge, merge_windows},
    record::Flow,
    testing::flow,
    text::{self, Flows, ReadError, read_line},
};
use std::io::BufReader;

const LINE: &str = include_str!("fixtures/flow.jsonl");

fn read(text: &str) -> Vec<Result<Flow, String>> {
    Flows::new(text.as_bytes()).map(|read| read.map_err(|error| error.to_string())).collect()
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn what_is_written_is_read(flows in vec(flow(), 0..4)) {
        let mut written = Vec::new();
        flows.iter().try_for_each(|flow| text::write(&mut written, flow)).unwrap();
        let lines: String = flows.iter().map(|flow| text::line(flow) + "\n").collect();
        prop_assert_eq!(std::str::from_utf8(&written).unwrap(), &lines);
        let read: Vec<Flow> = Flows::new(BufReader::with_capacity(7, &written[..])).map(Result::unwrap).collect();
        prop_assert_eq!(read, flows);
    }

    #[test]
    fn it_does_not_matter_in_which_order_flows_are_joined(flows in vec(flow(), 0..6)) {
        // Twice each, so that there is something to join.
        let twice = || flows.iter().chain(&flows).cloned();
        let merged = merge(twice());
        prop_assert_eq!(&merge(twice().rev()), &merged);
        prop_assert_eq!(&merge(merged.clone()), &merged);
        let total = |flows: &[Flow]| flows.iter().map(|flow| flow.seen.count).sum::<u64>();
        prop_assert_eq!(total(&merged), 2 * total(&flows));
        let whole = merge_windows(twice());
        prop_assert_eq!(&merge_windows(merged.clone()), &whole);
        prop_assert_eq!(total(&whole), 2 * total(&flows));
    }

    #[test]
    fn no_text_stops_the_reader(bytes in vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>()) {
        let _ = Flows::new(&bytes[..]).count();
        let mut line = LINE.as_bytes().to_vec();
        let at = at.index(line.len());
        line.splice(at..at, bytes.iter().take(3).copied());
        let _ = Flows::new(&line[..]).count();
    }
}

#[test]
fn the_text_stays_as_it_is() {
    let flows: Vec<Flow> = read(LINE).into_iter().map(Result::unwrap).collect();
    let written: String = flows.iter().map(|flow| text::line(flow) + "\n").collect();
    assert_eq!(written, LINE);
    let said: Vec<String> =
        flows.iter().map(|flow| format!("{}: {}x; {}", flow.key, flow.seen.count, flow.key.leave)).collect();
    assert_eq!(
        said,
        [
            "trading/trading-bff -> ledger/ledger TCP/50051 denied: 3x; egress: not isolated; \
         ingress: no rule of ledger/baseline, ledger/ledger allows it",
            "wallet/wallet-backend -> api.example.com (203.0.113.7/32) TCP/443 allowed: 12x; egress: allowed by \
         wallet/baseline spec.egress[0]; ingress: not a pod",
            "a node -> wallet/wallet-bff TCP/8080 allowed: 1x; egress: unknown; ingress: allowed by \
         CiliumClusterwideNetworkPolicy health, wallet/wallet-bff",
            "anyone -> service market-data/market-data any audited: 7x; egress: unknown; ingress: denied by \
         ClusterNetworkPolicy/quarantine spec.ingress[1].from[0] of the Admin tier",
        ]
    );
}

#[test]
fn fields_that_are_not_known_are_passed_over() {
    let first = LINE.lines().next().unwrap();
    let more = first.replacen('{', "{\"weather\":[{}],", 1).replacen("\"nodes\":{", "\"nodes\":{\"x\":1,", 1);
    assert_ne!(more, first);
    assert_eq!(read(&more), read(first));
}

#[test]
fn a_wrong_line_says_where_and_what_and_the_next_is_read() {
    let first = LINE.lines().next().unwrap();
    let wrong = |from: &str, to: &str| {
        let line = first.replacen(from, to, 1);
        assert_ne!(line, first, "{from}");
        let read = read(&format!("\n{line}\n{first}\n"));
        assert!(read[1].is_ok());
        read[0].clone().unwrap_err()
    };
    let said = [
        wrong("TCP/50051", "TPC/50051"),
        wrong("\"denied\"", "\"refused\""),
        wrong("\"count\":3", "\"count\":-3"),
        wrong("\"count\":3", "\"count\":0"),
        wrong("\"count\":3,", ""),
        wrong("sekisho.flow/1", "sekisho.flow/2"),
        wrong("\"to\":\"2026-11-27T10:01:00Z\"", "\"to\":\"2026-11-27T10:00:00Z\""),
        wrong("2026-11-27T10:00:00Z", "yesterday"),
        wrong("2026-11-27T10:00:41.5Z", "2026-11-27T09:00:41.5Z"),
        wrong("{\"version\"", "{\"version"),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_version_to_come_is_named_even_where_nothing_else_is_understood() {
    let error = read_line(7, br#"{"version":"sekisho.flow/9","flows":[]}"#).unwrap_err();
    assert_eq!(
        (error.line, error.message.as_str()),
        (7, "version `sekisho.flow/9` is none that is read here")
    );
    let error = read_line(1, b"[1]").unwrap_err();
    assert!(error.help.is_none(), "{error}");
}

#[test]
fn a_line_without_end_is_told_and_passed_over() {
    let text = format!("{}\n{LINE}", "x".repeat(text::MOST_LINE + 1));
    let read = read(&text);
    assert_eq!(read.len(), 5);
    let error = read[0].clone().unwrap_err();
    assert!(error.starts_with("1:1: the line is longer than 1048576 bytes"), "{error}");
}

#[test]
fn a_stream_that_fails_ends() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let mut flows = Flows::new(BufReader::new(Broken));
    assert!(matches!(flows.next(), Some(Err(ReadError::Io(_)))));
    assert!(flows.next().is_none());
}
