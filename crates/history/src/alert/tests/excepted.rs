//! Of exceptions.

use super::*;
use sekisho_core::standard::{
    Component, Edge, End as StandardEnd, Exception, NamedPeer, Role, Stance, Standard, Whom,
};

fn standard(edges: Vec<Edge>) -> Standard {
    let office = Whom::Ranges(["198.51.100.0/24".parse().unwrap()].into());
    let office =
        NamedPeer { whom: office, role: Role::People, environments: None, origin: Origin::default() };
    let component = |name: &str| Component {
        key: ObjectKey::new("shop", name),
        pods: selector(name),
        tier: "backend".into(),
        egress: Stance::Open,
        admits: Default::default(),
        ports: Vec::new(),
        origin: Origin::default(),
    };
    let exception = |with: StandardEnd| Exception {
        component: ObjectKey::new("shop", "api"),
        direction: Direction::Ingress,
        with,
        reason: "a migration".into(),
        until: "2026-11-30".parse().unwrap(),
        origin: Origin::default(),
    };
    Standard {
        peers: [("office".into(), office)].into(),
        components: vec![component("api"), component("job")],
        edges,
        exceptions: vec![
            exception(StandardEnd::Peer("office".into())),
            exception(StandardEnd::Component(ObjectKey::new("shop", "job"))),
        ],
        ..Standard::default()
    }
}

#[test]
fn what_passes_by_an_exception_alone_is_told() {
    let api = policy(
        "api",
        "api",
        &[PeerKind::Pods(selector("web")), PeerKind::Pods(selector("job")), block("198.51.100.0/24")],
    );
    let with = cluster(vec![api]);
    let flows = [
        flow("198.51.100.7/32", "shop/api", 80, Outcome::Allowed, 0),
        flow("shop/job", "shop/api", 80, Outcome::Allowed, 0),
        flow("shop/web", "shop/api", 80, Outcome::Allowed, 0),
        flow("203.0.113.7/32", "shop/api", 80, Outcome::Denied, 0),
    ];
    let found = leaning(state(&with), &standard(vec![]), &flows);
    let mut watch = Watch::new(Limits::default());
    let new = watch.leaning(&found, at(1));
    assert_eq!(
        told(&new),
        ["OnlyByException internet -> shop/api TCP/80", "OnlyByException shop/job -> shop/api TCP/80"]
    );
    assert_eq!(
        new[0].summary,
        "internet -> shop/api TCP/80 passes only by the exception of `shop/api` for `office`, which holds until 2026-11-30"
    );
    assert!(watch.leaning(&found, at(2)).is_empty(), "once");
    // What the standard says for good is no exception's.
    let edge = Edge {
        from: StandardEnd::Component(ObjectKey::new("shop", "job")),
        to: StandardEnd::Component(ObjectKey::new("shop", "api")),
        ports: Vec::new(),
        origin: Origin::default(),
    };
    let found = leaning(state(&with), &standard(vec![edge]), &flows);
    assert_eq!(told(&watch.leaning(&found, at(3))), ["over: OnlyByException shop/job -> shop/api TCP/80"]);
    // Where another policy lets it pass as well, it does not lean on the exception.
    let also = cluster(vec![with.0.policies.values().next().unwrap().clone(), policy("all", "api", &[])]);
    let found = leaning(state(&also), &standard(vec![]), &flows);
    assert_eq!(told(&watch.leaning(&found, at(4))), ["over: OnlyByException internet -> shop/api TCP/80"]);
}

#[test]
fn an_exception_that_has_expired_is_told_anew() {
    let with = cluster(vec![policy("api", "api", &[block("198.51.100.0/24")])]);
    let flows = [flow("198.51.100.7/32", "shop/api", 80, Outcome::Allowed, 0)];
    let on = |day: &str| {
        let standard = Standard { today: Some(day.parse().unwrap()), ..standard(vec![]) };
        leaning(state(&with), &standard, &flows)
    };
    let mut watch = Watch::new(Limits::default());
    assert_eq!(watch.leaning(&on("2026-11-30"), at(1))[0].labels["expired"], "false");
    let told = watch.leaning(&on("2026-12-01"), at(2));
    assert!(
        told[0].summary.ends_with("for `office`, which has expired on 2026-11-30"),
        "{}",
        told[0].summary
    );
    assert_eq!((told.len(), told[0].ends, told[1].ends), (2, None, Some(at(2))));
}

/// S5: a rule whose last peer goes must not let everybody in.
#[test]
fn a_rule_that_was_for_an_exception_alone_goes_with_it() {
    let with = cluster(vec![policy("api", "api", &[block("198.51.100.0/24")])]);
    let flows = [flow("198.51.100.7/32", "shop/api", 80, Outcome::Allowed, 0)];
    assert_eq!(leaning(state(&with), &standard(vec![]), &flows).len(), 1);
    let nothing = cluster(vec![policy("api", "api", &[])]);
    assert!(leaning(state(&nothing), &standard(vec![]), &flows).is_empty());
}
