//! Snapshots: what leads in, and whom workloads are open to, is the same of a cluster that is kept and of
//! one that is hidden.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use sekisho_core::diagnostic::Severity;
use sekisho_core::{
    exposure::exposures,
    index::Index,
    object::Cluster,
    reach::Reach,
    ways::{Inner, Told, ways_in},
};
use sekisho_k8s::{
    Options, Reading, read_paths, read_texts,
    snapshot::{Redactor, Snapshot},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn entries(folder: &str) -> Vec<PathBuf> {
    let mut entries: Vec<_> =
        fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn kept(reading: &Reading, redactor: Option<Redactor>) -> Cluster {
    let mut snapshot = Snapshot::new(redactor);
    snapshot.add_texts(&reading.sources, "default");
    let reading = read_texts(snapshot.files(), &Options::default());
    assert!(reading.diagnostics.iter().all(|found| found.severity != Severity::Error));
    reading.cluster
}

/// What is said of a cluster, without names: sorted, for their order goes with them.
fn said(cluster: &Cluster) -> Vec<String> {
    let index = Index::of(cluster.changes());
    let reach = Reach::of(&index);
    let mut said = Vec::new();
    for way in ways_in(cluster, &index, &reach, &Told::default()) {
        let hops: Vec<&str> = way.hops.iter().map(|hop| &*hop.kind).collect();
        let source = way.source.as_ref().map(std::mem::discriminant);
        let clients = std::mem::discriminant(&way.clients);
        let ends = match &way.inner {
            Inner::Nowhere(end, _) => format!("nowhere {:?}", std::mem::discriminant(end)),
            Inner::Pods(arrivals) => {
                let mut ends: Vec<String> = arrivals
                    .iter()
                    .map(|end| {
                        let counts = (end.admitted.len(), end.refused.len());
                        let missing = end.missing.as_ref().map(std::mem::discriminant);
                        format!("{}/{} {:?} {counts:?} {missing:?}", end.protocol, end.port, end.answer)
                    })
                    .collect();
                ends.sort();
                ends.join(", ")
            }
        };
        said.push(format!("{clients:?} {hops:?} {source:?} {ends}"));
    }
    for exposure in exposures(cluster, &index, &reach) {
        let opening = std::mem::discriminant(&exposure.opening);
        let (workloads, rules, but) = (exposure.workloads.len(), exposure.rules.len(), exposure.but.len());
        let numbers = exposure.ports.numbers.terms();
        said.push(format!("{} {opening:?} {numbers:?} {workloads} {rules} {but}", exposure.direction));
    }
    said.sort();
    said
}

#[test]
fn what_is_open_is_the_same_kept_and_hidden() {
    let (mut cases, mut ways) = (0, 0);
    let folders =
        ["examples", "examples/exchange", "examples/mistakes", "crates/k8s/tests/ways", "tests/corpus"];
    for path in folders.into_iter().flat_map(entries) {
        let path = if path.join("input").is_dir() { path.join("input") } else { path };
        let reading = read_paths(std::slice::from_ref(&path), &Options::default()).unwrap();
        if reading.has_errors() || reading.cluster.pods.is_empty() {
            continue;
        }
        let before = said(&reading.cluster);
        assert_eq!(before, said(&kept(&reading, None)), "{}", path.display());
        assert_eq!(before, said(&kept(&reading, Some(Redactor::new(b"a secret")))), "{}", path.display());
        cases += 1;
        ways += before.iter().filter(|line| line.contains('/')).count();
    }
    assert!(cases > 30 && ways > 30, "{cases} {ways}");
}
