//! Of what really flowed, what would a change break?

use crate::{
    args::{DiffArgs, DiffFormat},
    flows,
    input::Input,
    outcome::Outcome,
    output,
    render::{json, recommend::broken},
};
use anyhow::bail;
use sekisho_core::standard::Standard;
use sekisho_flow::query::Query;
use sekisho_recommend::{Asked, broken as search, history::History, replay::enforced, roster::Roster};

/// Says which of the flows would break. Pods are those of the old state, in which they flowed.
pub(super) fn run(arguments: &DiffArgs, [old, new]: &[Input; 2]) -> anyhow::Result<Outcome> {
    if !matches!(arguments.output, DiffFormat::Table | DiffFormat::Json) {
        bail!("what flows would break is printed as a table or as JSON: leave out `-o`, or write `-o json`");
    }
    let Some(read) =
        flows::read(&arguments.flows, &Query::default(), &old.cluster, arguments.cluster.access())?
    else {
        return Ok(Outcome::CouldNot);
    };
    let roster = Roster::of(&old.cluster, &Standard::default());
    let asked = Asked { window: read.window, ..Asked::default() };
    let mut history = History::of(read.flows, &old.cluster, &roster, &asked);
    history.records = read.records;
    let found = search((&enforced(&old.cluster), &enforced(&new.cluster)), &history, &roster);
    match arguments.output {
        DiffFormat::Json => output::plain_to_stdout(|out| json::broken(&found, out))?,
        _ => output::to_stdout(|out| broken::table(&found, out))?,
    }
    Ok(if found.broken.is_empty() { Outcome::Holds } else { Outcome::DoesNotHold })
}
