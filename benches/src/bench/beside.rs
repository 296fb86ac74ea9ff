//! Load on a path, beside the same load on a path with the least rule that a stateful firewall has.

use crate::{
    Result,
    measure::{Effort, compare},
    net::{Load, Paths},
    report::{Goal, Row},
};
use std::time::Duration;

/// The least rule: what belongs to a tracked connection passes.
pub(super) const ESTABLISHED: &str = "table inet baseline {\n chain forward {\n type filter hook forward priority 0\n \
                                      ct state established,related accept\n }\n }\n";

/// How long one rate is measured: short, so that both of a pair meet the same machine.
const SLICE: Duration = Duration::from_millis(50);
/// How many of the candidate and of the baseline: no common divisor, so that each meets each.
pub(super) const REPLICAS: usize = 3;
/// See [`REPLICAS`].
pub(super) const BASELINES: usize = 4;
const EFFORT: Effort = Effort { at_least: 15, at_most: Duration::from_secs(6), width: 0.01 };

/// The row of `load` on `paths`, beside `baseline`, which is called `against`.
pub(super) fn row(name: &str, load: Load, paths: &Paths, against: &str, baseline: &Paths) -> Result<Row> {
    let result = compare(EFFORT, || baseline.rate(load, SLICE), || paths.rate(load, SLICE))?;
    let (what, unit, scale) = match load {
        Load::Transfer => ("throughput", "Gbit/s", 8e-9),
        Load::Exchange => ("requests", "/s", 1.0),
        Load::Connect => ("new connections", "/s", 1.0),
    };
    Ok(Row::new(format!("{name}: {what}"), result.candidate * scale, unit)
        .against(against, result.baseline * scale, unit)
        .ratio(result.ratio))
}

/// What is promised of `load`: an established connection costs next to nothing, a new one little.
pub(super) fn goal(load: Load) -> Goal {
    match load {
        Load::Transfer | Load::Exchange => Goal::RatioAtLeast(0.97),
        Load::Connect => Goal::RatioAtLeast(0.95),
    }
}
