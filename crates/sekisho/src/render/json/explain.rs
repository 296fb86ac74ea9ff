//! `sekisho explain -o json`.

use super::place;
use crate::target::{Answer, Answers};
use schemars::JsonSchema;
use sekisho_core::{
    explain::{self, LeftOut, PolicyAnswer, TierAnswer},
    verdict::Decision,
};
use serde::Serialize;
use std::{borrow::Cow, sync::Arc};

/// Whether one end may talk to the other, and why.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(title = "sekisho explain")]
pub(super) struct Explanation<'a> {
    /// Who opens the connection, as asked.
    from: &'a str,
    /// Whom it is opened to, as asked.
    to: &'a str,
    /// The port, as asked.
    port: &'a str,
    /// `deny` where any packet that the question stands for is denied.
    verdict: Verdict,
    /// The source's side, of the answer that stands for the whole.
    egress: Side<'a>,
    /// The destination's side, of the answer that stands for the whole.
    ingress: Side<'a>,
    /// What else may be worth knowing.
    hints: Vec<String>,
    /// Every distinct answer, denied ones first, where the question's packets are answered differently:
    /// pods of a workload, or IPv4 and IPv6. The first is the one that stands for the whole. Missing
    /// where there is but one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    answers: Vec<DistinctAnswer<'a>>,
}

/// Whether it is allowed.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// It is.
    Allow,
    /// It is not.
    Deny,
}

/// One of several answers.
#[derive(Debug, JsonSchema, Serialize)]
struct DistinctAnswer<'a> {
    /// The names of the source's pods that it is about; empty for an address.
    from_pods: Vec<Cow<'a, str>>,
    /// The names of the destination's pods that it is about; empty for an address.
    to_pods: Vec<Cow<'a, str>>,
    /// A packet for each of the cases it is about, such as `10.0.0.1 -> 10.0.0.2 TCP/80`, with the
    /// name of a pod whose address no manifest tells.
    packets: Vec<String>,
    /// The answer.
    verdict: Verdict,
    /// The source's side.
    egress: Side<'a>,
    /// The destination's side.
    ingress: Side<'a>,
}

/// What one end's policies say in one direction.
#[derive(Debug, JsonSchema, Serialize)]
struct Side<'a> {
    /// Whether some policy isolates the pod in this direction.
    isolated: bool,
    /// What this side decides.
    verdict: Verdict,
    /// Why, in a few words.
    because: String,
    /// The cluster-wide policies that select the pod and have rules in this direction, in the order in
    /// which they are read: the Admin tier before NetworkPolicies, the Baseline tier after them.
    tiers: Vec<TierPolicy<'a>>,
    /// The policies of the pod's namespace that have this direction: those that select the pod first,
    /// each part by name. Empty where no pod stands.
    policies: Vec<Policy<'a>>,
}

/// What one cluster-wide policy says.
#[derive(Debug, JsonSchema, Serialize)]
struct TierPolicy<'a> {
    /// `Admin` or `Baseline`.
    tier: String,
    /// The kind that it was written as.
    kind: String,
    /// Its name.
    name: Cow<'a, str>,
    /// Its priority in the tier; the lower is read first.
    priority: u16,
    /// Whether it has no say, and why: `decided` where a rule read before it decides, `isolated` where
    /// a NetworkPolicy isolates the pod. Null where it is read.
    left_out: Option<NotRead>,
    /// What the first rule that matches does: `Accept`, `Deny` or `Pass`. Null where none matches.
    action: Option<String>,
    /// The path of the entry of it that matches, such as `spec.ingress[1].from[0]`.
    rule: Option<String>,
    /// The name that its author gave the rule; null where there is none.
    rule_name: Option<Cow<'a, str>>,
    /// Where that entry was written, or the policy, as `file:line:column`.
    source: Option<String>,
}

/// Why a policy is not read.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
enum NotRead {
    /// A rule read before it decided, or left the tier.
    Decided,
    /// A NetworkPolicy isolates the pod.
    Isolated,
}

/// What one policy says.
#[derive(Debug, JsonSchema, Serialize)]
struct Policy<'a> {
    /// The policy's namespace.
    namespace: Cow<'a, str>,
    /// The policy's name.
    name: Cow<'a, str>,
    /// Whether it selects the pod, and so isolates it.
    selects: bool,
    /// Whether it selects the pod and a rule of it matches.
    allows: bool,
    /// The path of the first entry of a rule that matches, such as `spec.ingress[1].from[0]`; null
    /// where none does.
    rule: Option<String>,
    /// Where that entry was written, as `file:line:column`; where none matches, the policy. Null for
    /// what was not read from a text.
    source: Option<String>,
    /// The paths of all entries that match: of `from` or `to`, and of `ports` where the rule lists any.
    matched: Vec<Matched>,
    /// Where a policy that selects the pod does not allow it, or one that would allow it does not
    /// select it: how near it came, in words. Null elsewhere.
    miss: Option<Miss>,
}

