//! What else a person who wonders at an answer wants to know.

use super::Side;
use crate::{
    eval::{Flow, selects},
    object::{
        Cluster, Direction, NetworkPolicy, ObjectKey, Pod, PortMatch, Service, ServicePort, TargetPort,
    },
    packet::{End, Packet, Traffic},
    set::Protocol,
    verdict::{Because, Verdict},
};
use std::{collections::BTreeSet, sync::Arc};

/// A remark on an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hint {
    /// The port asked for is a Service's (S16).
    AskedForServicePort {
        /// The Service.
        service: ObjectKey,
        /// What was asked for.
        asked: String,
        /// What the pods listen on.
        target: String,
    },
    /// A rule allows the Service's port where the pod's was meant (S16).
    RuleNamesServicePort {
        /// The policy.
        policy: ObjectKey,
        /// The Service.
        service: ObjectKey,
        /// What the rule allows.
        port: String,
        /// What the pods listen on.
        target: String,
    },
    /// The destination is a Service's own address, which policies never see (S37).
    ServiceAddress {
        /// The Service.
        service: ObjectKey,
    },
    /// A policy of another namespace selects nobody there and would select this pod (S1).
    PolicyElsewhere {
        /// The policy.
        policy: ObjectKey,
        /// The pod's workload.
        pod: ObjectKey,
        /// The direction it would isolate in.
        direction: Direction,
    },
    /// No container of the destination declares the port.
    NotDeclared {
        /// The destination.
        pod: ObjectKey,
        /// What was asked for.
        asked: String,
        /// What it declares.
        declared: Vec<String>,
    },
    /// One end uses its node's network (S22).
    HostNetwork {
        /// The pod's workload.
        pod: ObjectKey,
    },
    /// A policy that denies everything, and forgets to say that egress is meant too (S3).
    EgressNotClosed {
        /// The policy.
        policy: ObjectKey,
    },
    /// One end has finished (S24).
    Finished {
        /// The pod's workload.
        pod: ObjectKey,
    },
    /// A rule opens one side, and the other stays closed (S11).
    OtherSide {
        /// The side that is closed.
        direction: Direction,
    },
}

/// The remarks on an answer, sorted.
pub(super) fn hints(flow: &Flow<'_>, packet: &Packet, verdict: &Verdict, sides: [&Side; 2]) -> Vec<Hint> {
    let mut hints = BTreeSet::new();
    for side in sides {
        hints.extend(elsewhere(flow, side.direction));
        let end = match side.direction {
            Direction::Egress => &packet.from,
            Direction::Ingress => &packet.to,
        };
        hints.extend(unseen(flow, side.direction, end));
        if !verdict.decision.is_allow() {
            hints.extend(other_side(verdict, side.direction));
        }
    }
    if let Traffic::Port(protocol, number) = flow.traffic() {
        for pod in flow.subject(Direction::Ingress).pods() {
            hints.extend(of_services(flow, pod, protocol, number));
            hints.extend(not_declared(pod, protocol, number));
        }
    }
    if verdict.egress.because == Because::NotIsolated {
        hints.extend(egress_not_closed(flow));
    }
    hints.extend(service_address(flow));
    hints.into_iter().collect()
}

fn other_side(verdict: &Verdict, closed: Direction) -> Option<Hint> {
    let open = closed.other();
    // A rule for everybody was not written for this connection.
    let by_rule = matches!(&verdict.side(open).because, Because::Rule(path) if path.peer.is_some());
    // What a cluster-wide policy denies no rule of a NetworkPolicy opens.
    let no_rule = matches!(&verdict.side(closed).because, Because::NoRule(_));
    (by_rule && no_rule).then_some(Hint::OtherSide { direction: closed })
}

/// S3: a policy without types and rules closes ingress alone.
fn egress_not_closed(flow: &Flow<'_>) -> Vec<Hint> {
    let pods = flow.subject(Direction::Egress).pods();
    let forgets = |policy: &&NetworkPolicy| {
        policy.types.is_empty()
            && policy.ingress.is_empty()
            && policy.egress.is_empty()
            && pods.iter().any(|pod| selects(policy, pod))
    };
    let policies = flow.cluster().policies.values().filter(forgets);
    policies.map(|policy| Hint::EgressNotClosed { policy: policy.key.clone() }).collect()
}

