//! Misses in words.

use super::{
    Who,
    hint::Hint,
    miss::{Miss, PeerForm},
    obstacle::{Obstacle, PortTrouble},
};
use crate::{
    object::{Direction, Requirement},
    packet::Traffic,
};
use std::fmt;

impl fmt::Display for Who {
    /// The workload, without back quotes; the address where no pod bears it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.workloads.iter().map(|workload| workload.key.to_string()).collect();
        match (names.is_empty(), self.address) {
            (false, _) => f.write_str(&names.join(" and ")),
            (true, Some(address)) => address.fmt(f),
            (true, None) => f.write_str("a pod that policies do not see"),
        }
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = &self.policy.name;
        let (of_port, of_peer): (Vec<_>, Vec<_>) =
            self.obstacles.iter().partition(|obstacle| matches!(obstacle, Obstacle::Port { .. }));
        match (of_peer.first(), of_port.first()) {
            (Some(Obstacle::NoRules), _) => {
                write!(f, "`{policy}` has no {} rule, so it allows nothing", self.direction)
            }
            (Some(Obstacle::NotSelected { pod, .. }), _) => {
                write!(f, "`{policy}` would allow it but does not select `{pod}`: {}", clauses(&of_peer))
            }
            (None, Some(port)) => {
                write!(f, "{} but {}", matching(policy, &self.peer, &self.form), clause(port))
            }
            (Some(_), None) if self.ports.is_empty() => {
                write!(
                    f,
                    "a rule of `{policy}` allows every port, but {}",
                    peer_clauses(&of_peer, &self.form)
                )
            }
            (Some(_), None) => {
                write!(
                    f,
                    "a rule of `{policy}` allows {}, but {}",
                    list(&self.ports),
                    peer_clauses(&of_peer, &self.form)
                )
            }
            (_, Some(port)) => {
                write!(
                    f,
                    "the nearest rule is one of `{policy}`, but {}; and {}",
                    peer_clauses(&of_peer, &self.form),
                    clause(port)
                )
            }
            (None, None) => write!(f, "`{policy}` allows it"),
        }
    }
}

/// The half of the sentence about what does match.
fn matching(policy: &str, peer: &Who, form: &PeerForm) -> String {
    match form {
        PeerForm::Everyone => format!("a rule of `{policy}` is for every peer"),
        PeerForm::Pods => format!("`{peer}` matches the podSelector of `{policy}`"),
        PeerForm::Namespaces => format!("`{peer}` matches the namespaceSelector of `{policy}`"),
        PeerForm::PodsInNamespaces => {
            format!("`{peer}` matches the namespaceSelector and podSelector of `{policy}`")
        }
        PeerForm::Block(block) => format!("`{peer}` matches the ipBlock `{}` of `{policy}`", block.cidr()),
    }
}

/// Up to so many labels of one selector are set against the pod's; with more missing, the rule is
/// plainly about something else, and what it wants is enough.
const LABELS: usize = 2;

/// What fails of a peer: each selector is named once, then what it wants.
fn peer_clauses(obstacles: &[&Obstacle], form: &PeerForm) -> String {
    // S6: one entry with both selectors means a namespace AND pods in it.
    let namespace_matches = *form == PeerForm::PodsInNamespaces
        && !obstacles.iter().any(|obstacle| matches!(obstacle, Obstacle::NamespaceLabel { .. }));
    let mut parts: Vec<String> = Vec::new();
    for of_one in obstacles.chunk_by(|a, b| selector(a).is_some() && selector(a) == selector(b)) {
        let Some(first) = of_one.first() else { continue };
        match selector(first) {
            Some(selector) if namespace_matches => {
                let what = clauses(of_one);
                parts.push(format!("its namespaceSelector matches and {selector}, and both must: {what}"));
            }
            Some(selector) => parts.push(format!("{selector}: {}", clauses(of_one))),
            // A selector that means other pods of another namespace is not nearly right.
            None if matches!(first, Obstacle::OtherNamespace { labels_match: false, .. })
                && obstacles.len() > 1 => {}
            None => parts.push(clause(first)),
        }
    }
    parts.join(", and ")
}

/// The selector that an obstacle is about, and how it stands to the packet.
fn selector(obstacle: &Obstacle) -> Option<String> {
    match obstacle {
        Obstacle::PodLabel { pod, .. } => Some(format!("its podSelector does not match `{pod}`")),
        Obstacle::NamespaceLabel { namespace, pod_matches: true, .. } => Some(format!(
            "its podSelector matches and its namespaceSelector does not match the namespace `{namespace}`"
        )),
        Obstacle::NamespaceLabel { namespace, .. } => {
            Some(format!("its namespaceSelector does not match the namespace `{namespace}`"))
        }
        _ => None,
    }
}

fn clauses(obstacles: &[&Obstacle]) -> String {
    let wanted = |obstacle: &&Obstacle| match obstacle {
        Obstacle::PodLabel { wanted, .. }
        | Obstacle::NamespaceLabel { wanted, .. }
        | Obstacle::NotSelected { wanted, .. } => Some(format!("`{wanted}`")),
        _ => None,
    };
    let all: Option<Vec<String>> = obstacles.iter().map(wanted).collect();
    match all.filter(|wanted| wanted.len() > LABELS) {
        Some(wanted) => format!("{} are wanted", list(&wanted)),
        None => obstacles.iter().map(|obstacle| clause(obstacle)).collect::<Vec<_>>().join(", and "),
    }
}

