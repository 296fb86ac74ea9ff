//! The agent on a cluster of several nodes with the real API server: what passes is what the core says,
//! before, during and after everything that may go wrong.
//!
//! The harness is not the usual one because a user namespace must be entered before any thread starts.
//! Without one, or without Go for the API server, the tests are skipped, loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "enforce/audit.rs"]
mod audit;
#[path = "enforce/bridges.rs"]
mod bridges;
#[path = "enforce/by_node.rs"]
mod by_node;
#[path = "enforce/edges.rs"]
mod edges;
#[path = "enforce/endpoints.rs"]
mod endpoints;
#[path = "enforce/exchange.rs"]
mod exchange;
#[path = "enforce/faults.rs"]
mod faults;
#[path = "enforce/flows.rs"]
mod flows;
#[path = "enforce/hub.rs"]
mod hub;
#[path = "enforce/names.rs"]
mod names;
#[path = "enforce/outage.rs"]
mod outage;
#[path = "enforce/plugin.rs"]
mod plugin;
#[path = "enforce/program.rs"]
mod program;
#[path = "enforce/recommended.rs"]
mod recommended;
#[path = "enforce/refused.rs"]
mod refused;
mod rig;
#[path = "enforce/services.rs"]
mod services;
#[path = "enforce/small.rs"]
mod small;
#[path = "enforce/starved.rs"]
mod starved;
mod support;
#[path = "enforce/tags.rs"]
mod tags;

use libtest_mimic::{Arguments, Trial};
use rig::Rig;
use sekisho_core::object::Cluster;
use sekisho_k8s::{Options, read_paths};
use std::{process::Command, thread, time::Duration};
use support::root;

const TESTS: &[(&str, fn())] = &[
    ("the_example_is_enforced", the_example_is_enforced),
    ("nothing_leaks_while_it_breaks", faults::nothing_leaks_while_it_breaks),
    ("an_address_is_another_pods_at_once", faults::an_address_is_another_pods_at_once),
    ("nothing_leaks_while_the_api_is_away", outage::nothing_leaks_while_the_api_is_away),
    ("nothing_leaks_while_agents_hang", starved::nothing_leaks_while_agents_hang),
    ("nothing_leaks_while_an_agent_has_no_memory", starved::nothing_leaks_while_an_agent_has_no_memory),
    ("nothing_leaks_while_the_kernel_refuses", refused::nothing_leaks_while_the_kernel_refuses),
    ("services_lead_past_no_policy", services::services_lead_past_no_policy),
    ("what_goes_by_the_node_is_policed", by_node::what_goes_by_the_node_is_policed),
    ("pods_on_a_bridge_are_policed", bridges::pods_on_a_bridge_are_policed),
    ("a_bridge_is_never_unseen", bridges::a_bridge_is_never_unseen),
    ("no_tag_leads_past_the_rules", tags::no_tag_leads_past_the_rules),
    ("rules_about_frames_may_be_refused", tags::rules_about_frames_may_be_refused),
    ("a_bridge_that_filters_vlans_is_policed", tags::a_bridge_that_filters_vlans_is_policed),
    ("pods_start_by_the_plugin", plugin::pods_start_by_the_plugin),
    ("an_endpoint_goes_away", endpoints::an_endpoint_goes_away),
    ("what_flows_is_recorded", flows::what_flows_is_recorded),
    ("who_asked_knows_it_by_name", names::who_asked_knows_it_by_name),
    ("a_hub_knows_what_flows", hub::a_hub_knows_what_flows),
    ("what_is_only_tried_passes", audit::what_is_only_tried_passes),
    ("what_is_recommended_is_enough_and_no_more", recommended::what_is_recommended_is_enough_and_no_more),
    ("what_is_recommended_is_tried_first", recommended::what_is_recommended_is_tried_first),
];

fn main() {
    let refused = sekisho_lab::acquire().err();
    let no_go = Command::new("go").arg("version").output().is_err();
    if let Some(error) = &refused {
        eprintln!("SKIPPED: {} tests of the agent: {error}", TESTS.len());
    } else if no_go {
        eprintln!(
            "SKIPPED: {} tests of the agent: go is not installed, so there is no API server",
            TESTS.len()
        );
    }
    let skip = refused.is_some() || no_go;
    let trial = |(name, test): &(&str, fn())| {
        let test = *test;
        Trial::test(*name, move || {
            test();
            Ok(())
        })
        .with_ignored_flag(skip)
    };
    let mut arguments = Arguments::from_args();
    // Each fills the machine.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, TESTS.iter().map(trial).collect()).exit();
}

fn example() -> Cluster {
    let reading = read_paths(&[root().join("examples/exchange/production")], &Options::default()).unwrap();
    assert!(!reading.has_errors());
    reading.cluster
}

/// In network namespace `path`.
fn nft(path: &std::path::Path, script: &str) {
    let net = format!("--net={}", path.display());
    let status = Command::new("nsenter").arg(net).arg("nft").arg(script).status().unwrap();
    assert!(status.success(), "{script}");
}

fn the_example_is_enforced() {
    let mut rig = Rig::beside_proxies(&example(), 3).unwrap();
    let probes = &rig.lab.current_plan().probes;
    assert!(probes.iter().filter(|probe| probe.service.is_some()).count() > 100, "Services are probed");
    let folder = root().join("examples/exchange/production");
    let applied = Command::new(rig.server.kubectl())
        .arg("--kubeconfig")
        .arg(rig.server.config())
        .args(["apply", "--server-side", "-R", "-f"])
        .arg(folder)
        .output()
        .unwrap();
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let names: Vec<String> = rig.lab.current_plan().nodes.iter().map(|node| node.name.to_string()).collect();
    // A table that somebody else has made is not the agent's alone: so it is on kernels that know no owners.
    names.iter().for_each(|node| nft(&rig.namespace(node), "add table inet sekisho"));
    rig.start(&[]);
    rig.agrees("from nothing");

    rig.agents.iter_mut().for_each(rig::agent::Agent::kill);
    rig.agrees("with every agent killed");
    rig.start(&[]);
    rig.agrees("after a restart");

    names.iter().for_each(|node| nft(&rig.namespace(node), "delete table inet sekisho"));
    thread::sleep(Duration::from_secs(1));
    rig.agrees("a second after somebody deleted the table");

    rig.server.order("stop");
    rig.agrees("without an API server");
    rig.server.order("start");
    rig.server.order("compact");
    rig.agrees("with an API server that has forgotten its history");
}
