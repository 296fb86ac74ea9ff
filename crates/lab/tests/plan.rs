//! What a lab would be, without a kernel.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use sekisho_core::{
    object::{Cluster, Node, ObjectKey, Pod},
    packet::Traffic,
};
use sekisho_lab::{Host, LabError, Options, Plan};
use std::collections::BTreeSet;

fn pod(name: &str, node: Option<&str>, addresses: &[&str]) -> Pod {
    let mut pod = Pod::new(ObjectKey::new("shop", name));
    pod.node = node.map(Into::into);
    pod.addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
    pod
}

fn plan(pods: impl IntoIterator<Item = Pod>) -> Plan {
    let pods = pods.into_iter().map(|pod| (pod.uid.clone(), pod.into())).collect();
    Plan::new(&Cluster { pods, ..Cluster::default() }, &Options::default()).unwrap()
}

#[test]
fn pods_without_a_place_are_spread_and_given_addresses_of_both_families() {
    let plan = plan([pod("a", None, &[]), pod("b", None, &[]), pod("c", None, &[]), pod("d", None, &[])]);
    assert_eq!(plan.nodes.len(), 2);
    let per_node = |at| plan.sites.iter().filter(|site| site.node == at).count();
    assert_eq!((per_node(0), per_node(1)), (2, 2));
    let addresses: BTreeSet<_> = plan.sites.iter().flat_map(|site| &site.addresses).collect();
    assert_eq!(addresses.len(), 8, "each has two of its own");
    assert_eq!(
        plan.sites[0].addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["10.244.1.2", "fd00:10:244:1::2"]
    );
}

#[test]
fn what_manifests_say_is_kept() {
    let mut told = pod("told", Some("worker-7"), &["192.168.3.4"]);
    told.host_addresses = ["10.0.0.7".parse().unwrap()].into();
    let plan = plan([told, pod("free", None, &[])]);
    let site = plan.sites.iter().find(|site| &*site.name == "shop/told").unwrap();
    assert_eq!(&*plan.nodes[site.node].name, "worker-7");
    assert_eq!(plan.nodes[site.node].addresses, ["10.0.0.7".parse().unwrap()].into());
    assert_eq!(site.addresses, ["192.168.3.4".parse().unwrap()].into());
}

#[test]
fn pods_of_one_node_that_share_an_address_share_a_namespace() {
    // S26; the third shares nothing with the first, and is yet in one place with it.
    let shared = [
        pod("a", Some("n"), &["10.0.0.1"]),
        pod("b", Some("n"), &["10.0.0.1", "fd00::1"]),
        pod("c", Some("n"), &["fd00::1"]),
    ];
    let plan = plan(shared.into_iter().chain([pod("d", Some("n"), &["10.0.0.2"])]));
    let names: Vec<&str> = plan.sites.iter().map(|site| &*site.name).collect();
    assert_eq!(names, ["shop/a + shop/b + shop/c", "shop/d"]);
}

#[test]
fn an_address_on_two_nodes_is_not_probed_and_that_is_said() {
    let plan = plan([
        pod("a", Some("one"), &["10.0.0.1", "10.0.0.3"]),
        pod("b", Some("two"), &["10.0.0.1"]),
        pod("c", Some("two"), &["10.0.0.4"]),
    ]);
    let twice: std::net::IpAddr = "10.0.0.1".parse().unwrap();
    assert!(plan.probes.iter().all(|probe| probe.from.address != twice && probe.to != twice));
    assert!(plan.notes.iter().any(|note| note.contains("10.0.0.1 is not probed")), "{:?}", plan.notes);
}

#[test]
fn finished_pods_are_absent_and_host_network_pods_are_their_node() {
    let mut finished = pod("finished", None, &["10.0.0.9"]);
    finished.finished = true;
    let mut host = pod("host", Some("n"), &[]);
    host.host_network = true;
    let plan = plan([finished, host, pod("web", Some("n"), &["10.0.0.1"])]);
    assert_eq!(plan.sites.len(), 1);
    assert!(plan.notes.iter().any(|note| note.contains("1 pod finished")), "{:?}", plan.notes);
    assert!(matches!(plan.find("shop/host"), Some(Host::Node(_))));
    assert_eq!(plan.find("shop/finished"), None);
}

#[test]
fn nothing_to_build_is_an_error() {
    let empty = Plan::new(&Cluster::default(), &Options::default());
    assert!(matches!(empty, Err(LabError::Empty)), "{empty:?}");
}

#[test]
fn every_end_meets_every_other_once_for_each_kind_of_traffic() {
    let mut cluster = Cluster::default();
    cluster.nodes.insert("n".into(), Node { name: "n".into(), ..Node::default() });
    for name in ["a", "b"] {
        let pod = pod(name, Some("n"), &[]);
        cluster.pods.insert(pod.uid.clone(), pod.into());
    }
    let plan = Plan::new(&cluster, &Options { nodes: 1, ..Options::default() }).unwrap();
    let mut seen = BTreeSet::new();
    for probe in &plan.probes {
        assert!(seen.insert((probe.from, probe.to, probe.traffic)), "{probe:?} twice");
    }
    // Two families of: pods to pods, to the node and outside, and back; a closed port and an echo each,
    // and outside the port that answers.
    let pings = plan.probes.iter().filter(|probe| matches!(probe.traffic, Traffic::Other(1))).count();
    assert_eq!(pings, 4 + 2 * 2 + 2 * 2);
}
