//! Services and their components.

use super::{Layer, last, tell::Tell, tiers, values};
use crate::{
    document::{self, Egress},
    model::{Catalog, Component, EGRESS, Service, Tier},
};
use sekisho_core::{
    diagnostic::{Diagnostic, Severity},
    object::{Labels, ObjectKey, Origin},
    standard::Stance,
};
use sekisho_k8s::syntax;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// All services.
pub(super) fn all(layers: &[Layer<'_>; 2], catalog: &Catalog, tell: &mut Tell) -> Vec<Service> {
    let egress =
        last(layers, |standard| standard.egress.as_ref()).map_or(Egress::Open, |(_, egress)| *egress);
    let mut services = Vec::new();
    for layer in layers {
        for (name, service) in layer.services.iter() {
            let origin = layer.origin(name.span);
            if let Err(reason) = syntax::dns_label(&name.value) {
                tell.error("invalid-name", &origin, format!("the service's name {reason}"));
            }
            let named = service.namespace.as_ref();
            let namespace = named.map_or(name.value.as_str(), |namespace| namespace.value.as_str());
            if let Some(named) = named
                && let Err(reason) = syntax::dns_label(namespace)
            {
                tell.error("invalid-name", &layer.origin(named.span), format!("the namespace {reason}"));
            }
            let of = Of {
                layer,
                catalog,
                service: &name.value,
                namespace,
                egress: service.egress.unwrap_or(egress),
            };
            let components = service.components.iter();
            let components = components
                .filter_map(|(name, component)| {
                    of.component(&name.value, component, &layer.origin(name.span), tell)
                })
                .collect();
            if service.egress == Some(Egress::Closed)
                && service.components.is_empty()
                && catalog.exempt.contains(namespace)
            {
                let message = format!("`egress: closed` closes nothing in `{namespace}`, which is exempt");
                let help =
                    "an exempt namespace has no baseline: name the components whose egress is to be closed";
                tell.error_help("conflict", &origin, message, help);
            }
            let (name, namespace) = (name.value.as_str().into(), namespace.into());
            let egress = of.egress.into();
            services.push(Service { name, namespace, egress, components, origin });
        }
    }
    check_twice(catalog, &services, tell);
    services
}

/// The service that a component is of.
struct Of<'a> {
    layer: &'a Layer<'a>,
    catalog: &'a Catalog,
    service: &'a str,
    namespace: &'a str,
    egress: Egress,
}

