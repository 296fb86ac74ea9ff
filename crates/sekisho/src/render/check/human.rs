//! Findings for people: each with the lines it is about, what to do, and what a mend would change.

use super::{mend, words};
use crate::{
    check::{Checked, Share},
    output::{BAD, BOLD, DIM, GOOD},
};
use sekisho_core::{diagnostic::Diagnostic, mend::Touches};
use sekisho_k8s::{edit::Editor, render};
use sekisho_lint::Finding;
use std::io::Write;

/// Writes everything that was found, and how much is covered.
pub(super) fn write(checked: &Checked, out: &mut dyn Write) -> anyhow::Result<()> {
    let editor = Editor::new(&checked.sources);
    for finding in &checked.findings {
        writeln!(out, "{}", render(&shown(finding), &checked.sources, true))?;
        mended(finding, checked, &editor, out)?;
        writeln!(out)?;
    }
    summary(checked, out)
}

/// The finding under the code and the name of its rule.
fn shown(finding: &Finding) -> Diagnostic {
    Diagnostic { code: words::rule(finding).into(), ..finding.diagnostic.clone() }
}

/// What mends it, with the lines that are changed.
fn mended(
    finding: &Finding,
    checked: &Checked,
    editor: &Editor<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let Some(mend) = &finding.diagnostic.mend else { return Ok(()) };
    let how = match mend.touches {
        Touches::Nothing => "--fix",
        Touches::Connections => "--fix --unsafe-fixes",
    };
    writeln!(out, "   = mend: {} ({how})", mend.title)?;
    for line in mend::lines(mend, &checked.sources, editor) {
        let style = match line.get(..1) {
            Some("-") => BAD,
            Some("+") => GOOD,
            _ => DIM,
        };
        writeln!(out, "       {style}{line}{style:#}")?;
    }
    Ok(())
}

fn summary(checked: &Checked, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{BOLD}{}{BOLD:#} in {}", words::counts(checked), words::policies(checked.policies))?;
    for line in words::unsaid(checked).into_iter().chain(mendable(checked)) {
        writeln!(out, "{line}")?;
    }
    coverage(checked, out)
}

/// How much can be mended by the program.
fn mendable(checked: &Checked) -> Option<String> {
    let mends = checked.findings.iter().filter_map(|one| one.diagnostic.mend.as_ref());
    let (safe, risky): (Vec<_>, Vec<_>) = mends.partition(|mend| mend.touches == Touches::Nothing);
    match (safe.len(), risky.len()) {
        (0, 0) => None,
        (safe, 0) => Some(format!("`--fix` mends {safe}, and changes no connection")),
        (0, risky) => {
            Some(format!("`--fix --unsafe-fixes` mends {risky}, and shows what that opens and closes"))
        }
        (safe, risky) => Some(format!(
            "`--fix` mends {safe}, and changes no connection; with `--unsafe-fixes` {risky} more"
        )),
    }
}

fn coverage(checked: &Checked, out: &mut dyn Write) -> anyhow::Result<()> {
    let coverage = &checked.coverage;
    if coverage.all.pods == 0 {
        return Ok(());
    }
    writeln!(out, "\nProtected by a policy: {}", share(coverage.all))?;
    for (namespace, of) in coverage.namespaces.iter().filter(|(_, of)| of.ingress < of.pods) {
        writeln!(out, "  {DIM}{namespace}{DIM:#}: {}", share(*of))?;
    }
    Ok(())
}

fn share(of: Share) -> String {
    let percent = |part: usize| part * 100 / of.pods.max(1);
    let (ingress, egress) = (percent(of.ingress), percent(of.egress));
    let pods = words::several(of.pods, "pod");
    format!("ingress of {} of {pods} ({ingress} %), egress of {} ({egress} %)", of.ingress, of.egress)
}
