//! Random clusters and policies: the kernel against the plain evaluator.

use super::fixture::{agree, lab};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use sekisho_core::{
    packet::Traffic,
    set::Protocol,
    testing::{EXTERNAL, cases, cluster},
};
use sekisho_lab::{Lab, Options};
use std::{
    sync::atomic::{AtomicU32, AtomicUsize, Ordering},
    thread,
    time::Instant,
};

pub(crate) const TESTS: &[(&str, fn())] =
    &[("random::the_kernel_agrees_with_the_core", the_kernel_agrees_with_the_core)];

/// How many labs work at a time: most of a lab's time is waiting for what does not come.
const LABS: usize = 4;

fn options() -> Options {
    let port = |protocol, port| Traffic::Port(protocol, port);
    Options {
        nodes: 2,
        max_probes: 2500,
        outside: EXTERNAL.iter().map(|text| text.parse().unwrap()).collect(),
        traffic: [
            port(Protocol::Tcp, 8080),
            port(Protocol::Tcp, 81),
            port(Protocol::Udp, 53),
            port(Protocol::Sctp, 80),
        ]
        .into(),
    }
}

fn the_kernel_agrees_with_the_core() {
    let (started, sets) = (Instant::now(), cases(300));
    let (next, probes) = (AtomicU32::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        let worker = || {
            let mut built: Option<Lab> = None;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= sets {
                    return;
                }
                probes.fetch_add(one_set(&mut built, number), Ordering::Relaxed);
            }
        };
        let workers: Vec<_> = (0..LABS).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            if let Err(panic) = worker.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    println!("{sets} random policy sets, {} probes, in {:?}", probes.into_inner(), started.elapsed());
}

/// Makes the lab that of random cluster `number` and probes it; returns the number of probes.
fn one_set(built: &mut Option<Lab>, number: u32) -> usize {
    let mut seed = [7; 32];
    seed[..4].copy_from_slice(&number.to_be_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let cluster = cluster(3..10, 1..7).new_tree(&mut runner).unwrap().current();
    if Lab::plan(&cluster, &options()).is_err() {
        return 0; // All its pods have finished.
    }
    match built {
        Some(lab) => lab.apply(&cluster).unwrap(),
        None => *built = Some(lab(&cluster, options())),
    }
    let lab = built.as_ref().unwrap();
    let failing = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| agree(lab)));
    match failing {
        Ok(report) => report.outcomes.len(),
        Err(panic) => {
            eprintln!(
                "random cluster {number}:\n{:#?}\n{}",
                lab.current_plan().cluster.policies,
                lab.ruleset()
            );
            std::panic::resume_unwind(panic)
        }
    }
}
