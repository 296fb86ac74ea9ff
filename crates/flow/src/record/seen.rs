//! How often, when and where.

use super::{Few, Nearest};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// The names of nodes that saw it: so many, and whether there were others.
pub type Nodes = Few<Arc<str>, 16>;
/// The names of pods, in the namespace of their workload: so many, and whether there were others.
pub type Pods = Few<Arc<str>, 8>;

/// A stretch of time, `from` included and `to` not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    from: Timestamp,
    to: Timestamp,
}

/// A window that ends before it has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a window must end after it has begun, not from `{from}` to `{to}`")]
pub struct WindowError {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

impl Window {
    /// The window from `from` up to, and without, `to`.
    ///
    /// # Errors
    /// When it would be empty.
    pub fn new(from: Timestamp, to: Timestamp) -> Result<Self, WindowError> {
        if from < to { Ok(Self { from, to }) } else { Err(WindowError { from, to }) }
    }

    /// The shortest window that has this moment.
    #[must_use]
    pub fn of_moment(moment: Timestamp) -> Self {
        let step = SignedDuration::from_nanos(1);
        match moment.checked_add(step) {
            Ok(to) => Self { from: moment, to },
            // The last moment that there is.
            Err(_) => Self { from: moment.checked_sub(step).unwrap_or(moment), to: moment },
        }
    }

    /// Its first moment.
    #[must_use]
    pub fn from(self) -> Timestamp {
        self.from
    }

    /// The first moment after it.
    #[must_use]
    pub fn to(self) -> Timestamp {
        self.to
    }

    /// Whether `at` lies in it.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// The smallest window of whole minutes that holds it.
    #[must_use]
    pub fn in_minutes(self) -> Self {
        const MINUTE: i128 = 60_000_000_000;
        let (from, to) = (self.from.as_nanosecond(), self.to.as_nanosecond());
        let before = from.div_euclid(MINUTE) * MINUTE;
        let after = -(-to).div_euclid(MINUTE) * MINUTE;
        Self {
            from: Timestamp::from_nanosecond(before).unwrap_or(Timestamp::MIN),
            to: Timestamp::from_nanosecond(after).unwrap_or(Timestamp::MAX),
        }
    }

    /// The smallest window that holds both.
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), to: self.to.max(other.to) }
    }
}

/// How often connections were seen, and the rest that is told of them without telling them apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seen {
    /// How many connections, or attempts that were denied; at least 1.
    pub count: u64,
    /// When the first was seen, by the observer's clock. What comes late is counted in the window that is
    /// open by then, so this may lie before the flow's window.
    pub first: Timestamp,
    /// When the last was seen.
    pub last: Timestamp,
    /// On which nodes.
    pub nodes: Nodes,
    /// Pods at the source.
    pub from_pods: Pods,
    /// Pods at the destination.
    pub to_pods: Pods,
    /// Of a denial the rule that almost allowed it, where it is known.
    pub nearest: Option<Nearest>,
}

impl Seen {
    /// `count` connections at `at`, of which nothing else is known.
    #[must_use]
    pub fn at(at: Timestamp, count: u64) -> Self {
        Self {
            count,
            first: at,
            last: at,
            nodes: Nodes::new(),
            from_pods: Pods::new(),
            to_pods: Pods::new(),
            nearest: None,
        }
    }

    /// Adds what `other` has seen. It does not matter in which order things are joined.
    pub fn join(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.nodes.join(&other.nodes);
        self.from_pods.join(&other.from_pods);
        self.to_pods.join(&other.to_pods);
        // Any is as good as the others; the least, so that the order does not matter.
        if let Some(nearest) = &other.nearest
            && self.nearest.as_ref().is_none_or(|known| nearest < known)
        {
            self.nearest = Some(nearest.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_grow_to_whole_minutes() {
        let window = |from: &str, to: &str| Window::new(from.parse().unwrap(), to.parse().unwrap()).unwrap();
        let minute = window("2026-11-01T12:00:00Z", "2026-11-01T12:01:00Z");
        assert_eq!(minute.in_minutes(), minute);
        assert_eq!(window("2026-11-01T12:00:59.5Z", "2026-11-01T12:01:00Z").in_minutes(), minute);
        assert_eq!(window("2026-11-01T12:00:00Z", "2026-11-01T12:00:00.000000001Z").in_minutes(), minute);
        let two = window("2026-11-01T12:00:00Z", "2026-11-01T12:02:00Z");
        assert_eq!(window("2026-11-01T12:00:59.5Z", "2026-11-01T12:01:00.5Z").in_minutes(), two);
        let old = window("1969-12-31T23:59:00Z", "1970-01-01T00:00:00Z");
        assert_eq!(window("1969-12-31T23:59:30Z", "1969-12-31T23:59:31Z").in_minutes(), old);
    }
}
