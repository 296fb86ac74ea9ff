//! The checks find what they are for: each is shown a violation.
#![allow(clippy::unwrap_used)]

use cargo_metadata::{Metadata, MetadataCommand};
use sekisho_house::{
    docs::{self, Page},
    edges::{self, Ban, Edges},
    modules,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

fn astray() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/astray")
}

fn metadata() -> Metadata {
    let options = ["--locked".to_owned(), "--offline".to_owned()];
    MetadataCommand::new().manifest_path(astray().join("Cargo.toml")).other_options(options).exec().unwrap()
}

const FOUND: [Edges; 3] = [
    Edges { of: "core", uses: &["reader"], tests_use: &[] },
    Edges { of: "reader", uses: &["web"], tests_use: &["core"] },
    Edges { of: "web", uses: &[], tests_use: &[] },
];

#[test]
fn edges_that_are_listed_are_fine() {
    assert_eq!(edges::unexpected(&metadata(), &FOUND), [""; 0]);
}

#[test]
fn an_edge_that_is_not_listed_is_found() {
    let [mut core, mut reader, web] = FOUND;
    core.uses = &[];
    reader.tests_use = &[];
    assert_eq!(
        edges::unexpected(&metadata(), &[core, reader, web]),
        ["`core` must not depend on `reader` (code)", "`reader` must not depend on `core` (tests)"]
    );
}

#[test]
fn an_edge_and_a_crate_that_are_gone_are_found() {
    let [core, reader, mut web] = FOUND;
    web.uses = &["core"];
    let gone = Edges { of: "agent", uses: &[], tests_use: &[] };
    assert_eq!(
        edges::unexpected(&metadata(), &[core, reader, web, gone]),
        ["`web` no longer uses `core` (code)", "`agent` is listed but is no crate"]
    );
    assert_eq!(edges::unexpected(&metadata(), &[core, reader]), ["`web` is not in the list of edges"]);
}

#[test]
fn what_comes_along_through_others_is_found() {
    let because = "it is pure";
    let banned = |from, to| {
        let ban = Ban { from, to, because };
        edges::banned(&[ban], |package| edges::carried(&astray(), package)).unwrap()
    };
    assert_eq!(banned(&["core"], &["we*"]), ["`core` carries `web`: it is pure"]);
    assert_eq!(banned(&["core"], &["we"]), [""; 0]);
    assert_eq!(banned(&["web"], &["core", "reader"]), [""; 0], "what only tests use is not carried");
    assert!(edges::carried(&astray(), "nobody").is_err());
}

#[test]
fn files_that_no_module_reaches_are_found() {
    let core = astray().join("core");
    let roots = [core.join("src/lib.rs"), core.join("tests/reached.rs")];
    let orphans = modules::orphans(&core, &roots).unwrap();
    let names: Vec<_> =
        orphans.iter().map(|path| path.strip_prefix(&core).unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["src/deep/orphan.rs", "src/orphan.rs"]);
}

#[test]
fn a_module_without_a_file_is_found() {
    let core = astray().join("core");
    let error = modules::orphans(&core, &[core.join("src/nowhere.rs")]).unwrap_err();
    assert!(error.contains("nowhere.rs"), "{error}");
}

#[test]
fn links_that_lead_nowhere_are_found() {
    let page = "# A b\n[x](other.md#some-heading) [x](other.md#none) [x](../gone.md) [x](#a-b) [x](https://a.example)";
    let pages = BTreeMap::from([
        (PathBuf::from("docs/page.md"), Page::parse(page)),
        (PathBuf::from("docs/other.md"), Page::parse("## `Some` heading!")),
    ]);
    assert_eq!(
        docs::broken_links(&pages, |path| pages.contains_key(path)),
        ["docs/page.md: no such heading: `other.md#none`", "docs/page.md: no such file: `../gone.md`"]
    );
}

#[test]
fn links_in_code_are_no_links() {
    assert_eq!(Page::parse("`[x](y)`\n```\n[x](y)\n```\n").links, [""; 0]);
}

#[test]
fn gaps_in_a_translation_are_found() {
    let original = Page::parse("# T\n## A\n```\nmake demo\n```\n## B\n");
    assert_eq!(docs::translation_gaps(&original, &original), [""; 0]);
    let translated = Page::parse("# T\n## A\n```\nmake test\n```\n### B\n");
    assert_eq!(docs::translation_gaps(&original, &translated).len(), 3);
}

#[test]
fn gaps_in_a_table_are_found() {
    let names = BTreeSet::from(["one".to_owned(), "two".to_owned()]);
    let gaps = |text| docs::table_gaps(text, "## T", &names);
    assert_eq!(gaps("| `other` |\n## T\n| `one` | x |\n| `two` | x |\n## U\n| `other` |"), [""; 0]);
    assert_eq!(
        gaps("## T\n| `one` | x |\n| `three` | x |"),
        ["`two` has no line in the table", "`three` has a line in the table, and is not used"]
    );
    assert_eq!(gaps("| `one` |\n| `two` |").len(), 2, "the section is missing");
}

#[test]
fn gaps_in_the_numbers_are_found() {
    assert_eq!(docs::numbering_gaps("**S1** a\n\n**S2** b\n", 2), [""; 0]);
    assert_eq!(docs::numbering_gaps("**S2** a\n\n**S1** b\n", 2).len(), 1);
    assert_eq!(docs::numbering_gaps("**S1** a\n", 2).len(), 1);
}
