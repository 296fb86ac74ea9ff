//! The standard that the catalog of the example says, held against the example's policies.

mod support;

use sekisho_core::{
    object::{Direction, ObjectKey},
    standard::Stance,
};
use support::{catalog_of, cluster, example};

#[test]
fn the_example_follows_its_standard_and_production_is_no_development() {
    for environment in ["production", "development"] {
        let standard = catalog_of(&example()).standard(Some(environment));
        let baseline = standard.baseline.clone().unwrap();
        for policy in cluster(environment).policies.values() {
            if policy.key.name == baseline.name {
                assert_eq!(baseline.closed.contains(&policy.key.namespace), policy.egress.is_empty());
                continue;
            }
            let component = standard.component_for(policy).unwrap_or_else(|| panic!("{}", policy.key));
            for peer in policy.ingress.iter().flat_map(|rule| &rule.peers) {
                let is_named = standard.named(&peer.kind).next().is_some();
                let admitted = standard.admits(component, Direction::Ingress, &peer.kind);
                assert_eq!(is_named, admitted, "{}: {:?}", policy.key, peer.kind);
            }
        }
    }
    // What development admits, production does not.
    let standard = catalog_of(&example()).standard(Some("production"));
    let frontend = ObjectKey::new("trading", "trading-frontend");
    let policies = cluster("development").policies;
    let peers = || policies[&frontend].ingress.iter().flat_map(|rule| &rule.peers);
    let component = standard.component(&frontend).unwrap();
    let refused = peers().filter(|peer| !standard.admits(component, Direction::Ingress, &peer.kind));
    assert_eq!(refused.count(), 2);
}

#[test]
fn what_is_closed_may_call_whom_it_is_said_to_call() {
    let standard = catalog_of(&example()).standard(None);
    let ledger = ObjectKey::new("ledger", "ledger");
    assert_eq!(standard.component(&ledger).unwrap().egress, Stance::Closed);
    let mut edges: Vec<String> = standard
        .edges
        .iter()
        .filter(|edge| edge.from.to_string().starts_with("ledger/"))
        .map(|edge| {
            let ports: Vec<String> = edge.ports.iter().map(ToString::to_string).collect();
            format!("{} -> {} {}", edge.from, edge.to, ports.join(", "))
        })
        .collect();
    edges.sort();
    assert_eq!(
        edges,
        ["ledger/ledger -> kube-dns UDP 53, TCP 53", "ledger/ledger -> ledger/ledger-db TCP postgres"]
    );
}
