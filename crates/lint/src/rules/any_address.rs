//! A rule for any address: a block of the whole internet, or ports that are open to everybody.
//!
//! ## Why
//!
//! `0.0.0.0/0` is everybody, pods of the cluster too. In two halves, in one rule or in two for the same ports,
//! or with the private ranges taken out, it is still the internet; and a rule with ports and without `from` does not say who comes at all.
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
    together::{self, Block},
    world::World,
};
use sekisho_core::{diagnostic::Severity, object::Direction};

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
    let is_ingress = |at: &RuleAt<'_>| at.direction == Direction::Ingress;
    for at in world.rules().filter(is_ingress).filter(|at| at.rule.peers.is_empty()) {
        report.push(everybody(report, at));
    }
    for blocks in together::blocks(world) {
        let whole = blocks.iter().filter(|(.., block)| is_internet(&block.addresses()));
        let alone: Vec<Finding> = whole.map(|block| alone(report, block)).collect();
        if alone.is_empty()
            && blocks.len() > 1
            && is_internet(&of_blocks(blocks.iter().map(|(_, peer, _)| *peer)))
        {
            report.extend(together(report, &blocks));
        }
        report.extend(alone);
    }
}

fn alone(report: &Report<'_>, (at, peer, block): &Block<'_>) -> Finding {
    let message = format!("`{block}` is the whole internet: {}", who(*at));
    let found = report.of_policy(&at.policy.key, &peer.origin, message).field(&["ipBlock", "cidr"]);
    advised(found)
}

fn everybody(report: &Report<'_>, at: RuleAt<'_>) -> Finding {
    let message = "this rule has ports and no `from`: everybody may come in on them, from any address";
    advised(report.of_policy(&at.policy.key, &at.rule.origin, message))
}

/// Blocks that are the internet together, though none of them is alone.
fn together(report: &Report<'_>, blocks: &[Block<'_>]) -> Option<Finding> {
    let ((at, first, _), rest) = blocks.split_first()?;
    let message = format!("these blocks together are the whole internet: {}", who(*at));
    let found = report.of_policy(&at.policy.key, &first.origin, message).field(&["ipBlock", "cidr"]);
    let found = rest.iter().fold(found, |found, (_, peer, _)| found.and(&peer.origin, "with this one"));
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
