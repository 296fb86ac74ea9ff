//! `sekisho check`.

use super::{CLUSTER, CheckInputArgs, CheckOutputs};
use clap::{Args, ValueEnum};
use sekisho_lint::config::Level;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  What is wrong, risky or against the standard?
    sekisho check manifests/

  Of every environment that sekisho.yaml names
    sekisho check

  Mend what can be mended without changing a connection; and what else could be mended?
    sekisho check --fix manifests/
    sekisho check --diff --unsafe-fixes manifests/

  For people and for GitHub, in one run
    sekisho check --format sarif --output check.sarif --format human manifests/

  Take it up without mending everything on the first day
    sekisho check --write-baseline --baseline sekisho-baseline.json manifests/
    sekisho check --baseline sekisho-baseline.json manifests/

  Only what this branch brought
    sekisho check --changed-since origin/main manifests/

Exit status: 0 nothing as bad as --fail-on was found, 1 something was, 2 could not run.";

/// Say what is wrong, risky or against the standard
///
/// Rules decide on what policies do, not on how their text looks: whom they select and let in, by the same core
/// that answers every other verb. `sekisho rule CODE` explains a rule.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CheckArgs {
    /// Only these rules: codes, names or categories
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(crate) select: Vec<String>,

    /// All but these rules: codes, names or categories
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,

    /// The least bad finding that makes the run fail; `warning`, where sekisho.yaml says nothing else
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,

    #[command(flatten)]
    pub(crate) outputs: CheckOutputs,

    /// Only what is not in this file, which `--write-baseline` writes
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// Write what is found to the baseline, and let it pass from now on
    #[arg(long, conflicts_with = "changed_since")]
    pub(crate) write_baseline: bool,

    /// Only what the change brought: what was not found where the current commit left this revision of git
    #[arg(long, value_name = "REV", conflicts_with_all = CLUSTER)]
    pub(crate) changed_since: Option<String>,

    /// The catalog, instead of the nearest `sekisho.yaml`
    #[arg(short, long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,

    /// The environment that the manifests are of; without it, the one of sekisho.yaml whose paths hold them
    #[arg(short, long, value_name = "NAME")]
    pub(crate) environment: Option<String>,

    /// Mend what can be mended without changing any connection
    #[arg(long)]
    pub(crate) fix: bool,

    /// Mend also what opens or closes connections, and tell which
    #[arg(long)]
    pub(crate) unsafe_fixes: bool,

    /// Print what `--fix` would change, and change nothing
    #[arg(long)]
    pub(crate) diff: bool,

    /// Rules of your own, in Rego: files, or folders of them (docs/rego.md)
    #[arg(long, value_name = "DIR")]
    pub(crate) rego: Vec<PathBuf>,

    /// Print what of the standard can be refused at the API server, instead of looking at manifests
    #[arg(long, value_enum, value_name = "FOR", conflicts_with_all = ["fix", "diff", "write_baseline", "changed_since"])]
    pub(crate) emit: Option<Emit>,

    #[command(flatten)]
    pub(crate) input: CheckInputArgs,
}

/// Who refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Emit {
    /// Gatekeeper: a ConstraintTemplate and a constraint
    Gatekeeper,
    /// The API server itself: a ValidatingAdmissionPolicy and its binding
    Vap,
}

/// How bad a finding has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Errors
    Error,
    /// Errors and warnings
    Warning,
    /// Anything
    Note,
}

impl From<FailOn> for Level {
    fn from(least: FailOn) -> Self {
        match least {
            FailOn::Error => Self::Error,
            FailOn::Warning => Self::Warning,
            FailOn::Note => Self::Note,
        }
    }
}
