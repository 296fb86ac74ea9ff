//! A peer that is every pod of every namespace, or whoever wears some labels in any.
//!
//! ## Why
//!
//! `namespaceSelector: {}` is not useless and not a slip: it lets in every pod of the cluster, those of other teams and
//! those to come, though nobody from outside it. With a `podSelector` beside it, it lets in whoever wears the labels in
//! any namespace, and whoever may create a pod anywhere can wear them.
//!
//! ## Wrong
//!
//! ```yaml
//! - namespaceSelector: {}
//!   podSelector:
//!     matchLabels:
//!       app: web
//! ```
//!
//! ## Right
//!
//! ```yaml
//! - namespaceSelector:
//!     matchLabels:
//!       kubernetes.io/metadata.name: trading
//!   podSelector:
//!     matchLabels:
//!       app: web
//! ```
//!
//! ## How to mend
//!
//! Name the namespaces of those who call, and their pods. Where the whole cluster is meant, as for an agent that takes
//! everybody's metrics, name it in the `peers` of `sekisho.yaml`.
//!
//! ## Sources
//!
//! S7; the API comment of `NetworkPolicyPeer.namespaceSelector`.

use crate::{
    finding::Report,
    rule::{Category, Rule},
    words,
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    object::{Direction, PeerKind},
};

pub(crate) static RULE: Rule = Rule {
    code: "SK302",
    name: "every-namespace",
    category: Category::LeastPrivilege,
    severity: Severity::Warning,
    yields_to: &["SK103", "SK105", "SK206"],
    source: include_str!("every_namespace.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for (at, peer) in world.peers() {
        let pods = match &peer.kind {
            PeerKind::Namespaces(namespaces) if namespaces.is_everything() => None,
            PeerKind::PodsInNamespaces { namespaces, pods } if namespaces.is_everything() => {
                Some(pods).filter(|pods| !pods.is_everything())
            }
            _ => continue,
        };
        if !world.is_guarded(at) || world.is_agreed(at, &peer.kind) {
            continue;
        }
        let through = match at.direction {
            Direction::Ingress => "may come in",
            Direction::Egress => "may be called",
        };
        let (message, help) = match pods {
            None => (
                format!("every pod of every namespace {through}, those to come too"),
                "name the namespaces and the pods that are meant; or name the peer in `sekisho.yaml`",
            ),
            Some(pods) => (
                format!(
                    "whoever wears {} in any namespace {through}: who may create pods anywhere can wear it",
                    words::list(pods.requirements())
                ),
                "name the namespaces of the pods by a `namespaceSelector` in the same entry",
            ),
        };
        report.push(report.of_policy(&at.policy.key, &peer.origin, message).help(help));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use sekisho_core::{
        object::{Cluster, LabelSelector, PeerKind},
        standard::{NamedPeer, Role, Standard, Whom},
    };

    fn open() -> Cluster {
        let peer = PeerKind::Namespaces(LabelSelector::everything());
        cluster(
            [pod(1, "trading/a", BFF, &[8080])],
            [policy(10, "trading/trading-bff", BFF, vec![rule(11, &[peer], &[8080])])],
        )
    }

    #[test]
    fn what_is_agreed_is_not_reported() {
        let message = "12: every pod of every namespace may come in, those to come too";
        assert_eq!(found("SK302", &open(), &standard()), [message]);
        let whom = Whom::Pods { namespaces: LabelSelector::everything(), pods: None };
        let everybody = NamedPeer { whom, role: Role::Other, environments: None, origin: line(901) };
        let mut bff = component("trading/trading-bff", BFF, &[8080]);
        let mut agreed = Standard { peers: [("everybody".into(), everybody)].into(), ..standard() };
        agreed.components = vec![bff.clone()];
        assert_eq!(found("SK302", &open(), &agreed).len(), 1, "not of this component");
        bff.admits = ["everybody".into()].into();
        agreed.components = vec![bff];
        assert!(found("SK302", &open(), &agreed).is_empty());
    }
}
