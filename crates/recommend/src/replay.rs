//! What was seen, once more: would it pass?

use crate::{
    evidence::Evidence,
    history::{Call, Party},
    roster::Roster,
};
use sekisho_core::{
    eval,
    explain::Excerpts,
    index::{Index, PodId, RoaringBitmap},
    object::{Change, Cluster, Direction, ObjectKey, Workload},
    packet::{End, Packet},
    reach::Reach,
    set::Cidr,
    verdict::{Because, SideVerdict},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A state of the cluster that is asked what passes. Workloads that have no pod now have the one that they would make.
#[derive(Debug)]
pub struct World {
    cluster: Cluster,
    index: Index,
    reach: Reach,
}

/// Why something does not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The directions in which it is refused.
    pub directions: BTreeSet<Direction>,
    /// The policies that isolate the pods that refuse it.
    pub policies: BTreeSet<ObjectKey>,
    /// In words: why, at each side that refuses.
    pub why: String,
    /// A packet that is refused.
    pub packet: Packet,
}

/// Something that was seen, and would not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What.
    pub call: Call,
    /// How often it was seen, and when.
    pub evidence: Evidence,
    /// Why it would not pass.
    pub refusal: Refusal,
    /// Whether the policies that are there refuse it as well: then it is not the change that does.
    pub already: bool,
}

impl World {
    /// The state that `cluster` is.
    #[must_use]
    pub fn of(cluster: &Cluster) -> Self {
        let cluster = awake(cluster);
        let index = Index::of(cluster.changes());
        let reach = Reach::of(&index);
        Self { cluster, index, reach }
    }

    /// The objects.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    pub(crate) fn state(&self) -> sekisho_core::diff::State<'_> {
        sekisho_core::diff::State { cluster: &self.cluster, index: &self.index, reach: &self.reach }
    }

    /// Why `call` does not pass between some of those whom it is about; `None` where it passes between all.
    ///
    /// Of pods that policies treat alike, one is asked about; a node passes to the pods that it runs (S20).
    #[must_use]
    pub fn refusal(&self, call: &Call, roster: &Roster) -> Option<Refusal> {
        let by_node = matches!(call.from, Party::Node(_));
        let from = self.ends(&call.from, roster, false);
        let to = self.ends(&call.to, roster, by_node);
        let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to)));
        let mut packets = pairs.filter(|(from, to)| is_of_one_family(from, to)).map(|(from, to)| Packet {
            from: from.clone(),
            to: to.clone(),
            traffic: call.traffic(),
        });
        let refused = packets.find(|packet| !self.index.decide(packet).is_allow())?;
        Some(self.why(refused))
    }

    fn why(&self, packet: Packet) -> Refusal {
        let verdict = {
            let excerpt = Excerpts::of(&self.cluster, &self.index).around(&packet);
            eval::decide(&excerpt, &packet)
        };
        let mut refusal =
            Refusal { directions: BTreeSet::new(), policies: BTreeSet::new(), why: String::new(), packet };
        let mut words = Vec::new();
        for direction in [Direction::Egress, Direction::Ingress] {
            let SideVerdict { decision, because } = verdict.side(direction);
            if decision.is_allow() {
                continue;
            }
            refusal.directions.insert(direction);
            if let Because::NoRule(policies) = because {
                refusal.policies.extend(policies.iter().cloned());
            }
            words.push(format!("{direction}: {because}"));
        }
        refusal.why = words.join("; ");
        refusal
    }

    /// The ends that a party has: one of each class of those that policies treat alike, or each pod by itself.
    fn ends(&self, party: &Party, roster: &Roster, each: bool) -> Vec<End> {
        match party {
            Party::Address(address) => vec![End::Address(*address)],
            Party::Node(name) => {
                let node = self.cluster.nodes.get(name);
                node.into_iter().flat_map(|node| &node.addresses).copied().map(End::Address).collect()
            }
            Party::Pods(group, workload) => {
                let pods = roster.group(*group).into_iter().flat_map(|group| &group.pods);
                let of = pods.filter(|pod| pod.workload == *workload);
                let mut ids: Vec<_> = of.filter_map(|pod| self.index.pod_id(&pod.uid)).collect();
                if ids.is_empty() {
                    // Another state has other pods of the workload.
                    ids = self.pods_of(workload).collect();
                }
                let mut ends = BTreeMap::new();
                for id in ids {
                    let only: RoaringBitmap = [id].into_iter().collect();
                    for class in self.reach.classes_of_pod(id) {
                        let end = || self.reach.end(class, Some(&only), &self.index);
                        let key = (class, if each { id } else { 0 });
                        if let std::collections::btree_map::Entry::Vacant(entry) = ends.entry(key) {
                            entry.insert(end());
                        }
                    }
                }
                ends.into_values().flatten().collect()
            }
        }
    }

    fn pods_of<'w>(&'w self, workload: &'w Workload) -> impl Iterator<Item = PodId> + 'w {
        self.index.pods().filter(move |(_, pod)| pod.workload == *workload).map(|(id, _)| id)
    }

    /// Whether the workload has pods that policies see.
    #[must_use]
    pub fn has(&self, workload: &Workload) -> bool {
        self.pods_of(workload).next().is_some()
    }
}

