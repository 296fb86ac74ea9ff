//! The answer, and why.

use crate::object::{ClusterPolicyName, Direction, ObjectKey, Tier};
use std::fmt;

/// Whether a packet passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// It passes.
    Allow,
    /// It does not.
    Deny,
}

impl Decision {
    /// `Allow` when `allowed`.
    #[must_use]
    pub fn from_allowed(allowed: bool) -> Self {
        if allowed { Self::Allow } else { Self::Deny }
    }

    /// Whether the packet passes.
    #[must_use]
    pub fn is_allow(self) -> bool {
        self == Self::Allow
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        })
    }
}

/// A rule of a policy, and the entries in it that matched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RulePath {
    /// The policy.
    pub policy: ObjectKey,
    /// Which list of rules.
    pub direction: Direction,
    /// The rule's index, from 0.
    pub rule: usize,
    /// The index of the matching entry of `from` or `to`; `None` when the list is empty (S5).
    pub peer: Option<usize>,
    /// The index of the matching entry of `ports`; `None` when the list is empty (S5).
    pub port: Option<usize>,
}

impl RulePath {
    /// The path of the rule in its manifest: `spec.ingress[1]`.
    #[must_use]
    pub fn rule_path(&self) -> String {
        format!("spec.{}[{}]", self.direction, self.rule)
    }

    /// The path of the most precise matching peer: `spec.ingress[1].from[0]`, or the rule's where it
    /// lists none.
    #[must_use]
    pub fn peer_path(&self) -> String {
        match self.peer {
            Some(peer) => format!("{}.{}[{peer}]", self.rule_path(), self.direction.peer_field()),
            None => self.rule_path(),
        }
    }

    /// The path of the matching port, where the rule lists ports: `spec.ingress[1].ports[0]`.
    #[must_use]
    pub fn port_path(&self) -> Option<String> {
        self.port.map(|port| format!("{}.ports[{port}]", self.rule_path()))
    }
}

impl fmt::Display for RulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.policy, self.peer_path())?;
        if let Some(port) = self.port {
            write!(f, " ports[{port}]")?;
        }
        Ok(())
    }
}

/// A rule of a cluster-wide policy that decided (S38, S39).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TierRule {
    /// The tier of its policy.
    pub tier: Tier,
    /// The policy.
    pub policy: ClusterPolicyName,
    /// Which list of rules.
    pub direction: Direction,
    /// The rule's index, from 0.
    pub rule: usize,
    /// The index of the matching entry of `from` or `to`; `None` for a rule that denies everything
    /// because one of its peers is not understood (S41).
    pub peer: Option<usize>,
}

impl TierRule {
    /// The path of the rule in its manifest: `spec.ingress[1]`.
    #[must_use]
    pub fn rule_path(&self) -> String {
        format!("spec.{}[{}]", self.direction, self.rule)
    }

    /// The path of the matching peer: `spec.ingress[1].from[0]`, or the rule's where no peer matched.
    #[must_use]
    pub fn peer_path(&self) -> String {
        match self.peer {
            Some(peer) => format!("{}.{}[{peer}]", self.rule_path(), self.direction.peer_field()),
            None => self.rule_path(),
        }
    }
}

impl fmt::Display for TierRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of the {} tier", self.policy, self.peer_path(), self.tier)
    }
}

/// Why a side of a connection decided as it did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Because {
    /// This side is not a pod that policies see: it allows everything (S11, S22, S24).
    NoPod,
    /// Both sides are one pod (S21).
    Itself,
    /// The traffic comes from the pod's own node (S20).
    OwnNode,
    /// ICMPv6 that keeps the link itself alive (S34).
    NeighbourDiscovery,
    /// No policy isolates the pod in this direction (S2).
    NotIsolated,
    /// A rule allows it (S10).
    Rule(RulePath),
    /// A rule of a cluster-wide policy accepts it (S39).
    TierAccept(TierRule),
    /// A rule of a cluster-wide policy denies it (S39, S41).
    TierDeny(TierRule),
    /// These policies isolate the pod, and no rule of theirs allows it (S2, S10).
    NoRule(Vec<ObjectKey>),
}

impl Because {
    /// What follows from it: only a rule that denies, and the want of one that allows, deny.
    #[must_use]
    pub fn decision(&self) -> Decision {
        Decision::from_allowed(!matches!(self, Self::NoRule(_) | Self::TierDeny(_)))
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPod => f.write_str("not a pod"),
            Self::Itself => f.write_str("the pod itself"),
            Self::OwnNode => f.write_str("the pod's own node"),
            Self::NeighbourDiscovery => f.write_str("neighbour discovery"),
            Self::NotIsolated => f.write_str("not isolated"),
            Self::Rule(path) => write!(f, "allowed by {path}"),
            Self::TierAccept(rule) => write!(f, "accepted by {rule}"),
            Self::TierDeny(rule) => write!(f, "denied by {rule}"),
            Self::NoRule(policies) => {
                let names: Vec<String> = policies.iter().map(ToString::to_string).collect();
                write!(f, "no rule of {} allows it", names.join(", "))
            }
        }
    }
}

/// The answer of one side of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SideVerdict {
    /// Whether this side lets the packet pass.
    pub decision: Decision,
    /// Why.
    pub because: Because,
}

impl SideVerdict {
    /// The answer that follows from `because`.
    #[must_use]
    pub fn new(because: Because) -> Self {
        Self { decision: because.decision(), because }
    }
}

/// The answer: the source's egress and the destination's ingress must both allow (S11).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Verdict {
    /// Whether the packet passes.
    pub decision: Decision,
    /// The source's side.
    pub egress: SideVerdict,
    /// The destination's side.
    pub ingress: SideVerdict,
}

impl Verdict {
    /// The answer of both sides together (S11).
    #[must_use]
    pub fn new(egress: SideVerdict, ingress: SideVerdict) -> Self {
        let allowed = egress.decision.is_allow() && ingress.decision.is_allow();
        Self { decision: Decision::from_allowed(allowed), egress, ingress }
    }

    /// The answer of the side that `direction` is about.
    #[must_use]
    pub fn side(&self, direction: Direction) -> &SideVerdict {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    /// Why, on one line: both sides, source first.
    #[must_use]
    pub fn because(&self) -> String {
        format!("egress: {}; ingress: {}", self.egress.because, self.ingress.because)
    }
}
