//! What rules found of each object, for itself: it is kept while others are looked at again.

use sekisho_lint::{
    Finding, Subject, World,
    rego::{Judged, Rules},
};
use std::{collections::BTreeSet, sync::Arc};

/// What rules found, before anybody is silent for another.
#[derive(Clone, Default)]
pub(crate) struct Found {
    /// What our rules found.
    pub(super) ours: Vec<Finding>,
    /// What those of the team had to say.
    pub(super) own: Judged,
}

impl Found {
    /// Asks all rules; `None` as soon as `is_wanted` says that nobody waits for it any more.
    pub(crate) fn of(
        world: &World<'_>,
        own: Option<&Rules>,
        is_wanted: impl Fn() -> bool + Sync,
    ) -> Option<Self> {
        let ours = sekisho_lint::check(world, &is_wanted)?;
        let own = match own {
            Some(rules) => rules.check(world, is_wanted)?,
            None => Judged::default(),
        };
        Some(Self { ours, own })
    }

    /// The same where `newer` has looked again at some namespaces, and at what lies in none. What cluster-wide policies
    /// do elsewhere was not looked at: of those that nothing newer is told of, what was told before stays.
    pub(crate) fn renewed(mut self, newer: Self, namespaces: &BTreeSet<Arc<str>>) -> Self {
        let place = |one: &Finding| (one.code().to_owned(), one.diagnostic.origin.clone());
        let told: BTreeSet<_> = newer.ours.iter().map(place).collect();
        let stays = |one: &Finding| match &one.subject {
            Subject::ClusterPolicy(_) => !told.contains(&place(one)),
            subject => subject.namespace().is_some_and(|name| !namespaces.contains(name)),
        };
        self.ours.retain(stays);
        self.ours.extend(newer.ours);
        self.own.findings.retain(stays);
        self.own.findings.extend(newer.own.findings);
        self.own.errors = newer.own.errors;
        self.own.prints = newer.own.prints;
        self
    }

    /// The namespaces of which something was told that has to do with these texts.
    pub(crate) fn about(&self, texts: &BTreeSet<Arc<str>>) -> impl Iterator<Item = Arc<str>> {
        let told = self.ours.iter().chain(&self.own.findings).filter(|one| one.mentions(texts));
        told.filter_map(|one| one.subject.namespace().cloned())
    }
}
