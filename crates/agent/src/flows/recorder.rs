//! Names and counts what is heard.

use super::{
    Heard, Told,
    kept::Kept,
    local::Local,
    names::AskedNames,
    observed::Observed,
    unlogged::{Missed, Unlogged},
};
use crate::{metrics::Metrics, state::Written};
use jiff::{SignedDuration, Timestamp};
use sekisho_flow::{
    attribution::{Attribution, Book, Explainer, Nobody, Stands},
    observation::Observation,
    record::Window,
    text::Missing,
    window::{Closed, Limits, Windows},
};
use sekisho_nft::{conntrack, log, names};
use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

/// A window, in milliseconds: what happens is told within a second, though the kernel gathers what it logs for a tenth of
/// one.
const WINDOW: NonZeroU32 = NonZeroU32::new(500).unwrap();
/// How many flows a window may have that are told apart; of those that are more, coarser things are told.
const LIMITS: Limits = Limits { keys: 1 << 12, bytes: 4 << 20 };
/// How long pods are known that went: what the kernel tells comes within a second.
const REMEMBERED: Duration = Duration::from_secs(300);
/// How long it may take in a window to say which rules almost allowed what was denied: a tenth of it. What is denied
/// beyond that is told without.
const EXPLAINING: Duration = Duration::from_millis(50);

