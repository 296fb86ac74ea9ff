//! Label selectors as `kubectl -l` takes them: `app=web`, `tier!=db`, `app in (a, b)`, `app notin
//! (a, b)`, `app`, `!app`, joined by commas.

use super::end::list;
use anyhow::bail;
use sekisho_core::{
    near,
    object::{LabelSelector, Pod, Requirement},
};
use std::{collections::BTreeSet, sync::Arc};

/// Reads a selector.
pub(super) fn read(text: &str) -> anyhow::Result<LabelSelector> {
    terms(text).into_iter().map(|term| requirement(term.trim(), text)).collect()
}

/// The parts between commas that are not in parentheses.
fn terms(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let is_end = move |character: char| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    };
    text.split(is_end).collect()
}

fn requirement(term: &str, text: &str) -> anyhow::Result<Requirement> {
    let one = |value: &str| BTreeSet::from([Arc::from(value.trim())]);
    if let Some((key, value)) = term.split_once("!=") {
        return Ok(Requirement::NotIn(key_of(key, term, text)?, one(value)));
    }
    if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        return Ok(Requirement::In(key_of(key, term, text)?, one(value)));
    }
    if let Some((key, values)) = listed(term, " notin ") {
        return Ok(Requirement::NotIn(key_of(key, term, text)?, values));
    }
    if let Some((key, values)) = listed(term, " in ") {
        return Ok(Requirement::In(key_of(key, term, text)?, values));
    }
    match term.strip_prefix('!') {
        Some(key) => Ok(Requirement::DoesNotExist(key_of(key, term, text)?)),
        None => Ok(Requirement::Exists(key_of(term, term, text)?)),
    }
}

/// `key in (a, b)`, with the word between.
fn listed<'a>(term: &'a str, word: &str) -> Option<(&'a str, BTreeSet<Arc<str>>)> {
    let (key, values) = term.split_once(word)?;
    let values = values.trim().strip_prefix('(')?.strip_suffix(')')?;
    Some((key, values.split(',').map(|value| Arc::from(value.trim())).collect()))
}

/// A label's key: a name, maybe with a domain in front.
fn key_of(key: &str, term: &str, text: &str) -> anyhow::Result<Arc<str>> {
    let key = key.trim();
    let is_made_so = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if key.is_empty() || !key.chars().all(is_made_so) {
        bail!(
            "`{term}` is no condition on labels, in `{text}`: write `app=web`, `tier!=db`, `app in (a, b)`, `app` or `!app`"
        );
    }
    Ok(key.into())
}

/// What is near a selector that no pod of `pods` meets, as the rest of a sentence.
pub(super) fn nearby(selector: &LabelSelector, pods: &[&Pod]) -> String {
    for requirement in selector.requirements() {
        let alone: LabelSelector = [requirement.clone()].into_iter().collect();
        if pods.iter().any(|pod| alone.matches(&pod.labels)) {
            continue;
        }
        let key = &**requirement.key();
        let values: BTreeSet<&str> = pods.iter().filter_map(|pod| pod.labels.get(key)).collect();
        if let Requirement::In(_, wanted) = requirement {
            let wanted = wanted.iter().next().map_or("", |value| &**value);
            if let Some(known) = near::nearest(wanted, values.iter().copied()) {
                return format!("; did you mean `{key}={known}`?");
            }
            if !values.is_empty() {
                return format!("; `{key}` is {}", list(&values));
            }
        }
        let keys: BTreeSet<&str> =
            pods.iter().flat_map(|pod| pod.labels.iter()).map(|(key, _)| &**key).collect();
        return match near::nearest(key, keys.iter().copied().filter(|known| *known != key)) {
            Some(known) if values.is_empty() => format!("; did you mean the label `{known}`?"),
            _ if keys.is_empty() => ": they have no labels at all".to_owned(),
            _ => format!("; their labels are {}", list(&keys)),
        };
    }
    ": each condition is met by some, and by none all of them".to_owned()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn selectors_are_read_as_kubectl_reads_them() {
        for (text, expected) in [
            ("app=web", "app=web"),
            ("app==web,tier!=db", "app=web,tier notin (db)"),
            ("app in (a, b),!old", "app in (a, b),!old"),
            ("app.kubernetes.io/name notin (x)", "app.kubernetes.io/name notin (x)"),
        ] {
            assert_eq!(read(text).unwrap().to_string(), expected);
        }
        for text in ["=web", "app=web,", "!", "a b"] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains("is no condition on labels"), "{text}: {error}");
        }
    }
}
