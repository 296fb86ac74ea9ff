//! Every file of `ways`: the ways in that its manifests describe, as the lines say that begin with
//! `#>`. To write such lines anew: `SEKISHO_UPDATE_WAYS=1`.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test says what must hold")]

use sekisho_core::{
    eval::decide,
    index::Index,
    reach::Reach,
    ways::{Arrival, Inner, Told, WayIn, ways_in},
};
use sekisho_k8s::{Options, read_text};
use std::{fs, path::Path};

/// What the first lines of a file tell beyond the manifests: `#! balancer CIDR`, `#! controller KEY`.
fn told(text: &str) -> Told {
    let mut told = Told::default();
    for line in text.lines().filter_map(|line| line.strip_prefix("#! ")) {
        match line.split_once(' ').unwrap() {
            ("balancer", cidr) => {
                told.balancers = told.balancers.union(&[cidr.parse().unwrap()].into_iter().collect());
            }
            ("controller", key) => {
                let (namespace, name) = key.split_once('/').unwrap();
                told.controllers.insert(sekisho_core::object::ObjectKey::new(namespace, name));
            }
            other => panic!("{other:?}"),
        }
    }
    told
}

fn arrivals(way: &WayIn) -> Option<&Vec<Arrival>> {
    match &way.inner {
        Inner::Pods(arrivals) => Some(arrivals),
        Inner::Nowhere(..) => None,
    }
}

fn shown(way: &WayIn) -> Vec<String> {
    let broken = if way.is_broken() { "✗" } else { "·" };
    match &way.inner {
        Inner::Nowhere(end, origin) => {
            vec![format!("{broken} {way}"), format!("    nowhere: {end} (line {})", origin.span.line)]
        }
        Inner::Pods(arrivals) => {
            let mut lines = vec![format!("{broken} {way}")];
            lines.push(format!("    from {}", way.source.as_ref().unwrap()));
            for arrival in arrivals {
                let name = if arrivals.len() > 1 { format!("{arrival}: ") } else { String::new() };
                lines.push(format!("    {name}{}", answer(arrival)));
            }
            lines
        }
    }
}

fn answer(arrival: &Arrival) -> String {
    let mut text = format!("{:?}", arrival.answer).to_lowercase();
    for (word, senders) in [("admits", &arrival.admitted), ("refuses", &arrival.refused)] {
        if !senders.is_empty() {
            let senders: Vec<String> = senders.iter().map(ToString::to_string).collect();
            text += &format!("; {word} {}", senders.join(" and "));
        }
    }
    match &arrival.missing {
        Some(missing) => text + &format!("; {missing}"),
        None => text,
    }
}

#[test]
fn ways_are_as_the_files_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ways");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 12, "{}", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let reading = read_text("input", text.as_bytes(), &Options::default());
        assert!(reading.diagnostics.is_empty(), "{}: {:?}", file.display(), reading.diagnostics);
        let index = Index::of(reading.cluster.changes());
        let reach = Reach::of(&index);
        let ways = ways_in(&reading.cluster, &index, &reach, &told(&text));
        for witness in ways.iter().filter_map(arrivals).flatten().filter_map(|a| a.witness.as_ref()) {
            // The evaluator knows nothing of ways, and refuses as well.
            assert!(!decide(&reading.cluster, witness).decision.is_allow(), "{}: {witness}", file.display());
        }
        let found: String = ways.iter().flat_map(shown).map(|line| format!("#> {line}\n")).collect();
        let said: String =
            text.lines().filter(|line| line.starts_with("#>")).map(|l| format!("{l}\n")).collect();
        if std::env::var_os("SEKISHO_UPDATE_WAYS").is_some() && found != said {
            let rest: String =
                text.lines().filter(|line| !line.starts_with("#>")).map(|line| format!("{line}\n")).collect();
            let at = rest.find("apiVersion").unwrap();
            fs::write(&file, format!("{}{found}{}", &rest[..at], &rest[at..])).unwrap();
            // The lines move what stands below them: once more for the line numbers.
            continue;
        }
        assert_eq!(found, said, "{}", file.display());
    }
}
