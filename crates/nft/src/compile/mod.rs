//! Policies as chains.
//!
//! A packet on the forward hook goes: cut connections refused (S31), known ones accepted (S30),
//! invalid ones dropped on policed pods (S36); then by the map of its source address into the egress
//! chain of that pod's profile, from there through the chains of its policies; a rule that matches
//! goes on to `ingress`, which does the same with the destination. A profile that no rule of matched
//! ends in the exemptions (S21, S34), a log entry and a drop. So the exemptions cost allowed traffic
//! nothing, and what cannot be read matches nothing and is dropped (S35).
//!
//! Around the NetworkPolicies of a profile stand the tiers of cluster-wide policies (S38), each a chain
//! that profiles with the same such policies share: what accepts goes on as above, what denies goes to
//! the exemptions and the drop, and what passes comes back. A profile that no NetworkPolicy isolates ends
//! in what accepts (S40).

mod base;
mod frames;
pub(crate) mod guard;
mod naming;
mod policy;
mod profile;
mod shared;
mod tier;

pub(crate) use base::{Mode, Phase, base, entrances, names};
pub use frames::frames;
pub(crate) use policy::policy_chain_name;
pub(crate) use profile::{Target, target};

use crate::tree::{Action, Element, Family, Name, Rule, Set, SetKind};
use sekisho_core::{
    index::{Index, Member, PolicyKey, ProfileKey, SetKey},
    object::Direction,
    set::{AddressSet, IntervalSet},
};

/// What a chain is made of, so that it can be made again when a policy changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChainPart {
    /// The rules of one NetworkPolicy.
    Policy { direction: Direction, family: Family, key: PolicyKey },
    /// The rules of the policies of a tier that select a pod, in order (S38).
    Tier { direction: Direction, family: Family, policies: Vec<PolicyKey> },
    /// What a rule of a cluster-wide policy denies.
    Deny { direction: Direction, family: Family, key: PolicyKey },
    /// A profile: the policies that have a say about a pod in this direction, in order.
    Profile { direction: Direction, family: Family, policies: Vec<PolicyKey> },
    /// Several profiles that must all allow (S26).
    Shared { direction: Direction, family: Family, profiles: Vec<Vec<PolicyKey>> },
    /// One of several profiles: what it allows comes back.
    Check { direction: Direction, family: Family, policies: Vec<PolicyKey> },
}

impl ChainPart {
    /// Whether the chain has rules of the policy in it, and rules of others as well.
    pub(crate) fn mixes_in(&self, policy: &PolicyKey) -> bool {
        match self {
            Self::Tier { policies, .. } | Self::Check { policies, .. } => policies.contains(policy),
            Self::Policy { .. } | Self::Deny { .. } | Self::Profile { .. } | Self::Shared { .. } => false,
        }
    }

    /// Who denies in it.
    pub(crate) fn denying(&self) -> Option<(Direction, &[PolicyKey])> {
        match self {
            Self::Profile { direction, policies, .. } | Self::Check { direction, policies, .. } => {
                Some((*direction, policies))
            }
            Self::Deny { direction, key, .. } => Some((*direction, std::slice::from_ref(key))),
            Self::Policy { .. } | Self::Tier { .. } | Self::Shared { .. } => None,
        }
    }

    /// What the chain stands for, for people.
    pub(crate) fn comment(&self) -> String {
        match self {
            Self::Policy { direction, family, key } => format!("policy {key}, {direction}, IPv{family}"),
            Self::Tier { direction, family, policies } => {
                format!("in order {}, {direction}, IPv{family}", list(policies))
            }
            Self::Deny { direction, family, key } => format!("denied by {key}, {direction}, IPv{family}"),
            Self::Profile { direction, family, policies } => {
                format!("pods policed by {}, {direction}, IPv{family}", list(policies))
            }
            Self::Shared { direction, family, profiles } => {
                let profiles: Vec<String> = profiles.iter().map(|profile| list(profile)).collect();
                format!(
                    "several pods on one address, policed by {}, {direction}, IPv{family}",
                    profiles.join("; ")
                )
            }
            Self::Check { direction, family, policies } => {
                format!("one of several pods, policed by {}, {direction}, IPv{family}", list(policies))
            }
        }
    }
}

/// What a set is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SetPart {
    /// A set of the index.
    Members(SetKey, Family),
    /// Merged blocks of addresses. The set never changes: other blocks make another.
    Ranges(AddressSet, Family),
    /// Several ranges of ports. The set never changes.
    Ports(IntervalSet<u16>),
}

impl SetPart {
    /// The set's name.
    pub(crate) fn name(&self) -> Name {
        match self {
            Self::Members(key, family) => members_name(key, *family),
            Self::Ranges(_, family) => Name::of_content(&format!("blocks{family}"), &self.comment()),
            Self::Ports(_) => Name::of_content("ports", &self.comment()),
        }
    }

    /// The set as the index has it now.
    pub(crate) fn build(&self, index: &Index) -> Set {
        let mut set = Set::new(self.kind(), self.comment());
        set.elements = match self {
            Self::Members(key, family) => {
                index.members(key).into_iter().filter_map(|member| element(member, *family)).collect()
            }
            Self::Ranges(addresses, Family::V4) => {
                addresses.ranges_v4().map(|range| Element::RangeV4(*range.start(), *range.end())).collect()
            }
            Self::Ranges(addresses, Family::V6) => {
                addresses.ranges_v6().map(|range| Element::RangeV6(*range.start(), *range.end())).collect()
            }
            Self::Ports(ports) => {
                ports.ranges().map(|range| Element::Ports(*range.start(), *range.end())).collect()
            }
        };
        set
    }

