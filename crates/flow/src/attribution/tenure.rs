//! Who bore an address when.

use super::book::Known;
use jiff::Timestamp;
use std::sync::Arc;

/// How far apart, in seconds, the cluster's telling of a pod and its traffic may be: a pod speaks before the API server
/// tells of its address, and is heard after its deletion was told.
const SLACK: i64 = 60;

/// A pod at an address, for a time.
#[derive(Clone, Debug)]
pub(super) struct Tenure {
    pub(super) pod: Arc<Known>,
    /// Since when; `None` where it was there when the book was begun.
    pub(super) from: Option<Timestamp>,
    /// Until when; `None` while it is there.
    pub(super) to: Option<Timestamp>,
}

/// Who was there at `at`. Of several the latest (S26). Where nobody was, who came next, for its traffic comes before
/// it is told of; else who went last.
pub(super) fn at_time(tenures: &[Tenure], at: Timestamp) -> Option<&Tenure> {
    let begun = |tenure: &&Tenure| tenure.from.is_none_or(|from| from <= at);
    let lasts = |tenure: &&Tenure| tenure.to.is_none_or(|to| at < to);
    let near = |moment: Timestamp| at.duration_until(moment).as_secs().abs() <= SLACK;
    let here = tenures.iter().rfind(|tenure| begun(tenure) && lasts(tenure));
    let next = || tenures.iter().find(|tenure| !begun(tenure) && tenure.from.is_some_and(near));
    let last = || tenures.iter().rfind(|tenure| !lasts(tenure) && tenure.to.is_some_and(near));
    here.or_else(next).or_else(last)
}
