//! Those whom the standard names, as policies see them, whether their pods are among the manifests or not.

use crate::{
    selected::has_address,
    world::{World, has_port},
};
use sekisho_core::{
    index::RoaringBitmap,
    object::{Labels, NAME_LABEL, NetworkPolicy, PeerKind, Pod, Rule},
    set::{AddressSet, Protocol},
    standard::Whom,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// Somebody at the other end.
pub(crate) struct Far {
    /// Labels of pods and of their namespaces, with the addresses of those that have them.
    alike: BTreeMap<(Labels, Labels), BTreeSet<IpAddr>>,
    addresses: AddressSet,
    /// Their pods that are there.
    pub(crate) pods: RoaringBitmap,
}

impl Far {
    /// Those whom `whom` stands for. Where none of their pods is there, one with the fewest labels stands for them.
    pub(crate) fn of(world: &World<'_>, whom: &Whom) -> Self {
        let mut far =
            Self { alike: BTreeMap::new(), addresses: whom.addresses(), pods: RoaringBitmap::new() };
        let Whom::Pods { namespaces, pods } = whom else { return far };
        let pods = pods.clone().unwrap_or_default();
        let of_namespace = |name: &Arc<str>| world.namespaces().get(name);
        for id in world.pods_with(&pods) {
            let Some(pod) = world.index.pod(id) else { continue };
            let Some(labels) = of_namespace(&pod.key.namespace) else { continue };
            if namespaces.matches(labels) {
                far.pods.insert(id);
                let alike = far.alike.entry((labels.clone(), pod.labels.clone())).or_default();
                alike.extend(&pod.addresses);
            }
        }
        if let (true, Some(namespace), Some(labels)) =
            (far.alike.is_empty(), namespaces.fewest(), pods.fewest())
        {
            let known = World::named(namespaces).and_then(|names| of_namespace(names.first()?));
            let namespace = known.cloned().unwrap_or(namespace);
            far.alike.insert((namespace, labels), BTreeSet::new());
        }
        far
    }

    /// Whether a rule of `policy` names some of them.
    pub(crate) fn is_named(&self, policy: &NetworkPolicy, rule: &Rule) -> bool {
        rule.peers.is_empty() || rule.peers.iter().any(|peer| self.is_peer(policy, &peer.kind))
    }

    fn is_peer(&self, policy: &NetworkPolicy, kind: &PeerKind) -> bool {
        let mut alike = self.alike.iter();
        match kind {
            PeerKind::Block(block) => {
                let theirs = || block.addresses().intersection(&self.addresses);
                !self.addresses.is_empty() && !theirs().is_empty()
                    || alike.any(|(_, addresses)| has_address(block, addresses))
            }
            PeerKind::Pods(pods) => alike.any(|((namespace, labels), _)| {
                namespace.get(NAME_LABEL) == Some(&*policy.key.namespace) && pods.matches(labels)
            }),
            PeerKind::Namespaces(namespaces) => {
                alike.any(|((namespace, _), _)| namespaces.matches(namespace))
            }
            PeerKind::PodsInNamespaces { namespaces, pods } => {
                alike.any(|((namespace, labels), _)| namespaces.matches(namespace) && pods.matches(labels))
            }
        }
    }
}

/// The names that a port has on pods.
pub(crate) fn names<'p>(
    pods: impl IntoIterator<Item = &'p Arc<Pod>>,
    protocol: Protocol,
    number: u16,
) -> BTreeSet<&'p str> {
    let ports = pods.into_iter().flat_map(|pod| pod.ports.iter());
    let same = ports.filter(|port| (port.protocol, port.number) == (protocol, number));
    same.filter_map(|port| port.name.as_deref()).collect()
}

/// Whether a rule has a port of `pod`, by number or by name.
pub(crate) fn has_port_of(rule: &Rule, pod: &Arc<Pod>, protocol: Protocol, number: u16) -> bool {
    let names: Vec<&str> = names([pod], protocol, number).into_iter().collect();
    has_port(&rule.ports, protocol, number, &names)
}
