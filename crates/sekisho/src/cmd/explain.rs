//! `sekisho explain`.

use crate::{
    args::{ExplainArgs, ExplainFormat},
    input,
    outcome::Outcome,
    output,
    render::{json, text},
    target::{self, Question},
};

/// Answers whether A may talk to B, and why.
pub(crate) fn run(arguments: &ExplainArgs) -> anyhow::Result<Outcome> {
    let Some(input) = input::read(&arguments.input)? else { return Ok(Outcome::CouldNot) };
    let question = Question {
        from: &arguments.from,
        to: &arguments.to,
        port: &arguments.port,
        namespace: arguments.input.how.namespace(),
    };
    let answers = target::answers(&input.cluster, &question)?;
    match arguments.output {
        ExplainFormat::Json => output::plain_to_stdout(|out| json::explain(&answers, out))?,
        ExplainFormat::Text => output::to_stdout(|out| text::explain(&answers, &input.sources, out))?,
    }
    Ok(if answers.are_allowed() { Outcome::Holds } else { Outcome::DoesNotHold })
}
