//! A component without a policy of its own: only those that select every pod isolate it.
//!
//! ## Why
//!
//! The baseline lets nobody in, so nobody can call the component; and the first thing that people do then is to open
//! the baseline, for every pod of the namespace.
//!
//! ## Wrong
//!
//! ```yaml
//! # selects `trading-bff` among all others, and nothing else does
//! metadata:
//!   name: baseline
//! spec:
//!   podSelector: {}
//! ```
//!
//! ## Right
//!
//! ```yaml
//! metadata:
//!   name: trading-bff
//! spec:
//!   podSelector:
//!     matchLabels:
//!       app.kubernetes.io/name: trading-bff
//!       app.kubernetes.io/component: bff
//!       app.kubernetes.io/part-of: trading
//! ```
//!
//! ## How to mend
//!
//! Write a policy that selects the component's pods and lets in those who call it: of services of the catalog it is
//! known who does.
//!
//! ## Sources
//!
//! S1, S2, S10.

use crate::{
    finding::{Report, Subject},
    rule::{Category, Rule},
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    index::{PodId, RoaringBitmap},
    object::{Direction, Pod},
    standard::Stance,
};

pub(crate) static RULE: Rule = Rule {
    code: "SK204",
    name: "component-without-policy",
    category: Category::Coverage,
    severity: Severity::Warning,
    yields_to: &[],
    source: include_str!("component_without_policy.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    if world.has_gaps {
        return;
    }
    let own = own(world);
    let forgotten = (world.asked() & world.isolated(Direction::Ingress)) - own;
    for (workload, (id, pod)) in world.workloads(&forgotten) {
        if !is_component(world, id, pod) {
            continue;
        }
        let message =
            format!("`{}` has no policy of its own: only policies for every pod select it", workload.key);
        let found = report.finding(Subject::Workload(workload.clone()), &pod.origin, message);
        report.push(found.help("write a policy that selects its pods and lets in those who call it"));
    }
}

/// The pods that some policy selects which does not select every pod.
fn own(world: &World<'_>) -> RoaringBitmap {
    let policies = world.policies().filter(|policy| !policy.subjects.is_everything());
    policies.map(|policy| world.subjects(policy)).fold(RoaringBitmap::new(), |all, pods| all | pods)
}

/// Whether the standard asks for a policy: of a component by its label, or of one that is called, or is closed.
fn is_component(world: &World<'_>, id: PodId, pod: &Pod) -> bool {
    if let Some(component) = world.component_of(id) {
        let is_called = !component.ports.is_empty() || !component.admits.is_empty();
        return is_called || component.egress == Stance::Closed;
    }
    let naming = world.standard.naming.as_ref();
    naming.is_some_and(|naming| {
        pod.labels.get(&naming.component).is_some_and(|value| naming.components.contains(value))
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use sekisho_core::standard::Standard;

    #[test]
    fn a_component_has_a_policy_of_its_own() {
        let baseline = || policy(10, "trading/baseline", "", vec![]);
        let pods = || [pod(1, "trading/a", BFF, &[8080]), pod(2, "trading/job", "component=job", &[])];
        let told = |policies: Vec<_>| found("SK204", &cluster(pods(), policies), &standard());
        let message = "1: `trading/a` has no policy of its own: only policies for every pod select it";
        assert_eq!(told(vec![baseline()]), [message]);
        assert!(told(vec![baseline(), policy(11, "trading/bff", "component=bff", vec![])]).is_empty());
        // Nobody protects it at all: that is another rule's affair.
        assert!(told(vec![]).is_empty());
    }

    #[test]
    fn a_component_that_nobody_calls_needs_none() {
        let of = |ports: &[u16]| {
            let components = vec![component("trading/worker", "app=worker", ports)];
            let cluster = cluster(
                [pod(1, "trading/worker", "app=worker", &[])],
                [policy(10, "trading/baseline", "", vec![])],
            );
            found("SK204", &cluster, &Standard { components, ..standard() }).len()
        };
        assert_eq!((of(&[]), of(&[8080])), (0, 1));
    }
}
