//! Rules that let in more than came: the pods of a whole namespace, a block of addresses.

use crate::{
    Proof, Recommendation,
    asked::Asked,
    draft::{PeerAdvice, RuleAdvice},
    evidence::Evidence,
    existing::{is_same, rules_mut, types},
    history::{Call, History, Party},
    plan::{Left, PolicyAdvice},
    replay::World,
    roster::{Group, Roster},
    whom::{Basis, Peers, Whom},
};
use sekisho_core::{
    eval,
    object::{Cluster, Direction, NetworkPolicy, ObjectKey, Origin, Peer, PeerKind, Pod, Rule},
    packet::End,
    standard::{Standard, Whom as Named},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// An entry that is, or could be, narrower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowing {
    /// The policy.
    pub policy: ObjectKey,
    /// Its direction.
    pub direction: Direction,
    /// Where it stands: `spec.ingress[0].from[2]`.
    pub path: String,
    /// Where it was written.
    pub origin: Origin,
    /// Those who came by it, each with what was seen of it.
    pub came: Vec<(String, Evidence)>,
    /// How many entries take its place; `None` where it stays, because no labels select alone who came.
    pub entries: Option<usize>,
}

/// The policies in which what let in a whole namespace, or more addresses than came, names who came.
///
/// What the standard gives a name, such as the ranges of load balancers, stays: who comes from there is not the
/// cluster's to say. What nobody came by goes.
#[must_use]
pub fn narrow(
    cluster: &Cluster,
    standard: &Standard,
    (roster, history): (&Roster, &History),
    asked: &Asked,
) -> (Recommendation, Vec<Narrowing>) {
    let world = World::of(cluster);
    let peers = Peers::new(cluster, standard, roster, asked.widen);
    let subjects = crate::subjects(roster, standard, asked);
    let search = Search { world: &world, peers: &peers, roster, history, asked };
    let (mut policies, mut found, mut left) = (Vec::new(), Vec::new(), BTreeSet::new());
    let (mut touched, mut directions) = (BTreeSet::new(), BTreeSet::new());
    for policy in cluster.policies.values() {
        let of: BTreeSet<usize> =
            subjects.iter().copied().filter(|id| search.is_about(policy, *id)).collect();
        if of.is_empty() {
            continue;
        }
        let (advice, narrowings) = search.policy(policy, &mut left);
        found.extend(narrowings);
        if !is_same(policy, &advice.policy) {
            touched.extend(of);
            directions.extend(narrowings_of(&found, &policy.key));
            policies.push(advice);
        }
    }
    let proof = match policies.is_empty() {
        true => Proof::default(),
        false => {
            let asked = Asked { directions, ..asked.clone() };
            crate::prove((cluster, standard), &policies, (roster, history), (&touched, &asked))
        }
    };
    let untold = crate::untold(history, (&touched, &asked.directions));
    (Recommendation { policies, unchanged: BTreeSet::new(), left, untold, proof }, found)
}

/// The directions in which entries of a policy are narrowed.
fn narrowings_of(found: &[Narrowing], policy: &ObjectKey) -> BTreeSet<Direction> {
    found.iter().filter(|one| one.policy == *policy).map(|one| one.direction).collect()
}

struct Search<'a> {
    world: &'a World,
    peers: &'a Peers<'a>,
    roster: &'a Roster,
    history: &'a History,
    asked: &'a Asked,
}

