//! Services of all types beside the real kube-proxy, addresses of nodes that lead to pods, and what goes by
//! a node's own addresses.

use crate::rig::{
    Rig,
    bridged::gateway,
    calls::{Arrival, Calls},
    echo::Echoes,
};
use sekisho_core::{object::Cluster, set::Protocol};
use sekisho_k8s::{Options, read_text};
use sekisho_lab::Host;
use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    thread,
};

const MANIFESTS: &str = include_str!("services.yaml");
/// The port of the pods.
const PORT: u16 = 8080;

pub(crate) fn cluster() -> Cluster {
    let reading = read_text("services", MANIFESTS.as_bytes(), &Options::default());
    assert!(!reading.has_errors(), "{:?}", reading.diagnostics);
    reading.cluster
}

/// The manifests of some kinds, as they are written.
pub(crate) fn manifests(kinds: &[&str]) -> String {
    let is_meant = |text: &&str| kinds.iter().any(|kind| text.contains(&format!("kind: {kind}\n")));
    MANIFESTS.split("---\n").filter(is_meant).map(|text| format!("---\n{text}")).collect()
}

/// The cluster with its servers, in one family.
pub(crate) struct Shop<'a> {
    pub(crate) rig: &'a Rig,
    pub(crate) echoes: &'a Echoes,
    pub(crate) v4: bool,
    /// Whether pods hang on a bridge, which then bears the address by which their node calls them.
    pub(crate) bridged: bool,
}

/// What a call comes from: a pod, a node or somebody outside whom a policy names or not.
#[derive(Clone, Copy)]
pub(crate) enum From {
    Pod(&'static str),
    Node(&'static str),
    Friend,
    Stranger,
}

impl Shop<'_> {
    fn pick(&self, addresses: &BTreeSet<IpAddr>) -> IpAddr {
        addresses.iter().copied().find(|address| address.is_ipv4() == self.v4).unwrap()
    }

    pub(crate) fn pod(&self, name: &str) -> (Host, IpAddr) {
        let plan = self.rig.lab.current_plan();
        let pod = plan.cluster.pods.values().find(|pod| pod.key.to_string() == name).unwrap();
        (plan.find(name).unwrap(), self.pick(&pod.addresses))
    }

    pub(crate) fn node(&self, name: &str) -> (Host, IpAddr) {
        let nodes = &self.rig.lab.current_plan().nodes;
        let at = nodes.iter().position(|node| *node.name == *name).unwrap();
        (Host::Node(at), self.pick(&nodes[at].addresses))
    }

    fn outside(&self, named: bool) -> (Host, IpAddr) {
        let mut outside = self.rig.lab.current_plan().outside.iter();
        let found = outside.find(|outside| {
            let is_friend = ["203.0.113.", "2001:db8:113:"]
                .iter()
                .any(|block| outside.address.to_string().starts_with(block));
            outside.address.is_ipv4() == self.v4 && is_friend == named
        });
        (Host::Outside, found.unwrap().address)
    }

    pub(crate) fn from(&self, from: From) -> (Host, IpAddr) {
        match from {
            From::Pod(name) => self.pod(name),
            From::Node(name) => self.node(name),
            From::Friend => self.outside(true),
            From::Stranger => self.outside(false),
        }
    }

    /// Whom the pods of a node see where it calls them, or masks who does.
    fn mask(&self, node: &str) -> IpAddr {
        let plan = self.rig.lab.current_plan();
        let pod =
            plan.cluster.pods.values().find(|pod| pod.node.as_deref() == Some(node) && !pod.host_network);
        match self.bridged {
            true => gateway(self.pick(&pod.unwrap().addresses)).0,
            false => self.node(node).1,
        }
    }

    /// A pod behind an address, as it sees a call of `policy_sees` that the node may have masked.
    pub(crate) fn arrival(&self, pod: &str, policy_sees: IpAddr, server_sees: IpAddr) -> Arrival {
        Arrival { at: pod.to_owned(), to: SocketAddr::new(self.pod(pod).1, PORT), policy_sees, server_sees }
    }

    /// Both backends, which see who sends.
    fn plain(&self, from: From) -> Vec<Arrival> {
        let from = self.from(from).1;
        ["shop/api-1", "shop/api-2"].map(|pod| self.arrival(pod, from, from)).into()
    }

    /// Both backends of what enters at node-1 and is masked: on the way to its own pod policy sees the
    /// client, and on the other node there is only node-1 to be seen.
    fn masked(&self, from: From) -> Vec<Arrival> {
        let (client, node) = (self.from(from).1, self.node("node-1").1);
        vec![self.arrival("shop/api-1", client, self.mask("node-1")), self.arrival("shop/api-2", node, node)]
    }

    pub(crate) fn to(&self, v4: &str, v6: &str, port: u16) -> SocketAddr {
        SocketAddr::new(if self.v4 { v4 } else { v6 }.parse().unwrap(), port)
    }

    /// Makes calls by both protocols, at the same time: what is refused takes its time.
    pub(crate) fn call(&self, what: &str, from: From, to: SocketAddr, arrivals: &[Arrival]) {
        let calls = |protocol| {
            let (from, arrivals) = (self.from(from), arrivals.to_vec());
            Calls { what: what.to_owned(), from, to, protocol, arrivals }
                .hold_everywhere(self.rig, self.echoes);
        };
        thread::scope(|scope| {
            scope.spawn(|| calls(Protocol::Udp));
            calls(Protocol::Tcp);
        });
    }
}

/// The cluster with agents that enforce, and a server in every pod.
pub(crate) fn build() -> (Rig, Echoes) {
    let mut rig = Rig::beside_proxies(&cluster(), 2).unwrap();
    let echoes = open(&mut rig);
    rig.start(&[]);
    rig.agents.iter().for_each(crate::rig::agent::Agent::settled);
    (rig, echoes)
}

/// Tells the API server of Services and policies, and opens a server in every pod.
pub(crate) fn open(rig: &mut Rig) -> Echoes {
    // As they are written, with what the plan has no words for.
    rig.server.apply_text(&manifests(&["Service"]));
    rig.server.apply_text(&manifests(&["NetworkPolicy"]));
    let mut echoes = Echoes::default();
    let plan = rig.lab.current_plan();
    for pod in plan.cluster.pods.values().filter(|pod| !pod.host_network) {
        let name = pod.key.to_string();
        let network = rig.lab.network(&name).unwrap();
        pod.addresses.iter().for_each(|address| echoes.serve(&network, &name, *address, PORT));
    }
    echoes
}

pub(crate) fn services_lead_past_no_policy() {
    let (rig, echoes) = build();
    for v4 in [true, false] {
        let shop = Shop { rig: &rig, echoes: &echoes, v4, bridged: false };
        shop.within_the_cluster();
        shop.entering();
    }
}

impl Shop<'_> {
    /// Cluster addresses, from the same node and another, from nodes, and a pod that calls itself.
    pub(crate) fn within_the_cluster(&self) {
        let address =
            |last: u8, port| self.to(&format!("10.96.1.{last}"), &format!("fd00:10:96::10{last}"), port);
        for from in ["shop/web", "jobs/cron", "shop/solo"].map(From::Pod) {
            self.call("a cluster address", from, address(1, 80), &self.plain(from));
            self.call("a Service without endpoints", from, address(7, 80), &[]);
        }
        self.call(
            "a node's own call",
            From::Node("node-1"),
            address(1, 80),
            &self.masked(From::Node("node-1")),
        );
        let web = From::Pod("shop/web");
        // What is headless is known by the addresses of its pods.
        for arrival in self.plain(web) {
            self.call("a headless Service", web, arrival.to, std::slice::from_ref(&arrival));
        }
        let first = self.call_sticky(web, address(2, 80));
        assert_eq!(first.len(), 1, "session affinity leads to one: {first:?}");
        let solo = self.pod("shop/solo").1;
        // S21: it may reach nobody and nobody may reach it, but itself; its node masks it.
        let itself = self.arrival("shop/solo", solo, self.mask("node-1"));
        self.call("a pod's own Service", From::Pod("shop/solo"), address(6, 80), &[itself]);
        let by_web = self.arrival("shop/solo", self.pod("shop/web").1, self.pod("shop/web").1);
        self.call("another's Service", web, address(6, 80), &[by_web]);
    }

