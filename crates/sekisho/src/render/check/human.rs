//! Findings for people: each with the lines it is about, and what to do.

use crate::{
    check::{Checked, Share},
    output::{BOLD, DIM},
};
use sekisho_core::{
    diagnostic::{Diagnostic, Severity},
    mend::Touches,
};
use sekisho_k8s::render;
use sekisho_lint::Finding;
use std::io::Write;

/// Writes everything that was found, and how much is covered.
pub(crate) fn write(checked: &Checked, out: &mut dyn Write) -> anyhow::Result<()> {
    for finding in &checked.findings {
        writeln!(out, "{}", render(&shown(finding), &checked.sources, true))?;
        if let Some(mend) = &finding.diagnostic.mend {
            let how = match mend.touches {
                Touches::Nothing => "--fix",
                Touches::Connections => "--fix --unsafe-fixes",
            };
            writeln!(out, "   = mend: {} ({how})", mend.title)?;
        }
        writeln!(out)?;
    }
    summary(checked, out)
}

/// The finding under the code and the name of its rule.
fn shown(finding: &Finding) -> Diagnostic {
    let mut shown = finding.diagnostic.clone();
    if *finding.name != *shown.code {
        shown.code = format!("{} {}", shown.code, finding.name).into();
    }
    shown
}

fn summary(checked: &Checked, out: &mut dyn Write) -> anyhow::Result<()> {
    let count = |severity| checked.findings.iter().filter(|one| one.diagnostic.severity == severity).count();
    let counts = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")]
        .map(|(severity, word)| (count(severity), word));
    let told: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| several(count, word))
        .collect();
    let found = if told.is_empty() { "nothing found".to_owned() } else { told.join(", ") };
    writeln!(out, "{BOLD}{found}{BOLD:#} in {}", several_policies(checked.policies))?;
    if let Some(mendable) = mendable(checked) {
        writeln!(out, "{mendable}")?;
    }
    coverage(checked, out)
}

fn several(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

fn several_policies(count: usize) -> String {
    if count == 1 { "1 policy".to_owned() } else { format!("{count} policies") }
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
    let pods = if of.pods == 1 { "1 pod".to_owned() } else { format!("{} pods", of.pods) };
    format!("ingress of {} of {pods} ({ingress} %), egress of {} ({egress} %)", of.ingress, of.egress)
}
