//! Who serves a class: known controllers, and the labels that their pods bear where they run in the
//! cluster. Facts of the controllers' own documentation and charts.

use crate::object::{LabelSelector, Labels, Provider, Requirement};
use std::sync::Arc;

/// What is known about the controller of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Google Cloud's load balancers: whether the proxies are of a subnet of the user's, and whether only
    /// the inner network reaches them.
    Google { regional: bool, internal: bool },
    /// Another provider's.
    Outside(Provider),
    /// Pods of the cluster.
    Inside(&'static Controller),
}

/// A controller whose proxies are pods.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Controller {
    /// What people call it, which is also the usual name of its class.
    pub(super) name: &'static str,
    /// What its classes write as `controller` or `controllerName` begins with one of these.
    controllers: &'static [&'static str],
    /// Labels of its pods: all of one entry.
    labels: &'static [&'static [(&'static str, &'static str)]],
}

const NAME: &str = "app.kubernetes.io/name";
const COMPONENT: &str = "app.kubernetes.io/component";

/// With what the names begin of the GatewayClasses that GKE has.
const GKE_CLASS: &str = "gke-l7-";

/// The label that says which Gateway a proxy is of (GEP-1762).
pub(super) const OF_GATEWAY: &str = "gateway.networking.k8s.io/gateway-name";
/// Envoy Gateway's own labels, whose proxies are in another namespace than the Gateway.
pub(super) const ENVOY_GATEWAY: [&str; 2] =
    ["gateway.envoyproxy.io/owning-gateway-namespace", "gateway.envoyproxy.io/owning-gateway-name"];

static INSIDE: [Controller; 9] = [
    Controller {
        name: "nginx",
        controllers: &["k8s.io/ingress-nginx", "nginx.org/ingress-controller", "gateway.nginx.org/"],
        labels: &[
            &[(NAME, "ingress-nginx"), (COMPONENT, "controller")],
            &[(NAME, "nginx-ingress")],
            &[("app", "nginx-ingress")],
            &[(NAME, "nginx-gateway-fabric")],
        ],
    },
    Controller {
        name: "traefik",
        controllers: &["traefik.io/"],
        labels: &[&[(NAME, "traefik")], &[("app", "traefik")]],
    },
    Controller {
        name: "haproxy",
        controllers: &["haproxy.org/", "haproxy-ingress.github.io/"],
        labels: &[&[(NAME, "haproxy-ingress")], &[(NAME, "kubernetes-ingress")]],
    },
    Controller {
        name: "contour",
        controllers: &["projectcontour.io/"],
        labels: &[&[(NAME, "contour"), (COMPONENT, "envoy")], &[("app", "envoy")]],
    },
    Controller {
        name: "kong",
        controllers: &["ingress-controllers.konghq.com/", "konghq.com/"],
        labels: &[&[(NAME, "kong")], &[(NAME, "gateway"), ("app.kubernetes.io/instance", "kong")]],
    },
    Controller {
        name: "istio",
        controllers: &["istio.io/"],
        labels: &[&[("istio", "ingressgateway")], &[("app", "istio-ingressgateway")]],
    },
    Controller {
        name: "ambassador",
        controllers: &["getambassador.io/"],
        labels: &[&[(NAME, "emissary-ingress")], &[(NAME, "ambassador")]],
    },
    Controller {
        name: "envoy-gateway",
        controllers: &["gateway.envoyproxy.io/"],
        labels: &[&[(NAME, "envoy"), (COMPONENT, "proxy")]],
    },
    Controller { name: "apisix", controllers: &["apisix.apache.org/"], labels: &[&[(NAME, "apisix")]] },
];

/// The controller that a class writes, or that is known by the class's own name.
pub(super) fn of(class: &str, controller: Option<&str>) -> Option<Known> {
    if class.starts_with(GKE_CLASS) || controller.is_some_and(|name| name.starts_with("networking.gke.io/")) {
        let internal = class.contains("rilb") || class.contains("internal");
        return Some(Known::Google { regional: internal || class.contains("regional"), internal });
    }
    match (class, controller) {
        ("gce", None) => return Some(Known::Google { regional: false, internal: false }),
        ("gce-internal", None) => return Some(Known::Google { regional: true, internal: true }),
        (_, Some(name)) if name.starts_with("ingress.k8s.aws/") || name.contains(".k8s.aws/") => {
            return Some(Known::Outside(Provider::Amazon));
        }
        ("alb", None) => return Some(Known::Outside(Provider::Amazon)),
        (_, Some(name)) if name.starts_with("azure/") || name.contains("networking.azure.io/") => {
            return Some(Known::Outside(Provider::Azure));
        }
        ("azure/application-gateway" | "azure-application-gateway", None) => {
            return Some(Known::Outside(Provider::Azure));
        }
        _ => {}
    }
    let known = INSIDE.iter().find(|known| match controller {
        Some(controller) => known.controllers.iter().any(|prefix| controller.starts_with(prefix)),
        None => known.name == class,
    });
    known.map(Known::Inside)
}

/// Names of classes that providers give, by which they are known where no class is written.
const CLASSES: [&str; 5] =
    ["gce", "gce-internal", "alb", "azure/application-gateway", "azure-application-gateway"];

/// Whether a name, or the value of a label, is a constant by which who serves Ingresses and Gateways is
/// known: of a provider, or of a controller's own charts. Everybody has these, so they tell of nobody.
#[must_use]
pub fn is_well_known(name: &str) -> bool {
    let of_controller = |known: &Controller| {
        let mut values = known.labels.iter().copied().flatten().map(|(_, value)| *value);
        known.name == name || values.any(|value| value == name)
    };
    name.starts_with(GKE_CLASS) || CLASSES.contains(&name) || INSIDE.iter().any(of_controller)
}

/// Whether the key of a label is such a constant.
#[must_use]
pub fn is_well_known_key(key: &str) -> bool {
    let mut labels = INSIDE.iter().flat_map(|known| known.labels.iter().copied().flatten());
    labels.any(|(known, _)| *known == key) || OF_GATEWAY == key || ENVOY_GATEWAY.contains(&key)
}

/// The labels of those who may serve Ingresses and Gateways: a pod that none of these selects is not known to.
#[must_use]
pub fn proxies() -> Vec<LabelSelector> {
    let of_gateways = [OF_GATEWAY].into_iter().chain(ENVOY_GATEWAY.into_iter().take(1));
    let of_gateways = of_gateways.map(|key| [Requirement::Exists(key.into())].into_iter().collect());
    let label = |(key, value): &(&str, &str)| Requirement::In((*key).into(), [Arc::from(*value)].into());
    let of_controllers = all().flat_map(|known| known.labels);
    of_gateways.chain(of_controllers.map(|labels| labels.iter().map(label).collect())).collect()
}

/// Every controller whose proxies are pods.
pub(super) fn all() -> impl Iterator<Item = &'static Controller> {
    INSIDE.iter()
}

impl Controller {
    /// Whether a pod with these labels is one of its proxies.
    pub(super) fn has(&self, labels: &Labels) -> bool {
        let all = |entry: &&[(&str, &str)]| entry.iter().all(|(key, value)| labels.get(key) == Some(*value));
        self.labels.iter().any(all)
    }
}
