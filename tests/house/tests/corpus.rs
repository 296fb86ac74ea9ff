//! The corpus has a case for each point of docs/semantics.md that a verdict can show.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs};

/// The points that one state of a cluster and one packet can show. The others are about time (S23,
/// S27, S30-S32), about packets no verdict is asked of (S35-S37) or about the reader (S43, S44).
fn shown() -> BTreeSet<u32> {
    (1..=22).chain(24..=26).chain([28, 29, 33, 34]).chain(38..=42).collect()
}

#[test]
fn every_point_has_a_case() {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(sekisho_house::root().join("tests/corpus")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(number) =
            name.strip_prefix('s').and_then(|rest| rest.split('-').next()?.parse::<u32>().ok())
        else {
            continue; // A case of its own: a bug that was, or two points together.
        };
        let text = fs::read_to_string(folder.join("expect.yaml")).unwrap();
        assert!(text.starts_with(&format!("# S{number}: ")), "{name}: the comment must name the point");
        found.insert(number);
    }
    assert_eq!(shown().difference(&found).collect::<Vec<_>>(), Vec::<&u32>::new(), "points without a case");
}
