//! `sekisho redundant`.

use super::InputArgs;
use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  What could be deleted without changing any connection?
    sekisho redundant manifests/

  And whatever pods and namespaces may yet come?
    sekisho redundant --always manifests/

What is listed may be deleted all together: each was proved to add nothing to what is left without
the others. `today` is said of the pods in the manifests, `always` of any. Where the manifests have
no pods, only what always adds nothing is looked for.

Exit status: 0 nothing adds nothing, 1 something does, 2 could not run.";

/// List policies, rules and entries that add nothing, and may be deleted
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RedundantArgs {
    /// Only what adds nothing whatever pods there are
    #[arg(long)]
    pub(crate) always: bool,

    /// How to print what was found
    #[arg(short, long, value_enum, default_value_t = RedundantFormat::Table)]
    pub(crate) output: RedundantFormat,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// How to print what adds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RedundantFormat {
    /// For people
    Table,
    /// For programs; `sekisho schema redundant` describes it
    Json,
    /// For a pull request
    Md,
}
