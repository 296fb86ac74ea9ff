//! An exception that another entry opens again.
//!
//! ## Why
//!
//! `except` takes addresses away from its own entry and forbids nothing. Another entry, or another policy of the same
//! pods, that has the addresses lets them in.
//!
//! ## Wrong
//!
//! ```yaml
//! - ipBlock:
//!     cidr: 10.0.0.0/8
//!     except: [10.1.0.0/24]
//! - ipBlock:
//!     cidr: 10.1.0.0/16
//! ```
//!
//! ## Right
//!
//! ```yaml
//! - ipBlock:
//!     cidr: 10.0.0.0/8
//!     except: [10.1.0.0/24]
//! ```
//!
//! ## How to mend
//!
//! Take the addresses away from the other entry as well.
//!
//! ## Sources
//!
//! S18, S19.

use crate::{
    finding::{Finding, Report},
    focus::RuleAt,
    rule::{Category, Rule},
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    mend::{Edit, Mend},
    object::{Direction, IpBlock, LabelSelector, Peer, PeerKind, PolicyPort, Rule as PolicyRule},
    set::{AddressSet, Cidr},
};
use std::{collections::BTreeMap, sync::Arc};

pub(crate) static RULE: Rule = Rule {
    code: "SK112",
    name: "except-reopened",
    category: Category::Correctness,
    severity: Severity::Error,
    yields_to: &[],
    source: include_str!("except_reopened.rs"),
    run,
};

/// Blocks of policies that select the same pods, in one direction.
type Alike<'c> =
    BTreeMap<(&'c Arc<str>, &'c LabelSelector, Direction), Vec<(RuleAt<'c>, &'c Peer, &'c IpBlock)>>;

fn run(world: &World<'_>, report: &mut Report<'_>) {
    let mut alike = Alike::new();
    for (at, peer) in world.peers() {
        if let PeerKind::Block(block) = &peer.kind {
            let key = (&at.policy.key.namespace, &at.policy.subjects, at.direction);
            alike.entry(key).or_default().push((at, peer, block));
        }
    }
    for blocks in alike.values() {
        for (at, peer, block) in blocks.iter().filter(|(_, _, block)| block.except().len() > 0) {
            let except: AddressSet = block.except().collect();
            let mut others = blocks.iter().filter(|(_, other, _)| other.origin != peer.origin);
            let opens = others.find(|(other, _, opened)| {
                meets(at.rule, other.rule) && !opened.addresses().intersection(&except).is_empty()
            });
            if let Some((other, opening, opened)) = opens {
                report.push(finding(report, *other, opening, opened, (peer, &except)));
            }
        }
    }
}

/// Whether two rules have ports in common.
fn meets(one: &PolicyRule, other: &PolicyRule) -> bool {
    let same = |a: &PolicyPort, b: &PolicyPort| {
        (a.protocol, &a.port) == (b.protocol, &b.port) || !a.numbers().intersection(&b.numbers()).is_empty()
    };
    one.ports.is_empty()
        || other.ports.is_empty()
        || one.ports.iter().any(|a| other.ports.iter().any(|b| same(a, b)))
}

fn finding(
    report: &Report<'_>,
    at: RuleAt<'_>,
    opening: &Peer,
    opened: &IpBlock,
    (excepting, except): (&Peer, &AddressSet),
) -> Finding {
    let again = opened.addresses().intersection(except);
    let message = format!("`{opened}` opens again what an exception keeps out: {again}");
    let found = report
        .of_policy(&at.policy.key, &opening.origin, message)
        .beside(&excepting.origin, "the exception, which forbids nothing: it only takes away from this entry")
        .help("take the addresses away from this entry as well");
    let inside: Vec<Cidr> =
        again.cidrs().into_iter().filter(|one| opened.cidr().strictly_contains(*one)).collect();
    match IpBlock::new(opened.cidr(), opened.except().chain(inside.iter().copied())) {
        Ok(block) if inside.len() == again.cidrs().len() => {
            let title = format!("write `{block}`");
            let edit = Edit::Peers { at: opening.origin.clone(), with: vec![PeerKind::Block(block)] };
            found.mend(Mend::risky(title, [edit]))
        }
        // A list of nobody would be everybody.
        _ if at.rule.peers.len() == 1 => {
            found.mend(Mend::risky("delete the rule", [Edit::Remove(at.rule.origin.clone())]))
        }
        _ => found.mend(Mend::risky("delete the entry", [Edit::Remove(opening.origin.clone())])),
    }
}
