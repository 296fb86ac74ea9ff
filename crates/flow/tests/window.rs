//! Windows count everything, in bounded memory.
#![allow(clippy::unwrap_used)]

use proptest::{collection::vec, prelude::*};
use sekisho_core::{
    object::{Direction, ObjectKey, Workload},
    set::{Cidr, Protocol},
    testing::config,
};
use sekisho_flow::{
    Timestamp,
    attribution::Sighting,
    merge::merge_windows,
    record::{Carried, End, Flow, Key, Leave, Observer, Outcome, Seen, WorkloadEnd},
    testing::{flow_key, seen},
    window::{Closed, Limits, Windows},
};
use std::{collections::BTreeMap, net::IpAddr, num::NonZeroU32, sync::Arc};

const MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_773_600 + second).unwrap()
}

fn workload(name: &str) -> End {
    let workload = Workload { key: ObjectKey::new("trading", name), kind: "Deployment".into() };
    End::Workload(WorkloadEnd { workload, labels: [("app", name)].into_iter().collect() })
}

fn key(from: End, to: End, port: u16) -> Key {
    Key {
        from,
        to,
        carried: Carried::Port(Protocol::Tcp, port),
        outcome: Outcome::Allowed,
        leave: Leave::default(),
        observer: Observer::Agent,
        side: Some(Direction::Egress),
    }
}

fn at(key: Key, moment: i64) -> Sighting {
    Sighting { key, seen: Seen::at(second(moment), 1) }
}

fn told(closed: &Closed) -> Vec<String> {
    closed.flows.iter().map(|flow| format!("{} {}x", flow.key, flow.seen.count)).collect()
}

fn total(closed: &[Closed]) -> u64 {
    closed.iter().flat_map(|closed| &closed.flows).map(|flow| flow.seen.count).sum()
}

#[test]
fn windows_are_aligned_and_closed_in_order() {
    let mut windows = Windows::new(MINUTE, Limits::default());
    let bff = || key(workload("bff"), workload("backend"), 9090);
    assert_eq!(windows.advance(second(30)), None);
    windows.add(at(bff(), 31));
    windows.add(at(bff(), 59));
    // Late, and by a clock that is ahead.
    windows.add(at(bff(), -5));
    windows.add(at(bff(), 60));
    assert_eq!(windows.advance(second(59)), None);
    assert_eq!(windows.advance(second(-300)), None, "time that goes back changes nothing");
    let so_far = windows.so_far();
    let first = windows.advance(second(60)).unwrap();
    assert_eq!(so_far, first.flows);
    assert!(windows.so_far().is_empty());
    assert_eq!((first.window.from(), first.window.to()), (second(0), second(60)));
    assert_eq!(told(&first), ["trading/bff -> trading/backend TCP/9090 allowed 4x"]);
    assert_eq!((first.astray, first.lost), (2, 0));
    assert_eq!(first.flows[0].seen.first, second(-5));
    // Nothing was seen for some windows: they are not told of.
    assert_eq!(windows.advance(second(1000)), None);
    assert_eq!(windows.open().unwrap().from(), second(960));
    windows.add(at(bff(), 1001));
    let last = windows.close().unwrap();
    assert_eq!((last.window.from(), last.astray), (second(960), 0));
    assert_eq!(windows.close(), None);
}

#[test]
fn a_recording_tells_the_time_itself() {
    let mut windows = Windows::new(MINUTE, Limits::default());
    let moments = [5, 59, 61, 50, 185];
    let closed: Vec<_> = moments
        .into_iter()
        .filter_map(|moment| windows.replay(at(key(workload("a"), workload("b"), 80), moment)))
        .collect();
    let froms: Vec<_> =
        closed.iter().map(|closed| (closed.window.from(), closed.flows[0].seen.count)).collect();
    assert_eq!(froms, [(second(0), 2), (second(60), 2)]);
    assert_eq!(windows.close().unwrap().window.from(), second(180));
}

#[test]
fn windows_before_the_epoch_and_at_the_end_of_time_are_windows() {
    for moment in [Timestamp::MIN, Timestamp::new(-1, -500_000_000).unwrap(), Timestamp::MAX] {
        let mut windows = Windows::new(MINUTE, Limits::default());
        windows.add(Sighting { key: key(workload("a"), End::Anyone, 80), seen: Seen::at(moment, 1) });
        assert_eq!(windows.close().map(|closed| closed.flows.len()), Some(1), "{moment}");
    }
}

