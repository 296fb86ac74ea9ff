//! `sekisho test`.

use crate::{
    args::{TestArgs, TestFormat},
    input,
    outcome::Outcome,
    output,
    render::{json, junit, promises},
    results::Results,
};
use sekisho_core::promise::World;
use sekisho_k8s::promise::read_promises;
use std::slice;

/// Holds the promises against the manifests.
pub(crate) fn run(arguments: &TestArgs) -> anyhow::Result<Outcome> {
    let read = read_promises(slice::from_ref(&arguments.expectations))?;
    let is_readable = input::tell(&read.diagnostics, &read.sources, "the promises")?;
    let input = input::read(&arguments.input)?;
    let Some(input) = input.filter(|_| is_readable) else { return Ok(Outcome::CouldNot) };
    let results = Results::of(&World::of(&input.cluster), &read.promises);
    match arguments.output {
        TestFormat::Table => output::to_stdout(|out| promises::test(&results, &input.sources, out))?,
        TestFormat::Json => output::plain_to_stdout(|out| json::test(&results, out))?,
        TestFormat::Junit => output::plain_to_stdout(|out| junit::test(&results, &input.sources, out))?,
    }
    Ok(if results.are_kept() { Outcome::Holds } else { Outcome::DoesNotHold })
}
