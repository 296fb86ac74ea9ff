//! The checks, on the crates of this repository.
#![allow(clippy::unwrap_used)]

use sekisho_house::{edges, modules};

#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn crates_depend_on_each_other_as_listed() {
    none(&edges::unexpected(&sekisho_house::metadata().unwrap(), edges::EDGES));
}

#[test]
fn crates_carry_nothing_that_is_banned() {
    let root = sekisho_house::root();
    none(&edges::banned(edges::BANS, |package| edges::carried(&root, package)).unwrap());
}

#[test]
fn every_file_belongs_to_a_module() {
    let mut orphans = Vec::new();
    for package in sekisho_house::metadata().unwrap().workspace_packages() {
        let folder = package.manifest_path.parent().unwrap();
        let roots: Vec<_> = package.targets.iter().map(|target| target.src_path.clone().into()).collect();
        let found = modules::orphans(folder.as_std_path(), &roots).unwrap();
        orphans.extend(found.iter().map(|path| format!("no `mod` reaches {}", path.display())));
    }
    none(&orphans);
}