/// A window with room for `keys`, and what came of sightings in it.
fn counted(keys: usize, sightings: impl IntoIterator<Item = Key>) -> Closed {
    let mut windows = Windows::new(MINUTE, Limits { keys, ..Limits::default() });
    sightings.into_iter().for_each(|key| windows.add(at(key, 0)));
    windows.close().unwrap()
}

#[test]
fn what_is_too_much_is_folded_step_by_step() {
    let to =
        |address: [u8; 4], port| key(workload("bff"), End::external(Cidr::host(IpAddr::from(address))), port);
    let scan = (0..=255_u8).flat_map(|host| [443, 80].map(|port| to([203, 0, 113, host], port)));
    assert_eq!(
        told(&counted(16, scan)),
        [
            "trading/bff -> 203.0.113.0/24 TCP/80 allowed 248x",
            "trading/bff -> 203.0.113.0/24 TCP/443 allowed 248x",
        ]
        .into_iter()
        .map(String::from)
        .chain((0..8).flat_map(|host| {
            [80, 443].map(|port| format!("trading/bff -> 203.0.113.{host}/32 TCP/{port} allowed 1x"))
        }))
        .collect::<Vec<_>>()
    );

    let ports = (1..=100).map(|port| to([203, 0, 113, 7], port));
    let closed = told(&counted(16, ports));
    assert_eq!(closed.len(), 16 + 2 + 1);
    assert!(closed.contains(&"trading/bff -> 203.0.113.0/24 TCP allowed 82x".to_owned()), "{closed:?}");

    let nets = (0..100).map(|net| to([198, net, 0, 1], 443));
    let closed = told(&counted(16, nets));
    assert_eq!(closed.len(), 16 + 2 + 2 + 1);
    assert!(closed.contains(&"trading/bff -> 0.0.0.0/0 TCP allowed 80x".to_owned()), "{closed:?}");

    let workloads = (0..100).map(|number| key(workload("bff"), workload(&format!("w{number}")), 443));
    let closed = told(&counted(16, workloads));
    assert_eq!(closed.len(), 16 + 2 + 2 + 2 + 1);
    assert!(closed.contains(&"trading/bff -> anyone any allowed 78x".to_owned()), "{closed:?}");
}

#[test]
fn an_allowance_without_room_is_lost_and_a_denial_is_not() {
    let of = |outcome| {
        move |number: u32| Key {
            outcome,
            ..key(workload(&format!("w{number}")), workload(&format!("v{number}")), 443)
        }
    };
    let closed = counted(16, (0..100).map(of(Outcome::Allowed)));
    assert_eq!((total(std::slice::from_ref(&closed)), closed.lost), (24, 76));
    let closed = counted(16, (0..100).map(of(Outcome::Denied)));
    assert_eq!((total(std::slice::from_ref(&closed)), closed.lost), (100, 0));
    let told = told(&closed);
    assert_eq!(told.len(), 16 + 2 + 2 + 2 + 2 + 1);
    assert!(told.contains(&"anyone -> anyone any denied 76x".to_owned()), "{told:?}");
    // Allowances that fill everything leave room for denials.
    let both = (0..100).map(of(Outcome::Allowed)).chain((0..2).map(of(Outcome::Denied)));
    let closed = counted(16, both);
    let denied: Vec<_> = closed.flows.iter().filter(|flow| flow.key.outcome == Outcome::Denied).collect();
    let by: Vec<String> = denied.iter().map(|flow| flow.key.from.to_string()).collect();
    assert_eq!(by, ["trading/w0", "trading/w1"]);
}

#[test]
fn long_texts_do_not_fill_the_memory() {
    let long = |number: u32| workload(&format!("{number}{}", "x".repeat(100_000)));
    let mut windows = Windows::new(MINUTE, Limits { keys: 1000, bytes: 1_000_000 });
    for number in 0..100 {
        windows.add(at(key(long(number), End::Anyone, 80), 0));
    }
    assert!(windows.held() < 10, "{}", windows.held());
    let mut windows = Windows::new(MINUTE, Limits { keys: 1000, bytes: 10_000 });
    for number in 0..100 {
        let mut sighting = at(key(workload("a"), workload(&format!("b{number}")), 80), 0);
        sighting.seen.from_pods.insert(format!("pod-{number}-{}", "x".repeat(200)).into());
        sighting.seen.to_pods.insert("x".repeat(1_000_000).into());
        windows.add(sighting);
    }
    let closed = windows.close().unwrap();
    assert_eq!(total(std::slice::from_ref(&closed)) + closed.lost, 100);
    let names =
        closed.flows.iter().flat_map(|flow| flow.seen.from_pods.iter().chain(flow.seen.to_pods.iter()));
    assert!(names.map(|name| name.len()).sum::<usize>() < 10_000);
    assert!(closed.flows.iter().all(|flow| flow.seen.to_pods.has_more()));
}

