//! A connection that one side's policies are for, and the other side's refuse.
//!
//! ## Why
//!
//! A connection takes both: the egress of who calls, and the ingress of who is called. Whoever wrote the rule of one
//! side meant it to work; the other side was forgotten, or has an old port.
//!
//! It is reported where a rule names pods by their labels, on ports that they listen on, and policies opposite refuse
//! every such connection; and where the catalog says that a component calls another.
//!
//! ## Wrong
//!
//! ```yaml
//! # `market-data` listens on 50051, and lets the bff in
//! kind: NetworkPolicy
//! metadata:
//!   name: trading-bff-egress
//! spec:
//!   egress:
//!     - to:
//!         - namespaceSelector:
//!             matchLabels:
//!               kubernetes.io/metadata.name: market-data
//!       ports:
//!         - port: 8443
//! ```
//!
//! ## Right
//!
//! ```yaml
//! kind: NetworkPolicy
//! metadata:
//!   name: trading-bff-egress
//! spec:
//!   egress:
//!     - to:
//!         - namespaceSelector:
//!             matchLabels:
//!               kubernetes.io/metadata.name: market-data
//!       ports:
//!         - port: 50051
//! ```
//!
//! ## How to mend
//!
//! Let the connection through on the side that refuses it; or, where it is no longer made, delete the rule of the other.
//!
//! ## Sources
//!
//! S2, S11.

use crate::{
    finding::{Finding, Report},
    focus::RuleAt,
    rule::{Category, Rule},
    sides::{Call, has_port},
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    index::RoaringBitmap,
    mend::{Edit, Mend},
    object::{Direction, NetworkPolicy, Origin, PeerKind, PolicyPort, PortMatch, Rule as PolicyRule},
    set::{PortRange, Protocol},
    standard::{Edge, End},
};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) static RULE: Rule = Rule {
    code: "SK503",
    name: "one-side-closed",
    category: Category::Breakage,
    severity: Severity::Error,
    yields_to: &["SK102", "SK106"],
    source: include_str!("one_side_closed.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    let shut = Direction::ALL.map(|direction| (direction, world.shut(direction)));
    let mut judge =
        Judge { world, tiered: world.tiered(), shut: shut.into_iter().collect(), told: BTreeSet::new() };
    // What a policy says of others is told at theirs.
    // Where nobody is shut nobody can be refused, and nobody's rules have to be read.
    let is_shut = |direction| judge.shut.get(&direction).is_some_and(|shut| !shut.is_empty());
    let read: BTreeSet<Direction> =
        Direction::ALL.into_iter().filter(|direction| is_shut(direction.other())).collect();
    for at in world.all_rules(&read) {
        for peer in &at.rule.peers {
            let (PeerKind::Pods(pods) | PeerKind::PodsInNamespaces { pods, .. }) = &peer.kind else {
                continue;
            };
            if pods.is_everything() || !world.may_concern(at.policy, &peer.kind) {
                continue;
            }
            let theirs = world.selected_by(at.policy, &peer.kind);
            let let_in = format!("`{}` is for it", at.policy.key);
            report.extend(judge.of_rule(report, at, &theirs).map(|found| found.beside(&peer.origin, let_in)));
        }
    }
    for edge in &world.standard.edges {
        for found in judge.of_edge(report, edge) {
            report.push(found.beside(&edge.origin, "the catalog says that it is made"));
        }
    }
}

struct Judge<'w, 'c> {
    world: &'w World<'c>,
    tiered: RoaringBitmap,
    shut: BTreeMap<Direction, RoaringBitmap>,
    told: BTreeSet<(Origin, String)>,
}

impl<'w, 'c> Judge<'w, 'c> {
    /// Whether it is shut to all of `pods`. Most are where rules look, so those are asked first.
    fn is_shut(&self, direction: Direction, pods: &RoaringBitmap) -> bool {
        let own = self.world.own();
        let is_shut = |shut: &RoaringBitmap| (pods & own).is_subset(shut);
        let mut elsewhere = (pods - own).into_iter();
        self.shut.get(&direction).is_some_and(is_shut)
            && elsewhere.all(|id| self.world.is_shut(id, direction))
    }

    /// What is said of a rule that names `theirs`, whose own policies speak in the other direction.
    fn of_rule(&mut self, report: &Report<'_>, at: RuleAt<'_>, theirs: &RoaringBitmap) -> Option<Finding> {
        let other = at.direction.other();
        if theirs.is_empty() || !self.is_shut(other, theirs) {
            return None;
        }
        let own = self.world.subjects(at.policy);
        let (from, to) = match at.direction {
            Direction::Ingress => (theirs, own),
            Direction::Egress => (own, theirs),
        };
        let call = self.world.refused_call(&self.tiered, (from, to), &at.rule.ports)?;
        self.place(report, &call, other)
    }

    /// What is said of two components of which one calls the other.
    fn of_edge(&mut self, report: &Report<'_>, edge: &Edge) -> Vec<Finding> {
        let (End::Component(from), End::Component(to)) = (&edge.from, &edge.to) else { return Vec::new() };
        // It is told at the policies of one of its ends.
        if ![from, to].iter().any(|key| self.world.looks_at(&key.namespace)) {
            return Vec::new();
        }
        let (from, to) = (self.world.pods_of(from), self.world.pods_of(to));
        if !self.is_shut(Direction::Egress, &from) && !self.is_shut(Direction::Ingress, &to) {
            return Vec::new();
        }
        let Some(call) = self.world.refused_call(&self.tiered, (&from, &to), &edge.ports) else {
            return Vec::new();
        };
        Direction::ALL.into_iter().filter_map(|direction| self.place(report, &call, direction)).collect()
    }

    /// The finding at what has to be mended, where policies refuse `call` in `direction`; once for a place.
    fn place(&mut self, report: &Report<'_>, call: &Call<'_>, direction: Direction) -> Option<Finding> {
        let refusing = self.world.refusing(call, direction);
        let policy = refusing.first()?;
        let (from, to) = (&call.from.1.workload.key, &call.to.1.workload.key);
        let port = format!("{} {}", call.protocol, call.port);
        let way = match direction {
            Direction::Ingress => format!("the ingress of `{to}` does not let it in"),
            Direction::Egress => format!("the egress of `{from}` does not let it out"),
        };
        let message = format!("`{from}` is to call `{to}` on {port}, and {way}");
        let near = refusing.iter().find_map(|policy| Some((policy, self.near(call, direction, policy)?)));
        let found = match near {
            Some((policy, entry)) => {
                let edit = Edit::Ports { at: entry.origin.clone(), with: written(call) };
                report
                    .of_policy(&policy.key, &entry.origin, message)
                    .help(format!("this entry has the right peer and another port: write {port}"))
                    .mend(Mend::risky(format!("write {port}"), [edit]))
            }
            None => report
                .of_policy(&policy.key, &policy.origin, message)
                .field(match direction {
                    Direction::Ingress => &["spec", "ingress"],
                    Direction::Egress => &["spec", "egress"],
                })
                .help(format!("let the connection through here on {port}, or delete the rule opposite")),
        };
        let found = found.essence(format!("{from} {to} {port}"));
        let place = (found.diagnostic.origin.clone(), found.diagnostic.message.clone());
        self.told.insert(place).then_some(found)
    }

    /// The entry of a port that comes near: that of a rule for the other end, on another port.
    fn near<'p>(
        &self,
        call: &Call<'_>,
        direction: Direction,
        policy: &'p NetworkPolicy,
    ) -> Option<&'p PolicyPort> {
        let names = |rule: &&PolicyRule| {
            !rule.peers.is_empty() && self.world.names(call, direction, policy, rule) && !has_port(rule, call)
        };
        policy.rules(direction).iter().filter(names).find_map(|rule| match rule.ports.as_slice() {
            [only] => Some(only),
            _ => None,
        })
    }
}

