//! Whether a promise is kept.

use super::{
    Claim, Group, Members, Promise, PromisedPort,
    breach::{Breach, Breaches},
    question::{Question, questions},
    side::Side,
    world::World,
};
use crate::{
    index::{PodId, RoaringBitmap},
    object::Workload,
    reach::{Cell, ClassId},
    set::AddressSet,
};
use std::{collections::BTreeSet, sync::Arc};

/// What became of a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is kept.
    Kept,
    /// It is broken.
    Broken {
        /// Between whom, sorted: those from outside first. No more than
        /// [`MAX_BREACHES`](super::MAX_BREACHES).
        breaches: Vec<Breach>,
        /// Whether there are more.
        has_more: bool,
        /// Who was to be reached on a container port that they do not have.
        unnamed: BTreeSet<(Arc<Workload>, PromisedPort)>,
    },
    /// There is nothing that it is about, and it does not say that there may be nothing: these of its
    /// groups have no member, or, where none is named, no two members have in common what it asks for.
    MatchesNothing(Vec<Arc<Group>>),
}

impl State {
    /// Whether it is broken.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken { .. })
    }
}

/// A promise's state, and what was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What became of it.
    pub state: State,
    /// How many of today's pods were looked at as those who open connections.
    pub from_pods: u64,
    /// Whether addresses outside were.
    pub from_outside: bool,
    /// How many of today's pods were looked at as those who are reached.
    pub to_pods: u64,
    /// Whether addresses outside were.
    pub to_outside: bool,
}

impl World<'_> {
    /// Whether `promise` is kept.
    #[must_use]
    pub fn judge(&self, promise: &Promise) -> Judgement {
        let asked = questions(self, promise);
        let mut breaches = Breaches::default();
        for question in &asked.list {
            match promise.claim {
                Claim::Can => self.closed(question, &mut breaches),
                Claim::Cannot | Claim::OnlyWho | Claim::OnlyWhom => self.open(question, &mut breaches),
            }
            if breaches.is_full() {
                break;
            }
        }
        let unnamed = if promise.claim == Claim::Can { self.unnamed(asked.unnamed) } else { BTreeSet::new() };
        let has_more = breaches.is_full();
        let breaches = breaches.finish();
        let state = if !breaches.is_empty() || !unnamed.is_empty() {
            State::Broken { breaches, has_more, unnamed }
        } else {
            self.idle(promise, &asked.list).map_or(State::Kept, State::MatchesNothing)
        };
        let (from_pods, from_outside) = self.counted(asked.list.iter().map(|question| &question.from));
        let (to_pods, to_outside) = self.counted(asked.list.iter().map(|question| &question.to));
        Judgement { state, from_pods, from_outside, to_pods, to_outside }
    }

    /// Notes what is open.
    fn open(&self, question: &Question, breaches: &mut Breaches) {
        for to in &question.to.classes {
            for cell in self.reach.sources(to).iter() {
                let ports = cell.ports.intersection(&question.ports);
                if ports.is_empty() {
                    continue;
                }
                for from in &cell.with & &question.from.classes {
                    breaches.note(self, question, (from, to), &ports);
                    if breaches.is_full() {
                        return;
                    }
                }
            }
        }
    }

    /// Notes what is closed.
    fn closed(&self, question: &Question, breaches: &mut Breaches) {
        for to in &question.to.classes {
            let cells = self.reach.sources(to);
            let mut missing = self.reach.meeting(to) & &question.from.classes;
            if self.reach.class(to).is_some_and(crate::reach::Class::is_shared) {
                missing.remove(to); // S21: one address is itself, whoever bears it.
            }
            for cell in cells.iter().filter(|cell| question.ports.difference(&cell.ports).is_empty()) {
                missing -= &cell.with;
            }
            for from in missing {
                let ports = question.ports.difference(&open(&cells, from));
                breaches.note(self, question, (from, to), &ports);
                if breaches.is_full() {
                    return;
                }
            }
        }
    }

    fn unnamed(&self, pods: Vec<(PodId, PromisedPort)>) -> BTreeSet<(Arc<Workload>, PromisedPort)> {
        let named = pods.into_iter();
        named.filter_map(|(pod, port)| Some((Arc::clone(self.reach.workload_of(pod)?), port))).collect()
    }

    /// Why the promise is about nothing, where it is and does not say that it may be.
    fn idle(&self, promise: &Promise, asked: &[Question]) -> Option<Vec<Arc<Group>>> {
        if promise.may_match_nothing {
            return None;
        }
        // Of an `only` side nobody need be there: it is the others who are forbidden.
        let sides: &[&[Arc<Group>]] = match promise.claim {
            Claim::Can | Claim::Cannot => &[&promise.who, &promise.whom],
            Claim::OnlyWho => &[&promise.whom],
            Claim::OnlyWhom => &[&promise.who],
        };
        let groups = sides.iter().copied().flatten();
        let mut empty: Vec<Arc<Group>> = Vec::new();
        for group in groups.filter(|group| !self.has_members(group)) {
            if !empty.contains(group) {
                empty.push(Arc::clone(group));
            }
        }
        (!empty.is_empty() || asked.is_empty()).then_some(empty)
    }

    fn has_members(&self, group: &Arc<Group>) -> bool {
        let addresses = group.addresses();
        let pods = match group.members {
            Members::Addresses(_) | Members::Internet => RoaringBitmap::new(),
            _ => self.pods_of(std::slice::from_ref(group)) & &self.today,
        };
        !pods.is_empty() || !Side::of(pods, addresses, &self.reach, &self.index).is_empty()
    }

    fn counted<'s>(&self, sides: impl Iterator<Item = &'s Side>) -> (u64, bool) {
        let (mut pods, mut is_outside) = (RoaringBitmap::new(), false);
        for side in sides {
            pods |= &side.pods;
            is_outside |= side.addresses != AddressSet::empty();
        }
        ((pods & &self.today).len(), is_outside)
    }
}

/// The ports that are open to a class.
fn open(cells: &[Cell], from: ClassId) -> crate::set::PortSet {
    let cell = cells.iter().find(|cell| cell.with.contains(from));
    cell.map(|cell| (*cell.ports).clone()).unwrap_or_default()
}
