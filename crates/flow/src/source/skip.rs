//! What is left out of what observers write, and why.

use std::{collections::BTreeMap, fmt};

/// Why something is no connection that policies decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// The line is empty.
    Empty,
    /// It tells of something else than connections.
    NoFlow,
    /// It is the answer to a connection.
    Reply,
    /// It tells of requests within a connection.
    Layer7,
    /// It was seen at a socket, before Service translation.
    Socket,
    /// It was seen before policies had their say.
    BeforePolicy,
    /// It is in the middle of a connection that was counted already.
    Underway,
    /// The same was told already, by another event.
    Repeated,
    /// It was dropped, and not by a policy.
    OtherDrop,
    /// The observer says nothing about what became of it.
    NoVerdict,
    /// The addresses, the protocol or the ports are missing.
    Incomplete,
    /// Nobody can tell who opened it.
    Undecided,
    /// The observer says that it lost these itself.
    Lost,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty",
            Self::NoFlow => "not about connections",
            Self::Reply => "the answer to a connection",
            Self::Layer7 => "a request within a connection",
            Self::Socket => "seen at a socket, before Service translation",
            Self::BeforePolicy => "seen before policies had their say",
            Self::Underway => "in the middle of a connection",
            Self::Repeated => "told already by another event",
            Self::OtherDrop => "dropped, and not by a policy",
            Self::NoVerdict => "without a verdict",
            Self::Incomplete => "without addresses, protocol or ports",
            Self::Undecided => "nobody can tell who opened it",
            Self::Lost => "lost by the observer itself",
        })
    }
}

/// How much was left out, by why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped(BTreeMap<Skip, u64>);

impl Skipped {
    pub(super) fn add(&mut self, why: Skip, events: u64) {
        if events > 0 {
            let counted = self.0.entry(why).or_default();
            *counted = counted.saturating_add(events);
        }
    }

    /// How much was left out for this reason.
    #[must_use]
    pub fn of(&self, why: Skip) -> u64 {
        self.0.get(&why).copied().unwrap_or_default()
    }

    /// The reasons, each with how much was left out for it.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Skip, u64)> {
        self.0.iter().map(|(why, events)| (*why, *events))
    }
}
