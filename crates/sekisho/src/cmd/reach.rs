//! `sekisho reach`.

use crate::{
    args::{ReachArgs, ReachFormat},
    input,
    outcome::Outcome,
    output,
    render::{json, table},
};
use sekisho_core::{index::Index, reach::reach};

/// Lists the allowed connections.
pub(crate) fn run(arguments: &ReachArgs) -> anyhow::Result<Outcome> {
    let Some(input) = input::read(&arguments.input)? else { return Ok(Outcome::CouldNot) };
    let connections = reach(&Index::of(input.cluster.changes()));
    match arguments.output {
        ReachFormat::Json => output::plain_to_stdout(|out| json::reach(&connections, out))?,
        ReachFormat::Table => output::to_stdout(|out| table::reach(&connections, out))?,
    }
    Ok(Outcome::Holds)
}
