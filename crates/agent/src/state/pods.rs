//! The pods of the cluster, and what the node itself knows of its own before the API server does.

use super::thrift::Thrift;
use sekisho_core::object::{Change, ObjectKey, Pod, PodUid};
use sekisho_k8s::watch::Id;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// What happened to the addresses of a pod on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    /// It was given these.
    Given(BTreeSet<IpAddr>),
    /// They were taken from it: they may be another's by now (S26).
    Taken,
}

/// The pods, by name: of one name there is one at a time.
#[derive(Debug)]
pub(crate) struct Pods {
    node: Arc<str>,
    told: BTreeMap<ObjectKey, Arc<Pod>>,
    /// The pods on this node of which it knows more than was told, by UID.
    known: BTreeMap<Arc<str>, Known>,
    thrift: Thrift,
}

impl Pods {
    pub(super) fn new(node: &str) -> Self {
        Self { node: node.into(), told: BTreeMap::new(), known: BTreeMap::new(), thrift: Thrift::default() }
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
    pub(crate) fn has(&self, key: &ObjectKey, uid: &str, addresses: &BTreeSet<IpAddr>) -> bool {
        let pod = self.get(key).filter(|pod| *pod.uid.0 == *uid);
        pod.is_some_and(|pod| addresses.is_subset(&pod.addresses))
    }

    /// The pods that were given addresses on this node and have them still, by UID.
    pub(super) fn given(&self) -> Vec<(ObjectKey, Arc<str>)> {
        let is_given = |pod: &&Arc<Pod>| matches!(self.known.get(&pod.uid.0), Some(Known::Given(_)));
        let given = self.told.values().filter(is_given);
        given.map(|pod| (pod.key.clone(), Arc::clone(&pod.uid.0))).collect()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &ObjectKey> {
        self.told.keys()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Arc<Pod>> + '_ {
        self.told.values().map(|pod| self.as_known(pod))
    }

    /// A pod was told. One that bore its name before is gone, though nobody may have said so.
    pub(super) fn put(&mut self, id: Id, mut pod: Arc<Pod>) -> Vec<Change> {
        self.thrift.share(Arc::make_mut(&mut pod));
        let before = self.told.insert(id.key, Arc::clone(&pod));
        let gone = before.filter(|before| before.uid != pod.uid).map(|before| self.forget(&before.uid));
        gone.into_iter().chain([Change::PutPod(self.as_known(&pod))]).collect()
    }

    pub(super) fn remove(&mut self, key: &ObjectKey, uid: Option<&Arc<str>>) -> Option<Change> {
        let is_it = self.told.get(key).is_some_and(|pod| uid.is_none_or(|uid| pod.uid.0 == *uid));
        let pod = is_it.then(|| self.told.remove(key)).flatten()?;
        Some(self.forget(&pod.uid))
    }

    /// `None` where there is no such pod.
    pub(super) fn pin(&mut self, key: &ObjectKey, uid: &str, addresses: BTreeSet<IpAddr>) -> Option<Change> {
        let pod = Arc::clone(self.told.get(key).filter(|pod| *pod.uid.0 == *uid)?);
        self.known.insert(uid.into(), Known::Given(addresses));
        Some(Change::PutPod(self.as_known(&pod)))
    }

    pub(super) fn release(&mut self, key: &ObjectKey, uid: &str) -> Option<Change> {
        let pod = Arc::clone(self.told.get(key).filter(|pod| *pod.uid.0 == *uid)?);
        self.known.insert(uid.into(), Known::Taken);
        Some(Change::PutPod(self.as_known(&pod)))
    }

    fn forget(&mut self, uid: &PodUid) -> Change {
        self.known.remove(&uid.0);
        Change::RemovePod(uid.clone())
    }

    fn as_known(&self, pod: &Arc<Pod>) -> Arc<Pod> {
        match self.known.get(&pod.uid.0) {
            None => Arc::clone(pod),
            Some(known) => {
                let mut pod = Pod::clone(pod);
                match known {
                    Known::Given(addresses) => {
                        pod.addresses.extend(addresses);
                        pod.node.get_or_insert_with(|| Arc::clone(&self.node));
                    }
                    Known::Taken => pod.addresses.clear(),
                }
                Arc::new(pod)
            }
        }
    }
}
