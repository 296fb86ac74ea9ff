//! Whom the peers of policies are: components, named peers, or somebody who has no name yet.

use super::components::{Components, Found, Id, named};
use crate::Catalog;
use sekisho_core::object::{NetworkPolicy, Origin, Peer, PeerKind, PolicyPort, PortMatch, Rule};
use std::{collections::BTreeSet, sync::Arc};

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// A component.
    Component(Id),
    /// A peer that is known by this name.
    Named(Arc<str>),
    /// Somebody who has no name yet.
    Unnamed(PeerKind),
}

/// Somebody lets somebody in, or out to him, in the environment at this place among the sources.
#[derive(Clone, Debug)]
pub(super) struct Contact {
    /// Whose policy it is.
    pub(super) of: Id,
    /// In which direction: whether the other calls.
    pub(super) is_ingress: bool,
    /// The other.
    pub(super) who: Who,
    /// On which ports.
    pub(super) ports: Vec<PolicyPort>,
    /// In which environment.
    pub(super) at: usize,
    /// Where it is written.
    pub(super) origin: Origin,
}

/// All contacts that policies speak of.
pub(super) fn resolve(found: &Components<'_>, known: &Catalog) -> Vec<Contact> {
    let mut contacts = Vec::new();
    for (id, component) in &found.all {
        let Found { ingress, egress, .. } = component;
        for (is_ingress, policies) in [(true, ingress), (false, egress)] {
            for (at, policy) in policies {
                for rule in rules(policy, is_ingress) {
                    of_rule(id, is_ingress, *at, rule, found, known, &mut contacts);
                }
            }
        }
    }
    contacts
}

fn rules(policy: &NetworkPolicy, is_ingress: bool) -> &[Rule] {
    if is_ingress { &policy.ingress } else { &policy.egress }
}

fn of_rule(
    id: &Id,
    is_ingress: bool,
    at: usize,
    rule: &Rule,
    found: &Components<'_>,
    known: &Catalog,
    contacts: &mut Vec<Contact>,
) {
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    // A peer of several ranges is known when all of them are there.
    for peer in &known.peers {
        let kinds = peer.whom.kinds();
        let places: Option<Vec<usize>> =
            kinds.iter().map(|kind| rule.peers.iter().position(|written| written.kind == *kind)).collect();
        let Some(places) = places.filter(|places| !places.is_empty()) else { continue };
        let Some(first) = places.first().and_then(|place| rule.peers.get(*place)) else { continue };
        contacts.extend(contact(id, is_ingress, at, rule, first, Who::Named(Arc::clone(&peer.name))));
        taken.extend(places);
    }
    for (_, peer) in rule.peers.iter().enumerate().filter(|(place, _)| !taken.contains(place)) {
        let who = match named(&peer.kind, &id.0).filter(|other| found.all.contains_key(other)) {
            Some(other) => Who::Component(other),
            None => Who::Unnamed(absolute(&peer.kind, id)),
        };
        contacts.extend(contact(id, is_ingress, at, rule, peer, who));
    }
}

/// `None` where the rule opens nothing towards `peer`: without a port that a catalog can name, it would be called on
/// all of them.
fn contact(id: &Id, is_ingress: bool, at: usize, rule: &Rule, peer: &Peer, who: Who) -> Option<Contact> {
    let (of, mut ports, origin) = (id.clone(), rule.ports.clone(), peer.origin.clone());
    if !is_ingress && matches!(peer.kind, PeerKind::Block(_)) {
        ports.retain(|port| !is_named(port));
        if ports.is_empty() && !rule.ports.is_empty() {
            return None;
        }
    }
    Some(Contact { of, is_ingress, who, ports, at, origin })
}

/// Whether `port` is a name, which addresses outside the cluster do not give (S14).
pub(super) fn is_named(port: &PolicyPort) -> bool {
    matches!(port.port, PortMatch::Named(_))
}

/// What `kind` is from anywhere: a pod selector by itself is about its own namespace.
fn absolute(kind: &PeerKind, id: &Id) -> PeerKind {
    match kind {
        PeerKind::Pods(pods) => {
            PeerKind::PodsInNamespaces { namespaces: crate::generate::called(&id.0), pods: pods.clone() }
        }
        other => other.clone(),
    }
}
