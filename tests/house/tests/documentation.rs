//! The checks, on the documentation of this repository.
#![allow(clippy::unwrap_used)]

use sekisho_house::{
    docs::{self, Page},
    edges,
};
use std::{collections::BTreeMap, fs, path::PathBuf};
use walkdir::WalkDir;

/// The number of points in docs/semantics.md. Numbers are never given up or given again.
const POINTS: usize = 44;

#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn read(path: &str) -> String {
    fs::read_to_string(sekisho_house::root().join(path)).unwrap()
}

/// Every Markdown file of the repository, by its path within.
fn pages() -> BTreeMap<PathBuf, Page> {
    let skipped =
        |name: &str| name == "target" || name == "node_modules" || (name.starts_with('.') && name.len() > 1);
    let files = WalkDir::new(sekisho_house::root())
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !entry.file_name().to_str().is_some_and(skipped));
    let paths = files.map(|entry| entry.unwrap().into_path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| {
            let page = Page::parse(&fs::read_to_string(&path).unwrap());
            (path.strip_prefix(sekisho_house::root()).unwrap().to_path_buf(), page)
        })
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let pages = pages();
    assert!(!pages.is_empty());
    none(&docs::broken_links(&pages, |path| sekisho_house::root().join(path).exists()));
}

#[test]
fn the_japanese_readme_has_what_the_english_one_has() {
    none(&docs::translation_gaps(&Page::parse(&read("README.md")), &Page::parse(&read("README.ja.md"))));
}

#[test]
fn every_dependency_has_its_reason() {
    let used = edges::direct_dependencies(&sekisho_house::metadata().unwrap());
    none(&docs::table_gaps(&read("ARCHITECTURE.md"), "## Dependencies, and why", &used));
}

#[test]
fn the_semantics_have_every_number() {
    none(&docs::numbering_gaps(&read("docs/semantics.md"), POINTS));
}
