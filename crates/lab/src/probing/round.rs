//! One round of attempts: all are sent, then answers are gathered until none is missing or patience ends.

use super::{
    Expectation, Observed, Prober,
    attempt::{Attempt, State},
    flow,
};
use crate::{
    LabError,
    plan::{Host, Probe},
};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// A round.
#[derive(Debug)]
pub(super) struct Round<'a> {
    prober: &'a Prober<'a>,
    probes: &'a [(&'a Probe, Expectation)],
    attempts: Vec<Attempt>,
    epoll: Epoll,
}

/// How often answers that come without a socket are looked for.
const TICK: Duration = Duration::from_millis(5);

/// How much longer the name of a connected receiver is waited for.
const GREETING: Duration = Duration::from_secs(3);

impl<'a> Round<'a> {
    /// Sends the probes of `open`, by their positions.
    pub(super) fn start(
        prober: &'a Prober<'a>,
        probes: &'a [(&'a Probe, Expectation)],
        open: &[usize],
    ) -> Result<Self, LabError> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(LabError::errno("epoll"))?;
        let mut by_sender: BTreeMap<Host, Vec<usize>> = BTreeMap::new();
        for at in open {
            if let Some((probe, _)) = probes.get(*at) {
                by_sender.entry(probe.from.host).or_default().push(*at);
            }
        }
        let mut attempts = Vec::with_capacity(open.len());
        for (host, ats) in by_sender {
            let Some(party) = prober.parties.get(&host) else { continue };
            let send = |at: usize| Some(Attempt::start(at, probes.get(at)?.0, party.taps));
            attempts
                .extend(party.namespace.run(|| Ok(ats.into_iter().filter_map(send).collect::<Vec<_>>()))?);
        }
        let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
        for (token, attempt) in (0..).zip(&attempts) {
            if let Some(fd) = attempt.fd() {
                epoll.add(fd, EpollEvent::new(flags, token)).map_err(LabError::errno("epoll"))?;
            }
        }
        Ok(Self { prober, probes, attempts, epoll })
    }

    /// Gathers answers for at most `patience`.
    pub(super) fn wait(&mut self, patience: Duration) -> Result<(), LabError> {
        let until = Instant::now() + patience;
        let mut events = vec![EpollEvent::empty(); 256];
        loop {
            let ready =
                self.epoll.wait(&mut events, EpollTimeout::try_from(TICK).unwrap_or(EpollTimeout::ZERO));
            let ready = match ready {
                Err(nix::Error::EINTR) => 0,
                ready => ready.map_err(LabError::errno("epoll"))?,
            };
            for event in events.iter().take(ready) {
                let at = usize::try_from(event.data()).unwrap_or(usize::MAX);
                if let Some(attempt) = self.attempts.get_mut(at) {
                    attempt.advance();
                }
            }
            if ready == 0 {
                self.look_up();
                let now = Instant::now();
                // Who is connected only has to be told the name: a busy listener is no silence.
                let greets = self.attempts.iter().any(|attempt| attempt.state == State::Connected);
                let is_late = now >= until && (!greets || now >= until + GREETING);
                if is_late || self.attempts.iter().all(Attempt::is_over) {
                    return Ok(());
                }
            }
        }
    }

    /// Takes over the answers that taps saw.
    fn look_up(&mut self) {
        let seen = self.prober.log.lock();
        for attempt in self.attempts.iter_mut().filter(|attempt| attempt.fd().is_none() && !attempt.is_over())
        {
            let Some((probe, _)) = self.probes.get(attempt.at) else { continue };
            let flow = flow(probe);
            if seen.is_answered(&flow) {
                attempt.state = State::Answered(None);
            } else if seen.is_refused(&flow) {
                attempt.state = State::Refused;
            }
        }
    }

    /// What came of each, by position.
    pub(super) fn finish(mut self) -> Vec<(usize, Observed)> {
        self.prober.drain();
        self.look_up();
        let outcome = |attempt: Attempt| {
            let (probe, _) = self.probes.get(attempt.at)?;
            let arrived = self.prober.has_arrived(probe);
            let observed = match attempt.state {
                State::Answered(name) => Observed::Answered(name),
                State::Connected => Observed::Answered(None),
                // Behind a Service an arrival cannot be told by its addresses.
                State::Refused if arrived || probe.service.is_some() => Observed::Refused,
                State::Refused => Observed::Rejected,
                State::Failed(why) => Observed::Failed(why),
                State::Waiting if arrived => Observed::Arrived,
                State::Waiting => Observed::Silent,
            };
            Some((attempt.at, observed))
        };
        std::mem::take(&mut self.attempts).into_iter().filter_map(outcome).collect()
    }
}
