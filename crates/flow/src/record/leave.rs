//! What became of the connections of a flow, and by whose leave.

use sekisho_core::{
    object::{Direction, ObjectKey},
    verdict::{Because, Decision, RulePath, Verdict},
};
use std::{collections::BTreeSet, fmt, sync::Arc};

/// What became of the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// They passed.
    Allowed,
    /// They did not.
    Denied,
    /// They passed, and would not have if policies were enforced and not only audited.
    Audited,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Allowed, Self::Denied, Self::Audited];

    /// Whether policies forbid it, whether or not they are enforced.
    #[must_use]
    pub fn is_forbidden(self) -> bool {
        matches!(self, Self::Denied | Self::Audited)
    }
}

impl From<Decision> for Outcome {
    fn from(decision: Decision) -> Self {
        if decision.is_allow() { Self::Allowed } else { Self::Denied }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Audited => "audited",
        })
    }
}

/// A policy as an observer names it, of any kind: also of kinds that are no affair of the core's, such as
/// CiliumNetworkPolicy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyRef {
    /// The namespace; `None` of a kind that lies in none.
    pub namespace: Option<Arc<str>>,
    /// The name.
    pub name: Arc<str>,
    /// The kind as Kubernetes writes it.
    pub kind: Arc<str>,
}

impl PolicyRef {
    /// The kind of NetworkPolicies.
    pub const NETWORK_POLICY: &'static str = "NetworkPolicy";

    /// The NetworkPolicy of this key.
    #[must_use]
    pub fn network_policy(key: ObjectKey) -> Self {
        Self { namespace: Some(key.namespace), name: key.name, kind: Self::NETWORK_POLICY.into() }
    }
}

impl fmt::Display for PolicyRef {
    /// `namespace/name` of a NetworkPolicy, with its kind before it of any other.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if &*self.kind != Self::NETWORK_POLICY {
            write!(f, "{} ", self.kind)?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Why one side of a connection decided as it did, as far as somebody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Nobody says.
    #[default]
    Unknown,
    /// As the core says it. For a denial it names the policies that isolate the pod.
    Because(Because),
    /// These policies allow it; which rules of theirs the observer does not say.
    AllowedBy(BTreeSet<PolicyRef>),
    /// This side denies it: by rules of these policies, or by what isolates the pod where there are none.
    DeniedBy(BTreeSet<PolicyRef>),
}

impl Why {
    /// Whether this side denies; `None` where nobody says.
    #[must_use]
    pub fn denies(&self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Because(because) => Some(!because.decision().is_allow()),
            Self::AllowedBy(_) => Some(false),
            Self::DeniedBy(_) => Some(true),
        }
    }

    /// The policies that it names, sorted.
    #[must_use]
    pub fn policies(&self) -> BTreeSet<PolicyRef> {
        match self {
            Self::Unknown => BTreeSet::new(),
            Self::AllowedBy(policies) | Self::DeniedBy(policies) => policies.clone(),
            Self::Because(because) => policies_of(because),
        }
    }
}

fn policies_of(because: &Because) -> BTreeSet<PolicyRef> {
    match because {
        Because::Rule(path) => [PolicyRef::network_policy(path.policy.clone())].into(),
        Because::NoRule(policies) => policies.iter().cloned().map(PolicyRef::network_policy).collect(),
        Because::TierAccept(rule) | Because::TierDeny(rule) => {
            let (name, kind) = (Arc::clone(&rule.policy.name), rule.policy.kind.to_string().into());
            [PolicyRef { namespace: None, name, kind }].into()
        }
        Because::NoPod
        | Because::Itself
        | Because::OwnNode
        | Because::NeighbourDiscovery
        | Because::NotIsolated => BTreeSet::new(),
    }
}

impl From<Because> for Why {
    fn from(because: Because) -> Self {
        Self::Because(because)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |policies: &BTreeSet<PolicyRef>| {
            let names: Vec<String> = policies.iter().map(ToString::to_string).collect();
            if names.is_empty() { "a policy".to_owned() } else { names.join(", ") }
        };
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Because(because) => because.fmt(f),
            Self::AllowedBy(policies) => write!(f, "allowed by {}", list(policies)),
            Self::DeniedBy(policies) => write!(f, "denied by {}", list(policies)),
        }
    }
}

/// By whose leave: the answers of both sides (S11).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leave {
    /// The source's side.
    pub egress: Why,
    /// The destination's side.
    pub ingress: Why,
}

impl Leave {
    /// What `why` says of the side that `direction` is about, and nothing of the other.
    #[must_use]
    pub fn of_side(direction: Direction, why: Why) -> Self {
        match direction {
            Direction::Egress => Self { egress: why, ingress: Why::Unknown },
            Direction::Ingress => Self { egress: Why::Unknown, ingress: why },
        }
    }

    /// The answer of the side that `direction` is about.
    #[must_use]
    pub fn side(&self, direction: Direction) -> &Why {
        match direction {
            Direction::Egress => &self.egress,
            Direction::Ingress => &self.ingress,
        }
    }

    /// The side that denies, the source's first: a packet comes by it first.
    #[must_use]
    pub fn denied_at(&self) -> Option<Direction> {
        let denies = |direction: &Direction| self.side(*direction).denies() == Some(true);
        [Direction::Egress, Direction::Ingress].into_iter().find(denies)
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.egress == Why::Unknown && self.ingress == Why::Unknown
    }
}

impl From<Verdict> for Leave {
    fn from(verdict: Verdict) -> Self {
        Self { egress: verdict.egress.because.into(), ingress: verdict.ingress.because.into() }
    }
}

impl fmt::Display for Leave {
    /// Both sides, source first, as [`Verdict::because`] says them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "egress: {}; ingress: {}", self.egress, self.ingress)
    }
}

/// The rule that almost allowed what was denied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nearest {
    /// The policy.
    pub policy: ObjectKey,
    /// The rule, and its entry; `None` where the policy lists no rule.
    pub path: Option<RulePath>,
    /// What kept it from allowing, as [`sekisho_core::explain::Miss`] says it.
    pub lacks: Arc<str>,
}
