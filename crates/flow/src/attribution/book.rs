//! Who bears which address, and who bore it.

use super::{
    keys::NamedLabels,
    tenure::{Tenure, at_time},
};
use crate::record::{End, WorkloadEnd};
use jiff::Timestamp;
use sekisho_core::{
    object::{Change, Cluster, Node, ObjectKey, Pod, PodUid, Service, Workload},
    set::Cidr,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

/// How many owners of one address are remembered.
const MOST_TENURES: usize = 8;
/// A pod as flows name it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) pod: Arc<Pod>,
    pub(super) end: End,
}

/// The pods of a workload. They are alike to policies, as a rule.
#[derive(Debug)]
struct Fellows {
    /// Those that are there.
    here: BTreeMap<PodUid, Arc<Known>>,
    /// One that is there, or was, or would be.
    one: Arc<Known>,
    /// When the last of them went; `None` while one is there, and of a workload that was known without any.
    gone: Option<Timestamp>,
}

/// The address book of a cluster.
#[derive(Debug, Default)]
pub struct Book {
    pods: HashMap<IpAddr, Vec<Tenure>>,
    /// The addresses of each pod that is there.
    by_uid: HashMap<PodUid, (Arc<Known>, Vec<IpAddr>)>,
    /// The latest pod of a name, and when it went.
    by_name: HashMap<ObjectKey, (Arc<Known>, Option<Timestamp>)>,
    by_workload: HashMap<Workload, Fellows>,
    nodes: HashMap<IpAddr, Arc<str>>,
    services: HashMap<IpAddr, ObjectKey>,
    addresses_of: HashMap<ObjectKey, Vec<IpAddr>>,
    /// The ranges of nodes' pods by their first address. They do not overlap.
    ranges: BTreeMap<IpAddr, (Cidr, Arc<str>)>,
    labels: NamedLabels,
}

/// Who bears an address.
#[derive(Clone, Debug)]
pub(super) enum Resident {
    /// A pod that policies see, and whether it bears the address still.
    Pod(Arc<Known>, bool),
    /// A node, and so each of its pods that use its network (S22).
    Node(Arc<str>),
    /// A Service.
    Service(ObjectKey),
    /// Some pod, or what stands before pods, that is not known.
    Unknown,
}

impl Book {
    /// The book of `cluster` as it is, which is held to have been so from the beginning.
    #[must_use]
    pub fn of(cluster: &Cluster) -> Self {
        let mut book = Self { labels: NamedLabels::of(cluster), ..Self::default() };
        cluster.nodes.values().for_each(|node| book.put_node(node));
        cluster.services.values().for_each(|service| book.put_service(service));
        for (workload, pod) in &cluster.idle {
            let fellows = Fellows { here: BTreeMap::new(), one: book.known(pod), gone: None };
            book.by_workload.insert(workload.clone(), fellows);
        }
        cluster.pods.values().for_each(|pod| book.put_pod(None, pod));
        book
    }

    /// Takes in a change of the cluster that is told of at `at`. Changes come in the order in which they were made.
    /// Which labels of controllers policies name is settled when the book is begun.
    pub fn apply(&mut self, at: Timestamp, change: &Change) {
        match change {
            Change::PutPod(pod) => self.put_pod(Some(at), pod),
            Change::RemovePod(uid) => self.end(uid, at, &[]),
            Change::PutNode(node) => {
                self.remove_node(&node.name);
                self.put_node(node);
            }
            Change::RemoveNode(name) => self.remove_node(name),
            Change::PutNamespace(_)
            | Change::RemoveNamespace(_)
            | Change::PutPolicy(_)
            | Change::RemovePolicy(_)
            | Change::PutClusterPolicy(_)
            | Change::RemoveClusterPolicy(_) => {}
        }
    }

    /// Takes in a Service that came or changed.
    pub fn put_service(&mut self, service: &Service) {
        self.remove_service(&service.key);
        let addresses = service.cluster_addresses.iter().chain(&service.external_addresses);
        let addresses: Vec<IpAddr> = addresses.copied().collect();
        for address in &addresses {
            self.services.insert(*address, service.key.clone());
        }
        self.addresses_of.insert(service.key.clone(), addresses);
    }

