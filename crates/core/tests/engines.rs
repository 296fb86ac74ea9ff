//! Several engines, one meaning: the index is held against the plain evaluator, and an index with a
//! history against one built fresh.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

use proptest::{collection::vec, prelude::*};
use sekisho_core::{
    eval,
    index::{Delta, Effect, Index, Model},
    object::Cluster,
    testing::{change, cluster, config, packet, packet_choice},
};
use std::sync::Arc;

proptest! {
    #![proptest_config(config(100_000))]

    #[test]
    fn index_and_eval_agree(cluster in cluster(0..8, 0..6), choices in vec(packet_choice(), 8)) {
        let index = Index::of(cluster.changes());
        for choice in choices {
            let packet = packet(&cluster, choice);
            let verdict = eval::decide(&cluster, &packet);
            prop_assert_eq!(index.decide(&packet), verdict.decision, "{}: {}", packet, verdict.because());
        }
    }
}

proptest! {
    #![proptest_config(config(20_000))]

    #[test]
    fn an_index_with_a_history_equals_a_fresh_one(history in vec(change(), 0..40)) {
        let (mut index, mut cluster, mut shadow) = (Index::new(), Cluster::default(), Model::default());
        for change in history {
            cluster.apply(change.clone());
            let delta = index.apply(change);
            follow(&mut shadow, &delta, &index);
            prop_assert_eq!(&shadow, &index.model(), "after {:?}", delta);
        }
        prop_assert_eq!(index.model(), Index::of(cluster.changes()).model());
    }

    #[test]
    fn changing_nothing_asks_for_nothing(cluster in cluster(0..8, 0..6)) {
        let mut index = Index::of(cluster.changes());
        for change in cluster.changes() {
            let delta = index.apply(change);
            prop_assert!(delta.is_empty(), "{:?}", delta);
        }
    }
}

/// Does what a delta asks of a dataplane, reading from the index only what is new to it.
fn follow(model: &mut Model, delta: &Delta, index: &Index) {
    for effect in &delta.effects {
        match effect {
            Effect::Members { set, added, removed } => {
                let members = model.sets.get_mut(set).expect("only sets in use change");
                for member in removed {
                    assert!(members.remove(member), "{member:?} went without having been there");
                }
                for member in added {
                    assert!(members.insert(*member), "{member:?} came twice");
                }
            }
            Effect::Endpoint { node, address, before, after } => {
                let seat = (Arc::clone(node), *address);
                assert_eq!(&model.endpoints.remove(&seat).unwrap_or_default(), before);
                if !after.is_empty() {
                    model.endpoints.insert(seat, after.clone());
                }
            }
            Effect::Policy { key } => {
                match index.policy(key) {
                    Some(rules) => drop(model.policies.insert(key.clone(), Arc::clone(rules))),
                    None => drop(model.policies.remove(key)),
                }
                let used: std::collections::BTreeSet<_> =
                    model.policies.values().flat_map(|policy| policy.sets()).collect();
                model.sets.retain(|set, _| used.contains(set));
                for set in used {
                    model.sets.entry(set.clone()).or_insert_with(|| index.members(&set));
                }
            }
            Effect::Node { .. } => {}
        }
    }
}
