//! Policies as chains.
//!
//! A packet on the forward hook goes: cut connections refused (S31), known ones accepted (S30),
//! invalid ones dropped on policed pods (S36); then by the map of its source address into the egress
//! chain of that pod's profile, from there through the chains of its policies; a rule that matches
//! goes on to `ingress`, which does the same with the destination. A profile that no rule of matched
//! ends in the exemptions (S21, S34), a log entry and a drop. So the exemptions cost allowed traffic
//! nothing, and what cannot be read matches nothing and is dropped (S35).

mod base;
mod policy;
mod profile;

pub(crate) use base::{Mode, Phase, base, entrances, names};
pub(crate) use policy::{policy_chain_name, policy_rules};
pub(crate) use profile::{Target, target};

use crate::tree::{Element, Family, Name, Rule, Set, SetKind};
use sekisho_core::{
    index::{Index, Member, ProfileKey, SetKey},
    object::{Direction, ObjectKey},
    set::{AddressSet, IntervalSet},
};

/// What a chain is made of, so that it can be made again when a policy changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChainPart {
    /// The rules of one policy.
    Policy { direction: Direction, family: Family, key: ObjectKey },
    /// A profile: the policies that isolate a pod in this direction, sorted.
    Profile { direction: Direction, family: Family, policies: Vec<ObjectKey> },
    /// One of several profiles that must all allow (S26), and those that come after it.
    Stage { direction: Direction, family: Family, profiles: Vec<Vec<ObjectKey>> },
}

impl ChainPart {
    /// Whether the chain has rules of the policy in it.
    pub(crate) fn has_rules_of(&self, policy: &ObjectKey) -> bool {
        match self {
            Self::Policy { key, .. } => key == policy,
            Self::Profile { .. } => false,
            Self::Stage { profiles, .. } => profiles.first().is_some_and(|first| first.contains(policy)),
        }
    }

    /// What the chain stands for, for people.
    pub(crate) fn comment(&self) -> String {
        match self {
            Self::Policy { direction, family, key } => format!("policy {key}, {direction}, IPv{family}"),
            Self::Profile { direction, family, policies } => {
                format!("pods isolated by {}, {direction}, IPv{family}", list(policies))
            }
            Self::Stage { direction, family, profiles } => {
                let profiles: Vec<String> = profiles.iter().map(|profile| list(profile)).collect();
                format!(
                    "several pods on one address, isolated by {}, {direction}, IPv{family}",
                    profiles.join("; ")
                )
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
                policy_rules(index, *direction, *family, key, &base::allow(*direction))
            }
            ChainPart::Profile { direction, family, policies } => {
                profile::profile_rules(*direction, *family, policies)
            }
            ChainPart::Stage { direction, family, profiles } => {
                profile::stage_rules(index, *direction, *family, profiles)
            }
        }
    }

    fn append(&mut self, mut other: Self) {
        self.rules.append(&mut other.rules);
        self.chains.append(&mut other.chains);
        self.sets.append(&mut other.sets);
    }
}

fn list(policies: &[ObjectKey]) -> String {
    policies.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The policies of a profile that isolate in a direction (S2).
fn isolating(index: &Index, direction: Direction, profile: &ProfileKey) -> Vec<ObjectKey> {
    let isolates = |key: &&ObjectKey| index.policy(key).is_some_and(|p| p.rules(direction).is_some());
    profile.iter().filter(isolates).cloned().collect()
}
