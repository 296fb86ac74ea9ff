//! A workload that policies open to the whole internet.
//!
//! ## Why
//!
//! Policy is the last thing that stands between an address and a pod: what it admits, one wrong Service, firewall rule
//! or peering is enough to bring in. Behind a load balancer the pod sees the balancer's addresses, so nobody else has to
//! be admitted.
//!
//! This looks at all rules of the workload's policies together, and not at blocks alone.
//!
//! ## Wrong
//!
//! ```yaml
//! ingress:
//!   - from:
//!       - ipBlock:
//!           cidr: 0.0.0.0/0
//!     ports:
//!       - port: http
//! ```
//!
//! ## Right
//!
//! ```yaml
//! ingress:
//!   - from:
//!       - ipBlock:
//!           cidr: 35.191.0.0/16
//!       - ipBlock:
//!           cidr: 130.211.0.0/22
//!     ports:
//!       - port: http
//! ```
//!
//! ## How to mend
//!
//! Admit the load balancer's ranges, and let it say who may come. Where pods take clients by their own addresses, as
//! behind a network load balancer, name the internet in the `peers` of `sekisho.yaml`.
//!
//! ## Sources
//!
//! S5, S17, S37; `docs/ways-in.md`.

use crate::{
    finding::{Finding, Report, Subject},
    focus::RuleAt,
    ranges::{is_internet, of_blocks},
    rule::{Category, Rule},
    words,
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    exposure::{Exposure, Opening, OpeningRule, RuleName},
    object::{Direction, Workload},
    set::{AddressSet, Cidr},
    verdict::RulePath,
};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) static RULE: Rule = Rule {
    code: "SK307",
    name: "open-to-internet",
    category: Category::LeastPrivilege,
    severity: Severity::Error,
    yields_to: &["SK114"],
    source: include_str!("open_to_internet.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for (rule, workloads) in opened(world) {
        report.push(finding(report, &rule, &workloads));
    }
}

/// The rules that open to the whole internet, and what they open.
fn opened(world: &World<'_>) -> BTreeMap<OpeningRule, BTreeSet<Workload>> {
    // Where no cluster-wide policy refuses anybody, who is let in is let in: there is no need to ask about everybody.
    if world.cluster.cluster_policies.is_empty() {
        return by_rules(world);
    }
    let mut opened: BTreeMap<OpeningRule, BTreeSet<Workload>> = BTreeMap::new();
    let borne = borne(world);
    for exposure in world.exposures().iter().filter(|one| is_open(one, &borne)) {
        for rule in exposure.rules.iter().filter(|rule| opens(world, rule)) {
            // Others may be as open, by rules of their own or because nobody isolates them.
            let own = subjects(world, rule);
            let is_own = |one: &&Workload| own.as_ref().is_none_or(|own| own.contains(one));
            let workloads = exposure.workloads.iter().map(|(workload, _)| workload).filter(is_own);
            opened.entry(rule.clone()).or_default().extend(workloads.cloned());
        }
    }
    opened
}

/// The workloads that the policy of a rule selects; `None` for cluster-wide ones, of which any may be.
fn subjects<'w>(world: &'w World<'_>, rule: &OpeningRule) -> Option<BTreeSet<&'w Workload>> {
    let RuleName::Policy(path) = &rule.name else { return None };
    let policy = world.cluster.policies.get(&path.policy)?;
    Some(world.workloads(world.subjects(policy)).into_keys().collect())
}

fn by_rules(world: &World<'_>) -> BTreeMap<OpeningRule, BTreeSet<Workload>> {
    let mut opened = BTreeMap::new();
    for policy in world.policies().filter(|policy| policy.isolates(Direction::Ingress)) {
        for (number, rule) in policy.ingress.iter().enumerate() {
            let is_whole = || is_internet(&of_blocks(&rule.peers));
            if !rule.peers.is_empty() && !is_whole() {
                continue;
            }
            let named = |peer: Option<usize>| {
                let name = RuleName::Policy(RulePath {
                    policy: policy.key.clone(),
                    direction: Direction::Ingress,
                    rule: number,
                    peer,
                    port: None,
                });
                let entry = peer.and_then(|peer| rule.peers.get(peer)).map(|peer| &peer.origin);
                OpeningRule { name, origin: entry.unwrap_or(&rule.origin).clone() }
            };
            let everybody = rule.peers.is_empty().then(|| named(None));
            let rules = everybody.into_iter().chain((0..rule.peers.len()).map(|peer| named(Some(peer))));
            let subjects = world.subjects(policy);
            let workloads = || world.workloads(subjects).into_keys().cloned().collect();
            for rule in rules.filter(|rule| !subjects.is_empty() && opens(world, rule)) {
                opened.insert(rule, workloads());
            }
        }
    }
    opened
}

/// The addresses of the internet that pods bear: nobody outside has them.
fn borne(world: &World<'_>) -> AddressSet {
    let internet = AddressSet::internet();
    let borne = world.index.addresses().filter(|address| internet.contains(*address));
    borne.map(Cidr::host).collect()
}

fn is_open(exposure: &Exposure, borne: &AddressSet) -> bool {
    match &exposure.opening {
        Opening::Internet(addresses) => {
            exposure.direction == Direction::Ingress && is_internet(&addresses.union(borne))
        }
        _ => false,
    }
}

/// Whether a rule opens to the whole internet by itself, and nobody has agreed that it should.
fn opens(world: &World<'_>, rule: &OpeningRule) -> bool {
    let RuleName::Policy(path) = &rule.name else { return true };
    let Some(at) = at(world, path) else { return false };
    let Some(peer) = path.peer else { return true };
    let agreed = at.rule.peers.get(peer).is_some_and(|peer| world.is_agreed(at, &peer.kind));
    let alone = of_blocks(at.rule.peers.get(peer));
    let first = || at.rule.peers.iter().position(|peer| !of_blocks([peer]).is_empty());
    let whole = |rule: RuleAt<'_>| is_internet(&of_blocks(&rule.rule.peers));
    // Of blocks that are the internet together the first speaks for all.
    let is_told = is_internet(&alone) || (whole(at) && !has_whole(at) && first() == Some(peer));
    is_told && !agreed
}

fn has_whole(at: RuleAt<'_>) -> bool {
    at.rule.peers.iter().any(|peer| is_internet(&of_blocks([peer])))
}

fn at<'c>(world: &World<'c>, path: &RulePath) -> Option<RuleAt<'c>> {
    let policy = world.cluster.policies.get(&path.policy)?;
    let rule = policy.rules(path.direction).get(path.rule)?;
    Some(RuleAt { policy, direction: path.direction, rule })
}

fn finding(report: &Report<'_>, rule: &OpeningRule, workloads: &BTreeSet<Workload>) -> Finding {
    let is = words::number(workloads.len(), "is", "are");
    let who = words::list(workloads.iter().map(|workload| &workload.key));
    let message = format!("{who} {is} open to the whole internet");
    let subject = match &rule.name {
        RuleName::Policy(path) => Subject::Policy(path.policy.clone()),
        RuleName::Tier(rule) => Subject::ClusterPolicy(rule.policy.clone()),
    };
    let found = report.finding(subject, &rule.origin, message);
    let found = match &rule.name {
        RuleName::Policy(path) if path.peer.is_some() => found.field(&["ipBlock", "cidr"]),
        _ => found,
    };
    found.help("admit the ranges of the load balancer, and let it say who may come")
}
