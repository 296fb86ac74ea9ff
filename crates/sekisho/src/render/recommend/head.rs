//! What stands above the policies: what they were made of, and what comes of them.

use super::words::{count, moment};
use sekisho_core::object::Direction;
use sekisho_recommend::{
    Left, Proof, Recommendation,
    evidence::span,
    history::{History, Untold},
    narrow::Narrowing,
};

/// How many of a kind are written out; `-o json` has all.
const SHOWN: usize = 12;

/// The lines, without their `#`.
pub(super) fn lines((found, narrowed): (&Recommendation, &[Narrowing]), seen: &History) -> Vec<String> {
    let mut lines = vec![format!("Written by sekisho recommend from {}{}.", records(seen), period(seen))];
    lines.extend(passing(&found.proof));
    if !found.unchanged.is_empty() {
        let names: Vec<String> = found.unchanged.iter().map(ToString::to_string).collect();
        lines.push(format!("As they should be, and not written again: {}.", names.join(", ")));
    }
    section(&mut lines, "Let in more than came:", narrowed.iter().map(narrowing).collect());
    section(&mut lines, "Would not pass any more:", refused(&found.proof));
    section(&mut lines, "Cannot become a rule:", found.untold.iter().map(untold).collect());
    section(&mut lines, "Left to you:", found.left.iter().map(left).collect());
    section(&mut lines, "Would pass, and was not seen:", beyond(&found.proof));
    lines
}

fn records(seen: &History) -> String {
    count(seen.records, "record of flows", "records of flows")
}

fn period(seen: &History) -> String {
    let Some(window) = seen.window else { return String::new() };
    let (from, to) = (window.from(), window.to());
    format!(", {} from {} to {}", span(from.duration_until(to).as_secs()), moment(from), moment(to))
}

fn passing(proof: &Proof) -> Vec<String> {
    let refused = proof.refused.len();
    let kinds = u64::try_from(proof.kinds).unwrap_or(u64::MAX);
    let seen = count(kinds, "kind of connection was", "kinds of connections were");
    let all = match refused {
        0 => "under these policies all of it passes".to_owned(),
        _ => format!("under these policies {} of them pass", proof.kinds.saturating_sub(refused)),
    };
    vec![
        format!("{seen} seen to pass, {} in all: {all}.", count(proof.connections, "time", "times")),
        match u64::try_from(proof.beyond.len()).unwrap_or(u64::MAX) {
            0 => "Nothing would pass that was not seen.".to_owned(),
            1 => "1 kind of connection would pass that was not seen.".to_owned(),
            more => format!("{more} kinds of connections would pass that were not seen."),
        },
    ]
}

fn section(lines: &mut Vec<String>, title: &str, all: Vec<String>) {
    if all.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.push(title.to_owned());
    let more = all.len().saturating_sub(SHOWN);
    lines.extend(all.into_iter().take(SHOWN).map(|line| format!("- {line}")));
    if more > 0 {
        lines.push(format!("- and {more} more, which `-o json` has"));
    }
}

fn narrowing(one: &Narrowing) -> String {
    let came: Vec<&str> = one.came.iter().map(|(who, _)| who.as_str()).collect();
    let came = if came.is_empty() {
        "nobody came by it".to_owned()
    } else {
        format!("by it came {}", came.join(", "))
    };
    let becomes = match one.entries {
        None => "; it stays".to_owned(),
        Some(0) => "; it goes".to_owned(),
        Some(_) => String::new(),
    };
    let place = if one.origin.is_known() { format!(", {}", one.origin) } else { String::new() };
    format!("{} {}{place}: {came}{becomes}", one.policy, one.path)
}

fn refused(proof: &Proof) -> Vec<String> {
    let told = proof.refused.iter().map(|one| {
        let already = if one.already { " (the policies that are there refuse it already)" } else { "" };
        let times = count(one.evidence.count(), "time", "times");
        format!("{}: {times}, last {}{already}: {}", one.call, moment(one.evidence.last), one.refusal.why)
    });
    told.collect()
}

fn untold(one: &Untold) -> String {
    let times = count(one.evidence.count(), "time", "times");
    format!("{}: {times}, last {}: {}", one.what, moment(one.evidence.last), one.why)
}

fn beyond(proof: &Proof) -> Vec<String> {
    let told = proof.beyond.iter().map(|one| format!("{} -> {} {}", one.from, one.to, one.ports));
    told.collect()
}

/// What is left to people, in words.
pub(crate) fn left(left: &Left) -> String {
    match left {
        Left::Subject(key, direction) => format!(
            "{key}: no labels select these pods and no others, so no policy is about their {direction}; give them a \
             label of their own"
        ),
        Left::Peer { subject, direction, peer } => {
            let who = match direction {
                Direction::Ingress => format!("{peer} called {subject}"),
                Direction::Egress => format!("{subject} called {peer}"),
            };
            format!(
                "{who}: no labels select {peer} and no others, so no rule lets it pass; give its pods a label of \
                 their own"
            )
        }
        Left::Baseline(namespace, direction, because) => {
            let names: Vec<String> = because.iter().map(ToString::to_string).collect();
            format!(
                "{namespace}: its {direction} stays as it is, because no policy can be about {}",
                names.join(", ")
            )
        }
        Left::Unstaged(key, direction) => format!(
            "{key}: it is enforced, and its {direction} lets more pass than was seen; a narrower one cannot be tried \
             beside it"
        ),
        Left::Open(key, direction) => {
            format!(
                "{key}: it stays, and lets everything pass in {direction}; take it away when the others are there"
            )
        }
    }
}
