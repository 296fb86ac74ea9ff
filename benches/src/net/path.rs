//! A path from pod to pod through a node that routes: three namespaces and two veth pairs.

use super::Namespace;
use crate::Result;
use std::{fs, net::Ipv4Addr};

/// The address of the pod that opens connections.
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 2);
/// The node's address beside it.
const NODE_TO_CLIENT: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 1);
/// The address of the pod that answers.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 6);
/// The node's address beside it.
const NODE_TO_SERVER: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 5);

/// Two pods and the node between them.
#[derive(Debug)]
pub(crate) struct Path {
    /// Where connections come from.
    pub(crate) client: Namespace,
    /// Where rules look at them.
    pub(crate) node: Namespace,
    /// Where they go.
    pub(crate) server: Namespace,
}

impl Path {
    /// Makes the path, without any rule.
    pub(crate) fn new() -> Result<Self> {
        let path = Self { client: Namespace::new()?, node: Namespace::new()?, server: Namespace::new()? };
        path.link("pod0", &path.client, CLIENT, NODE_TO_CLIENT)?;
        path.link("pod1", &path.server, SERVER, NODE_TO_SERVER)?;
        path.node.run(|| Ok(fs::write("/proc/sys/net/ipv4/ip_forward", "1")?))?;
        // Bounds what connection tracking holds: a port that is used again is tracked in place of its
        // old connection, and eight paths of these stay far below the kernel's usual limit of 262,144.
        path.client.run(|| Ok(fs::write("/proc/sys/net/ipv4/ip_local_port_range", "20000 27999")?))?;
        Ok(path)
    }

    /// The path with a ruleset in the form of the `nft` program.
    pub(crate) fn with(ruleset: &str) -> Result<Self> {
        let path = Self::new()?;
        path.node.nft(ruleset)?;
        Ok(path)
    }

    fn link(&self, name: &str, pod: &Namespace, address: Ipv4Addr, gateway: Ipv4Addr) -> Result<()> {
        let ip =
            |inside: &Namespace, line: &str| inside.command("ip", &line.split(' ').collect::<Vec<_>>(), "");
        ip(&self.node, &format!("link add {name} type veth peer name eth0 netns {}", pod.path()))?;
        ip(&self.node, &format!("addr add {gateway}/30 dev {name}"))?;
        ip(&self.node, &format!("link set {name} up"))?;
        ip(pod, &format!("addr add {address}/30 dev eth0"))?;
        ip(pod, "link set eth0 up")?;
        ip(pod, &format!("route add default via {gateway}"))
    }
}
