//! `sekisho lab`.

use super::InputArgs;
use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  Do real packets go where the policies say?
    sekisho lab run manifests/

  With the pods on three nodes
    sekisho lab run --nodes 3 manifests/

  Try it yourself: curl, nc, ping; a changed file takes effect at once
    sekisho lab shell shop/web manifests/

The lab needs root, or unprivileged user namespaces, and leaves nothing behind.

Exit status: 0 the kernel and the core agree, 1 they do not, 2 could not run.";

/// Show it on real packets: pods as network namespaces, with the policies in the kernel
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LabArgs {
    #[command(subcommand)]
    pub(crate) verb: LabVerb,
}

/// What to do with the lab.
#[derive(Debug, Subcommand)]
pub(crate) enum LabVerb {
    /// Try every connection with real packets, and compare with what the policies say
    #[command(after_help = EXAMPLES)]
    Run(LabInputArgs),
    #[command(after_help = EXAMPLES)]
    Shell(LabShellArgs),
}

/// What the lab is built of.
#[derive(Args, Debug)]
pub(crate) struct LabInputArgs {
    /// How many nodes at least; those that the manifests name come first
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) nodes: u8,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// Open a shell in a pod of the lab; the manifests are followed while it is open
#[derive(Args, Debug)]
pub(crate) struct LabShellArgs {
    /// The pod: `namespace/name` of a pod or workload
    #[arg(value_name = "POD")]
    pub(crate) pod: String,

    #[command(flatten)]
    pub(crate) lab: LabInputArgs,
}
