//! What cluster-wide policies say, tier by tier (S38).

use crate::{
    eval::{Flow, cluster_selects, in_order, tier_matches},
    object::{ClusterPolicy, ClusterPolicyName, Direction, Origin, Pod, RuleAction, Tier},
    verdict::TierRule,
};
use std::sync::Arc;

/// What one cluster-wide policy that selects a pod says to the packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierAnswer {
    /// The tier.
    pub tier: Tier,
    /// The policy.
    pub policy: ClusterPolicyName,
    /// Its priority in the tier.
    pub priority: u16,
    /// Where it was written.
    pub origin: Origin,
    /// The first of its rules that the packet meets; `None` where it meets none.
    pub matched: Option<TierMatched>,
    /// Why the policy has no say, where it has none.
    pub left_out: Option<LeftOut>,
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierMatched {
    /// Which rule and peer.
    pub rule: TierRule,
    /// What it does.
    pub action: RuleAction,
    /// The name that its author gave the rule, or the empty text.
    pub name: Arc<str>,
    /// Where the entry of `from` or `to` was written, or the rule where no peer matched (S41).
    pub origin: Origin,
}

/// Why a policy is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftOut {
    /// A rule read before it has decided, or has left the tier (S38, S39).
    Decided,
    /// A NetworkPolicy isolates the pod, so its tier is not asked (S40).
    Isolated,
}

/// What the cluster-wide policies that select `pod` and have rules in `direction` say, in the order in
/// which they are read. `isolated`: whether a NetworkPolicy isolates the pod.
pub(super) fn answers(flow: &Flow<'_>, direction: Direction, pod: &Pod, isolated: bool) -> Vec<TierAnswer> {
    let mut answers = Vec::new();
    let mut decided = false;
    for tier in [Tier::Admin, Tier::Baseline] {
        let mut left_out = match (tier, decided, isolated) {
            (_, true, _) => Some(LeftOut::Decided),
            (Tier::Baseline, _, true) => Some(LeftOut::Isolated),
            _ => None,
        };
        let policies = in_order(flow.cluster(), tier).into_iter();
        let selecting = policies.filter(|policy| cluster_selects(flow.cluster(), policy, pod));
        for policy in selecting.filter(|policy| !policy.rules(direction).is_empty()) {
            let answer = answer(flow, direction, policy, left_out);
            if let (Some(matched), None) = (&answer.matched, left_out) {
                left_out = Some(LeftOut::Decided);
                decided = matched.action != RuleAction::Pass;
            }
            answers.push(answer);
        }
    }
    answers
}

fn answer(
    flow: &Flow<'_>,
    direction: Direction,
    policy: &ClusterPolicy,
    left_out: Option<LeftOut>,
) -> TierAnswer {
    let matched = tier_matches(flow, policy, direction).map(|matched| {
        let rule = policy.rules(direction).get(matched.rule.rule);
        let peer = rule.zip(matched.rule.peer).and_then(|(rule, at)| rule.peers.get(at));
        let origin = peer.map(|peer| &peer.origin).or(rule.map(|rule| &rule.origin));
        TierMatched {
            origin: origin.unwrap_or(&policy.origin).clone(),
            name: rule.map(|rule| Arc::clone(&rule.name)).unwrap_or_default(),
            action: matched.action,
            rule: matched.rule,
        }
    });
    TierAnswer {
        tier: policy.tier,
        policy: policy.name.clone(),
        priority: policy.priority,
        origin: policy.origin.clone(),
        matched,
        left_out,
    }
}
