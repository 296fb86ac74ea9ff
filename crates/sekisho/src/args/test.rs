//! `sekisho test`.

use super::InputArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  Do these policies keep what we promised?
    sekisho test promises.yaml manifests/

  As a report for GitLab, Jenkins or GitHub
    sekisho test -o junit promises.yaml manifests/ > report.xml

A file of promises:
  # yaml-language-server: $schema=promises.json   (sekisho schema promises > promises.json)
  version: 1
  groups:
    bff: { pods: app.kubernetes.io/component=bff }
    backend: { pods: app.kubernetes.io/component=backend }
  promises:
    - name: a backend is reached by its own service's bff alone
      only: bff
      can reach: backend
      with the same: app.kubernetes.io/part-of

Exit status: 0 every promise is kept, 1 some are broken or about nothing, 2 could not run.";

/// Say whether the policies keep the promises that are written in a file
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TestArgs {
    /// The file of promises, or a folder of such files
    #[arg(value_name = "EXPECTATIONS")]
    pub(crate) expectations: PathBuf,

    /// How to print the results
    #[arg(short, long, value_enum, default_value_t = TestFormat::Table)]
    pub(crate) output: TestFormat,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// How to print results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// For people
    Table,
    /// For programs; `sekisho schema test` describes it
    Json,
    /// For CI systems: JUnit XML
    Junit,
}
