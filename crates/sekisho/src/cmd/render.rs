//! `sekisho render`.

use crate::{
    args::{RenderArgs, RenderNftablesArgs, Rendering},
    input,
    outcome::Outcome,
    output,
};
use anyhow::bail;
use sekisho_core::{
    index::Index,
    object::{Cluster, Pod},
};
use sekisho_lab::{Lab, Options};
use sekisho_nft::{Program, frames, text, tree::Table};

/// Prints what a dataplane would be given.
pub(crate) fn run(arguments: &RenderArgs) -> anyhow::Result<Outcome> {
    match &arguments.what {
        Rendering::Nftables(arguments) => nftables(arguments),
    }
}

fn nftables(arguments: &RenderNftablesArgs) -> anyhow::Result<Outcome> {
    let Some(input) = input::read(&arguments.input)? else { return Ok(Outcome::CouldNot) };
    let index = Index::of(placed(&input.cluster, &arguments.node)?.changes());
    let packets = text::ruleset(Program::new(&index, &arguments.node).ruleset());
    let frames = text::table(Table::Frames, &frames());
    output::plain_to_stdout(|out| Ok(write!(out, "{packets}\n{frames}")?))?;
    Ok(Outcome::Holds)
}

/// The cluster with its pods on nodes. A Deployment says what its pods are like, not where they run:
/// where manifests leave that out, the nodes and addresses are those that the lab would give.
fn placed(cluster: &Cluster, node: &str) -> anyhow::Result<Cluster> {
    let policed = || cluster.pods.values().filter(|pod| pod.is_policed());
    if policed().any(|pod| is_on(pod, node)) || cluster.nodes.contains_key(node) {
        let without = policed().filter(|pod| pod.node.is_none() || pod.addresses.is_empty()).count();
        if without > 0 {
            output::note(&format!("{without} pods without a node or an address are left out"));
        }
        return Ok(cluster.clone());
    }
    let plan = Lab::plan(cluster, &Options::default())?;
    if !plan.nodes.iter().any(|planned| *planned.name == *node) {
        let names: Vec<String> = plan.nodes.iter().map(|planned| format!("`{}`", planned.name)).collect();
        bail!("there is no node `{node}`; there are {}", names.join(", "));
    }
    output::note("no manifest places pods on this node: nodes and addresses are those of `sekisho lab`");
    Ok(plan.cluster)
}

fn is_on(pod: &Pod, node: &str) -> bool {
    pod.node.as_deref() == Some(node) && !pod.addresses.is_empty()
}
