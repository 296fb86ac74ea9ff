//! The rules that a subject needs in a direction.

use crate::{
    evidence::Evidence,
    ports::{Ports, Terms, entries, terms},
    roster::Group,
    whom::{Basis, Needs, Peers, Whom, Written, ports},
};
use sekisho_core::{
    object::{Direction, Origin, Peer, PeerKind, Rule},
    set::Protocol,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// A rule, and what each of its peers rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleAdvice {
    /// The rule.
    pub rule: Rule,
    /// What there is to say of each entry of its `from` or `to`, in their order.
    pub peers: Vec<PeerAdvice>,
}

/// What there is to say of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAdvice {
    /// Who that is, in a word or two; empty where the peer says it itself.
    pub who: String,
    /// What it rests on.
    pub basis: Basis,
    /// Ports of the rule on which it was not seen: they are known to be needed with the others.
    pub unseen: BTreeSet<(Protocol, u16)>,
}

/// Rules, and those whom no labels select alone.
pub(crate) struct Drafted {
    pub(crate) rules: Vec<RuleAdvice>,
    pub(crate) unselectable: Vec<Whom>,
}

/// The fewest rules that let through what `needs` has: peers on the same ports share one.
pub(crate) fn rules(peers: &Peers<'_>, subject: &Group, direction: Direction, needs: &Needs) -> Drafted {
    let mut by_terms: BTreeMap<(usize, Terms), Vec<(PeerKind, PeerAdvice)>> = BTreeMap::new();
    let mut addresses: BTreeMap<Ports, BTreeMap<IpAddr, Evidence>> = BTreeMap::new();
    let mut unselectable = Vec::new();
    for (whom, of) in needs {
        if let Whom::Address(address) = whom {
            if let Some(Basis::Seen(evidence)) = sum(of) {
                addresses.entry(ports(of)).or_default().insert(*address, evidence);
            }
            continue;
        }
        let Some(Written { kinds, who, pods }) = peers.written(whom, &subject.namespace) else {
            unselectable.push(whom.clone());
            continue;
        };
        let destinations = match direction {
            Direction::Ingress => &subject.pods,
            Direction::Egress => &pods,
        };
        let Some(basis) = sum(of) else { continue };
        let entry = by_terms.entry((rank(whom), terms(&ports(of), destinations))).or_default();
        let advice = PeerAdvice { who, unseen: unseen(&basis, of), basis };
        entry.extend(kinds.into_iter().map(|kind| (kind, advice.clone())));
    }
    for (ports, seen) in addresses {
        let destinations: &[_] = if direction == Direction::Ingress { &subject.pods } else { &[] };
        let entry = by_terms.entry((LAST, terms(&ports, destinations))).or_default();
        entry.extend(peers.blocks(&seen).into_iter().map(|(block, evidence)| {
            let names: Vec<&str> = evidence.names.iter().map(AsRef::as_ref).collect();
            let more = if evidence.names.has_more() { ", ..." } else { "" };
            let who = format!("{}{more}", names.join(", "));
            (
                PeerKind::Block(block),
                PeerAdvice { who, basis: Basis::Seen(evidence), unseen: BTreeSet::new() },
            )
        }));
    }
    Drafted { rules: joined(by_terms), unselectable }
}

/// Rules of the same ports are one, where the first of its peers has its place.
fn joined(by_terms: BTreeMap<(usize, Terms), Vec<(PeerKind, PeerAdvice)>>) -> Vec<RuleAdvice> {
    let mut rules: Vec<(Terms, Vec<(PeerKind, PeerAdvice)>)> = Vec::new();
    for ((_, terms), peers) in by_terms {
        match rules.iter_mut().find(|(known, _)| *known == terms) {
            Some((_, known)) => known.extend(peers),
            None => rules.push((terms, peers)),
        }
    }
    let rule = |(terms, peers): (Terms, Vec<(PeerKind, PeerAdvice)>)| {
        let (kinds, advice): (Vec<PeerKind>, Vec<PeerAdvice>) = peers.into_iter().unzip();
        let peers = kinds.into_iter().map(|kind| Peer { kind, origin: Origin::default() });
        let rule = Rule { peers: peers.collect(), ports: entries(&terms), origin: Origin::default() };
        RuleAdvice { rule, peers: advice }
    };
    rules.into_iter().map(rule).collect()
}

const LAST: usize = 3;

/// In which order peers stand: those whom the standard names, pods, nodes, addresses.
fn rank(whom: &Whom) -> usize {
    match whom {
        Whom::Named(_) | Whom::Entrance(..) => 0,
        Whom::Pods(_) => 1,
        Whom::Node(_) => 2,
        Whom::Address(_) => LAST,
    }
}

/// The ports that were not seen, where others were.
fn unseen(sum: &Basis, of: &BTreeMap<(Protocol, u16), Basis>) -> BTreeSet<(Protocol, u16)> {
    let not_seen = of.iter().filter(|(_, basis)| basis.evidence().is_none());
    not_seen.filter(|_| sum.evidence().is_some()).map(|(port, _)| *port).collect()
}

/// What all ports of a peer rest on together.
fn sum(of: &BTreeMap<(Protocol, u16), Basis>) -> Option<Basis> {
    let mut all = of.values();
    let mut sum = all.next()?.clone();
    all.for_each(|basis| sum.join(basis));
    Some(sum)
}
