//! Why, where the observer does not say: the core is asked.

use crate::record::Nearest;
use sekisho_core::{
    eval,
    explain::{Excerpts, explain},
    object::Direction,
    packet::Packet,
    verdict::Verdict,
};
use std::{collections::HashMap, sync::Arc};

/// Whoever knows the policies.
pub trait Judge {
    /// What they say of `packet`, the first of a connection; `None` where nobody knows.
    fn judge(&self, packet: &Packet) -> Option<Judgement>;
}

/// What policies say of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Both sides' answers.
    pub verdict: Verdict,
    /// Where the source's side denies, the rule of its policies that almost allowed it.
    pub egress_nearest: Option<Nearest>,
    /// Where the destination's side denies, the same of its policies.
    pub ingress_nearest: Option<Nearest>,
}

impl Judgement {
    /// The rule that almost allowed it on the side that `direction` is about.
    #[must_use]
    pub fn nearest(&self, direction: Direction) -> Option<&Nearest> {
        match direction {
            Direction::Egress => self.egress_nearest.as_ref(),
            Direction::Ingress => self.ingress_nearest.as_ref(),
        }
    }
}

/// Nobody knows the policies: flows are named, and why they passed or not is what observers say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Judge for Nobody {
    fn judge(&self, _: &Packet) -> Option<Judgement> {
        None
    }
}

impl Judge for Excerpts<'_> {
    fn judge(&self, packet: &Packet) -> Option<Judgement> {
        let part = self.around(packet);
        let verdict = eval::decide(&part, packet);
        // Most pass, and of those nobody asks what was near.
        let explanation = (!verdict.decision.is_allow()).then(|| explain(&part, packet));
        let nearest = |direction| {
            let side = explanation.as_ref()?.side(direction);
            let miss = side.deciding().filter(|_| !side.verdict.decision.is_allow())?.nearest()?;
            Some(Nearest {
                policy: miss.policy.clone(),
                path: miss.path.clone(),
                lacks: miss.to_string().into(),
            })
        };
        let (egress_nearest, ingress_nearest) = (nearest(Direction::Egress), nearest(Direction::Ingress));
        Some(Judgement { verdict, egress_nearest, ingress_nearest })
    }
}

impl<J: Judge + ?Sized> Judge for &J {
    fn judge(&self, packet: &Packet) -> Option<Judgement> {
        (**self).judge(packet)
    }
}

/// How many answers are remembered, at least; twice as many at most.
const MOST: usize = 1 << 14;

/// A judge whose answers are remembered. The same few packets come again and again.
#[derive(Debug)]
pub(super) struct Remembered<J> {
    pub(super) judge: J,
    now: HashMap<Packet, Option<Arc<Judgement>>>,
    before: HashMap<Packet, Option<Arc<Judgement>>>,
}

impl<J: Judge> Remembered<J> {
    pub(super) fn new(judge: J) -> Self {
        Self { judge, now: HashMap::new(), before: HashMap::new() }
    }

    pub(super) fn judge(&mut self, packet: Packet) -> Option<Arc<Judgement>> {
        if let Some(known) = self.now.get(&packet) {
            return known.clone();
        }
        let judgement =
            self.before.remove(&packet).unwrap_or_else(|| self.judge.judge(&packet).map(Arc::new));
        if self.now.len() >= MOST {
            self.before = std::mem::take(&mut self.now);
        }
        self.now.insert(packet, judgement.clone());
        judgement
    }

    pub(super) fn forget(&mut self) {
        self.now.clear();
        self.before.clear();
    }
}
