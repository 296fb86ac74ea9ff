//! Looking for what is wrong: from manifests to findings. What `sekisho check` prints, and the language server says.

pub(crate) mod baseline;
mod coverage;
mod found;
pub(crate) mod identity;
mod known;
pub(crate) mod mend;
pub(crate) mod paths;
pub(crate) mod scope;
pub(crate) mod settings;
mod silence;
pub(crate) mod since;

pub(crate) use coverage::{Coverage, Share};
pub(crate) use found::Found;

use settings::Settings;

use sekisho_core::{
    diagnostic::{Diagnostic, Severity},
    index::Index,
    object::{Cluster, Origin},
    standard::Standard,
};
use sekisho_k8s::{Reading, edit::Editor};
use sekisho_lint::{
    Extent, Finding, World,
    ignore::{Silence, Silenced},
    rego::{Judged, Rules},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What was found.
pub(crate) struct Checked {
    /// The findings, sorted by place.
    pub(crate) findings: Vec<Finding>,
    /// What is kept quiet where it stands.
    pub(crate) silenced: Vec<Silenced>,
    /// The least bad finding that makes the run fail.
    pub(crate) fail_on: Severity,
    /// What a baseline says of it, where there is one.
    pub(crate) old: Option<baseline::Old>,
    /// Of which change it is, where only that is looked at.
    pub(crate) since: Option<since::Since>,
    /// How many of the pods are protected.
    pub(crate) coverage: Coverage,
    /// How many policies there are.
    pub(crate) policies: usize,
    /// The objects.
    pub(crate) cluster: Cluster,
    /// The texts, by name.
    pub(crate) sources: BTreeMap<Arc<str>, Arc<str>>,
    /// Whether something could not be read: nothing is told then of who is not protected.
    pub(crate) has_gaps: bool,
    /// What kept rules in Rego from looking; then the findings are not all.
    pub(crate) unanswered: Vec<Diagnostic>,
    /// What rules in Rego printed.
    pub(crate) prints: Vec<String>,
}

impl Checked {
    /// Whether something was found that makes the run fail.
    pub(crate) fn fails(&self) -> bool {
        self.findings.iter().any(|one| one.diagnostic.severity <= self.fail_on)
    }
}

impl Checked {
    /// Several runs as one. What is found in files that more than one reads is told once.
    pub(crate) fn join(runs: Vec<(Option<String>, Self)>) -> Option<Self> {
        let is_one = runs.len() == 1;
        let useless = useless(&runs);
        let mut runs = runs.into_iter();
        let (environment, mut all) = runs.next()?;
        if is_one {
            return Some(all);
        }
        let first = std::mem::take(&mut all.coverage);
        all.coverage.add(first, environment.as_deref());
        for (environment, run) in runs {
            all.policies += run.policies;
            all.findings.extend(run.findings);
            all.silenced.extend(run.silenced);
            all.sources.extend(run.sources);
            all.unanswered.extend(run.unanswered);
            all.prints.extend(run.prints);
            all.has_gaps |= run.has_gaps;
            all.coverage.add(run.coverage, environment.as_deref());
            if let (Some(all), Some(run)) = (&mut all.since, run.since) {
                all.known += run.known;
            }
        }
        all.findings.sort_by(Finding::by_place);
        all.findings.dedup();
        all.findings.retain(|one| one.code() != FOR_NOTHING || useless.contains(&one.diagnostic.origin));
        all.silenced.sort_by(|a, b| Finding::by_place(&a.finding, &b.finding));
        all.silenced.dedup();
        all.unanswered.dedup();
        Some(all)
    }
}

/// The rule that finds ignores of nothing.
const FOR_NOTHING: &str = "SK002";

/// The places of ignores that are of no use in any of the runs that read their text.
fn useless(runs: &[(Option<String>, Checked)]) -> BTreeSet<Origin> {
    let of = |run: &Checked| -> BTreeSet<Origin> {
        let found = run.findings.iter().filter(|one| one.code() == FOR_NOTHING);
        found.map(|one| one.diagnostic.origin.clone()).collect()
    };
    let by_run: Vec<(&Checked, BTreeSet<Origin>)> = runs.iter().map(|(_, run)| (run, of(run))).collect();
    let everywhere = |origin: &&Origin| {
        by_run.iter().all(|(run, found)| !run.sources.contains_key(&origin.source) || found.contains(*origin))
    };
    by_run.iter().flat_map(|(_, found)| found).filter(everywhere).cloned().collect()
}

/// How manifests are looked at.
#[derive(Clone, Copy)]
pub(crate) struct Look<'l> {
    /// What the team has agreed on.
    pub(crate) standard: &'l Standard,
    /// How much of a cluster the manifests are.
    pub(crate) extent: Extent,
    /// The team's own rules, where there are some.
    pub(crate) own: Option<&'l Rules>,
    /// What the team wants to hear; all of it where nothing is said.
    pub(crate) settings: Option<&'l Settings>,
}

