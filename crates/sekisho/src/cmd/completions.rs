//! `sekisho completions`.

use crate::{
    args::{Cli, CompletionsArgs},
    outcome::Outcome,
    output,
};
use clap::CommandFactory;

/// Prints the completions of a shell.
pub(crate) fn run(arguments: &CompletionsArgs) -> anyhow::Result<Outcome> {
    // `generate` panics where its writer fails, as a closed pipe does: it writes to memory first.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "sekisho", &mut script);
    output::plain_to_stdout(|out| Ok(out.write_all(&script)?))?;
    Ok(Outcome::Holds)
}
