//! `sekisho reach`.

use crate::{
    args::{ReachArgs, ReachFormat},
    input,
    outcome::Outcome,
    output,
    render::{json, table},
};
use sekisho_core::{
    index::Index,
    reach::{Filter, Reach, connections},
};

/// Lists the allowed connections.
pub(crate) fn run(arguments: &ReachArgs) -> anyhow::Result<Outcome> {
    let Some(input) = input::read(&arguments.input)? else { return Ok(Outcome::CouldNot) };
    let reach = Reach::of(&Index::of(input.cluster.changes()));
    let connections = connections(&reach, &Filter::default());
    match arguments.output {
        ReachFormat::Json => output::plain_to_stdout(|out| json::reach(&connections, out))?,
        ReachFormat::Table => output::to_stdout(|out| table::reach(&connections, out))?,
    }
    Ok(Outcome::Holds)
}
