//! An explanation for people: the verdict, then each side, policy by policy, with the lines that say so.

use super::{
    excerpt::{self, Sources},
    tiers,
};
use crate::{
    output::{BAD, BOLD, DIM, GOOD, NOTE},
    target::{Answer, Answers},
};
use anstyle::Style;
use sekisho_core::{
    explain::{Explanation, Matched, Miss, PolicyAnswer, Side, Subject},
    object::{Direction, Origin, Tier},
    verdict::{Because, Decision},
};
use std::io::Write;

/// How many policies that do not select a pod, but would let the packet pass, are told of.
const NOT_SELECTING: usize = 3;
/// From which distance on such a policy is about something else.
const FAR: u32 = 8;

/// Writes every distinct answer, those that are denied first.
pub(crate) fn explain(answers: &Answers, sources: &Sources, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut page = Page { answers, sources, out };
    if !answers.rest.is_empty() {
        let count = answers.all().count();
        writeln!(
            page.out,
            "{BOLD}{count} answers{BOLD:#}: not all packets of this question are answered alike\n"
        )?;
    }
    for (at, answer) in answers.all().enumerate() {
        if at > 0 {
            writeln!(page.out)?;
        }
        page.answer(answer)?;
    }
    Ok(())
}

/// What is being written.
struct Page<'a> {
    answers: &'a Answers,
    sources: &'a Sources,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    fn answer(&mut self, answer: &Answer) -> anyhow::Result<()> {
        let explanation = &answer.explanation;
        let (style, word) = match explanation.verdict.decision {
            Decision::Allow => (GOOD, "ALLOWED"),
            Decision::Deny => (BAD, "DENIED"),
        };
        let Answers { from, to, port, .. } = self.answers;
        writeln!(self.out, "{style}{word}{style:#}  {BOLD}{from} → {to}  {port}{BOLD:#}")?;
        if !self.answers.rest.is_empty() {
            self.which(answer)?;
        }
        for side in [&explanation.egress, &explanation.ingress] {
            writeln!(self.out)?;
            self.side(explanation, side)?;
        }
        for hint in &explanation.hints {
            writeln!(self.out, "\n  {NOTE}hint{NOTE:#}: {hint}")?;
        }
        Ok(())
    }

    /// Which packets an answer is about, where there are others.
    fn which(&mut self, answer: &Answer) -> anyhow::Result<()> {
        for (end, pods) in [("from", &answer.from_pods), ("to", &answer.to_pods)] {
            if !pods.is_empty() {
                writeln!(self.out, "  {end} {}", some(pods))?;
            }
        }
        writeln!(self.out, "  {DIM}such as {}{DIM:#}", some(&answer.packets))?;
        Ok(())
    }

    fn side(&mut self, explanation: &Explanation, side: &Side) -> anyhow::Result<()> {
        let who = match side.direction {
            Direction::Egress => &explanation.from,
            Direction::Ingress => &explanation.to,
        };
        let (style, mark) = mark(side.verdict.decision.is_allow());
        let subject = side.deciding();
        let reason = reason(side, subject);
        writeln!(self.out, "  {style}{mark}{style:#} {BOLD}{}{BOLD:#} of {who}: {reason}", side.direction)?;
        // Where it passes whatever policies say, what they say is beside the point.
        let Some(subject) = subject.filter(|_| is_for_policies(&side.verdict.because)) else { return Ok(()) };
        tiers::write(&subject.tiers, Tier::Admin, self.sources, self.out)?;
        if is_by_rules(&side.verdict.because) {
            self.policies(side, subject)?;
        }
        tiers::write(&subject.tiers, Tier::Baseline, self.sources, self.out)
    }

    /// What each NetworkPolicy says.
    fn policies(&mut self, side: &Side, subject: &Subject) -> anyhow::Result<()> {
        let mut selecting: Vec<&PolicyAnswer> = subject.policies.iter().filter(|p| p.selects).collect();
        // What allows comes first, then what came near.
        selecting.sort_by_key(|policy| policy.miss.as_ref().map_or(0, |miss| miss.distance));
        for policy in selecting {
            self.policy(policy)?;
        }
        if !side.verdict.decision.is_allow() {
            self.not_selecting(subject)?;
        }
        Ok(())
    }

    fn policy(&mut self, policy: &PolicyAnswer) -> anyhow::Result<()> {
        let (style, mark) = mark(policy.allows);
        writeln!(self.out, "      {style}{mark}{style:#} {}  {DIM}{}{DIM:#}", policy.policy, policy.origin)?;
        for matched in &policy.matched {
            self.matched(matched)?;
        }
        if let Some(miss) = &policy.miss {
            self.miss(miss)?;
        }
        Ok(())
    }

    fn matched(&mut self, matched: &Matched) -> anyhow::Result<()> {
        let path = matched.path.peer_path();
        writeln!(self.out, "          {path}  {DIM}{}{DIM:#}", matched.origin)?;
        self.excerpt(&matched.origin)?;
        if let (Some(path), Some(origin)) = (matched.path.port_path(), &matched.port_origin) {
            writeln!(self.out, "          {path}  {DIM}{origin}{DIM:#}")?;
            self.excerpt(origin)?;
        }
        Ok(())
    }

    fn miss(&mut self, miss: &Miss) -> anyhow::Result<()> {
        writeln!(self.out, "          {miss}")?;
        if miss.path.is_some() {
            writeln!(self.out, "          {DIM}{}{DIM:#}", miss.origin)?;
            self.excerpt(&miss.origin)?;
        }
        Ok(())
    }

    /// Policies that would let it pass if they selected the pod, the nearest first.
    fn not_selecting(&mut self, subject: &Subject) -> anyhow::Result<()> {
        let others = subject.policies.iter().filter(|policy| !policy.selects);
        let mut misses: Vec<&Miss> = others.filter_map(|policy| policy.miss.as_ref()).collect();
        misses.retain(|miss| miss.distance < FAR);
        misses.sort_by_key(|miss| miss.distance);
        for miss in misses.into_iter().take(NOT_SELECTING) {
            writeln!(self.out, "      {DIM}·{DIM:#} {miss}\n          {DIM}{}{DIM:#}", miss.origin)?;
        }
        Ok(())
    }

    fn excerpt(&mut self, origin: &Origin) -> anyhow::Result<()> {
        for (number, line) in excerpt::lines(self.sources, origin) {
            writeln!(self.out, "          {DIM}{number:>5} |{DIM:#} {line}")?;
        }
        Ok(())
    }
}

