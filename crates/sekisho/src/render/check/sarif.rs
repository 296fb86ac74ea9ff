//! Findings as SARIF 2.1.0, which services show beside the code.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

mod log;
mod rules;

use super::{fingerprint::Fingerprints, words};
use crate::check::{Checked, paths::Paths};
use log::{
    ArtifactChange, ArtifactLocation, Content, Driver, Fix, Invocation, Location, Log, PhysicalLocation,
    Region, Replacement, Result as Told, Run, Suppression, Text, Tool,
};
use sekisho_core::{
    diagnostic::Severity,
    mend::Mend,
    object::{Origin, Span},
};
use sekisho_k8s::edit::{Change, Editor};
use sekisho_lint::Finding;
use std::{collections::BTreeMap, io::Write};

/// What paths are relative to.
const ROOT: &str = "SRCROOT";
/// What fingerprints are made from: another name when that changes.
const FINGERPRINT: &str = "sekisho/v2";

/// Writes a log with one run.
pub(super) fn write(checked: &Checked, paths: &Paths, out: &mut dyn Write) -> anyhow::Result<()> {
    let writer = Writer { checked, paths, editor: Editor::new(&checked.sources) };
    let silenced = checked.silenced.iter().map(|one| (&one.finding, Some(one.reason.as_str())));
    let all: Vec<(&Finding, Option<&str>)> =
        checked.findings.iter().map(|one| (one, None)).chain(silenced).collect();
    let (rules, index) = rules::of(all.iter().map(|(finding, _)| *finding));
    let mut fingerprints = Fingerprints::of(&checked.sources);
    let results = all
        .into_iter()
        .map(|(finding, reason)| {
            let rule_index = index.get(finding.code()).copied().unwrap_or_default();
            let place = paths.place(&finding.diagnostic.origin.source);
            let fingerprint = fingerprints.next(finding, &place);
            writer.result(finding, reason, rule_index, fingerprint)
        })
        .collect();
    let driver = Driver {
        name: "sekisho",
        version: env!("CARGO_PKG_VERSION"),
        information_uri: env!("CARGO_PKG_REPOSITORY"),
        rules,
    };
    let root = log::Base { description: Text { text: "the top of the repository".to_owned() } };
    let run = Run {
        tool: Tool { driver },
        invocations: [Invocation { execution_successful: true }],
        original_uri_base_ids: BTreeMap::from([(ROOT, root)]),
        column_kind: "unicodeCodePoints",
        results,
    };
    serde_json::to_writer_pretty(&mut *out, &Log::of(run))?;
    writeln!(out)?;
    Ok(())
}

fn level(severity: Severity) -> &'static str {
    words::word(severity)
}

struct Writer<'c> {
    checked: &'c Checked,
    paths: &'c Paths,
    editor: Editor<'c>,
}

impl Writer<'_> {
    fn result(
        &self,
        finding: &Finding,
        reason: Option<&str>,
        rule_index: usize,
        fingerprint: String,
    ) -> Told {
        let told = &finding.diagnostic;
        let message = match &told.help {
            Some(help) => format!("{}\n{help}", told.message),
            None => told.message.clone(),
        };
        let related = told.labels.iter().filter_map(|label| {
            let location = self.location(&label.origin)?;
            Some(Location { message: Some(Text { text: label.message.clone() }), ..location })
        });
        Told {
            rule_id: finding.code().to_owned(),
            rule_index,
            level: level(told.severity),
            message: Text { text: message },
            locations: self.location(&told.origin).into_iter().collect(),
            related_locations: related.collect(),
            partial_fingerprints: BTreeMap::from([(FINGERPRINT, fingerprint)]),
            fixes: told.mend.iter().filter_map(|mend| self.fix(mend)).collect(),
            suppressions: reason
                .map(|reason| Suppression { kind: "inSource", justification: reason.to_owned() })
                .into_iter()
                .collect(),
        }
    }

    fn artifact(&self, source: &str) -> ArtifactLocation {
        ArtifactLocation { uri: uri(&self.paths.place(source).path), uri_base_id: ROOT }
    }

    fn location(&self, origin: &Origin) -> Option<Location> {
        let is_file = self.paths.place(&origin.source).is_file;
        let place = PhysicalLocation {
            artifact_location: self.artifact(&origin.source),
            region: is_file.then(|| self.region(&origin.source, origin.span)),
        };
        origin.is_known().then_some(Location { physical_location: place, message: None })
    }

    fn region(&self, source: &str, span: Span) -> Region {
        let text = self.checked.sources.get(source).map(|text| &**text).unwrap_or_default();
        let (end_line, end_column) = words::end(text, span);
        Region { start_line: span.line, start_column: span.column, end_line, end_column }
    }

    /// The mend as stretches of text; `None` where a program cannot make it.
    fn fix(&self, mend: &Mend) -> Option<Fix> {
        let changes = self.editor.changes(&mend.edits).ok()?;
        let mut files: BTreeMap<&str, Vec<Replacement>> = BTreeMap::new();
        for change in &changes {
            let text = self
                .checked
                .sources
                .get(&change.source)
                .filter(|_| self.paths.place(&change.source).is_file)?;
            files.entry(&change.source).or_default().push(replacement(text, change));
        }
        let of_file = |(source, replacements): (&str, Vec<Replacement>)| ArtifactChange {
            artifact_location: self.artifact(source),
            replacements,
        };
        let artifact_changes: Vec<ArtifactChange> = files.into_iter().map(of_file).collect();
        let description = Text { text: mend.title.clone() };
        (!artifact_changes.is_empty()).then_some(Fix { description, artifact_changes })
    }
}

fn replacement(text: &str, change: &Change) -> Replacement {
    let (start_line, start_column) = position(text, change.start);
    let (end_line, end_column) = position(text, change.end);
    let deleted_region = Region { start_line, start_column, end_line, end_column };
    let inserted_content = (!change.with.is_empty()).then(|| Content { text: change.with.clone() });
    Replacement { deleted_region, inserted_content }
}

/// The line and column of an offset, both from 1.
fn position(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    (narrow(before.matches('\n').count()).saturating_add(1), narrow(column).saturating_add(1))
}

/// A path as a URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into())
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_references() {
        assert_eq!(uri("a b/\u{e9}#%.yaml"), "a%20b/%C3%A9%23%25.yaml");
    }

    #[test]
    fn positions_count_characters() {
        let text = "\u{e9}: 1\nb: 2\n";
        assert_eq!([0, 2, 6, 7, 11].map(|at| position(text, at)), [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)]);
    }
}
