//! Texts that others chose, as names of a catalog.

use std::{collections::BTreeSet, sync::Arc};

/// The longest name (RFC 1123).
const LONGEST: usize = 63;

/// `text` as the name of a service, a component or an environment.
pub(super) fn as_name(text: &str) -> Arc<str> {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let name: String = text.chars().map(plain).take(LONGEST).collect();
    match name.trim_matches('-') {
        "" => "unnamed".into(),
        name => name.into(),
    }
}

/// `wanted`, what else it may be called, and then `wanted` with numbers.
pub(super) fn numbered<const N: usize>(
    wanted: &Arc<str>,
    others: [Arc<str>; N],
) -> impl Iterator<Item = Arc<str>> + use<N> {
    let wanted = Arc::clone(wanted);
    let first = [Arc::clone(&wanted)].into_iter().chain(others);
    first.chain((2..).map(move |number: u32| Arc::from(format!("{wanted}-{number}"))))
}

/// What environments are called whose folders are called so: names that a catalog takes, each one's own.
#[must_use]
pub fn environment_names(folders: &[String]) -> Vec<Arc<str>> {
    let mut taken: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut free = |folder: &String| {
        let name = numbered(&as_name(folder), []).find(|name| taken.insert(Arc::clone(name)));
        name.unwrap_or_default()
    };
    folders.iter().map(&mut free).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_called_what_a_catalog_takes() {
        let folders = ["Prod_1", "prod-1", "staging", "staging", "__", "a/b"].map(str::to_owned);
        let names: Vec<String> = environment_names(&folders).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["prod-1", "prod-1-2", "staging", "staging-2", "unnamed", "a-b"]);
    }
}
