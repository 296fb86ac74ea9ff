//! An agent gets too little of the machine: no time, or no memory.

use super::outage::traffic;
use crate::{
    faults::{others, policies},
    rig::{Rig, agent::Agent},
    small,
    support::until,
};
use std::{
    ops::Range,
    thread,
    time::{Duration, Instant},
};

/// Bytes of data: of the first an agent dies before it has begun, of the last when it has heard of most of a thousand pods.
const TOO_LITTLE: Range<u64> = 10 << 20..34 << 20;
/// How often agents are started with too little.
const TIMES: u64 = 12;

/// Agents hang while the cluster changes, and when they are let go they hear of 1,000 pods and 500 policies at once.
pub(crate) fn nothing_leaks_while_agents_hang() {
    let mut rig = Rig::build(&small::cluster(), 2).unwrap();
    rig.server.apply_text(small::policy());
    rig.start(&[]);
    rig.agents.iter().for_each(Agent::settled);
    let traffic = traffic(&rig);
    let (pods, policies) = (others(1000), policies(500));
    for round in 0..4 {
        rig.agents.iter().for_each(Agent::hang);
        if round % 2 == 0 {
            rig.server.apply_text(&pods);
            rig.server.apply_text(&policies);
        } else {
            rig.server.delete_text(&policies);
            rig.server.delete_text(&pods);
        }
        thread::sleep(Duration::from_secs(1));
        rig.agents.iter().for_each(Agent::go_on);
        let (begun, known) = (Instant::now(), if round % 2 == 0 { 1003 } else { 3 });
        until("they catch up", || rig.agents.iter().all(|agent| agent.pods() == known));
        println!("1,500 changes were caught up with in {:.2} s", begun.elapsed().as_secs_f64());
    }
    traffic.stop().hold(&format!("agents that hang\n{}", rig.logs()));
    rig.agrees("after agents hung");
}

/// An agent that has too little memory dies of it, again and again as it is started anew, and leaves the rules as they are.
pub(crate) fn nothing_leaks_while_an_agent_has_no_memory() {
    let mut rig = Rig::build(&small::cluster(), 2).unwrap();
    rig.server.apply_text(small::policy());
    rig.start(&[]);
    rig.agents.iter().for_each(Agent::settled);
    let traffic = traffic(&rig);
    rig.server.apply_text(&others(1000));
    rig.agents.iter_mut().for_each(Agent::kill);
    let mut deaths = 0;
    for time in 0..TIMES {
        let bytes = TOO_LITTLE.start + (TOO_LITTLE.end - TOO_LITTLE.start) / TIMES * time;
        for agent in &mut rig.agents {
            agent.start_within(bytes);
        }
        thread::sleep(Duration::from_millis(700));
        deaths += rig.agents.iter_mut().filter_map(Agent::died).count();
        rig.agents.iter_mut().for_each(Agent::kill);
    }
    println!("{deaths} of {} agents died of too little memory", 2 * TIMES);
    assert!(deaths > 10, "{deaths} died of it\n{}", rig.logs());
    traffic.so_far().hold(&format!("agents without memory\n{}", rig.logs()));
    rig.start(&[]);
    until("they know all", || rig.agents.iter().all(|agent| agent.pods() == 1003));
    traffic.stop().hold(&format!("agents with memory again\n{}", rig.logs()));
    rig.agrees("with memory again");
}
