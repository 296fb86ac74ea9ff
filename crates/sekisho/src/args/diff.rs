//! The arguments of `sekisho diff`.

use super::{CLUSTER, ClusterArgs, FlowsArgs};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  What does production lack that development has?
    sekisho diff production/ development/

  What does this branch open and close, against where it left main?
    sekisho diff --git main...HEAD -- manifests/

  And what is not committed yet?
    sekisho diff --git HEAD -- manifests/

  What would `kubectl apply -f manifests/` open and close in the cluster?
    sekisho diff --cluster manifests/

  As a comment for a pull request
    sekisho diff --git origin/main...HEAD -o md -- manifests/ > comment.md

  Of what really flowed in the last two weeks, what would this change break?
    sekisho diff --flows flows.jsonl --since 14d --cluster manifests/

Revisions are those of git: A..B compares two, A...B compares B with where it left A, and A alone
compares A with the files as they are now. With --cluster the old state is the live cluster, and the
new one is the cluster with the manifests laid over it, as `kubectl apply` would: each object takes
the place of its namesake, and nothing is deleted.

With --flows it is asked of what flowed alone: of what was seen to pass, what passes in the old state and not
in the new one.

What differs most is told first: opened from the internet, from addresses outside, from another namespace, within a namespace, to addresses outside;
then what is closed.

Exit status: 0 the same, or nothing of what flowed would break; 1 different; 2 could not run.";

/// Say what a change opens and closes, and which policies do it
#[derive(Args, Debug)]
#[command(
    after_help = EXAMPLES,
    override_usage = "sekisho diff [OPTIONS] OLD NEW\n       sekisho diff [OPTIONS] --git REV[..REV] [-- PATHS...]\n       sekisho diff [OPTIONS] --cluster PATHS..."
)]
pub(crate) struct DiffArgs {
    /// The old state and the new one: two files or folders of manifests, one of which may be `-`. With
    /// --git: what is read in both revisions, `.` where nothing is named. With --cluster: what would be
    /// applied to it. Folders of Kustomize and charts of Helm are built first
    #[arg(value_name = "PATHS")]
    pub(crate) paths: Vec<PathBuf>,

    /// Compare revisions of git, without touching the files: `main..HEAD`, `main...HEAD`, or `main`
    #[arg(long, value_name = "REV[..REV]", conflicts_with_all = CLUSTER)]
    pub(crate) git: Option<String>,

    /// The namespace of objects that do not say theirs
    #[arg(short, long, value_name = "NAMESPACE", default_value = "default")]
    pub(crate) namespace: String,

    /// Values for the charts of Helm among PATHS
    #[arg(long, value_name = "FILE")]
    pub(crate) helm_values: Vec<PathBuf>,

    /// How to print the difference
    #[arg(short, long, value_enum, default_value_t = DiffFormat::Table)]
    pub(crate) output: DiffFormat,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,

    #[command(flatten)]
    pub(crate) flows: FlowsArgs,
}

/// How to print a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For people
    Table,
    /// For programs; `sekisho schema diff` describes it
    Json,
    /// For a comment on a pull request: Markdown, folded where it is long
    Md,
    /// For spreadsheets: one line for each change
    Csv,
    /// For Graphviz: what is opened and what is closed
    Dot,
}