fn by_denier(flows: impl Iterator<Item = (Key, u64)>) -> BTreeMap<(Option<WorkloadEnd>, Direction), u64> {
    let mut counts = BTreeMap::new();
    for (key, count) in flows {
        if let Some((end, direction)) = key.refused_by() {
            *counts.entry((end.workload().cloned(), direction)).or_default() += count;
        }
    }
    counts
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn what_comes_in_comes_out(
        sightings in vec((flow_key(), seen()), 0..60),
        keys in 0..30_usize,
        bytes in prop_oneof![Just(usize::MAX), 0..5_000_usize],
        seconds in 1..2_000_u32,
    ) {
        let mut windows = Windows::new(seconds.try_into().unwrap(), Limits { keys, bytes });
        let mut closed = Vec::new();
        for (key, seen) in &sightings {
            closed.extend(windows.replay(Sighting { key: key.clone(), seen: seen.clone() }));
            prop_assert!(windows.held() <= keys + 5 * (keys / 8) + 36);
        }
        closed.extend(windows.close());
        let of = |forbidden: bool| {
            let of = sightings.iter().filter(move |(key, _)| key.outcome.is_forbidden() == forbidden);
            of.map(|(_, seen)| seen.count).sum::<u64>()
        };
        let flows = || closed.iter().flat_map(|closed| &closed.flows);
        let out = |forbidden: bool| {
            let of = flows().filter(move |flow| flow.key.outcome.is_forbidden() == forbidden);
            of.map(|flow| flow.seen.count).sum::<u64>()
        };
        let lost: u64 = closed.iter().map(|closed| closed.lost).sum();
        prop_assert_eq!(out(true), of(true), "no denial is lost");
        prop_assert_eq!(out(false) + lost, of(false));
        let spans: Vec<_> = closed.iter().map(|closed| closed.window).collect();
        prop_assert!(spans.windows(2).all(|pair| pair[0].to() <= pair[1].from()));
        for closed in &closed {
            prop_assert_eq!(closed.window.from().as_second().rem_euclid(seconds.into()), 0);
            prop_assert!(closed.flows.is_sorted());
        }
    }

    #[test]
    fn with_room_nothing_is_folded(sightings in vec((flow_key(), seen()), 0..40)) {
        let mut windows = Windows::new(MINUTE, Limits::default());
        let mut closed = Vec::new();
        for (key, seen) in &sightings {
            closed.extend(windows.replay(Sighting { key: key.clone(), seen: seen.clone() }));
        }
        closed.extend(windows.close());
        let window = sekisho_flow::record::Window::new(second(0), second(1)).unwrap();
        let whole = |flows: Vec<Flow>| merge_windows(flows).into_iter().map(|flow| (flow.key, flow.seen)).map(|(key, seen)| (key, Seen { nearest: None, ..seen })).collect::<Vec<_>>();
        let flows = closed.into_iter().flat_map(|closed| closed.flows).collect();
        let plain = sightings.into_iter().map(|(key, seen)| Flow { window, key, seen }).collect();
        prop_assert_eq!(whole(flows), whole(plain));
    }

    #[test]
    fn denials_are_told_by_workload_as_long_as_there_is_room_for_those(
        sightings in vec((flow_key(), 1..5_u64), 0..60),
    ) {
        // Random keys have few workloads, and 64 / 8 of them have room.
        let mut windows = Windows::new(MINUTE, Limits { keys: 8 * 64, ..Limits::default() });
        for (key, count) in &sightings {
            windows.add(Sighting { key: key.clone(), seen: Seen::at(second(0), *count) });
        }
        let closed = windows.close();
        let flows = closed.iter().flat_map(|closed| &closed.flows);
        prop_assert_eq!(
            by_denier(flows.map(|flow| (flow.key.clone(), flow.seen.count))),
            by_denier(sightings.into_iter())
        );
    }
}

#[test]
fn names_are_shared() {
    // What a window keeps of a name that everybody has is a pointer to it.
    let name: Arc<str> = "node-1".into();
    let mut windows = Windows::new(MINUTE, Limits::default());
    for port in 0..100 {
        let mut sighting = at(key(workload("a"), workload("b"), port), 0);
        sighting.seen.nodes.insert(Arc::clone(&name));
        windows.add(sighting);
    }
    assert_eq!(Arc::strong_count(&name), 101);
}
