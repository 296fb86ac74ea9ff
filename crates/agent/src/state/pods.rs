//! The pods of the cluster, and what the node itself knows of its own before the API server does.

use super::{ledger::Ledger, thrift::Thrift};
use crate::socket::{Attachment, PodName};
use sekisho_core::object::{Change, ObjectKey, Pod, PodUid};
use sekisho_k8s::watch::Id;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::IpAddr,
    path::Path,
    sync::Arc,
};

/// What happened to the addresses of a pod on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) key: ObjectKey,
    /// What it was given, by where it has it.
    pub(super) given: BTreeMap<Attachment, BTreeSet<IpAddr>>,
    /// What was taken from it: it may be another's by now, though the API server still tells it (S26).
    pub(super) taken: BTreeSet<IpAddr>,
}

impl Known {
    fn of(key: &ObjectKey) -> Self {
        Self { key: key.clone(), given: BTreeMap::new(), taken: BTreeSet::new() }
    }

    fn has(&self, address: &IpAddr) -> bool {
        self.given.values().any(|given| given.contains(address))
    }

    fn give(&mut self, attachment: &Attachment, addresses: &BTreeSet<IpAddr>) {
        self.taken.retain(|address| !addresses.contains(address));
        self.given.insert(attachment.clone(), addresses.clone());
    }

    /// Takes what it had there, and `addresses` as well, but for what it has elsewhere.
    fn take(&mut self, attachment: &Attachment, addresses: &BTreeSet<IpAddr>) {
        let mut taken = self.given.remove(attachment).unwrap_or_default();
        taken.extend(addresses);
        taken.retain(|address| !self.has(address));
        self.taken.append(&mut taken);
    }
}

/// The pods, by name: of one name there is one at a time.
#[derive(Debug)]
pub(crate) struct Pods {
    node: Arc<str>,
    told: BTreeMap<ObjectKey, Arc<Pod>>,
    /// The pods on this node of which it knows more than was told, by UID.
    known: BTreeMap<PodUid, Known>,
    /// Where that outlives the agent, and whether it says something else.
    ledger: Option<Ledger>,
    is_stale: bool,
    /// The UIDs by which the kubelet knows static pods.
    mirrors: BTreeMap<ObjectKey, Arc<str>>,
    thrift: Thrift,
}

impl Pods {
    pub(super) fn new(node: &str) -> Self {
        Self {
            node: node.into(),
            told: BTreeMap::new(),
            known: BTreeMap::new(),
            ledger: None,
            is_stale: false,
            mirrors: BTreeMap::new(),
            thrift: Thrift::default(),
        }
    }

    /// What is known of pods on this node is in this file, too, from an agent before this one on.
    pub(super) fn remember(&mut self, path: &Path) {
        let (ledger, known) = Ledger::open(path);
        (self.ledger, self.known) = (Some(ledger), known);
    }

    /// Brings the file to what is known.
    pub(super) fn write_down(&mut self) -> io::Result<()> {
        let is_stale = std::mem::replace(&mut self.is_stale, false);
        let Some(ledger) = self.ledger.as_ref().filter(|_| is_stale) else { return Ok(()) };
        ledger.write(&self.known).inspect_err(|_| self.is_stale = true)
    }

    /// The pods that were told are all there are: what was known of others is over.
    pub(super) fn forget_untold(&mut self) {
        let (before, told) = (self.known.len(), &self.told);
        self.known.retain(|uid, known| told.get(&known.key).is_some_and(|pod| pod.uid == *uid));
        self.is_stale |= self.known.len() != before;
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.told.len()
    }

    /// The pod of this name.
    pub(crate) fn get(&self, key: &ObjectKey) -> Option<Arc<Pod>> {
        self.told.get(key).map(|pod| self.as_known(pod))
    }

    /// Whether the pod is known to have all these addresses.
    pub(crate) fn has(&self, pod: &PodName, addresses: &BTreeSet<IpAddr>) -> bool {
        self.find(pod).is_some_and(|pod| addresses.is_subset(&self.as_known(pod).addresses))
    }

    /// Whether the pod is known to have been given just these addresses there.
    pub(crate) fn is_pinned(
        &self,
        pod: &PodName,
        attachment: &Attachment,
        addresses: &BTreeSet<IpAddr>,
    ) -> bool {
        let known = self.find(pod).and_then(|pod| self.known.get(&pod.uid));
        known.is_some_and(|known| known.given.get(attachment) == Some(addresses))
    }

    /// Where pods have what they were given on this node.
    pub(super) fn attachments(&self) -> BTreeSet<Attachment> {
        self.known.values().flat_map(|known| known.given.keys().cloned()).collect()
    }

