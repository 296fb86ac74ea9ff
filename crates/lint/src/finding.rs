//! What a rule has found.

use crate::rule::{Category, Rule};
use sekisho_core::{
    diagnostic::{Diagnostic, Severity},
    mend::Mend,
    object::{ClusterPolicyName, ObjectKey, Origin, Workload},
};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// The object that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A NetworkPolicy.
    Policy(ObjectKey),
    /// A workload.
    Workload(Workload),
    /// A namespace.
    Namespace(Arc<str>),
    /// A cluster-wide policy.
    ClusterPolicy(ClusterPolicyName),
    /// Anything else: what cannot be read, or a line of the team's own files.
    Text,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(key) => write!(f, "NetworkPolicy {key}"),
            Self::Workload(workload) => write!(f, "{} {}", workload.kind, workload.key),
            Self::Namespace(name) => write!(f, "Namespace {name}"),
            Self::ClusterPolicy(name) => write!(f, "{} {}", name.kind, name.name),
            Self::Text => Ok(()),
        }
    }
}

impl Subject {
    /// The namespace that it lies in, or is.
    #[must_use]
    pub fn namespace(&self) -> Option<&Arc<str>> {
        match self {
            Self::Policy(key) => Some(&key.namespace),
            Self::Workload(workload) => Some(&workload.key.namespace),
            Self::Namespace(name) => Some(name),
            Self::ClusterPolicy(_) | Self::Text => None,
        }
    }
}

/// A field of the object at the place of a finding, for who can find it in the text: the names on the way there.
pub type Field = &'static [&'static str];

/// Something that a rule has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name of the rule, whose code is that of `diagnostic`.
    pub name: Arc<str>,
    /// The category of the rule.
    pub category: Category,
    /// The object that it is about.
    pub subject: Subject,
    /// Which field of what stands at its place it is about; empty for all of it.
    pub field: Field,
    /// What tells it from others that its rule finds at the same place: who is at the other end, the label that is
    /// wrong. Nothing of what may change while it stays what it is.
    pub essence: String,
    /// What there is to say.
    pub diagnostic: Diagnostic,
    /// The places that the mistake is made of: who speaks of the same places less precisely is silent.
    pub(crate) about: BTreeSet<Origin>,
    /// Places of which there is nothing more to say as long as the mistake is there.
    pub(crate) over: BTreeSet<Origin>,
}

impl Finding {
    /// A finding of a rule at `origin`.
    pub(crate) fn of(rule: &Rule, subject: Subject, origin: &Origin, message: impl Into<String>) -> Self {
        let diagnostic = Diagnostic::new(rule.severity, rule.code, message, origin.clone());
        Self {
            name: rule.name.into(),
            category: rule.category,
            subject,
            field: &[],
            essence: String::new(),
            diagnostic,
            about: [origin.clone()].into(),
            over: BTreeSet::new(),
        }
    }

    /// A finding of a rule that is not one of ours. Its message is all that tells it from others.
    #[must_use]
    pub fn own(
        code: impl Into<String>,
        severity: Severity,
        subject: Subject,
        origin: Origin,
        message: String,
    ) -> Self {
        let code: String = code.into();
        let name = code.as_str().into();
        let about = [origin.clone()].into();
        let essence = message.clone();
        let diagnostic = Diagnostic::new(severity, code, message, origin);
        let (category, over) = (Category::Own, BTreeSet::new());
        Self { name, category, subject, field: &[], essence, diagnostic, about, over }
    }

    /// The order in which findings are told: by place.
    #[must_use]
    pub fn by_place(a: &Self, b: &Self) -> Ordering {
        let key = |one: &Self| (one.diagnostic.origin.clone(), one.subject.clone());
        key(a)
            .cmp(&key(b))
            .then_with(|| a.code().cmp(b.code()))
            .then_with(|| a.diagnostic.message.cmp(&b.diagnostic.message))
    }

