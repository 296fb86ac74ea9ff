//! Ways in and exposure, in the forms they are printed in.

pub(crate) mod csv;
pub(crate) mod markdown;
mod said;
pub(crate) mod text;

pub(crate) use said::{Said, WaySaid, open_to_kind, rule_named, whom};

use sekisho_core::{exposure::Exposure, object::Cluster, ways::WayIn};

/// What is printed.
pub(crate) struct Report {
    /// The ways in: those that somebody has to mend first, then those of which the manifests do not tell
    /// enough.
    pub(crate) ways: Vec<WaySaid>,
    /// Whom workloads are open to.
    pub(crate) exposures: Vec<Exposure>,
}

impl Report {
    /// Puts what was found into words. The evaluator is asked about what is refused.
    pub(crate) fn new(cluster: &Cluster, ways: Vec<WayIn>, exposures: Vec<Exposure>) -> Self {
        let mut ways: Vec<WaySaid> = ways.into_iter().map(|way| WaySaid::new(cluster, way)).collect();
        ways.sort_by_key(WaySaid::rank);
        Self { ways, exposures }
    }
}
