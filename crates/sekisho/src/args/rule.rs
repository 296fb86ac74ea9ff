//! `sekisho rule`.

use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  What rules are there?
    sekisho rule

  What does this one find, why does it matter, and how is it mended?
    sekisho rule SK301
    sekisho rule whole-namespace

Exit status: 0 printed, 2 there is no such rule.";

/// Explain a rule of `sekisho check`, or list all of them
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RuleArgs {
    /// The code or the name of a rule; without it all are listed
    #[arg(value_name = "RULE")]
    pub(crate) rule: Option<String>,

    /// How to print it
    #[arg(short, long, value_enum, default_value_t = RuleFormat::Text)]
    pub(crate) output: RuleFormat,
}

/// How to print a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuleFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// As a page: Markdown
    Md,
}
