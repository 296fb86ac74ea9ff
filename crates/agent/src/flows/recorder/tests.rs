//! What is recorded of what is heard.

use super::*;
use sekisho_core::object::{Change, ObjectKey, Pod, PodUid};
use sekisho_flow::record::Outcome;
use sekisho_nft::{
    conntrack::Tuple,
    log::{Logged, Tag},
};

fn pod(name: &str, address: &str) -> Change {
    let mut pod = Pod::new(ObjectKey::new("shop", name));
    (pod.uid, pod.node) = (PodUid(name.into()), Some("here".into()));
    pod.addresses = [address.parse().unwrap()].into();
    Change::PutPod(pod.into())
}

fn denied(at: Timestamp) -> Heard {
    let tuple = Tuple {
        source: "10.0.0.1".parse().unwrap(),
        destination: "10.0.0.2".parse().unwrap(),
        protocol: 6,
        source_port: 4000,
        destination_port: 80,
        icmp_type: 0,
    };
    let logged = Logged { at: Some(at.into()), tag: Tag::read("sekisho deny ingress shop/api "), tuple };
    Heard::Logged(log::Heard { logged: vec![logged], lost: 0 })
}

/// A clock that goes back or forth takes no names away, holds nothing back, and counts nothing twice.
#[test]
fn clocks_may_jump() {
    let mut recorder = Recorder::new(&"here".into());
    let metrics = Metrics::new();
    recorder.follow(&Told::Named(vec![pod("web", "10.0.0.1"), pod("api", "10.0.0.2")]));
    let hour = SignedDuration::from_hours(1);
    let now = Timestamp::now();
    let mut told = Vec::new();
    for at in [now, now - hour, now + hour, now - hour * 48, now] {
        told.extend(recorder.close(at));
        recorder.hear(denied(at), &metrics);
        told.extend(recorder.close(at));
    }
    told.extend(recorder.close(now + SignedDuration::from_secs(1)));
    let flows: Vec<_> = told.iter().flat_map(|closed| &closed.flows).collect();
    assert_eq!(flows.iter().map(|flow| flow.seen.count).sum::<u64>(), 5);
    for flow in flows {
        assert_eq!(flow.key.outcome, Outcome::Denied);
        assert_eq!(flow.key.to_string(), "shop/web -> shop/api TCP/80 denied");
    }
}

/// Where all that was logged has flowed, and nothing else does, what was not logged is told all the same.
#[test]
fn what_was_not_logged_is_told_though_nothing_flows() {
    let mut recorder = Recorder::new(&"here".into());
    let (metrics, now, begun) = (Metrics::new(), Timestamp::now(), Instant::now());
    recorder.hear(denied(now), &metrics);
    assert_eq!(recorder.close(now + SignedDuration::from_secs(1)).map(|closed| closed.flows.len()), Some(1));
    assert!(recorder.silence(now).is_none());
    recorder.follow(&Told::Denied(101));
    assert_eq!(recorder.look_for_unlogged(begun + Duration::from_secs(60)).packets, 100);
    let closed = recorder.silence(now).unwrap();
    assert!(closed.flows.is_empty());
    let missing = recorder.unheard.take(closed.window);
    let [Missing { window, why, connections: Some(100) }] = missing.as_slice() else { panic!("{missing:?}") };
    assert_eq!(&**why, "denied more often than a rule logs");
    assert_eq!(window.to().duration_since(window.from()), BETWEEN_COUNTS, "it was in all that time");
    assert!(recorder.silence(now).is_none(), "nothing is told twice");
}

/// Where nobody can listen to what is logged, nobody is told that rules log no more.
#[test]
fn what_nobody_could_hear_is_not_said_to_be_denied_too_often() {
    let mut recorder = Recorder::new(&"here".into());
    let (metrics, now, begun) = (Metrics::new(), Timestamp::now(), Instant::now());
    recorder.hear(Heard::Nothing, &metrics);
    recorder.follow(&Told::Denied(7));
    recorder.look_for_unlogged(begun + Duration::from_secs(60));
    let closed = recorder.silence(now).unwrap();
    let missing = recorder.unheard.take(closed.window);
    let [Missing { why, connections: Some(7), .. }] = missing.as_slice() else { panic!("{missing:?}") };
    assert_eq!(&**why, NOT_HEARD);
}

/// What a pod asked for names what it calls, and what others call there has no name.
#[test]
fn who_asked_names_what_it_calls() {
    use sekisho_nft::names::{Answer, Named};
    let mut recorder = Recorder::new(&"here".into());
    let metrics = Metrics::new();
    recorder.follow(&Told::Named(vec![pod("web", "10.0.0.1"), pod("api", "10.0.0.2")]));
    let outside = "203.0.113.7".parse().unwrap();
    let addresses = vec![Named { address: outside, lasts: Duration::from_secs(60) }];
    let answer = Answer { to: "10.0.0.1".parse().unwrap(), name: "api.example.com".into(), addresses };
    let late = answer.clone();
    let opened = |source: &str| {
        let original = Tuple {
            source: source.parse().unwrap(),
            destination: outside,
            protocol: 6,
            source_port: 4000,
            destination_port: 443,
            icmp_type: 0,
        };
        let reply = Tuple {
            source: outside,
            destination: original.source,
            source_port: 443,
            destination_port: 4000,
            ..original
        };
        conntrack::Opened { original, reply }
    };
    recorder.hear(Heard::Named(names::Heard { answers: vec![answer], lost: 0 }), &metrics);
    let opened = vec![opened("10.0.0.1"), opened("10.0.0.2")];
    recorder.hear(Heard::Opened(conntrack::Heard { opened, lost: conntrack::Lost::default() }), &metrics);
    // The pod goes, and another has its address, which never asked.
    recorder.follow(&Told::Named(vec![Change::RemovePod(PodUid("web".into())), pod("cron", "10.0.0.1")]));
    assert!(recorder.asked.of("10.0.0.1".parse().unwrap(), outside, Instant::now()).is_empty());
    // And what is read when nobody has the address any more is nobody's.
    let gone = Answer { to: "10.0.0.9".parse().unwrap(), ..late };
    recorder.hear(Heard::Named(names::Heard { answers: vec![gone], lost: 0 }), &metrics);
    assert!(recorder.asked.of("10.0.0.9".parse().unwrap(), outside, Instant::now()).is_empty());
    let closed = recorder.close(Timestamp::now() + SignedDuration::from_secs(1)).unwrap();
    let told: Vec<String> = closed.flows.iter().map(|flow| flow.key.to_string()).collect();
    assert_eq!(
        told,
        [
            "shop/api -> 203.0.113.7/32 TCP/443 allowed",
            "shop/web -> api.example.com (203.0.113.7/32) TCP/443 allowed"
        ]
    );
}
