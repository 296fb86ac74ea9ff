//! One NetworkPolicy's rules, and how any rule becomes kernel rules.

use super::{ChainPart, Compiled, SetPart};
use crate::tree::{Action, Family, Match, Name, Rule, Side};
use sekisho_core::{
    index::{CompiledRule, Index, Peers, PolicyKey, Ports, SetKey},
    object::Direction,
    set::{PortSet, Protocol},
};

/// The name of a NetworkPolicy's chain.
pub(crate) fn policy_chain_name(direction: Direction, family: Family, key: &PolicyKey) -> Name {
    Name::readable(&format!("{direction}{family}"), &key.to_string())
}

/// A jump to the chain of a NetworkPolicy.
pub(super) fn jump(direction: Direction, family: Family, key: &PolicyKey) -> Compiled {
    let name = policy_chain_name(direction, family, key);
    Compiled::leading(Action::Jump, (name, ChainPart::Policy { direction, family, key: key.clone() }))
}

/// The rules of a NetworkPolicy, each of which does `allow` with what it matches. A policy that is not
/// there, or does not isolate in the direction, has none.
pub(super) fn policy_rules(
    index: &Index,
    direction: Direction,
    family: Family,
    key: &PolicyKey,
    allow: &Action,
) -> Compiled {
    let mut compiled = Compiled::default();
    for rule in rules_of(index, direction, key) {
        add_rule(&mut compiled, rule, direction, family, allow);
    }
    compiled
}

/// The rules of a policy in a direction.
pub(super) fn rules_of<'i>(index: &'i Index, direction: Direction, key: &PolicyKey) -> &'i [CompiledRule] {
    index.policy(key).and_then(|policy| policy.rules(direction)).unwrap_or_default()
}

/// One alternative of a list of peers or ports: a condition, and the set that it reads.
type Alternative = (Option<Match>, Option<SetPart>);

/// A rule does `action` with what it matches, when a peer and a port match: one kernel rule for each pair of alternatives.
pub(super) fn add_rule(
    compiled: &mut Compiled,
    rule: &CompiledRule,
    direction: Direction,
    family: Family,
    action: &Action,
) {
    let peers = peers(&rule.peers, direction, family);
    for (port, port_set) in ports(&rule.ports, family) {
        for (peer, peer_set) in &peers {
            // The port first: comparing a number is cheaper than a look into a large set.
            let matches = port.iter().chain(peer).cloned();
            compiled.rules.push(Rule::when(matches, action.clone()));
            compiled.sets.extend(port_set.iter().chain(peer_set).map(|part| (part.name(), part.clone())));
        }
    }
}

fn peers(peers: &Peers, direction: Direction, family: Family) -> Vec<Alternative> {
    let Peers::Some { pods, addresses, .. } = peers else { return vec![(None, None)] };
    let side = match direction {
        Direction::Ingress => Side::Source,
        Direction::Egress => Side::Destination,
    };
    let is_in = |part: SetPart| {
        let condition = Match::Address { family, side, set: part.name() };
        (Some(condition), Some(part))
    };
    let selectors = pods.iter().map(|key| is_in(SetPart::Members(SetKey::Pods(key.clone()), family)));
    let (empty, full) = match family {
        Family::V4 => (addresses.v4.is_empty(), addresses.v4.is_full()),
        Family::V6 => (addresses.v6.is_empty(), addresses.v6.is_full()),
    };
    let blocks = match (empty, full) {
        (true, _) => None,
        // The chain is entered by packets of its family alone.
        (_, true) => Some((None, None)),
        _ => Some(is_in(SetPart::Ranges(addresses.clone(), family))),
    };
    selectors.chain(blocks).collect()
}

fn ports(ports: &Ports, family: Family) -> Vec<Alternative> {
    let Ports::Some { numbers, named } = ports else { return vec![(None, None)] };
    let numbers = Protocol::ALL.into_iter().filter_map(|protocol| numbered(numbers, protocol));
    let named = named.iter().filter_map(|set| {
        let SetKey::NamedPort { protocol, .. } = set else { return None };
        let part = SetPart::Members(set.clone(), family);
        let condition = Match::AddressPort { family, protocol: *protocol, set: part.name() };
        Some((Some(condition), Some(part)))
    });
    numbers.chain(named).collect()
}

fn numbered(ports: &PortSet, protocol: Protocol) -> Option<Alternative> {
    let ports = ports.of(protocol);
    let mut ranges = ports.ranges();
    let first = ranges.next()?;
    if ports.is_full() {
        return Some((Some(Match::Protocol(protocol)), None));
    }
    if ranges.next().is_none() {
        return Some((Some(Match::Port(protocol, first.into_inner())), None));
    }
    let part = SetPart::Ports(ports.clone());
    Some((Some(Match::PortIn(protocol, part.name())), Some(part)))
}
