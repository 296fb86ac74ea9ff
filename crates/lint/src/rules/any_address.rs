//! A rule for any address: a block of the whole internet, or ports that are open to everybody.
//!
//! ## Why
//!
//! `0.0.0.0/0` is everybody, pods of the cluster too. In two halves, or with the private ranges taken out, it is
//! still the internet; and a rule with ports and without `from` does not say who comes at all.
//!
//! It is reported where it narrows nothing: in ingress, and in egress that is to be closed.
//!
//! ## Wrong
//!
//! ```yaml
//! ingress:
//!   - from:
//!       - ipBlock:
//!           cidr: 0.0.0.0/0
//! ```
//!
//! ## Right
//!
//! ```yaml
//! ingress:
//!   - from:
//!       - ipBlock:
//!           cidr: 35.191.0.0/16 # the load balancer
//! ```
//!
//! ## How to mend
//!
//! Write the ranges that are meant: behind a load balancer those of the balancer, which are all that the pod sees.
//!
//! ## Sources
//!
//! S5, S17, S18.

use crate::{
    finding::{Finding, Report},
    focus::RuleAt,
    ranges::{is_internet, of_blocks},
    rule::{Category, Rule},
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    object::{Direction, IpBlock, Peer, PeerKind},
};

pub(crate) static RULE: Rule = Rule {
    code: "SK303",
    name: "any-address",
    category: Category::LeastPrivilege,
    severity: Severity::Warning,
    yields_to: &["SK114", "SK307"],
    source: include_str!("any_address.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for at in world.rules().filter(|at| world.is_guarded(*at)) {
        if at.rule.peers.is_empty() {
            if at.direction == Direction::Ingress {
                report.push(everybody(report, at));
            }
            continue;
        }
        let blocks = at.rule.peers.iter().filter_map(|peer| match &peer.kind {
            PeerKind::Block(block) if !world.is_agreed(at, &peer.kind) => Some((peer, block)),
            _ => None,
        });
        let blocks: Vec<(&Peer, &IpBlock)> = blocks.collect();
        let mut found = false;
        for (peer, block) in blocks.iter().filter(|(_, block)| is_internet(&block.addresses())) {
            let message = format!("`{block}` is the whole internet: {}", who(at));
            let one = report.of_policy(&at.policy.key, &peer.origin, message).field(&["ipBlock", "cidr"]);
            report.push(advised(one));
            found = true;
        }
        if !found && blocks.len() > 1 && is_internet(&of_blocks(blocks.iter().map(|(peer, _)| *peer))) {
            report.extend(together(report, at, &blocks));
        }
    }
}

fn everybody(report: &Report<'_>, at: RuleAt<'_>) -> Finding {
    let message = "this rule has ports and no `from`: everybody may come in on them, from any address";
    advised(report.of_policy(&at.policy.key, &at.rule.origin, message))
}

/// Blocks that are the internet together, though none of them is alone.
fn together(report: &Report<'_>, at: RuleAt<'_>, blocks: &[(&Peer, &IpBlock)]) -> Option<Finding> {
    let ((first, _), rest) = blocks.split_first()?;
    let message = format!("these blocks together are the whole internet: {}", who(at));
    let found = report.of_policy(&at.policy.key, &first.origin, message).field(&["ipBlock", "cidr"]);
    let found = rest.iter().fold(found, |found, (peer, _)| found.and(&peer.origin, "with this one"));
    Some(advised(found))
}

fn who(at: RuleAt<'_>) -> &'static str {
    match at.direction {
        Direction::Ingress => "anybody may come in",
        Direction::Egress => "anybody may be called",
    }
}

fn advised(found: Finding) -> Finding {
    found.help("write the ranges that are meant; or name them in the `peers` of `sekisho.yaml`")
}
