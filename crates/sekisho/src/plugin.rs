//! The program as a plugin of `kubectl`, which looks for `kubectl-sekisho` on the path.

use crate::args::Cli;
use clap::{Command, CommandFactory, FromArgMatches};
use std::{env, ffi::OsStr, path::Path};

/// How `kubectl` wants a plugin to be called.
const FILE: &str = "kubectl-sekisho";

/// The command line, with help that calls the program what its user calls it.
pub(crate) fn parse() -> Cli {
    let called = env::args_os().next();
    let stem = called.as_deref().map(Path::new).and_then(Path::file_stem);
    let mut command = Cli::command();
    if stem == Some(OsStr::new(FILE)) {
        command = renamed(command.bin_name("kubectl sekisho"));
    }
    let matches = command.get_matches_mut();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit())
}

/// The examples of the help, for `kubectl sekisho`.
fn renamed(command: Command) -> Command {
    let verbs: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let examples =
        command.get_after_help().map(|text| text.to_string().replace("  sekisho ", "  kubectl sekisho "));
    let command = match examples {
        Some(examples) => command.after_help(examples),
        None => command,
    };
    verbs.into_iter().fold(command, |command, verb| command.mut_subcommand(verb, renamed))
}
