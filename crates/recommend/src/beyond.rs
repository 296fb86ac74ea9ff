//! What passes beyond what was seen.

use crate::{
    existing::{blank, rules_mut, types, without},
    history::{Call, Party},
    labels::exactly,
    replay::{MARK, World, marked},
    roster::{GroupId, Roster},
};
use sekisho_core::{
    diff::{Risk, diff},
    eval,
    object::{
        Change, Cluster, Direction, IpBlock, LabelSelector, NAME_LABEL, ObjectKey, Origin, Peer, PeerKind,
        PolicyPort, PortMatch, Rule, Workload,
    },
    reach::{Party as Ends, Term},
    set::{Cidr, PortRange, PortSet},
    standard::{NamedPeer, Standard},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Connections that pass and were not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// How much a person should look at it.
    pub risk: Risk,
    /// Who may open them.
    pub from: String,
    /// To whom.
    pub to: String,
    /// On which ports that were not seen.
    pub ports: PortSet,
}

/// What `recommended` lets pass beyond `calls`, in the `directions` that were looked at of the `subjects`. The seen
/// is a state of its own: the same cluster with a policy for each workload that lets exactly these calls pass.
pub(crate) fn beyond<'c>(
    recommended: &Cluster,
    calls: impl Iterator<Item = &'c Call>,
    roster: &Roster,
    (subjects, directions): (&BTreeSet<GroupId>, &BTreeSet<Direction>),
    standard: &Standard,
) -> Vec<Beyond> {
    let mut marks = Marks::default();
    for (id, group) in roster.groups().iter().enumerate() {
        group.workloads.iter().for_each(|workload| marks.give(id, workload));
    }
    let mark = |pod: &sekisho_core::object::Pod| {
        roster.of_pod(&pod.uid).and_then(|group| marks.of(group, &pod.workload))
    };
    let recommended = marked(recommended, mark);
    let mut seen = recommended.clone();
    open(&mut seen, roster, subjects, directions);
    let exact = Exact { marks: &marks, roster, cluster: &recommended };
    for policy in exact.policies(calls, subjects, directions) {
        seen.apply(Change::PutPolicy(policy));
    }
    let (seen, recommended) = (World::of(&seen), World::of(&recommended));
    let changes = diff(seen.state(), recommended.state()).changes;
    let opened = changes.into_iter().filter_map(|change| {
        let ports = change.opened();
        let (from, to) = (name(&change.from, standard), name(&change.to, standard));
        (!ports.is_empty()).then_some(Beyond { risk: change.risk, from, to, ports })
    });
    opened.collect()
}

/// How many blocks of addresses are written out.
const SHOWN: usize = 4;

/// A party in few words: addresses by the name of the peer whose they are, for what is left of a range without the
/// addresses that were seen is many blocks.
fn name(party: &Ends, standard: &Standard) -> String {
    let term = |term: &Term| {
        let Term::Addresses(addresses) = term else { return term.to_string() };
        let holds = |peer: &NamedPeer| addresses.difference(&peer.whom.addresses()).is_empty();
        if let Some((name, _)) = standard.peers.iter().find(|(_, peer)| holds(peer)) {
            return format!("{name} (addresses that were not seen)");
        }
        let words = term.to_string();
        if words.starts_with("internet except ") {
            return "internet (addresses that were not seen)".to_owned();
        }
        let blocks: Vec<String> = addresses.cidrs().iter().map(ToString::to_string).collect();
        match blocks.split_at_checked(SHOWN) {
            Some((shown, more)) if !more.is_empty() => {
                format!("{} and {} more blocks", shown.join(", "), more.len())
            }
            _ => words,
        }
    };
    party.terms.iter().map(term).collect::<Vec<_>>().join(", ")
}

