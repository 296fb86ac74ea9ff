//! `sekisho check`.

use super::{CLUSTER, ClusterArgs, InputArgs};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  What is wrong, risky or against the standard?
    sekisho check manifests/

  Of every environment that sekisho.yaml names
    sekisho check

  For people and for GitHub, in one run
    sekisho check --format sarif --output check.sarif --format human manifests/

Exit status: 0 nothing was found, 1 something was, 2 could not run.";

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

    /// How to print what was found; each `--output` is for the format before it
    #[arg(short = 'o', long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Vec<CheckFormat>,

    /// Rules of your own, in Rego: files, or folders of them (docs/rego.md)
    #[arg(long, value_name = "DIR")]
    pub(crate) rego: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) input: CheckInputArgs,
}

/// The manifests to look at, or the cluster.
#[derive(Args, Debug)]
pub(crate) struct CheckInputArgs {
    /// Files and folders of manifests; without any, those of the environments in sekisho.yaml
    #[arg(value_name = "PATHS", conflicts_with_all = CLUSTER)]
    pub(crate) paths: Vec<PathBuf>,

    /// The namespace of objects that do not say theirs, `default` where it is not given
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,

    /// Values for the charts of Helm among PATHS
    #[arg(long, value_name = "FILE")]
    pub(crate) helm_values: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

impl CheckInputArgs {
    /// The same for the verbs that want to be told what to read.
    pub(crate) fn of(&self, paths: Vec<PathBuf>) -> InputArgs {
        InputArgs {
            paths,
            namespace: self.namespace.clone(),
            helm_values: self.helm_values.clone(),
            cluster: self.cluster.clone(),
        }
    }
}

/// How to print what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people: each finding with the lines it is about
    Human,
    /// For programs; `sekisho schema check` describes it
    Json,
}
