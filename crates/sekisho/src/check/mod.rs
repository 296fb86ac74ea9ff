//! Looking for what is wrong: from manifests to findings. What `sekisho check` prints, and the language server says.

mod coverage;
pub(crate) mod mend;
pub(crate) mod scope;

pub(crate) use coverage::{Coverage, Share};

use sekisho_core::{diagnostic::Severity, index::Index, object::Cluster, standard::Standard};
use sekisho_k8s::{Reading, edit};
use sekisho_lint::{Extent, Finding, World};
use std::{collections::BTreeMap, sync::Arc};

/// What was found.
#[derive(Default)]
pub(crate) struct Checked {
    /// The findings, sorted by place.
    pub(crate) findings: Vec<Finding>,
    /// How many of the pods are protected.
    pub(crate) coverage: Coverage,
    /// How many policies there are.
    pub(crate) policies: usize,
    /// The objects.
    pub(crate) cluster: Cluster,
    /// The texts, by name.
    pub(crate) sources: BTreeMap<Arc<str>, Arc<str>>,
}

impl Checked {
    /// Whether something was found that makes the run fail.
    pub(crate) fn fails(&self) -> bool {
        self.findings.iter().any(|one| one.diagnostic.severity <= Severity::Warning)
    }
}

impl Checked {
    /// Several runs as one. What is found in files that more than one reads is told once.
    pub(crate) fn join(runs: Vec<(Option<String>, Self)>) -> Self {
        let is_one = runs.len() == 1;
        let mut all = Self::default();
        for (environment, run) in runs {
            all.policies += run.policies;
            all.findings.extend(run.findings);
            all.sources.extend(run.sources);
            all.coverage.add(run.coverage, environment.as_deref().filter(|_| !is_one));
            if is_one {
                all.cluster = run.cluster;
            }
        }
        all.findings.sort_by(Finding::by_place);
        all.findings.dedup();
        all
    }
}

/// Looks at everything that was read.
pub(crate) fn look(reading: Reading, standard: &Standard, extent: Extent) -> Checked {
    let has_gaps = reading.has_errors();
    let Reading { cluster, diagnostics, sources, .. } = reading;
    let index = Index::of(cluster.changes());
    let world = World::new(&cluster, &index, standard, extent, has_gaps);
    let mut findings = sekisho_lint::check(&world, &diagnostics);
    for finding in &mut findings {
        finding.diagnostic.origin = edit::locate(&finding.diagnostic.origin, finding.field, &sources);
    }
    let coverage = Coverage::of(&index, standard);
    drop(world);
    Checked { findings, coverage, policies: cluster.policies.len(), cluster, sources }
}
