//! Two policies of a namespace that say the same.
//!
//! ## Why
//!
//! Somebody will change one of them, and wonder why nothing happens: the other still says what both said.
//!
//! ## Wrong
//!
//! ```yaml
//! # `web` and `web-copy`, with the same podSelector and the same rules
//! metadata:
//!   name: web-copy
//! ```
//!
//! ## Right
//!
//! ```yaml
//! metadata:
//!   name: web
//! ```
//!
//! ## How to mend
//!
//! Delete one of them: no connection changes. `--fix` deletes the later by name.
//!
//! ## Sources
//!
//! S10.

use crate::{
    finding::Report,
    rule::{Category, Rule},
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    mend::{Edit, Mend},
    object::{Direction, LabelSelector, NetworkPolicy, PeerKind, PortMatch},
    set::Protocol,
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

pub(crate) static RULE: Rule = Rule {
    code: "SK602",
    name: "duplicate",
    category: Category::Hygiene,
    severity: Severity::Warning,
    yields_to: &["SK102", "SK109", "SK206"],
    source: include_str!("duplicate.rs"),
    run,
};

/// A rule, however it is ordered and wherever it was written.
type Said<'c> = (BTreeSet<&'c PeerKind>, BTreeSet<(Protocol, &'c PortMatch)>);

/// What a policy says; of a direction that it does not speak of, `None`.
type Whole<'c> = (&'c Arc<str>, &'c LabelSelector, [Option<BTreeSet<Said<'c>>>; 2]);

fn run(world: &World<'_>, report: &mut Report<'_>) {
    let mut subjects: HashMap<(&Arc<str>, &LabelSelector), usize> = HashMap::new();
    for policy in world.policies() {
        *subjects.entry(own(policy)).or_default() += 1;
    }
    // Most select pods that no other does, and need not be compared.
    let is_alone = |policy: &&NetworkPolicy| subjects.get(&own(policy)).is_none_or(|count| *count < 2);
    let mut first: HashMap<Whole<'_>, &NetworkPolicy> = HashMap::new();
    for policy in world.policies().filter(|policy| !is_alone(policy)) {
        let Some(same) = first.get(&whole(policy)) else {
            first.insert(whole(policy), policy);
            continue;
        };
        let message = format!("`{}` says the same as `{}`", policy.key.name, same.key.name);
        let edit = Edit::Remove(policy.origin.clone());
        let found = report.of_policy(&policy.key, &policy.origin, message);
        let found = found.beside(&same.origin, "the same").help("delete one of the two");
        report.push(found.mend(Mend::safe(format!("delete `{}`", policy.key.name), [edit])));
    }
}

/// The pods that a policy selects, however it says so.
fn own(policy: &NetworkPolicy) -> (&Arc<str>, &LabelSelector) {
    (&policy.key.namespace, &policy.subjects)
}

fn whole(policy: &NetworkPolicy) -> Whole<'_> {
    let rules = |direction| {
        let rules = policy.rules(direction).iter();
        rules.map(|rule| {
            let ports = rule.ports.iter().map(|port| (port.protocol, &port.port));
            (rule.peers.iter().map(|peer| &peer.kind).collect(), ports.collect())
        })
    };
    let said = |direction| policy.isolates(direction).then(|| rules(direction).collect());
    (&policy.key.namespace, &policy.subjects, Direction::ALL.map(said))
}
