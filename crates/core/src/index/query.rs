//! What the index knows.

use super::{
    Index, Member, PodId, PodSelectorKey, PolicyKey, PolicyRules, ProfileKey, SetKey, selectors::Selector,
};
use crate::object::{LabelSelector, Node, Pod, PodUid, Tier};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeSet, HashSet},
    net::IpAddr,
    sync::Arc,
};

impl Index {
    /// The pods that policies see, by UID, with their numbers.
    pub fn pods(&self) -> impl Iterator<Item = (PodId, &Arc<Pod>)> {
        self.pods.iter()
    }

    /// The pod with this number.
    #[must_use]
    pub fn pod(&self, id: PodId) -> Option<&Arc<Pod>> {
        self.pods.get(id)
    }

    /// The number of the pod with this UID, where policies see it.
    #[must_use]
    pub fn pod_id(&self, uid: &PodUid) -> Option<PodId> {
        self.pods.id(uid)
    }

    /// The pods that bear `address`, ascending by number (S26).
    pub fn pods_at(&self, address: IpAddr) -> impl Iterator<Item = PodId> + '_ {
        self.pods.at(address)
    }

    /// The addresses that pods bear which policies see. In no order.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.pods.addresses()
    }

    /// The pods of a selector that some policy uses; `None` for a selector that none does.
    #[must_use]
    pub fn selected_pods(&self, key: &Arc<PodSelectorKey>) -> Option<&RoaringBitmap> {
        self.selectors.get(key).map(|selector| &selector.pods)
    }

    /// The pods of each selector that some policy uses. In no order.
    pub(crate) fn selections(&self) -> impl Iterator<Item = &RoaringBitmap> {
        self.selectors.all().map(|selector| &selector.pods)
    }

    /// The selectors of peers that select nobody, and maybe of subjects where a port of theirs has a name.
    pub(crate) fn missing_selectors(&self) -> HashSet<&Arc<PodSelectorKey>> {
        self.selectors.missing().collect()
    }

    /// The policies, in the order in which they are read (S38).
    pub fn policies(&self) -> impl Iterator<Item = &Arc<PolicyRules>> {
        self.policies.values()
    }

    /// The cluster-wide policies of a tier, in the order in which they are read (S38).
    #[must_use]
    pub fn policies_of(&self, tier: Tier) -> Vec<&Arc<PolicyRules>> {
        // Those of the Admin tier are read before all others, those of the Baseline tier after them.
        let is_of = |(key, _): &(&PolicyKey, &Arc<PolicyRules>)| key.tier() == Some(tier);
        let rules = |(_, rules)| rules;
        match tier {
            Tier::Admin => self.policies.iter().take_while(is_of).map(rules).collect(),
            Tier::Baseline => {
                let mut last: Vec<_> = self.policies.iter().rev().take_while(is_of).map(rules).collect();
                last.reverse();
                last
            }
        }
    }

    /// The policy of this key.
    #[must_use]
    pub fn policy(&self, key: &PolicyKey) -> Option<&Arc<PolicyRules>> {
        self.policies.get(key)
    }

    /// The policies that select the pod with this number, in either direction.
    #[must_use]
    pub fn policies_selecting(&self, id: PodId) -> BTreeSet<PolicyKey> {
        subjects_of(&self.subject_selectors(id))
    }

    /// The nodes, by name.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    /// The node of this name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.get(name)
    }

    /// The addresses of the pods on a node, each with its profiles: one for each distinct set of
    /// policies that selects a pod with the address, the empty set included (S26).
    pub fn endpoints(&self, node: &str) -> impl Iterator<Item = (IpAddr, &BTreeSet<ProfileKey>)> {
        self.endpoint_table().on(node)
    }

    /// The names of the nodes that have endpoints, sorted.
    pub fn nodes_with_endpoints(&self) -> impl Iterator<Item = &Arc<str>> {
        self.endpoint_table().nodes()
    }

    /// The members of a set, sorted. Empty for a set that no policy uses.
    #[must_use]
    pub fn members(&self, set: &SetKey) -> BTreeSet<Member> {
        let pods = self.selected(Some(set.selector()));
        pods.iter().filter_map(|id| self.pods.get(id)).flat_map(|pod| members_of(set, pod, None)).collect()
    }

    /// Every selector that selects the pod with this number, of subjects and of peers.
    pub(crate) fn selectors_of(&self, id: PodId) -> BTreeSet<Arc<PodSelectorKey>> {
        match (self.pods.get(id), self.pods.labels_of(id)) {
            (Some(pod), Some(labels)) => {
                self.selectors.selecting(pod, labels, &self.namespaces.labels(&pod.key.namespace))
            }
            _ => BTreeSet::new(),
        }
    }

    /// The names of the namespaces that have pods which policies see. In no order.
    pub fn namespaces_with_pods(&self) -> impl Iterator<Item = &Arc<str>> {
        self.pods.namespaces()
    }

    /// The numbers of all pods.
    #[must_use]
    pub fn all_pods(&self) -> &RoaringBitmap {
        self.pods.all()
    }

    /// The pods of a namespace that policies see.
    #[must_use]
    pub fn pods_in(&self, namespace: &str) -> RoaringBitmap {
        self.pods.in_namespace(namespace)
    }

    /// The pods, of any namespace, whose labels a selector selects, whether some policy uses it or not.
    #[must_use]
    pub fn pods_with(&self, selector: &LabelSelector) -> RoaringBitmap {
        self.pods.labels.find(selector, self.pods.all().clone())
    }

    /// The selectors of a pod by which policies select their subjects, sorted.
    pub(super) fn subject_selectors(&self, id: PodId) -> Vec<&Selector> {
        match (self.pods.get(id), self.pods.labels_of(id)) {
            (Some(pod), Some(labels)) => {
                let namespace = self.namespaces.labels(&pod.key.namespace);
                self.selectors.subject_selectors(pod, labels, &namespace)
            }
            _ => Vec::new(),
        }
    }

    /// The pods of a selector; none of one that no policy uses.
    pub(super) fn selected(&self, key: Option<&Arc<PodSelectorKey>>) -> RoaringBitmap {
        key.and_then(|key| self.selectors.get(key)).map(|selector| selector.pods.clone()).unwrap_or_default()
    }

    /// What the pods at one address bring into a set.
    pub(super) fn members_at(&self, set: &SetKey, address: IpAddr) -> Vec<Member> {
        let Some(selector) = self.selectors.get(set.selector()) else { return Vec::new() };
        let pods = self.pods.at(address).filter(|id| selector.pods.contains(*id));
        pods.filter_map(|id| self.pods.get(id)).flat_map(|pod| members_of(set, pod, Some(address))).collect()
    }
}

/// The policies whose subjects the selectors select.
pub(super) fn subjects_of(selectors: &[&Selector]) -> BTreeSet<PolicyKey> {
    selectors.iter().flat_map(|selector| &selector.subjects_of).cloned().collect()
}

/// What `pod` brings into `set`: at one of its addresses, or at all.
fn members_of(set: &SetKey, pod: &Pod, at: Option<IpAddr>) -> Vec<Member> {
    let addresses = pod.addresses.iter().copied().filter(|address| at.is_none_or(|at| at == *address));
    match set {
        SetKey::Pods(_) => addresses.map(Member::Address).collect(),
        SetKey::NamedPort { protocol, name, .. } => addresses
            .flat_map(|address| {
                pod.named_ports(*protocol, name).map(move |port| Member::AddressPort(address, port))
            })
            .collect(),
    }
}
