//! Blocks that have addresses of somebody whom the standard names.

use crate::{focus::RuleAt, ranges::is_internet, world::World};
use sekisho_core::{
    mend::{Edit, Mend},
    object::{Peer, PeerKind},
    set::AddressSet,
    standard::{End, NamedPeer, Role, Whom},
};
use std::sync::Arc;

/// Somebody whom the standard names.
pub(crate) type Named<'s> = (&'s Arc<str>, &'s NamedPeer);

/// Somebody of whom the block of a peer has addresses, and whom no policy of this environment may name.
pub(crate) fn of_elsewhere<'w>(world: &'w World<'_>, at: RuleAt<'_>, kind: &PeerKind) -> Option<Named<'w>> {
    let environment = world.standard.environment.as_deref();
    meant(world, at, kind, |one| one.role != Role::Nat && !one.is_of(environment))
}

/// What many share on their way out, of which the block of a peer has addresses.
pub(crate) fn of_nat<'w>(world: &'w World<'_>, at: RuleAt<'_>, kind: &PeerKind) -> Option<Named<'w>> {
    meant(world, at, kind, |one| one.role == Role::Nat)
}

fn meant<'w>(
    world: &'w World<'_>,
    at: RuleAt<'_>,
    kind: &PeerKind,
    is_wrong: impl Fn(&NamedPeer) -> bool,
) -> Option<Named<'w>> {
    let PeerKind::Block(block) = kind else { return None };
    let wrong = |one: &NamedPeer| matches!(one.whom, Whom::Ranges(_)) && is_wrong(one);
    let mut wrong = world.standard.peers.iter().filter(|(_, one)| wrong(one)).peekable();
    wrong.peek()?;
    let addresses = block.addresses();
    // The whole internet is not a way of naming somebody, and has a rule of its own.
    if is_internet(&addresses) || world.is_agreed(at, kind) {
        return None;
    }
    let meets = |whom: &Whom| !meeting(whom, &addresses).is_empty();
    wrong.find(|(name, one)| meets(&one.whom) && !is_excepted(world, at, name))
}

fn meeting(whom: &Whom, addresses: &AddressSet) -> AddressSet {
    whom.addresses().intersection(addresses)
}

/// Whether the component of a policy has somebody for a time.
fn is_excepted(world: &World<'_>, at: RuleAt<'_>, name: &Arc<str>) -> bool {
    let Some(component) = world.components().of_policy(at.policy) else { return false };
    let with = End::Peer(Arc::clone(name));
    let mut exceptions = world.standard.exceptions.iter();
    exceptions.any(|one| one.component == component.key && one.direction == at.direction && one.with == with)
}

/// The mend that takes `peer` out of its rule: with the rule where nobody else stays, for a list without entries is
/// everybody (S5).
pub(crate) fn removal(world: &World<'_>, at: RuleAt<'_>, peer: &Peer) -> Mend {
    let goes =
        |one: &Peer| of_elsewhere(world, at, &one.kind).is_some() || of_nat(world, at, &one.kind).is_some();
    if at.rule.peers.iter().all(goes) {
        return Mend::risky("delete the rule", [Edit::Remove(at.rule.origin.clone())]);
    }
    Mend::risky("delete the entry", [Edit::Remove(peer.origin.clone())])
}