/// An entry that matches.
#[derive(Debug, JsonSchema, Serialize)]
struct Matched {
    /// The path of the entry of `from` or `to`, or of the rule where it lists none.
    peer: String,
    /// The path of the entry of `ports`; null where the rule lists none.
    port: Option<String>,
    /// Where the former was written.
    source: Option<String>,
}

/// How near a policy came.
#[derive(Debug, JsonSchema, Serialize)]
struct Miss {
    /// What failed, in words.
    text: String,
    /// The path of the entry that came nearest; null where the policy has no rule.
    rule: Option<String>,
    /// Where it was written.
    source: Option<String>,
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Allow => Self::Allow,
            Decision::Deny => Self::Deny,
        }
    }
}

impl<'a> From<&'a Answers> for Explanation<'a> {
    fn from(answers: &'a Answers) -> Self {
        let worst = &answers.worst().explanation;
        let distinct = if answers.rest.is_empty() { Vec::new() } else { answers.all().collect() };
        Self {
            from: &answers.from,
            to: &answers.to,
            port: &answers.port,
            verdict: worst.verdict.decision.into(),
            egress: Side::from(&worst.egress),
            ingress: Side::from(&worst.ingress),
            hints: worst.hints.iter().map(ToString::to_string).collect(),
            answers: distinct.into_iter().map(DistinctAnswer::from).collect(),
        }
    }
}

impl<'a> From<&'a Answer> for DistinctAnswer<'a> {
    fn from(answer: &'a Answer) -> Self {
        Self {
            from_pods: names(&answer.from_pods),
            to_pods: names(&answer.to_pods),
            packets: answer.packets.clone(),
            verdict: answer.explanation.verdict.decision.into(),
            egress: Side::from(&answer.explanation.egress),
            ingress: Side::from(&answer.explanation.ingress),
        }
    }
}

fn names(names: &[Arc<str>]) -> Vec<Cow<'_, str>> {
    names.iter().map(|name| Cow::Borrowed(&**name)).collect()
}

impl<'a> From<&'a explain::Side> for Side<'a> {
    fn from(side: &'a explain::Side) -> Self {
        let policies = side.deciding().into_iter().flat_map(|subject| &subject.policies);
        Self {
            isolated: side.is_isolated(),
            verdict: side.verdict.decision.into(),
            because: side.verdict.because.to_string(),
            tiers: side.deciding().into_iter().flat_map(|s| &s.tiers).map(TierPolicy::from).collect(),
            policies: policies.map(Policy::from).collect(),
        }
    }
}

impl<'a> From<&'a TierAnswer> for TierPolicy<'a> {
    fn from(answer: &'a TierAnswer) -> Self {
        let matched = answer.matched.as_ref();
        let rule_name = matched.map(|matched| &*matched.name).filter(|name| !name.is_empty());
        Self {
            tier: answer.tier.to_string(),
            kind: answer.policy.kind.to_string(),
            name: Cow::Borrowed(&answer.policy.name),
            priority: answer.priority,
            left_out: answer.left_out.map(|left_out| match left_out {
                LeftOut::Decided => NotRead::Decided,
                LeftOut::Isolated => NotRead::Isolated,
            }),
            action: matched.map(|matched| matched.action.to_string()),
            rule: matched.map(|matched| matched.rule.peer_path()),
            rule_name: rule_name.map(Cow::Borrowed),
            source: place(matched.map_or(&answer.origin, |matched| &matched.origin)),
        }
    }
}

impl<'a> From<&'a PolicyAnswer> for Policy<'a> {
    fn from(answer: &'a PolicyAnswer) -> Self {
        let first = answer.matched.first();
        Self {
            namespace: Cow::Borrowed(&answer.policy.namespace),
            name: Cow::Borrowed(&answer.policy.name),
            selects: answer.selects,
            allows: answer.allows,
            rule: first.map(|matched| matched.path.peer_path()),
            source: place(first.map_or(&answer.origin, |matched| &matched.origin)),
            matched: answer.matched.iter().map(Matched::from).collect(),
            miss: answer.miss.as_ref().map(Miss::from),
        }
    }
}

impl From<&explain::Matched> for Matched {
    fn from(matched: &explain::Matched) -> Self {
        Self {
            peer: matched.path.peer_path(),
            port: matched.path.port_path(),
            source: place(&matched.origin),
        }
    }
}

impl From<&explain::Miss> for Miss {
    fn from(miss: &explain::Miss) -> Self {
        Self {
            text: miss.to_string(),
            rule: miss.path.as_ref().map(sekisho_core::verdict::RulePath::peer_path),
            source: place(&miss.origin),
        }
    }
}
