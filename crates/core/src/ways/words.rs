//! Ways in words.

use super::way::{Arrival, Clients, DeadEnd, Hop, Inner, Missing, NotTaken, Sender, Source, WayIn};
use crate::{
    reach::{Party, Term},
    set::AddressSet,
};
use std::fmt;

/// Addresses as a person calls them, set against the internet where that is shorter.
#[must_use]
pub fn addresses(set: &AddressSet) -> String {
    let mut internet = AddressSet::internet();
    if set.v6.is_empty() {
        internet.v6 = AddressSet::empty().v6;
    }
    if set.v4.is_empty() {
        internet.v4 = AddressSet::empty().v4;
    }
    let but_for = internet.difference(set).cidrs();
    if set.difference(&internet).is_empty() && but_for.len() < set.cidrs().len() {
        let but_for: Vec<String> = but_for.iter().map(ToString::to_string).collect();
        let except = if but_for.is_empty() { "" } else { " except " };
        return format!("the internet{except}{}", but_for.join(", "));
    }
    Party { terms: vec![Term::Addresses(set.clone())] }.to_string()
}

fn list<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    match items.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

impl fmt::Display for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internet => f.write_str("internet"),
            Self::Ranges(ranges) => f.write_str(&addresses(ranges)),
            Self::InnerNetwork => f.write_str("inner network"),
            Self::NodeNetwork => f.write_str("whoever reaches a node"),
            Self::Controller => f.write_str("whoever reaches the controller"),
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if &*self.kind != "Pod" {
            write!(f, "{} ", self.kind)?;
        }
        f.write_str(&self.name)?;
        match self.detail.chars().next() {
            None => Ok(()),
            Some(':') => f.write_str(&self.detail),
            Some(_) => write!(f, " {}", self.detail),
        }
    }
}

impl fmt::Display for WayIn {
    /// The way from its outer end to the last object on it, and the one workload it leads to.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.clients.fmt(f)?;
        for hop in &self.hops {
            write!(f, " → {hop}")?;
        }
        match &self.inner {
            Inner::Pods(arrivals) => match arrivals.as_slice() {
                [one] => write!(f, " → {one}"),
                _ => Ok(()),
            },
            Inner::Nowhere(..) => Ok(()),
        }
    }
}

impl fmt::Display for Arrival {
    /// The workload and the port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.workload.key.fmt(f)?;
        if !self.pods.is_empty() {
            let pods: Vec<&str> = self.pods.iter().map(AsRef::as_ref).collect();
            write!(f, " [{}]", pods.join(", "))?;
        }
        write!(f, " {}/{}", self.protocol, self.port)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clients(set) => write!(f, "clients with their own addresses ({})", addresses(set)),
            Self::Balancer { ranges, missing: None } => {
                write!(f, "the load balancer ({})", addresses(ranges))
            }
            Self::Balancer { ranges, missing: Some(_) } if ranges.is_empty() => {
                f.write_str("the load balancer (addresses not known)")
            }
            Self::Balancer { ranges, missing: Some(_) } => write!(
                f,
                "the load balancer (health checks {}, traffic from addresses not known)",
                addresses(ranges)
            ),
            Self::Nodes => f.write_str("the nodes (they masquerade)"),
            Self::Pods { workloads, .. } => {
                write!(f, "pods of {}", list(workloads.iter().map(|workload| &workload.key)))
            }
            Self::Unknown(_) => f.write_str("whoever serves it (not known)"),
        }
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses(set) => f.write_str(&addresses(set)),
            Self::OwnNode => f.write_str("the pod's own node"),
            Self::Node(name) => write!(f, "node {name}"),
            Self::OtherNodes => f.write_str("other nodes"),
            Self::Workload(workload) => workload.key.fmt(f),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BalancerAddresses(Some(provider)) => write!(
                f,
                "the addresses of the {provider} load balancer are not in the manifests: tell them with `--balancer`"
            ),
            Self::BalancerAddresses(None) => f.write_str(
                "the addresses of the load balancer are not in the manifests: tell them with `--balancer`",
            ),
            Self::ProxySubnet => f.write_str(
                "the proxy-only subnet of the load balancer is not in the manifests: tell it with `--balancer`",
            ),
            Self::Class => f.write_str(
                "it names no class and none is the default, so nobody can tell who serves it: tell the pods with \
                 `--controller`",
            ),
            Self::Controller(name) => {
                write!(f, "`{name}` is no controller that sekisho knows: tell its pods with `--controller`")
            }
            Self::ControllerPods(name) => write!(
                f,
                "no pods of the controller `{name}` are among the manifests: add them, or tell them with `--controller`"
            ),
            Self::Nodes => {
                f.write_str("no nodes are among the manifests, so the addresses they come with are not known")
            }
        }
    }
}

impl fmt::Display for DeadEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoService(service) => write!(f, "there is no Service `{service}`"),
            Self::NoPort { service, port, .. } if port.is_empty() => {
                write!(f, "no port of the Service `{service}` is named")
            }
            Self::NoPort { service, port, has } => {
                write!(f, "the Service `{service}` has no port `{port}`; it has {}", list(has))
            }
            Self::NoPods { service, selector } => {
                write!(f, "the Service `{service}` selects no pods: none has the labels `{selector}`")
            }
            Self::NoNamedPort { service, name } => {
                write!(f, "no pod of the Service `{service}` has a port named `{name}`")
            }
            Self::NoSelector(service) => write!(
                f,
                "the Service `{service}` has no selector: its endpoints are written elsewhere, and not followed"
            ),
            Self::ExternalName(service) => {
                write!(f, "the Service `{service}` stands for a name outside the cluster")
            }
            Self::Other(what) => write!(f, "it leads to {what}, which is not followed"),
            Self::NoGateway(gateway) => write!(f, "there is no Gateway `{gateway}`"),
            Self::NoListener { gateway, why } => {
                write!(f, "no listener of the Gateway `{gateway}` takes the route: {why}")
            }
            Self::NoGrant { service } => write!(
                f,
                "no ReferenceGrant lets the route name the Service `{service}` of another namespace"
            ),
        }
    }
}

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAsked => "none has the name or the port that the route asks for",
            Self::Kind => "it takes routes of other kinds",
            Self::Namespace => "it takes no routes of this namespace",
            Self::Hostname => "its host name and those of the route have nothing in common",
        })
    }
}
