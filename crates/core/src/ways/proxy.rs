//! Who serves an Ingress or a Gateway, and how it sends on what it takes.

use super::{
    Finder, balanced,
    controller::{self, ENVOY_GATEWAY, Known, OF_GATEWAY},
    way::{Clients, Hop, Missing, Proxy, Source, Told},
};
use crate::object::{
    Balancer, BalancerTargets, Class, Cluster, Gateway, Ingress, IngressTarget, ObjectKey, Origin, Pod,
    Provider, Service,
};
use std::{collections::BTreeMap, sync::Arc};

/// The pods that serve Ingresses and Gateways: found once, in one look at every pod.
pub(super) struct Proxies<'a> {
    /// By the namespace and name of a Gateway.
    of_gateways: BTreeMap<(Arc<str>, Arc<str>), Vec<&'a Pod>>,
    /// By what their controller is called.
    of_controllers: BTreeMap<&'static str, Vec<&'a Pod>>,
    /// Those that the user tells.
    told: Vec<&'a Pod>,
}

impl<'a> Proxies<'a> {
    pub(super) fn of(cluster: &'a Cluster, told: &Told) -> Self {
        let mut proxies =
            Self { of_gateways: BTreeMap::new(), of_controllers: BTreeMap::new(), told: Vec::new() };
        for pod in cluster.pods.values().filter(|pod| !pod.finished) {
            let label = |key: &str| pod.labels.get(key).map(Arc::<str>::from);
            let own = label(OF_GATEWAY).map(|name| (Arc::clone(&pod.key.namespace), name));
            let [namespace, name] = ENVOY_GATEWAY.map(label);
            for gateway in own.into_iter().chain(namespace.zip(name)) {
                proxies.of_gateways.entry(gateway).or_default().push(pod);
            }
            for known in controller::all().filter(|known| known.has(&pod.labels)) {
                proxies.of_controllers.entry(known.name).or_default().push(pod);
            }
            if told.controllers.contains(&pod.workload.key) || told.controllers.contains(&pod.key) {
                proxies.told.push(pod);
            }
        }
        proxies
    }
}

