//! The effect of a change is the difference between the states before and after it.

use proptest::{collection::vec, prelude::*};
use sekisho_core::{
    diff::Effects,
    eval,
    object::{Change, Cluster, ObjectKey, Pod, PodUid, Workload},
    packet::End,
    testing::{change, cluster, compared, config},
};
use std::{collections::BTreeSet, sync::Arc};

/// Puts a pod into one of few workloads of its namespace, so that pods of one differ.
fn gather(pod: &mut Pod) {
    let number = pod.key.name.bytes().last().unwrap_or_default() % 3;
    let key = ObjectKey::new(Arc::clone(&pod.key.namespace), format!("workload-{number}"));
    pod.workload = Workload { key, kind: Arc::from("Deployment") };
}

/// Gives a pod its own addresses, so that most clusters have none that pods share (S26).
fn settle(pod: &mut Pod) {
    let number = pod.key.name.bytes().last().unwrap_or_default() & 7;
    let namespace = pod.key.namespace.bytes().next().unwrap_or_default() & 3;
    let slot = u16::from(number) + u16::from(namespace) * 8 + 1;
    let moved = |address: &std::net::IpAddr| match address {
        std::net::IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            std::net::Ipv4Addr::new(a, b, c, u8::try_from(slot).unwrap_or_default()).into()
        }
        std::net::IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, _] = address.segments();
            std::net::Ipv6Addr::new(a, b, c, d, e, f, g, slot).into()
        }
    };
    if pod.is_policed() {
        pod.addresses = pod.addresses.iter().map(moved).collect::<BTreeSet<_>>();
    }
}

/// A cluster and what becomes of it, step by step.
fn history(is_gathered: bool, is_settled: bool) -> impl Strategy<Value = (Cluster, Vec<Change>)> {
    let arrange = move |pod: &mut Pod| {
        if is_gathered {
            gather(pod);
        }
        if is_settled {
            settle(pod);
        }
    };
    (cluster(0..14, 0..7), vec(change(), 1..5)).prop_map(move |(mut cluster, mut changes)| {
        cluster.pods.values_mut().map(Arc::make_mut).for_each(arrange);
        for change in &mut changes {
            if let Change::PutPod(pod) = change {
                arrange(Arc::make_mut(pod));
            }
        }
        (cluster, changes)
    })
}

/// Whether an end is a pod that stands for another of its kind, which is nowhere.
fn is_twin(end: &End) -> bool {
    matches!(end, End::Pod(PodUid(uid)) if uid.ends_with('\''))
}

/// Every effect of a history is what the comparison of whole states tells.
fn check((mut cluster, changes): (Cluster, Vec<Change>)) -> Result<(), TestCaseError> {
    let mut effects = Effects::of(cluster.clone());
    for change in changes {
        let before = cluster.clone();
        cluster.apply(change.clone());
        let told = effects.effect(change.clone());
        prop_assert_eq!(effects.cluster(), &cluster);
        let whole = compared(&before, &cluster);
        prop_assert_eq!(&told, &whole, "{:?}", change);
        for witness in told.changes.iter().filter_map(|change| change.witness.as_ref()) {
            let [old, new] = [(&before, &witness.old), (&cluster, &witness.new)]
                .map(|(cluster, packet)| eval::decide(cluster, packet).decision);
            prop_assert!(old != new || is_twin(&witness.old.to) || is_twin(&witness.new.to));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(1_500))]

    #[test]
    fn an_effect_is_the_difference(history in history(false, true)) {
        check(history)?;
    }

    #[test]
    fn an_effect_is_the_difference_where_workloads_have_several_pods(history in history(true, true)) {
        check(history)?;
    }

    #[test]
    fn an_effect_is_the_difference_where_pods_share_addresses(history in history(true, false)) {
        check(history)?;
    }
}
