//! The rules that a log speaks of.

use super::{
    level,
    log::{Configuration, Help, Properties, Rule, Text},
};
use crate::render::rules::anchor;
use sekisho_lint::Finding;
use std::collections::{BTreeMap, BTreeSet};

/// The rules of `findings`, by code, and the index of each.
pub(super) fn of<'f>(findings: impl Iterator<Item = &'f Finding>) -> (Vec<Rule>, BTreeMap<&'f str, usize>) {
    let mut names: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in findings {
        names.entry(finding.code()).or_insert(finding);
    }
    let index = names.keys().enumerate().map(|(at, code)| (*code, at)).collect();
    (names.into_values().map(rule).collect(), index)
}

fn rule(finding: &Finding) -> Rule {
    let tags: BTreeSet<&str> = ["security", finding.category.name()].into();
    let properties = Properties { tags: tags.into_iter().collect() };
    let (id, name) = (finding.code().to_owned(), finding.name.to_string());
    let Some(known) = sekisho_lint::find(&id) else {
        return Rule {
            id,
            name,
            short_description: None,
            help: None,
            help_uri: None,
            default_configuration: None,
            properties,
        };
    };
    let document = known.document();
    let page = format!("{}\n\n{}\n", document.what, document.body);
    let pages = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/rules.md");
    Rule {
        id,
        name,
        short_description: Some(Text { text: document.what }),
        help: Some(Help { text: page.clone(), markdown: page }),
        help_uri: Some(format!("{pages}#{}", anchor(known))),
        default_configuration: Some(Configuration { level: level(known.severity) }),
        properties,
    }
}
