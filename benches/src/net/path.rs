//! A path from pod to pod through a node that routes: three namespaces and two veth pairs.

use super::{Load, Namespace};
use crate::Result;
use std::{
    fs,
    net::Ipv4Addr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// The address of the pod that opens connections.
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 2);
/// The node's address beside it.
pub(crate) const NODE_TO_CLIENT: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 1);
/// The address of the pod that answers.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 6);
/// The node's address beside it.
pub(crate) const NODE_TO_SERVER: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 5);

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
        // old connection.
        path.client.run(|| Ok(fs::write("/proc/sys/net/ipv4/ip_local_port_range", "20000 23999")?))?;
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

/// Several paths that are made alike. Where in memory the kernel puts a namespace's structures makes a
/// path faster or slower by some percent than another that is the same: so every rate is taken from
/// each in turn.
#[derive(Debug)]
pub(crate) struct Paths {
    paths: Vec<Path>,
    turn: AtomicUsize,
}

impl Paths {
    /// Makes `count` paths, each set up by `set_up`.
    pub(crate) fn new(count: usize, set_up: impl Fn(&Path) -> Result<()>) -> Result<Self> {
        let make = |_| {
            let path = Path::new()?;
            set_up(&path)?;
            Ok(path)
        };
        let paths = (0..count).map(make).collect::<Result<_>>()?;
        Ok(Self { paths, turn: AtomicUsize::new(0) })
    }

    /// Makes `count` paths with a ruleset in the form of the `nft` program.
    pub(crate) fn with(count: usize, ruleset: &str) -> Result<Self> {
        Self::new(count, |path| path.node.nft(ruleset))
    }

    /// The only path, where `count` was one.
    pub(crate) fn first(&self) -> Result<&Path> {
        Ok(self.paths.first().ok_or("no path")?)
    }

    /// Puts `load` on the path whose turn it is, for the time `slice`, and says the rate.
    pub(crate) fn rate(&self, load: Load, slice: Duration) -> Result<f64> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let path = self.paths.get(turn % self.paths.len().max(1)).ok_or("no path")?;
        load.rate(path, slice)
    }
}
