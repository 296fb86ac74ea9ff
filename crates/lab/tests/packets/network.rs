//! The network itself, without policies: everything reaches everything.

use super::fixture::{agree, cluster, lab, pod, policy, service, with};
use sekisho_core::{
    packet::Traffic,
    set::Protocol::{Sctp, Tcp, Udp},
};
use sekisho_lab::{Host, Observed, Options, draw};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("network::a_kernel_that_does_not_enforce_is_found_out", a_kernel_that_does_not_enforce_is_found_out),
    ("network::everything_reaches_everything", everything_reaches_everything),
    (
        "network::a_service_leads_to_its_pods_and_back_to_oneself",
        a_service_leads_to_its_pods_and_back_to_oneself,
    ),
];

fn everything_reaches_everything() {
    let pods = [
        pod("a/web", &[(Tcp, 80), (Udp, 53), (Sctp, 38412)]),
        pod("a/db", &[(Tcp, 5432)]),
        pod("b/idle", &[]),
    ];
    let lab = lab(&cluster(pods), Options::default());
    let report = agree(&lab);
    println!("{}", report.summary());
    for outcome in &report.outcomes {
        let listens = lab.current_plan().listeners(outcome.probe.arrivals[0].at.host);
        let expected = match outcome.probe.traffic {
            Traffic::Port(protocol, port) if !listens.contains_key(&(protocol, port)) => {
                matches!(outcome.observed, Observed::Refused)
            }
            _ => matches!(outcome.observed, Observed::Answered(_)),
        };
        assert!(expected, "{:?}: {:?}", outcome.probe, outcome.observed);
    }
    assert!(
        report
            .outcomes
            .iter()
            .any(|outcome| outcome.probe.from.host == Host::Outside && outcome.probe.to.is_ipv6())
    );
}

fn a_service_leads_to_its_pods_and_back_to_oneself() {
    let mut cluster = cluster([pod("a/web", &[(Tcp, 8080)]), pod("a/db", &[])]);
    let mut web = service("a/web", Tcp, 80, 8080);
    web.ports[0].node_port = Some(30080);
    web.external_addresses = ["203.0.113.10".parse().unwrap()].into();
    cluster.services.insert(web.key.clone(), web);
    let lab = lab(&cluster, Options::default());
    let report = agree(&lab);
    let through: Vec<_> = report.outcomes.iter().filter(|outcome| outcome.probe.service.is_some()).collect();
    assert!(through.len() > 8);
    for outcome in &through {
        assert_eq!(outcome.observed, Observed::Answered(Some("a/web".into())), "{:?}", outcome.probe);
    }
    let hairpin =
        |outcome: &&&sekisho_lab::Outcome| outcome.probe.from.host == outcome.probe.arrivals[0].at.host;
    assert_eq!(through.iter().filter(hairpin).count(), 2, "IPv4 and IPv6");
}

fn a_kernel_that_does_not_enforce_is_found_out() {
    let pods = cluster([pod("a/web", &[]), pod("a/db", &[(Tcp, 5432), (Udp, 53), (Sctp, 38412)])]);
    let mut lab = lab(&with(&pods, [policy("a/db", "db", Some(vec![]), None)]), Options::default());
    let report = agree(&lab);
    let denied = report.outcomes.iter().filter(|outcome| outcome.observed == Observed::Silent).count();
    assert!(denied > 20, "{}", report.summary());
    lab.stop_enforcing().unwrap();
    let report = lab.run(&mut ()).unwrap();
    assert_eq!(report.differences().count(), denied);
    let difference = report.describe(report.differences().next().unwrap());
    assert!(difference.contains("the core says deny"), "{difference}");
    assert!(draw(&report.matrix(), false, 100).contains("THE KERNEL AND THE CORE DIFFER"));
}