impl Finder<'_> {
    /// Who serves an Ingress.
    pub(super) fn proxy_of_ingress(&self, ingress: &Ingress) -> Proxy {
        let classes = &self.cluster.entrances.ingress_classes;
        let default = || classes.values().find(|class| class.is_default).map(|class| Arc::clone(&class.name));
        let Some(name) = ingress.class.clone().or_else(default) else {
            return self.proxy_without_class(ingress);
        };
        self.proxy(&name, classes, &ingress.balancer)
    }

    /// GKE takes Ingresses without a class, and puts an annotation on their Services.
    fn proxy_without_class(&self, ingress: &Ingress) -> Proxy {
        if ingress.balancer.provider == Some(Provider::Amazon) {
            return outside(Provider::Amazon, &ingress.balancer);
        }
        let services = ingress.paths.iter().filter_map(|path| match &path.target {
            IngressTarget::Service(name, _) => {
                let key = ObjectKey::new(Arc::clone(&ingress.key.namespace), Arc::clone(name));
                self.cluster.services.get(&key)
            }
            IngressTarget::Resource(_) => None,
        });
        let of_google = |service: &Service| service.balancer.provider == Some(Provider::Google);
        if services.into_iter().any(of_google) {
            return Proxy::Google { regional: false, internal: false };
        }
        self.told_controllers().unwrap_or(Proxy::Unknown(Missing::Class))
    }

    /// Who serves a Gateway.
    pub(super) fn proxy_of_gateway(&self, gateway: &Gateway) -> Proxy {
        let own = (Arc::clone(&gateway.key.namespace), Arc::clone(&gateway.key.name));
        if let Some(pods) = self.proxies.of_gateways.get(&own) {
            return inside(pods);
        }
        self.proxy(&gateway.class, &self.cluster.entrances.gateway_classes, &gateway.balancer)
    }

    fn proxy(&self, class: &str, classes: &BTreeMap<Arc<str>, Class>, balancer: &Balancer) -> Proxy {
        let controller = classes.get(class).map(|class| &*class.controller);
        match controller::of(class, controller) {
            Some(Known::Google { regional, internal }) => Proxy::Google { regional, internal },
            Some(Known::Outside(provider)) => outside(provider, balancer),
            Some(Known::Inside(known)) => {
                self.told_controllers().unwrap_or_else(|| match self.proxies.of_controllers.get(known.name) {
                    Some(pods) => inside(pods),
                    None => Proxy::Unknown(Missing::ControllerPods(known.name.into())),
                })
            }
            None => self
                .told_controllers()
                .unwrap_or_else(|| Proxy::Unknown(Missing::Controller(controller.unwrap_or(class).into()))),
        }
    }

    /// The pods that the user says serve Ingresses and Gateways.
    fn told_controllers(&self) -> Option<Proxy> {
        (!self.proxies.told.is_empty()).then(|| inside(&self.proxies.told))
    }

    /// Who may begin where this proxy stands.
    pub(super) fn clients_of(&self, proxy: &Proxy) -> Clients {
        match proxy {
            Proxy::Google { internal: true, .. } | Proxy::Outside { internal: true, .. } => {
                Clients::InnerNetwork
            }
            Proxy::Google { .. } | Proxy::Outside { .. } => Clients::Internet,
            Proxy::Unknown(_) => Clients::Controller,
            Proxy::Inside { pods, .. } => {
                let first = pods.iter().find_map(|uid| self.cluster.pods.get(uid));
                let services: Vec<&Service> =
                    first.into_iter().flat_map(|pod| self.services.selecting(pod)).collect();
                let of_kind = |kind: &str| services.iter().find(|service| &*service.kind == kind);
                match (of_kind("LoadBalancer"), of_kind("NodePort")) {
                    (Some(service), _) => balanced::clients(service),
                    (None, Some(_)) => Clients::NodeNetwork,
                    (None, None) => Clients::Controller,
                }
            }
        }
    }

    /// Who comes to the pods of `service` when this proxy sends on what it takes.
    pub(super) fn source_of(&self, proxy: &Proxy, service: &Service) -> Source {
        match proxy {
            // Since 1.17.6-gke.7, GKE makes Services of Ingresses container-native unless told otherwise.
            Proxy::Google { .. } if service.balancer.targets == Some(BalancerTargets::Nodes) => Source::Nodes,
            Proxy::Google { regional: false, .. } => {
                Source::Balancer { ranges: balanced::google(), missing: None }
            }
            Proxy::Google { .. } => {
                let missing = self.told.balancers.is_empty().then_some(Missing::ProxySubnet);
                Source::Balancer { ranges: balanced::google().union(&self.told.balancers), missing }
            }
            Proxy::Outside { targets: BalancerTargets::Nodes, .. } => Source::Nodes,
            Proxy::Outside { provider, .. } => self.balancer(Some(*provider)),
            Proxy::Inside { workloads, pods } => {
                Source::Pods { workloads: workloads.clone(), pods: pods.clone() }
            }
            Proxy::Unknown(missing) => Source::Unknown(missing.clone()),
        }
    }

    /// The proxy as a stop on the way, where it is pods.
    pub(super) fn hop_of(&self, proxy: &Proxy) -> Option<Hop> {
        let Proxy::Inside { workloads, pods } = proxy else { return None };
        let names: Vec<String> = workloads.iter().map(|workload| workload.key.to_string()).collect();
        let first = pods.iter().find_map(|uid| self.cluster.pods.get(uid));
        let origin = first.map_or_else(Origin::default, |pod| pod.origin.clone());
        Some(Hop { kind: "Pod".into(), name: names.join(", ").into(), detail: "".into(), origin })
    }
}

fn inside(pods: &[&Pod]) -> Proxy {
    Proxy::Inside {
        workloads: pods.iter().map(|pod| pod.workload.clone()).collect(),
        pods: pods.iter().map(|pod| pod.uid.clone()).collect(),
    }
}

/// AWS's and Azure's: AWS sends to nodes unless told otherwise, Azure's Application Gateway to pods.
fn outside(provider: Provider, balancer: &Balancer) -> Proxy {
    let usual = match provider {
        Provider::Azure => BalancerTargets::Pods,
        Provider::Amazon | Provider::Google => BalancerTargets::Nodes,
    };
    Proxy::Outside { provider, targets: balancer.targets.unwrap_or(usual), internal: balancer.internal }
}
