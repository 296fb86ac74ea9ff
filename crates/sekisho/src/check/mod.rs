//! Looking for what is wrong: from manifests to findings. What `sekisho check` prints, and the language server says.

mod coverage;

pub(crate) use coverage::{Coverage, Share};

use sekisho_core::{diagnostic::Severity, index::Index, standard::Standard};
use sekisho_k8s::{Reading, edit};
use sekisho_lint::{Extent, Finding, World};
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
}

impl Checked {
    /// Whether something was found that makes the run fail.
    pub(crate) fn fails(&self) -> bool {
        self.findings.iter().any(|one| one.diagnostic.severity <= Severity::Warning)
    }
}

/// Whether a list of codes, names and categories has the rule of a finding.
fn lists(rules: &[String], finding: &Finding) -> bool {
    let is_meant = |rule: &String| {
        rule.eq_ignore_ascii_case(finding.code())
            || **rule == *finding.name
            || **rule == *finding.category.name()
    };
    rules.iter().any(is_meant)
}

impl Checked {
    /// The same with the findings of the rules of `select`, of all where it is empty, but not of those of `ignore`.
    pub(crate) fn chosen(mut self, select: &[String], ignore: &[String]) -> Self {
        self.findings.retain(|one| (select.is_empty() || lists(select, one)) && !lists(ignore, one));
        self
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
    Checked { findings, coverage, policies: cluster.policies.len(), sources }
}
