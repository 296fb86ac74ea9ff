//! `sekisho rego`.

use super::InputArgs;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  Do the tests of our rules pass?
    sekisho rego test rules/

  What does a rule see of this policy?
    sekisho rego facts --object NetworkPolicy/shop/web manifests/

  What do the rules find?
    sekisho check --rego rules/ manifests/

Exit status: 0 the tests pass, 1 some do not, 2 could not run.";

/// Test rules of your own, in Rego, and see what they see
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RegoArgs {
    #[command(subcommand)]
    pub(crate) verb: RegoVerb,
}

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub(crate) enum RegoVerb {
    Test(RegoTestArgs),
    Facts(RegoFactsArgs),
}

/// Run the rules that begin with `test_`
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RegoTestArgs {
    /// Files of rules, or folders of them
    #[arg(value_name = "DIR", required = true)]
    pub(crate) folders: Vec<PathBuf>,

    /// How to print the results
    #[arg(short, long, value_enum, default_value_t = RegoTestFormat::Table)]
    pub(crate) output: RegoTestFormat,
}

/// How to print what became of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RegoTestFormat {
    /// For people
    Table,
    /// For programs; `sekisho schema rego-test` describes it
    Json,
    /// For CI systems: JUnit XML
    Junit,
}

/// Print what rules see: the `input` of each object; `sekisho schema facts` describes it
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RegoFactsArgs {
    /// Only this object: `namespace/name`, `kind/namespace/name`, or the name of a namespace
    #[arg(long, value_name = "OBJECT")]
    pub(crate) object: Option<String>,

    /// Over many lines, for people; without it each object is a line
    #[arg(long)]
    pub(crate) pretty: bool,

    /// The catalog, instead of the nearest `sekisho.yaml`
    #[arg(short, long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,

    /// The environment that the manifests are of; without it, the one of sekisho.yaml whose paths hold them
    #[arg(short, long, value_name = "NAME")]
    pub(crate) environment: Option<String>,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}
