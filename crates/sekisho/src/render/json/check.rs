//! `sekisho check -o json`.

use super::place;
use crate::check::{self, Checked, Coverage};
use schemars::JsonSchema;
use sekisho_core::{
    diagnostic::Severity as Told,
    mend::{Mend as Mending, Touches},
};
use sekisho_k8s::edit::{self, Editor};
use sekisho_lint::{Finding as Found, ignore::Silenced};
use serde::Serialize;
use std::collections::BTreeMap;

/// What was found, sorted by place.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(title = "sekisho check")]
pub(super) struct Check {
    /// Each finding.
    findings: Vec<Finding>,
    /// What is ignored where it stands, with a reason.
    ignored: Vec<Ignored>,
    /// What a baseline says, where one is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<Baseline>,
    /// How many findings are not among these because they are older than the change that is looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    before_the_change: Option<usize>,
    /// How many policies there are.
    policies: usize,
    /// How many pods policies isolate, of those that count.
    covered: Share,
    /// The same by namespace.
    covered_by_namespace: BTreeMap<String, Share>,
}

/// Something that a rule has found.
#[derive(Debug, JsonSchema, Serialize)]
struct Finding {
    /// The code of the rule, which always means this rule.
    code: String,
    /// The name of the rule.
    name: String,
    /// The category of the rule.
    category: String,
    /// How bad it is.
    severity: Severity,
    /// What is wrong.
    message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    /// Where it is: `file:line:column`.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    /// The object that it is about, such as `NetworkPolicy shop/web`.
    #[serde(skip_serializing_if = "String::is_empty")]
    object: String,
    /// Other places that have to do with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<Label>,
    /// What mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<Mend>,
}

/// A finding that is ignored.
#[derive(Debug, JsonSchema, Serialize)]
struct Ignored {
    /// It.
    #[serde(flatten)]
    finding: Finding,
    /// Why.
    reason: String,
}

/// What a baseline says.
#[derive(Debug, JsonSchema, Serialize)]
struct Baseline {
    /// How many findings are in it, and not among these.
    known: usize,
    /// How many of it are found no more.
    gone: usize,
}

/// How bad something is.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Severity {
    /// It does not mean what it says, or does not work.
    Error,
    /// It is risky, or against the standard.
    Warning,
    /// Worth knowing; it makes no run fail.
    Note,
}

/// Another place.
#[derive(Debug, JsonSchema, Serialize)]
struct Label {
    /// Where: `file:line:column`.
    origin: String,
    /// What about it.
    message: String,
}

/// A change that mends a finding.
#[derive(Debug, JsonSchema, Serialize)]
struct Mend {
    /// What it does.
    title: String,
    /// Whether connections may open or close by it: `--unsafe-fixes` is needed then.
    changes_connections: bool,
    /// The stretches of text that give way, in bytes of their files; none where only a person can make the change.
    edits: Vec<Edit>,
}

/// A stretch of text that gives way to another.
#[derive(Debug, JsonSchema, Serialize)]
struct Edit {
    /// The file.
    file: String,
    /// The offset of the first byte that goes.
    start: usize,
    /// The offset after the last.
    end: usize,
    /// What comes in its place.
    with: String,
}

/// How many pods policies isolate.
#[derive(Debug, JsonSchema, Serialize)]
struct Share {
    /// How many pods there are.
    pods: usize,
    /// How many of them have their ingress isolated.
    ingress: usize,
    /// How many of them have their egress isolated.
    egress: usize,
}

impl From<&Checked> for Check {
    fn from(checked: &Checked) -> Self {
        let Coverage { namespaces, all } = &checked.coverage;
        let editor = Editor::new(&checked.sources);
        let ignored = |one: &Silenced| Ignored {
            finding: Finding::of(&one.finding, &editor),
            reason: one.reason.clone(),
        };
        let by_namespace = namespaces.iter().map(|(name, share)| (name.to_string(), Share::from(*share)));
        Self {
            findings: checked.findings.iter().map(|one| Finding::of(one, &editor)).collect(),
            ignored: checked.silenced.iter().map(ignored).collect(),
            baseline: checked.old.map(|old| Baseline { known: old.known, gone: old.gone }),
            before_the_change: checked.since.as_ref().map(|since| since.known),
            policies: checked.policies,
            covered: (*all).into(),
            covered_by_namespace: by_namespace.collect(),
        }
    }
}

impl From<check::Share> for Share {
    fn from(of: check::Share) -> Self {
        Self { pods: of.pods, ingress: of.ingress, egress: of.egress }
    }
}

impl Finding {
    fn of(found: &Found, editor: &Editor<'_>) -> Self {
        let told = &found.diagnostic;
        let label = |label: &sekisho_core::diagnostic::Label| Label {
            origin: label.origin.to_string(),
            message: label.message.clone(),
        };
        Self {
            code: told.code.to_string(),
            name: found.name.to_string(),
            category: found.category.to_string(),
            severity: match told.severity {
                Told::Error => Severity::Error,
                Told::Warning => Severity::Warning,
                Told::Note => Severity::Note,
            },
            message: told.message.clone(),
            help: told.help.clone(),
            origin: place(&told.origin),
            object: found.subject.to_string(),
            labels: told.labels.iter().map(label).collect(),
            mend: told.mend.as_ref().map(|mend| Mend::of(mend, editor)),
        }
    }
}

impl Mend {
    fn of(mend: &Mending, editor: &Editor<'_>) -> Self {
        let changes = editor.changes(&mend.edits).unwrap_or_default();
        let edit = |one: edit::Change| Edit {
            file: one.source.to_string(),
            start: one.start,
            end: one.end,
            with: one.with,
        };
        Self {
            title: mend.title.clone(),
            changes_connections: mend.touches == Touches::Connections,
            edits: changes.into_iter().map(edit).collect(),
        }
    }
}
