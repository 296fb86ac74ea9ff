//! Pods whose egress the standard wants closed, and that may still call everybody.
//!
//! ## Why
//!
//! Where secrets or money are, what a broken pod may reach matters as much as who reaches it: an open way out is a way
//! for data to leave, and to the metadata server of the cloud.
//!
//! ## Wrong
//!
//! ```yaml
//! # `ledger` is to have closed egress
//! policyTypes: [Ingress, Egress]
//! egress:
//!   - {}
//! ```
//!
//! ## Right
//!
//! ```yaml
//! policyTypes: [Ingress, Egress]
//! egress:
//!   - to:
//!       - podSelector:
//!           matchLabels:
//!             app.kubernetes.io/name: ledger-db
//!     ports:
//!       - port: postgres
//! ```
//!
//! ## How to mend
//!
//! Name whom the pods call, DNS among them, and delete what lets everything out. `sekisho.yaml` says whose egress is
//! to be closed: `egress: closed` of a component, or a namespace under `baseline`.
//!
//! ## Sources
//!
//! S2, S4, S5.

use crate::{
    finding::{Report, Subject},
    ranges::{is_whole_family, of_blocks},
    rule::{Category, Rule},
    tiers,
    world::{World, is_closed},
};
use sekisho_core::{
    diagnostic::Severity,
    index::RoaringBitmap,
    object::{Direction, Origin, Peer, PeerKind, PortMatch, Rule as PolicyRule},
};

pub(crate) static RULE: Rule = Rule {
    code: "SK203",
    name: "egress-not-controlled",
    category: Category::Coverage,
    severity: Severity::Warning,
    yields_to: &[],
    source: include_str!("egress_not_controlled.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    if world.has_gaps {
        return;
    }
    let wanted = wanted(world);
    if wanted.is_empty() {
        return;
    }
    let open = &wanted - world.isolated(Direction::Egress);
    let narrowed = tiers::narrowed(world.index, Direction::Egress);
    for (workload, (id, pod)) in world.workloads(&open) {
        let whom =
            if narrowed.contains(id) { "whomever no cluster-wide policy refuses" } else { "everybody" };
        let message = format!(
            "no policy isolates `{}` for egress, which is to be closed: it may call {whom}",
            workload.key
        );
        let found = report.finding(Subject::Workload(workload.clone()), &pod.origin, message);
        report.push(
            found.help("write a policy with `Egress` among its `policyTypes` that names whom it calls"),
        );
    }
    for at in world.rules().filter(|at| at.direction == Direction::Egress) {
        let Some(origin) = everything(at.rule) else { continue };
        let pods = world.subjects(at.policy) & &wanted;
        if pods.is_empty() {
            continue;
        }
        let who = crate::words::workloads(world.pods(&pods));
        let message = format!("everything is let out, where egress is to be closed: that of {who}");
        let found = report.of_policy(&at.policy.key, origin, message);
        report.push(found.help("name whom the pods call, DNS among them, and on which ports"));
    }
}

/// The pods whose egress is to be closed.
fn wanted(world: &World<'_>) -> RoaringBitmap {
    let own = world.standard.components.iter().filter(|component| world.looks_at(&component.key.namespace));
    let closed = own.filter(|component| is_closed(component));
    let of_components = closed.map(|component| world.pods_of(&component.key));
    let namespaces = world.standard.baseline.iter().flat_map(|baseline| &baseline.closed);
    let namespaces = namespaces.filter(|name| world.looks_at(name));
    let of_namespaces = namespaces.map(|name| world.index.pods_in(name));
    let pods = of_components.chain(of_namespaces).fold(RoaringBitmap::new(), |all, pods| all | pods);
    pods & world.asked()
}

/// What lets everything out: a rule without peers and ports, or blocks of a whole family on all ports.
fn everything(rule: &PolicyRule) -> Option<&Origin> {
    let every_port = rule.ports.is_empty() || rule.ports.iter().any(|port| port.port == PortMatch::All);
    if rule.peers.is_empty() {
        return every_port.then_some(&rule.origin);
    }
    let is_block = |peer: &&Peer| matches!(peer.kind, PeerKind::Block(_));
    let blocks = || rule.peers.iter().filter(is_block);
    let alone = blocks().find(|peer| is_whole_family(&of_blocks([*peer])));
    // Two halves are the whole as well.
    let whole = alone.or_else(|| blocks().next().filter(|_| is_whole_family(&of_blocks(blocks()))));
    whole.filter(|_| every_port).map(|peer| &peer.origin)
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use sekisho_core::standard::{Baseline, Stance, Standard};

    fn closed() -> Standard {
        let baseline = Baseline { name: "baseline".into(), closed: ["ledger".into()].into() };
        Standard { baseline: Some(baseline), ..standard() }
    }

    #[test]
    fn closed_namespaces_are_closed() {
        let ledger = || [pod(1, "ledger/ledger", "app=ledger", &[])];
        let told = |policies| found("SK203", &cluster(ledger(), policies), &closed());
        let open = "`ledger/ledger` for egress, which is to be closed: it may call everybody";
        assert_eq!(told(vec![]), [format!("1: no policy isolates {open}")]);
        let everything = "everything is let out, where egress is to be closed: that of `ledger/ledger`";
        let rules = [
            (rule(20, &[], &[]), Some(20)),
            (rule(20, &[block("0.0.0.0/0")], &[]), Some(21)),
            (rule(20, &[block("0.0.0.0/0")], &[443]), None),
            (rule(20, &[block("0.0.0.0/1"), block("128.0.0.0/1")], &[]), Some(21)),
            (rule(20, &[block("0.0.0.0/1")], &[]), None),
            (rule(20, &[], &[53]), None),
            (rule(20, &[pods("app=db")], &[]), None),
        ];
        for (rule, line) in rules {
            let expected: Vec<String> = line.iter().map(|line| format!("{line}: {everything}")).collect();
            assert_eq!(told(vec![egress(10, "ledger/egress", "", vec![rule.clone()])]), expected, "{rule:?}");
        }
    }

    #[test]
    fn closed_components_are_closed_and_others_may_be_open() {
        let pods = [pod(1, "trading/a", BFF, &[]), pod(2, "trading/b", "name=other", &[])];
        let mut bff = component("trading/trading-bff", BFF, &[]);
        bff.egress = Stance::Closed;
        let standard = Standard { components: vec![bff], ..standard() };
        let told = found("SK203", &cluster(pods, []), &standard);
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("1: "), "{told:?}");
    }
}
