//! `sekisho check`.

use crate::{
    args::{CheckArgs, CheckFormat},
    check, input,
    outcome::Outcome,
    output,
    render::{check as render, json},
};
use sekisho_core::standard::Standard;
use sekisho_lint::Extent;

/// Looks for what is wrong.
pub(crate) fn run(arguments: &CheckArgs) -> anyhow::Result<Outcome> {
    let extent = if arguments.input.cluster.access().is_some() { Extent::Whole } else { Extent::Part };
    let own = match input::rego::optional(&arguments.rego)? {
        Ok(own) => own,
        Err(input::rego::Unreadable) => return Ok(Outcome::CouldNot),
    };
    let reading = input::reading(&arguments.input.of(arguments.input.paths.clone()))?;
    let checked = check::look(reading, &Standard::default(), extent, own.as_ref());
    input::rego::tell_prints(&checked.prints);
    let formats =
        if arguments.format.is_empty() { vec![CheckFormat::Human] } else { arguments.format.clone() };
    for format in formats {
        match format {
            CheckFormat::Human => output::to_stdout(|out| render::human::write(&checked, out))?,
            CheckFormat::Json => output::plain_to_stdout(|out| json::check(&checked, out))?,
        }
    }
    if !input::tell(&checked.unanswered, &checked.sources, "the rules in Rego")? {
        return Ok(Outcome::CouldNot);
    }
    Ok(if checked.fails() { Outcome::DoesNotHold } else { Outcome::Holds })
}
