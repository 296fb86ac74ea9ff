//! `sekisho schema`.

use crate::{args::SchemaArgs, outcome::Outcome, output, render::json};

/// Prints the JSON Schema of a verb's output.
pub(crate) fn run(arguments: &SchemaArgs) -> anyhow::Result<Outcome> {
    let schema = json::schema(arguments.of)?;
    output::plain_to_stdout(|out| Ok(out.write_all(schema.as_bytes())?))?;
    Ok(Outcome::Holds)
}
