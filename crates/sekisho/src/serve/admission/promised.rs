//! The promises that a change would break.

use super::{
    judge::Told,
    standing::{Standing, Step},
};
use crate::results::{ResultOf, Results};
use sekisho_core::{
    diagnostic::Severity,
    object::Cluster,
    promise::{Around, Promise, World},
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
    broken: Broken,
}

/// Promises that are broken in a state of the cluster.
#[derive(Clone, Default)]
struct Broken {
    version: u64,
    places: Places,
    /// Whether no others are.
    is_all: bool,
}

impl Promises {
    pub(super) fn new(list: Vec<Promise>) -> Self {
        Self { list, broken: Broken::default() }
    }

    /// Those that may be broken `after` a change of an object of `namespace`, where that was apart before it, and are not known
    /// to be broken without it.
    ///
    /// To look at what is near costs a hundredth of a look at everything, and mostly says that nothing breaks.
    pub(super) fn suspects(&self, after: &Standing, namespace: &Arc<str>, was_apart: bool) -> Places {
        let asked = &self.places(|_| true) - &self.known(after);
        let (cluster, index) = (after.cluster(), after.index());
        if asked.is_empty() || !was_apart || !Around::is_apart(index, namespace) {
            return asked;
        }
        match Around::of(cluster, index, namespace, &self.of(&asked)) {
            Some(around) => {
                let may_break = |at: &usize| self.list.get(*at).is_some_and(|one| around.may_break(one));
                asked.into_iter().filter(may_break).collect()
            }
            None => asked,
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

    /// `suspects` without those that are seen to be broken now, from near.
    fn not_broken_before(&mut self, now: &Standing, namespace: &Arc<str>, suspects: Places) -> Places {
        if suspects.is_empty() || namespace.is_empty() {
            return suspects;
        }
        let asked = self.of(&suspects);
        let Some(around) = Around::of(now.cluster(), now.index(), namespace, &asked) else { return suspects };
        let is_broken = |at: &usize| self.list.get(*at).is_some_and(|one| around.breaks(one, now.index()));
        let (broken, left): (Places, Places) = suspects.iter().partition(|at| is_broken(at));
        let mut known = self.known(now);
        known.extend(broken);
        self.broken = Broken { version: now.version(), is_all: self.knows_all(now), places: known };
        left
    }

    /// Those of `broken` that are not broken now.
    fn newly(&mut self, now: &Standing, broken: Vec<(usize, Told)>) -> Vec<Told> {
        if broken.is_empty() {
            return Vec::new();
        }
        if !self.knows_all(now) {
            let world = World::of(now.cluster());
            let places = self.places(|promise| world.judge(promise).state.is_broken());
            self.broken = Broken { version: now.version(), places, is_all: true };
        }
        let known = &self.broken.places;
        broken.into_iter().filter(|(at, _)| !known.contains(at)).map(|(_, told)| told).collect()
    }

    /// Those that are known to be broken in this state of the cluster.
    fn known(&self, now: &Standing) -> Places {
        if self.broken.version == now.version() { self.broken.places.clone() } else { Places::new() }
    }

    fn knows_all(&self, now: &Standing) -> bool {
        self.broken.version == now.version() && self.broken.is_all
    }

    fn of(&self, places: &Places) -> Vec<Promise> {
        places.iter().filter_map(|at| self.list.get(*at)).cloned().collect()
    }

    fn broken_among(&self, places: &Places, cluster: &Cluster) -> Vec<(usize, Told)> {
        if places.is_empty() {
            return Vec::new();
        }
        let some = self.of(places);
        let results = Results::of(&World::of(cluster), &some);
        let each = places.iter().copied().zip(&results.list);
        each.filter(|(_, one)| one.judgement.state.is_broken()).map(|(at, one)| (at, told(one))).collect()
    }

    fn places(&self, is_meant: impl Fn(&Promise) -> bool) -> Places {
        self.list.iter().enumerate().filter(|(_, promise)| is_meant(promise)).map(|(at, _)| at).collect()
    }
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
