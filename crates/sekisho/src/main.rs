//! `sekisho`: NetworkPolicy from the pull request to the packet.
//!
//! A verb is a file under `cmd`; how its answer is shown is under `render`.

mod args;
mod check;
mod cmd;
mod emit;
mod flows;
mod git;
mod input;
mod lsp;
mod narrow;
mod outcome;
mod output;
mod plugin;
mod render;
mod results;
mod serve;
mod settings;
mod target;
mod written;

use args::Verb;
use mimalloc::MiMalloc;
use outcome::Outcome;
use std::process::ExitCode;

/// A cluster is millions of small pieces, of which most come and go while it is read on all cores: of that
/// this allocator makes less work than the system's (a tenth of `reach`, see docs/benchmarks.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = plugin::parse();
    let result = match &cli.verb {
        Verb::Explain(arguments) => cmd::explain::run(arguments),
        Verb::Reach(arguments) => cmd::reach::run(arguments),
        Verb::Exposure(arguments) => cmd::exposure::run(arguments),
        Verb::Test(arguments) => cmd::test::run(arguments),
        Verb::Diff(arguments) => cmd::diff::run(arguments),
        Verb::Check(arguments) => cmd::check::run(arguments),
        Verb::Rule(arguments) => cmd::rule::run(arguments),
        Verb::Redundant(arguments) => cmd::redundant::run(arguments),
        Verb::Observe(arguments) => cmd::observe::run(arguments),
        Verb::Recommend(arguments) => cmd::recommend::run(arguments),
        Verb::Rego(arguments) => cmd::rego::run(arguments),
        Verb::Lsp(_) => cmd::lsp::run(),
        Verb::Generate(arguments) => cmd::generate::run(arguments),
        Verb::Catalog(arguments) => cmd::catalog::run(arguments),
        Verb::Lab(arguments) => cmd::lab::run(arguments),
        Verb::Render(arguments) => cmd::render::run(arguments),
        Verb::Serve(arguments) => cmd::serve::run(arguments),
        Verb::Snapshot(arguments) => cmd::snapshot::run(arguments),
        Verb::Completions(arguments) => cmd::completions::run(arguments),
        Verb::Man(arguments) => cmd::man::run(arguments),
        Verb::Schema(arguments) => cmd::schema::run(arguments),
    };
    match result {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            output::error(&error);
            Outcome::CouldNot.into()
        }
    }
}
