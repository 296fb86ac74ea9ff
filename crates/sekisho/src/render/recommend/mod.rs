//! What is recommended, as manifests with comments.

pub(crate) mod broken;
mod head;
pub(crate) mod status;
pub(crate) mod words;

use sekisho_core::object::Direction;
use sekisho_k8s::emit::{Place, Remark, Remarks, policy};
use sekisho_recommend::{
    Basis, PolicyAdvice, Recommendation, RuleAdvice, history::History, narrow::Narrowing, roster::Roster,
};
use std::io::Write;

pub(crate) use head::left;
pub(crate) use words::{doubts, moment, plain};

/// Writes the policies, above them what the core says of all, and above each rule what it rests on.
pub(crate) fn yaml(
    (found, narrowed): (&Recommendation, &[Narrowing]),
    seen: &History,
    roster: &Roster,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    for line in head::lines((found, narrowed), seen) {
        writeln!(out, "{}", words::comment(&line))?;
    }
    for advice in &found.policies {
        let remarks = remarks(advice, seen, roster);
        write!(out, "---\n{}", policy(&advice.policy, &remarks).to_document())?;
    }
    Ok(())
}

fn remarks(advice: &PolicyAdvice, seen: &History, roster: &Roster) -> Remarks {
    let mut remarks = Remarks::new();
    let above = about(advice).iter().map(|line| words::comment(line)).collect();
    remarks.insert(Place::Policy, Remark { above, ..Remark::default() });
    for (direction, rules) in &advice.rules {
        for (at, rule) in rules.iter().enumerate() {
            of_rule(rule, (*direction, at), (advice, seen, roster), &mut remarks);
        }
    }
    remarks
}

/// What a policy is about, and whose place it takes.
fn about(advice: &PolicyAdvice) -> Vec<String> {
    let whom = match &advice.about {
        None => format!("All pods of {}", advice.policy.key.namespace),
        Some(key) => format!("{key}"),
    };
    let what: Vec<String> = advice
        .rules
        .iter()
        .map(|(direction, rules)| match (direction, rules.len()) {
            // Who was not asked about, and has what another policy let pass.
            (_, 1..) if rules.iter().all(|rule| rule.peers.is_empty()) => {
                format!("its {direction} stays as it was")
            }
            (Direction::Ingress, 0) => "nothing comes in by it".to_owned(),
            (Direction::Egress, 0) => "nothing leaves by it".to_owned(),
            (Direction::Ingress, _) => "who came in".to_owned(),
            (Direction::Egress, _) => "whom it called".to_owned(),
        })
        .collect();
    let tried = advice.policy.is_audited();
    let mut lines = vec![match what.as_slice() {
        [] => format!("{whom}: what it let pass besides is in other policies now."),
        what => format!("{whom}: {}{}.", what.join(", "), if tried { "; only tried" } else { "" }),
    }];
    if let Some(known) = &advice.replaces {
        let place = if known.origin.is_known() { format!(", {}", known.origin) } else { String::new() };
        lines.push(format!("It takes the place of `{}`{place}.", known.key));
    }
    lines
}

fn of_rule(
    advice: &RuleAdvice,
    (direction, at): (Direction, usize),
    (policy, seen, roster): (&PolicyAdvice, &History, &Roster),
    remarks: &mut Remarks,
) {
    let mut said: Option<&Basis> = None;
    for (index, peer) in advice.peers.iter().enumerate() {
        // Blocks of one peer rest on the same.
        let above = if said == Some(&peer.basis) {
            Vec::new()
        } else {
            let pods = policy.about.as_ref().and_then(|key| {
                let of = roster.groups().iter().find(|group| group.key() == *key);
                of.map(|group| group.pods.len())
            });
            words::basis(peer, direction, pods.unwrap_or_default(), seen)
        };
        said = Some(&peer.basis);
        let beside = (!peer.who.is_empty()).then(|| plain(&peer.who));
        let remark = Remark {
            above: above.iter().map(|line| words::comment(line)).collect(),
            beside,
            ..Remark::default()
        };
        remarks.insert(Place::Peer(direction, at, index), remark);
    }
}