    fn kind(&self) -> SetKind {
        match self {
            Self::Members(SetKey::Pods(_), family) => SetKind::Addresses(*family),
            Self::Members(SetKey::NamedPort { .. }, family) => SetKind::AddressPorts(*family),
            Self::Ranges(_, family) => SetKind::Ranges(*family),
            Self::Ports(_) => SetKind::Ports,
        }
    }

    fn comment(&self) -> String {
        match self {
            Self::Members(key, family) => format!("{key}, IPv{family}"),
            Self::Ranges(addresses, family) => {
                let cidrs = addresses.cidrs().into_iter();
                let cidrs = cidrs.filter(|cidr| cidr.is_ipv4() == (*family == Family::V4));
                cidrs.map(|cidr| cidr.to_string()).collect::<Vec<_>>().join(", ")
            }
            Self::Ports(ports) => {
                let ranges = ports.ranges().map(|range| format!("{}-{}", range.start(), range.end()));
                ranges.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// The name of a set of the index, for one family.
pub(crate) fn members_name(key: &SetKey, family: Family) -> Name {
    let prefix = match key {
        SetKey::Pods(_) => "pods",
        SetKey::NamedPort { .. } => "port",
    };
    Name::of_content(&format!("{prefix}{family}"), &key.to_string())
}

/// A member as an element of its family's set.
pub(crate) fn element(member: Member, family: Family) -> Option<Element> {
    match member {
        Member::Address(address) => (Family::of(address) == family).then_some(Element::Address(address)),
        Member::AddressPort(address, port) => {
            (Family::of(address) == family).then_some(Element::AddressPort(address, port))
        }
    }
}

/// Rules, and what must be there for them.
#[derive(Debug, Default)]
pub(crate) struct Compiled {
    /// The rules.
    pub(crate) rules: Vec<Rule>,
    /// The chains that they lead to, once for each rule that does.
    pub(crate) chains: Vec<(Name, ChainPart)>,
    /// The sets that they read, once for each rule that does.
    pub(crate) sets: Vec<(Name, SetPart)>,
}

impl Compiled {
    /// The rules of `part` as the index has it now.
    pub(crate) fn of(part: &ChainPart, index: &Index) -> Self {
        match part {
            ChainPart::Policy { direction, family, key } => {
                policy::policy_rules(index, *direction, *family, key, &base::allow(*direction))
            }
            ChainPart::Tier { direction, family, policies } => {
                tier::tier_rules(index, *direction, *family, policies)
            }
            ChainPart::Deny { direction, family, key } => tier::deny_rules(*direction, *family, key),
            ChainPart::Profile { direction, family, policies } => {
                profile::profile_rules(*direction, *family, policies)
            }
            ChainPart::Shared { direction, family, profiles } => {
                shared::shared_rules(*direction, *family, profiles)
            }
            ChainPart::Check { direction, family, policies } => {
                shared::check_rules(index, *direction, *family, policies)
            }
        }
    }

    /// A rule that leads to a chain.
    fn leading(action: impl FnOnce(Name) -> Action, (name, part): Target) -> Self {
        Self { rules: vec![Rule::always(action(name.clone()))], chains: vec![(name, part)], sets: Vec::new() }
    }

    /// Adds a rule that leads to a chain.
    fn lead(&mut self, action: impl FnOnce(Name) -> Action, target: Target) {
        self.append(Self::leading(action, target));
    }

    fn append(&mut self, mut other: Self) {
        self.rules.append(&mut other.rules);
        self.chains.append(&mut other.chains);
        self.sets.append(&mut other.sets);
    }
}

fn list(policies: &[PolicyKey]) -> String {
    policies.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A list of policies as the content of a name: with all that their order and their part depend on.
fn content(policies: &[PolicyKey]) -> String {
    let one = |key: &PolicyKey| match key {
        PolicyKey::Admin(rank) => format!("Admin {} {key}", rank.priority),
        PolicyKey::Namespaced(_) => key.to_string(),
        PolicyKey::Baseline(rank) => format!("Baseline {} {key}", rank.priority),
    };
    policies.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The policies of a profile that have a say in a direction, in order: those that isolate (S2), and
/// of the tiers those that have rules. Baseline is not read where some policy isolates (S40).
fn deciding(index: &Index, direction: Direction, profile: &ProfileKey) -> Vec<PolicyKey> {
    let has_say = |key: &&PolicyKey| index.policy(key).is_some_and(|p| p.rules(direction).is_some());
    let mut policies: Vec<PolicyKey> = profile.iter().filter(has_say).cloned().collect();
    if policies.iter().any(|key| matches!(key, PolicyKey::Namespaced(_))) {
        policies.retain(|key| !matches!(key, PolicyKey::Baseline(_)));
    }
    policies
}

/// The policies of a profile, tier by tier (S38).
struct Tiers<'p> {
    admin: &'p [PolicyKey],
    namespaced: &'p [PolicyKey],
    baseline: &'p [PolicyKey],
}

impl<'p> Tiers<'p> {
    /// INVARIANT: `policies` are sorted, and keys sort by tier.
    fn of(policies: &'p [PolicyKey]) -> Self {
        let first = policies.partition_point(|key| matches!(key, PolicyKey::Admin(_)));
        let last = policies.partition_point(|key| !matches!(key, PolicyKey::Baseline(_)));
        let (before, baseline) = policies.split_at(last);
        let (admin, namespaced) = before.split_at(first);
        Self { admin, namespaced, baseline }
    }
}
