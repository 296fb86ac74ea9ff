//! A block with addresses of somebody who has no place in policies of this environment.
//!
//! ## Why
//!
//! What helps to debug in development, the office and the VPN, is a hole in production, and it comes there by copying.
//! `sekisho.yaml` says for each named peer in which environments policies may name it.
//!
//! ## Wrong
//!
//! ```yaml
//! # in production
//! - ipBlock:
//!     cidr: 203.0.113.0/24 # the office
//! ```
//!
//! ## Right
//!
//! ```yaml
//! # in production
//! - podSelector:
//!     matchLabels:
//!       app.kubernetes.io/name: trading-bff
//! ```
//!
//! ## How to mend
//!
//! Delete the entry, or the rule where it names nobody else: `--fix --unsafe-fixes` does. What must be for a while
//! belongs under `exceptions` in `sekisho.yaml`, with a reason and a day.
//!
//! ## Sources
//!
//! S17; the named peers of `sekisho.yaml`.

use crate::{
    finding::Report,
    named,
    rule::{Category, Rule},
    words,
    world::World,
};
use sekisho_core::{diagnostic::Severity, object::PeerKind, standard::NamedPeer};

pub(crate) static RULE: Rule = Rule {
    code: "SK401",
    name: "range-outside-environment",
    category: Category::Environment,
    severity: Severity::Error,
    yields_to: &["SK303", "SK307"],
    source: include_str!("range_outside_environment.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for (at, peer) in world.peers() {
        let PeerKind::Block(block) = &peer.kind else { continue };
        let Some((name, meant)) = named::of_elsewhere(world, at, &peer.kind) else { continue };
        let message = format!("`{block}` has addresses of `{name}`, {}", place(world, meant));
        let found = report.of_policy(&at.policy.key, &peer.origin, message).field(&["ipBlock", "cidr"]);
        let found = found.beside(&meant.origin, "named here");
        let help = "delete the entry; or write an exception with a reason and a day into `sekisho.yaml`";
        report.push(found.help(help).mend(named::removal(world, at, peer)));
    }
}

/// Where policies may name somebody, and where this is.
fn place(world: &World<'_>, meant: &NamedPeer) -> String {
    let of = meant.environments.iter().flatten();
    let of = match meant.environments.as_ref().map_or(0, std::collections::BTreeSet::len) {
        0 => "whom no policy may name".to_owned(),
        _ => format!("whom policies of {} may name", words::list(of)),
    };
    match &world.standard.environment {
        Some(environment) => format!("{of}: this is `{environment}`"),
        None => of,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use sekisho_core::{
        object::{Cluster, Direction, PeerKind},
        standard::{End, Exception, Role, Standard},
    };

    fn agreed() -> Standard {
        let office = ranges("203.0.113.0/24", Role::People, Some(&["development"]));
        let nat = ranges("192.0.2.8/30", Role::Nat, None);
        Standard { peers: [("office".into(), office), ("cicd".into(), nat)].into(), ..standard() }
    }

    fn with(peers: &[PeerKind]) -> Cluster {
        cluster(
            [pod(1, "trading/a", BFF, &[8080])],
            [policy(10, "trading/trading-bff", BFF, vec![rule(11, peers, &[8080])])],
        )
    }

    fn messages(cidr: &str, standard: &Standard) -> Vec<String> {
        found("SK401", &with(&[block(cidr)]), standard)
    }

    #[test]
    fn people_have_no_place_in_production() {
        let office =
            "has addresses of `office`, whom policies of `development` may name: this is `production`";
        assert_eq!(messages("203.0.113.0/24", &agreed()), [format!("12: `203.0.113.0/24` {office}")]);
        assert_eq!(messages("203.0.112.0/22", &agreed()).len(), 1, "a wider one");
        assert_eq!(messages("203.0.113.7/32", &agreed()).len(), 1, "a part");
        assert!(messages("198.51.100.0/24", &agreed()).is_empty());
        assert!(messages("192.0.2.8/30", &agreed()).is_empty(), "a NAT has a rule of its own");
        let development = Standard { environment: Some("development".into()), ..agreed() };
        assert!(messages("203.0.113.0/24", &development).is_empty());
        let unknown = Standard { environment: None, ..agreed() };
        assert!(messages("203.0.113.0/24", &unknown).is_empty());
    }

    #[test]
    fn an_exception_is_for_its_component() {
        let exception = Exception {
            component: key("trading/trading-bff"),
            direction: Direction::Ingress,
            with: End::Peer("office".into()),
            reason: "a migration".into(),
            until: "2026-11-30".parse().unwrap(),
            origin: line(902),
        };
        let mut excepted = Standard { exceptions: vec![exception], ..agreed() };
        excepted.components = vec![component("trading/trading-bff", BFF, &[8080])];
        assert!(messages("203.0.113.0/24", &excepted).is_empty());
        excepted.components = vec![component("trading/other", BFF, &[8080])];
        assert_eq!(messages("203.0.113.0/24", &excepted).len(), 1);
    }

    #[test]
    fn a_rule_that_would_be_left_without_peers_goes_with_them() {
        use crate::{Extent, World, check};
        use sekisho_core::{index::Index, mend::Edit};
        let removed = |peers: &[PeerKind]| -> Vec<u32> {
            let (cluster, standard) = (with(peers), agreed());
            let index = Index::of(cluster.changes());
            let world = World::new(&cluster, &index, &standard, Extent::Part, false);
            let found = check(&world, || true).unwrap();
            let of_both = found.into_iter().filter(|one| ["SK401", "SK402"].contains(&one.code()));
            let edits = of_both.flat_map(|one| one.diagnostic.mend.unwrap().edits);
            let lines = edits.map(|edit| match edit {
                Edit::Remove(at) => at.span.line,
                other => panic!("{other:?}"),
            });
            lines.collect()
        };
        assert_eq!(removed(&[block("203.0.113.0/24"), pods("app=b")]), [12]);
        // A list without entries is everybody.
        assert_eq!(removed(&[block("203.0.113.0/24"), block("192.0.2.8/32")]), [11, 11]);
    }
}
