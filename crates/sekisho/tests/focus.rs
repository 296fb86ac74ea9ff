//! What rules find in some namespaces is what they find there when they look at everything.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use sekisho_catalog::Catalog;
use sekisho_core::{index::Index, standard::Standard};
use sekisho_k8s::{Options, read_paths};
use sekisho_lint::{Extent, Finding, World, config::Config, found, rego::Rules};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The standard once more, as rules of a team.
fn own() -> Rules {
    let folder = root().join("examples/standard-rego");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_rule = |path: &PathBuf| path.extension().is_some_and(|one| one == "rego" || one == "json");
    let text = |path: PathBuf| (path.display().to_string().into(), fs::read_to_string(path).unwrap().into());
    Rules::load(&paths.filter(is_rule).map(text).collect()).unwrap().0
}

/// Compares for every namespace; how much was found.
fn compare(paths: &[PathBuf], standard: &Standard, own: Option<&Rules>) -> usize {
    let reading = read_paths(paths, &Options::default()).unwrap();
    let cluster = &reading.cluster;
    let index = Index::of(cluster.changes());
    let world = || World::new(cluster, &index, standard, Extent::Part, reading.has_errors());
    let sorted = |mut findings: Vec<Finding>| {
        findings.sort_by(Finding::by_place);
        findings
    };
    let found = |world: &World<'_>| {
        let mut all = found(world, || true).unwrap();
        all.extend(own.into_iter().flat_map(|own| own.check(world).findings));
        sorted(all)
    };
    let whole = found(&world());
    let named = cluster.namespaces.keys().cloned();
    let of_policies = cluster.policies.keys().map(|key| Arc::clone(&key.namespace));
    let of_pods = cluster.pods.values().map(|pod| Arc::clone(&pod.key.namespace));
    let namespaces: BTreeSet<Arc<str>> = named.chain(of_policies).chain(of_pods).collect();
    for name in &namespaces {
        let some = found(&world().only([Arc::clone(name)].into()));
        let is_of_it = |one: &&Finding| one.subject.namespace().is_none_or(|of| of == name);
        let expected: Vec<&Finding> = whole.iter().filter(is_of_it).collect();
        assert_eq!(some.iter().collect::<Vec<_>>(), expected, "{paths:?} {name}");
    }
    let nowhere = found(&world().only(BTreeSet::new()));
    assert!(nowhere.iter().all(|one| one.subject.namespace().is_none()));
    assert!(sekisho_lint::found(&world(), || false).is_none(), "nobody waits for it");
    whole.len()
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

#[test]
fn of_the_manifests_of_each_rule() {
    let standard = Catalog::builtin().standard(None);
    let rules = folders(&root().join("tests/rules"));
    let cases = rules.iter().flat_map(|rule| folders(rule));
    let found: usize = cases.map(|case| compare(&[case], &standard, None)).sum();
    assert!(found > 100, "{found}");
}

#[test]
fn of_the_mistakes_and_the_example() {
    let own = own();
    let standard = Catalog::builtin().standard(None);
    let mistakes = folders(&root().join("examples/mistakes"));
    assert!(
        mistakes.iter().map(|one| compare(std::slice::from_ref(one), &standard, Some(&own))).sum::<usize>()
            > 10
    );
    // With a standard that has components, edges and exceptions.
    let file = root().join("examples/exchange/sekisho.yaml");
    let read = sekisho_catalog::read::<Config>("sekisho.yaml", &fs::read(file).unwrap());
    let (catalog, _) = Catalog::of("sekisho.yaml", &read.document.unwrap());
    for environment in catalog.environments.iter().filter(|one| !one.paths.is_empty()) {
        let standard = catalog.standard(Some(&environment.name));
        let paths = environment.paths.iter().map(|path| root().join("examples/exchange").join(path));
        compare(&paths.collect::<Vec<_>>(), &standard, Some(&own));
        // And on what does not follow it.
        assert!(
            mistakes.iter().map(|one| compare(std::slice::from_ref(one), &standard, None)).sum::<usize>()
                > 10
        );
    }
}
