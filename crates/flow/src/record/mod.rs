//! The record: what was seen of one kind of connection in a window of time.

mod carried;
mod end;
mod few;
mod leave;
mod seen;

pub use carried::{Carried, CarriedError};
pub use end::{End, Names, WorkloadEnd, stable_labels};
pub use few::Few;
pub use leave::{Leave, Nearest, Outcome, PolicyRef, Why};
pub use seen::{Nodes, Pods, Seen, Window, WindowError};

use sekisho_core::object::Direction;
use std::fmt;

/// What was seen of the connections of one [`Key`] in a [`Window`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// When.
    pub window: Window,
    /// Who, to whom, what, and what became of it.
    pub key: Key,
    /// How often, and the rest that is told of it.
    pub seen: Seen,
}

/// What tells flows apart. Records of equal keys are joined ([`crate::merge`]).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Who opens the connections.
    pub from: End,
    /// Whom they are opened to, after Service translation where the observer sees that (S37).
    pub to: End,
    /// What they carry.
    pub carried: Carried,
    /// What became of them.
    pub outcome: Outcome,
    /// By whose leave.
    pub leave: Leave,
    /// Who saw them.
    pub observer: Observer,
    /// At which end they were seen: egress is the source's node. A connection that is seen at both is in two
    /// records, and counted once in each. `None` where the observer does not say.
    pub side: Option<Direction>,
}

impl Key {
    /// The end that refused, or would have, and in which direction: the subject of the policies that
    /// denied. Where the observer does not say, the side that denies; where nobody knows, the destination, whose
    /// ingress denies most of what is denied.
    #[must_use]
    pub fn refused_by(&self) -> Option<(&End, Direction)> {
        if !self.outcome.is_forbidden() {
            return None;
        }
        match self.side.or_else(|| self.leave.denied_at()) {
            Some(Direction::Egress) => Some((&self.from, Direction::Egress)),
            Some(Direction::Ingress) | None => Some((&self.to, Direction::Ingress)),
        }
    }
}

impl fmt::Display for Key {
    /// `trading/trading-bff -> ledger/ledger TCP/50051 denied`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} {} {}", self.from, self.to, self.carried, self.outcome)
    }
}

/// Who observes flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Observer {
    /// sekisho's own agent, in the kernel of a node.
    Agent,
    /// Hubble, the observer of Cilium.
    Hubble,
    /// The network policy logging of GKE Dataplane V2.
    Gke,
    /// The flow logs of an AWS VPC.
    Vpc,
}

impl Observer {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Hubble, Self::Gke, Self::Vpc];
}

impl fmt::Display for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agent => "agent",
            Self::Hubble => "hubble",
            Self::Gke => "gke",
            Self::Vpc => "vpc",
        })
    }
}
