//! Trying connections, many at a time.
//!
//! The witness of a verdict is the packet's arrival, not the want of an answer: hosts watch what
//! reaches them. Silence is asked again before it counts, and a packet that arrives late still counts at the end.

mod attempt;
mod observed;
mod round;

pub use observed::Observed;

use crate::{
    LabError,
    kernel::{namespace::Namespace, privilege},
    net::{
        log::{Flow, Log},
        tap::Taps,
    },
    plan::{Host, Probe},
};
use round::Round;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// What is told while probes run.
pub trait Progress {
    /// `done` of `all` probes have their answer.
    fn probed(&mut self, done: usize, all: usize);
}

/// For those who do not watch.
impl Progress for () {
    fn probed(&mut self, _done: usize, _all: usize) {}
}

/// A host as probes use it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Party<'a> {
    pub(crate) namespace: &'a Namespace,
    pub(crate) taps: &'a Taps,
}

/// What a probe is expected to do: what is not as expected is asked again, more patiently.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expectation {
    /// Some place where it may arrive is allowed.
    pub(crate) arrives: bool,
    /// Somebody answers there.
    pub(crate) is_answered: bool,
}

/// How long the answers of a round are waited for. Packets between namespaces take microseconds: what
/// is not there after the first two was not let through, or the machine is very slow, and the later ones are for that.
const PATIENCE: [Duration; 4] =
    [Duration::from_millis(60), Duration::from_millis(240), Duration::from_secs(1), Duration::from_secs(3)];

/// The rounds that every silent probe gets; only the unexpectedly silent get the rest.
const FOR_ALL: usize = 2;

/// The most connections that are open at a time.
const WINDOW: usize = 4096;

/// Asks.
#[derive(Debug)]
pub(crate) struct Prober<'a> {
    pub(crate) parties: BTreeMap<Host, Party<'a>>,
    pub(crate) log: Arc<Log>,
}

impl Prober<'_> {
    /// Tries all of `probes` and tells what happened to each, in their order.
    pub(crate) fn run(
        &self,
        probes: &[(&Probe, Expectation)],
        progress: &mut dyn Progress,
    ) -> Result<Vec<Observed>, LabError> {
        self.drain();
        self.log.clear();
        let mut observed = vec![Observed::Silent; probes.len()];
        let window = WINDOW.min(privilege::file_limit() / 2).max(16);
        let (mut done, all) = (0, probes.len());
        for (probes, observed) in probes.chunks(window).zip(observed.chunks_mut(window)) {
            self.window(probes, observed, &mut |settled| progress.probed(done + settled, all))?;
            done += observed.len();
            progress.probed(done, all);
        }
        self.drain();
        for ((probe, _), observed) in probes.iter().zip(&mut observed) {
            // It arrived after all, after we had given it up.
            if matches!(observed, Observed::Silent) && self.has_arrived(probe) {
                *observed = Observed::Arrived;
            }
        }
        Ok(observed)
    }

    fn window(
        &self,
        probes: &[(&Probe, Expectation)],
        observed: &mut [Observed],
        told: &mut dyn FnMut(usize),
    ) -> Result<(), LabError> {
        for (round, patience) in PATIENCE.into_iter().enumerate() {
            let again = |(at, (_, expectation)): (usize, &(&Probe, Expectation))| {
                let is_open = match observed.get(at)? {
                    Observed::Silent => round < FOR_ALL || expectation.arrives,
                    Observed::Arrived => expectation.is_answered,
                    _ => false,
                };
                is_open.then_some(at)
            };
            let open: Vec<usize> = probes.iter().enumerate().filter_map(again).collect();
            if open.is_empty() {
                break;
            }
            let mut round = Round::start(self, probes, &open)?;
            round.wait(patience)?;
            for (at, outcome) in round.finish() {
                if let Some(observed) = observed.get_mut(at) {
                    *observed = outcome;
                }
            }
            told(observed.iter().filter(|observed| **observed != Observed::Silent).count());
        }
        Ok(())
    }

    /// Reads what the taps hold, so that the log is complete.
    fn drain(&self) {
        let mut seen = self.log.lock();
        for party in self.parties.values() {
            party.taps.drain(&mut seen);
        }
    }

    /// Whether the probe reached its receiver. What goes through a Service may arrive under another
    /// source address, so only an answer tells.
    fn has_arrived(&self, probe: &Probe) -> bool {
        probe.service.is_none() && self.log.lock().has_arrived(&flow(probe))
    }
}

fn flow(probe: &Probe) -> Flow {
    Flow { from: probe.from.address, to: probe.to, traffic: probe.traffic }
}
