//! Looking for what is wrong: from manifests to findings. What `sekisho check` prints, and the language server says.

mod coverage;

pub(crate) use coverage::{Coverage, Share};

use sekisho_core::{
    diagnostic::{Diagnostic, Severity},
    index::Index,
    standard::Standard,
};
use sekisho_k8s::{Reading, edit};
use sekisho_lint::{
    Extent, Finding, World,
    rego::{Judged, Rules},
};
use std::{collections::BTreeMap, sync::Arc};

/// What was found.
pub(crate) struct Checked {
    /// The findings, sorted by place.
    pub(crate) findings: Vec<Finding>,
    /// How many of the pods are protected.
    pub(crate) coverage: Coverage,
    /// How many policies there are.
    pub(crate) policies: usize,
    /// The texts, by name.
    pub(crate) sources: BTreeMap<Arc<str>, Arc<str>>,
    /// What kept rules in Rego from looking; then the findings are not all.
    pub(crate) unanswered: Vec<Diagnostic>,
    /// What rules in Rego printed.
    pub(crate) prints: Vec<String>,
}

impl Checked {
    /// Whether something was found that makes the run fail.
    pub(crate) fn fails(&self) -> bool {
        self.findings.iter().any(|one| one.diagnostic.severity <= Severity::Warning)
    }
}

/// Looks at everything that was read, with the team's own rules where there are some.
pub(crate) fn look(reading: Reading, standard: &Standard, extent: Extent, own: Option<&Rules>) -> Checked {
    let has_gaps = reading.has_errors();
    let Reading { cluster, diagnostics, mut sources, .. } = reading;
    let index = Index::of(cluster.changes());
    let world = World::new(&cluster, &index, standard, extent, has_gaps);
    let mut findings = sekisho_lint::check(&world, &diagnostics);
    let judged = own.map(|rules| rules.check(&world)).unwrap_or_default();
    let Judged { findings: mut found, errors: unanswered, prints } = judged;
    findings.append(&mut found);
    sekisho_lint::sort(&mut findings);
    if let Some(rules) = own {
        sources.extend(rules.sources().clone());
    }
    for finding in &mut findings {
        finding.diagnostic.origin = edit::locate(&finding.diagnostic.origin, finding.field, &sources);
    }
    let coverage = Coverage::of(&index, standard);
    Checked { findings, coverage, policies: cluster.policies.len(), sources, unanswered, prints }
}
