//! Rules of cluster-wide policies: what they open, and what they leave of what others open (S38-S42).

use super::{
    OpenPorts, Opening, OpeningRule, RuleName,
    finder::Finder,
    future::Namespaces,
    walk::{Met, Passing, Piece, Share, walk},
};
use crate::{
    index::PolicyKey,
    object::{
        ClusterPeer, ClusterPeerKind, ClusterPolicy, ClusterRule, Direction, Effective, Pod, RuleAction, Tier,
    },
    set::{AddressSet, Cidr},
    verdict::TierRule,
};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// Where what opens stands.
#[derive(Clone, Copy)]
pub(super) enum Stage {
    /// A rule of a tier, by its place among those of the subject.
    Tier(Tier, usize),
    /// What a rule of the Admin tier passes on, by its place, and who then opens it.
    Passed(usize, By),
    /// A rule of a NetworkPolicy.
    Policies,
    /// No rule: nobody decides, and so it is allowed (S40).
    AfterAll,
}

/// Who opens what was passed on: to NetworkPolicies where some isolate the subject, else to the Baseline
/// tier (S40).
#[derive(Clone, Copy)]
pub(super) enum By {
    /// A rule of a NetworkPolicy.
    Policies,
    /// A rule of the Baseline tier, by its place.
    Baseline(usize),
    /// No rule: nobody decides.
    Nobody,
}

/// What somebody opens of what is passed on to them: to whom, on which ports, by which rule if any.
pub(super) type After = (Opening, OpenPorts, Option<OpeningRule>, By);

/// A rule of a tier, for one subject.
pub(super) struct Ruled<'a> {
    rule: &'a ClusterRule,
    name: TierRule,
    action: RuleAction,
    /// `None` for a rule that denies whoever it is, because nobody understands it (S41).
    peers: Option<&'a [ClusterPeer]>,
    ports: OpenPorts,
}

