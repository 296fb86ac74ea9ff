//! `sekisho generate`.

use clap::{Args, ValueEnum};
use sekisho_catalog::Layout;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  The policies of an environment, to read or to apply
    sekisho generate -e production

  As files: one for each policy, in a folder for each namespace
    sekisho generate -e production -o policies/

  For Kustomize: a base, and an overlay for each environment
    sekisho generate --layout kustomize -o deploy/

  In CI: are the files in Git what the catalog gives?
    sekisho generate -e production -o policies/ --check

  What the catalog means, to hold against what is deployed
    sekisho generate -e production -o policies/ --promises promises.yaml
    sekisho test promises.yaml --cluster

The catalog is `sekisho.yaml` in this folder or the nearest one around it; docs/catalog.md says how
it is written. Files that were generated and are no longer given are removed; no others are touched.

Exit status: 0 written, or nothing differs; 1 with --check, something differs; 2 could not run.";

/// Write the policies of the services in the catalog
///
/// One graph of who calls whom makes both sides: what lets callers in, and, where egress is closed, what lets
/// them out.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct GenerateArgs {
    /// The catalog
    #[arg(short, long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,

    /// The environment. Where the catalog has several, and none is named, each gets a folder of its name
    #[arg(short, long, value_name = "NAME")]
    pub(crate) environment: Option<String>,

    /// The folder to write files to; without it the policies are printed
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,

    /// How files are laid out
    #[arg(long, value_enum, default_value_t = LayoutArg::Plain, requires = "output")]
    pub(crate) layout: LayoutArg,

    /// Write also what the catalog means, as promises for `sekisho test`. They are of one environment: the one
    /// that is named, whatever the layout; `{environment}` in FILE makes a file of each
    #[arg(long, value_name = "FILE")]
    pub(crate) promises: Option<PathBuf>,

    /// Write nothing, and print how the files differ from what would be written
    #[arg(long, requires = "output")]
    pub(crate) check: bool,
}

/// How files are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayoutArg {
    /// A folder for each namespace, with a file for each policy
    Plain,
    /// A base with what environments have in common, and an overlay for each
    Kustomize,
    /// A chart of Helm, with the environment as a value
    Helm,
}

impl From<LayoutArg> for Layout {
    fn from(layout: LayoutArg) -> Self {
        match layout {
            LayoutArg::Plain => Self::Plain,
            LayoutArg::Kustomize => Self::Kustomize,
            LayoutArg::Helm => Self::Helm,
        }
    }
}
