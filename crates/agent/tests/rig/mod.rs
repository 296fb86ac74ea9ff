//! A cluster on this machine: the lab's network with nobody to enforce, the real API server, and an agent
//! for each node.

pub(crate) mod agent;
pub(crate) mod traffic;

use crate::support::apiserver::Server;
use agent::Agent;
use sekisho_core::object::{Cluster, Namespace, Node, Pod};
use sekisho_lab::{Lab, Options, Report};
use std::{
    collections::BTreeMap,
    fmt::Write,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    sync::Arc,
};
use tempfile::TempDir;

/// All of it. What is dropped first is what rests on the others.
pub(crate) struct Rig {
    pub(crate) agents: Vec<Agent>,
    pub(crate) server: Server,
    pub(crate) lab: Lab,
    _folder: TempDir,
}

impl Rig {
    /// Builds the network of `cluster` on `nodes` nodes, tells the API server of its nodes and pods, and
    /// makes an agent for each node ready. `None` where there is no API server.
    pub(crate) fn build(cluster: &Cluster, nodes: usize) -> Option<Self> {
        let mut server = Server::start(&[])?;
        let options = Options { nodes, ..Options::default() };
        let plan = Lab::plan(cluster, &options).unwrap();
        let lab = Lab::build_open(plan, options).unwrap();
        let folder = TempDir::new().unwrap();
        let plan = lab.current_plan();
        server.apply_text(&namespaces(&plan.cluster));
        server.apply_text(
            &plan.cluster.nodes.values().map(|node| self::node(&plan.cluster, node)).collect::<String>(),
        );
        server.apply_text(&plan.cluster.pods.values().map(|pod| self::pod(pod)).collect::<String>());
        let agent = |plan: &sekisho_lab::NodePlan| {
            let namespace = lab.node_namespace(&plan.name).unwrap();
            Agent::new(&plan.name, namespace, server.config(), folder.path())
        };
        let agents = plan.nodes.iter().map(agent).collect();
        Some(Self { agents, server, lab, _folder: folder })
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

fn namespaces(cluster: &Cluster) -> String {
    let implied = cluster.pods.values().map(|pod| Namespace::implied(Arc::clone(&pod.key.namespace)));
    let mut all: BTreeMap<Arc<str>, Namespace> = implied.map(|of| (Arc::clone(of.name()), of)).collect();
    all.extend(cluster.namespaces.clone());
    let mut text = String::new();
    for (name, namespace) in all {
        let labels = namespace.labels().iter().map(|(key, value)| format!("\"{key}\": \"{value}\", "));
        let labels: String = labels.collect();
        let _ = writeln!(
            text,
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}"
        );
    }
    text
}

/// A node as the API has it. Its pods get their addresses from the range of those they have.
fn node(cluster: &Cluster, node: &Node) -> String {
    let here = cluster.pods.values().filter(|pod| pod.node.as_ref() == Some(&node.name) && !pod.host_network);
    let mut ranges: Vec<String> = here
        .flat_map(|pod| &pod.addresses)
        .map(|address| match address {
            IpAddr::V4(v4) => format!("{}/24", Ipv4Addr::from_bits(v4.to_bits() & !0xff)),
            IpAddr::V6(v6) => format!("{}/64", Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        })
        .collect();
    // The API takes one of each family.
    ranges.sort();
    ranges.dedup_by_key(|range| range.contains("::"));
    // A server-side apply takes one address of a type.
    let typed = node.addresses.iter().zip(["InternalIP", "ExternalIP"]);
    let addresses: Vec<String> =
        typed.map(|(address, of)| format!("{{type: {of}, address: \"{address}\"}}")).collect();
    let quoted: Vec<String> = ranges.iter().map(|range| format!("\"{range}\"")).collect();
    let first = quoted.first().map(|first| format!("podCIDR: {first}, podCIDRs: [{}]", quoted.join(", ")));
    let labels: String = node.labels.iter().map(|(key, value)| format!("\"{key}\": \"{value}\", ")).collect();
    format!(
        "---\napiVersion: v1\nkind: Node\nmetadata: {{name: {}, labels: {{{labels}}}}}\nspec: {{{}}}\nstatus: {{addresses: [{}]}}\n",
        node.name,
        first.unwrap_or_default(),
        addresses.join(", ")
    )
}

/// A pod as the API has it once its kubelet has started it.
pub(crate) fn pod(pod: &Pod) -> String {
    let labels: String = pod.labels.iter().map(|(key, value)| format!("\"{key}\": \"{value}\", ")).collect();
    let port = |port: &sekisho_core::object::ContainerPort| {
        let name = port.name.as_ref().map(|name| format!("name: {name}, ")).unwrap_or_default();
        format!("{{{name}containerPort: {}, protocol: {}}}", port.number, port.protocol)
    };
    let ports: Vec<String> = pod.ports.iter().map(port).collect();
    let mut addresses: Vec<String> = pod.addresses.iter().map(|a| format!("{{ip: \"{a}\"}}")).collect();
    addresses.sort_by_key(|text| text.contains(':') && text.matches(':').count() > 1);
    let hosts: Vec<String> = pod.host_addresses.iter().map(|a| format!("{{ip: \"{a}\"}}")).collect();
    let first = pod.addresses.iter().next().map(|a| format!("podIP: \"{a}\", ")).unwrap_or_default();
    let host = pod.host_addresses.iter().next().map(|a| format!("hostIP: \"{a}\", ")).unwrap_or_default();
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {}, namespace: {}, labels: {{{labels}}}}}\n\
         spec: {{nodeName: \"{}\", hostNetwork: {}, containers: [{{name: main, image: none, ports: [{}]}}]}}\n\
         status: {{phase: {}, {first}podIPs: [{}], {host}hostIPs: [{}]}}\n",
        pod.key.name,
        pod.key.namespace,
        pod.node.as_deref().unwrap_or_default(),
        pod.host_network,
        ports.join(", "),
        if pod.finished { "Succeeded" } else { "Running" },
        addresses.join(", "),
        hosts.join(", ")
    )
}
