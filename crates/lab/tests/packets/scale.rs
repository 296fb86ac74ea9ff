//! Large labs are built fast, and probed within bounds.

use super::fixture::{agree, cluster, lab, peer, pod, policy, with};
use sekisho_core::set::Protocol::Tcp;
use sekisho_lab::{Lab, Options};
use std::time::{Duration, Instant};

pub(crate) const TESTS: &[(&str, fn())] = &[("scale::a_hundred_pods", a_hundred_pods)];

fn a_hundred_pods() {
    let pods = (0..100).map(|number| {
        let mut pod = pod(&format!("a/pod-{number}"), &[(Tcp, 80)]);
        // Ten workloads of ten pods each.
        pod.labels.set("app", format!("app-{}", number % 10));
        pod
    });
    let policies = (0..10).map(|number| {
        let peers = vec![peer(&format!("app-{}", (number + 1) % 10))];
        policy(&format!("a/app-{number}"), &format!("app-{number}"), Some(peers), None)
    });
    let cluster = with(&cluster(pods), policies);
    let started = Instant::now();
    let lab = lab(&cluster, Options::default());
    let built = started.elapsed();
    let plan = lab.current_plan();
    assert!(plan.probes.len() <= Options::default().max_probes);
    assert!(
        plan.notes.iter().any(|note| note.contains("alike")),
        "what is left out is said: {:?}",
        plan.notes
    );
    let report = agree(&lab);
    println!("100 pods: built in {built:?}; {}", report.summary());
    // Measured: three to four seconds on a machine with six times the work that it has cores for.
    assert!(built < Duration::from_secs(20), "{built:?}");
    let few = Options { max_probes: 500, ..Options::default() };
    let plan = Lab::plan(&cluster, &few).unwrap();
    assert!((400..=500).contains(&plan.probes.len()), "{}", plan.probes.len());
    assert!(plan.notes.iter().any(|note| note.contains("spread evenly")), "{:?}", plan.notes);
}
