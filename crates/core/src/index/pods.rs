//! Pods by number, and bitmaps of them by namespace and address.

use super::labels::{LabelIds, LabelTable};
use crate::object::{Pod, PodUid};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry},
    net::IpAddr,
    sync::Arc,
};

/// A pod's number while it is in the index.
pub type PodId = u32;

#[derive(Debug)]
struct Slot {
    pod: Arc<Pod>,
    labels: Arc<LabelIds>,
}

/// The pods that policies see (S22, S24), their labels and where they are.
#[derive(Debug, Default)]
pub(super) struct PodTable {
    slots: Vec<Option<Slot>>,
    free: Vec<PodId>,
    ids: BTreeMap<PodUid, PodId>,
    pub(super) labels: LabelTable,
    by_namespace: HashMap<Arc<str>, RoaringBitmap>,
    by_address: HashMap<IpAddr, BTreeSet<PodId>>,
    all: RoaringBitmap,
}

impl PodTable {
    /// The number of the pod with this UID.
    pub(super) fn id(&self, uid: &PodUid) -> Option<PodId> {
        self.ids.get(uid).copied()
    }

    /// The pod with this number.
    pub(super) fn get(&self, id: PodId) -> Option<&Arc<Pod>> {
        self.slots.get(id as usize)?.as_ref().map(|entry| &entry.pod)
    }

    /// The labels of the pod with this number.
    pub(super) fn labels_of(&self, id: PodId) -> Option<&LabelIds> {
        self.slots.get(id as usize)?.as_ref().map(|entry| &*entry.labels)
    }

    /// Every pod and its number, by UID.
    pub(super) fn iter(&self) -> impl Iterator<Item = (PodId, &Arc<Pod>)> {
        self.ids.values().filter_map(|id| self.get(*id).map(|pod| (*id, pod)))
    }

    /// All numbers in use.
    pub(super) fn all(&self) -> &RoaringBitmap {
        &self.all
    }

    /// The pods of a namespace.
    pub(super) fn in_namespace(&self, name: &str) -> RoaringBitmap {
        self.by_namespace.get(name).cloned().unwrap_or_default()
    }

    /// The names of namespaces that have pods. In no order.
    pub(super) fn namespaces(&self) -> impl Iterator<Item = &Arc<str>> {
        self.by_namespace.keys()
    }

    /// The pods that bear an address, ascending (S26).
    pub(super) fn at(&self, address: IpAddr) -> impl Iterator<Item = PodId> + '_ {
        self.by_address.get(&address).into_iter().flatten().copied()
    }

    /// The addresses that pods bear. In no order.
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.by_address.keys().copied()
    }

    /// Takes in pods, sorted by UID, where there were none.
    pub(super) fn load(&mut self, pods: impl Iterator<Item = Arc<Pod>>) {
        // Pods that share their labels in memory have them looked up once.
        // INVARIANT: each pod is kept as soon as it is seated, so no other labels get the memory of its.
        let mut known: HashMap<usize, Arc<LabelIds>> = HashMap::new();
        let mut seat = |pod: Arc<Pod>| {
            let labels = match known.entry(pod.labels.memory()) {
                Entry::Occupied(known) => {
                    self.labels.acquire_again(known.get());
                    Arc::clone(known.get())
                }
                Entry::Vacant(new) => Arc::clone(new.insert(Arc::new(self.labels.acquire(&pod.labels)))),
            };
            self.seat(pod, labels)
        };
        // The tree is built from its sorted keys at once, which costs a fraction of searching for each.
        let ids: Vec<(PodUid, PodId)> = pods.map(|pod| (pod.uid.clone(), seat(pod))).collect();
        self.ids = ids.into_iter().collect();
    }

    /// Takes a pod in. It must not be there.
    pub(super) fn insert(&mut self, pod: Arc<Pod>) -> PodId {
        let uid = pod.uid.clone();
        let labels = Arc::new(self.labels.acquire(&pod.labels));
        let id = self.seat(pod, labels);
        self.ids.insert(uid, id);
        id
    }

    /// Gives a pod a number, and notes what it is found by but for its UID.
    fn seat(&mut self, pod: Arc<Pod>, labels: Arc<LabelIds>) -> PodId {
        let id = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            // INVARIANT: a cluster has far fewer than 2^32 pods in memory.
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        self.labels.insert(id, &labels);
        self.by_namespace.entry(Arc::clone(&pod.key.namespace)).or_default().insert(id);
        for address in &pod.addresses {
            self.by_address.entry(*address).or_default().insert(id);
        }
        self.all.insert(id);
        if let Some(slot) = self.slots.get_mut(id as usize) {
            *slot = Some(Slot { pod, labels });
        }
        id
    }

    /// Lets a pod go.
    pub(super) fn remove(&mut self, uid: &PodUid) -> Option<Arc<Pod>> {
        let id = self.ids.remove(uid)?;
        let Slot { pod, labels } = self.slots.get_mut(id as usize)?.take()?;
        self.labels.remove(id, &labels);
        self.labels.release(&labels);
        if let Some(pods) = self.by_namespace.get_mut(&pod.key.namespace) {
            pods.remove(id);
            if pods.is_empty() {
                self.by_namespace.remove(&pod.key.namespace);
            }
        }
        for address in &pod.addresses {
            if let Some(pods) = self.by_address.get_mut(address) {
                pods.remove(&id);
                if pods.is_empty() {
                    self.by_address.remove(address);
                }
            }
        }
        self.all.remove(id);
        self.free.push(id);
        Some(pod)
    }
}
