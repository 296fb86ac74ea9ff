//! A namespace without a baseline: no policy of it selects every pod and isolates ingress.
//!
//! ## Why
//!
//! A baseline is for the pods that somebody forgets, and for those to come. Without it a new workload is open to
//! everybody until its own policy is there.
//!
//! ## Wrong
//!
//! ```yaml
//! kind: Namespace
//! metadata:
//!   name: trading
//! # and policies of single components alone
//! ```
//!
//! ## Right
//!
//! ```yaml
//! kind: NetworkPolicy
//! metadata:
//!   name: baseline
//!   namespace: trading
//! spec:
//!   podSelector: {}
//!   policyTypes: [Ingress, Egress]
//!   egress: [{}]
//! ```
//!
//! ## How to mend
//!
//! Write the baseline that the standard has; `sekisho.yaml` names it under `baseline`. Namespaces that the platform
//! brings belong under `exempt`.
//!
//! ## Sources
//!
//! S1, S2; "Default deny all ingress traffic" in the Kubernetes documentation of network policies.

use crate::{
    finding::{Report, Subject},
    rule::{Category, Rule},
    tiers,
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    index::{NamespaceScope, PolicyRules, RoaringBitmap},
    object::{Direction, Origin, RuleAction},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub(crate) static RULE: Rule = Rule {
    code: "SK202",
    name: "no-baseline",
    category: Category::Coverage,
    severity: Severity::Warning,
    yields_to: &[],
    source: include_str!("no_baseline.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    let Some(baseline) = world.standard.baseline.as_ref().filter(|_| !world.has_gaps) else { return };
    let whole = whole(world);
    for (namespace, origin) in populated(world, &world.asked()) {
        if whole.contains(&namespace) {
            continue;
        }
        let message =
            format!("no policy isolates every pod of `{namespace}` for ingress: what is forgotten is open");
        let found = report.finding(Subject::Namespace(namespace), &origin, message);
        let help =
            format!("write the baseline, `{}`: it selects every pod and lets nobody in", baseline.name);
        report.push(found.help(help));
    }
}

/// The namespaces with some of these pods, and where each was written, or its first pod.
fn populated(world: &World<'_>, pods: &RoaringBitmap) -> BTreeMap<Arc<str>, Origin> {
    let mut populated: BTreeMap<Arc<str>, Origin> = BTreeMap::new();
    for pod in world.pods(pods) {
        let known = populated.entry(Arc::clone(&pod.key.namespace)).or_insert_with(|| pod.origin.clone());
        if pod.origin < *known {
            *known = pod.origin.clone();
        }
    }
    for (name, origin) in &mut populated {
        if let Some(written) = world.cluster.namespaces.get(name).filter(|one| one.origin.is_known()) {
            *origin = written.origin.clone();
        }
    }
    populated
}

/// The namespaces of which some policy, of theirs or of the cluster, isolates every pod for ingress.
fn whole(world: &World<'_>) -> BTreeSet<Arc<str>> {
    let isolates = |policy: &&Arc<PolicyRules>| {
        let rules = policy.rules(Direction::Ingress);
        // By itself a cluster-wide policy isolates nobody (S40): it must refuse everybody.
        let closes = |rules| tiers::for_everybody(rules, Direction::Ingress) == Some(RuleAction::Deny);
        rules.is_some_and(|rules| policy.key.tier().is_none() || closes(rules))
    };
    let every = |policy: &&Arc<PolicyRules>| policy.subjects.pods().is_everything();
    let policies = world.index.policies().filter(isolates).filter(every);
    let mut whole = BTreeSet::new();
    for policy in policies {
        match policy.subjects.namespaces() {
            NamespaceScope::One(name) => drop(whole.insert(Arc::clone(name))),
            NamespaceScope::Matching(selector) => {
                let matching = world.namespaces().iter().filter(|(_, labels)| selector.matches(labels));
                whole.extend(matching.map(|(name, _)| Arc::clone(name)));
            }
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use sekisho_core::object::{LabelSelector, RuleAction, Tier};

    #[test]
    fn a_namespace_is_asked_for_a_baseline() {
        let pods = || [pod(3, "trading/b", BFF, &[8080]), pod(2, "trading/a", BFF, &[8080])];
        let own = policy(10, "trading/trading-bff", BFF, vec![]);
        let told = found("SK202", &cluster(pods(), [own.clone()]), &standard());
        let message = "no policy isolates every pod of `trading` for ingress: what is forgotten is open";
        assert_eq!(told, [format!("2: {message}")]);

        let baseline = policy(11, "trading/baseline", "", vec![]);
        assert!(found("SK202", &cluster(pods(), [own.clone(), baseline]), &standard()).is_empty());
        // What is about egress alone is none.
        let other = egress(11, "trading/egress", "", vec![]);
        assert_eq!(found("SK202", &cluster(pods(), [own.clone(), other]), &standard()).len(), 1);
        // A cluster-wide policy is one where it refuses everybody, and not where it accepts, or refuses some (S40).
        let of = |rules| {
            let mut cluster = cluster(pods(), [own.clone()]);
            let policy = tier(Tier::Baseline, rules);
            cluster.cluster_policies.insert(policy.name.clone(), policy);
            found("SK202", &cluster, &standard()).len()
        };
        let some = || selector("kubernetes.io/metadata.name=monitoring");
        let every = LabelSelector::everything;
        assert_eq!(of(vec![(RuleAction::Accept, some()), (RuleAction::Deny, every())]), 0);
        assert_eq!(of(vec![(RuleAction::Accept, every())]), 1);
        assert_eq!(of(vec![(RuleAction::Deny, some())]), 1);
        assert_eq!(of(vec![(RuleAction::Accept, every()), (RuleAction::Deny, every())]), 1);
        // Nobody asks: the team has no standard, the namespace is the platform's, or not all could be read.
        let cluster = cluster(pods(), [own]);
        assert!(found("SK202", &cluster, &Default::default()).is_empty());
        let exempt = sekisho_core::standard::Standard { exempt: ["trading".into()].into(), ..standard() };
        assert!(found("SK202", &cluster, &exempt).is_empty());
        assert!(found_in_gaps("SK202", &cluster, &standard()).is_empty());
    }
}