/// Whether policies were asked.
fn is_for_policies(because: &Because) -> bool {
    match because {
        Because::NoPod | Because::Itself | Because::OwnNode | Because::NeighbourDiscovery => false,
        Because::NotIsolated
        | Because::Rule(_)
        | Because::NoRule(_)
        | Because::TierAccept(_)
        | Because::TierDeny(_) => true,
    }
}

/// Whether NetworkPolicies decided.
fn is_by_rules(because: &Because) -> bool {
    matches!(because, Because::Rule(_) | Because::NoRule(_))
}

fn mark(is_good: bool) -> (Style, &'static str) {
    if is_good { (GOOD, "✓") } else { (BAD, "✗") }
}

fn reason(side: &Side, subject: Option<&Subject>) -> String {
    let (gate, verb) = match side.direction {
        Direction::Egress => ("out", "leave"),
        Direction::Ingress => ("in", "enter"),
    };
    match &side.verdict.because {
        Because::NoPod => format!("no pod that policies see, so anything may {verb}"),
        Because::Itself => "a pod always reaches itself".to_owned(),
        Because::OwnNode => "a pod's own node always reaches it".to_owned(),
        Because::NeighbourDiscovery => "no policy may stop what keeps the link alive".to_owned(),
        Because::NotIsolated => format!("no policy isolates it, so anything may {verb}"),
        Because::TierAccept(_) | Because::TierDeny(_) => {
            tiers::because(&side.verdict.because).unwrap_or_default()
        }
        Because::Rule(_) | Because::NoRule(_) => {
            let isolating = subject.map_or(0, |s| s.policies.iter().filter(|p| p.selects).count());
            let allowing = subject.map_or(0, |s| s.policies.iter().filter(|p| p.allows).count());
            match (isolating, allowing) {
                (1, 0) => format!("isolated by 1 policy, which does not let it {gate}"),
                (count, 0) => format!("isolated by {count} policies, none of which lets it {gate}"),
                (1, _) => format!("isolated by 1 policy, which lets it {gate}"),
                (count, 1) => format!("isolated by {count} policies, one of which lets it {gate}"),
                (count, some) => format!("isolated by {count} policies, {some} of which let it {gate}"),
            }
        }
    }
}

fn some<T: AsRef<str>>(items: &[T]) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<&str> = items.iter().take(SHOWN).map(AsRef::as_ref).collect();
    match items.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{}, and {more} more", shown.join(", ")),
    }
}
