//! Manifests as `kubectl get -o yaml` prints them: longer than what policies look at.

use crate::cluster::Usual;
use sekisho_core::object::{Change, LabelSelector, NetworkPolicy, PeerKind, Pod, PortMatch, Requirement};
use std::fmt::{Result, Write};

/// The text of a whole cluster.
pub(crate) fn text(shape: Usual) -> String {
    let mut text = String::new();
    for change in shape.changes() {
        // A string takes whatever is written into it.
        let _ = match &change {
            Change::PutNamespace(namespace) => named(&mut text, "v1", "Namespace", namespace.name()),
            Change::PutPod(pod) => write_pod(&mut text, pod),
            Change::PutPolicy(policy) => write_policy(&mut text, policy),
            _ => Ok(()),
        };
    }
    text
}

fn named(text: &mut String, version: &str, kind: &str, name: &str) -> Result {
    write!(text, "---\napiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}\n")
}

fn write_pod(text: &mut String, pod: &Pod) -> Result {
    named(text, "v1", "Pod", &pod.key.name)?;
    writeln!(text, "  namespace: {}", pod.key.namespace)?;
    text.push_str("  labels:\n");
    for (key, value) in pod.labels.iter() {
        writeln!(text, "    {key}: {value}")?;
    }
    let controller = format!("{}-5d8f7c9b66", pod.workload.key.name);
    writeln!(
        text,
        "  creationTimestamp: \"2025-01-01T00:00:00Z\"\n  uid: {}\n  resourceVersion: \"1\"",
        pod.uid
    )?;
    writeln!(
        text,
        "  ownerReferences:\n  - apiVersion: apps/v1\n    kind: ReplicaSet\n    name: {controller}"
    )?;
    writeln!(text, "    uid: 0b1c\n    controller: true\n    blockOwnerDeletion: true")?;
    let node = pod.node.as_deref().unwrap_or_default();
    writeln!(
        text,
        "spec:\n  nodeName: {node}\n  containers:\n  - name: main\n    image: registry.example/app:1.0"
    )?;
    text.push_str("    ports:\n");
    for port in &pod.ports {
        let name = port.name.as_deref().unwrap_or_default();
        writeln!(
            text,
            "    - name: {name}\n      containerPort: {}\n      protocol: {}",
            port.number, port.protocol
        )?;
    }
    text.push_str("    resources:\n      requests:\n        cpu: 100m\n        memory: 128Mi\n  restartPolicy: Always\n");
    text.push_str("status:\n  phase: Running\n  hostIP: 192.168.0.10\n");
    for address in &pod.addresses {
        writeln!(text, "  podIP: {address}\n  podIPs:\n  - ip: {address}")?;
    }
    text.push_str("  conditions:\n  - type: Ready\n    status: \"True\"\n    lastProbeTime: null\n");
    Ok(())
}

fn write_policy(text: &mut String, policy: &NetworkPolicy) -> Result {
    named(text, "networking.k8s.io/v1", "NetworkPolicy", &policy.key.name)?;
    writeln!(
        text,
        "  namespace: {}\nspec:\n  podSelector: {}",
        policy.key.namespace,
        flow(&policy.subjects)
    )?;
    text.push_str("  policyTypes: [Ingress]\n  ingress:\n");
    for rule in &policy.ingress {
        text.push_str("  - from:\n");
        for peer in &rule.peers {
            match &peer.kind {
                PeerKind::PodsInNamespaces { namespaces, pods } => {
                    writeln!(
                        text,
                        "    - namespaceSelector: {}\n      podSelector: {}",
                        flow(namespaces),
                        flow(pods)
                    )?;
                }
                PeerKind::Block(block) => writeln!(text, "    - ipBlock:\n        cidr: {}", block.cidr())?,
                PeerKind::Pods(pods) => writeln!(text, "    - podSelector: {}", flow(pods))?,
                PeerKind::Namespaces(namespaces) => {
                    writeln!(text, "    - namespaceSelector: {}", flow(namespaces))?
                }
            }
        }
        text.push_str("    ports:\n");
        for port in &rule.ports {
            if let PortMatch::Range(range) = port.port {
                writeln!(
                    text,
                    "    - protocol: {}\n      port: {}\n      endPort: {}",
                    port.protocol,
                    range.first(),
                    range.last()
                )?;
            }
        }
    }
    Ok(())
}

/// A selector on one line. Those of these clusters ask each key for one value.
fn flow(selector: &LabelSelector) -> String {
    let labels = selector.requirements().filter_map(|requirement| match requirement {
        Requirement::In(key, values) => Some(format!("{key}: {}", values.first()?)),
        _ => None,
    });
    let labels: Vec<_> = labels.collect();
    if labels.is_empty() { "{}".to_owned() } else { format!("{{matchLabels: {{{}}}}}", labels.join(", ")) }
}
