//! Keeping findings quiet, and saying so where that is done badly.

use super::{Covers, Ignore};
use crate::{
    finding::{Finding, Subject, sort},
    rules::{ignore_for_nothing, ignore_unknown_rule, ignore_without_reason},
    words,
};
use sekisho_core::mend::{Edit, Mend};
use std::collections::BTreeSet;

/// A finding that is kept quiet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silenced {
    /// It.
    pub finding: Finding,
    /// Why.
    pub reason: String,
}

/// What is heard, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// What is still to be said, sorted, and what there is to say about the ignores themselves.
    pub heard: Vec<Finding>,
    /// What is kept quiet.
    pub silenced: Vec<Silenced>,
}

/// Keeps quiet what `ignores` say of `found`. `unset` is what there is to find whatever the settings leave out: an
/// ignore of that is of use. `own` has the codes of the rules that are not ours.
#[must_use]
pub fn silence(
    found: Vec<Finding>,
    unset: &[Finding],
    ignores: &[Ignore],
    own: &BTreeSet<String>,
) -> Silence {
    let mut useful: BTreeSet<(usize, usize)> = unset.iter().flat_map(|one| by(ignores, one)).collect();
    let mut all = Silence::default();
    for finding in found {
        let by = by(ignores, &finding);
        match by.first().and_then(|(at, _)| ignores.get(*at)) {
            Some(ignore) => all.silenced.push(Silenced { finding, reason: ignore.reason.clone() }),
            None => all.heard.push(finding),
        }
        useful.extend(by);
    }
    for (at, ignore) in ignores.iter().enumerate() {
        let is_useful = |rule| useful.contains(&(at, rule));
        all.heard.extend(said_of(ignore, is_useful, own));
    }
    sort(&mut all.heard);
    all
}

/// What keeps a finding quiet: the ignores, and which of the rules of each.
fn by(ignores: &[Ignore], finding: &Finding) -> Vec<(usize, usize)> {
    let about = ignores.iter().enumerate();
    about
        .filter(|(_, ignore)| !ignore.reason.is_empty() && ignore.is_about(finding))
        .flat_map(|(at, ignore)| {
            let rules = ignore.rules.iter().enumerate().filter(|(_, rule)| rule.is_of(finding));
            rules.map(move |(rule, _)| (at, rule))
        })
        .collect()
}

impl Ignore {
    fn is_about(&self, finding: &Finding) -> bool {
        let origin = &finding.diagnostic.origin;
        match &self.covers {
            Covers::Lines(source, lines) => {
                origin.is_known() && origin.source == *source && lines.contains(&origin.span.line)
            }
            Covers::Policy(key, of) => {
                let is_its_own = matches!(&finding.subject, Subject::Policy(subject) if subject == key);
                let text = of.span.start..of.span.end;
                is_its_own
                    || origin.is_known() && origin.source == of.source && text.contains(&origin.span.start)
            }
        }
    }

    fn subject(&self) -> Subject {
        match &self.covers {
            Covers::Lines(..) => Subject::Text,
            Covers::Policy(key, _) => Subject::Policy(key.clone()),
        }
    }
}

/// What there is to say about an ignore itself.
fn said_of(ignore: &Ignore, is_useful: impl Fn(usize) -> bool, own: &BTreeSet<String>) -> Vec<Finding> {
    let finding = |rule, message: String| Finding::of(rule, ignore.subject(), &ignore.origin, message);
    let example = if ignore.is_comment { "# sekisho: ignore[SK301] why" } else { "SK301: why" };
    let mut said = Vec::new();
    if ignore.rules.is_empty() {
        let found = finding(&ignore_unknown_rule::RULE, "this names no rule, and ignores nothing".to_owned());
        return vec![found.help(format!("write `{example}`"))];
    }
    let (known, unknown): (Vec<_>, Vec<_>) =
        ignore.rules.iter().enumerate().partition(|(_, rule)| rule.known(own).is_ok());
    for (_, rule) in &unknown {
        let message = rule.known(own).err().unwrap_or_default();
        said.push(finding(&ignore_unknown_rule::RULE, message));
    }
    if known.is_empty() {
        return said;
    }
    if ignore.reason.is_empty() {
        let rules = words::list(known.iter().map(|(_, rule)| rule));
        let found =
            finding(&ignore_without_reason::RULE, format!("nobody says why {rules} should be ignored"));
        said.push(found.help(format!("say why behind it: `{example}`; until then it is not ignored")));
        return said;
    }
    let idle: Vec<_> = known.iter().filter(|(at, _)| !is_useful(*at)).map(|(_, rule)| rule).collect();
    if !idle.is_empty() {
        let found =
            finding(&ignore_for_nothing::RULE, format!("nothing of {} is found here", words::list(&idle)));
        let found =
            found.help("take it out: what is gone needs no excuse, and the next one would pass unseen");
        // Where some of its rules still speak, only a person can say what the reason was for.
        let is_all = idle.len() == ignore.rules.len() && ignore.is_comment;
        said.push(if is_all {
            found.mend(Mend::risky("take the comment out", [Edit::Comment(ignore.origin.clone())]))
        } else {
            found
        });
    }
    said
}
