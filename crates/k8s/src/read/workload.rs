//! Controllers of pods. Each stands for the pods it would make.

use super::{
    context::{Context, Path},
    meta::{self, Meta},
    pod,
};
use crate::tree::NodeId;
use sekisho_core::object::{Pod, Workload};
use std::sync::Arc;

/// The kinds of controllers, and the API groups they were ever in.
pub(crate) const KINDS: [(&str, &[&str]); 7] = [
    ("Deployment", &["apps", "extensions"]),
    ("StatefulSet", &["apps"]),
    ("DaemonSet", &["apps", "extensions"]),
    ("ReplicaSet", &["apps", "extensions"]),
    ("ReplicationController", &[""]),
    ("Job", &["batch"]),
    ("CronJob", &["batch"]),
];

/// How many pods a controller makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Making {
    /// Some.
    Pods,
    /// None, because it is scaled to none.
    NoReplicas,
    /// None any more: a job that is done.
    Done,
}

/// A controller and the pod it would make.
#[derive(Clone, Debug)]
pub(crate) struct Controller {
    pub(crate) kind: Arc<str>,
    pub(crate) meta: Meta,
    pub(crate) template: Pod,
    pub(crate) making: Making,
}

/// The controller of `kind` at `node`.
pub(crate) fn read(cx: &mut Context<'_>, node: NodeId, kind: &str) -> Option<Controller> {
    let meta = meta::read(cx, node)?;
    let top = Path::TOP;
    let Some(spec) = cx.mapping(node, "spec", top) else {
        if cx.get(node, "spec").is_none() {
            cx.error("missing-field", node, "`spec` is missing");
        }
        return None;
    };
    let spec_path = top.field("spec");
    let replicas = cx.integer(spec, "replicas", spec_path);
    let making = match replicas {
        Some(0) => Making::NoReplicas,
        _ if kind == "Job" && is_done(cx, node) => Making::Done,
        _ => Making::Pods,
    };
    let job_path = spec_path.field("jobTemplate");
    let job_spec_path = job_path.field("spec");
    let (template, path) = if kind == "CronJob" {
        let job = cx.mapping(spec, "jobTemplate", spec_path);
        let job_spec = job.and_then(|job| cx.mapping(job, "spec", job_path));
        let template = job_spec.and_then(|spec| cx.mapping(spec, "template", job_spec_path));
        (template, job_spec_path.field("template"))
    } else {
        (cx.mapping(spec, "template", spec_path), spec_path.field("template"))
    };
    let Some(template) = template else {
        cx.error("missing-field", spec, format!("`{path}` is missing"));
        return None;
    };
    let kind: Arc<str> = kind.into();
    let template = read_template(cx, template, path, &meta, &kind);
    Some(Controller { kind, meta, template, making })
}

fn read_template(
    cx: &mut Context<'_>,
    template: NodeId,
    path: Path<'_>,
    meta: &Meta,
    kind: &Arc<str>,
) -> Pod {
    let mut pod = Pod::new(meta.key.clone());
    pod.workload = Workload { key: meta.key.clone(), kind: Arc::clone(kind) };
    pod.origin = meta.origin.clone();
    if let Some(metadata) = cx.mapping(template, "metadata", path) {
        pod.labels = meta::labels(cx, metadata, path.field("metadata"));
    }
    match cx.mapping(template, "spec", path) {
        Some(spec) => pod::read_spec(cx, spec, path.field("spec"), &mut pod),
        None if cx.get(template, "spec").is_none() => {
            cx.error("missing-field", template, format!("`{path}.spec` is missing"));
        }
        None => {}
    }
    pod::annotated_addresses(cx, template, path, &mut pod);
    pod
}

/// Whether the Job at `node` is complete or has failed for good.
fn is_done(cx: &mut Context<'_>, node: NodeId) -> bool {
    let Some(status) = cx.get(node, "status") else { return false };
    let path = Path::TOP.field("status");
    let conditions = cx.list(status, "conditions", path);
    conditions.into_iter().any(|condition| {
        let value = |key| cx.get(condition, key).map(|node| cx.tree.key_text(node));
        matches!(value("type"), Some("Complete" | "Failed")) && value("status") == Some("True")
    })
}
