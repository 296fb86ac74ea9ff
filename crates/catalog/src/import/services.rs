//! The services of a catalog, of what was found.

use super::{
    Guess,
    components::{Found, Id},
    known::{Contact, Who},
    peers::{self, NewPeer, written},
};
use crate::{
    TierCaller,
    document::{Component, Egress, Entries, Placed, Ports, Service, Texts},
    resolve::{OTHER, fill},
};
use sekisho_core::object::Labels;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The components of a service.
type Members<'g, 'r> = Vec<(&'g Id, &'g Found<'r>)>;

impl Guess<'_, '_> {
    /// All services by name, each with its components in the order of their tiers.
    pub(super) fn services(&self, peers: &[NewPeer]) -> Entries<Service> {
        let mut services: BTreeMap<&str, (&Arc<str>, Members<'_, '_>)> = BTreeMap::new();
        for (id, found) in &self.found.all {
            services.entry(&found.service).or_insert((&id.0, Vec::new())).1.push((id, found));
        }
        let in_use: BTreeSet<Arc<str>> = self.found.all.keys().map(|id| Arc::clone(&id.0)).collect();
        for namespace in self.found.baselines.difference(&in_use) {
            services.entry(namespace).or_insert((namespace, Vec::new()));
        }
        services
            .into_iter()
            .map(|(name, (namespace, of))| (name, self.service(name, namespace, of, peers)))
            .collect()
    }

    fn service(
        &self,
        name: &str,
        namespace: &Arc<str>,
        mut of: Members<'_, '_>,
        peers: &[NewPeer],
    ) -> Service {
        let place = |found: &Found<'_>| {
            let tier = self.tier(found);
            self.known.tiers.iter().position(|one| *one.name == *tier)
        };
        of.sort_by_key(|(_, found)| (place(found), &found.name));
        let is_closed = self.found.closed.contains(namespace)
            && (of.is_empty() || of.iter().any(|(_, found)| !is_open(found)));
        let is_exempt = self.known.exempt.contains(namespace);
        let components = of.into_iter().map(|(id, found)| {
            let egress = match (is_closed, is_open(found)) {
                (true, true) => Some(Egress::Open),
                // Without a baseline it is its own policy that closes it.
                (false, false) if is_exempt && !found.egress.is_empty() => Some(Egress::Closed),
                _ => None,
            };
            (&*found.name, Component { egress, ..self.component(id, found, peers) })
        });
        Service {
            namespace: (**namespace != *name).then(|| Placed::new(namespace.to_string())),
            egress: is_closed.then_some(Egress::Closed),
            components: components.collect(),
        }
    }

    fn component(&self, id: &Id, found: &Found<'_>, peers: &[NewPeer]) -> Component {
        let tier = self.tier(found);
        let pattern = self.known.tier(tier).map_or("", |tier| &tier.pattern);
        let is_called = *found.policy == *fill(pattern, &found.service, &found.name);
        let keys = self.known.naming.keys().into_iter().cloned();
        let default: Labels =
            keys.zip([&found.policy, &found.name, &found.service].map(Arc::clone)).collect();
        let labels = (id.1 != default).then(|| {
            Placed::new(id.1.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect())
        });
        let ports = self.ports(found);
        let calls = self.contacts.iter().filter(|contact| contact.of == *id && !contact.is_ingress);
        let callers = self.contacts.iter().filter(|contact| contact.of == *id && contact.is_ingress);
        Component {
            tier: (tier == OTHER && &*found.name != OTHER).then(|| Placed::new(OTHER.to_owned())),
            name: (!is_called).then(|| Placed::new(found.policy.to_string())),
            labels,
            callers: names(callers.filter_map(|contact| {
                // Where all ports are open, a catalog has no words for it.
                let is_called = ports.as_ref().is_some_and(|ports| !ports.0.is_empty());
                let is_meant = is_called && !self.is_of_tier(found, contact, peers);
                is_meant.then(|| written(self, &found.service, &contact.who, peers)).flatten()
            })),
            // Calls between components are written at the end that is called.
            calls: names(calls.filter_map(|contact| match &contact.who {
                Who::Component(_) => None,
                Who::Named(name) if self.known.dns.contains(name) => None,
                who => written(self, &found.service, who, peers),
            })),
            egress: None,
            exceptions: Vec::new(),
            ports,
        }
    }

    fn ports(&self, found: &Found<'_>) -> Option<Ports> {
        let rules = found.ingress.iter().flat_map(|(_, policy)| &policy.ingress);
        let mut ports = rules.map(|rule| peers::ports(&rule.ports)).filter(|ports| !ports.0.is_empty());
        // Where its tier lets somebody in, that nobody calls it is said.
        ports.next().or_else(|| (!self.tier_callers(found).is_empty()).then(Ports::default))
    }

    /// Whether the component's tier lets in the other end of `contact` by itself, or nobody may where it is.
    fn is_of_tier(&self, found: &Found<'_>, contact: &Contact, peers: &[NewPeer]) -> bool {
        self.tier_callers(found).iter().any(|caller| match (caller, &contact.who) {
            (TierCaller::Peers { peers, .. }, Who::Named(name)) => peers.contains(name),
            (TierCaller::Peers { name, .. }, Who::Unnamed(kind)) => peers
                .iter()
                .any(|peer| peer.kind == *kind && peer.role.is_some_and(|role| **name == *role.as_str())),
            (TierCaller::Tier(tier), Who::Component(id)) => self
                .found
                .all
                .get(id)
                .is_some_and(|other| other.service == found.service && *self.tier(other) == **tier),
            _ => false,
        }) || peers.iter().any(|peer| {
            matches!(&contact.who, Who::Unnamed(kind) if *kind == peer.kind)
                && !peer.environments.contains(&contact.at)
        })
    }
}

/// Whether a component of a namespace whose egress is closed has a policy that lets everything out.
fn is_open(found: &Found<'_>) -> bool {
    let mut rules = found.egress.iter().flat_map(|(_, policy)| &policy.egress);
    rules.any(|rule| rule.peers.is_empty() && rule.ports.is_empty())
}

fn names(names: impl Iterator<Item = String>) -> Texts {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(name.clone())).collect()
}