impl Look<'_> {
    /// Looks at everything that was read.
    pub(crate) fn at(self, reading: Reading) -> Checked {
        let has_gaps = reading.has_errors();
        self.with_gaps(reading, has_gaps)
    }

    /// The same, where `has_gaps` says whether what could not be read is to be minded.
    fn with_gaps(self, reading: Reading, has_gaps: bool) -> Checked {
        let index = Index::of(reading.cluster.changes());
        let world = World::new(&reading.cluster, &index, self.standard, self.extent, has_gaps);
        // Somebody waits for it.
        let found = Found::of(&world, self.own, || true).unwrap_or_default();
        drop(world);
        self.conclude(reading, has_gaps, &index, found)
    }

    /// What is to be heard of what rules found in a part of a cluster, whose policies are in `part` and its texts in `sources`.
    ///
    /// # Errors
    /// What kept the team's own rules from looking.
    pub(crate) fn hear(
        self,
        found: Found,
        (part, sources): (&Cluster, &BTreeMap<Arc<str>, Arc<str>>),
    ) -> Result<Vec<Finding>, Vec<Diagnostic>> {
        let Found { ours: mut findings, own: Judged { findings: mut by_team, errors, .. } } = found;
        if !errors.is_empty() {
            return Err(errors);
        }
        findings.append(&mut by_team);
        findings.sort_by(Finding::by_place);
        let editor = Editor::new(sources);
        for finding in &mut findings {
            finding.diagnostic.origin = editor.locate(&finding.diagnostic.origin, finding.field);
        }
        let codes = self.own.map(Rules::codes).unwrap_or_default();
        Ok(silence::hear(findings, self.settings, (part, sources), codes).heard)
    }

    /// What is told of what rules found in everything that was read.
    pub(crate) fn conclude(self, reading: Reading, has_gaps: bool, index: &Index, found: Found) -> Checked {
        let Self { standard, own, settings, .. } = self;
        let Reading { cluster, diagnostics, mut sources, .. } = reading;
        let Judged { findings: mut by_team, errors: unanswered, prints } = found.own;
        let mut findings = sekisho_lint::of_reader(&diagnostics);
        findings.extend(found.ours);
        findings.append(&mut by_team);
        findings.sort_by(Finding::by_place);
        if let Some(rules) = own {
            sources.extend(rules.sources().clone());
        }
        let editor = Editor::new(&sources);
        for finding in &mut findings {
            finding.diagnostic.origin = editor.locate(&finding.diagnostic.origin, finding.field);
        }
        let coverage = Coverage::of(index, standard);
        let codes = own.map(Rules::codes).unwrap_or_default();
        let Silence { mut heard, silenced } = silence::hear(findings, settings, (&cluster, &sources), codes);
        if has_gaps {
            // Of what could not be read nobody knows what its ignores are for, and of who is not protected nothing is told.
            heard.retain(|one| one.code() != FOR_NOTHING);
        }
        Checked {
            findings: heard,
            silenced,
            fail_on: settings.map_or(Severity::Warning, Settings::fail_on),
            old: None,
            since: None,
            coverage,
            policies: cluster.policies.len(),
            cluster,
            sources,
            has_gaps,
            unanswered,
            prints,
        }
    }
}
