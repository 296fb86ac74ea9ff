//! `sekisho catalog`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  What holds: what is built in, and what sekisho.yaml says
    sekisho catalog show

  A catalog of the policies that are there already
    sekisho catalog import manifests/ > sekisho.yaml

docs/catalog.md says how a catalog is written; `sekisho schema catalog` is for editors.";

const SHOW_EXAMPLES: &str = "\
Examples:
  sekisho catalog show
  sekisho catalog show --builtin

Exit status: 0 printed, 2 could not run.";

const IMPORT_EXAMPLES: &str = "\
Examples:
  Of one environment
    sekisho catalog import manifests/ > sekisho.yaml

  Of a folder with a folder for each environment, or of such folders
    sekisho catalog import deploy/
    sekisho catalog import deploy/production deploy/staging

  By a standard of your own, which the file has and the catalog keeps
    sekisho catalog import -c standard.yaml deploy/

Folders that have a policy of the same namespace and name are environments, called like the folder.
What the catalog would not give as it is written is told on standard error, at its place.

Exit status: 0 the catalog gives all of it, 1 some of it is otherwise, 2 could not run.";

/// Show what holds, or make a catalog of existing policies
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CatalogArgs {
    #[command(subcommand)]
    pub(crate) verb: CatalogVerb,
}

/// What to do with a catalog.
#[derive(Debug, Subcommand)]
pub(crate) enum CatalogVerb {
    Show(CatalogShowArgs),
    Import(CatalogImportArgs),
}

/// Print what is built in and what the catalog says, together
#[derive(Args, Debug)]
#[command(after_help = SHOW_EXAMPLES)]
pub(crate) struct CatalogShowArgs {
    /// The catalog
    #[arg(short, long, value_name = "FILE", conflicts_with = "builtin")]
    pub(crate) catalog: Option<PathBuf>,

    /// What is built in alone, and where it comes from
    #[arg(long)]
    pub(crate) builtin: bool,
}

/// Print a catalog of existing policies, and tell what does not follow it
#[derive(Args, Debug)]
#[command(after_help = IMPORT_EXAMPLES)]
pub(crate) struct CatalogImportArgs {
    /// Files and folders of manifests, as the other verbs read them
    #[arg(value_name = "PATHS", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// A catalog whose standard and peers are known already
    #[arg(short, long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,

    /// The namespace of objects that do not say theirs
    #[arg(short, long, value_name = "NAMESPACE", default_value = "default")]
    pub(crate) namespace: String,

    /// Values for the charts of Helm among PATHS
    #[arg(long, value_name = "FILE")]
    pub(crate) helm_values: Vec<PathBuf>,
}
