//! Pods of one workload, told apart only where their answers differ.

use super::{
    Matrix,
    connection::{Family, WorkloadPods},
    endpoint::Classes,
    external::ExternalClass,
    ports::{NOTHING, PortsId},
};
use crate::{
    index::{Index, PodId},
    object::{Pod, Workload},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// The classes that a pod's addresses are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Faces {
    v4: Option<u32>,
    v6: Option<u32>,
    /// Where no manifest tells its address.
    unknown: Option<u32>,
}

impl Faces {
    /// The face that an address outside the cluster of this family sees. What policies permit does not
    /// depend on which families the pod happens to have, so another face stands in for a missing one.
    fn towards(self, is_v4: bool) -> Option<u32> {
        let (own, other) = if is_v4 { (self.v4, self.v6) } else { (self.v6, self.v4) };
        own.or(self.unknown).or(other)
    }

    /// The pairs of faces between which packets can go.
    fn pairs(self, to: Self) -> impl Iterator<Item = (Option<Family>, u32, u32)> {
        let pair = |family, from: Option<u32>, to: Option<u32>| Some((family, from?, to?));
        let (v4, v6) = (Some(Family::V4), Some(Family::V6));
        [
            pair(v4, self.v4, to.v4),
            pair(v4, self.unknown, to.v4),
            pair(v4, self.v4, to.unknown),
            pair(v6, self.v6, to.v6),
            pair(v6, self.unknown, to.v6),
            pair(v6, self.v6, to.unknown),
            pair(None, self.unknown, to.unknown),
        ]
        .into_iter()
        .flatten()
    }
}

/// Pods of one workload that policies treat alike.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) workload: Arc<Workload>,
    pub(super) faces: Faces,
    /// The pods, and those of their addresses that are meant.
    pub(super) pods: BTreeMap<Arc<str>, BTreeSet<IpAddr>>,
    /// Whether the group is a part of its workload.
    pub(super) is_part: bool,
}

impl Group {
    /// What the group may reach of `to`: one answer, or one for each family where they differ.
    pub(super) fn reaches(&self, to: &Self, matrix: &mut Matrix) -> Vec<(Option<Family>, PortsId)> {
        let mut answers: Vec<(Option<Family>, PortsId)> = Vec::with_capacity(2);
        for (family, from, to) in self.faces.pairs(to.faces) {
            if let Some(ports) = matrix.between(from, to) {
                answers.push((family, ports));
            }
        }
        match answers.as_slice() {
            [(_, first), rest @ ..] if rest.iter().all(|(_, ports)| ports == first) => {
                let first = *first;
                answers.clear();
                answers.push((None, first));
            }
            _ => {}
        }
        answers.retain(|(_, ports)| *ports != NOTHING);
        answers
    }

    /// What the group may reach of the external classes, and they of it.
    pub(super) fn outside(
        &self,
        externals: &[ExternalClass],
        matrix: &mut Matrix,
    ) -> (Vec<PortsId>, Vec<PortsId>) {
        let mut both = (Vec::with_capacity(externals.len()), Vec::with_capacity(externals.len()));
        for (at, external) in externals.iter().enumerate() {
            let outside = matrix.external(at);
            let face = self.faces.towards(external.is_v4);
            both.0.push(face.and_then(|face| matrix.between(face, outside)).unwrap_or(NOTHING));
            both.1.push(face.and_then(|face| matrix.between(outside, face)).unwrap_or(NOTHING));
        }
        both
    }

    /// The group as an end of a connection.
    pub(super) fn endpoint(&self, names_repeat: bool) -> WorkloadPods {
        let pods = if self.is_part { self.pods.keys().cloned().collect() } else { Vec::new() };
        let addresses = if self.is_part && names_repeat {
            self.pods.values().flatten().copied().collect()
        } else {
            Vec::new()
        };
        WorkloadPods { workload: Arc::clone(&self.workload), pods, addresses }
    }
}

