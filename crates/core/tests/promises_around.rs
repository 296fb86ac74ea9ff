//! What a change in a namespace may break is told from what is near it: never less than from everything.

mod promised;

use promised::promise;
use proptest::{collection::vec, prelude::*, sample::select};
use sekisho_core::{
    index::Index,
    object::Cluster,
    promise::{Around, Promise, World},
    testing::{NAMESPACES, cluster, config},
};
use std::sync::Arc;

/// `one`, with the policies and pods of a namespace as `other` has them.
fn exchanged(one: &Cluster, other: &Cluster, namespace: &str) -> Cluster {
    let mut all = one.clone();
    all.policies.retain(|key, _| *key.namespace != *namespace);
    all.pods.retain(|_, pod| *pod.key.namespace != *namespace);
    let policies = other.policies.iter().filter(|(key, _)| *key.namespace == *namespace);
    all.policies.extend(policies.map(|(key, policy)| (key.clone(), policy.clone())));
    let pods = other.pods.iter().filter(|(_, pod)| *pod.key.namespace == *namespace);
    for (uid, pod) in pods {
        all.pods.entry(uid.clone()).or_insert_with(|| Arc::clone(pod));
    }
    all
}

fn is_broken(cluster: &Cluster, promise: &Promise) -> bool {
    World::of(cluster).judge(promise).state.is_broken()
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn what_may_break_is_told_from_what_is_near(
        before in cluster(0..8, 0..6),
        other in cluster(0..8, 0..6),
        namespace in select(NAMESPACES.to_vec()).prop_map(Arc::<str>::from),
        promises in vec(promise(), 1..4),
    ) {
        let after = exchanged(&before, &other, &namespace);
        let (old, new) = (Index::of(before.changes()), Index::of(after.changes()));
        if !Around::is_apart(&old, &namespace) || !Around::is_apart(&new, &namespace) {
            return Ok(());
        }
        if let Some(around) = Around::of(&after, &new, &namespace, &promises) {
            for promise in promises.iter().filter(|promise| is_broken(&after, promise) && !is_broken(&before, promise)) {
                prop_assert!(around.may_break(promise), "{promise}");
            }
        }
        if let Some(around) = Around::of(&before, &old, &namespace, &promises) {
            for promise in promises.iter().filter(|promise| around.breaks(promise, &old)) {
                prop_assert!(is_broken(&before, promise), "{promise}");
            }
        }
    }
}
