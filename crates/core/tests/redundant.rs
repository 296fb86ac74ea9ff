//! What is said to add nothing adds nothing.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use proptest::{collection::vec, prelude::*};
use sekisho_core::{
    eval,
    object::{Change, ObjectKey},
    redundant::{At, Part, Scope, search, without},
    testing::{cluster, config, packet, packet_choice},
};

proptest! {
    #![proptest_config(config(10_000))]

    #[test]
    fn deleting_what_was_found_changes_no_verdict(
        cluster in cluster(0..8, 0..7),
        choices in vec(packet_choice(), 24),
        always in any::<bool>(),
    ) {
        let scope = if always { Scope::Always } else { Scope::Today };
        let found = search(&cluster, scope);
        let left = without(&cluster, found.iter().map(|found| &found.part));
        for choice in choices {
            let packet = packet(&cluster, choice);
            let (before, after) = (eval::decide(&cluster, &packet), eval::decide(&left, &packet));
            prop_assert_eq!(before.decision, after.decision, "{}: {} / {}", packet, before.because(), after.because());
        }
        if always {
            prop_assert!(found.iter().all(|found| found.always));
        }
    }

    /// Not with these pods only: with any others as well.
    #[test]
    fn what_always_adds_nothing_does_so_with_other_pods(
        cluster in cluster(0..4, 0..7),
        other in self::cluster(0..8, 0..1),
        choices in vec(packet_choice(), 24),
    ) {
        let found = search(&cluster, Scope::Always);
        let mut before = other;
        before.policies = cluster.policies.clone();
        let after = without(&before, found.iter().map(|found| &found.part));
        for choice in choices {
            let packet = packet(&before, choice);
            let (one, two) = (eval::decide(&before, &packet), eval::decide(&after, &packet));
            prop_assert_eq!(one.decision, two.decision, "{}: {} / {}", packet, one.because(), two.because());
        }
    }

    /// The second of two policies that say the same is found, and nothing is found twice.
    #[test]
    fn a_copy_adds_nothing(cluster in cluster(0..6, 1..4), which in any::<prop::sample::Index>()) {
        let mut cluster = cluster;
        let policies: Vec<_> = cluster.policies.values().cloned().collect();
        let mut copy = which.get(&policies).clone();
        copy.key = ObjectKey::new(copy.key.namespace.clone(), "zz-copy");
        let part = Part { policy: copy.key.clone(), at: At::Policy };
        cluster.apply(Change::PutPolicy(copy));
        for scope in [Scope::Today, Scope::Always] {
            prop_assert!(search(&cluster, scope).iter().any(|found| found.part == part));
        }
        let found = search(&cluster, Scope::Always);
        let left = without(&cluster, found.iter().map(|found| &found.part));
        prop_assert!(search(&left, Scope::Always).is_empty());
    }
}