/// Policies whose author chose the wrong namespace: they select nobody at home and would select the
/// subject if they lay in its namespace.
fn elsewhere(flow: &Flow<'_>, direction: Direction) -> Vec<Hint> {
    let cluster = flow.cluster();
    let mut hints = Vec::new();
    for pod in flow.subject(direction).pods() {
        let strays = cluster.policies.values().filter(|policy| {
            policy.key.namespace != pod.key.namespace
                && policy.isolates(direction)
                && !policy.subjects.is_everything()
                && policy.subjects.matches(&pod.labels)
                && selects_nobody(cluster, policy)
        });
        hints.extend(strays.map(|policy| Hint::PolicyElsewhere {
            policy: policy.key.clone(),
            pod: pod.workload.key.clone(),
            direction,
        }));
    }
    hints
}

fn selects_nobody(cluster: &Cluster, policy: &NetworkPolicy) -> bool {
    !cluster.pods.values().any(|pod| selects(policy, pod))
}

/// Pods at an end that policies do not see (S22, S24).
fn unseen(flow: &Flow<'_>, direction: Direction, end: &End) -> Vec<Hint> {
    if !flow.subject(direction).pods().is_empty() {
        return Vec::new();
    }
    let is_there = |pod: &&Arc<Pod>| match end {
        End::Address(address) => pod.addresses.contains(address),
        End::Pod(uid) => pod.uid == *uid,
    };
    let hint = |pod: &Arc<Pod>| {
        let key = pod.workload.key.clone();
        if pod.finished { Hint::Finished { pod: key } } else { Hint::HostNetwork { pod: key } }
    };
    flow.cluster().pods.values().filter(is_there).map(hint).collect()
}

fn of_services(flow: &Flow<'_>, pod: &Pod, protocol: Protocol, number: u16) -> Vec<Hint> {
    let mut hints = Vec::new();
    for service in services_of(flow.cluster(), pod) {
        for port in service.ports.iter().filter(|port| port.protocol == protocol) {
            let Some(target) = target(pod, port).filter(|target| *target != port.port) else { continue };
            if port.port == number {
                hints.push(Hint::AskedForServicePort {
                    service: service.key.clone(),
                    asked: format!("{protocol} {number}"),
                    target: format!("{protocol} {target}"),
                });
            } else if target == number {
                hints.extend(rules_naming(flow, pod, service, port, target));
            }
        }
    }
    hints
}

fn services_of<'a>(cluster: &'a Cluster, pod: &'a Pod) -> impl Iterator<Item = &'a Service> {
    cluster.services.values().filter(|service| {
        service.key.namespace == pod.key.namespace
            && service.selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels))
    })
}

fn target(pod: &Pod, port: &ServicePort) -> Option<u16> {
    match &port.target {
        TargetPort::Number(number) => Some(*number),
        TargetPort::Name(name) => pod.named_ports(port.protocol, name).next(),
    }
}

/// Policies that isolate the pod and allow the Service's port, but not the pod's.
fn rules_naming(flow: &Flow<'_>, pod: &Pod, service: &Service, port: &ServicePort, target: u16) -> Vec<Hint> {
    let isolating = crate::eval::isolating(flow.cluster(), pod, Direction::Ingress);
    let meant = isolating.into_iter().filter(|policy| {
        let mut ports = policy.rules(Direction::Ingress).iter().flat_map(|rule| &rule.ports);
        ports.any(|entry| {
            entry.protocol == port.protocol
                && matches!(&entry.port, PortMatch::Range(range) if range.contains(port.port) && !range.contains(target))
        })
    });
    meant
        .map(|policy| Hint::RuleNamesServicePort {
            policy: policy.key.clone(),
            service: service.key.clone(),
            port: format!("{} {}", port.protocol, port.port),
            target: format!("{} {target}", port.protocol),
        })
        .collect()
}

fn not_declared(pod: &Pod, protocol: Protocol, number: u16) -> Option<Hint> {
    let declares = pod.ports.iter().any(|port| port.protocol == protocol && port.number == number);
    let declared: BTreeSet<(Protocol, u16)> =
        pod.ports.iter().map(|port| (port.protocol, port.number)).collect();
    (!declares && !declared.is_empty()).then(|| Hint::NotDeclared {
        pod: pod.workload.key.clone(),
        asked: format!("{protocol} {number}"),
        declared: declared.iter().map(|(protocol, number)| format!("{protocol} {number}")).collect(),
    })
}

fn service_address(flow: &Flow<'_>) -> Option<Hint> {
    let address = flow.subject(Direction::Ingress).address()?;
    let mut services = flow.cluster().services.values();
    let service = services.find(|service| {
        service.cluster_addresses.contains(&address) || service.external_addresses.contains(&address)
    })?;
    Some(Hint::ServiceAddress { service: service.key.clone() })
}
