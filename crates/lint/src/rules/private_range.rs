//! A block that has a whole private range.
//!
//! ## Why
//!
//! `10.0.0.0/8` is not "inside": it is every pod, every node, every virtual machine of every network that is joined to
//! this one, and all who come through a VPN. In two halves, in one rule or in two for the same ports, it is the same.
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
    finding::{Finding, Report},
    ranges,
    rule::{Category, Rule},
    together::{self, Block},
    words,
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    set::{AddressSet, Cidr},
};
use std::collections::BTreeSet;

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
    for blocks in together::blocks(world) {
        let mut told = BTreeSet::new();
        for (at, peer, block) in &blocks {
            let ranges = ranges::private(&block.addresses());
            if ranges.is_empty() {
                continue;
            }
            let message = format!("`{block}` has {}", words(&ranges));
            report.push(advised(report.of_policy(&at.policy.key, &peer.origin, message)));
            told.extend(ranges);
        }
        report.extend(in_parts(report, &blocks, &told));
    }
}

/// The ranges of which several blocks have the whole, and none of them alone. Where one has exceptions, another that has
/// those opens them again, which is the mistake then (SK112).
fn in_parts(report: &Report<'_>, blocks: &[Block<'_>], told: &BTreeSet<Cidr>) -> Option<Finding> {
    let blocks: Vec<&Block<'_>> =
        blocks.iter().filter(|(.., block)| block.except().next().is_none()).collect();
    let all = ranges::of_blocks(blocks.iter().map(|(_, peer, _)| *peer));
    let ranges: Vec<Cidr> = ranges::private(&all).into_iter().filter(|range| !told.contains(range)).collect();
    let whole: AddressSet = ranges.iter().copied().collect();
    let has_part = |block: &&&Block<'_>| !block.2.addresses().intersection(&whole).is_empty();
    let mut parts = blocks.iter().filter(has_part);
    let (at, first, _) = parts.next()?;
    let message = format!("these blocks together have {}", words(&ranges));
    let found = advised(report.of_policy(&at.policy.key, &first.origin, message));
    Some(parts.fold(found, |found, (_, peer, _)| found.and(&peer.origin, "with this one")))
}

fn words(ranges: &[Cidr]) -> String {
    let range = words::number(ranges.len(), "the whole private range", "the whole private ranges");
    format!("{range} {}: every pod, node and machine of any network", words::list(ranges))
}

fn advised(found: Finding) -> Finding {
    found
        .field(&["ipBlock", "cidr"])
        .help("write the subnet of those who are meant, and name pods by their labels")
}
