//! What the editor offers to do about a finding.

use super::{
    answers,
    area::Area,
    path,
    position::{self, Encoding},
    uri,
    workspace::Workspace,
};
use crate::check::Checked;
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, Position, Range, TextEdit, Uri,
    WorkspaceEdit,
};
use sekisho_core::mend::Touches;
use sekisho_k8s::edit::{self, Change};
use sekisho_lint::Finding;
use std::{collections::HashMap, path::Path};

/// The mends of the findings at a place, and the comments that would silence them: of everything that the file belongs
/// to, what is the same once.
pub(super) fn actions(
    workspace: &mut Workspace,
    params: &CodeActionParams,
    encoding: Encoding,
) -> Vec<CodeActionOrCommand> {
    let Some(path) = path(&params.text_document.uri) else { return Vec::new() };
    if !is_asked_for(params.context.only.as_deref()) {
        return Vec::new();
    }
    let name = path.display().to_string();
    let mut actions = Vec::new();
    for checked in workspace.areas(&path).filter_map(Area::checked) {
        let here = checked.findings.iter().filter(|one| *one.diagnostic.origin.source == *name);
        for action in here.flat_map(|finding| of_finding(checked, finding, params.range, encoding)) {
            if !actions.contains(&action) {
                actions.push(action);
            }
        }
    }
    actions
}

/// Whether the editor asks for mends: it does where it names no kind, or this one, or the empty one that has all.
fn is_asked_for(only: Option<&[CodeActionKind]>) -> bool {
    let has_mends = |kind: &CodeActionKind| [CodeActionKind::EMPTY, CodeActionKind::QUICKFIX].contains(kind);
    only.is_none_or(|only| only.iter().any(has_mends))
}

/// What is offered to do about a finding, if it is in `range`.
fn of_finding(
    checked: &Checked,
    finding: &Finding,
    range: Range,
    encoding: Encoding,
) -> Vec<CodeActionOrCommand> {
    let told = answers::diagnostic(finding, &checked.sources, encoding);
    if !meets(told.range, range) {
        return Vec::new();
    }
    let made = [mend(checked, finding, encoding), silence(checked, finding, encoding)];
    let action = |(title, edit, is_preferred)| {
        CodeActionOrCommand::CodeAction(CodeAction {
            title,
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: Some(vec![told.clone()]),
            edit: Some(edit),
            is_preferred: Some(is_preferred),
            ..CodeAction::default()
        })
    };
    made.into_iter().flatten().map(action).collect()
}

fn meets(one: Range, other: Range) -> bool {
    let key = |at: Position| (at.line, at.character);
    key(one.start) <= key(other.end) && key(other.start) <= key(one.end)
}

/// A title, the change, and whether it is what most would do.
type Offer = (String, WorkspaceEdit, bool);

fn mend(checked: &Checked, finding: &Finding, encoding: Encoding) -> Option<Offer> {
    let mend = finding.diagnostic.mend.as_ref()?;
    let changes = edit::changes(&mend.edits, &checked.sources).ok()?;
    let title = match mend.touches {
        Touches::Nothing => mend.title.clone(),
        Touches::Connections => format!("{} (changes connections)", mend.title),
    };
    let is_safe = mend.touches == Touches::Nothing;
    Some((title, workspace_edit(checked, &changes, encoding)?, is_safe))
}

/// A comment above the line, with room for the reason that has to be in it.
fn silence(checked: &Checked, finding: &Finding, encoding: Encoding) -> Option<Offer> {
    let origin = &finding.diagnostic.origin;
    let text = checked.sources.get(&origin.source)?;
    let line = text.get(..origin.span.start)?.rfind('\n').map_or(0, |at| at + 1);
    let first = text.get(line..)?;
    if first.trim_start().starts_with('{') {
        return None;
    }
    let indent = first.len() - first.trim_start_matches(' ').len();
    let with = format!("{}# sekisho: ignore[{}] \n", " ".repeat(indent), finding.code());
    let change = Change { source: origin.source.clone(), start: line, end: line, with };
    let title = format!("silence {} here: write why", finding.code());
    Some((title, workspace_edit(checked, &[change], encoding)?, false))
}

fn workspace_edit(checked: &Checked, changes: &[Change], encoding: Encoding) -> Option<WorkspaceEdit> {
    #[expect(clippy::mutable_key_type, reason = "the protocol's own type has URIs as keys")]
    let mut edits: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for change in changes {
        let text = checked.sources.get(&change.source)?;
        let range = position::range(text, change.start, change.end, encoding);
        let edit = TextEdit { range, new_text: change.with.clone() };
        edits.entry(uri(Path::new(&*change.source))?).or_default().push(edit);
    }
    Some(WorkspaceEdit { changes: Some(edits), ..WorkspaceEdit::default() })
}
