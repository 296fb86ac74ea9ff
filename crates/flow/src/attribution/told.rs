//! Pods in an observer's words, as flows name them.

use super::book::{Book, Known};
use crate::{
    observation::ToldPod,
    record::{End, WorkloadEnd},
};
use sekisho_core::object::{ObjectKey, Workload};
use std::sync::Arc;

/// The letters and digits that Kubernetes makes names of (`k8s.io/apimachinery/pkg/util/rand`): without vowels, so that
/// no words come of it.
const MADE: &str = "bcdfghjklmnpqrstvwxz2456789";

/// The end that `pod` stands at, and the pod of the book that is it, or is like it.
pub(super) fn end(book: &Book, pod: &ToldPod) -> (End, Option<Arc<Known>>) {
    let key = |name: &Arc<str>| ObjectKey { namespace: Arc::clone(&pod.namespace), name: Arc::clone(name) };
    if let Some(known) = pod.name.as_ref().and_then(|name| book.named(&key(name))) {
        return (known.end.clone(), Some(Arc::clone(known)));
    }
    let workloads = workloads(pod);
    if let Some(known) = workloads.iter().find_map(|workload| book.of_workload(workload)) {
        return (known.end.clone(), Some(Arc::clone(known)));
    }
    // Nobody knows the workload: what was told of it is the first of what it may be.
    let itself = || Workload { key: key(pod.name.as_ref().unwrap_or(&Arc::from(""))), kind: "Pod".into() };
    let told = pod.workload.is_some().then(|| workloads.into_iter().next()).flatten();
    let labels = crate::record::stable_labels(&pod.labels, |_| false);
    (End::Workload(WorkloadEnd { workload: told.unwrap_or_else(itself), labels }), None)
}

/// What the pod may belong to, the topmost first.
fn workloads(pod: &ToldPod) -> Vec<Workload> {
    let workload = |kind: &str, name: &str| Workload {
        key: ObjectKey::new(Arc::clone(&pod.namespace), name),
        kind: kind.into(),
    };
    if let Some((kind, name)) = &pod.workload {
        let told = workload(kind, name);
        // A controller that another one made is not the topmost.
        let above = match &**kind {
            "ReplicaSet" => stem(name, is_hash).map(|name| workload("Deployment", name)),
            "Job" => stem(name, is_number).map(|name| workload("CronJob", name)),
            _ => None,
        };
        return above.into_iter().chain([told]).collect();
    }
    let Some(name) = pod.name.as_deref() else { return Vec::new() };
    let mut found = Vec::new();
    if let Some(of_one) = stem(name, is_suffix) {
        found.extend(stem(of_one, is_hash).map(|name| workload("Deployment", name)));
        found.extend(stem(of_one, is_number).map(|name| workload("CronJob", name)));
        found.extend(["DaemonSet", "ReplicaSet", "Job"].map(|kind| workload(kind, of_one)));
    }
    found.extend(stem(name, is_number).map(|name| workload("StatefulSet", name)));
    found.push(workload("Pod", name));
    found
}

/// What stands before the last `-`, where what stands behind it is `made` by a controller.
fn stem(name: &str, made: impl Fn(&str) -> bool) -> Option<&str> {
    name.rsplit_once('-').filter(|(stem, last)| !stem.is_empty() && made(last)).map(|(stem, _)| stem)
}

fn is_hash(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.chars().all(|letter| MADE.contains(letter))
}

fn is_suffix(text: &str) -> bool {
    text.len() == 5 && is_hash(text)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
