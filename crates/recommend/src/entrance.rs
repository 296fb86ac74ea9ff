//! Who comes in from outside by what leads in: Services, Ingresses and Gateways.

use sekisho_core::{
    index::Index,
    object::{Cluster, Workload},
    reach::Reach,
    set::{AddressSet, Protocol},
    ways::{Inner, Source, Told, WayIn, ways_in},
};
use std::sync::Arc;

/// Somebody who comes to a port of a workload.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    pub(crate) workload: Workload,
    pub(crate) port: (Protocol, u16),
    pub(crate) addresses: AddressSet,
    /// Whether it is a load balancer, which asks for the health of pods also where nobody calls.
    pub(crate) is_balancer: bool,
    /// What leads in: `Ingress shop/web`.
    pub(crate) by: Arc<str>,
}

/// All of them, with the addresses that are known.
pub(crate) fn entrances(cluster: &Cluster) -> Vec<Entrance> {
    let index = Index::of(cluster.changes());
    let ways = ways_in(cluster, &index, &Reach::of(&index), &Told::default());
    let mut found: Vec<Entrance> = ways.iter().flat_map(of_way).collect();
    found.sort_by(|one, other| key(one).cmp(&key(other)));
    found.dedup_by(|one, other| key(one) == key(other));
    found
}

fn key(one: &Entrance) -> impl Ord + '_ {
    (&one.workload, one.port, !one.is_balancer, &one.addresses, &one.by)
}

fn of_way(way: &WayIn) -> Vec<Entrance> {
    let (addresses, is_balancer) = match &way.source {
        Some(Source::Balancer { ranges, .. }) => (ranges, true),
        Some(Source::Clients(clients)) => (clients, false),
        _ => return Vec::new(),
    };
    let Inner::Pods(arrivals) = &way.inner else { return Vec::new() };
    if addresses.is_empty() {
        return Vec::new();
    }
    let by: Arc<str> =
        way.hops.first().map_or_else(|| "".into(), |hop| format!("{} {}", hop.kind, hop.name).into());
    let entrance = |arrival: &sekisho_core::ways::Arrival| Entrance {
        workload: arrival.workload.clone(),
        port: (arrival.protocol, arrival.port),
        addresses: addresses.clone(),
        is_balancer,
        by: Arc::clone(&by),
    };
    arrivals.iter().map(entrance).collect()
}
