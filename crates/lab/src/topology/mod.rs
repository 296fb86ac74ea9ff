//! Namespaces, links, addresses and routes.
//!
//! Everything is routed, nothing is bridged: a pod's only neighbour is its node, and a node's is the
//! underlay, which also leads to the outside host. All neighbours are told in advance, so that no packet waits
//! for an address to be resolved.

mod links;

use crate::{
    LabError,
    kernel::{
        namespace::Namespace,
        rtnl::{LOOPBACK, Requests},
        sysctl,
    },
    plan::{Host, Plan, Site},
};
use links::{add_to_node, conntrack_settings, gateways, link_ends, towards, uplink, usable_family};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// What makes a pod's namespace the same after a change of the manifests.
type SiteKey = (Arc<str>, BTreeSet<IpAddr>);

/// A built network.
#[derive(Debug)]
pub(crate) struct Topology {
    underlay: Namespace,
    outside: Namespace,
    outside_link: u32,
    outside_addresses: BTreeSet<IpAddr>,
    nodes: BTreeMap<Arc<str>, NodeNet>,
    sites: BTreeMap<SiteKey, SiteNet>,
    next_link: u32,
}

#[derive(Debug)]
struct NodeNet {
    namespace: Namespace,
    underlay_link: u32,
    addresses: BTreeSet<IpAddr>,
}

#[derive(Debug)]
struct SiteNet {
    namespace: Namespace,
    link: u32,
}

impl Topology {
    /// Builds the network of `plan`.
    pub(crate) fn build(plan: &Plan) -> Result<Self, LabError> {
        let underlay = namespace("the underlay", true)?;
        let outside = namespace("outside", false)?;
        let mut topology = Self {
            underlay,
            outside,
            outside_link: 0,
            outside_addresses: BTreeSet::new(),
            nodes: BTreeMap::new(),
            sites: BTreeMap::new(),
            next_link: 10,
        };
        topology.outside_link = topology.join_underlay(&topology.outside, &[])?;
        topology.next_link += 1;
        topology.change(plan)?;
        Ok(topology)
    }

    /// Makes the network that of `plan`. What stays the same is not touched, so connections over it live on.
    pub(crate) fn change(&mut self, plan: &Plan) -> Result<(), LabError> {
        self.leave_outside(plan)?;
        self.change_nodes(plan)?;
        self.change_sites(plan)?;
        self.enter_outside(plan)
    }

    /// The namespace of `host` in `plan`, which is the one last built.
    pub(crate) fn namespace(&self, plan: &Plan, host: Host) -> Option<&Namespace> {
        match host {
            Host::Outside => Some(&self.outside),
            Host::Node(at) => self.nodes.get(&plan.nodes.get(at)?.name).map(|node| &node.namespace),
            Host::Site(at) => {
                let site = plan.sites.get(at)?;
                self.sites.get(&key(plan, site)?).map(|site| &site.namespace)
            }
        }
    }

    fn change_nodes(&mut self, plan: &Plan) -> Result<(), LabError> {
        let stays = |name: &Arc<str>, node: &NodeNet| {
            plan.nodes.iter().any(|plan| plan.name == *name && plan.addresses == node.addresses)
        };
        let gone: Vec<Arc<str>> = self
            .nodes
            .iter()
            .filter(|(name, node)| !stays(name, node))
            .map(|(name, _)| Arc::clone(name))
            .collect();
        for name in gone {
            self.sites.retain(|(node, _), _| *node != name);
            // Its links and the routes over them go with the namespace, but not at once.
            if let Some(node) = self.nodes.remove(&name) {
                let mut requests = Requests::new();
                requests.remove_link(node.underlay_link);
                self.underlay.run(|| requests.send())?;
            }
        }
        for node in &plan.nodes {
            if self.nodes.contains_key(&node.name) {
                continue;
            }
            let net = namespace(&node.name, true)?;
            net.run(|| {
                conntrack_settings();
                Ok(())
            })?;
            let addresses: Vec<IpAddr> = node.addresses.iter().copied().collect();
            let link = self.join_underlay(&net, &addresses)?;
            self.next_link += 1;
            let node_net = NodeNet { namespace: net, underlay_link: link, addresses: node.addresses.clone() };
            self.nodes.insert(Arc::clone(&node.name), node_net);
        }
        Ok(())
    }

    /// Links a namespace to the underlay, which learns the way to its `addresses`.
    fn join_underlay(&self, namespace: &Namespace, addresses: &[IpAddr]) -> Result<u32, LabError> {
        let link = self.next_link;
        let (here, there) = link_ends(link);
        self.underlay.run(|| {
            let mut requests = Requests::new();
            requests.veth(&here, &there, namespace.raw_fd());
            for gateway in gateways() {
                requests.neighbour(link, gateway, there.mac);
            }
            for address in addresses {
                requests.route(&towards(*address, link));
            }
            requests.send()
        })?;
        namespace.run(|| uplink(addresses, here.mac))?;
        Ok(link)
    }

