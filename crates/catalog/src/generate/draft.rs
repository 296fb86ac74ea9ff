//! A policy of several environments at once: each of its peers says where it is admitted.

use super::words;
use crate::standard::is_in;
use sekisho_core::object::{
    Direction, LabelSelector, Labels, NetworkPolicy, ObjectKey, Origin, Peer, PeerKind, PolicyPort, Rule,
};
use sekisho_k8s::emit::{Place, Remark, Remarks};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A policy of all environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Namespace and name.
    pub key: ObjectKey,
    /// Its own labels.
    pub labels: Labels,
    /// Its subjects.
    pub subjects: LabelSelector,
    /// The directions that it isolates them in.
    pub types: BTreeSet<Direction>,
    /// Its rules.
    pub rules: Vec<DraftRule>,
    /// What it is about, for the comment above it.
    pub about: String,
    /// Whether it is wanted without a rule as well.
    pub stands_alone: bool,
}

/// A rule of all environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRule {
    /// Its direction.
    pub direction: Direction,
    /// Its peers. INVARIANT: a rule that has none is only for everybody where it says so.
    pub peers: Vec<DraftPeer>,
    /// Its ports; empty for all.
    pub ports: Vec<PolicyPort>,
    /// Whether it is about everybody and everything, and has no peers.
    pub everybody: bool,
    /// What it is about, for the comment above it.
    pub about: Option<String>,
}

/// A peer, and where it is admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftPeer {
    /// Whom it names.
    pub kind: PeerKind,
    /// In which environments; `None` for all.
    pub environments: Option<BTreeSet<Arc<str>>>,
    /// Why it is there.
    pub reason: Reason,
    /// Who that is, for the comment beside it.
    pub who: String,
    /// What is to be said above it, and above those behind it of whom the same is to be said.
    pub heading: Option<String>,
}

/// Why a peer is admitted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The tier says so, under this name.
    Tier(Arc<str>),
    /// The component says so, or the other end does; under this name.
    Listed(Arc<str>),
    /// It answers DNS.
    Dns,
    /// For a time.
    Exception,
}

/// A policy as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The policy.
    pub policy: NetworkPolicy,
    /// What is said beside it.
    pub remarks: Remarks,
}

impl Draft {
    /// The policy of `environment`, where it has one.
    #[must_use]
    pub fn written(&self, environment: Option<&str>) -> Option<Written> {
        self.keeping(|peer| is_in(peer.environments.as_ref(), environment))
    }

    /// The policy with the peers that are in all environments. `None` where they do not make a part of every
    /// environment's policy that peers could be added to.
    #[must_use]
    pub fn common(&self) -> Option<Written> {
        let is_common = |peer: &DraftPeer| peer.environments.is_none();
        let has_rules = self.rules.iter().all(|rule| rule.everybody || rule.peers.iter().any(is_common));
        if has_rules { self.keeping(is_common) } else { None }
    }

    /// The policy with the peers of every environment.
    #[must_use]
    pub fn everywhere(&self) -> Option<Written> {
        self.keeping(|_| true)
    }

    /// The environments in which the policy is; `None` for all.
    #[must_use]
    pub fn environments(&self) -> Option<BTreeSet<Arc<str>>> {
        if self.stands_alone {
            return None;
        }
        let of_rules: Option<Vec<_>> = self.rules.iter().map(DraftRule::environments).collect();
        // A rule that is everywhere makes the policy be everywhere.
        of_rules.map(|sets| sets.into_iter().flatten().collect())
    }

    fn keeping(&self, keep: impl Fn(&DraftPeer) -> bool) -> Option<Written> {
        let mut rules: BTreeMap<Direction, Vec<Rule>> = BTreeMap::new();
        let mut kept = Vec::new();
        let mut remarks = Remarks::new();
        for draft in &self.rules {
            let peers: Vec<&DraftPeer> = draft.peers.iter().filter(|peer| keep(peer)).collect();
            if peers.is_empty() && !draft.everybody {
                continue;
            }
            let rules = rules.entry(draft.direction).or_default();
            remark(draft, &peers, rules.len(), &mut remarks);
            rules.push(Rule {
                peers: peers
                    .iter()
                    .map(|peer| Peer { kind: peer.kind.clone(), origin: Origin::default() })
                    .collect(),
                ports: draft.ports.clone(),
                origin: Origin::default(),
            });
            kept.extend(peers);
        }
        if rules.is_empty() && !self.stands_alone {
            return None;
        }
        let above = words::comment(&words::about(&self.about, &kept));
        remarks.insert(Place::Policy, Remark { above, ..Remark::default() });
        let policy = NetworkPolicy {
            key: self.key.clone(),
            subjects: self.subjects.clone(),
            types: self.types.clone(),
            ingress: rules.remove(&Direction::Ingress).unwrap_or_default(),
            egress: rules.remove(&Direction::Egress).unwrap_or_default(),
            labels: self.labels.clone(),
            annotations: Labels::new(),
            origin: Origin::default(),
        };
        Some(Written { policy, remarks })
    }
}

impl DraftPeer {
    /// Whether it is admitted in `environment`.
    #[must_use]
    pub fn is_in(&self, environment: &str) -> bool {
        is_in(self.environments.as_ref(), Some(environment))
    }
}

impl DraftRule {
    /// The environments in which the rule is; `None` for all.
    #[must_use]
    pub fn environments(&self) -> Option<BTreeSet<Arc<str>>> {
        if self.everybody {
            return None;
        }
        let of_peers: Option<Vec<_>> = self.peers.iter().map(|peer| peer.environments.clone()).collect();
        of_peers.map(|sets| sets.into_iter().flatten().collect())
    }
}

/// Says what there is to say of the rule, the one `at` this place among those of its direction.
fn remark(rule: &DraftRule, peers: &[&DraftPeer], at: usize, remarks: &mut Remarks) {
    if let Some(about) = &rule.about {
        let above = words::comment(about);
        remarks.insert(Place::Rule(rule.direction, at), Remark { above, ..Remark::default() });
    }
    let mut said = None;
    for (index, peer) in peers.iter().enumerate() {
        let heading = peer.heading.as_ref().filter(|heading| said != Some(*heading));
        let above = heading.map(|heading| words::comment(heading)).unwrap_or_default();
        said = peer.heading.as_ref();
        let remark = Remark { above, beside: Some(peer.who.clone()), ..Remark::default() };
        remarks.insert(Place::Peer(rule.direction, at, index), remark);
    }
}
