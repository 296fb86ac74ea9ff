//! Whom a name among callers and callees stands for.

use super::tell::Tell;
use crate::{
    document::RoleName,
    model::{Catalog, Component, Peer},
};
use sekisho_core::{
    object::Origin,
    standard::{End, Role},
};
use std::sync::Arc;

/// The names of all roles.
pub(super) fn role_names<'n>() -> impl Iterator<Item = &'n str> {
    RoleName::ALL.into_iter().map(|role| -> &'n str { role.as_str() })
}

/// The peers that `name` stands for: those of a role, or the one that is called so.
pub(super) fn peers(name: &str, peers: &[Peer]) -> Option<Vec<Arc<str>>> {
    if let Some(role) = RoleName::of(name) {
        let role = Role::from(role);
        return Some(
            peers.iter().filter(|peer| peer.role == role).map(|peer| Arc::clone(&peer.name)).collect(),
        );
    }
    peers.iter().find(|peer| &*peer.name == name).map(|peer| vec![Arc::clone(&peer.name)])
}

/// Whom `name` stands for, as a component of `service` writes it. Nobody, with a finding, where it is not known.
pub(super) fn ends(
    catalog: &Catalog,
    service: &str,
    name: &str,
    origin: &Origin,
    tell: &mut Tell,
) -> Vec<End> {
    let component = |component: &Component| vec![End::Component(component.key.clone())];
    if let Some((of, wanted)) = name.split_once('/') {
        let found = catalog.components().find(|one| &*one.service == of && &*one.name == wanted);
        return found.map_or_else(
            || {
                let titles: Vec<String> = catalog.components().map(Component::title).collect();
                tell.unknown("component", name, titles.iter().map(String::as_str), origin);
                Vec::new()
            },
            component,
        );
    }
    if let Some(own) = catalog.components().find(|one| &*one.service == service && &*one.name == name) {
        return component(own);
    }
    if let Some(peers) = peers(name, &catalog.peers) {
        return peers.into_iter().map(End::Peer).collect();
    }
    let own = catalog.components().filter(|one| &*one.service == service).map(|one| &*one.name);
    let names = catalog.peers.iter().map(|peer| &*peer.name).chain(role_names()).chain(own);
    tell.unknown("peer, role or component of this service", name, names, origin);
    Vec::new()
}
