//! A block with addresses of a Cloud NAT, which tell nothing about who calls.
//!
//! ## Why
//!
//! Everything behind a NAT leaves with the same few addresses: every pod, every virtual machine of the project, and
//! what people start there tomorrow. Who admits them admits all of it.
//!
//! ## Wrong
//!
//! ```yaml
//! - ipBlock:
//!     cidr: 192.0.2.8/30 # Cloud NAT of the CI/CD cluster's project
//! ```
//!
//! ## Right
//!
//! ```yaml
//! - namespaceSelector:
//!     matchLabels:
//!       kubernetes.io/metadata.name: jobs
//!   podSelector:
//!     matchLabels:
//!       app: release
//! ```
//!
//! ## How to mend
//!
//! Let the callers come through the load balancer, which knows who they are, or run them in the cluster and name their
//! pods. `--fix --unsafe-fixes` deletes the entry, or the rule where it names nobody else.
//!
//! ## Sources
//!
//! S17, S37; the named peers of `sekisho.yaml` with the role of a NAT.

use crate::{
    finding::Report,
    named,
    rule::{Category, Rule},
    world::World,
};
use sekisho_core::{diagnostic::Severity, object::PeerKind};

pub(crate) static RULE: Rule = Rule {
    code: "SK402",
    name: "cloud-nat",
    category: Category::Environment,
    severity: Severity::Warning,
    yields_to: &["SK303", "SK307", "SK401"],
    source: include_str!("cloud_nat.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for (at, peer) in world.peers() {
        let PeerKind::Block(block) = &peer.kind else { continue };
        let Some((name, meant)) = named::of_nat(world, at, &peer.kind) else { continue };
        let message = format!("`{block}` has addresses of `{name}`, which all who leave there share");
        let found = report.of_policy(&at.policy.key, &peer.origin, message).field(&["ipBlock", "cidr"]);
        let found = found.beside(&meant.origin, "named here");
        let help = "let them come through a load balancer, or run them in the cluster and name their pods";
        report.push(found.help(help).mend(named::removal(world, at, peer)));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use sekisho_core::standard::{Role, Standard};

    #[test]
    fn a_nat_tells_nothing_about_who_calls() {
        let nat = ranges("192.0.2.8/30", Role::Nat, None);
        let mut agreed = Standard { peers: [("cicd".into(), nat)].into(), ..standard() };
        let cluster = cluster(
            [pod(1, "trading/a", BFF, &[8080])],
            [policy(10, "trading/trading-bff", BFF, vec![rule(11, &[block("192.0.2.9/32")], &[8080])])],
        );
        let message = "12: `192.0.2.9/32` has addresses of `cicd`, which all who leave there share";
        assert_eq!(found("SK402", &cluster, &agreed), [message]);
        let mut bff = component("trading/trading-bff", BFF, &[8080]);
        bff.admits = ["cicd".into()].into();
        agreed.components = vec![bff];
        assert!(found("SK402", &cluster, &agreed).is_empty());
    }
}