/// The pods by workload, then by the classes that their addresses are in.
pub(super) fn groups(index: &Index, classes: &Classes) -> Vec<Group> {
    type Pods = BTreeMap<Arc<str>, BTreeSet<IpAddr>>;
    let mut workloads: BTreeMap<&Workload, BTreeMap<Faces, Pods>> = BTreeMap::new();
    for (id, pod) in index.pods() {
        let parts = workloads.entry(&pod.workload).or_default();
        for (faces, addresses) in faces(id, pod, classes) {
            let pods = parts.entry(faces).or_default();
            pods.entry(Arc::clone(&pod.key.name)).or_default().extend(addresses);
        }
    }
    let groups = workloads.into_iter().flat_map(|(workload, parts)| {
        let (workload, is_part) = (Arc::new(workload.clone()), parts.len() > 1);
        let groups = parts.into_iter();
        groups.map(move |(faces, pods)| Group { workload: Arc::clone(&workload), faces, pods, is_part })
    });
    groups.collect()
}

/// A pod's faces: one for each pair of an IPv4 and an IPv6 address, which is one for all but the
/// strangest pods.
fn faces(id: PodId, pod: &Pod, classes: &Classes) -> Vec<(Faces, Vec<IpAddr>)> {
    if let Some(unknown) = classes.unknown(id) {
        return vec![(Faces { unknown: Some(unknown), ..Faces::default() }, Vec::new())];
    }
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = pod.addresses.iter().partition(|address| address.is_ipv4());
    let pairs = v4.len().max(v6.len());
    let pick = |list: &[IpAddr], at: usize| list.get(at % list.len().max(1)).copied();
    let face = |at| {
        let (v4, v6) = (pick(&v4, at), pick(&v6, at));
        let class = |address: Option<IpAddr>| address.and_then(|address| classes.at(address));
        let faces = Faces { v4: class(v4), v6: class(v6), unknown: None };
        (faces, v4.into_iter().chain(v6).collect())
    };
    (0..pairs).map(face).collect()
}

/// Merges the groups of a workload whose answers are the same, so that only what differs is told apart.
pub(super) fn merge_alike(
    groups: Vec<Group>,
    matrix: &mut Matrix,
    externals: &[ExternalClass],
) -> Vec<Group> {
    let answers: Vec<Option<Answers>> = groups
        .iter()
        .map(|group| group.is_part.then(|| Answers::of(group, &groups, matrix, externals)))
        .collect();
    let mut merged: Vec<(Group, Option<Answers>)> = Vec::with_capacity(groups.len());
    let mut first = 0; // of the current workload in `merged`
    for (group, answers) in groups.into_iter().zip(answers) {
        if merged.get(first).is_some_and(|(there, _)| there.workload != group.workload) {
            first = merged.len();
        }
        let same = merged.iter_mut().skip(first).find(|(_, theirs)| answers.is_some() && *theirs == answers);
        match same {
            Some((there, _)) => {
                for (pod, addresses) in group.pods {
                    there.pods.entry(pod).or_default().extend(addresses);
                }
            }
            None => merged.push((group, answers)),
        }
    }
    let mut groups: Vec<Group> = merged.into_iter().map(|(group, _)| group).collect();
    let mut parts: BTreeMap<Arc<Workload>, usize> = BTreeMap::new();
    for group in &groups {
        *parts.entry(Arc::clone(&group.workload)).or_default() += 1;
    }
    for group in &mut groups {
        group.is_part = parts.get(&group.workload).is_some_and(|parts| *parts > 1);
    }
    groups.sort_by(|a, b| (&a.workload, &a.pods).cmp(&(&b.workload, &b.pods)));
    groups
}

type Rows = Vec<(usize, Vec<(Option<Family>, PortsId)>)>;

/// Everything that a group is answered.
#[derive(Debug, PartialEq, Eq)]
struct Answers {
    to: Rows,
    from: Rows,
    outside: (Vec<PortsId>, Vec<PortsId>),
}

impl Answers {
    fn of(group: &Group, groups: &[Group], matrix: &mut Matrix, externals: &[ExternalClass]) -> Self {
        let (mut to, mut from) = (Vec::new(), Vec::new());
        // INVARIANT: a workload's connections with itself are not listed, so they tell nothing apart.
        for (at, other) in groups.iter().enumerate().filter(|(_, other)| other.workload != group.workload) {
            to.push((at, group.reaches(other, matrix)));
            from.push((at, other.reaches(group, matrix)));
        }
        to.retain(|(_, answers)| !answers.is_empty());
        from.retain(|(_, answers)| !answers.is_empty());
        Self { to, from, outside: group.outside(externals, matrix) }
    }
}
