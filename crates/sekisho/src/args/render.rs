//! `sekisho render`.

use super::InputArgs;
use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  What would the kernel of a node be given?
    sekisho render nftables --node node-1 manifests/
    sekisho render nftables --node worker-3 --cluster | less

Exit status: 0 printed, 2 could not run.";

/// Print what a dataplane would be given
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RenderArgs {
    #[command(subcommand)]
    pub(crate) what: Rendering,
}

/// A dataplane.
#[derive(Debug, Subcommand)]
pub(crate) enum Rendering {
    Nftables(RenderNftablesArgs),
}

/// The nftables ruleset of a node, as `nft -f` takes it
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RenderNftablesArgs {
    /// The node. Where the manifests place no pod on it, pods are placed as the lab places them
    #[arg(long, value_name = "NAME")]
    pub(crate) node: String,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}
