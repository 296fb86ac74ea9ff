//! Load on a path, beside the same load on a path with the least rule that a stateful firewall has.

use crate::{
    Result,
    measure::{Effort, compare},
    net::{Load, Path},
    report::{Goal, Row},
};
use std::time::Duration;

/// The least rule: what belongs to a tracked connection passes.
pub(super) const ESTABLISHED: &str = "table inet baseline {\n chain forward {\n type filter hook forward priority 0\n \
                                      ct state established,related accept\n }\n }\n";

/// How long one rate is measured: short, so that both of a pair meet the same machine.
const SLICE: Duration = Duration::from_millis(50);
const EFFORT: Effort = Effort { at_least: 15, at_most: Duration::from_secs(5), width: 0.01 };

/// The row of `load` on `path`, beside `baseline`.
pub(super) fn row(name: &str, load: Load, path: &Path, baseline: &Path) -> Result<Row> {
    let result = compare(EFFORT, || load.rate(baseline, SLICE), || load.rate(path, SLICE))?;
    let (what, unit, scale) = match load {
        Load::Transfer => ("throughput", "Gbit/s", 8e-9),
        Load::Exchange => ("requests", "/s", 1.0),
        Load::Connect => ("new connections", "/s", 1.0),
    };
    Ok(Row::new(format!("{name}: {what}"), result.candidate * scale, unit)
        .against("established", result.baseline * scale, unit)
        .ratio(result.ratio))
}

/// What is promised of `load`: an established connection costs next to nothing, a new one little.
pub(super) fn goal(load: Load) -> Goal {
    match load {
        Load::Transfer | Load::Exchange => Goal::RatioAtLeast(0.97),
        Load::Connect => Goal::RatioAtLeast(0.95),
    }
}