/// Takes away what isolates the subjects: what is put in its place isolates exactly them. A policy that is about
/// others as well stays for these.
fn open(seen: &mut Cluster, roster: &Roster, subjects: &BTreeSet<GroupId>, directions: &BTreeSet<Direction>) {
    let is_subject = |pod: &sekisho_core::object::Pod| {
        roster.of_pod(&pod.uid).is_some_and(|group| subjects.contains(&group))
    };
    let others: BTreeMap<Arc<str>, Vec<String>> = {
        let mut others: BTreeMap<Arc<str>, Vec<String>> = BTreeMap::new();
        for pod in seen.pods.values().filter(|pod| pod.is_policed() && !is_subject(pod)) {
            let mark = pod.labels.get(MARK).map(str::to_owned);
            others.entry(Arc::clone(&pod.key.namespace)).or_default().extend(mark);
        }
        others
    };
    let mut pods: BTreeMap<Arc<str>, Vec<_>> = BTreeMap::new();
    for pod in seen.pods.values().filter(|pod| is_subject(pod)).cloned() {
        pods.entry(Arc::clone(&pod.key.namespace)).or_default().push(pod);
    }
    let policies: Vec<_> = seen.policies.values().cloned().collect();
    for policy in policies {
        let mut here = pods.get(&policy.key.namespace).into_iter().flatten();
        if types(&policy).is_disjoint(directions) || !here.any(|pod| eval::selects(&policy, pod)) {
            continue;
        }
        let left = without(&policy, directions);
        seen.apply(Change::RemovePolicy(policy.key.clone()));
        if !left.types.is_empty() {
            seen.apply(Change::PutPolicy(left));
        }
        if let Some(marks) = others.get(&policy.key.namespace) {
            let kept: BTreeSet<Direction> = types(&policy).intersection(directions).copied().collect();
            let values = marks.iter().map(|mark| Arc::from(mark.as_str())).collect();
            let among = sekisho_core::object::Requirement::In(MARK.into(), values);
            let mut of_others = policy.clone();
            of_others.key =
                ObjectKey::new(Arc::clone(&policy.key.namespace), format!("{}.others", policy.key.name));
            of_others.subjects = policy.subjects.and(&[among].into_iter().collect());
            of_others.types = kept;
            seen.apply(Change::PutPolicy(of_others));
        }
    }
}

/// A label's value for the pods of each workload of a group.
#[derive(Default)]
struct Marks(BTreeMap<(GroupId, Workload), String>);

impl Marks {
    fn give(&mut self, group: GroupId, workload: &Workload) {
        let value = self.0.len().to_string();
        self.0.entry((group, workload.clone())).or_insert(value);
    }

    fn of(&self, group: GroupId, workload: &Workload) -> Option<String> {
        self.0.get(&(group, workload.clone())).cloned()
    }

    fn selector(&self, group: GroupId, workload: &Workload) -> Option<LabelSelector> {
        let value: Arc<str> = self.of(group, workload)?.into();
        Some(exactly([(&Arc::from(MARK), &value)]))
    }
}

/// Policies that let exactly what was seen pass.
struct Exact<'a> {
    marks: &'a Marks,
    roster: &'a Roster,
    cluster: &'a Cluster,
}

impl Exact<'_> {
    fn policies<'c>(
        &self,
        calls: impl Iterator<Item = &'c Call>,
        subjects: &BTreeSet<GroupId>,
        directions: &BTreeSet<Direction>,
    ) -> Vec<sekisho_core::object::NetworkPolicy> {
        let mut policies = BTreeMap::new();
        for id in subjects {
            let Some(group) = self.roster.group(*id) else { continue };
            for (at, workload) in group.workloads.iter().enumerate() {
                let Some(selector) = self.marks.selector(*id, workload) else { continue };
                let name = format!("seen.{id}.{at}");
                let mut policy = blank(ObjectKey::new(Arc::clone(&group.namespace), name), selector);
                policy.types = directions.clone();
                policies.insert((*id, workload.clone()), policy);
            }
        }
        for call in calls {
            for direction in directions {
                let Party::Pods(group, workload) = call.subject(*direction) else { continue };
                let Some(policy) = policies.get_mut(&(*group, workload.clone())) else { continue };
                rules_mut(policy, *direction).extend(self.rule(call, *direction));
            }
        }
        policies.into_values().collect()
    }

    fn rule(&self, call: &Call, direction: Direction) -> Option<Rule> {
        let range = PortRange::single(call.port)?;
        let port =
            PolicyPort { protocol: call.protocol, port: PortMatch::Range(range), origin: Origin::default() };
        let block = |address| IpBlock::new(Cidr::host(address), []).ok().map(PeerKind::Block);
        let kinds: Vec<PeerKind> = match call.peer(direction) {
            Party::Pods(group, workload) => {
                let namespace = Arc::clone(&self.roster.group(*group)?.namespace);
                let pods = self.marks.selector(*group, workload)?;
                let namespaces = exactly([(&Arc::from(NAME_LABEL), &namespace)]);
                vec![PeerKind::PodsInNamespaces { namespaces, pods }]
            }
            Party::Node(name) => {
                self.cluster.nodes.get(name)?.addresses.iter().copied().filter_map(block).collect()
            }
            Party::Address(address) => block(*address).into_iter().collect(),
        };
        let peers: Vec<Peer> =
            kinds.into_iter().map(|kind| Peer { kind, origin: Origin::default() }).collect();
        (!peers.is_empty()).then(|| Rule { peers, ports: vec![port], origin: Origin::default() })
    }
}
