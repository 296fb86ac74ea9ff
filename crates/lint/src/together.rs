//! Blocks that are one opening, though they stand apart: a range in two halves is the range.

use crate::{focus::RuleAt, world::World};
use sekisho_core::object::{Direction, IpBlock, ObjectKey, Peer, PeerKind, PolicyPort, PortMatch};
use sekisho_core::set::Protocol;
use std::collections::{BTreeMap, BTreeSet};

/// The block of a peer.
pub(crate) type Block<'c> = (RuleAt<'c>, &'c Peer, &'c IpBlock);

/// What rules of a policy have in common that open to blocks together: the direction, and the ports.
type Opening<'c> = (&'c ObjectKey, Direction, BTreeSet<(Protocol, &'c PortMatch)>);

/// The blocks, in the order in which they are written, that a policy opens on the same ports, where that matters and nobody
/// has agreed on them.
pub(crate) fn blocks<'c>(world: &World<'c>) -> Vec<Vec<Block<'c>>> {
    let mut openings: BTreeMap<Opening<'c>, Vec<Block<'c>>> = BTreeMap::new();
    for (at, peer) in world.peers() {
        let PeerKind::Block(block) = &peer.kind else { continue };
        if world.is_guarded(at) && !world.is_agreed(at, &peer.kind) {
            let port = |port: &'c PolicyPort| (port.protocol, &port.port);
            let ports = at.rule.ports.iter().map(port).collect();
            openings.entry((&at.policy.key, at.direction, ports)).or_default().push((at, peer, block));
        }
    }
    openings.into_values().collect()
}