/// Records what is `heard`, and how pods and nodes change, until nobody is left who hears anything.
pub(super) fn record(
    node: &Arc<str>,
    heard: &Receiver<Heard>,
    cluster: &Receiver<Told>,
    kept: &Kept,
    metrics: &Metrics,
) {
    let mut recorder = Recorder::new(node);
    loop {
        // Also where nothing flows: what changed is taken in time.
        let told = heard.recv_timeout(recorder.patience(Timestamp::now()));
        cluster.try_iter().for_each(|told| recorder.follow(&told));
        match told {
            Ok(heard) => recorder.hear(heard, metrics),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let Missed { packets, unheard } = recorder.look_for_unlogged(Instant::now());
        metrics.flows_lost(if unheard { "denied" } else { "unlogged" }, packets);
        let now = Timestamp::now();
        if let Some(closed) = recorder.close(now).or_else(|| recorder.silence(now)) {
            metrics.flows_lost("room", closed.lost);
            let missing = recorder.unheard.take(closed.window);
            kept.add(closed, missing);
        }
        recorder.forget();
    }
}

/// Why connections, or packets that were denied, are in no record: the kernel had no room, or nobody could listen.
pub(crate) const NOT_HEARD: &str = "not heard of the kernel";
/// Why packets that were denied are in no record.
pub(crate) const NOT_LOGGED: &str = "denied more often than a rule logs";

/// For how long counters counted of which something is missing: they are read every ten seconds, and looked at a second later.
const BETWEEN_COUNTS: SignedDuration = SignedDuration::from_secs(11);

/// What the kernel had no room to tell, since the last window that was closed.
#[derive(Debug, Default)]
struct Unheard {
    /// How many packets that were denied.
    denied: u64,
    /// Connections that were opened.
    opened: conntrack::Lost,
    /// Packets that were denied and not logged, for so many were.
    unlogged: u64,
    /// Packets that were denied while nobody heard what was logged.
    ignored: u64,
}

impl Unheard {
    /// What of it is told with a window.
    fn take(&mut self, window: Window) -> Vec<Missing> {
        let Self { denied, opened, unlogged, ignored } = std::mem::take(self);
        let counters = window.to().checked_sub(BETWEEN_COUNTS).ok();
        let counters = counters.and_then(|from| Window::new(from, window.to()).ok()).unwrap_or(window);
        let counted = [
            (window, NOT_HEARD, denied.saturating_add(opened.counted)),
            (counters, NOT_HEARD, ignored),
            (counters, NOT_LOGGED, unlogged),
        ];
        let counted = counted.into_iter().filter(|(.., connections)| *connections > 0);
        let counted = counted.map(|(window, why, connections)| Missing {
            window,
            why: why.into(),
            connections: Some(connections),
        });
        counted
            .chain(opened.uncounted.then(|| Missing { window, why: NOT_HEARD.into(), connections: None }))
            .collect()
    }
}

#[derive(Debug)]
struct Recorder {
    node: Arc<str>,
    local: Local,
    names: Attribution<Nobody>,
    asked: AskedNames,
    explainer: Explainer,
    /// How long it took in the open window to explain.
    explaining: Duration,
    windows: Windows,
    unheard: Unheard,
    unlogged: Unlogged,
    /// When it began, by the system's clock and by one that does not jump.
    begun: (Timestamp, Instant),
    forgotten: Instant,
}

impl Recorder {
    fn new(node: &Arc<str>) -> Self {
        let now = Instant::now();
        Self {
            node: Arc::clone(node),
            local: Local::default(),
            names: Attribution::new(Book::default(), Nobody),
            asked: AskedNames::default(),
            explainer: Explainer::default(),
            explaining: Duration::ZERO,
            windows: Windows::of_millis(WINDOW, LIMITS),
            unheard: Unheard::default(),
            unlogged: Unlogged::default(),
            begun: (Timestamp::now(), now),
            forgotten: now,
        }
    }

    /// The time by which it is known who bore an address: that of the system may jump, and must not take names away.
    fn steady(&self) -> Timestamp {
        let (at, since) = self.begun;
        let elapsed = SignedDuration::try_from(since.elapsed()).unwrap_or(SignedDuration::MAX);
        at.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    /// How long may be waited at `now`: until the open window is over, so that it is told then.
    fn patience(&self, now: Timestamp) -> Duration {
        let most = Duration::from_millis(WINDOW.get().into());
        let rest = self.windows.open().map(|window| window.to().duration_since(now));
        let rest = rest.and_then(|rest| Duration::try_from(rest).ok());
        // A clock that went back has no say in it.
        rest.map_or(most, |rest| rest.clamp(Duration::from_millis(1), most))
    }

    fn follow(&mut self, told: &Told) {
        let now = self.steady();
        match told {
            Told::Named(changes) => {
                for change in changes {
                    let changed = self.local.apply(&self.node, change);
                    changed.into_iter().for_each(|address| self.asked.forget(address));
                    self.names.book_mut().apply(now, change);
                    self.explainer.apply(change, Stands::Enforced);
                }
            }
            Told::Denied(more) => self.unlogged.count(*more, Instant::now()),
            Told::Written(written) => {
                for Written { change, is_staged } in written {
                    self.explainer.apply(change, if *is_staged { Stands::Tried } else { Stands::Enforced });
                }
            }
        }
    }

    fn hear(&mut self, heard: Heard, metrics: &Metrics) {
        let observed = Observed { node: &self.node, local: &self.local, now: Timestamp::now() };
        let now = Instant::now();
        let observations = match heard {
            Heard::Named(names::Heard { answers, lost }) => {
                metrics.flows_lost("names", lost);
                // What comes when the pod is gone would be kept for nobody, and nobody would let go of it.
                let here = answers.iter().filter(|answer| self.local.has(answer.to));
                here.for_each(|answer| self.asked.learn(answer, now));
                return;
            }
            Heard::Nothing => {
                self.unlogged.listens(false);
                return;
            }
            Heard::Logged(log::Heard { logged, lost }) => {
                metrics.flows_lost("denied", lost);
                self.unheard.denied = self.unheard.denied.saturating_add(lost);
                self.unlogged.listens(true);
                self.unlogged.hear(lost);
                logged.iter().filter_map(|logged| observed.denied(logged)).collect::<Vec<_>>()
            }
            Heard::Opened(conntrack::Heard { opened, lost }) => {
                metrics.flows_lost("opened", lost.counted.saturating_add(lost.uncounted.into()));
                self.unheard.opened.add(lost);
                observed.opened(&opened)
            }
        };
        for mut observation in observations {
            if let (Some(from), Some(to)) = (observation.from.address, observation.to.address) {
                observation.to.names = self.asked.of(from, to, now);
            }
            metrics.recorded(observation.outcome, observation.count);
            if observation.outcome.is_forbidden() {
                self.unlogged.hear(observation.count);
            }
            self.count(observation);
        }
    }

    fn count(&mut self, mut observation: Observation) {
        let seen = std::mem::replace(&mut observation.at, self.steady());
        let mut sighting = self.names.name(&observation);
        (sighting.seen.first, sighting.seen.last) = (seen, seen);
        if observation.outcome.is_forbidden() && self.explaining < EXPLAINING {
            let begun = Instant::now();
            sighting.seen.nearest = self.explainer.nearest(self.names.book(), &observation);
            self.explaining += begun.elapsed();
        }
        self.windows.add(sighting);
    }

    /// Looks how many packets were denied without being logged, or without that anybody heard it, which is told with the
    /// next window; and how many that is.
    fn look_for_unlogged(&mut self, now: Instant) -> Missed {
        let missed = self.unlogged.missing(now);
        let sum = if missed.unheard { &mut self.unheard.ignored } else { &mut self.unheard.unlogged };
        *sum = sum.saturating_add(missed.packets);
        missed
    }

    /// What there is to say though nothing flowed that is in a record: that something is missing.
    fn silence(&self, now: Timestamp) -> Option<Closed> {
        let window = || self.windows.open().unwrap_or_else(|| Window::of_moment(now));
        let silent = || Closed { window: window(), flows: Vec::new(), lost: 0, astray: 0 };
        (self.unheard.unlogged > 0 || self.unheard.ignored > 0).then(silent)
    }

    /// What a window counted that is over at `now`, or that a clock has left which went back.
    fn close(&mut self, now: Timestamp) -> Option<Closed> {
        let is_ahead = self.windows.open().is_some_and(|window| now < window.from());
        let closed = if is_ahead { self.windows.close() } else { self.windows.advance(now) };
        if closed.is_some() {
            self.explaining = Duration::ZERO;
        }
        closed
    }

    /// Forgets pods that went long ago, from time to time.
    fn forget(&mut self) {
        if self.forgotten.elapsed() > REMEMBERED {
            self.forgotten = Instant::now();
            let remembered = SignedDuration::try_from(REMEMBERED).unwrap_or(SignedDuration::ZERO);
            let before = self.steady().checked_sub(remembered).unwrap_or(Timestamp::MIN);
            self.names.book_mut().forget(before);
        }
    }
}

#[cfg(test)]
mod tests;
