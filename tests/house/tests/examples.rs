//! The reference scenario: development is production and the debug ranges, nothing else.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use walkdir::WalkDir;

const FIRST: &str = "        # Development only: ";
const LAST: &str = "            cidr: 198.51.100.0/24 # the client VPN\n";

/// The manifests of an environment, by their path within.
fn manifests(environment: &str) -> BTreeMap<PathBuf, String> {
    let folder = sekisho_house::root().join("examples/exchange").join(environment);
    let files = WalkDir::new(&folder).into_iter().map(|entry| entry.unwrap().into_path());
    let files = files.filter(|path| path.is_file());
    files.map(|path| (within(&folder, &path), fs::read_to_string(&path).unwrap())).collect()
}

fn within(folder: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(folder).unwrap().to_path_buf()
}

/// `text` without the entries that admit the office and the client VPN, and how many there were.
fn without_debug_ranges(text: &str) -> (String, usize) {
    let mut rest = text.to_owned();
    let mut count = 0;
    while let Some(start) = rest.find(FIRST) {
        let end = rest[start..].find(LAST).unwrap() + start + LAST.len();
        rest.replace_range(start..end, "");
        count += 1;
    }
    (rest, count)
}

#[test]
fn development_is_production_and_the_debug_ranges() {
    let stripped: BTreeMap<_, _> = manifests("development")
        .into_iter()
        .map(|(path, text)| (path, without_debug_ranges(&text)))
        .collect();
    let ranges: usize = stripped.values().map(|(_, count)| count).sum();
    assert_eq!(ranges, 8, "one for each component of the four services");
    let texts: BTreeMap<_, _> = stripped.into_iter().map(|(path, (text, _))| (path, text)).collect();
    assert_eq!(texts, manifests("production"));
}
