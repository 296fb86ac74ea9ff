//! An exception that has expired.
//!
//! ## Why
//!
//! It was for a time. What it opened stays open in the policies until somebody deletes it there.
//!
//! ## Wrong
//!
//! ```yaml
//! # sekisho.yaml, read in 2027
//! exceptions:
//!   - component: trading/trading-bff
//!     from: office
//!     reason: the migration of the order book
//!     until: 2026-11-30
//! ```
//!
//! ## Right
//!
//! ```yaml
//! exceptions: []
//! ```
//!
//! ## How to mend
//!
//! Delete the exception, and the entries of policies that the finding shows. If it still has to be, agree on a later
//! day.
//!
//! ## Sources
//!
//! The exceptions of `sekisho.yaml`.

use crate::{
    finding::{Finding, Report, Subject},
    focus::RuleAt,
    rule::{Category, Rule},
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    object::{NAME_LABEL, PeerKind},
    standard::{End, Exception},
};

pub(crate) static RULE: Rule = Rule {
    code: "SK403",
    name: "exception-expired",
    category: Category::Environment,
    severity: Severity::Error,
    yields_to: &[],
    source: include_str!("exception_expired.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    let Some(today) = world.standard.today else { return };
    for expired in world.standard.exceptions.iter().filter(|one| one.until < today) {
        let message = format!(
            "the exception of `{}` for `{}` has expired on {}: it was for {}",
            expired.component, expired.with, expired.until, expired.reason
        );
        let found = report.finding(Subject::Text, &expired.origin, message);
        let help = "delete it with what it has opened, or agree on a later day";
        report.push(still(world, expired, found).help(help));
    }
}

/// The finding, with the entries of policies that the exception was for.
fn still(world: &World<'_>, expired: &Exception, found: Finding) -> Finding {
    let of_it = world.peers_in(&expired.component.namespace).filter(|(at, _)| {
        let component = world.components().of_policy(at.policy);
        component.is_some_and(|one| one.key == expired.component) && at.direction == expired.direction
    });
    of_it
        .filter(|(at, peer)| is(world, &expired.with, *at, &peer.kind))
        .fold(found, |found, (_, peer)| found.beside(&peer.origin, "still open here"))
}

/// Whether a peer is a way of writing `with`.
fn is(world: &World<'_>, with: &End, at: RuleAt<'_>, kind: &PeerKind) -> bool {
    match (with, kind) {
        (End::Peer(name), kind) => world.standard.named(kind).any(|(of, _)| of == name),
        (End::Component(key), PeerKind::Pods(pods)) => {
            at.policy.key.namespace == key.namespace
                && world.standard.component(key).is_some_and(|component| component.pods == *pods)
        }
        (End::Component(key), PeerKind::PodsInNamespaces { namespaces, pods }) => {
            let own = [(NAME_LABEL, key.namespace.clone())].into_iter().collect();
            let labels = world.namespaces().get(&key.namespace).unwrap_or(&own);
            namespaces.matches(labels)
                && world.standard.component(key).is_some_and(|component| component.pods == *pods)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::{Extent, World, check};
    use sekisho_core::{
        index::Index,
        object::Direction,
        standard::{End, Exception, Role, Standard},
    };

    #[test]
    fn what_was_for_a_time_is_over() {
        let exception = Exception {
            component: key("trading/trading-bff"),
            direction: Direction::Ingress,
            with: End::Peer("office".into()),
            reason: "a migration".into(),
            until: "2026-11-30".parse().unwrap(),
            origin: line(902),
        };
        let office = ranges("203.0.113.0/24", Role::People, None);
        let on = |today: &str| Standard {
            components: vec![component("trading/trading-bff", BFF, &[8080])],
            peers: [("office".into(), office.clone())].into(),
            exceptions: vec![exception.clone()],
            today: Some(today.parse().unwrap()),
            ..standard()
        };
        let peers = [block("203.0.113.0/24"), pods("app=b")];
        let cluster = cluster(
            [pod(1, "trading/a", BFF, &[8080])],
            [policy(10, "trading/trading-bff", BFF, vec![rule(11, &peers, &[8080])])],
        );
        let over = "the exception of `trading/trading-bff` for `office` has expired on 2026-11-30";
        assert_eq!(
            found("SK403", &cluster, &on("2026-12-01")),
            [format!("902: {over}: it was for a migration")]
        );
        assert!(found("SK403", &cluster, &on("2026-11-30")).is_empty());

        let (index, standard) = (Index::of(cluster.changes()), on("2026-12-01"));
        let world = World::new(&cluster, &index, &standard, Extent::Part, false);
        let found = check(&world, || true).unwrap();
        let expired = found.iter().find(|one| one.code() == "SK403").unwrap();
        let still: Vec<u32> = expired.diagnostic.labels.iter().map(|label| label.origin.span.line).collect();
        assert_eq!(still, [12]);
    }
}
