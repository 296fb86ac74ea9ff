//! Ways in from outside: Services, Ingresses and Gateways, the pods they lead to, and whether the
//! policies of these admit who comes.
//!
//! What matters to policy is not who began the connection but who comes to the pod: a client with its
//! own address, a load balancer with one of its, a node that masquerades (S20, S37), or the pods of a
//! controller. `docs/ways-in.md` says how that is told. Where the manifests do not tell it, the answer
//! is [`Answer::Unknown`], and says what is missing.

mod admission;
mod balanced;
mod controller;
mod gateway;
mod ingress;
mod proxy;
mod service;
mod way;
mod words;

pub use controller::{is_well_known, is_well_known_key, proxies};
pub use way::{
    Answer, Arrival, Clients, DeadEnd, Hop, Inner, Missing, NotTaken, Sender, Source, Told, WayIn,
};
pub use words::addresses;

use crate::{
    index::Index,
    object::{Cluster, Service, ServicePort},
    reach::Reach,
};
use admission::Admission;
use proxy::Proxies;
use service::Services;

/// Every way into `cluster` that its objects describe: through Ingresses, through Gateways, and through
/// Services alone, each sorted by namespace and name. `index` and `reach` are those of the cluster;
/// `told` is what a person knows beyond it.
#[must_use]
pub fn ways_in(cluster: &Cluster, index: &Index, reach: &Reach, told: &Told) -> Vec<WayIn> {
    let mut finder = Finder {
        cluster,
        told,
        proxies: Proxies::of(cluster, told),
        services: Services::of(cluster),
        admission: Admission::new(cluster, index, reach),
    };
    let mut ways = Vec::new();
    ingress::ways(&mut finder, &mut ways);
    gateway::ways(&mut finder, &mut ways);
    balanced::ways(&mut finder, &mut ways);
    ways
}

/// What every way is found with.
struct Finder<'a> {
    cluster: &'a Cluster,
    told: &'a Told,
    proxies: Proxies<'a>,
    services: Services<'a>,
    admission: Admission<'a>,
}

impl<'a> Finder<'a> {
    /// The inner end of a way, which is a port of a Service.
    fn finish(
        &mut self,
        out: &mut Vec<WayIn>,
        clients: Clients,
        hops: Vec<Hop>,
        source: Source,
        (service, port): (&'a Service, &'a ServicePort),
    ) {
        match self.services.targets(service, port) {
            Err(end) => {
                let inner = Inner::Nowhere(end, service.origin.clone());
                out.push(WayIn { clients, hops, source: None, inner });
            }
            Ok(targets) => {
                let inner = Inner::Pods(self.admission.arrivals(&source, port.protocol, &targets));
                out.push(WayIn { clients, hops, source: Some(source), inner });
            }
        }
    }
}

fn service_hop(service: &Service, port: &ServicePort) -> Hop {
    Hop {
        kind: "Service".into(),
        name: service.key.to_string().into(),
        detail: format!(":{}", port.port).into(),
        origin: service.origin.clone(),
    }
}
