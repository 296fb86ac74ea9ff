//! The smallest set of labels that tells pods from others.

use sekisho_core::object::{LabelSelector, Labels, Requirement};
use std::{collections::BTreeSet, sync::Arc};

/// Labels that say what a pod is, in the order in which they are taken: the recommended ones of Kubernetes
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>), and those that were
/// usual before.
const TELLING: [&str; 10] = [
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/component",
    "app.kubernetes.io/part-of",
    "k8s-app",
    "app",
    "name",
    "component",
    "tier",
    "role",
];

/// Labels that say how a pod came to be; taken where nothing else is left.
const INCIDENTAL: [&str; 5] = ["app.kubernetes.io/managed-by", "heritage", "pod-type", "release", "version"];

/// Labels that the next release changes, and by which nothing may be selected.
const OF_A_RELEASE: [&str; 3] = ["app.kubernetes.io/version", "chart", "helm.sh/chart"];

/// How many labels of a pod are looked at: as many as a word has bits.
const MOST: usize = 64;
/// Up to this many labels every choice of them is tried; with more the next best is taken, and then whatever it
/// does not need is left out.
const TRIED: usize = 4;

/// `labels` without those that the next release changes.
pub(crate) fn lasting(labels: &Labels) -> Labels {
    if !labels.iter().any(|(key, _)| OF_A_RELEASE.contains(&&**key)) {
        return labels.clone();
    }
    let lasting = labels.iter().filter(|(key, _)| !OF_A_RELEASE.contains(&key.as_ref()));
    lasting.map(|(key, value)| (Arc::clone(key), Arc::clone(value))).collect()
}

/// The selector of what has all of these labels.
pub(crate) fn exactly<'l>(labels: impl IntoIterator<Item = (&'l Arc<str>, &'l Arc<str>)>) -> LabelSelector {
    let one =
        |(key, value): (&Arc<str>, &Arc<str>)| Requirement::In(Arc::clone(key), [Arc::clone(value)].into());
    labels.into_iter().map(one).collect()
}

/// The fewest of `own` that none of `others` has all of; at least one, for without any all pods are selected that
/// are yet to come. `None` where others have them all.
pub(crate) fn smallest<'l>(own: &Labels, others: impl Iterator<Item = &'l Labels>) -> Option<LabelSelector> {
    let mut pairs: Vec<(&Arc<str>, &Arc<str>)> = own.iter().collect();
    pairs.sort_by_key(|(key, _)| rank(key));
    pairs.truncate(MOST);
    // Of each other, which of the labels it lacks: one of these must be taken.
    let lacks = |other: &Labels| {
        let lacking = pairs.iter().enumerate().filter(|(_, (key, value))| other.get(key) != Some(value));
        lacking.fold(0_u64, |mask, (at, _)| mask | 1 << at)
    };
    let masks: BTreeSet<u64> = others.map(lacks).collect();
    if pairs.is_empty() || masks.contains(&0) {
        return None;
    }
    let masks: Vec<u64> = masks.into_iter().collect();
    let chosen = (1..=TRIED.min(pairs.len()))
        .find_map(|size| choose(&masks, pairs.len(), size, 0, 0))
        .unwrap_or_else(|| greedy(&masks, pairs.len()));
    let taken = pairs.into_iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1);
    Some(exactly(taken.map(|(_, pair)| pair)))
}

/// The first choice of `size` labels beside those of `taken`, none before `from`, that has one of each mask.
fn choose(masks: &[u64], labels: usize, size: usize, from: usize, taken: u64) -> Option<u64> {
    if size == 0 {
        return masks.iter().all(|mask| mask & taken != 0).then_some(taken);
    }
    (from..labels).find_map(|at| choose(masks, labels, size - 1, at + 1, taken | 1 << at))
}

fn greedy(masks: &[u64], labels: usize) -> u64 {
    let mut taken = 0_u64;
    let open = |taken: u64| masks.iter().filter(move |mask| *mask & taken == 0);
    while open(taken).next().is_some() {
        let gain = |at: &usize| open(taken).filter(|mask| *mask >> at & 1 == 1).count();
        let best = (0..labels).rev().max_by_key(gain);
        taken |= best.map_or(0, |at| 1 << at);
    }
    for at in (0..labels).rev() {
        let without = taken & !(1 << at);
        if without != 0 && open(without).next().is_none() {
            taken = without;
        }
    }
    taken
}

fn rank(key: &str) -> (usize, &str) {
    let telling = TELLING.iter().position(|known| *known == key);
    let incidental = INCIDENTAL.iter().position(|known| *known == key);
    let last = TELLING.len() + 1;
    (telling.or(incidental.map(|at| last + at)).unwrap_or(TELLING.len()), key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*, sample::select};

    fn labels(text: &str) -> Labels {
        text.split_whitespace().filter_map(|pair| pair.split_once('=')).collect()
    }

    fn found(own: &str, others: &[&str]) -> Option<String> {
        let others: Vec<Labels> = others.iter().map(|text| labels(text)).collect();
        smallest(&labels(own), others.iter()).map(|selector| selector.to_string())
    }

    #[test]
    fn the_fewest_and_most_telling_labels_are_taken() {
        for (own, others, expected) in [
            ("app=web team=a", &["app=api team=a"][..], Some("app=web")),
            // One label is enough, and the one that says what it is comes first.
            ("app=web team=a version=1", &["app=api team=b version=2"], Some("app=web")),
            ("team=a app=web", &["app=web team=b"], Some("team=a")),
            ("app=web tier=front", &["app=web tier=back", "app=api tier=front"], Some("app=web,tier=front")),
            // Nobody else is there: still a label, for others may come.
            ("app=web", &[], Some("app=web")),
            // Others have all of them.
            ("app=web", &["app=web tier=back"], None),
            ("", &["app=web"], None),
            ("", &[], None),
        ] {
            assert_eq!(found(own, others).as_deref(), expected, "{own} {others:?}");
        }
    }

    #[test]
    fn what_the_next_release_changes_is_not_selected_by() {
        let own = labels("app.kubernetes.io/version=1 helm.sh/chart=a-1 chart=b app=web");
        assert_eq!(lasting(&own), labels("app=web"));
    }

    proptest! {
        /// None of the others is selected, and where nothing is found some other has all the labels. No smaller
        /// choice does it.
        #[test]
        fn it_selects_no_other(
            own in any_labels(1..7), others in vec(any_labels(0..7), 0..8),
        ) {
            match smallest(&own, others.iter()) {
                None => prop_assert!(others.iter().any(|other| own.iter().all(|(key, value)| other.get(key) == Some(value)))),
                Some(found) => {
                    prop_assert!(found.matches(&own));
                    prop_assert!(!others.iter().any(|other| found.matches(other)));
                    for at in 0..found.requirements().len() {
                        let fewer: LabelSelector = found.requirements().enumerate()
                            .filter(|(other, _)| *other != at).map(|(_, one)| one.clone()).collect();
                        prop_assert!(fewer.is_everything() || others.iter().any(|other| fewer.matches(other)));
                    }
                }
            }
        }
    }

    fn any_labels(size: std::ops::Range<usize>) -> impl Strategy<Value = Labels> {
        vec((select(vec!["a", "b", "c", "d", "e", "f", "app"]), select(vec!["1", "2"])), size)
            .prop_map(|pairs| pairs.into_iter().collect())
    }
}
