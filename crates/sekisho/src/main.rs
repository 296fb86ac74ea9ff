//! `sekisho`: NetworkPolicy from the pull request to the packet.
//!
//! A verb is a file under `cmd`; how its answer is shown is under `render`.

mod args;
mod cmd;
mod input;
mod outcome;
mod output;
mod render;
mod target;

use args::{Cli, Verb};
use clap::Parser;
use outcome::Outcome;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match &cli.verb {
        Verb::Explain(arguments) => cmd::explain::run(arguments),
        Verb::Reach(arguments) => cmd::reach::run(arguments),
        Verb::Lab(arguments) => cmd::lab::run(arguments),
        Verb::Render(arguments) => cmd::render::run(arguments),
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
