//! A catalog says what services there are, what they follow, and who calls whom. This crate makes policies of it,
//! and what a [`Standard`](sekisho_core::standard::Standard) has to know of it.
//!
//! A text becomes a [`Document`], which is the file as it is written; with what is built in, a
//! document becomes a [`Catalog`], in which every name is looked up and every mistake was told. Pure: no I/O, no
//! clock.

pub mod document;
mod generate;
mod import;
pub mod layout;
mod model;
mod promises;
mod read;
mod resolve;
mod standard;

pub use generate::{Draft, DraftPeer, DraftRule, Reason, Written};
pub use import::{Imported, Source, environment_names, import};
pub use layout::{Files, Layout};
pub use model::{Call, Catalog, Component, Environment, Peer, Service, Tier, TierCaller, Why};
pub use read::{Read, read};

use document::Document;

/// What is built in, as it is written.
pub const BUILTIN: &str = include_str!("builtin.yaml");

/// The name by which findings call what is built in.
const BUILTIN_SOURCE: &str = "built in";

impl Catalog {
    /// What holds where there is no catalog.
    #[must_use]
    pub fn builtin() -> Self {
        Self::of("", &Document::<document::Ignored>::default()).0
    }
}

/// What is built in, as a document.
#[must_use]
pub fn builtin() -> Document {
    // INVARIANT: it can be read; a test reads it.
    read(BUILTIN_SOURCE, BUILTIN.as_bytes()).document.unwrap_or_default()
}

/// What is built in and what `document` says, together: what holds.
#[must_use]
pub fn whole<C>(document: &Document<C>) -> Document {
    let mut whole = builtin();
    let (standard, said) = (&mut whole.standard, &document.standard);
    document.peers.iter().for_each(|(name, peer)| whole.peers.set(name.value.as_str(), peer.clone()));
    said.tiers.iter().for_each(|(name, tier)| standard.tiers.set(name.value.as_str(), tier.clone()));
    let keys = [
        (&mut standard.labels.name, &said.labels.name),
        (&mut standard.labels.component, &said.labels.component),
        (&mut standard.labels.part_of, &said.labels.part_of),
        (&mut standard.baseline, &said.baseline),
    ];
    keys.into_iter().for_each(|(built_in, said)| replace(built_in, said));
    replace(&mut standard.egress, &said.egress);
    replace(&mut standard.dns, &said.dns);
    replace(&mut standard.exempt, &said.exempt);
    Document { environments: document.environments.clone(), services: document.services.clone(), ..whole }
}

fn replace<T: Clone>(built_in: &mut Option<T>, said: &Option<T>) {
    if said.is_some() {
        built_in.clone_from(said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_can_be_read_and_is_right() {
        let read = read::<document::Ignored>(BUILTIN_SOURCE, BUILTIN.as_bytes());
        assert_eq!(read.diagnostics, []);
        assert!(read.document.is_some());
        let (catalog, found) = Catalog::of("", &Document::<document::Ignored>::default());
        assert_eq!(found, []);
        let tiers: Vec<&str> = catalog.tiers.iter().map(|tier| &*tier.name).collect();
        assert_eq!(tiers, ["frontend", "bff", "backend", "microservice", "database", "other"]);
        assert!(catalog.services.is_empty() && catalog.calls.is_empty());
    }
}
