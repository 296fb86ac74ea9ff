//! How it stands, for people and programs.

use super::Engine;
use crate::socket::Reply;
use sekisho_core::{
    index::PolicyKey,
    object::{Direction, ObjectKey},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, net::IpAddr};

/// How it stands with a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// The node.
    pub(crate) node: String,
    /// The kinds of objects that the API server has not told to the end yet.
    pub(crate) awaiting: Vec<String>,
    /// Whether policies are enforced.
    pub(crate) enforcing: bool,
    /// Whether the kernel has all that was told.
    pub(crate) programmed: bool,
    /// Bridges over which something may go past the rules, and what to do about it.
    pub(crate) unseen: Vec<String>,
    /// What gets past the rules that no pod sends which may not send whatever it likes, and what to do about it.
    /// It keeps no node from being ready.
    #[serde(default)]
    pub(crate) passing: Vec<String>,
    /// Whether connections that are older than enforcement may still show themselves (S32).
    pub(crate) attaching: bool,
    /// The ranges in which a packet of an unknown pod does not pass.
    pub(crate) guarded: Vec<String>,
    /// Pods in the cluster.
    pub(crate) pods: usize,
    /// Addresses of pods on this node.
    pub(crate) endpoints: usize,
    /// Policies that are enforced.
    pub(crate) policies: usize,
    /// Policies that are only tried.
    pub(crate) staged: usize,
    /// Chains in the kernel.
    pub(crate) chains: usize,
    /// Sets in the kernel.
    pub(crate) sets: usize,
    /// Elements of these sets.
    pub(crate) elements: usize,
}

impl Report {
    /// Whether the kernel is true to the policies.
    pub(crate) fn is_ready(&self) -> bool {
        self.enforcing && self.programmed && self.unseen.is_empty()
    }

    /// What is still lacking, in words.
    pub(crate) fn lacking(&self) -> String {
        match (self.enforcing, self.awaiting.is_empty()) {
            _ if !self.unseen.is_empty() => self.unseen.join("; "),
            (true, _) => "the kernel does not have all that was told yet".to_owned(),
            (false, true) => "what was told is not programmed yet".to_owned(),
            (false, false) => {
                format!("the API server has not told these to the end yet: {}", self.awaiting.join(", "))
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.is_ready(), self.attaching) {
            (true, true) => {
                "enforced; connections that were open before may still show themselves".to_owned()
            }
            (true, false) => "enforced".to_owned(),
            (false, _) => self.lacking(),
        };
        let guarded = if self.guarded.is_empty() { "nothing".to_owned() } else { self.guarded.join(", ") };
        writeln!(f, "node      {}", self.node)?;
        writeln!(f, "state     {state}")?;
        self.passing.iter().try_for_each(|what| writeln!(f, "warning   {what}"))?;
        writeln!(f, "guarded   {guarded}")?;
        writeln!(f, "pods      {} in the cluster, {} addresses on this node", self.pods, self.endpoints)?;
        writeln!(f, "policies  {} enforced, {} only tried", self.policies, self.staged)?;
        writeln!(f, "kernel    {} chains, {} sets, {} elements", self.chains, self.sets, self.elements)
    }
}

/// What polices a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PodReport {
    /// Namespace and name.
    pub(crate) pod: String,
    /// Its UID.
    pub(crate) uid: String,
    /// Its node.
    pub(crate) node: Option<String>,
    /// Its addresses, as they are known.
    pub(crate) addresses: BTreeSet<IpAddr>,
    /// Whether no policy can have a say, and why (S22, S24).
    pub(crate) exempt: Option<String>,
    /// The policies that have a say about what comes to it, in order.
    pub(crate) ingress: Vec<String>,
    /// The policies that have a say about what it sends, in order.
    pub(crate) egress: Vec<String>,
    /// Whether its rules are in the kernel of this node.
    pub(crate) programmed: bool,
}

impl fmt::Display for PodReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &[String]| match names {
            [] => "no policy: everything passes".to_owned(),
            names => names.join(", "),
        };
        let addresses: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        writeln!(f, "pod        {} ({})", self.pod, self.uid)?;
        writeln!(f, "node       {}", self.node.as_deref().unwrap_or("none yet"))?;
        writeln!(
            f,
            "addresses  {}",
            if addresses.is_empty() { "none yet".to_owned() } else { addresses.join(", ") }
        )?;
        if let Some(exempt) = &self.exempt {
            return writeln!(f, "policies   have no say: {exempt}");
        }
        writeln!(f, "ingress    {}", list(&self.ingress))?;
        writeln!(f, "egress     {}", list(&self.egress))?;
        writeln!(
            f,
            "kernel     {}",
            if self.programmed { "has its rules" } else { "does not have its rules" }
        )
    }
}

impl Engine {
    /// How it stands.
    pub(super) fn report(&self) -> Report {
        let (policies, staged) = self.state.policies();
        let endpoints = self.node.index().map(|index| index.endpoints(self.node.name()).count());
        let ruleset = self.node.program().map(|program| program.ruleset());
        Report {
            node: self.node.name().to_string(),
            awaiting: self.state.awaited().iter().map(ToString::to_string).collect(),
            enforcing: self.node.is_begun(),
            programmed: self.node.is_true(),
            unseen: self.node.unseen().iter().cloned().collect(),
            passing: self.node.passing().iter().cloned().collect(),
            attaching: self.node.is_attaching(),
            guarded: self.node.guarded().cidrs().iter().map(ToString::to_string).collect(),
            pods: self.state.pods().len(),
            endpoints: endpoints.unwrap_or_default(),
            policies,
            staged,
            chains: ruleset.map(|ruleset| ruleset.chains.len()).unwrap_or_default(),
            sets: ruleset.map(|ruleset| ruleset.sets.len()).unwrap_or_default(),
            elements: self.node.elements(),
        }
    }

    /// Tells those who look at [`Report`] from elsewhere.
    pub(super) fn tell(&mut self) {
        let report = self.report();
        self.metrics.standing(&report);
        self.report.send_replace(report);
    }

    /// What polices a pod.
    pub(super) fn why(&self, name: &str) -> Reply {
        let Some((namespace, name)) = name.split_once('/') else {
            return Reply::Refused { why: format!("`{name}` is not a pod; write namespace/name") };
        };
        let key = ObjectKey::new(namespace, name);
        let Some(pod) = self.state.pods().get(&key) else {
            return Reply::NotReady { why: format!("no pod `{key}` is known") };
        };
        let index = self.node.index();
        let policies = index.and_then(|index| Some(index.policies_selecting(index.pod_id(&pod.uid)?)));
        let policies = policies.unwrap_or_default();
        let deciding = |direction| {
            let has_say = |key: &&PolicyKey| {
                let rules = index.and_then(|index| index.policy(key));
                rules.is_some_and(|policy| policy.rules(direction).is_some())
            };
            policies.iter().filter(has_say).map(ToString::to_string).collect()
        };
        let exempt = match (pod.host_network, pod.finished) {
            (true, _) => Some("it uses its node's network"),
            (_, true) => Some("it is finished"),
            _ => None,
        };
        let is_here = pod.node.as_ref() == Some(self.node.name());
        Reply::Pod(Box::new(PodReport {
            pod: key.to_string(),
            uid: pod.uid.to_string(),
            node: pod.node.as_ref().map(ToString::to_string),
            addresses: pod.addresses.clone(),
            exempt: exempt.map(str::to_owned),
            ingress: deciding(Direction::Ingress),
            egress: deciding(Direction::Egress),
            programmed: is_here && self.node.is_true() && !pod.addresses.is_empty(),
        }))
    }
}