    /// Takes out a Service that went.
    pub fn remove_service(&mut self, key: &ObjectKey) {
        for address in self.addresses_of.remove(key).unwrap_or_default() {
            if self.services.get(&address) == Some(key) {
                self.services.remove(&address);
            }
        }
    }

    /// Forgets who went before `before`: whoever calls knows how late observations come.
    pub fn forget(&mut self, before: Timestamp) {
        let is_past = |to: Option<Timestamp>| to.is_some_and(|to| to < before);
        self.pods.retain(|_, tenures| {
            tenures.retain(|tenure| !is_past(tenure.to));
            !tenures.is_empty()
        });
        self.by_name.retain(|_, (_, gone)| !is_past(*gone));
        self.by_workload.retain(|_, fellows| !is_past(fellows.gone));
    }

    fn put_pod(&mut self, at: Option<Timestamp>, pod: &Arc<Pod>) {
        // A pod that uses its node's network is its node (S22), also where nobody tells of the node itself.
        let node =
            pod.node.iter().flat_map(|node| pod.host_addresses.iter().map(move |address| (*address, node)));
        for (address, node) in node {
            self.nodes.entry(address).or_insert_with(|| Arc::clone(node));
        }
        if !pod.is_policed() {
            // S24: one that has finished is not there.
            self.end(&pod.uid, at.unwrap_or(Timestamp::MAX), &[]);
            return;
        }
        let addresses: Vec<IpAddr> = pod.addresses.iter().copied().collect();
        let known = self.known(pod);
        self.end(&pod.uid, at.unwrap_or(Timestamp::MAX), &addresses);
        for address in &addresses {
            let tenures = self.pods.entry(*address).or_default();
            match tenures.iter_mut().find(|tenure| tenure.pod.pod.uid == pod.uid && tenure.to.is_none()) {
                // Labels change at once (S28).
                Some(tenure) => tenure.pod = Arc::clone(&known),
                None => tenures.push(Tenure { pod: Arc::clone(&known), from: at, to: None }),
            }
            if tenures.len() > MOST_TENURES {
                tenures.remove(0);
            }
        }
        let one = || Fellows { here: BTreeMap::new(), one: Arc::clone(&known), gone: None };
        let fellows = self.by_workload.entry(pod.workload.clone()).or_insert_with(one);
        fellows.here.insert(pod.uid.clone(), Arc::clone(&known));
        (fellows.one, fellows.gone) = (Arc::clone(&known), None);
        self.by_name.insert(pod.key.clone(), (Arc::clone(&known), None));
        self.by_uid.insert(pod.uid.clone(), (known, addresses));
    }

    fn known(&self, pod: &Arc<Pod>) -> Arc<Known> {
        let labels = self.labels.stable(&pod.labels);
        let end = End::Workload(WorkloadEnd { workload: pod.workload.clone(), labels });
        Arc::new(Known { pod: Arc::clone(pod), end })
    }

    /// Ends the tenures of a pod but at the addresses that it `keeps`.
    fn end(&mut self, uid: &PodUid, at: Timestamp, keeps: &[IpAddr]) {
        let Some((known, addresses)) = self.by_uid.remove(uid) else { return };
        for address in addresses.iter().filter(|address| !keeps.contains(address)) {
            let tenures = self.pods.get_mut(address).into_iter().flatten();
            for tenure in tenures.filter(|tenure| tenure.pod.pod.uid == *uid) {
                tenure.to.get_or_insert(at);
            }
        }
        let Pod { key, workload, .. } = &*known.pod;
        if let Some((_, gone)) = self.by_name.get_mut(key).filter(|(of, _)| of.pod.uid == *uid) {
            *gone = Some(at);
        }
        if let Some(fellows) = self.by_workload.get_mut(workload) {
            fellows.here.remove(uid);
            match fellows.here.first_key_value() {
                Some((_, other)) => fellows.one = Arc::clone(other),
                None => fellows.gone = Some(at),
            }
        }
    }

