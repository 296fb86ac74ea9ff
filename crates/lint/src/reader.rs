//! What the reader of manifests has to say, as findings.

use crate::{
    finding::{Finding, Subject},
    rule::Rule,
    rules,
};
use sekisho_core::diagnostic::{Diagnostic, Severity};

/// The rule that a finding of the reader belongs to.
fn rule(code: &str) -> &'static Rule {
    match code {
        "unknown-field" => &rules::unknown_field::RULE,
        "invalid-except" => &rules::except_outside::RULE,
        "host-bits" => &rules::host_bits::RULE,
        _ => &rules::unreadable::RULE,
    }
}

/// The findings of the reader. What it only notes is not among them.
#[must_use]
pub fn of_reader(read: &[Diagnostic]) -> Vec<Finding> {
    let heard = read.iter().filter(|one| one.severity != Severity::Note);
    heard
        .map(|one| {
            let rule = rule(&one.code);
            let mut finding = Finding::of(rule, Subject::Text, &one.origin, one.message.clone());
            if rule.code == rules::unreadable::RULE.code {
                // It stands for several of the reader's.
                finding.essence = one.code.to_string();
            }
            finding.diagnostic.help.clone_from(&one.help);
            finding.diagnostic.labels.clone_from(&one.labels);
            finding.diagnostic.mend.clone_from(&one.mend);
            finding.diagnostic.severity = one.severity;
            finding
        })
        .collect()
}
