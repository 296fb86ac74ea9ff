//! What cluster-wide policies say of a packet, for people.

use super::excerpt::{self, Sources};
use crate::output::{BAD, DIM, GOOD};
use anstyle::Style;
use sekisho_core::{
    explain::{LeftOut, TierAnswer, TierMatched},
    object::{RuleAction, Tier},
    verdict::{Because, TierRule},
};
use std::io::Write;

/// Writes the policies of one tier, in the order in which they are read (S38).
pub(super) fn write(
    answers: &[TierAnswer],
    tier: Tier,
    sources: &Sources,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    for answer in answers.iter().filter(|answer| answer.tier == tier) {
        let (style, mark) = mark(answer);
        let TierAnswer { policy, priority, origin, .. } = answer;
        writeln!(
            out,
            "      {style}{mark}{style:#} {policy}  {DIM}{tier} tier, priority {priority}  {origin}{DIM:#}"
        )?;
        match (answer.left_out, &answer.matched) {
            (Some(left_out), _) => writeln!(out, "          {DIM}{}{DIM:#}", reason(left_out))?,
            (None, Some(matched)) => {
                writeln!(out, "          {}  {DIM}{}{DIM:#}", rule(matched), matched.origin)?;
                for (number, line) in excerpt::lines(sources, &matched.origin) {
                    writeln!(out, "          {DIM}{number:>5} |{DIM:#} {line}")?;
                }
            }
            (None, None) => writeln!(out, "          no rule of it matches")?,
        }
    }
    Ok(())
}

/// Why a side decides as it does, where a tier decided.
pub(super) fn because(because: &Because) -> Option<String> {
    let (rule, verb) = match because {
        Because::TierAccept(rule) => (rule, "accepts"),
        Because::TierDeny(rule) => (rule, "denies"),
        _ => return None,
    };
    Some(match rule.tier {
        Tier::Admin => format!("the Admin tier {verb} it, whatever NetworkPolicies say"),
        Tier::Baseline => format!("no NetworkPolicy isolates it, and the Baseline tier {verb} it"),
    })
}

fn mark(answer: &TierAnswer) -> (Style, &'static str) {
    match (answer.left_out, answer.matched.as_ref().map(|matched| matched.action)) {
        (None, Some(RuleAction::Accept)) => (GOOD, "✓"),
        (None, Some(RuleAction::Deny)) => (BAD, "✗"),
        (None, Some(RuleAction::Pass)) => (DIM, "→"),
        (None, None) | (Some(_), _) => (DIM, "·"),
    }
}

fn rule(matched: &TierMatched) -> String {
    let TierMatched { action, name, rule, .. } = matched;
    let path = rule.peer_path();
    let name = if name.is_empty() { String::new() } else { format!(" ({name})") };
    match (action, rule) {
        (RuleAction::Deny, TierRule { peer: None, .. }) => {
            format!("Deny: {path}{name}, which has a peer that this version does not know")
        }
        (RuleAction::Pass, _) => format!("Pass, so the next tier is asked: {path}{name}"),
        (action, _) => format!("{action}: {path}{name}"),
    }
}

fn reason(left_out: LeftOut) -> &'static str {
    match left_out {
        LeftOut::Decided => "not read: a rule before it decided",
        LeftOut::Isolated => "not read: a NetworkPolicy isolates the pod",
    }
}
