//! Whom a group that has no member was probably meant to have.

use super::{Group, Members, World};
use crate::{
    near,
    object::{LabelSelector, Labels, Requirement},
};
use std::collections::BTreeSet;

impl World<'_> {
    /// What was probably meant by a group that nobody belongs to: the name of a workload or a namespace,
    /// or a label as `key=value`.
    #[must_use]
    pub fn meant(&self, group: &Group) -> Option<String> {
        let pods = || self.today.iter().filter_map(|id| self.pod(id));
        match &group.members {
            Members::Named(key) => {
                nearest(&key.to_string(), &pods().map(|pod| pod.workload.key.to_string()).collect())
            }
            Members::Namespace(name) => {
                let names = pods().map(|pod| pod.key.namespace.to_string()).collect();
                nearest(name, &names).map(|name| format!("{name}/*"))
            }
            Members::Pods { namespaces, pods: selector } => {
                let labels = pods().map(|pod| pod.labels.clone()).collect();
                label(selector, &labels).or_else(|| {
                    let labels = pods().map(|pod| self.namespace_of(pod).labels().clone()).collect();
                    label(namespaces, &labels)
                })
            }
            Members::Anyone | Members::Cluster | Members::Internet | Members::Addresses(_) => None,
        }
    }
}

/// The label nearest to the first that `selector` asks for and nobody bears.
fn label(selector: &LabelSelector, labels: &BTreeSet<Labels>) -> Option<String> {
    let missing = selector.requirements().find_map(|requirement| match requirement {
        Requirement::In(key, values) if !labels.iter().any(|labels| requirement.matches(labels)) => {
            Some(format!("{key}={}", values.first()?))
        }
        _ => None,
    })?;
    let there = labels.iter().flat_map(Labels::iter).map(|(key, value)| format!("{key}={value}"));
    nearest(&missing, &there.collect())
}

/// The one of `names` that is nearest to `text`, where one is near.
fn nearest(text: &str, names: &BTreeSet<String>) -> Option<String> {
    near::nearest(text, names.iter().map(String::as_str)).map(str::to_owned)
}
