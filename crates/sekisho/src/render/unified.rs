//! What becomes of a text, as `diff -u` and `git diff` show it.

use crate::output::{BAD, BOLD, GOOD, NOTE};
use similar::TextDiff;
use std::io::Write;

/// How many lines around a change are shown.
const AROUND: usize = 3;

/// Writes how `old` becomes `new`.
pub(crate) fn write(name: &str, old: &str, new: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let diff = TextDiff::from_lines(old, new);
    let name = name.trim_start_matches('/');
    let (from, to) = (format!("a/{name}"), format!("b/{name}"));
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
