//! What the rules of a policy match.

use super::{elsewhere, namespaces, place, workloads};
use crate::{
    facts::known::{Matches, Peer, Rule},
    focus::RuleAt,
    world::World,
};
use sekisho_core::object::{self, PeerKind};

/// What is known of a rule, which is the one at `number` of its direction.
pub(super) fn of(world: &World<'_>, at: RuleAt<'_>, number: usize) -> Rule {
    let path = format!("spec.{}[{number}]", at.direction);
    let field = at.direction.peer_field();
    let peers = at.rule.peers.iter().enumerate();
    Rule {
        peers: peers.map(|(of, one)| peer(world, at, one, format!("{path}.{field}[{of}]"))).collect(),
        origin: place(&at.rule.origin),
        effective: at.policy.isolates(at.direction),
        ports: at.rule.ports.iter().map(ToString::to_string).collect(),
        path,
    }
}

fn peer(world: &World<'_>, at: RuleAt<'_>, peer: &object::Peer, path: String) -> Peer {
    let matched = world.selected_by(at.policy, &peer.kind);
    let own = || vec![at.policy.key.namespace.to_string()];
    let (kind, namespaces, cidrs) = match &peer.kind {
        PeerKind::Pods(_) => ("pods", own(), Vec::new()),
        PeerKind::Namespaces(of) => ("namespaces", namespaces(world, of), Vec::new()),
        PeerKind::PodsInNamespaces { namespaces: of, .. } => {
            ("pods-in-namespaces", namespaces(world, of), Vec::new())
        }
        PeerKind::Block(block) => ("block", Vec::new(), block.addresses().cidrs()),
    };
    Peer {
        path,
        origin: place(&peer.origin),
        entry: peer.into(),
        kind: kind.to_owned(),
        matches: Matches {
            namespaces,
            workloads: workloads(world, &matched),
            elsewhere: match &peer.kind {
                PeerKind::Pods(pods) => elsewhere(world, at.policy, &matched, pods),
                _ => Vec::new(),
            },
            cidrs: cidrs.iter().map(ToString::to_string).collect(),
        },
        named: world.standard.named(&peer.kind).map(|(name, _)| name.to_string()).collect(),
        agreed: world.is_agreed(at, &peer.kind),
    }
}
