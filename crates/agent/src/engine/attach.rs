//! The time in which enforcement begins on a node where there was none (S32).

use sekisho_nft::{Kernel, NetlinkError};
use std::time::{Duration, Instant};

/// How often connections are looked through while they show themselves.
const APART: Duration = Duration::from_millis(250);

/// How far it is.
#[derive(Debug)]
pub(super) struct Attach {
    patience: Duration,
    /// Whether rules of ours were in the kernel before this agent put some there.
    was_there: Option<bool>,
    until: Option<Instant>,
    next: Option<Instant>,
}

impl Attach {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, was_there: None, until: None, next: None }
    }

    /// Whether another agent has enforced here before: then connections are known, and nothing needs to
    /// show itself.
    pub(super) fn was_there(&mut self, kernel: &mut Kernel) -> Result<bool, NetlinkError> {
        let was_there = match self.was_there {
            Some(was_there) => was_there,
            None => kernel.is_programmed()?,
        };
        self.was_there = Some(was_there);
        Ok(was_there)
    }

    /// From now on connections show themselves.
    pub(super) fn begin(&mut self) {
        let now = Instant::now();
        self.until = Some(now + self.patience);
        self.next = Some(now + APART.min(self.patience));
    }

    /// When connections are to be looked through next.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        self.next
    }

    /// Whether the time is over; if not, when it is looked again.
    pub(super) fn is_over(&mut self) -> bool {
        let now = Instant::now();
        let over = self.until.is_none_or(|until| now >= until);
        self.next = (!over).then(|| now + APART);
        over
    }
}
