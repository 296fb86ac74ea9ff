//! What became of promises, for people.

use crate::{
    output::{BAD, BOLD, DIM, GOOD, NOTE},
    render::{excerpt::Sources, text},
    results::{ResultOf, Results},
};
use sekisho_core::promise::{Breach, Claim, PromisedPort, State};
use std::{io::Write, sync::Arc};

/// How many breaches of a promise are written out.
const SHOWN: usize = 8;

/// Writes the results, file by file, and how many there were of each kind.
pub(crate) fn test(results: &Results<'_>, sources: &Sources, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut file: Option<&Arc<str>> = None;
    for result in &results.list {
        let source = &result.promise.origin.source;
        if file != Some(source) {
            if file.is_some() {
                writeln!(out)?;
            }
            writeln!(out, "{BOLD}{source}{BOLD:#}")?;
            file = Some(source);
        }
        one(result, sources, out)?;
    }
    // What is explained ends in a blank line.
    if results.list.last().is_some_and(|result| result.answers.is_none()) {
        writeln!(out)?;
    }
    writeln!(out, "{}", summary(results))?;
    Ok(())
}

fn one(result: &ResultOf<'_>, sources: &Sources, out: &mut dyn Write) -> anyhow::Result<()> {
    let (style, mark) = match &result.judgement.state {
        State::Kept => (GOOD, "✓"),
        State::Broken { .. } => (BAD, "✗"),
        State::MatchesNothing(_) => (NOTE, "?"),
    };
    let name = &result.promise.name;
    if result.judgement.state == State::Kept {
        writeln!(out, "  {style}{mark}{style:#} {name}")?;
        return Ok(());
    }
    let line = result.promise.origin.span.line;
    writeln!(out, "  {style}{mark} {name}{style:#}  {DIM}line {line}{DIM:#}")?;
    for line in details(result) {
        writeln!(out, "      {line}")?;
    }
    if let Some(answers) = &result.answers {
        writeln!(out)?;
        let mut page = Vec::new();
        text::explain(answers, sources, &mut page)?;
        for line in String::from_utf8_lossy(&page).lines() {
            writeln!(out, "{}", format!("      {line}").trim_end())?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// What there is to say of a promise that is not kept, line by line.
pub(super) fn details(result: &ResultOf<'_>) -> Vec<String> {
    let promise = result.promise;
    let mut lines = vec![format!("promised: {promise}")];
    lines.extend(promise.because.iter().map(|because| format!("because: {because}")));
    match &result.judgement.state {
        State::Kept => {}
        State::Broken { breaches, has_more, unnamed } => {
            lines.extend(breaches.iter().take(SHOWN).map(|breach| broken(promise.claim, breach)));
            match breaches.len().saturating_sub(SHOWN) {
                0 => {}
                more => lines.push(format!("and {more}{} more", if *has_more { " or" } else { "" })),
            }
            let unnamed = unnamed.iter();
            lines.extend(unnamed.map(|(workload, port)| match port {
                PromisedPort::Declared => format!("{} declares no container port", workload.key),
                port => format!("{} has no container port named `{port}`", workload.key),
            }));
        }
        State::MatchesNothing(_) => lines.extend(nothing(result)),
    }
    lines
}

/// One breach as a sentence.
pub(super) fn broken(claim: Claim, breach: &Breach) -> String {
    let can = if claim == Claim::Can { "cannot" } else { "can" };
    format!("{} {can} reach {} on {}", breach.from, breach.to, breach.ports)
}

fn nothing(result: &ResultOf<'_>) -> Vec<String> {
    let promise = result.promise;
    let mut lines: Vec<String> = Vec::new();
    for (group, meant) in &result.empty {
        let meant = meant.as_ref().map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        let members = group.members.to_string();
        lines.push(format!("nobody is in `{}`: there are no {members}{meant}", group.name));
    }
    if lines.is_empty() {
        lines.push(match &promise.same {
            Some(same) => format!("no two of them have the same {same}"),
            None => "nobody has such a port".to_owned(),
        });
    }
    lines.push("where that is as it should be, write `may match nothing: true`".to_owned());
    lines
}

fn summary(results: &Results<'_>) -> String {
    let kept = results.count(|state| matches!(state, State::Kept));
    let broken = results.count(State::is_broken);
    let idle = results.count(|state| matches!(state, State::MatchesNothing(_)));
    let total = match results.list.len() {
        1 => "1 promise".to_owned(),
        total => format!("{total} promises"),
    };
    let mut parts = vec![format!("{GOOD}{kept} kept{GOOD:#}")];
    if broken > 0 {
        parts.push(format!("{BAD}{broken} broken{BAD:#}"));
    }
    if idle > 0 {
        parts.push(format!("{NOTE}{idle} about nothing{NOTE:#}"));
    }
    format!("{BOLD}{total}{BOLD:#}: {}", parts.join(", "))
}