fn clause(obstacle: &Obstacle) -> String {
    obstacle.to_string()
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PodLabel { wanted, has, .. } | Self::NotSelected { wanted, has, .. } => {
                f.write_str(&label("pod", wanted, has.as_deref()))
            }
            Self::NamespaceLabel { wanted, has, .. } => {
                f.write_str(&label("namespace", wanted, has.as_deref()))
            }
            Self::OtherNamespace { pod, policy_namespace, labels_match } => {
                write!(
                    f,
                    "its podSelector stands without a namespaceSelector and so means pods of \
                     `{policy_namespace}`, and `{pod}` is in `{}`",
                    pod.namespace
                )?;
                if *labels_match { f.write_str(" (its labels would match)") } else { Ok(()) }
            }
            Self::Excepted { address, cidr, except } => {
                write!(f, "`{address}` is in the exception `{except}` of its ipBlock `{cidr}`")
            }
            Self::OutsideBlock { address, cidr } => {
                write!(f, "`{address}` is not in its ipBlock `{cidr}`")
            }
            Self::AddressUnknown { pod, cidr } => {
                write!(
                    f,
                    "no manifest tells the address of `{pod}`, so it is not known to be in its ipBlock `{cidr}`"
                )
            }
            Self::NotAPod { address: Some(address) } => {
                write!(f, "its selector means pods, and no pod has the address `{address}`")
            }
            Self::NotAPod { address: None } => {
                f.write_str("its selector means pods of the pod network, and this one is not of it")
            }
            Self::Port { traffic, allowed, trouble } => port(f, *traffic, &list(allowed), trouble),
            Self::NoRules => f.write_str("it has no rule"),
        }
    }
}

fn label(of: &str, wanted: &Requirement, has: Option<&str>) -> String {
    let key = wanted.key();
    let wants = match wanted {
        Requirement::Exists(_) => format!("the label `{key}` is wanted"),
        Requirement::DoesNotExist(_) => format!("no label `{key}` is wanted"),
        Requirement::In(..) | Requirement::NotIn(..) => format!("`{wanted}` is wanted"),
    };
    match has {
        Some(value) => format!("{wants} and the {of} has `{key}={value}`"),
        None => format!("{wants} and the {of} has no label `{key}`"),
    }
}

fn port(f: &mut fmt::Formatter<'_>, traffic: Traffic, allowed: &str, trouble: &PortTrouble) -> fmt::Result {
    let number = match traffic {
        Traffic::Port(_, number) => number.to_string(),
        Traffic::Icmpv6(_) | Traffic::Other(_) => traffic.to_string(),
    };
    match trouble {
        PortTrouble::Number => write!(f, "the port is {number}, and the rule allows {allowed}"),
        PortTrouble::Protocol => {
            let Traffic::Port(protocol, _) = traffic else { return Ok(()) };
            write!(f, "the protocol is {protocol}, and the rule allows {allowed}")
        }
        PortTrouble::NameUnknown { name, pod: Some(pod), defined } if defined.is_empty() => {
            write!(f, "the rule allows the port named `{name}`, and `{pod}` names no port")
        }
        PortTrouble::NameUnknown { name, pod: Some(pod), defined } => {
            let defined = defined.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
            write!(
                f,
                "the rule allows the port named `{name}`, and `{pod}` names its ports {}",
                list(&defined)
            )
        }
        PortTrouble::NameUnknown { name, pod: None, .. } => {
            write!(f, "the rule allows the port named `{name}`, which only pods define")
        }
        PortTrouble::NameOfOtherProtocol { name, pod, defined } => {
            write!(f, "the rule allows {allowed}, and `{pod}` defines `{name}` for {defined}")
        }
        PortTrouble::NameOfOtherNumber { name, pod, protocol, number: named } => {
            write!(f, "the port is {number}, and the port named `{name}` of `{pod}` is {protocol} {named}")
        }
        PortTrouble::NoPorts => {
            write!(f, "{traffic} has no ports, and the rule allows {allowed} only")
        }
    }
}

fn list(items: &[String]) -> String {
    match items {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AskedForServicePort { service, asked, target } => write!(
                f,
                "{asked} is the port of the Service `{service}`; policies see the port of the pods behind it: ask for {target}"
            ),
            Self::RuleNamesServicePort { policy, service, port, target } => write!(
                f,
                "`{policy}` allows {port}, the port of the Service `{service}`; policies see the port of the pods behind it: write {target}"
            ),
            Self::ServiceAddress { service } => write!(
                f,
                "the address is that of the Service `{service}`; policies see the pods behind it: ask for one of them"
            ),
            Self::PolicyElsewhere { policy, pod, direction } => write!(
                f,
                "`{policy}` would isolate `{pod}` in {direction} if it lay in `{}`: a policy selects pods of its own \
                 namespace, and this one selects none",
                pod.namespace
            ),
            Self::NotDeclared { pod, asked, declared } => {
                write!(f, "no container of `{pod}` declares {asked}; declared: {}", list(declared))
            }
            Self::HostNetwork { pod } => write!(
                f,
                "`{pod}` uses its node's network: policies do not select it, and see it as its node's address"
            ),
            Self::EgressNotClosed { policy } => write!(
                f,
                "`{policy}` selects it and closes ingress only: where policyTypes is not written, egress is closed \
                 only by a policy that lists an egress rule; write `policyTypes: [Ingress, Egress]` to close both"
            ),
            Self::Finished { pod } => {
                write!(f, "`{pod}` has finished: policies do not see it")
            }
            Self::OtherSide { direction } => {
                let (open, closed) = match direction {
                    Direction::Ingress => ("the source's egress", "the destination's ingress"),
                    Direction::Egress => ("the destination's ingress", "the source's egress"),
                };
                write!(f, "a rule opens {open}, but {closed} has none for it; a connection needs both")
            }
        }
    }
}
