//! How many series there are.

use super::*;
use jiff::Timestamp;
use sekisho_core::object::{ObjectKey, Workload};
use sekisho_flow::record::{Carried, Key, Leave, Observer, Outcome, Seen, Window, WorkloadEnd};

fn flow(namespace: &str) -> Flow {
    let at = |second| Timestamp::from_second(second).unwrap();
    let workload = Workload { key: ObjectKey::new(namespace, "web"), kind: "Deployment".into() };
    Flow {
        window: Window::new(at(0), at(1)).unwrap(),
        key: Key {
            from: End::Workload(WorkloadEnd { workload, labels: Default::default() }),
            to: End::Anyone,
            carried: Carried::Anything,
            outcome: Outcome::Denied,
            leave: Leave::default(),
            observer: Observer::Agent,
            side: None,
        },
        seen: Seen::at(at(0), 2),
    }
}

#[test]
fn series_are_bounded_and_nothing_is_left_out() {
    let metrics = Metrics::new();
    let flows: Vec<Flow> = (0..3_000).map(|at| flow(&format!("n{at}"))).collect();
    metrics.stored(&flows, &[]);
    metrics.stored(&flows[..1], &[]);
    let text = metrics.text();
    let series: Vec<&str> =
        text.lines().filter(|line| line.starts_with("sekisho_hub_flows_total{")).collect();
    assert_eq!(series.len(), MOST + 1);
    let count = |line: &&str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
    assert_eq!(series.iter().map(count).sum::<u64>(), 6_002);
    let others = series.iter().find(|line| line.contains("source_namespace=\"(other)\"")).unwrap();
    assert!(others.ends_with(" 2000"), "{others}");
    assert!(
        text.contains("source_namespace=\"n0\",destination_namespace=\"(anyone)\",outcome=\"denied\"} 4")
    );
}
