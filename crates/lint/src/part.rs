//! Some pods of a cluster, with all that verdicts about them depend on: what is asked of a few pods costs what there is of
//! them, and not what there is.

use crate::world::World;
use sekisho_core::{
    index::{Index, RoaringBitmap},
    object::{Cluster, Entrances, ObjectKey, Pod, Service},
    reach::Reach,
    ways,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Some pods, the policies of their namespaces, and everything that lies in none.
pub(crate) struct Part {
    pub(crate) cluster: Cluster,
    pub(crate) index: Index,
    pub(crate) reach: Reach,
}

impl Part {
    /// What concerns `pods`. A packet between two of them, or between one and an address that no pod bears, has the
    /// same verdict here: it depends on the policies that select these (S1, S11), the cluster-wide ones among them (S38).
    pub(crate) fn of(world: &World<'_>, pods: &RoaringBitmap) -> Self {
        let pods = world.pods(pods).map(Arc::clone);
        Self::new(world, pods.collect(), BTreeMap::new(), Entrances::default())
    }

    /// What concerns the ways in that end at pods of some namespaces.
    pub(crate) fn with_ways(world: &World<'_>, namespaces: &BTreeSet<Arc<str>>) -> Self {
        let services = namespaces.iter().flat_map(|name| world.cluster.services_in(name));
        let services = services.map(|service| (service.key.clone(), service.clone())).collect();
        let entrances = entrances(&world.cluster.entrances, namespaces);
        let mut pods: Vec<Arc<Pod>> = world.pods(world.own()).map(Arc::clone).collect();
        if !entrances.ingresses.is_empty() || !entrances.routes.is_empty() {
            pods.extend(proxies(world));
        }
        Self::new(world, pods, services, entrances)
    }

    fn new(
        world: &World<'_>,
        pods: Vec<Arc<Pod>>,
        services: BTreeMap<ObjectKey, Service>,
        entrances: Entrances,
    ) -> Self {
        let pods = with_those_beside(world, pods);
        let cluster = Cluster { services, entrances, ..world.cluster.part(pods, []) };
        let index = Index::of(cluster.changes());
        let reach = Reach::of(&index);
        Self { cluster, index, reach }
    }

    /// The numbers that these have here.
    pub(crate) fn numbers(&self, world: &World<'_>, pods: &RoaringBitmap) -> RoaringBitmap {
        world.pods(pods).filter_map(|pod| self.index.pod_id(&pod.uid)).collect()
    }

    /// The numbers that these pods of here have in the whole.
    pub(crate) fn back(&self, world: &World<'_>, pods: &RoaringBitmap) -> RoaringBitmap {
        let pods = pods.iter().filter_map(|id| self.index.pod(id));
        pods.filter_map(|pod| world.index.pod_id(&pod.uid)).collect()
    }
}

/// The pods that may serve Ingresses and Gateways, wherever they are.
fn proxies(world: &World<'_>) -> Vec<Arc<Pod>> {
    let known = ways::proxies();
    let seen =
        known.iter().map(|labels| world.pods_with(labels)).fold(RoaringBitmap::new(), |all, pods| all | pods);
    // Those of a node's network are no pods to the index (S22).
    let is_one =
        |pod: &&Arc<Pod>| !pod.is_policed() && known.iter().any(|labels| labels.matches(&pod.labels));
    let unseen = world.cluster.pods.values().filter(is_one);
    world.pods(&seen).chain(unseen).map(Arc::clone).collect()
}

/// The pods, and those that bear one of their addresses as well: each of these has its say there (S26).
fn with_those_beside(world: &World<'_>, mut pods: Vec<Arc<Pod>>) -> Vec<Arc<Pod>> {
    let addresses = pods.iter().flat_map(|pod| &pod.addresses);
    let there: RoaringBitmap = addresses.flat_map(|address| world.index.pods_at(*address)).collect();
    pods.extend(world.pods(&there).map(Arc::clone));
    pods
}

/// What may lead into some namespaces: Ingresses name Services of their own, routes those of any.
fn entrances(all: &Entrances, namespaces: &BTreeSet<Arc<str>>) -> Entrances {
    let ingresses = all.ingresses.iter().filter(|(key, _)| namespaces.contains(&key.namespace));
    let Entrances { ingresses: _, ingress_classes, gateways, gateway_classes, routes, grants } = all;
    Entrances {
        ingresses: ingresses.map(|(key, ingress)| (key.clone(), ingress.clone())).collect(),
        ingress_classes: ingress_classes.clone(),
        gateways: gateways.clone(),
        gateway_classes: gateway_classes.clone(),
        routes: routes.clone(),
        grants: grants.clone(),
    }
}
