//! Peers and ports of rules.

use super::plan::Work;
use crate::cluster::parts::peer;
use sekisho_core::{
    object::{
        IpBlock, LabelSelector, NAME_LABEL, Origin, Peer, PeerKind, PolicyPort, PortMatch, Requirement, Rule,
    },
    set::{PortRange, Protocol},
};

pub(super) const NAME: &str = "app.kubernetes.io/name";
pub(super) const COMPONENT: &str = "app.kubernetes.io/component";
pub(super) const PART_OF: &str = "app.kubernetes.io/part-of";

/// The load balancer's ranges.
pub(super) const BALANCER: [&str; 2] = ["35.191.0.0/16", "130.211.0.0/22"];
/// Ranges that are no addresses of the internet.
pub(super) const PRIVATE: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/// A key with one of these values.
pub(super) fn one_of(key: &str, values: &[&str]) -> Requirement {
    Requirement::In(key.into(), values.iter().map(|value| (*value).into()).collect())
}

/// A key with none of these values.
pub(super) fn none_of(key: &str, values: &[&str]) -> Requirement {
    Requirement::NotIn(key.into(), values.iter().map(|value| (*value).into()).collect())
}

/// The selector of a workload's pods by their three labels.
pub(super) fn of_workload(work: &Work) -> LabelSelector {
    let labels = [(NAME, &*work.name()), (COMPONENT, work.tier.name()), (PART_OF, &*work.service)];
    labels.into_iter().map(|(key, value)| one_of(key, &[value])).collect()
}

/// The namespaces of these names.
pub(super) fn named(names: &[&str]) -> LabelSelector {
    [one_of(NAME_LABEL, names)].into_iter().collect()
}

/// A block without some parts of it; none where it is no such block.
pub(super) fn block(cidr: &str, except: &[&str]) -> Option<Peer> {
    let except = except.iter().filter_map(|inner| inner.parse().ok());
    let block = IpBlock::new(cidr.parse().ok()?, except).ok()?;
    Some(peer(PeerKind::Block(block)))
}

/// A rule for these peers on these ports.
pub(super) fn rule(peers: Vec<Peer>, ports: Vec<PolicyPort>) -> Rule {
    Rule { peers, ports, origin: Origin::default() }
}

/// A range of ports.
pub(super) fn ports(protocol: Protocol, first: u16, last: u16) -> Option<PolicyPort> {
    let range = PortMatch::Range(PortRange::new(first, last)?);
    Some(PolicyPort { protocol, port: range, origin: Origin::default() })
}

/// A port by its name.
pub(super) fn port_named(name: &str) -> PolicyPort {
    PolicyPort { protocol: Protocol::Tcp, port: PortMatch::Named(name.into()), origin: Origin::default() }
}
