//! Policies that are only tried: may they be enforced?

use crate::{
    evidence::Evidence,
    history::{Call, History, Untold},
    replay::{Refused, World, enforced, refused},
    roster::{Group, Roster},
};
use sekisho_core::{
    eval,
    object::{Cluster, Direction, NetworkPolicy, ObjectKey},
};
use sekisho_flow::record::{Flow, Outcome, PolicyRef, Why};
use std::{collections::BTreeMap, fmt};

/// How a policy that is only tried does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The policy.
    pub policy: ObjectKey,
    /// How many connections of its pods were seen to pass, in the directions in which it isolates.
    pub seen: u64,
    /// How many the observers told that it would have denied.
    pub audited: u64,
    /// Those that were seen to pass, and would not if all that is tried were enforced: asked of the core.
    pub refused: Vec<Refused>,
    /// Those of its pods that cannot be asked about.
    pub unasked: Vec<Untold>,
    /// What speaks against enforcing it; nothing, where it is safe.
    pub against: Vec<Against>,
}

/// What speaks against enforcing a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Against {
    /// It selects no pod.
    NoPods,
    /// It would deny so many kinds of connections that were seen.
    Refuses(usize),
    /// So many kinds cannot be asked about.
    Unasked(usize),
    /// So few connections were seen, where so many are wanted.
    Few(u64, u64),
}

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPods => f.write_str("it selects no pod"),
            Self::Refuses(1) => f.write_str("it would deny 1 kind of connection that was seen"),
            Self::Refuses(kinds) => write!(f, "it would deny {kinds} kinds of connections that were seen"),
            Self::Unasked(1) => f.write_str("1 kind of connection cannot be asked about"),
            Self::Unasked(kinds) => write!(f, "{kinds} kinds of connections cannot be asked about"),
            Self::Few(seen, wanted) => {
                write!(f, "{seen} connections of its pods were seen, and {wanted} are wanted")
            }
        }
    }
}

impl Standing {
    /// Whether it may be enforced.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.against.is_empty()
    }
}

/// How often observers told that each policy would have denied something.
#[must_use]
pub fn audited<'f>(flows: impl IntoIterator<Item = &'f Flow>) -> BTreeMap<ObjectKey, u64> {
    let mut found: BTreeMap<ObjectKey, u64> = BTreeMap::new();
    for flow in flows.into_iter().filter(|flow| flow.key.outcome == Outcome::Audited) {
        let leave = &flow.key.leave;
        let denying = [&leave.egress, &leave.ingress].into_iter().filter(|why| why.denies() == Some(true));
        for policy in denying.flat_map(Why::policies).filter_map(key) {
            let count = found.entry(policy).or_default();
            *count = count.saturating_add(flow.seen.count);
        }
    }
    found
}

fn key(policy: PolicyRef) -> Option<ObjectKey> {
    let namespace = policy.namespace.filter(|_| &*policy.kind == PolicyRef::NETWORK_POLICY)?;
    Some(ObjectKey { namespace, name: policy.name })
}

/// How each policy of `cluster` that is only tried does, by name. What observers told that it would have denied
/// speaks against it where the core says so still: it may have been mended since.
///
/// `enough` connections of its pods must have been seen, and all policies are looked at as if all were enforced.
#[must_use]
pub fn status(
    cluster: &Cluster,
    (roster, history): (&Roster, &History),
    audited: &BTreeMap<ObjectKey, u64>,
    enough: u64,
) -> Vec<Standing> {
    let (now, then) = (World::of(&enforced(cluster)), World::of(cluster));
    let refused: Vec<Refused> =
        refused(&history.passed, (&now, &then), roster).into_iter().filter(|one| !one.already).collect();
    let staged = cluster.policies.values().filter(|policy| policy.is_audited());
    staged
        .map(|policy| {
            let look = Look { policy, roster };
            let mine = refused.iter().filter(|one| one.refusal.policies.contains(&policy.key));
            let refused: Vec<Refused> = mine.cloned().collect();
            let unasked: Vec<Untold> =
                history.untold.iter().filter(|one| look.is_subject(&one.subjects)).cloned().collect();
            let seen = look.seen(&history.passed);
            let found = [
                (!look.has_pods()).then_some(Against::NoPods),
                (!refused.is_empty()).then_some(Against::Refuses(refused.len())),
                (!unasked.is_empty()).then_some(Against::Unasked(unasked.len())),
                (look.has_pods() && seen < enough).then_some(Against::Few(seen, enough)),
            ];
            Standing {
                policy: policy.key.clone(),
                seen,
                audited: audited.get(&policy.key).copied().unwrap_or_default(),
                refused,
                unasked,
                against: found.into_iter().flatten().collect(),
            }
        })
        .collect()
}

struct Look<'a> {
    policy: &'a NetworkPolicy,
    roster: &'a Roster,
}

impl Look<'_> {
    fn selects(&self, group: &Group) -> bool {
        group.pods.iter().any(|pod| eval::selects(self.policy, pod))
    }

    fn has_pods(&self) -> bool {
        self.roster.groups().iter().any(|group| self.selects(group))
    }

    fn is_subject<'s>(&self, subjects: impl IntoIterator<Item = &'s (usize, Direction)>) -> bool {
        subjects.into_iter().any(|(id, direction)| {
            self.policy.isolates(*direction)
                && self.roster.group(*id).is_some_and(|group| self.selects(group))
        })
    }

    fn seen(&self, passed: &BTreeMap<Call, Evidence>) -> u64 {
        let is_about = |call: &Call| {
            let subject = |direction| call.subject(direction).group().map(|group| (group, direction));
            let subjects: Vec<(usize, Direction)> = Direction::ALL.into_iter().filter_map(subject).collect();
            self.is_subject(&subjects)
        };
        let of = passed.iter().filter(|(call, _)| is_about(call));
        of.fold(0, |sum, (_, evidence)| sum.saturating_add(evidence.count()))
    }
}
