//! `sekisho snapshot`.

use super::InputArgs;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  Keep what policies see of the cluster, and ask about it later
    sekisho snapshot now/ --cluster
    sekisho reach now/

  Share it with somebody who is not to know what runs in it
    sekisho snapshot shared/ --context production --redact

A snapshot has no commands, environment, images, annotations, Secrets or ConfigMaps. With --redact
names, labels and addresses are hidden as well, and every answer stays the same but for the names.

Exit status: 0 written, 2 could not run.";

/// Write what the verbs read of a cluster, and nothing else, to a folder
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SnapshotArgs {
    /// The folder; a snapshot that it holds is replaced, and nothing else is
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,

    /// Hide names, labels and addresses, so that each is still what selectors and blocks match
    #[arg(long)]
    pub(crate) redact: bool,

    /// Hide them by the secret in this file, the same way each time; without it they are hidden
    /// in a way of its own each time
    #[arg(long, value_name = "FILE")]
    pub(crate) redact_key: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}
