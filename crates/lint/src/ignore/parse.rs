//! Reading what people write to keep findings quiet.

use super::{Covers, Ignore};
use crate::config::Choice;
use sekisho_core::object::Origin;

/// How such a comment begins, behind its `#`.
const BEGIN: &str = "sekisho:";

/// Whether a comment, without its `#`, is for us.
#[must_use]
pub fn is_ignore(comment: &str) -> bool {
    verb(comment).is_some_and(|rest| rest.starts_with("ignore"))
}

fn verb(comment: &str) -> Option<&str> {
    comment.trim_start_matches('#').trim_start().strip_prefix(BEGIN).map(str::trim_start)
}

/// The ignore of a comment, `sekisho: ignore[SK301, whole-namespace] reason`; `None` of any other comment.
#[must_use]
pub fn of_comment(comment: &str, covers: Covers, origin: Origin) -> Option<Ignore> {
    let rest = verb(comment)?.strip_prefix("ignore")?;
    let listed = rest.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (rules, reason) = listed.unwrap_or(("", rest));
    let rules = rules.split(',').map(str::trim).filter(|rule| !rule.is_empty()).map(Choice::from).collect();
    Some(Ignore { rules, reason: reason_of(reason), covers, origin, is_comment: true })
}

/// The ignores of an annotation, `SK301: reason; SK305: reason`.
#[must_use]
pub fn of_annotation(value: &str, covers: &Covers, origin: &Origin) -> Vec<Ignore> {
    let entries = value.split([';', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| {
            let (rules, reason) = entry.split_once(':').unwrap_or((entry, ""));
            let rules = rules.split(',').map(str::trim).filter(|rule| !rule.is_empty());
            Ignore {
                rules: rules.map(Choice::from).collect(),
                reason: reason_of(reason),
                covers: covers.clone(),
                origin: origin.clone(),
                is_comment: false,
            }
        })
        .collect()
}

/// The reason without the signs that people put before one.
fn reason_of(text: &str) -> String {
    text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '-' | '\u{2013}' | '\u{2014}'))
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::object::ObjectKey;

    fn read(comment: &str) -> Option<(Vec<String>, String)> {
        let covers = Covers::Policy(ObjectKey::new("shop", "web"), Origin::default());
        let ignore = of_comment(comment, covers, Origin::default())?;
        Some((ignore.rules.iter().map(ToString::to_string).collect(), ignore.reason))
    }

    #[test]
    fn comments() {
        for (comment, rules, reason) in [
            ("# sekisho: ignore[SK301] it is meant", &["SK301"][..], "it is meant"),
            ("#sekisho:ignore[SK301,whole-namespace]: why", &["SK301", "whole-namespace"], "why"),
            ("# sekisho: ignore [ SK301 ] -- why", &["SK301"], "why"),
            ("# sekisho: ignore[SK301]", &["SK301"], ""),
            ("# sekisho: ignore[SK301", &[], "[SK301"),
            ("# sekisho: ignore", &[], ""),
        ] {
            let rules = rules.iter().map(ToString::to_string).collect();
            assert_eq!(read(comment), Some((rules, reason.to_owned())), "{comment}");
            assert!(is_ignore(comment));
        }
        for comment in ["# see sekisho: ignore[SK301] x", "# sekisho is good", "#", "# sekisho: check"] {
            assert_eq!(read(comment), None, "{comment}");
            assert!(!is_ignore(comment), "{comment}");
        }
    }

    #[test]
    fn annotations() {
        let covers = Covers::Policy(ObjectKey::new("shop", "web"), Origin::default());
        let read = of_annotation("SK301: a: b; empty-rule:\n SK305,SK306: c;", &covers, &Origin::default());
        let read: Vec<(usize, &str)> =
            read.iter().map(|one| (one.rules.len(), one.reason.as_str())).collect();
        assert_eq!(read, [(1, "a: b"), (1, ""), (2, "c")]);
    }
}
