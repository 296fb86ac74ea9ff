//! The corpus by the compiled ruleset: each node's rules, interpreted, say what the case says.
#![allow(clippy::unwrap_used)]

use sekisho_core::{
    index::Index,
    object::{Cluster, Node},
};
use sekisho_k8s::{Options, expectation::read_expectations, read_paths};
use sekisho_nft::{
    Program,
    interpret::{self, Header, NodeRules},
};
use std::{fs, path::Path, sync::Arc};

/// Where pods run that a case places nowhere.
const SOMEWHERE: &str = "somewhere";

/// The case's cluster, with every pod on a node: a ruleset is a node's.
fn placed(folder: &Path) -> Cluster {
    let mut cluster = read_paths(&[folder.join("input")], &Options::default()).unwrap().cluster;
    for pod in cluster.pods.values_mut() {
        Arc::make_mut(pod).node.get_or_insert(SOMEWHERE.into());
    }
    cluster.nodes.entry(SOMEWHERE.into()).or_insert(Node { name: SOMEWHERE.into(), ..Node::default() });
    cluster
}

fn rules(cluster: &Cluster) -> Vec<NodeRules> {
    let index = Index::of(cluster.changes());
    let node = |node: &Node| NodeRules {
        addresses: node.addresses.clone(),
        pods: index.endpoints(&node.name).map(|(address, _)| address).collect(),
        ruleset: Program::new(&index, &node.name).ruleset().clone(),
    };
    cluster.nodes.values().map(node).collect()
}

#[test]
fn the_compiled_ruleset_says_what_the_corpus_says() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus");
    let mut asked = 0;
    for entry in fs::read_dir(corpus).unwrap() {
        let folder = entry.unwrap().path();
        let cluster = placed(&folder);
        let nodes = rules(&cluster);
        let text = fs::read(folder.join("expect.yaml")).unwrap();
        for expectation in read_expectations("expect.yaml", &text).expectations {
            for packet in expectation.packets(&cluster) {
                let (Some(from), Some(to)) = (packet.from.address(), packet.to.address()) else { continue };
                let decision = interpret::decide(&nodes, &Header::opening(from, to, packet.traffic));
                assert_eq!(decision, expectation.decision, "{}: {}", folder.display(), expectation.text);
                asked += 1;
            }
        }
    }
    assert!(asked > 190, "only {asked} packets of the corpus have addresses");
}