    /// The pods on this node that have one of `addresses`.
    pub(crate) fn bearers(&self, addresses: &BTreeSet<IpAddr>) -> BTreeSet<ObjectKey> {
        let here = self.all().filter(|pod| pod.node.as_ref() == Some(&self.node));
        here.filter(|pod| !pod.addresses.is_disjoint(addresses)).map(|pod| pod.key.clone()).collect()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &ObjectKey> {
        self.told.keys()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Arc<Pod>> + '_ {
        self.told.values().map(|pod| self.as_known(pod))
    }

    /// A pod was told. One that bore its name before is gone, though nobody may have said so.
    pub(super) fn put(&mut self, id: Id, mirror: Option<Arc<str>>, mut pod: Arc<Pod>) -> Vec<Change> {
        match mirror {
            Some(uid) => drop(self.mirrors.insert(id.key.clone(), uid)),
            None => drop(self.mirrors.remove(&id.key)),
        }
        self.thrift.share(Arc::make_mut(&mut pod));
        // Equal names in one piece of memory.
        let key = if pod.key == id.key { pod.key.clone() } else { id.key };
        let before = self.told.insert(key, Arc::clone(&pod));
        let gone = before.filter(|before| before.uid != pod.uid).map(|before| self.forget(&before.uid));
        gone.into_iter().chain([Change::PutPod(self.as_known(&pod))]).collect()
    }

    pub(super) fn remove(&mut self, key: &ObjectKey, uid: Option<&Arc<str>>) -> Option<Change> {
        let is_it = self.told.get(key).is_some_and(|pod| uid.is_none_or(|uid| pod.uid.0 == *uid));
        let pod = is_it.then(|| self.told.remove(key)).flatten()?;
        self.mirrors.remove(key);
        Some(self.forget(&pod.uid))
    }

    /// `None` where there is no such pod.
    pub(super) fn pin(
        &mut self,
        pod: &PodName,
        attachment: &Attachment,
        addresses: &BTreeSet<IpAddr>,
    ) -> Option<Change> {
        let pod = Arc::clone(self.find(pod)?);
        self.known(&pod.uid, &pod.key).give(attachment, addresses);
        Some(Change::PutPod(self.as_known(&pod)))
    }

    /// `None` where nobody is known to have had anything there.
    pub(super) fn release(
        &mut self,
        pod: Option<&PodName>,
        attachment: &Attachment,
        addresses: &BTreeSet<IpAddr>,
    ) -> Option<Change> {
        let holder = self.known.iter().find(|(_, known)| known.given.contains_key(attachment));
        let (uid, key) = match holder {
            Some((uid, known)) => (uid.clone(), known.key.clone()),
            // A sandbox is taken down more than once: where nobody tells what it had, it has nothing.
            None => {
                let pod = pod.filter(|_| !addresses.is_empty()).and_then(|pod| self.find(pod))?;
                (pod.uid.clone(), pod.key.clone())
            }
        };
        self.known(&uid, &key).take(attachment, addresses);
        let pod = self.told.get(&key).filter(|pod| pod.uid == uid)?;
        Some(Change::PutPod(self.as_known(pod)))
    }

    /// `None` where there is no such pod, or it is not on this node.
    pub(super) fn lose(&mut self, key: &ObjectKey, addresses: &BTreeSet<IpAddr>) -> Option<Change> {
        let is_here = |pod: &&Arc<Pod>| pod.node.as_ref().is_none_or(|node| *node == self.node);
        let pod = Arc::clone(self.told.get(key).filter(is_here)?);
        let known = self.known(&pod.uid, &pod.key);
        known.given.values_mut().for_each(|given| given.retain(|address| !addresses.contains(address)));
        known.taken.extend(addresses);
        Some(Change::PutPod(self.as_known(&pod)))
    }

    /// The pod that is meant: by its UID as well, where that is told. The runtime has it from the kubelet.
    fn find(&self, pod: &PodName) -> Option<&Arc<Pod>> {
        let key = pod.key();
        let is_it = |told: &&Arc<Pod>| {
            let uids = [Some(&told.uid.0), self.mirrors.get(&key)];
            pod.uid.as_ref().is_none_or(|uid| uids.into_iter().flatten().any(|known| **known == **uid))
        };
        self.told.get(&key).filter(is_it)
    }

    /// What is known of a pod, to be changed.
    fn known(&mut self, uid: &PodUid, key: &ObjectKey) -> &mut Known {
        self.is_stale = true;
        self.known.entry(uid.clone()).or_insert_with(|| Known::of(key))
    }

    fn forget(&mut self, uid: &PodUid) -> Change {
        self.is_stale |= self.known.remove(uid).is_some();
        Change::RemovePod(uid.clone())
    }

    fn as_known(&self, pod: &Arc<Pod>) -> Arc<Pod> {
        let Some(known) = self.known.get(&pod.uid) else { return Arc::clone(pod) };
        let mut pod = Pod::clone(pod);
        pod.addresses.retain(|address| !known.taken.contains(address));
        pod.addresses.extend(known.given.values().flatten());
        if !known.given.is_empty() {
            pod.node.get_or_insert_with(|| Arc::clone(&self.node));
        }
        Arc::new(pod)
    }
}

#[cfg(test)]
mod tests;
