//! Policy on the path from pod to pod, beside the least rule that a stateful firewall has.

use super::beside::{ESTABLISHED, goal, row};
use crate::{
    Result,
    net::{Load, Path},
    report::Row,
};

/// Measures every load on every path.
pub(crate) fn run() -> Result<Vec<Row>> {
    let baseline = Path::with(ESTABLISHED)?;
    let mut rows = Vec::new();
    let again = Path::with(ESTABLISHED)?;
    for load in Load::ALL {
        // When this one fails, the machine was too busy for the others to mean anything.
        rows.push(
            row("established again", load, &again, &baseline)?.goal(goal(load)).note("how far noise goes"),
        );
    }
    let bare = Path::new()?;
    for load in Load::ALL {
        rows.push(row("no rule, no tracking", load, &bare, &baseline)?);
    }
    Ok(rows)
}
