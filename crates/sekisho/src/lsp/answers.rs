//! What the editor is told: findings, and what a part of a policy does today.

use super::{
    path,
    position::{self, Encoding},
    uri,
    workspace::Workspace,
};
use lsp_types::{
    CodeDescription, DiagnosticRelatedInformation, DiagnosticSeverity, Hover, HoverContents, HoverParams,
    Location, MarkupContent, MarkupKind, NumberOrString, Range,
};
use sekisho_core::{
    diagnostic::{Diagnostic, Severity},
    object::Origin,
};
use sekisho_k8s::edit::Sources;
use sekisho_lint::{Finding, today};
use std::{collections::BTreeMap, path::Path, sync::Arc};

/// Where a rule is explained.
const RULES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/rules.md");

/// The findings of each file that has some.
pub(super) fn diagnostics(
    workspace: &Workspace,
    encoding: Encoding,
) -> BTreeMap<Arc<str>, Vec<lsp_types::Diagnostic>> {
    let mut all: BTreeMap<Arc<str>, Vec<lsp_types::Diagnostic>> = BTreeMap::new();
    for checked in workspace.checked() {
        for finding in &checked.findings {
            let told = diagnostic(finding, &checked.sources, encoding);
            let of_file = all.entry(Arc::clone(&finding.diagnostic.origin.source)).or_default();
            // A file of two environments may have the same wrong in both.
            if !of_file.contains(&told) {
                of_file.push(told);
            }
        }
    }
    for (wrong, sources) in workspace.catalogs() {
        for found in wrong {
            let told = plain(found, sources, encoding);
            all.entry(Arc::clone(&found.origin.source)).or_default().push(told);
        }
    }
    all
}

/// A finding as the protocol has it.
pub(super) fn diagnostic(finding: &Finding, sources: &Sources, encoding: Encoding) -> lsp_types::Diagnostic {
    let href = sekisho_lint::find(finding.code()).map(|rule| format!("{RULES}#{}", rule.code.to_lowercase()));
    let code_description = href.and_then(|href| href.parse().ok()).map(|href| CodeDescription { href });
    lsp_types::Diagnostic { code_description, ..plain(&finding.diagnostic, sources, encoding) }
}

fn plain(told: &Diagnostic, sources: &Sources, encoding: Encoding) -> lsp_types::Diagnostic {
    let message = match &told.help {
        Some(help) => format!("{}\n{help}", told.message),
        None => told.message.clone(),
    };
    let related = told.labels.iter().filter_map(|label| {
        let location = Location {
            uri: uri(Path::new(&*label.origin.source))?,
            range: range(&label.origin, sources, encoding),
        };
        Some(DiagnosticRelatedInformation { location, message: label.message.clone() })
    });
    let related: Vec<_> = related.collect();
    lsp_types::Diagnostic {
        range: range(&told.origin, sources, encoding),
        severity: Some(match told.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Note => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(told.code.to_string())),
        source: Some("sekisho".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        ..lsp_types::Diagnostic::default()
    }
}

/// The place of a finding: its first line, for a whole rule under a wavy line is hard to read.
fn range(origin: &Origin, sources: &Sources, encoding: Encoding) -> Range {
    let Some(text) = sources.get(&origin.source) else { return Range::default() };
    let spanned = text.get(origin.span.start..origin.span.end).unwrap_or_default();
    let line = spanned.lines().next().unwrap_or_default().trim_end();
    position::range(text, origin.span.start, origin.span.start + line.len(), encoding)
}

/// What the part of a policy under the pointer does today.
pub(super) fn hover(workspace: &mut Workspace, params: &HoverParams, encoding: Encoding) -> Option<Hover> {
    let at = &params.text_document_position_params;
    let path = path(&at.text_document.uri)?;
    let area = workspace.areas(&path).next()?;
    let name = path.display().to_string();
    let text = area.checked()?.sources.get(name.as_str())?;
    let offset = position::offset(text, at.position, encoding);
    let found = today(&area.world()?, &name, offset)?;
    let value = format!("**Today** this {}.", found.lines.join(";  \n"));
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value }),
        range: Some(position::range(text, found.span.start, found.span.end, encoding)),
    })
}
