//! All rules.

use crate::{rule::Rule, rules as files};

/// The rules, ascending by code.
#[must_use]
pub fn rules() -> &'static [&'static Rule] {
    files::ALL
}

/// The rule of a code or a name.
#[must_use]
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    let is_meant = |rule: &&&Rule| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name;
    rules().iter().find(is_meant).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Example;
    use std::collections::BTreeSet;

    #[test]
    fn codes_ascend_and_names_differ() {
        assert!(rules().is_sorted_by(|a, b| a.code < b.code));
        let names: BTreeSet<&str> = rules().iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), rules().len());
        for rule in rules() {
            assert!(
                rule.yields_to.iter().all(|code| find(code).is_some_and(|other| other.code == *code)),
                "{}",
                rule.code
            );
        }
    }

    #[test]
    fn every_rule_is_documented() {
        for rule in rules() {
            let document = rule.document();
            assert!(
                document.what.ends_with('.') && document.what.len() < 200,
                "{}: {}",
                rule.code,
                document.what
            );
            for title in ["Why", "How to mend", "Sources"] {
                assert!(
                    document.section(title).is_some_and(|text| !text.is_empty()),
                    "{}: {title}",
                    rule.code
                );
            }
            for example in [Example::Wrong, Example::Right] {
                assert!(document.example(example).is_some(), "{}: {example:?}", rule.code);
            }
        }
    }
}
