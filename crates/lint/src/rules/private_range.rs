//! A block that has a whole private range.
//!
//! ## Why
//!
//! `10.0.0.0/8` is not "inside": it is every pod, every node, every virtual machine of every network that is joined to
//! this one, and all who come through a VPN.
//!
//! It is reported where it narrows nothing: in ingress, and in egress that is to be closed.
//!
//! ## Wrong
//!
//! ```yaml
//! - ipBlock:
//!     cidr: 10.0.0.0/8
//! ```
//!
//! ## Right
//!
//! ```yaml
//! - ipBlock:
//!     cidr: 10.20.4.0/24 # the subnet of the batch machines
//! ```
//!
//! ## How to mend
//!
//! Write the subnet of those who call; name pods of the cluster by their labels.
//!
//! ## Sources
//!
//! S17, S18; RFC 1918, RFC 4193, RFC 6598.

use crate::{
    finding::Report,
    ranges,
    rule::{Category, Rule},
    words,
    world::World,
};
use sekisho_core::{diagnostic::Severity, object::PeerKind};

pub(crate) static RULE: Rule = Rule {
    code: "SK304",
    name: "private-range",
    category: Category::LeastPrivilege,
    severity: Severity::Warning,
    yields_to: &["SK303", "SK307"],
    source: include_str!("private_range.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for (at, peer) in world.peers() {
        let PeerKind::Block(block) = &peer.kind else { continue };
        if !world.is_guarded(at) {
            continue;
        }
        let ranges = ranges::private(&block.addresses());
        if ranges.is_empty() || world.is_agreed(at, &peer.kind) {
            continue;
        }
        let range = words::number(ranges.len(), "the whole private range", "the whole private ranges");
        let message = format!(
            "`{block}` has {range} {}: every pod, node and machine of any network",
            words::list(ranges)
        );
        let found = report.of_policy(&at.policy.key, &peer.origin, message).field(&["ipBlock", "cidr"]);
        report.push(found.help("write the subnet of those who are meant, and name pods by their labels"));
    }
}
