//! The API server is away for a minute, while pods go, and agents with them.

use crate::{
    rig::{Rig, agent::Agent, traffic::Traffic},
    small,
    support::until,
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// How long the API server is away.
const AWAY: Duration = Duration::from_secs(60);

/// A pod that runs elsewhere and is such as `api` lets in.
fn web(address: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web-elsewhere, namespace: shop, labels: {{app: web}}}}\n\
         spec: {{nodeName: node-9, containers: [{{name: main, image: none}}]}}\n\
         status: {{phase: Running, podIP: {address}, podIPs: [{{ip: {address}}}]}}\n"
    )
}

/// What was true stays true, also for an agent that starts meanwhile, and is mended soon after: watches that back off
/// must not sleep through the end of it.
pub(crate) fn nothing_leaks_while_the_api_is_away() {
    let mut rig = Rig::build(&small::cluster(), 2).unwrap();
    rig.server.apply_text(small::policy());
    rig.start(&[]);
    rig.agents.iter().for_each(Agent::settled);
    let traffic = traffic(&rig);
    rig.server.order("stop");
    let begun = Instant::now();
    thread::sleep(AWAY / 4);
    // One agent goes on with what it knows, the other knows nothing and must leave the kernel as it is.
    rig.agents[1].kill();
    rig.agents[1].start(&[]);
    thread::sleep(AWAY / 4);
    assert!(rig.agents[0].ask(&["status"]).status.success(), "what it programmed is true still");
    assert!(!rig.agents[1].ask(&["status"]).status.success(), "nobody told it what is true");
    traffic.so_far().hold(&format!("without an API server\n{}", rig.logs()));
    rig.agrees("without an API server, and with an agent that knows nothing");
    thread::sleep(AWAY.saturating_sub(begun.elapsed()));
    rig.server.order("start");
    let back = Instant::now();
    rig.server.apply_text(&web("10.99.0.2"));
    until("all agents know of it", || rig.agents.iter().all(|agent| agent.pods() == 4));
    println!(
        "away for {:.0} s; true {:.1} s after it came back",
        AWAY.as_secs_f64(),
        back.elapsed().as_secs_f64()
    );
    traffic.stop().hold(&format!("with the API server again\n{}", rig.logs()));
    rig.ready();
    rig.agrees("with the API server again");
}

/// What flows in each of these tests.
pub(crate) fn traffic(rig: &Rig) -> Traffic {
    let mut traffic = Traffic::new();
    for address in small::addresses(rig, "api") {
        let api = ("shop/api", address);
        traffic.allow(&rig.lab, "shop/web", api, 7000);
        traffic.forbid(&rig.lab, "shop/web", api, 7001);
        traffic.forbid(&rig.lab, "jobs/cron", api, 7002);
    }
    traffic
}
