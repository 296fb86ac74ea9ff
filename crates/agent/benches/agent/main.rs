//! What the agent costs and how fast it is, on the real API server: run by `make bench`.
//!
//! A change is timed from when it is sent to the API server until real packets obey it: a datagram every
//! 100 microseconds, each seen or not seen where it should arrive. A plain write to the API server stands beside it, for what
//! that takes is in every figure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark"
)]

mod entries;
mod flood;
mod load;
mod plugin;
mod probe;
#[path = "../../tests/rig/mod.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod rig;
#[path = "../../tests/enforce/small.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod small;
#[path = "../../tests/support/mod.rs"]
mod support;

use probe::Probe;
use rig::{Rig, agent::Agent};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// Clusters: pods and policies in the API. Pods of other nodes need no namespaces.
const SIZES: [(usize, usize); 3] = [(1_000, 1_000), (10_000, 1_000), (30_000, 10_000)];
/// How often each change is made.
const ROUNDS: usize = 100;
/// How long an agent is watched that has nothing to do.
const IDLE: Duration = Duration::from_secs(5);

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    if let Err(error) = sekisho_lab::acquire() {
        println!("SKIPPED: the agent is not measured: {error}");
        return;
    }
    let most: usize =
        std::env::var("SEKISHO_PODS").ok().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    for (pods, policies) in SIZES.into_iter().filter(|(pods, _)| *pods <= most) {
        let Some(mut rig) = Rig::build(&small::cluster(), 2) else { return };
        println!("{pods} pods, {policies} policies");
        let begun = Instant::now();
        rig.server.apply_text(&load::pods(pods));
        rig.server.apply_text(&load::policies(policies));
        println!("  written to the API server in {:.1} s", begun.elapsed().as_secs_f64());
        if std::env::var_os("SEKISHO_FLOWS_ALONE").is_none() {
            measure(&mut rig);
        }
        flood::measure(&mut rig);
        flood::measure_entries(&mut rig);
    }
}

fn measure(rig: &mut Rig) {
    let at = rig.agents.iter().position(|agent| agent.node() == "node-2").unwrap();
    let agent = &mut rig.agents[at];
    let begun = Instant::now();
    agent.start(&[]);
    agent.ready();
    println!("  first sync                  {:.2} s", begun.elapsed().as_secs_f64());
    thread::sleep(Duration::from_secs(2));
    let busy = cpu(agent);
    thread::sleep(IDLE);
    println!("  CPU when idle               {:.2} %", 100.0 * (cpu(agent) - busy) / IDLE.as_secs_f64());
    println!(
        "  memory                      {} MiB, at most {} MiB",
        memory(agent, "VmRSS"),
        memory(agent, "VmHWM")
    );
    let mut plugged = plugin::measure(rig, ROUNDS);
    row("CNI VERSION: a process", &mut plugged.alone);
    row("CNI ADD", &mut plugged.add);
    row("CNI ADD, pod just made", &mut plugged.add_unheard);
    row("CNI DEL", &mut plugged.delete);
    let mut probe = Probe::new(rig);
    let mut plain = Vec::new();
    let (mut denied, mut leaked, mut allowed, mut reachable) = (Vec::new(), 0, Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(probe.plain(rig));
        let (took, late) = probe.deny(rig);
        denied.push(took);
        leaked += late;
        allowed.push(probe.allow(rig));
    }
    for _ in 0..ROUNDS {
        reachable.push(probe.pod(rig));
    }
    row("a write alone", &mut plain);
    row("policy made -> denied", &mut denied);
    row("policy gone -> allowed", &mut allowed);
    row("pod made -> reachable", &mut reachable);
    println!("  packets that passed later than 50 ms after the write was answered: {leaked}");
    println!(
        "  memory                      {} MiB, at most {} MiB",
        memory(&rig.agents[at], "VmRSS"),
        memory(&rig.agents[at], "VmHWM")
    );
}

fn row(what: &str, times: &mut [Duration]) {
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1000.0;
    println!("  {what:<26}  p50 {:7.2} ms   p90 {:7.2} ms   p99 {:7.2} ms", at(50), at(90), at(99));
}

/// The memory of a process, in MiB: a line of `/proc/PID/status`.
fn memory(agent: &Agent, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", agent.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// The CPU time of a process, in seconds: user and system time, in hundredths (`USER_HZ`).
fn cpu(agent: &Agent) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", agent.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}
