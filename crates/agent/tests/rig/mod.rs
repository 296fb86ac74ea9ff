//! A cluster on this machine: the lab's network with nobody to enforce, the real API server, and an agent
//! for each node.

pub(crate) mod agent;
pub(crate) mod bridged;
pub(crate) mod calls;
pub(crate) mod echo;
pub(crate) mod frames;
pub(crate) mod kubelet;
pub(crate) mod objects;
pub(crate) mod proxy;
pub(crate) mod relay;
pub(crate) mod services;
pub(crate) mod traffic;

use crate::support::apiserver::Server;
use agent::Agent;
use proxy::Proxy;
use sekisho_core::object::Cluster;
use sekisho_lab::{Host, Lab, NodePlan, Options, Plan, Report};
use std::path::PathBuf;
use tempfile::TempDir;

/// All of it. What is dropped first is what rests on the others.
pub(crate) struct Rig {
    pub(crate) agents: Vec<Agent>,
    pub(crate) proxies: Vec<Proxy>,
    pub(crate) server: Server,
    pub(crate) lab: Lab,
    folder: TempDir,
}

impl Rig {
    /// Builds the network of `cluster` on `nodes` nodes, tells the API server of its nodes and pods, and
    /// makes an agent for each node ready. The lab translates Services. `None` where there is no API server.
    pub(crate) fn build(cluster: &Cluster, nodes: usize) -> Option<Self> {
        Self::of(Server::start(&[])?, cluster, Options { nodes, ..Options::default() }, Lab::build_open)
    }

    /// Likewise, but the real kube-proxy translates Services on every node. The API server is told of those of
    /// `cluster`, and of the endpoints behind them.
    pub(crate) fn beside_proxies(cluster: &Cluster, nodes: usize) -> Option<Self> {
        Self::with_proxies(cluster, Options { nodes, ..Options::default() })
    }

    /// Likewise, with more than nodes to choose.
    pub(crate) fn with_proxies(cluster: &Cluster, options: Options) -> Option<Self> {
        let mut rig = Self::of(Server::start(&[])?, cluster, options, Lab::build_bare)?;
        rig.server.apply_text(&services::all(rig.lab.current_plan()));
        let proxy = |(at, node): (usize, &NodePlan)| {
            let network = rig.lab.network_of(Host::Node(at)).unwrap();
            Proxy::start(&rig.server, &node.name, network, &rig.namespace(&node.name))
        };
        rig.proxies = rig.lab.current_plan().nodes.iter().enumerate().map(proxy).collect();
        rig.proxies.iter().for_each(Proxy::ready);
        Some(rig)
    }

    fn of(
        mut server: Server,
        cluster: &Cluster,
        options: Options,
        build: impl FnOnce(Plan, Options) -> Result<Lab, sekisho_lab::LabError>,
    ) -> Option<Self> {
        let plan = Lab::plan(cluster, &options).unwrap();
        let lab = build(plan, options).unwrap();
        // In memory where there is such a folder, as `/run` is, where agents write down what pods were given.
        let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
        let plan = lab.current_plan();
        server.apply_text(&objects::namespaces(&plan.cluster));
        let nodes = plan.cluster.nodes.values().map(|node| objects::node(&plan.cluster, node));
        server.apply_text(&nodes.collect::<String>());
        server.apply_text(&plan.cluster.pods.values().map(|pod| objects::pod(pod)).collect::<String>());
        let agent = |plan: &NodePlan| {
            let namespace = lab.node_namespace(&plan.name).unwrap();
            Agent::new(&plan.name, namespace, server.config(), folder.path())
        };
        let agents = plan.nodes.iter().map(agent).collect();
        Some(Self { agents, proxies: Vec::new(), server, lab, folder })
    }

    /// Starts every agent, and waits until each kernel is true.
    pub(crate) fn start(&mut self, options: &[&str]) {
        self.agents.iter_mut().for_each(|agent| agent.start(options));
        self.ready();
    }

    pub(crate) fn ready(&self) {
        for agent in &self.agents {
            agent.ready();
        }
    }

    /// Tries every connection, and expects of each what the core says.
    pub(crate) fn agrees(&self, when: &str) {
        let report = self.lab.run(&mut ()).unwrap();
        println!("{when}: {}", report.summary());
        assert!(report.agrees(), "{when}:\n{}\n{}", differences(&report), self.logs());
    }

    /// What the agents logged.
    pub(crate) fn logs(&self) -> String {
        self.agents.iter().map(Agent::logged).collect::<Vec<_>>().join("\n")
    }

    /// The file of a node's network namespace.
    pub(crate) fn namespace(&self, node: &str) -> PathBuf {
        self.lab.node_namespace(node).unwrap()
    }
}

fn differences(report: &Report) -> String {
    report.differences().take(20).map(|outcome| report.describe(outcome)).collect::<Vec<_>>().join("\n")
}
