//! `explain` says what the evaluator says, and names a failed condition exactly where it refused.

use proptest::{collection::vec, prelude::*};
use sekisho_core::{
    eval,
    explain::{Excerpts, Side, TierAnswer, explain, representatives},
    index::Index,
    object::{Cluster, Direction, Pod, Workload},
    packet::{End, Packet},
    testing::{cluster, config, packet, packet_choice},
    verdict::Because,
};
use std::sync::Arc;

/// The side agrees with its own verdict.
fn check(side: &Side) -> Result<(), TestCaseError> {
    let any_rule = side.subjects.iter().any(|subject| subject.policies.iter().any(|policy| policy.allows));
    match &side.verdict.because {
        Because::NoPod => prop_assert!(side.subjects.is_empty()),
        Because::Rule(_) => prop_assert!(any_rule),
        Because::NoRule(isolating) => {
            let refusing = side.subjects.iter().any(|subject| {
                let selecting = subject.policies.iter().filter(|policy| policy.selects);
                let keys: Vec<_> = selecting.map(|policy| policy.policy.clone()).collect();
                keys == *isolating && subject.policies.iter().all(|policy| !policy.allows)
            });
            prop_assert!(refusing, "{:?}", side);
        }
        Because::TierAccept(rule) | Because::TierDeny(rule) => {
            let mut answers = side.subjects.iter().flat_map(|subject| &subject.tiers);
            let is_it = |answer: &TierAnswer| answer.matched.as_ref().is_some_and(|m| m.rule == *rule);
            prop_assert!(answers.any(|answer| answer.left_out.is_none() && is_it(answer)), "{:?}", side);
        }
        Because::NotIsolated => prop_assert!(side.subjects.iter().any(|subject| !subject.is_isolated())),
        Because::Itself | Because::OwnNode | Because::NeighbourDiscovery => {}
    }
    for policy in side.subjects.iter().flat_map(|subject| &subject.policies) {
        prop_assert_eq!(policy.allows, !policy.matched.is_empty());
        if policy.selects {
            prop_assert_eq!(policy.allows, policy.miss.is_none());
        }
        if let Some(miss) = &policy.miss {
            prop_assert!(!miss.obstacles.is_empty(), "nothing failed, yet nothing matched: {:?}", miss);
            prop_assert!(!miss.to_string().is_empty());
        }
    }
    Ok(())
}

/// The packets between two pods, family by family.
fn packets(cluster: &Cluster, from: &Pod, to: &Pod, like: &Packet) -> Vec<Packet> {
    let ends = |pod: &Pod| match pod.addresses.is_empty() {
        true => vec![End::Pod(pod.uid.clone())],
        false => pod.addresses.iter().copied().map(End::Address).collect(),
    };
    assert!(cluster.pods.contains_key(&from.uid));
    let pairs =
        ends(from).into_iter().flat_map(|from| ends(to).into_iter().map(move |to| (from.clone(), to)));
    pairs.map(|(from, to)| Packet { from, to, traffic: like.traffic }).collect()
}

proptest! {
    #![proptest_config(config(20_000))]

    #[test]
    fn it_agrees_with_the_evaluator(cluster in cluster(0..8, 0..6), choices in vec(packet_choice(), 4)) {
        for choice in choices {
            let packet = packet(&cluster, choice);
            let explanation = explain(&cluster, &packet);
            prop_assert_eq!(&explanation.verdict, &eval::decide(&cluster, &packet));
            for direction in Direction::ALL {
                check(explanation.side(direction))?;
            }
        }
    }

    #[test]
    fn an_excerpt_explains_what_the_whole_does(cluster in cluster(0..8, 0..6), choices in vec(packet_choice(), 4)) {
        let index = Index::of(cluster.changes());
        let excerpts = Excerpts::of(&cluster, &index);
        for choice in choices {
            let packet = packet(&cluster, choice);
            prop_assert_eq!(excerpts.explain(&packet), explain(&cluster, &packet));
        }
    }

    #[test]
    fn a_representative_stands_for_its_group(mut cluster in cluster(2..8, 1..6), choice in packet_choice()) {
        let workload = Workload {
            key: sekisho_core::object::ObjectKey::new("red", "all"),
            kind: Arc::from("Deployment"),
        };
        for pod in cluster.pods.values_mut() {
            let pod = Arc::make_mut(pod);
            pod.workload = workload.clone();
            pod.key.namespace = Arc::from("red");
        }
        let like = packet(&cluster, choice);
        for group in representatives(&cluster, cluster.pods.values().map(AsRef::as_ref), None) {
            for other in cluster.pods.values() {
                let decisions = |pod: &&Pod| -> Vec<_> {
                    let packets = packets(&cluster, pod, other, &like);
                    let apart = packets.iter().filter(|packet| packet.from != packet.to);
                    apart.map(|packet| eval::decide(&cluster, packet).decision).collect()
                };
                let is_apart = |pod: &&&Pod| pod.uid != other.uid && pod.addresses.is_disjoint(&other.addresses);
                let apart: Vec<_> = group.iter().filter(is_apart).collect();
                // Own nodes aside (S20): a pod's address may be a node's only by mistake.
                if let [first, rest @ ..] = apart.as_slice() {
                    for pod in rest {
                        prop_assert_eq!(decisions(first), decisions(pod), "{} and {}", first.uid, pod.uid);
                    }
                }
            }
        }
    }
}