/// The port of a call as policies write it.
fn written(call: &Call<'_>) -> Vec<(Protocol, PortMatch)> {
    let range = PortRange::single(call.port).map(PortMatch::Range);
    range.map(|range| (call.protocol, range)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use sekisho_core::standard::{Edge, End, Standard};

    const LEDGER: &str = "name=ledger";

    fn edge() -> Standard {
        let components = vec![
            component("trading/trading-bff", BFF, &[8080]),
            component("trading/ledger", LEDGER, &[9090]),
        ];
        let [from, to] = [&components[0], &components[1]].map(|one| End::Component(one.key.clone()));
        let edge = Edge { from, to, ports: components[1].ports.clone(), origin: line(903) };
        Standard { components, edges: vec![edge], ..standard() }
    }

    #[test]
    fn what_the_catalog_says_must_get_through() {
        let pods_there = || [pod(1, "trading/bff", BFF, &[8080]), pod(2, "trading/ledger", LEDGER, &[9090])];
        let told = |policies: Vec<_>| found("SK503", &cluster(pods_there(), policies), &edge());
        assert!(told(vec![]).is_empty(), "nobody refuses it");
        let baseline = || policy(10, "trading/baseline", "", vec![]);
        let message =
            "`trading/bff` is to call `trading/ledger` on TCP 9090, and the ingress of `trading/ledger`";
        assert_eq!(told(vec![baseline()]), [format!("10: {message} does not let it in")]);
        let of = |port| policy(20, "trading/ledger", LEDGER, vec![rule(21, &[pods(BFF)], &[port])]);
        assert!(told(vec![baseline(), of(9090)]).is_empty());
        assert_eq!(told(vec![baseline(), of(9091)]), [format!("23: {message} does not let it in")]);
    }

    #[test]
    fn some_who_get_through_are_enough() {
        let there = [
            pod(1, "trading/old", "app=client,track=old", &[]),
            pod(2, "trading/new", "app=client,track=new", &[]),
            pod(3, "trading/db", "app=db", &[5432]),
        ];
        let lets_in = policy(10, "trading/db", "app=db", vec![rule(11, &[pods("app=client")], &[5432])]);
        let shut_in = |labels: &str| egress(20, "trading/shut", labels, vec![]);
        let told = |shut: &str| {
            found("SK503", &cluster(there.clone(), [lets_in.clone(), shut_in(shut)]), &standard())
        };
        assert!(told("track=old").is_empty());
        assert_eq!(told("app=client").len(), 1);
    }
}