impl Of<'_> {
    fn component(
        &self,
        name: &str,
        component: &document::Component,
        origin: &Origin,
        tell: &mut Tell,
    ) -> Option<Component> {
        if let Err(reason) = syntax::dns_label(name) {
            tell.error("invalid-name", origin, format!("the component's name {reason}"));
        }
        let tier = self.tier(name, component, origin, tell)?;
        let called = match &component.name {
            Some(called) => called.value.clone(),
            None => tiers::fill(&tier.pattern, self.service, name),
        };
        if let Err(reason) = syntax::dns_subdomain(&called).and_then(|()| syntax::label_value(&called)) {
            let place =
                component.name.as_ref().map_or_else(|| origin.clone(), |name| self.layer.origin(name.span));
            tell.error("invalid-name", &place, format!("the policy's name {reason}"));
        }
        Some(Component {
            labels: self.labels(&called, name, component, tell),
            key: ObjectKey::new(self.namespace, called),
            service: self.service.into(),
            name: name.into(),
            tier: Arc::clone(&tier.name),
            ports: self.ports(tier, component, origin, tell),
            egress: Stance::from(component.egress.unwrap_or(self.egress)),
            origin: origin.clone(),
        })
    }

    fn tier(
        &self,
        name: &str,
        component: &document::Component,
        origin: &Origin,
        tell: &mut Tell,
    ) -> Option<&Tier> {
        let (wanted, place) = match &component.tier {
            Some(tier) => (tier.value.as_str(), self.layer.origin(tier.span)),
            None => (name, origin.clone()),
        };
        let found = self.catalog.tier(wanted);
        if found.is_none() {
            let names: Vec<&str> = self.catalog.tiers.iter().map(|tier| &*tier.name).collect();
            if component.tier.is_some()
                || sekisho_core::near::nearest(wanted, names.iter().copied()).is_some()
            {
                tell.unknown("tier", wanted, names.into_iter(), &place);
            } else {
                let message = format!("no tier is called `{name}`, so it is to say its own");
                let help = format!("write `tier:` with one of {}", names.join(", "));
                tell.error_help("missing-field", &place, message, help);
            }
        }
        found
    }

    /// Whoever is let in by its tier is let in on some port: one forgotten would pass for one that is not there.
    fn ports(
        &self,
        tier: &Tier,
        component: &document::Component,
        origin: &Origin,
        tell: &mut Tell,
    ) -> Vec<sekisho_core::object::PolicyPort> {
        if let Some(ports) = &component.ports {
            return values::ports(self.layer, ports, tell);
        }
        if !tier.callers.is_empty() || !component.callers.0.is_empty() {
            let help = "write `ports: http`, or `ports: []` where nobody calls it";
            tell.error_help("missing-field", origin, "`ports` is missing", help);
        }
        Vec::new()
    }

    fn labels(&self, called: &str, name: &str, component: &document::Component, tell: &mut Tell) -> Labels {
        if let Some(labels) = &component.labels {
            let origin = self.layer.origin(labels.span);
            if labels.value.is_empty() {
                let help = "a policy without labels would select every pod of the namespace";
                tell.error_help("invalid-label", &origin, "`labels` has none", help);
            }
            return values::labels(labels.value.iter(), &origin, tell);
        }
        let naming = &self.catalog.naming;
        let keys = naming.keys().into_iter().cloned();
        keys.zip([called, name, self.service]).collect()
    }
}

/// Two components whose pods or policies nobody could tell apart.
fn check_twice(catalog: &Catalog, services: &[Service], tell: &mut Tell) {
    let mut keys: BTreeMap<ObjectKey, &Origin> = BTreeMap::new();
    let mut pods: BTreeMap<(&str, &Labels), &Origin> = BTreeMap::new();
    let components = || services.iter().flat_map(|service| &service.components);
    let closed: BTreeSet<&Arc<str>> = components()
        .filter(|component| component.egress == Stance::Closed)
        .map(|component| &component.key.namespace)
        .collect();
    for component in components() {
        let origin = &component.origin;
        let mut twice = |message: String, there: &Origin| {
            let found = Diagnostic::new(Severity::Error, "duplicate-name", message, origin.clone());
            tell.push(found.with_label(there.clone(), "the other"));
        };
        if component.key.name == catalog.baseline {
            tell.error_help(
                "duplicate-name",
                origin,
                format!("the policy `{}` is the baseline's", component.key),
                "write another `name`",
            );
        } else if let Some(there) = keys.insert(component.key.clone(), origin) {
            twice(format!("there are two policies `{}`", component.key), there);
        } else if let Some(there) = pods.insert((&component.key.namespace, &component.labels), origin) {
            twice(
                format!("the pods of `{}` have the labels of another component's", component.title()),
                there,
            );
        }
        // Whatever is in a namespace whose egress is closed may have a second policy.
        let egress =
            ObjectKey::new(Arc::clone(&component.key.namespace), format!("{}{EGRESS}", component.key.name));
        if closed.contains(&component.key.namespace)
            && let Some(there) = keys.insert(egress.clone(), origin)
        {
            let message = format!("there are two policies `{egress}`");
            let found = Diagnostic::new(Severity::Error, "duplicate-name", message, origin.clone());
            tell.push(found.with_label(there.clone(), "the other"));
        }
    }
}