    /// Its rule's code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.diagnostic.code
    }

    /// Whether it has to do with a place in one of these texts: its own, one beside it, or one that is mended.
    #[must_use]
    pub fn mentions(&self, texts: &BTreeSet<Arc<str>>) -> bool {
        let Diagnostic { origin, labels, mend, .. } = &self.diagnostic;
        let mended = mend.iter().flat_map(|mend| &mend.edits).map(|edit| edit.place());
        let beside = labels.iter().map(|label| &label.origin);
        let places = [origin].into_iter().chain(beside).chain(mended).chain(&self.about).chain(&self.over);
        places.into_iter().any(|place| texts.contains(&place.source))
    }

    /// The same with advice.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.with_help(help);
        self
    }

    /// The same with another place, which the mistake is made of as well.
    pub(crate) fn and(mut self, origin: &Origin, message: impl Into<String>) -> Self {
        self.about.insert(origin.clone());
        self.beside(origin, message)
    }

    /// The same with another place that has to do with it.
    pub(crate) fn beside(mut self, origin: &Origin, message: impl Into<String>) -> Self {
        if origin.is_known() {
            self.diagnostic = self.diagnostic.with_label(origin.clone(), message);
        }
        self
    }

    /// The same for a mistake that leaves nothing to say of these places.
    pub(crate) fn over<'o>(mut self, places: impl IntoIterator<Item = &'o Origin>) -> Self {
        self.over.extend(places.into_iter().cloned());
        self
    }

    /// The same, as bad as this.
    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.diagnostic.severity = severity;
        self
    }

    /// The same with what tells it from others at its place.
    pub(crate) fn essence(mut self, essence: impl Into<String>) -> Self {
        self.essence = essence.into();
        self
    }

    /// The same about a field.
    pub(crate) fn field(mut self, field: Field) -> Self {
        self.field = field;
        self
    }

    /// The same with a change that mends it.
    pub(crate) fn mend(mut self, mend: Mend) -> Self {
        self.diagnostic = self.diagnostic.with_mend(mend);
        self
    }
}

/// Where a rule reports.
pub(crate) struct Report<'r> {
    rule: &'static Rule,
    found: &'r mut Vec<Finding>,
}

impl<'r> Report<'r> {
    pub(crate) fn new(rule: &'static Rule, found: &'r mut Vec<Finding>) -> Self {
        Self { rule, found }
    }

    /// A finding to add to.
    pub(crate) fn finding(&self, subject: Subject, origin: &Origin, message: impl Into<String>) -> Finding {
        Finding::of(self.rule, subject, origin, message)
    }

    /// A finding about a policy, to add to.
    pub(crate) fn of_policy(&self, key: &ObjectKey, origin: &Origin, message: impl Into<String>) -> Finding {
        self.finding(Subject::Policy(key.clone()), origin, message)
    }

    /// Reports what there is.
    pub(crate) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.found.extend(findings);
    }

    /// Reports.
    pub(crate) fn push(&mut self, finding: Finding) {
        self.found.push(finding);
    }
}

/// Drops what another rule says better, and sorts.
///
/// Only who is heard can say it better, so what the settings leave out must be out before. What is kept quiet where it
/// stands must not: who says why `SK307` may stand there has seen the mistake, and need not say it again of `SK303`.
#[must_use]
pub fn settle(found: Vec<Finding>) -> Vec<Finding> {
    let mut spoken: BTreeMap<&str, BTreeSet<&Origin>> = BTreeMap::new();
    for finding in &found {
        let places = finding.about.iter().chain(&finding.over);
        spoken.entry(finding.code()).or_default().extend(places);
    }
    let is_said = |finding: &Finding| {
        let Some(rule) = crate::find(finding.code()) else { return false };
        let better = rule.yields_to.iter().filter_map(|code| spoken.get(code));
        better
            .into_iter()
            .any(|places| finding.about.iter().any(|place| place.is_known() && places.contains(place)))
    };
    let keep: Vec<bool> = found.iter().map(|finding| !is_said(finding)).collect();
    drop(spoken);
    let mut kept: Vec<Finding> =
        found.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(finding, _)| finding).collect();
    kept.sort_by(Finding::by_place);
    // What stands at an alias is read at each.
    kept.dedup();
    kept
}

/// Sorts by place, then by what is said.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by(Finding::by_place);
}
