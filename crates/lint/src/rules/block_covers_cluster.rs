//! An `ipBlock` that has addresses of pods or Services of the cluster.
//!
//! ## Why
//!
//! Addresses of pods come and go; who bears one tomorrow nobody knows, and a block of them lets in whoever does. The
//! address of a Service is never seen by policy, which looks when it has been translated, so a block of it opens nothing.
//!
//! Blocks so wide that every address is in them have rules of their own (`any-address`, `private-range`).
//!
//! ## Wrong
//!
//! ```yaml
//! - ipBlock:
//!     cidr: 10.244.1.0/24 # pods of a node
//! ```
//!
//! ## Right
//!
//! ```yaml
//! - podSelector:
//!     matchLabels:
//!       app: web
//! ```
//!
//! ## How to mend
//!
//! Select the pods by their labels.
//!
//! ## Sources
//!
//! S16, S17, S37; "ipBlock" in the Kubernetes documentation: the blocks should be of addresses outside the cluster.

use crate::{
    finding::{Finding, Report},
    focus::RuleAt,
    rule::{Category, Rule},
    words,
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    index::{PodId, RoaringBitmap},
    object::{IpBlock, Peer, PeerKind, Service},
    set::AddressSet,
};
use std::{net::IpAddr, ops::RangeInclusive};

pub(crate) static RULE: Rule = Rule {
    code: "SK111",
    name: "block-covers-cluster",
    category: Category::Correctness,
    severity: Severity::Warning,
    yields_to: &["SK303", "SK304", "SK307"],
    source: include_str!("block_covers_cluster.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    let blocks = world.peers().filter_map(|(at, peer)| match &peer.kind {
        PeerKind::Block(block) if !is_wide(block) && world.standard.named(&peer.kind).next().is_none() => {
            Some((at, peer, block))
        }
        _ => None,
    });
    let blocks: Vec<(RuleAt<'_>, &Peer, &IpBlock)> = blocks.collect();
    if blocks.is_empty() {
        return;
    }
    let addresses = Addresses::of(world, &blocks);
    for (at, peer, block) in blocks {
        if let Some(found) = finding(world, report, &addresses, (at, peer, block)) {
            report.push(found);
        }
    }
}

/// Blocks that are about everything, of which others speak.
fn is_wide(block: &IpBlock) -> bool {
    let addresses = block.addresses();
    block.cidr().is_whole_family()
        || !addresses.intersection(&AddressSet::internet()).is_empty() && block.cidr().prefix_length() < 8
}

/// Up to so many blocks every address is held against each: that costs less than to sort all addresses.
const FEW: usize = 16;

/// The addresses that some of the blocks may have, ascending.
struct Addresses<'w> {
    pods: Vec<(IpAddr, PodId)>,
    services: Vec<(IpAddr, &'w Service)>,
}

impl<'w> Addresses<'w> {
    fn of(world: &'w World<'_>, blocks: &[(RuleAt<'_>, &Peer, &IpBlock)]) -> Self {
        let is_many = blocks.len() > FEW;
        let is_meant = |at: &IpAddr| is_many || blocks.iter().any(|(_, _, block)| block.cidr().contains(*at));
        let pods = world.index.addresses().filter(is_meant);
        let pods = pods.flat_map(|at| world.index.pods_at(at).map(move |id| (at, id)));
        let services = world.cluster.services.values();
        let services = services.flat_map(|one| one.cluster_addresses.iter().map(move |at| (*at, one)));
        let services = services.filter(|(at, _)| is_meant(at));
        let (mut pods, mut services): (Vec<_>, Vec<_>) = (pods.collect(), services.collect());
        pods.sort_unstable();
        services.sort_by_key(|(address, _)| *address);
        Self { pods, services }
    }
}

/// Those with an address in `range`.
fn within<'a, T>(
    all: &'a [(IpAddr, T)],
    range: &RangeInclusive<IpAddr>,
) -> impl Iterator<Item = (IpAddr, &'a T)> + use<'a, T> {
    let first = all.partition_point(|(address, _)| address < range.start());
    let last = all.partition_point(|(address, _)| address <= range.end());
    all.get(first..last).unwrap_or_default().iter().map(|(address, one)| (*address, one))
}

fn finding(
    world: &World<'_>,
    report: &Report<'_>,
    addresses: &Addresses<'_>,
    (at, peer, block): (RuleAt<'_>, &Peer, &IpBlock),
) -> Option<Finding> {
    let range = block.cidr().first()..=block.cidr().last();
    let in_block = |address: &IpAddr| block.contains(*address);
    let borne = within(&addresses.pods, &range).filter(|(at, _)| in_block(at));
    let pods: RoaringBitmap = borne.map(|(_, id)| *id).collect();
    if !pods.is_empty() {
        let who = words::workloads(world.pods(&pods));
        let message = format!("`{block}` has addresses of pods, today those of {who}, tomorrow of anybody");
        let found = report.of_policy(&at.policy.key, &peer.origin, message).field(&["ipBlock", "cidr"]);
        return Some(found.help("select pods by their labels: addresses are given to whoever comes next"));
    }
    let service =
        within(&addresses.services, &range).find(|(at, _)| in_block(at)).map(|(_, service)| service)?;
    let message = format!(
        "`{block}` has the address of the Service `{}`, which policy never sees: it looks when that is translated",
        service.key
    );
    let found = report.of_policy(&at.policy.key, &peer.origin, message).field(&["ipBlock", "cidr"]);
    Some(found.help("select the pods behind the Service by their labels, on their own ports"))
}
