//! `sekisho rule`.

use crate::{
    args::{RuleArgs, RuleFormat},
    outcome::Outcome,
    output,
    render::rules as render,
};
use sekisho_lint::{Rule, config::Choice};
use std::collections::BTreeSet;

/// Explains a rule, or lists all.
pub(crate) fn run(arguments: &RuleArgs) -> anyhow::Result<Outcome> {
    let one = arguments.rule.as_deref().map(find).transpose()?;
    match (arguments.output, one) {
        (RuleFormat::Text, Some(rule)) => output::to_stdout(|out| render::text(rule, out))?,
        (RuleFormat::Text, None) => output::to_stdout(render::table)?,
        (RuleFormat::Md, Some(rule)) => output::plain_to_stdout(|out| render::section(rule, out))?,
        (RuleFormat::Md, None) => output::plain_to_stdout(render::page)?,
        (RuleFormat::Json, Some(rule)) => {
            output::plain_to_stdout(|out| render::json(&render::Told::of(rule), out))?
        }
        (RuleFormat::Json, None) => {
            let all: Vec<render::Told> =
                sekisho_lint::rules().iter().copied().map(render::Told::of).collect();
            output::plain_to_stdout(|out| render::json(&all, out))?;
        }
    }
    Ok(Outcome::Holds)
}

fn find(name: &str) -> anyhow::Result<&'static Rule> {
    if let Some(rule) = sekisho_lint::find(name) {
        return Ok(rule);
    }
    match Choice::from(name).known(&BTreeSet::new()) {
        Err(complaint) => anyhow::bail!("{complaint}"),
        Ok(()) => anyhow::bail!("`{name}` is a category: `sekisho rule` lists its rules"),
    }
}
