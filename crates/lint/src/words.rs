//! Words that several rules use.

use sekisho_core::object::{Pod, Workload};
use std::{collections::BTreeSet, fmt::Display, sync::Arc};

/// How many of something are named before the rest is counted.
const NAMED: usize = 3;

/// `` `a`, `b` and 3 more ``.
pub(crate) fn list<T: Display>(all: impl IntoIterator<Item = T>) -> String {
    let all: Vec<String> = all.into_iter().map(|one| format!("`{one}`")).collect();
    let more = all.len().saturating_sub(NAMED);
    let (shown, last) = match all.as_slice() {
        [] => return "nobody".to_owned(),
        [one] => return one.clone(),
        [shown @ .., last] if more == 0 => (shown, last.clone()),
        all => (all.get(..NAMED).unwrap_or(all), format!("{more} more")),
    };
    format!("{} and {last}", shown.join(", "))
}

/// The workloads of pods, by `namespace/name`.
pub(crate) fn workloads<'p>(pods: impl IntoIterator<Item = &'p Arc<Pod>>) -> String {
    let keys: BTreeSet<&Workload> = pods.into_iter().map(|pod| &pod.workload).collect();
    list(keys.into_iter().map(|workload| &workload.key))
}

/// `one` of one, `many` of several.
pub(crate) fn number<'w>(count: usize, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}