impl Search<'_> {
    fn is_about(&self, policy: &NetworkPolicy, id: usize) -> bool {
        let group = self.roster.group(id);
        group.is_some_and(|group| group.pods.iter().any(|pod| eval::selects(policy, pod)))
    }

    fn policy(&self, policy: &NetworkPolicy, left: &mut BTreeSet<Left>) -> (PolicyAdvice, Vec<Narrowing>) {
        let mut narrower = policy.clone();
        let (mut rules, mut found) = (BTreeMap::new(), Vec::new());
        for direction in types(policy).intersection(&self.asked.directions) {
            let of = policy.rules(*direction).iter().enumerate();
            let advice: Vec<RuleAdvice> = of
                .filter_map(|(at, rule)| self.rule(policy, (*direction, at), rule, (&mut found, left)))
                .collect();
            *rules_mut(&mut narrower, *direction) = advice.iter().map(|one| one.rule.clone()).collect();
            rules.insert(*direction, advice);
        }
        let advice = PolicyAdvice {
            policy: narrower,
            about: self.about(policy),
            rules,
            replaces: Some(policy.clone()),
        };
        (advice, found)
    }

    fn about(&self, policy: &NetworkPolicy) -> Option<ObjectKey> {
        let is_it = |group: &&Group| crate::existing::is_about(policy, group, self.roster);
        self.roster.groups().iter().find(is_it).map(Group::key)
    }

    /// The rule with narrower peers. A rule that has none left goes: without a peer it would let in everybody (S5).
    fn rule(
        &self,
        policy: &NetworkPolicy,
        (direction, at): (Direction, usize),
        rule: &Rule,
        (found, left): (&mut Vec<Narrowing>, &mut BTreeSet<Left>),
    ) -> Option<RuleAdvice> {
        let (mut kinds, mut advice) = (Vec::new(), Vec::new());
        let mut keep = |kind: &PeerKind, one: PeerAdvice| {
            if !kinds.contains(kind) {
                kinds.push(kind.clone());
                advice.push(one);
            }
        };
        for (index, peer) in rule.peers.iter().enumerate() {
            let kept = || PeerAdvice { who: String::new(), basis: Basis::Kept, unseen: BTreeSet::new() };
            if !self.is_wide(&peer.kind) {
                keep(&peer.kind, kept());
                continue;
            }
            let came = self.came(policy, direction, (peer, rule));
            let (written, unselectable) = self.written(policy, &came);
            let is_narrower = unselectable.is_empty() && written.iter().all(|(kind, _)| *kind != peer.kind);
            for whom in &unselectable {
                left.insert(Left::Peer { subject: policy.key.clone(), direction, peer: whom.clone() });
            }
            if is_narrower || !unselectable.is_empty() {
                let path = format!("spec.{direction}[{at}].{}[{index}]", direction.peer_field());
                found.push(Narrowing {
                    policy: policy.key.clone(),
                    direction,
                    path,
                    origin: peer.origin.clone(),
                    came: came
                        .iter()
                        .map(|(party, evidence)| (party.to_string(), evidence.clone()))
                        .collect(),
                    entries: is_narrower.then_some(written.len()),
                });
            }
            if is_narrower {
                written.into_iter().for_each(|(kind, one)| keep(&kind, one));
            } else {
                keep(&peer.kind, kept());
            }
        }
        if kinds.is_empty() && !rule.peers.is_empty() {
            return None;
        }
        let peers = kinds.into_iter().map(|kind| Peer { kind, origin: Origin::default() }).collect();
        Some(RuleAdvice { rule: Rule { peers, ..rule.clone() }, peers: advice })
    }

    /// Whether the entry names all pods of namespaces, or addresses of which there are several and which have no name.
    fn is_wide(&self, kind: &PeerKind) -> bool {
        match kind {
            PeerKind::Namespaces(_) => true,
            PeerKind::Pods(pods) | PeerKind::PodsInNamespaces { pods, .. } => pods.is_everything(),
            PeerKind::Block(block) => {
                let is_range = |whom: &Named| matches!(whom, Named::Ranges(_));
                let is_named = self.peers.standard.named(kind).any(|(_, peer)| is_range(&peer.whom));
                block.cidr().first() != block.cidr().last() && !is_named
            }
        }
    }

    /// Who came by the entry.
    fn came(
        &self,
        policy: &NetworkPolicy,
        direction: Direction,
        (peer, rule): (&Peer, &Rule),
    ) -> BTreeMap<Party, Evidence> {
        let mut came: BTreeMap<Party, Evidence> = BTreeMap::new();
        for (call, evidence) in &self.history.passed {
            let Party::Pods(group, _) = call.subject(direction) else { continue };
            if self.is_about(policy, *group) && self.matches(policy, direction, (peer, rule), call) {
                let party = call.peer(direction);
                came.entry(party.clone())
                    .and_modify(|known| known.join(evidence))
                    .or_insert_with(|| evidence.clone());
            }
        }
        came
    }

    fn matches(
        &self,
        policy: &NetworkPolicy,
        direction: Direction,
        (peer, rule): (&Peer, &Rule),
        call: &Call,
    ) -> bool {
        let pods = |party: &Party| -> Vec<&Pod> {
            let Party::Pods(group, workload) = party else { return Vec::new() };
            let of = self.roster.group(*group).into_iter().flat_map(|group| &group.pods);
            of.filter(|pod| pod.workload == *workload).map(AsRef::as_ref).collect()
        };
        let destinations: Vec<&Pod> = pods(&call.to);
        let on_port = rule.ports.is_empty()
            || rule.ports.iter().any(|port| eval::port_matches(port, call.traffic(), &destinations));
        let ends = |party: &Party| -> Vec<End> {
            match party {
                Party::Address(address) => vec![End::Address(*address)],
                Party::Node(name) => {
                    let node = self.world.cluster().nodes.get(name);
                    node.into_iter().flat_map(|node| &node.addresses).copied().map(End::Address).collect()
                }
                Party::Pods(..) => pods(party).into_iter().map(end).collect(),
            }
        };
        let cluster = self.world.cluster();
        let is_peer = |end: &End| eval::peer_matches(cluster, policy, peer, &eval::Party::at(cluster, end));
        on_port && ends(call.peer(direction)).iter().any(is_peer)
    }

    /// Those who came as entries, and those whom no labels select alone.
    fn written(
        &self,
        policy: &NetworkPolicy,
        came: &BTreeMap<Party, Evidence>,
    ) -> (Vec<(PeerKind, PeerAdvice)>, Vec<ObjectKey>) {
        let (mut written, mut unselectable) = (Vec::new(), Vec::new());
        let mut by_whom: BTreeMap<Whom, Evidence> = BTreeMap::new();
        let mut addresses: BTreeMap<IpAddr, Evidence> = BTreeMap::new();
        for (party, evidence) in came {
            let whom = match party {
                Party::Pods(group, _) => Whom::Pods(*group),
                Party::Node(name) => Whom::Node(name.clone()),
                Party::Address(address) => {
                    addresses.insert(*address, evidence.clone());
                    continue;
                }
            };
            by_whom.entry(whom).and_modify(|known| known.join(evidence)).or_insert_with(|| evidence.clone());
        }
        let advice = |who: String, evidence: Evidence| PeerAdvice {
            who,
            basis: Basis::Seen(evidence),
            unseen: BTreeSet::new(),
        };
        for (whom, evidence) in by_whom {
            match (self.peers.written(&whom, &policy.key.namespace), &whom) {
                (Some(one), _) => written.extend(
                    one.kinds.into_iter().map(|kind| (kind, advice(one.who.clone(), evidence.clone()))),
                ),
                (None, Whom::Pods(group)) => unselectable.extend(self.roster.group(*group).map(Group::key)),
                (None, _) => {}
            }
        }
        for (block, evidence) in self.peers.blocks(&addresses) {
            let who: Vec<&str> = evidence.names.iter().map(AsRef::as_ref).collect();
            written.push((PeerKind::Block(block), advice(who.join(", "), evidence)));
        }
        (written, unselectable)
    }
}

/// The end of a packet that a pod is: at its address, where it has one.
fn end(pod: &Pod) -> End {
    match pod.addresses.first() {
        Some(address) => End::Address(*address),
        None => End::Pod(pod.uid.clone()),
    }
}