    /// Those who answer with session affinity.
    fn call_sticky(&self, from: From, to: SocketAddr) -> BTreeSet<String> {
        let arrivals = self.plain(from);
        let calls = Calls {
            what: "session affinity".into(),
            from: self.from(from),
            to,
            protocol: Protocol::Tcp,
            arrivals,
        };
        // Of calls at the same time each may find that there was none before it.
        calls.hold_one(self.rig);
        calls.hold(self.rig, self.echoes).into_iter().collect()
    }

    /// Ports of nodes, external addresses and those of load balancers.
    pub(crate) fn entering(&self) {
        let node = |name: &str, port| SocketAddr::new(self.node(name).1, port);
        let (external, balancer) =
            (self.to("198.51.100.9", "2001:db8:9::9", 80), self.to("198.51.100.7", "2001:db8:9::7", 80));
        for from in [From::Friend, From::Stranger] {
            let (client, masked) = (self.from(from).1, self.masked(from));
            self.call("a node's port", from, node("node-1", 30080), &masked);
            self.call("an external address", from, external, &masked);
            for (at, pod) in [("node-1", "shop/api-1"), ("node-2", "shop/api-2")] {
                let seen = self.arrival(pod, client, client);
                self.call("a node's port that stays local", from, node(at, 30081), &[seen]);
            }
            // The balancer hands it to node-1.
            let seen = self.arrival("shop/api-1", client, client);
            self.call("a balancer's address that stays local", from, balancer, &[seen]);
            self.call("a node's port without local endpoints", from, node("node-1", 30082), &[]);
        }
    }
}
