//! An object as the API shows it.

use super::{Form, policy};
use sekisho_core::object::{Change, Labels, Pod};
use serde_json::{Map, Value, json};

/// The object that a change brings, with its `kind`; `None` for one that goes.
pub(crate) fn json(change: &Change, form: Form) -> Option<Value> {
    match change {
        Change::PutNamespace(namespace) => {
            let metadata = json!({"name": **namespace.name(), "labels": labels(namespace.labels())});
            Some(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
        }
        Change::PutNode(node) => {
            Some(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": *node.name}}))
        }
        Change::PutPolicy(object) => Some(policy::json(object)),
        Change::PutPod(object) => Some(pod(object, form)),
        _ => None,
    }
}

fn labels(labels: &Labels) -> Value {
    labels.iter().map(|(key, value)| (key.to_string(), Value::from(&**value))).collect::<Map<_, _>>().into()
}

fn pod(pod: &Pod, form: Form) -> Value {
    let mut value = narrow(pod);
    if form == Form::Kubectl {
        merge(&mut value, wide(pod));
    }
    value
}

/// What a verdict depends on.
fn narrow(pod: &Pod) -> Value {
    let ports: Vec<Value> = pod
        .ports
        .iter()
        .map(|port| {
            let name = port.name.as_deref();
            json!({"name": name, "containerPort": port.number, "protocol": port.protocol.to_string()})
        })
        .collect();
    let addresses: Vec<Value> =
        pod.addresses.iter().map(|address| json!({"ip": address.to_string()})).collect();
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": *pod.key.name,
            "namespace": *pod.key.namespace,
            "uid": *pod.uid.0,
            "labels": labels(&pod.labels),
            "ownerReferences": [owner(pod)],
        },
        "spec": {"nodeName": pod.node.as_deref(), "containers": [{"name": "main", "ports": ports}]},
        "status": {
            "phase": "Running",
            "hostIP": pod.host_addresses.first().map(ToString::to_string),
            "podIP": pod.addresses.first().map(ToString::to_string),
            "podIPs": addresses,
        },
    })
}

/// The ReplicaSet, which is called as its Deployment and the hash of the template.
fn owner(pod: &Pod) -> Value {
    let hash = pod.labels.get("pod-template-hash").unwrap_or("5d8f7c9b66");
    let name = format!("{}-{hash}", pod.workload.key.name);
    json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name, "uid": "0b1c", "controller": true})
}

/// What `kubectl` prints besides: much, and not all of it here.
fn wide(pod: &Pod) -> Value {
    let condition = |kind: &str| json!({"lastProbeTime": null, "lastTransitionTime": "2025-01-01T00:00:00Z", "status": "True", "type": kind});
    let conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map(condition);
    json!({
        "metadata": {
            "creationTimestamp": "2025-01-01T00:00:00Z",
            "generateName": format!("{}-", pod.workload.key.name),
            "resourceVersion": "1",
        },
        "spec": {
            "containers": [{
                "image": "registry.example/app:1.0",
                "imagePullPolicy": "IfNotPresent",
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
                "terminationMessagePath": "/dev/termination-log",
            }],
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": "Always",
            "serviceAccountName": "default",
        },
        "status": {
            "conditions": conditions,
            "qosClass": "Burstable",
            "startTime": "2025-01-01T00:00:00Z",
        },
    })
}

/// Puts what is in `more` into `value`, at its place.
fn merge(value: &mut Value, more: Value) {
    match (value, more) {
        (Value::Object(fields), Value::Object(more)) => {
            for (key, more) in more {
                merge(fields.entry(key).or_insert(Value::Null), more);
            }
        }
        (Value::Array(items), Value::Array(more)) => {
            for (item, more) in items.iter_mut().zip(more) {
                merge(item, more);
            }
        }
        (value, more) => *value = more,
    }
}
