//! What the program says of itself: completions, manual pages, schemas.

use clap::{Args, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(sekisho completions bash)
  sekisho completions zsh > ~/.zfunc/_sekisho
  sekisho completions fish > ~/.config/fish/completions/sekisho.fish";

/// Print the completions of a shell
#[derive(Args, Debug)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

const MAN_EXAMPLES: &str = "\
Examples:
  sekisho man ~/.local/share/man/man1 && man sekisho-explain";

/// Write the manual pages, one for each verb
#[derive(Args, Debug)]
#[command(after_help = MAN_EXAMPLES)]
pub(crate) struct ManArgs {
    /// The folder to write them to; it is made where it is missing
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

const SCHEMA_EXAMPLES: &str = "\
Examples:
  sekisho schema reach > reach.schema.json";

/// Print the JSON Schema of what a verb prints with `-o json`, or reads
#[derive(Args, Debug)]
#[command(after_help = SCHEMA_EXAMPLES)]
pub(crate) struct SchemaArgs {
    /// The verb, or the file
    #[arg(value_enum)]
    pub(crate) of: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// `sekisho check -o json`
    Check,
    /// `sekisho diff -o json`
    Diff,
    /// `sekisho diff --flows -o json`
    DiffFlows,
    /// `sekisho explain -o json`
    Explain,
    /// `sekisho exposure -o json`
    Exposure,
    /// A record of flows: a line of `sekisho observe -o jsonl`
    Flow,
    /// `sekisho reach -o json`
    Reach,
    /// `sekisho test -o json`
    Test,
    /// The file of promises that `sekisho test` reads
    Promises,
    /// `sekisho recommend -o json`
    Recommend,
    /// `sekisho recommend --status -o json`
    RecommendStatus,
    /// `sekisho redundant -o json`
    Redundant,
    /// The catalog, `sekisho.yaml`
    Catalog,
    /// What rules in Rego see, and `sekisho rego facts` prints
    Facts,
    /// `sekisho rego test -o json`
    RegoTest,
}
