//! The manifests that a verb reads, or the cluster.

pub(crate) mod built;
pub(crate) mod rego;

use crate::{
    args::{InputArgs, ReadingArgs},
    output,
};
use built::Building;
use sekisho_core::diagnostic::{Diagnostic, Severity};
use sekisho_core::object::Cluster;
use sekisho_k8s::{Options, Reading, live, read_all, render};
use std::{collections::BTreeMap, io::Write, path::PathBuf, sync::Arc};

/// How many skipped kinds are named.
const KINDS: usize = 6;

/// What was read.
pub(crate) struct Input {
    /// The objects.
    pub(crate) cluster: Cluster,
    /// The texts that they were read from, by name.
    pub(crate) sources: BTreeMap<Arc<str>, Arc<str>>,
}

/// Reads everything. `None` when some of it is wrong: that is told on standard error, and an answer
/// from what is left would pass for an answer from the whole.
pub(crate) fn read(arguments: &InputArgs) -> anyhow::Result<Option<Input>> {
    accept(reading(&arguments.paths, &arguments.how)?)
}

/// Reads everything, whatever is wrong with it.
pub(crate) fn reading(paths: &[PathBuf], how: &ReadingArgs) -> anyhow::Result<Reading> {
    let options = Options { default_namespace: how.namespace().into() };
    Ok(match how.cluster.access() {
        Some(access) => live::read_cluster(&access, &options)?,
        None => {
            let building = Building { namespace: how.namespace(), values: &how.helm_values };
            let (paths, texts) = built::all(paths, building)?;
            read_all(&paths, texts, &options)?
        }
    })
}

/// Tells what there is to say about `reading`, and takes it as an input. `None` when some of it is
/// wrong, as [`read`] says.
pub(crate) fn accept(reading: Reading) -> anyhow::Result<Option<Input>> {
    if !tell(&reading.diagnostics, &reading.sources, "the manifests")? {
        return Ok(None);
    }
    if let Some(skipped) = skipped(&reading.skipped) {
        output::note(&skipped);
    }
    Ok(Some(Input { cluster: reading.cluster, sources: reading.sources }))
}

/// Draws all findings, counts the errors in `what`, and says whether there are none.
pub(crate) fn tell(
    diagnostics: &[Diagnostic],
    sources: &BTreeMap<Arc<str>, Arc<str>>,
    what: &str,
) -> anyhow::Result<bool> {
    let mut err = output::stderr();
    for diagnostic in diagnostics {
        writeln!(err, "{}\n", render(diagnostic, sources, true))?;
    }
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
    if errors > 0 {
        let errors = if errors == 1 { "1 error".to_owned() } else { format!("{errors} errors") };
        output::error(&anyhow::anyhow!("{errors} in {what}; nothing was answered"));
        return Ok(false);
    }
    Ok(true)
}

/// One line about objects that no verdict depends on.
fn skipped(kinds: &BTreeMap<String, usize>) -> Option<String> {
    let count: usize = kinds.values().sum();
    let objects = match count {
        0 => return None,
        1 => "1 object".to_owned(),
        count => format!("{count} objects"),
    };
    let mut named: Vec<String> =
        kinds.iter().take(KINDS).map(|(kind, count)| format!("{kind} ({count})")).collect();
    if kinds.len() > KINDS {
        named.push("...".to_owned());
    }
    Some(format!("skipped {objects} of kinds that policies do not see: {}", named.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_kinds_are_told_on_one_line() {
        let kinds = |kinds: &[(&str, usize)]| -> BTreeMap<String, usize> {
            kinds.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect()
        };
        assert_eq!(skipped(&kinds(&[])), None);
        let one = skipped(&kinds(&[("Secret", 1)])).unwrap();
        assert_eq!(one, "skipped 1 object of kinds that policies do not see: Secret (1)");
        let many: Vec<_> = ["A", "B", "C", "D", "E", "F", "G"].iter().map(|kind| (*kind, 2)).collect();
        assert!(skipped(&kinds(&many)).unwrap().ends_with("F (2), ..."));
    }
}