    fn put_node(&mut self, node: &Node) {
        for address in &node.addresses {
            self.nodes.insert(*address, Arc::clone(&node.name));
        }
        for range in &node.pod_cidrs {
            self.ranges.insert(range.first(), (*range, Arc::clone(&node.name)));
        }
    }

    fn remove_node(&mut self, name: &Arc<str>) {
        self.nodes.retain(|_, node| node != name);
        self.ranges.retain(|_, (_, node)| node != name);
    }

    /// Who bore `address` at `at`; `None` for an address that is none of the cluster's.
    pub(super) fn resident(&self, address: IpAddr, at: Timestamp) -> Option<Resident> {
        if let Some(tenure) = self.pods.get(&address).and_then(|tenures| at_time(tenures, at)) {
            return Some(Resident::Pod(Arc::clone(&tenure.pod), tenure.to.is_none()));
        }
        if let Some(node) = self.nodes.get(&address) {
            return Some(Resident::Node(Arc::clone(node)));
        }
        if let Some(service) = self.services.get(&address) {
            return Some(Resident::Service(service.clone()));
        }
        let (_, (range, node)) = self.ranges.range(..=address).next_back()?;
        range.contains(address).then(|| {
            // The node's own address towards its pods is the first of their range with bridges and with GKE; who
            // else bears one of that range is some pod.
            if Some(address) == second(*range) { Resident::Node(Arc::clone(node)) } else { Resident::Unknown }
        })
    }

    /// Whether a node bears the address, and no pod that policies see.
    pub(super) fn is_node(&self, address: IpAddr) -> bool {
        self.nodes.contains_key(&address) && !self.pods.contains_key(&address)
    }

    /// The node that bears the address.
    pub(super) fn node_at(&self, address: IpAddr) -> Option<&Arc<str>> {
        self.nodes.get(&address)
    }

    /// The latest pod of this name.
    pub(super) fn named(&self, key: &ObjectKey) -> Option<&Arc<Known>> {
        self.by_name.get(key).map(|(known, _)| known)
    }

    /// A pod of this workload that is there, and its addresses, ascending.
    pub(super) fn pod_of(&self, workload: &Workload) -> Option<(PodUid, Vec<IpAddr>)> {
        let uid = &self.of_workload(workload)?.pod.uid;
        self.by_uid.get(uid).map(|(known, addresses)| (known.pod.uid.clone(), addresses.clone()))
    }

    /// The addresses of a node, ascending.
    pub(super) fn addresses_of_node(&self, name: &str) -> Vec<IpAddr> {
        let addresses = self.nodes.iter().filter(|(_, node)| ***node == *name);
        addresses.map(|(address, _)| *address).collect::<BTreeSet<IpAddr>>().into_iter().collect()
    }

    /// A pod of this workload.
    pub(super) fn of_workload(&self, workload: &Workload) -> Option<&Arc<Known>> {
        self.by_workload.get(workload).map(|fellows| &fellows.one)
    }

    /// Whether the pod is there, and bears the address.
    pub(super) fn bears(&self, uid: &PodUid, address: IpAddr) -> bool {
        self.by_uid.get(uid).is_some_and(|(_, addresses)| addresses.contains(&address))
    }

    /// The pods that bear the address now: as a rule one (S26).
    pub(super) fn bearers(&self, address: IpAddr) -> impl Iterator<Item = &Arc<Pod>> {
        let tenures = self.pods.get(&address).into_iter().flatten();
        tenures.filter(|tenure| tenure.to.is_none()).map(|tenure| &tenure.pod.pod)
    }

    /// Whether the pod is there.
    pub(super) fn has(&self, uid: &PodUid) -> bool {
        self.by_uid.contains_key(uid)
    }
}

/// The first address behind that of the network.
fn second(range: Cidr) -> Option<IpAddr> {
    let second = match range.first() {
        IpAddr::V4(first) => IpAddr::from(u32::from(first).checked_add(1)?.to_be_bytes()),
        IpAddr::V6(first) => IpAddr::from(u128::from(first).checked_add(1)?.to_be_bytes()),
    };
    range.contains(second).then_some(second)
}
