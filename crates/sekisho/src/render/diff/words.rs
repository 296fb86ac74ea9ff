//! What a difference is called.

use sekisho_core::{
    diff::{Arrivals, Cause, ConnectionChange, Difference, Kind, Protection, Reason},
    object::Workload,
    reach::{Connection, Party},
};
use std::sync::Arc;

/// How many terms of a party are written out where a person reads.
const SHOWN: usize = 5;
/// How many characters of a term.
const LONGEST: usize = 120;

/// What differs, in one sentence.
pub(super) fn summary(difference: &Difference) -> String {
    if difference.is_empty() {
        return "no connection differs".to_owned();
    }
    let kinds = [(Kind::Opened, "opened"), (Kind::Changed, "changed"), (Kind::Closed, "closed")];
    let mut parts: Vec<String> = Vec::new();
    for (kind, word) in kinds {
        let count = difference.changes.iter().filter(|change| change.kind() == kind).count();
        if count > 0 {
            parts.push(format!("{} {word}", counted(count, "connection")));
        }
    }
    if parts.is_empty() {
        parts.push("no connection differs".to_owned());
    }
    for (arrivals, word) in [(&difference.came, "came"), (&difference.went, "went")] {
        let count = arrivals.workloads.len();
        if count > 0 {
            parts.push(format!("{} {word}", counted(count, "workload")));
        }
    }
    for (is_gained, word) in [(false, "lost"), (true, "gained")] {
        if difference.protection.iter().any(|protection| protection.is_gained == is_gained) {
            parts.push(format!("protection {word}"));
        }
    }
    parts.join(", ")
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A party, shortened where it is long.
pub(super) fn name(party: &Party) -> String {
    let shown = party.terms.iter().take(SHOWN).map(|term| cut(&term.to_string()));
    let mut names: Vec<String> = shown.collect();
    if let Some(more) = party.terms.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What becomes of the connections of a change, as a word.
pub(super) fn kind(change: &ConnectionChange) -> &'static str {
    match change.kind() {
        Kind::Opened => "opened",
        Kind::Changed => "changed",
        Kind::Closed => "closed",
    }
}

/// The sign of a change.
pub(super) fn sign(change: &ConnectionChange) -> char {
    match change.kind() {
        Kind::Opened => '+',
        Kind::Changed => '~',
        Kind::Closed => '-',
    }
}

/// The ports that differ: what is allowed now, and what was where that was something else.
pub(super) fn ports(change: &ConnectionChange) -> String {
    let ports = match change.kind() {
        Kind::Opened => change.after.to_string(),
        Kind::Closed => change.before.to_string(),
        Kind::Changed => format!("{}, was {}", change.after, change.before),
    };
    match change.family {
        Some(family) => format!("{ports} ({family} only)"),
        None => ports,
    }
}

/// The ports of a connection.
pub(super) fn allowed(connection: &Connection) -> String {
    match connection.family {
        Some(family) => format!("{} ({family} only)", connection.ports),
        None => connection.ports.to_string(),
    }
}

/// What a policy does to the difference.
pub(super) fn cause(cause: &Cause) -> String {
    let Cause { direction, policy, reason, .. } = cause;
    let path = reason.path().unwrap_or_default();
    match reason {
        Reason::Allows(_) | Reason::Accepts(_) => format!("`{policy}` {path} allows it"),
        Reason::NoLongerAllows(_) | Reason::NoLongerAccepts(_) => format!("`{policy}` {path} allowed it"),
        Reason::Denies(_) => format!("`{policy}` {path} denies it"),
        Reason::NoLongerDenies(_) => format!("`{policy}` {path} denied it"),
        Reason::Isolates => format!("`{policy}` isolates for {direction} now"),
        Reason::NoLongerIsolates => format!("`{policy}` no longer isolates for {direction}"),
    }
}

/// Whom no policy isolates any more, or some does now.
pub(super) fn protection(protection: &Protection) -> String {
    let Protection { is_gained, direction, of, policies } = protection;
    let policies: Vec<String> = policies.iter().map(|(key, _)| format!("`{key}`")).collect();
    let (policies, name) = (policies.join(", "), name(of));
    match is_gained {
        true => format!("{name}: isolated for {direction} now, by {policies}"),
        false => format!("{name}: no longer isolated for {direction}; it was by {policies}"),
    }
}

/// Workloads that came or went, by name and kind.
pub(super) fn workloads(arrivals: &Arrivals) -> Vec<String> {
    let name = |workload: &Arc<Workload>| format!("{} ({})", workload.key, workload.kind);
    arrivals.workloads.iter().map(name).collect()
}
