//! What becomes of a text, as `diff -u` and `git diff` show it.

use crate::output::{BAD, BOLD, GOOD, NOTE};
use similar::{ChangeTag, TextDiff};
use std::io::Write;

/// How many lines around a change are shown.
const AROUND: usize = 3;
/// How many of them beside a finding, where there is little room.
const FEW: usize = 1;

/// Writes how the file `name` becomes another, as a patch that `git apply` takes. One that is not there is `None`.
pub(crate) fn write(name: &str, [old, new]: [Option<&str>; 2], out: &mut dyn Write) -> anyhow::Result<()> {
    let diff = TextDiff::from_lines(old.unwrap_or_default(), new.unwrap_or_default());
    let name = name.trim_start_matches('/');
    let side = |folder: &str, text: Option<&str>| match text {
        Some(_) => format!("{folder}/{name}"),
        None => "/dev/null".to_owned(),
    };
    let (from, to) = (side("a", old), side("b", new));
    let text = diff.unified_diff().context_radius(AROUND).header(&from, &to).to_string();
    for line in text.lines() {
        let style = match line {
            line if line.starts_with("---") || line.starts_with("+++") => BOLD,
            line if line.starts_with("@@") => NOTE,
            line if line.starts_with('+') => GOOD,
            line if line.starts_with('-') => BAD,
            line => {
                writeln!(out, "{line}")?;
                continue;
            }
        };
        writeln!(out, "{style}{line}{style:#}")?;
    }
    Ok(())
}

/// The lines that go, with `-`, those that come, with `+`, and the ones beside them, for an excerpt.
pub(crate) fn lines(old: &str, new: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(old, new);
    let line = |change: similar::Change<&str>| {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        let text: String = change.value().trim_end().chars().filter(|c| !c.is_control()).collect();
        format!("{sign} {text}")
    };
    let groups = diff.grouped_ops(FEW);
    groups.iter().flatten().flat_map(|op| diff.iter_changes(op)).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_one_that_git_takes() {
        let patch = |texts| {
            let mut out = Vec::new();
            write("/x/a.yaml", texts, &mut anstream::StripStream::new(&mut out)).unwrap();
            String::from_utf8(out).unwrap()
        };
        let changed = patch([Some("a: 1\nb: 2\n"), Some("a: 1\nb: 3")]);
        let wanted = "--- a/x/a.yaml\n+++ b/x/a.yaml\n@@ -1,2 +1,2 @@\n a: 1\n-b: 2\n+b: 3\n\\ No newline at end of file\n";
        assert_eq!(changed, wanted);
        assert_eq!(patch([None, Some("a: 1\n")]), "--- /dev/null\n+++ b/x/a.yaml\n@@ -0,0 +1 @@\n+a: 1\n");
        assert_eq!(patch([Some("a: 1\n"), None]), "--- a/x/a.yaml\n+++ /dev/null\n@@ -1 +0,0 @@\n-a: 1\n");
    }
}