impl<'a> Ruled<'a> {
    /// The rules of a tier whose policies are among `policies`, in the order in which they are read.
    pub(super) fn of(
        tier: &[&'a ClusterPolicy],
        policies: &BTreeSet<PolicyKey>,
        direction: Direction,
        pod: &Pod,
    ) -> Vec<Self> {
        let selecting =
            tier.iter().filter(|policy| policies.contains(&PolicyKey::of_tier(policy.tier, policy.rank())));
        let rules = selecting
            .flat_map(|policy| policy.rules(direction).iter().enumerate().map(|rule| (*policy, rule)));
        let ruled = rules.filter_map(|(policy, (at, rule))| {
            let (action, peers, ports) = match rule.effective() {
                Effective::Nothing => return None,
                Effective::DenyAll => (RuleAction::Deny, None, OpenPorts::all()),
                Effective::AsWritten => {
                    let action = match (policy.tier, rule.action) {
                        // What passes the last tier is allowed (S40).
                        (Tier::Baseline, RuleAction::Pass) => RuleAction::Accept,
                        (_, action) => action,
                    };
                    (action, Some(rule.peers.as_slice()), OpenPorts::of(&rule.ports, direction, pod))
                }
            };
            let policy_name = policy.name.clone();
            let name = TierRule { tier: policy.tier, policy: policy_name, direction, rule: at, peer: None };
            (!ports.is_empty()).then_some(Self { rule, name, action, peers, ports })
        });
        ruled.collect()
    }

    /// Whether it is there to refuse.
    pub(super) fn refuses(&self) -> bool {
        self.action == RuleAction::Deny
    }

    /// Whether it leaves it to others.
    pub(super) fn passes(&self) -> bool {
        self.action == RuleAction::Pass
    }

    /// The ports it is for.
    pub(super) fn ports(&self) -> &OpenPorts {
        &self.ports
    }

    fn met(&self, namespaces: &Namespaces<'_>, opening: &Opening) -> Met {
        let share = match self.peers {
            None => Share::All,
            Some(peers) => {
                let shares = peers.iter().map(|peer| share(namespaces, opening, &peer.kind, self.action));
                shares.max().unwrap_or(Share::None)
            }
        };
        let rule = OpeningRule { name: RuleName::Tier(self.name.clone()), origin: self.rule.origin.clone() };
        Met { action: self.action, share, ports: self.ports.clone(), rule }
    }
}

/// What is left of `ports` of an opening where it stands.
pub(super) fn left(
    [admin, baseline]: &[Vec<Ruled<'_>>; 2],
    stage: Stage,
    namespaces: &Namespaces<'_>,
    opening: &Opening,
    ports: OpenPorts,
) -> Vec<Piece> {
    let met = |rules: &[Ruled<'_>], before: usize| -> Vec<Met> {
        rules.iter().take(before).map(|rule| rule.met(namespaces, opening)).collect()
    };
    let pieces = vec![Piece { ports, but: BTreeSet::new() }];
    let before = |at| walk(pieces.clone(), &met(admin, at), Passing::IsLost);
    let after = || walk(pieces.clone(), &met(admin, admin.len()), Passing::GoesOn);
    let baseline = |pieces, at, passing| walk(pieces, &met(baseline, at), passing);
    match stage {
        Stage::Tier(Tier::Admin, at) | Stage::Passed(at, By::Policies) => before(at),
        Stage::Passed(at, By::Baseline(then)) => baseline(before(at), then, Passing::GoesOn),
        Stage::Passed(at, By::Nobody) => baseline(before(at), usize::MAX, Passing::Accepted),
        Stage::Policies => after(),
        Stage::Tier(Tier::Baseline, at) => baseline(after(), at, Passing::GoesOn),
        Stage::AfterAll => baseline(after(), usize::MAX, Passing::GoesOn),
    }
}

impl Finder<'_> {
    /// Whom the entries of a rule speak of, where it does not refuse them; not of the namespace of `pod`
    /// as a whole.
    pub(super) fn spoken_of(&mut self, ruled: &Ruled<'_>, pod: &Pod) -> Vec<(Opening, OpeningRule)> {
        let own = Opening::Namespace(Arc::clone(&pod.key.namespace));
        let peers = ruled.peers.filter(|_| !ruled.refuses()).unwrap_or_default();
        let mut spoken_of = Vec::new();
        for (at, peer) in peers.iter().enumerate() {
            let name = TierRule { peer: Some(at), ..ruled.name.clone() };
            let openings = match self.of_tiers.get(&name) {
                Some(known) => Arc::clone(known),
                None => {
                    let openings: Arc<[_]> = self.opened(&peer.kind).into();
                    self.of_tiers.insert(name.clone(), Arc::clone(&openings));
                    openings
                }
            };
            let rule = OpeningRule { name: RuleName::Tier(name), origin: peer.origin.clone() };
            let others = openings.iter().filter(|opening| **opening != own);
            spoken_of.extend(others.map(|opening| (opening.clone(), rule.clone())));
        }
        spoken_of
    }

    fn opened(&self, peer: &ClusterPeerKind) -> Vec<Opening> {
        match peer {
            ClusterPeerKind::Pods(named) => self.namespaces.selected(None, &named.namespaces, &named.pods),
            ClusterPeerKind::Networks(networks) => {
                let is_internet = |network: &Cidr| {
                    let addresses = AddressSet::from(*network);
                    !addresses.intersection(&self.internet).is_empty()
                };
                let internet = networks.iter().any(is_internet);
                let cluster = networks.iter().any(|network| network.is_whole_family()); // S42
                let internet = internet.then(|| Opening::Internet(AddressSet::empty()));
                internet.into_iter().chain(cluster.then_some(Opening::Cluster)).collect()
            }
            ClusterPeerKind::Nodes(_) | ClusterPeerKind::DomainNames(_) | ClusterPeerKind::Unknown => {
                Vec::new()
            }
        }
    }
}

/// How many of those pods that an opening speaks of a peer names.
fn share(
    namespaces: &Namespaces<'_>,
    opening: &Opening,
    peer: &ClusterPeerKind,
    action: RuleAction,
) -> Share {
    match peer {
        ClusterPeerKind::Pods(named) => namespaces.share(opening, named),
        // S42: pods have addresses, which nobody knows of those to come.
        ClusterPeerKind::Networks(networks) => {
            let whole = networks.iter().filter(|network| network.is_whole_family()).count();
            match (whole, action) {
                (2.., _) | (1, RuleAction::Accept) => Share::All,
                _ if networks.iter().all(|network| is_of_a_link(*network)) => Share::None,
                _ => Share::Some,
            }
        }
        // No pod bears the address of a node (S22), and no name is known to be anybody's (S42).
        ClusterPeerKind::Nodes(_) | ClusterPeerKind::DomainNames(_) | ClusterPeerKind::Unknown => Share::None,
    }
}

/// Whether a block lies among the addresses of a link or of a machine itself, which no pod bears on the
/// network of pods: such as `169.254.169.254`, where clouds answer for a node.
fn is_of_a_link(block: Cidr) -> bool {
    [block.first(), block.last()].iter().all(|address| match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_loopback(),
        IpAddr::V6(address) => address.is_unicast_link_local() || address.is_loopback(),
    })
}
