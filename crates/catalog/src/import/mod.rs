//! Policies that people wrote to a catalog, as far as they follow a standard.
//!
//! What they say is guessed, and then the guess is held against them: whatever the catalog would not give as it is
//! written is told, at its place.

mod components;
mod known;
mod names;
mod peers;
mod roles;
mod services;
mod verify;

use crate::{
    Catalog, TierCaller,
    document::{Document, Entries, Environment, Ignored, Placed, Texts, VERSION},
    resolve::OTHER,
};
use components::{Components, Found};
use known::Contact;
pub use names::environment_names;
use sekisho_core::diagnostic::Diagnostic;
use sekisho_k8s::Reading;
use std::collections::BTreeSet;

/// The manifests of one environment.
#[derive(Clone, Copy, Debug)]
pub struct Source<'r> {
    /// The environment's name; `None` where there is only one, which needs none.
    pub environment: Option<&'r str>,
    /// Where its manifests lie, from the folder in which the catalog is to be.
    pub path: &'r str,
    /// What was read there.
    pub reading: &'r Reading,
}

/// A catalog, and what does not follow it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The catalog.
    pub document: Document,
    /// What the catalog does not give as it is written.
    pub diagnostics: Vec<Diagnostic>,
}

/// The catalog of the policies of `sources`. `beside` has what lies beside them and is of no environment. `base` has
/// what is known already: environments, a standard, and peers.
#[must_use]
pub fn import(sources: &[Source<'_>], beside: &[Reading], base: &Document<Ignored>) -> Imported {
    let (known, _) = Catalog::of("", base);
    let found = components::find(sources, &known);
    let contacts = known::resolve(&found, &known);
    let guess = Guess { sources, base, known: &known, found: &found, contacts: &contacts };
    let peers = guess.peers();
    let document = Document {
        version: Placed::new(VERSION),
        environments: environments(sources, base),
        peers: peers::entries(&peers, base),
        standard: base.standard.clone(),
        services: guess.services(&peers),
        check: None,
    };
    let diagnostics = verify::hold(&document, sources, beside);
    Imported { document, diagnostics }
}

/// What the guess is made of.
struct Guess<'g, 'r> {
    sources: &'g [Source<'r>],
    base: &'g Document,
    known: &'g Catalog,
    found: &'g Components<'r>,
    contacts: &'g [Contact],
}

impl Guess<'_, '_> {
    /// What a component is, by its name.
    fn tier(&self, found: &Found<'_>) -> &str {
        self.known.tier(&found.name).map_or(OTHER, |tier| &tier.name)
    }

    /// Whom a component's tier lets in.
    fn tier_callers(&self, found: &Found<'_>) -> &[TierCaller] {
        self.known.tier(self.tier(found)).map_or(&[], |tier| &tier.callers)
    }

    /// `environments` as a catalog says it: `None` for all of them. Nothing is known of those that only the base has.
    fn some(&self, environments: &BTreeSet<usize>) -> Option<Texts> {
        let named: Option<BTreeSet<&str>> = self.sources.iter().map(|source| source.environment).collect();
        let named = named?;
        let is_all = (0..self.sources.len()).all(|at| environments.contains(&at))
            && self.base.environments.names().all(|name| named.contains(name));
        let names = self.sources.iter().enumerate().filter(|(at, _)| environments.contains(at));
        (!is_all).then(|| names.filter_map(|(_, source)| source.environment).collect())
    }
}

/// Those of `base`, and behind them the others.
fn environments(sources: &[Source<'_>], base: &Document) -> Entries<Environment> {
    let mut environments = base.environments.clone();
    let named = sources.iter().filter_map(|source| Some((source.environment?, source)));
    for (name, source) in named {
        if environments.get(name).is_none_or(|known| known.paths.0.is_empty()) {
            environments.set(name, Environment { paths: Texts::from_iter([source.path]) });
        }
    }
    environments
}