    /// Takes what the outside host no longer bears away from it; a pod may have it next.
    fn leave_outside(&mut self, plan: &Plan) -> Result<(), LabError> {
        let wanted: BTreeSet<IpAddr> = plan.outside.iter().map(|outside| outside.address).collect();
        let gone: Vec<IpAddr> = self.outside_addresses.difference(&wanted).copied().collect();
        self.underlay.run(|| {
            let mut requests = Requests::new();
            for address in gone.iter().filter(|address| usable_family(address)) {
                requests.remove_route(&towards(*address, self.outside_link));
            }
            requests.send()
        })?;
        self.outside.run(|| {
            let mut requests = Requests::new();
            for address in gone.iter().filter(|address| usable_family(address)) {
                requests.remove_address(LOOPBACK, *address);
            }
            requests.send()
        })?;
        self.outside_addresses.retain(|address| wanted.contains(address));
        Ok(())
    }

    fn enter_outside(&mut self, plan: &Plan) -> Result<(), LabError> {
        let wanted: BTreeSet<IpAddr> = plan.outside.iter().map(|outside| outside.address).collect();
        let new = wanted.difference(&self.outside_addresses).copied().filter(usable_family);
        let new: Vec<IpAddr> = new.collect();
        let entry = plan.nodes.first().and_then(|node| self.nodes.get(&node.name));
        let external = plan.services.iter().flat_map(|service| &service.external).copied();
        let external: Vec<IpAddr> = external.filter(usable_family).collect();
        self.underlay.run(|| {
            let mut requests = Requests::new();
            for address in &new {
                requests.route(&towards(*address, self.outside_link));
            }
            // A load balancer hands what it takes to a node.
            for (address, node) in external.iter().filter_map(|address| Some((address, entry?))) {
                requests.route(&towards(*address, node.underlay_link));
            }
            requests.send()
        })?;
        self.outside.run(|| {
            let mut requests = Requests::new();
            for address in &new {
                requests.address(LOOPBACK, *address);
            }
            requests.send()
        })?;
        self.outside_addresses = wanted;
        Ok(())
    }

    fn change_sites(&mut self, plan: &Plan) -> Result<(), LabError> {
        let wanted: BTreeMap<SiteKey, &Site> =
            plan.sites.iter().filter_map(|site| Some((key(plan, site)?, site))).collect();
        self.remove_sites(&wanted)?;
        let mut new: BTreeMap<Arc<str>, Vec<(SiteKey, SiteNet)>> = BTreeMap::new();
        for (key, site) in wanted {
            if self.sites.contains_key(&key) {
                continue;
            }
            let net = SiteNet { namespace: namespace(&site.name, false)?, link: self.next_link };
            self.next_link += 1;
            new.entry(Arc::clone(&key.0)).or_default().push((key, net));
        }
        for (name, sites) in new {
            let Some(node) = self.nodes.get(&name) else { continue };
            node.namespace.run(|| add_to_node(node, &sites))?;
            self.underlay.run(|| {
                let mut requests = Requests::new();
                for address in
                    sites.iter().flat_map(|((_, addresses), _)| addresses).filter(|a| usable_family(a))
                {
                    requests.route(&towards(*address, node.underlay_link));
                }
                requests.send()
            })?;
            for ((_, addresses), site) in &sites {
                let addresses: Vec<IpAddr> = addresses.iter().copied().collect();
                site.namespace.run(|| uplink(&addresses, link_ends(site.link).0.mac))?;
            }
            self.sites.extend(sites);
        }
        Ok(())
    }

    fn remove_sites(&mut self, wanted: &BTreeMap<SiteKey, &Site>) -> Result<(), LabError> {
        let gone: Vec<SiteKey> =
            self.sites.keys().filter(|key| !wanted.contains_key(*key)).cloned().collect();
        for key in gone {
            let Some(site) = self.sites.remove(&key) else { continue };
            let Some(node) = self.nodes.get(&key.0) else { continue };
            node.namespace.run(|| {
                let mut requests = Requests::new();
                requests.remove_link(site.link);
                requests.send()
            })?;
            self.underlay.run(|| {
                let mut requests = Requests::new();
                for address in key.1.iter().filter(|address| usable_family(address)) {
                    requests.remove_route(&towards(*address, node.underlay_link));
                }
                requests.send()
            })?;
        }
        Ok(())
    }

    /// Limits the size of packets that `host`'s node may hand to it, as a tunnel on the way would: the
    /// node owes senders path MTU errors (S30).
    pub(crate) fn limit(&self, plan: &Plan, host: Host, mtu: u32) -> Result<(), LabError> {
        let Host::Site(at) = host else { return Ok(()) };
        let key = plan.sites.get(at).and_then(|site| key(plan, site));
        let Some((key, site)) = key.and_then(|key| Some((key.clone(), self.sites.get(&key)?))) else {
            return Ok(());
        };
        let Some(node) = self.nodes.get(&key.0) else { return Ok(()) };
        node.namespace.run(|| {
            let mut requests = Requests::new();
            requests.mtu(site.link, mtu);
            requests.send()
        })
    }
}

/// A namespace, prepared.
fn namespace(name: &str, forwards: bool) -> Result<Namespace, LabError> {
    let namespace = Namespace::new(name)?;
    namespace.run(|| {
        sysctl::prepare(forwards)?;
        // Before anything else: with loopback comes the table of local routes, without which the kernel
        // takes every gateway for a broadcast address.
        let mut requests = Requests::new();
        requests.up(LOOPBACK);
        requests.send()
    })?;
    Ok(namespace)
}

fn key(plan: &Plan, site: &Site) -> Option<SiteKey> {
    Some((Arc::clone(&plan.nodes.get(site.node)?.name), site.addresses.clone()))
}
