//! Rules that open something, or keep some out of it.

use crate::{
    object::Origin,
    verdict::{RulePath, TierRule},
};
use std::fmt;

/// What a rule is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleName {
    /// One of a NetworkPolicy.
    Policy(RulePath),
    /// One of a cluster-wide policy.
    Tier(TierRule),
}

impl RuleName {
    /// Its policy: `namespace/name`, or `kind/name` of a cluster-wide one.
    #[must_use]
    pub fn policy(&self) -> String {
        match self {
            Self::Policy(path) => path.policy.to_string(),
            Self::Tier(rule) => rule.policy.to_string(),
        }
    }

    /// Its path in the manifest of the policy, such as `spec.ingress[0].from[1]`.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Policy(path) => path.peer_path(),
            Self::Tier(rule) => rule.peer_path(),
        }
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.policy(), self.path())
    }
}

/// A rule that opens, or refuses, and where it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpeningRule {
    /// Which entry of it.
    pub name: RuleName,
    /// Where the entry was written, or the rule where no entry is meant.
    pub origin: Origin,
}
