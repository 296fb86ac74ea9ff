//! From a Service to the pods behind it.

use super::way::DeadEnd;
use crate::object::{Cluster, ObjectKey, Pod, Service, ServicePort, ServicePortRef, TargetPort};
use std::{collections::BTreeMap, sync::Arc};

/// The pods behind a port of a Service, and the port of each.
pub(super) type Targets<'a> = Vec<(&'a Pod, u16)>;

/// The Services of a cluster, and the pods of each namespace: every way ends with a look at both.
pub(super) struct Services<'a> {
    cluster: &'a Cluster,
    pods: BTreeMap<&'a Arc<str>, Vec<&'a Pod>>,
}

impl<'a> Services<'a> {
    pub(super) fn of(cluster: &'a Cluster) -> Self {
        let mut pods: BTreeMap<_, Vec<&Pod>> = BTreeMap::new();
        for pod in cluster.pods.values().filter(|pod| !pod.finished) {
            pods.entry(&pod.key.namespace).or_default().push(pod);
        }
        Self { cluster, pods }
    }

    /// The running pods of a namespace (S24).
    pub(super) fn pods(&self, namespace: &Arc<str>) -> &[&'a Pod] {
        self.pods.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// The Service `key`, and its port.
    pub(super) fn find(
        &self,
        key: &ObjectKey,
        port: &ServicePortRef,
    ) -> Result<(&'a Service, &'a ServicePort), DeadEnd> {
        let service = self.cluster.services.get(key);
        let service = service.ok_or_else(|| DeadEnd::NoService(key.to_string().into()))?;
        let found = service.ports.iter().find(|own| match port {
            ServicePortRef::Number(number) => own.port == *number,
            ServicePortRef::Name(name) => own.name.as_ref() == Some(name),
        });
        let found = found.ok_or_else(|| DeadEnd::NoPort {
            service: key.to_string().into(),
            port: port.to_string().into(),
            has: service.ports.iter().map(written).collect(),
        })?;
        Ok((service, found))
    }

    /// The pods behind a port of a Service: those that it selects, where they have the port's name.
    pub(super) fn targets(&self, service: &Service, port: &ServicePort) -> Result<Targets<'a>, DeadEnd> {
        let name: Arc<str> = service.key.to_string().into();
        if &*service.kind == "ExternalName" {
            return Err(DeadEnd::ExternalName(name));
        }
        let Some(selector) = &service.selector else { return Err(DeadEnd::NoSelector(name)) };
        let pods = self.pods(&service.key.namespace);
        let selected: Vec<&Pod> = pods.iter().filter(|pod| selector.matches(&pod.labels)).copied().collect();
        if selected.is_empty() {
            return Err(DeadEnd::NoPods { service: name, selector: selector.to_string().into() });
        }
        let number = |pod: &Pod| match &port.target {
            TargetPort::Number(number) => Some(*number),
            TargetPort::Name(name) => pod.named_ports(port.protocol, name).next(),
        };
        let targets: Targets<'a> = selected.into_iter().filter_map(|pod| Some((pod, number(pod)?))).collect();
        match &port.target {
            TargetPort::Name(port) if targets.is_empty() => {
                Err(DeadEnd::NoNamedPort { service: name, name: Arc::clone(port) })
            }
            _ => Ok(targets),
        }
    }

    /// The Services of a namespace that select a pod with its labels.
    pub(super) fn selecting(&self, pod: &'a Pod) -> impl Iterator<Item = &'a Service> {
        let of_namespace = self.cluster.services.values();
        of_namespace.filter(move |service| {
            service.key.namespace == pod.key.namespace
                && service.selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels))
        })
    }
}

/// A port as a person writes it: its number, and its name where it has one.
fn written(port: &ServicePort) -> Arc<str> {
    match &port.name {
        Some(name) => format!("{} ({name})", port.port).into(),
        None => port.port.to_string().into(),
    }
}
