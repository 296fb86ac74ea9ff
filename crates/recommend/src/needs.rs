//! Whom each subject needs, in each direction.

use crate::{
    asked::Asked,
    entrance::Entrance,
    evidence::Evidence,
    history::{Call, History, Party},
    roster::{GroupId, Roster},
    whom::{Basis, DNS, Needs, Peers, Whom},
};
use sekisho_core::{object::Direction, set::Protocol};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// The needs of each subject in each direction that is asked for. A subject that needs nothing has an empty entry.
pub(crate) fn needs(
    peers: &Peers<'_>,
    history: &History,
    entrances: &[Entrance],
    (asked, subjects): (&Asked, &BTreeSet<GroupId>),
) -> BTreeMap<(GroupId, Direction), Needs> {
    let pairs =
        subjects.iter().flat_map(|group| asked.directions.iter().map(|direction| (*group, *direction)));
    let mut needs: BTreeMap<(GroupId, Direction), Needs> = pairs.map(|pair| (pair, Needs::new())).collect();
    let denied = asked.include_denied.then_some(&history.denied);
    for (call, evidence) in history.passed.iter().chain(denied.into_iter().flatten()) {
        for direction in &asked.directions {
            let Some(group) = call.subject(*direction).group() else { continue };
            let Some(of) = needs.get_mut(&(group, *direction)) else { continue };
            let entrances = match direction {
                Direction::Ingress => of_group(peers.roster, group, entrances),
                Direction::Egress => Vec::new(),
            };
            let whom = peers.whom(call.peer(*direction), (call.protocol, call.port), &entrances);
            add(of, whom, (call.protocol, call.port), Basis::Seen(told(call, evidence)));
        }
    }
    let seen = resolver_addresses(history);
    let resolvers = peers.resolvers(&seen);
    for ((group, direction), of) in &mut needs {
        match direction {
            Direction::Egress if !peers.answers_dns(*group) => name_lookups(of, &resolvers),
            Direction::Egress => {}
            Direction::Ingress => health(peers, of, &of_group(peers.roster, *group, entrances)),
        }
    }
    needs
}

/// What was seen of the call, with the names that are told beside it where it goes outside.
fn told(call: &Call, evidence: &Evidence) -> Evidence {
    let mut evidence = evidence.clone();
    if !matches!((&call.from, &call.to), (Party::Address(_), _) | (_, Party::Address(_))) {
        evidence.names = sekisho_flow::record::Names::new();
    }
    evidence
}

fn add(needs: &mut Needs, whom: Whom, port: (Protocol, u16), basis: Basis) {
    let ports = needs.entry(whom).or_default();
    ports.entry(port).and_modify(|known| known.join(&basis)).or_insert(basis);
}

/// Whoever calls somebody by name asks for it first; and what was asked before the records begin was not seen.
fn name_lookups(needs: &mut Needs, resolvers: &BTreeSet<Whom>) {
    for whom in resolvers {
        for protocol in [Protocol::Udp, Protocol::Tcp] {
            add(needs, whom.clone(), (protocol, DNS), Basis::Dns);
        }
    }
}

/// The load balancers of what is exposed. The kubelet passes by itself (S20).
fn health(peers: &Peers<'_>, needs: &mut Needs, entrances: &[&Entrance]) {
    for entrance in entrances.iter().filter(|one| one.is_balancer) {
        let named = peers.named_exactly(&entrance.addresses).map(Whom::Named);
        let whom = named.unwrap_or_else(|| Whom::Entrance(entrance.by.clone(), entrance.addresses.clone()));
        add(needs, whom, entrance.port, Basis::Balancer(entrance.by.clone()));
    }
}

fn of_group<'e>(roster: &Roster, group: GroupId, entrances: &'e [Entrance]) -> Vec<&'e Entrance> {
    let Some(group) = roster.group(group) else { return Vec::new() };
    entrances.iter().filter(|one| group.workloads.contains(&one.workload)).collect()
}

/// The addresses that were asked for names.
fn resolver_addresses(history: &History) -> BTreeSet<IpAddr> {
    let asked = history.passed.keys().filter(|call| call.port == DNS).filter_map(|call| match call.to {
        Party::Address(address) => Some(address),
        _ => None,
    });
    asked.collect()
}
