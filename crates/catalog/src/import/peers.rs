//! Names for those who have none yet.

use super::{
    Guess,
    known::{Contact, Who},
};
use crate::document::{Document, Entries, Peer, Ports, RoleName, Selector, Texts};
use sekisho_core::object::{LabelSelector, NAME_LABEL, Origin, PeerKind, Requirement};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Somebody who got a name.
#[derive(Debug)]
pub(super) struct NewPeer {
    /// The name.
    pub(super) name: String,
    /// Who that is.
    pub(super) kind: PeerKind,
    /// What it seems to be to the cluster.
    pub(super) role: Option<RoleName>,
    /// The environments in which policies are to name it.
    pub(super) environments: BTreeSet<usize>,
    /// How that is written.
    some: Option<Texts>,
    comment: Option<String>,
    ports: Ports,
}

impl Guess<'_, '_> {
    /// All of them, in the order in which policies list them: by role, and as they come.
    pub(super) fn peers(&self) -> Vec<NewPeer> {
        let mut kinds: Vec<(&PeerKind, Vec<&Contact>)> = Vec::new();
        for contact in self.contacts {
            let Who::Unnamed(kind) = &contact.who else { continue };
            match kinds.iter_mut().find(|(there, _)| *there == kind) {
                Some((_, contacts)) => contacts.push(contact),
                None => kinds.push((kind, vec![contact])),
            }
        }
        // Among callers a component's own name would stand for it.
        let components = self.found.all.values().map(|found| found.name.to_string());
        let known = self.known.peers.iter().map(|peer| peer.name.to_string());
        let mut taken: BTreeSet<String> = known.chain(components).collect();
        let mut peers: Vec<NewPeer> =
            kinds.into_iter().map(|(kind, contacts)| self.peer(kind, &contacts, &mut taken)).collect();
        peers.sort_by_key(|peer| match peer.role {
            Some(RoleName::LoadBalancers) => 0,
            Some(RoleName::Monitoring) => 1,
            Some(RoleName::People) => 3,
            _ => 2,
        });
        peers
    }

    fn peer(&self, kind: &PeerKind, contacts: &[&Contact], taken: &mut BTreeSet<String>) -> NewPeer {
        let said = contacts.iter().find_map(|contact| self.comment(&contact.origin));
        let wanted = said.as_deref().and_then(slug).unwrap_or_else(|| default_name(kind));
        let (role, environments) = self.role(kind, contacts);
        let may_be =
            |name: &str| !taken.contains(name) && RoleName::of(name).is_none_or(|named| role == Some(named));
        let name = if may_be(&wanted) {
            wanted
        } else {
            (2..).map(|number| format!("{wanted}-{number}")).find(|name| may_be(name)).unwrap_or(wanted)
        };
        taken.insert(name.clone());
        let called = contacts.iter().find(|contact| !contact.is_ingress);
        NewPeer {
            comment: said.filter(|said| *said != name),
            some: self.some(&environments),
            ports: called.map(|contact| ports(&contact.ports)).unwrap_or_default(),
            name,
            kind: kind.clone(),
            role,
            environments,
        }
    }

    /// What is said behind the value that stands at `origin`.
    fn comment(&self, origin: &Origin) -> Option<String> {
        let mut texts = self.sources.iter().filter_map(|source| source.reading.sources.get(&origin.source));
        let text = texts.next()?.get(origin.span.start..)?;
        // The block of an `ipBlock` may stand on the line below it.
        let mut lines = text.lines().take(2);
        let first = lines.next()?;
        let line =
            if first.contains('#') { first } else { lines.next().filter(|line| line.contains("cidr:"))? };
        let comment = line.split_once(" #")?.1.trim();
        (!comment.is_empty()).then(|| comment.to_owned())
    }
}

/// The ports as a catalog writes them.
pub(super) fn ports(ports: &[sekisho_core::object::PolicyPort]) -> Ports {
    ports.iter().map(crate::promises::port_words).collect()
}

/// A name of what a comment says: `the client VPN` is `client-vpn`.
fn slug(comment: &str) -> Option<String> {
    let lower = comment.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.skip_while(|word| ["the", "a", "an", "our"].contains(word)).collect();
    let name = words.join("-");
    let is_name = words.len() <= 4 && sekisho_k8s::syntax::dns_label(&name).is_ok();
    (is_name && name.starts_with(|letter: char| letter.is_ascii_lowercase())).then_some(name)
}

fn default_name(kind: &PeerKind) -> String {
    let of_selector = |selector: &LabelSelector| {
        let mut values = selector.requirements().filter_map(|one| match one {
            Requirement::In(_, values) => values.first(),
            _ => None,
        });
        values.next().and_then(|value| slug(value))
    };
    match kind {
        PeerKind::Block(block) => {
            let text = block.cidr().to_string();
            let words =
                text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
            format!("range-{}", words.collect::<Vec<_>>().join("-"))
        }
        PeerKind::Namespaces(selector) | PeerKind::Pods(selector) => {
            of_selector(selector).unwrap_or_else(|| "namespaces".to_owned())
        }
        PeerKind::PodsInNamespaces { namespaces, pods } => {
            of_selector(pods).or_else(|| of_selector(namespaces)).unwrap_or_else(|| "pods".to_owned())
        }
    }
}

/// The peers as a catalog writes them, behind those that `base` has.
pub(super) fn entries(peers: &[NewPeer], base: &Document) -> Entries<Peer> {
    let mut entries = base.peers.clone();
    for new in peers {
        let mut peer = Peer {
            role: new.role,
            environments: new.some.clone(),
            comment: new.comment.clone(),
            ports: new.ports.clone(),
            ..Peer::default()
        };
        match &new.kind {
            PeerKind::Block(block) => peer.ranges = Some(Texts::from_iter([block.cidr().to_string()])),
            PeerKind::Namespaces(namespaces) => of_namespaces(namespaces, &mut peer),
            PeerKind::Pods(pods) => peer.pods = Some(selector(pods)),
            PeerKind::PodsInNamespaces { namespaces, pods } => {
                if !namespaces.is_everything() {
                    of_namespaces(namespaces, &mut peer);
                }
                peer.pods = Some(selector(pods));
            }
        }
        entries.set(new.name.as_str(), peer);
    }
    entries
}

fn of_namespaces(selected: &LabelSelector, peer: &mut Peer) {
    let mut requirements = selected.requirements();
    match (requirements.next(), requirements.next()) {
        (Some(Requirement::In(key, names)), None) if &**key == NAME_LABEL => {
            peer.namespace = Some(names.iter().map(|name| &**name).collect());
        }
        _ => peer.namespaces = Some(selector(selected)),
    }
}

fn selector(selector: &LabelSelector) -> crate::document::Placed<Selector> {
    crate::document::Placed::new(if selector.is_everything() {
        Selector::Labels(BTreeMap::new())
    } else {
        Selector::Text(selector.to_string())
    })
}

/// The name under which a catalog knows `who`, as a component of `service` writes it.
pub(super) fn written(
    guess: &Guess<'_, '_>,
    service: &Arc<str>,
    who: &Who,
    peers: &[NewPeer],
) -> Option<String> {
    match who {
        Who::Named(name) => Some(name.to_string()),
        Who::Unnamed(kind) => peers.iter().find(|peer| peer.kind == *kind).map(|peer| peer.name.clone()),
        Who::Component(id) => {
            let found = guess.found.all.get(id)?;
            let is_own = found.service == *service;
            Some(if is_own { found.name.to_string() } else { format!("{}/{}", found.service, found.name) })
        }
    }
}
