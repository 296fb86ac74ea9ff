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
