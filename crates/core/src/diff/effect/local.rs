//! The pods whose answers may differ, in one state: classes of those that every policy treats alike.

use super::{readers::PortName, roster::Roster};
use crate::{
    diff::pairing::{Body, Roll},
    index::{Index, PodId, PodSelectorKey},
    object::{Labels, Pod, Workload},
    reach::{ClassId, Faces, Family, Standing, external::Stretches, number},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// The selectors of a pod.
pub(super) type Selectors = Arc<BTreeSet<Arc<PodSelectorKey>>>;

/// Ends of pods that every policy treats alike, and one of these pods.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) pod: PodId,
    pub(super) address: Option<IpAddr>,
    pub(super) standing: Standing,
    pub(super) selectors: Selectors,
}

/// What tells ends apart: the selectors of the pod and its named ports that policies use; the stretch of
/// addresses that it is in; and where it stands.
type Key = (u32, BTreeMap<PortName, BTreeSet<u16>>, Option<usize>, Standing);

/// The classes of some workloads.
#[derive(Debug, Default)]
pub(super) struct Locals {
    pub(super) list: Vec<Local>,
    pub(super) roll: Roll,
    known: BTreeMap<Key, ClassId>,
}

impl Locals {
    pub(super) fn of(
        index: &Index,
        roster: &Roster,
        stretches: &Stretches,
        names: &BTreeSet<PortName>,
        workloads: &BTreeSet<Arc<Workload>>,
    ) -> Self {
        let mut locals = Self::default();
        let mut memory = Memory::default();
        for workload in workloads.iter().filter_map(|workload| roster.workload(workload)) {
            for id in roster.pods(workload) {
                let Some(pod) = index.pod(id) else { continue };
                let (number, selectors) = memory.selectors(index, id, pod);
                let mut ports = BTreeMap::new();
                if !names.is_empty() {
                    ports = pod.port_names();
                    ports.retain(|name, _| names.contains(name));
                }
                let mut class = |address: Option<IpAddr>| {
                    let standing = standing(pod, address);
                    let block = address.map(|address| stretches.at(address));
                    let local = Local { pod: id, address, standing, selectors: Arc::clone(&selectors) };
                    locals.class((number, ports.clone(), block, standing), local)
                };
                let of = |family| pod.addresses.iter().find(move |address| Family::of(**address) == family);
                let [v4, v6] = Family::ALL.map(|family| of(family).map(|address| class(Some(*address))));
                let unknown = pod.addresses.is_empty().then(|| class(None));
                // INVARIANT: no pod has several addresses of a family, so it has one face.
                let body = Body { id, faces: vec![(Faces::new(v4, v6, unknown), Vec::new())] };
                let pods = locals.roll.entry(Arc::clone(workload)).or_default();
                pods.entry(Arc::clone(&pod.key.name)).or_default().push(body);
            }
        }
        locals
    }

    fn class(&mut self, key: Key, local: Local) -> ClassId {
        let next = number(self.list.len());
        *self.known.entry(key).or_insert_with(|| {
            self.list.push(local);
            next
        })
    }
}

/// Where an address of a pod stands.
pub(super) fn standing(pod: &Pod, address: Option<IpAddr>) -> Standing {
    let Some(address) = address else { return Standing::Unknown };
    let family = Family::of(address);
    Standing::Pod(family, pod.addresses.iter().any(|other| Family::of(*other) != family))
}

/// The selectors of pods, looked up once for each namespace and labels.
#[derive(Debug, Default)]
pub(super) struct Memory {
    of_labels: BTreeMap<(Arc<str>, Labels), (u32, Selectors)>,
    numbers: BTreeMap<Selectors, u32>,
}

impl Memory {
    /// The selectors of a pod, and their number: equal ones have equal numbers.
    pub(super) fn selectors(&mut self, index: &Index, id: PodId, pod: &Pod) -> (u32, Selectors) {
        let key = (Arc::clone(&pod.key.namespace), pod.labels.clone());
        let numbers = &mut self.numbers;
        let (number, selectors) = self.of_labels.entry(key).or_insert_with(|| {
            let selectors = Arc::new(index.selectors_of(id));
            let next = number(numbers.len());
            (*numbers.entry(Arc::clone(&selectors)).or_insert(next), selectors)
        });
        (*number, Arc::clone(selectors))
    }
}
