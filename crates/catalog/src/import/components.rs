//! The components that policies are about.

use super::{
    Source,
    names::{as_name, numbered},
};
use crate::{Catalog, model::EGRESS};
use sekisho_core::object::{
    Direction, LabelSelector, Labels, NAME_LABEL, NetworkPolicy, PeerKind, Requirement,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What names a component: its namespace, and its pods' labels.
pub(super) type Id = (Arc<str>, Labels);

/// A component as policies show it. Policies of an environment are beside its place among the sources.
#[derive(Debug)]
pub(super) struct Found<'r> {
    /// The service that it is of.
    pub(super) service: Arc<str>,
    /// Its name in the service.
    pub(super) name: Arc<str>,
    /// What its policy is called, less what egress adds.
    pub(super) policy: Arc<str>,
    /// The policies that let others in.
    pub(super) ingress: Vec<(usize, &'r NetworkPolicy)>,
    /// The policies that let it out.
    pub(super) egress: Vec<(usize, &'r NetworkPolicy)>,
}

/// All components, and what is known of namespaces.
#[derive(Debug, Default)]
pub(super) struct Components<'r> {
    /// The components.
    pub(super) all: BTreeMap<Id, Found<'r>>,
    /// The namespaces whose baseline closes egress.
    pub(super) closed: BTreeSet<Arc<str>>,
    /// The namespaces that have a baseline.
    pub(super) baselines: BTreeSet<Arc<str>>,
}

/// The labels that are all that `selector` asks for.
pub(super) fn exact(selector: &LabelSelector) -> Option<Labels> {
    let one = |requirement: &Requirement| match requirement {
        Requirement::In(key, values) if values.len() == 1 => {
            values.first().map(|value| (Arc::clone(key), Arc::clone(value)))
        }
        _ => None,
    };
    let labels: Option<Labels> =
        selector.requirements().map(one).collect::<Option<Vec<_>>>().map(|all| all.into_iter().collect());
    labels.filter(|labels| labels.iter().len() > 0 && labels.iter().len() == selector.requirements().len())
}

/// The name of the only namespace that `selector` selects.
pub(super) fn only_namespace(selector: &LabelSelector) -> Option<Arc<str>> {
    let labels = exact(selector)?;
    if labels.iter().len() != 1 { None } else { labels.get(NAME_LABEL).map(Arc::from) }
}

/// The component that `kind`, of a policy in `namespace`, names by all of its labels.
pub(super) fn named(kind: &PeerKind, namespace: &Arc<str>) -> Option<Id> {
    match kind {
        PeerKind::Pods(pods) => Some((Arc::clone(namespace), exact(pods)?)),
        PeerKind::PodsInNamespaces { namespaces, pods } => Some((only_namespace(namespaces)?, exact(pods)?)),
        PeerKind::Namespaces(_) | PeerKind::Block(_) => None,
    }
}

/// The components that the policies of `sources` are about, and those that they name by the three labels.
pub(super) fn find<'r>(sources: &[Source<'r>], known: &Catalog) -> Components<'r> {
    let mut components = Components::default();
    for (at, source) in sources.iter().enumerate() {
        for policy in source.reading.cluster.policies.values() {
            components.take(at, policy, known);
        }
    }
    components.settle(known);
    components
}

impl<'r> Components<'r> {
    fn take(&mut self, at: usize, policy: &'r NetworkPolicy, known: &Catalog) {
        let namespace = &policy.key.namespace;
        if policy.subjects.is_everything() {
            if policy.key.name == known.baseline {
                self.baselines.insert(Arc::clone(namespace));
                if policy.isolates(Direction::Egress) && policy.egress.is_empty() {
                    self.closed.insert(Arc::clone(namespace));
                }
            }
            return;
        }
        let Some(labels) = exact(&policy.subjects) else { return };
        let is_egress = !policy.isolates(Direction::Ingress);
        let name = policy.key.name.strip_suffix(EGRESS).filter(|_| is_egress).unwrap_or(&policy.key.name);
        let found = self.add((Arc::clone(namespace), labels), name, known);
        if is_egress {
            found.egress.push((at, policy));
        } else {
            found.policy = name.into();
            found.ingress.push((at, policy));
        }
        for direction in Direction::ALL {
            for peer in policy.rules(direction).iter().flat_map(|rule| &rule.peers) {
                if let Some(id) = named(&peer.kind, namespace)
                    && is_named(&id.1, known)
                {
                    let name: Arc<str> = id.1.get(&known.naming.name).unwrap_or_default().into();
                    self.add(id, &name, known);
                }
            }
        }
    }

    fn add(&mut self, id: Id, policy: &str, known: &Catalog) -> &mut Found<'r> {
        let is_named = is_named(&id.1, known);
        let label = |key: &str| Arc::from(id.1.get(key).unwrap_or_default());
        let (service, name) = if is_named {
            (label(&known.naming.part_of), label(&known.naming.component))
        } else {
            let within = policy.strip_prefix(&*id.0).and_then(|rest| rest.strip_prefix('-'));
            (Arc::clone(&id.0), within.unwrap_or(policy).into())
        };
        let new = || Found {
            service: as_name(&service),
            name: as_name(&name),
            policy: policy.into(),
            ingress: Vec::new(),
            egress: Vec::new(),
        };
        self.all.entry(id).or_insert_with(new)
    }

    /// Makes the names of services, components and policies such that each is one's: a service has one namespace, no
    /// two of its components have one name, and no two components one policy.
    fn settle(&mut self, known: &Catalog) {
        let mut homes: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        let mut taken: BTreeSet<(Arc<str>, Arc<str>)> = BTreeSet::new();
        let mut policies: BTreeSet<(Arc<str>, Arc<str>)> = BTreeSet::new();
        for ((namespace, _), found) in &mut self.all {
            let home = homes.entry(Arc::clone(&found.service)).or_insert_with(|| Arc::clone(namespace));
            if home != namespace {
                found.service = format!("{namespace}-{}", found.service).into();
                homes.entry(Arc::clone(&found.service)).or_insert_with(|| Arc::clone(namespace));
            }
            let names = numbered(&found.name, [as_name(&found.policy)]);
            let mut free = names.map(|name| (Arc::clone(&found.service), name));
            if let Some(one) = free.find(|one| !taken.contains(one)) {
                found.name = Arc::clone(&one.1);
                taken.insert(one);
            }
            let policy = numbered(&found.policy, []).find_map(|name| {
                let egress = Arc::from(format!("{name}{EGRESS}"));
                let keys = [name, egress].map(|name| (Arc::clone(namespace), name));
                let is_free = keys.iter().all(|key| key.1 != known.baseline && !policies.contains(key));
                is_free.then_some(keys)
            });
            if let Some([own, egress]) = policy {
                found.policy = Arc::clone(&own.1);
                policies.extend([own, egress]);
            }
        }
    }
}

/// Whether `labels` are the three of the standard, and nothing else.
fn is_named(labels: &Labels, known: &Catalog) -> bool {
    let is_there = |key: &Arc<str>| labels.get(key).is_some_and(|value| !value.is_empty());
    labels.iter().len() == 3 && known.naming.keys().into_iter().all(is_there)
}