/// The cluster in which workloads without pods have the one that stands for them.
fn awake(cluster: &Cluster) -> Cluster {
    let mut cluster = cluster.clone();
    for pod in std::mem::take(&mut cluster.idle).into_values() {
        cluster.apply(Change::PutPod(pod));
    }
    cluster
}

/// Packets go between addresses of one family, and to pods whose addresses nobody knows.
fn is_of_one_family(from: &End, to: &End) -> bool {
    match (from.address(), to.address()) {
        (Some(from), Some(to)) => Cidr::host(from).is_ipv4() == Cidr::host(to).is_ipv4(),
        _ => true,
    }
}

/// Which of `calls` would not pass in `new`, the most frequent first; beside each whether `old` refuses it too.
pub fn refused<'c>(
    calls: impl IntoIterator<Item = (&'c Call, &'c Evidence)>,
    (old, new): (&World, &World),
    roster: &Roster,
) -> Vec<Refused> {
    let mut found: Vec<Refused> = calls
        .into_iter()
        .filter_map(|(call, evidence)| {
            let refusal = new.refusal(call, roster)?;
            let already = old.refusal(call, roster).is_some();
            Some(Refused { call: call.clone(), evidence: evidence.clone(), refusal, already })
        })
        .collect();
    found.sort_by(|one, other| {
        let order = |refused: &Refused| (std::cmp::Reverse(refused.evidence.count()), refused.call.clone());
        order(one).cmp(&order(other))
    });
    found
}

/// `cluster` with these policies put in.
#[must_use]
pub fn with<'p>(
    cluster: &Cluster,
    policies: impl IntoIterator<Item = &'p sekisho_core::object::NetworkPolicy>,
) -> Cluster {
    let mut with = cluster.clone();
    policies.into_iter().cloned().map(Change::PutPolicy).for_each(|change| with.apply(change));
    with
}

/// `cluster` without the policies that are only tried.
#[must_use]
pub fn enforced(cluster: &Cluster) -> Cluster {
    let mut enforced = cluster.clone();
    enforced.policies.retain(|_, policy| !policy.is_audited());
    enforced
}

/// A name for nobody: what pods of a workload are told apart by where the seen is compared with the recommended.
pub(crate) const MARK: &str = "sekisho.dev/seen-as";

/// `cluster`, where each pod has a label of its own for `mark`.
pub(crate) fn marked(
    cluster: &Cluster,
    mark: impl Fn(&sekisho_core::object::Pod) -> Option<String>,
) -> Cluster {
    let mut cluster = awake(cluster);
    for pod in cluster.pods.values_mut() {
        if let Some(value) = mark(pod) {
            Arc::make_mut(pod).labels.set(MARK, value);
        }
    }
    cluster
}
