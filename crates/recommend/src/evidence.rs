//! What something rests on: how often it was seen, when, by whom, and of which pods.

use sekisho_core::object::Direction;
use sekisho_flow::{
    Timestamp,
    record::{Flow, Names, Observer, Outcome, Pods, Window},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// What was seen of one kind of connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// How many connections each observer saw at each end: a connection may be seen at both, and by several.
    counts: BTreeMap<(Observer, Option<Direction>), u64>,
    /// When the first was seen.
    pub first: Timestamp,
    /// When the last was.
    pub last: Timestamp,
    /// Pods at the source.
    pub from_pods: Pods,
    /// Pods at the destination.
    pub to_pods: Pods,
    /// DNS names of the end outside.
    pub names: Names,
    /// How many of them were denied.
    pub refused: u64,
}

impl Evidence {
    /// What `flow` shows, as pods of both ends and without names.
    #[must_use]
    pub fn of(flow: &Flow) -> Self {
        let seen = &flow.seen;
        let refused = if flow.key.outcome == Outcome::Denied { seen.count } else { 0 };
        Self {
            counts: [((flow.key.observer, flow.key.side), seen.count)].into(),
            first: seen.first,
            last: seen.last,
            from_pods: seen.from_pods.clone(),
            to_pods: seen.to_pods.clone(),
            names: Names::new(),
            refused,
        }
    }

    /// Adds what `other` has seen.
    pub fn join(&mut self, other: &Self) {
        for (by, count) in &other.counts {
            let known = self.counts.entry(*by).or_default();
            *known = known.saturating_add(*count);
        }
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.from_pods.join(&other.from_pods);
        self.to_pods.join(&other.to_pods);
        self.names.join(&other.names);
        self.refused = self.refused.saturating_add(other.refused);
    }

    /// How many connections, at least: what the one observer saw at one end who saw the most.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.values().copied().max().unwrap_or_default()
    }

    /// Whether somebody saw one of them at the end whose policies decide in `direction`.
    #[must_use]
    pub fn was_seen_at(&self, direction: Direction) -> bool {
        self.counts.keys().any(|(_, side)| *side == Some(direction))
    }

    /// Whether all that is known is that they left their source.
    #[must_use]
    pub fn was_seen_leaving_only(&self) -> bool {
        self.counts.keys().all(|(_, side)| *side == Some(Direction::Egress))
    }

    /// Who saw them.
    #[must_use]
    pub fn observers(&self) -> BTreeSet<Observer> {
        self.counts.keys().map(|(observer, _)| *observer).collect()
    }
}

/// How much something that was seen is to be relied upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Look at it.
    Low,
    /// There is something to be said against it.
    Medium,
    /// Nothing speaks against it.
    High,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// What speaks against relying on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// It was seen so many times only.
    Few(u64),
    /// It was seen in a short part of the time: so many seconds, of so many.
    Short(i64, i64),
    /// It was not seen in the second half of the time.
    Stale,
    /// Only so many of its pods were seen, of so many.
    OfFewPods(usize, usize),
    /// It was denied until now.
    Denied,
}

/// Seen less often than this is seldom.
const FEW: u64 = 10;
/// Of this part of the time at least it must have been seen, from the first time to the last.
const PART: i64 = 10;

impl Evidence {
    /// What speaks against relying on it, where the records are of `window` and the subject has so many `pods`, of
    /// which those of `seen` were seen.
    #[must_use]
    pub fn doubts(&self, window: Option<Window>, seen: &Pods, pods: usize) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        if self.refused > 0 {
            doubts.push(Doubt::Denied);
        }
        if self.count() < FEW {
            doubts.push(Doubt::Few(self.count()));
        }
        if let Some(window) = window {
            let whole = window.from().duration_until(window.to()).as_secs();
            let seen = self.first.duration_until(self.last).as_secs();
            if seen < whole / PART {
                doubts.push(Doubt::Short(seen, whole));
            }
            if self.last.duration_until(window.to()).as_secs() > whole / 2 {
                doubts.push(Doubt::Stale);
            }
        }
        let told = seen.iter().len();
        if told > 0 && !seen.has_more() && told * 2 < pods {
            doubts.push(Doubt::OfFewPods(told, pods));
        }
        doubts.sort();
        doubts
    }
}

impl Confidence {
    /// How much is to be relied upon what these speak against.
    #[must_use]
    pub fn of(doubts: &[Doubt]) -> Self {
        match doubts {
            [] => Self::High,
            [_] => Self::Medium,
            _ => Self::Low,
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Few(1) => f.write_str("seen once only"),
            Self::Few(times) => write!(f, "seen {times} times only"),
            Self::Short(seen, whole) => write!(f, "seen within {} of {}", span(*seen), span(*whole)),
            Self::Stale => f.write_str("not seen in the second half of the time"),
            Self::OfFewPods(seen, of) => write!(f, "{seen} of {of} pods seen"),
            Self::Denied => f.write_str("denied until now"),
        }
    }
}

/// A stretch of time in the one unit that suits it.
#[must_use]
pub fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        172_800.. => (seconds / 86_400, "day"),
        7_200.. => (seconds / 3_600, "hour"),
        120.. => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}
