//! A document, and what is built in, to a catalog: every name is looked up, and every mistake told in one run.

mod calls;
mod components;
mod ends;
mod peers;
mod tell;
mod tiers;
mod values;

use crate::{
    BUILTIN_SOURCE, builtin,
    document::{self, Document, Entries, LabelKeys, Placed, Texts},
    model::{Catalog, Environment},
};
use sekisho_core::{
    diagnostic::Diagnostic,
    object::{Origin, Span},
    standard::Naming,
};
use std::{collections::BTreeSet, sync::Arc};
use tell::Tell;
pub(crate) use tiers::{OTHER, fill};

/// One of the two texts that a catalog is made of, without what is not our affair.
struct Layer<'d> {
    source: Arc<str>,
    environments: &'d Entries<document::Environment>,
    peers: &'d Entries<document::Peer>,
    standard: &'d document::Standard,
    services: &'d Entries<document::Service>,
}

impl<'d> Layer<'d> {
    fn of<C>(source: &str, document: &'d Document<C>) -> Self {
        Self {
            source: source.into(),
            environments: &document.environments,
            peers: &document.peers,
            standard: &document.standard,
            services: &document.services,
        }
    }

    fn origin(&self, span: Span) -> Origin {
        Origin { source: Arc::clone(&self.source), span }
    }
}

impl Catalog {
    /// The catalog that `document` and what is built in make, and what is wrong with it. Findings call the document
    /// `source`. Where there are errors the catalog lacks what they are about.
    #[must_use]
    pub fn of<C>(source: &str, document: &Document<C>) -> (Self, Vec<Diagnostic>) {
        let builtin = builtin();
        let layers = [Layer::of(BUILTIN_SOURCE, &builtin), Layer::of(source, document)];
        let mut tell = Tell::default();
        let environments = environments(&layers, &mut tell);
        let known: BTreeSet<Arc<str>> = environments.iter().map(|one| Arc::clone(&one.name)).collect();
        let peers = peers::all(&layers, &known, &mut tell);
        let tiers = tiers::all(&layers, &peers, &mut tell);
        let mut catalog = Self {
            environments,
            naming: naming(&layers, &mut tell),
            baseline: baseline(&layers, &mut tell),
            exempt: BTreeSet::new(),
            dns: Vec::new(),
            tiers,
            peers,
            services: Vec::new(),
            calls: Vec::new(),
        };
        catalog.exempt = exempt(&layers, &mut tell);
        catalog.dns = dns(&layers, &catalog, &mut tell);
        catalog.services = components::all(&layers, &catalog, &mut tell);
        catalog.naming.components = component_values(&catalog);
        catalog.calls = calls::all(&layers, &catalog, &known, &mut tell);
        (catalog, tell.finish())
    }
}

/// What is written last.
fn last<'d, T>(
    layers: &'d [Layer<'d>; 2],
    get: impl Fn(&'d document::Standard) -> Option<&'d T>,
) -> Option<(&'d Layer<'d>, &'d T)> {
    layers.iter().rev().find_map(|layer| Some((layer, get(layer.standard)?)))
}

fn environments(layers: &[Layer<'_>; 2], tell: &mut Tell) -> Vec<Environment> {
    let mut environments = Vec::new();
    for layer in layers {
        for (name, environment) in layer.environments.iter() {
            let origin = layer.origin(name.span);
            if let Err(reason) = sekisho_k8s::syntax::dns_label(&name.value) {
                tell.error("invalid-name", &origin, format!("the environment {reason}"));
            }
            let paths = environment.paths.0.iter().map(|path| path.value.clone()).collect();
            environments.push(Environment { name: name.value.as_str().into(), paths, origin });
        }
    }
    environments
}

fn naming(layers: &[Layer<'_>; 2], tell: &mut Tell) -> Naming {
    let mut keys: Vec<&str> = Vec::new();
    let mut key = |get: fn(&LabelKeys) -> Option<&Placed<String>>| -> Arc<str> {
        let Some((layer, key)) = last(layers, |standard| get(&standard.labels)) else { return "".into() };
        let origin = layer.origin(key.span);
        if let Err(reason) = sekisho_k8s::syntax::qualified_name(&key.value) {
            tell.error("invalid-name", &origin, format!("the label key {reason}"));
        } else if keys.contains(&key.value.as_str()) {
            let message = format!("`{}` is the key of two labels", key.value);
            let help = "a pod has one value of each key: `name`, `component` and `part-of` are three";
            tell.error_help("duplicate-name", &origin, message, help);
        }
        keys.push(&key.value);
        key.value.as_str().into()
    };
    // In the order in which they are written, so that the second of two is told.
    let (name, component) = (key(|keys| keys.name.as_ref()), key(|keys| keys.component.as_ref()));
    let part_of = key(|keys| keys.part_of.as_ref());
    Naming { name, component, part_of, components: BTreeSet::new() }
}

/// The values that the component label may have: the tiers', and those of components that are called otherwise.
fn component_values(catalog: &Catalog) -> BTreeSet<Arc<str>> {
    let key = &catalog.naming.component;
    let tiers = catalog.tiers.iter().map(|tier| &tier.name).filter(|name| &***name != tiers::OTHER);
    let labels = catalog.components().filter_map(|component| component.labels.get(key)).map(Arc::from);
    tiers.cloned().chain(labels).collect()
}

fn baseline(layers: &[Layer<'_>; 2], tell: &mut Tell) -> Arc<str> {
    let Some((layer, name)) = last(layers, |standard| standard.baseline.as_ref()) else {
        return "baseline".into();
    };
    if let Err(reason) = sekisho_k8s::syntax::dns_subdomain(&name.value) {
        tell.error("invalid-name", &layer.origin(name.span), format!("the policy's name {reason}"));
    }
    name.value.as_str().into()
}

fn exempt(layers: &[Layer<'_>; 2], tell: &mut Tell) -> BTreeSet<Arc<str>> {
    let Some((layer, Texts(names))) = last(layers, |standard| standard.exempt.as_ref()) else {
        return BTreeSet::new();
    };
    for name in names {
        if let Err(reason) = sekisho_k8s::syntax::dns_label(&name.value) {
            tell.error("invalid-name", &layer.origin(name.span), format!("the namespace {reason}"));
        }
    }
    names.iter().map(|name| name.value.as_str().into()).collect()
}

fn dns(layers: &[Layer<'_>; 2], catalog: &Catalog, tell: &mut Tell) -> Vec<Arc<str>> {
    let Some((layer, Texts(names))) = last(layers, |standard| standard.dns.as_ref()) else {
        return Vec::new();
    };
    let mut known = Vec::new();
    for name in names {
        match catalog.peer(&name.value) {
            Some(peer) => known.push(Arc::clone(&peer.name)),
            None => {
                let peers = catalog.peers.iter().map(|peer| &*peer.name);
                tell.unknown("peer", &name.value, peers, &layer.origin(name.span));
            }
        }
    }
    known
}
