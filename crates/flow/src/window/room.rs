//! How many bytes of texts there is room for.

use super::fold::Level;
use crate::record::{End, Few, Key, Nearest, Seen, Why};
use std::{mem, sync::Arc};

/// What a name costs beside its letters: the pointer to it, and its two counters.
const OF_NAME: usize = 32;
/// The longest name that is kept of a pod or a node: no object of Kubernetes has a longer one (RFC 1123).
const MOST_NAME: usize = 253;

/// Room for texts.
#[derive(Debug)]
pub(super) struct Room {
    left: usize,
}

impl Room {
    pub(super) fn new(bytes: usize) -> Self {
        Self { left: bytes }
    }

    /// Takes room for a new key; `false` where there is none. The coarsest have no texts.
    pub(super) fn takes(&mut self, key: &Key, level: Level) -> bool {
        let needed = if level == Level::Denied { 0 } else { bytes_of(key) };
        match self.left.checked_sub(needed) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    /// Adds what `other` has seen to `seen`. Names for which there is no room are overlooked, connections never.
    pub(super) fn join(&mut self, seen: &mut Seen, other: &Seen) {
        seen.count = seen.count.saturating_add(other.count);
        seen.first = seen.first.min(other.first);
        seen.last = seen.last.max(other.last);
        self.names(&mut seen.nodes, &other.nodes);
        self.names(&mut seen.from_pods, &other.from_pods);
        self.names(&mut seen.to_pods, &other.to_pods);
        if let (None, Some(nearest)) = (&seen.nearest, &other.nearest)
            && self.take(bytes_of_nearest(nearest))
        {
            seen.nearest = Some(nearest.clone());
        }
    }

    fn names<const MOST: usize>(&mut self, known: &mut Few<Arc<str>, MOST>, other: &Few<Arc<str>, MOST>) {
        for name in other.iter() {
            if known.contains(name) {
                continue;
            }
            // One that pushes another out takes its room.
            if name.len() <= MOST_NAME && (known.is_full() || self.take(OF_NAME + MOST_NAME.min(name.len())))
            {
                known.insert(Arc::clone(name));
            } else {
                known.overlook();
            }
        }
        if other.has_more() {
            known.overlook();
        }
    }

    fn take(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

fn bytes_of(key: &Key) -> usize {
    let ends: usize = [&key.from, &key.to].into_iter().map(bytes_of_end).sum();
    let reasons: usize = [&key.leave.egress, &key.leave.ingress].into_iter().map(bytes_of_why).sum();
    ends.saturating_add(reasons)
}

fn text(text: &Arc<str>) -> usize {
    OF_NAME + text.len()
}

fn bytes_of_end(end: &End) -> usize {
    match end {
        End::Workload(end) => {
            let labels: usize = end.labels.iter().map(|(key, value)| text(key) + text(value)).sum();
            text(&end.workload.key.namespace)
                + text(&end.workload.key.name)
                + text(&end.workload.kind)
                + labels
        }
        End::Node(name) => name.as_ref().map_or(0, text),
        End::Service(key) => text(&key.namespace) + text(&key.name),
        End::External { names, .. } => names.iter().map(text).sum(),
        End::Anyone => 0,
    }
}

fn bytes_of_why(why: &Why) -> usize {
    let policy = |policy: crate::record::PolicyRef| {
        let names = policy.namespace.as_ref().map_or(0, text) + text(&policy.name) + text(&policy.kind);
        names + mem::size_of::<crate::record::PolicyRef>()
    };
    why.policies().into_iter().map(policy).sum()
}

fn bytes_of_nearest(nearest: &Nearest) -> usize {
    2 * (text(&nearest.policy.namespace) + text(&nearest.policy.name)) + text(&nearest.lacks)
}
