//! The promises that a change would break.

use super::{
    judge::Told,
    standing::{Standing, Step},
};
use crate::results::{ResultOf, Results};
use sekisho_core::{
    diagnostic::Severity,
    object::Cluster,
    promise::{Around, Promise, State, World},
};
use std::{collections::BTreeSet, sync::Arc};

/// How many lines of packets a broken promise shows.
const PACKETS: usize = 3;

/// Promises by their places in the list.
pub(super) type Places = BTreeSet<usize>;

/// Promises, and what is known of them.
#[derive(Clone, Default)]
pub(super) struct Promises {
    list: Vec<Promise>,
    /// Those that are broken now, and in which state of the cluster that is.
    broken: Option<(u64, Places)>,
}

impl Promises {
    pub(super) fn new(list: Vec<Promise>) -> Self {
        Self { list, broken: None }
    }

    /// Those that may be broken `after` a change of an object of `namespace`, where that was apart before it.
    ///
    /// To look at what is near costs a hundredth of a look at everything, and mostly says that nothing breaks.
    pub(super) fn suspects(&self, after: &Standing, namespace: &Arc<str>, was_apart: bool) -> Places {
        let (cluster, index) = (after.cluster(), after.index());
        let is_apart = !self.list.is_empty() && was_apart && Around::is_apart(index, namespace);
        match is_apart.then(|| Around::of(cluster, index, namespace, &self.list)).flatten() {
            Some(around) => self.places(|promise| around.may_break(promise)),
            None => (0..self.list.len()).collect(),
        }
    }

    /// What `step` would break of `suspects`.
    pub(super) fn broken_by(&mut self, step: &Step, standing: &mut Standing, suspects: Places) -> Vec<Told> {
        let left = self.not_broken_before(standing, &step.piece().namespace, suspects);
        if left.is_empty() {
            return Vec::new();
        }
        let broken = standing.after(step, |after| self.broken_among(&left, after.cluster()));
        self.newly(standing, broken)
    }

    /// The promises that are broken in `cluster`, and how.
    pub(super) fn broken_in(&self, cluster: &Cluster) -> Vec<Told> {
        let all = (0..self.list.len()).collect();
        self.broken_among(&all, cluster).into_iter().map(|(_, told)| told).collect()
    }

    /// `suspects` without those that are known to be broken now, or seen to be from near.
    fn not_broken_before(&self, now: &Standing, namespace: &Arc<str>, mut suspects: Places) -> Places {
        if let Some((_, known)) = self.broken.as_ref().filter(|(version, _)| *version == now.version()) {
            return &suspects - known;
        }
        let near = (!suspects.is_empty() && !namespace.is_empty())
            .then(|| Around::of(now.cluster(), now.index(), namespace, &self.list));
        if let Some(around) = near.flatten() {
            suspects.retain(|at| self.list.get(*at).is_some_and(|one| !around.breaks(one, now.index())));
        }
        suspects
    }

    /// Those of `broken` that are not broken now.
    fn newly(&mut self, now: &Standing, broken: Vec<(usize, Told)>) -> Vec<Told> {
        if broken.is_empty() {
            return Vec::new();
        }
        let version = now.version();
        let before = match self.broken.take() {
            Some((known, before)) if known == version => before,
            _ => {
                let world = World::of(now.cluster());
                self.places(|promise| is_broken(&world.judge(promise).state))
            }
        };
        let new = broken.into_iter().filter(|(at, _)| !before.contains(at)).map(|(_, told)| told).collect();
        self.broken = Some((version, before));
        new
    }

    fn broken_among(&self, places: &Places, cluster: &Cluster) -> Vec<(usize, Told)> {
        if places.is_empty() {
            return Vec::new();
        }
        let some: Vec<Promise> = places.iter().filter_map(|at| self.list.get(*at)).cloned().collect();
        let results = Results::of(&World::of(cluster), &some);
        let each = places.iter().copied().zip(&results.list);
        each.filter(|(_, one)| is_broken(&one.judgement.state)).map(|(at, one)| (at, told(one))).collect()
    }

    fn places(&self, is_meant: impl Fn(&Promise) -> bool) -> Places {
        self.list.iter().enumerate().filter(|(_, promise)| is_meant(promise)).map(|(at, _)| at).collect()
    }
}

fn is_broken(state: &State) -> bool {
    matches!(state, State::Broken { .. })
}

fn told(result: &ResultOf<'_>) -> Told {
    let promise = result.promise;
    let mut words = format!("promise `{}` would be broken: {promise}", promise.name);
    let packets: Vec<&str> = result.packets.iter().take(PACKETS).map(String::as_str).collect();
    if !packets.is_empty() {
        words.push_str(&format!("; after this change: {}", packets.join(", ")));
    }
    if let Some(because) = &promise.because {
        words.push_str(&format!(" ({because})"));
    }
    Told { code: "promise".to_owned(), severity: Severity::Error, namespace: None, words }
}
