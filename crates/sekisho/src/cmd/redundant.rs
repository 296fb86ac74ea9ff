//! `sekisho redundant`.

use crate::{
    args::{RedundantArgs, RedundantFormat},
    input,
    outcome::Outcome,
    output,
    render::{json, redundant},
};
use sekisho_core::redundant::{Scope, search};

/// Lists what adds nothing.
pub(crate) fn run(arguments: &RedundantArgs) -> anyhow::Result<Outcome> {
    let Some(input) = input::read(&arguments.input)? else { return Ok(Outcome::CouldNot) };
    let pods = input.cluster.pods.values().any(|pod| pod.is_policed());
    if !pods && !arguments.always {
        output::note("there are no pods, so only what adds nothing to any pods is looked for");
    }
    let scope = if arguments.always || !pods { Scope::Always } else { Scope::Today };
    let found = search(&input.cluster, scope);
    match arguments.output {
        RedundantFormat::Table => output::to_stdout(|out| redundant::table(&found, out))?,
        RedundantFormat::Json => output::plain_to_stdout(|out| json::redundant(&found, out))?,
        RedundantFormat::Md => output::plain_to_stdout(|out| redundant::markdown(&found, out))?,
    }
    Ok(if found.is_empty() { Outcome::Holds } else { Outcome::DoesNotHold })
}
