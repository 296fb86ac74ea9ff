//! Telling a receiver, and again until it has heard it.
//!
//! Whoever decides is never waited for. A webhook is told each thing once, in order, and again while it cannot be told, up to
//! [`MOST`] things; what finds no room is counted. Alertmanager forgets what it is not told again, so it is told
//! every minute all that is not over; and what is over, until it has heard that.

mod outbox;

pub use outbox::{MOST, Told};

use super::{Alert, Receiver, SendError, Sender};
use crate::{
    HttpError,
    worker::{Shared, Worker},
};
use outbox::Outbox;
use sekisho_flow::Timestamp;
use std::time::Instant;

/// Tells a receiver, on a thread of its own, which ends with it.
#[derive(Debug)]
pub struct Notifier {
    worker: Worker<State>,
}

#[derive(Debug)]
struct State {
    outbox: Outbox,
    ends: bool,
}

impl Notifier {
    /// Begins to tell. `about` is a page that says more, or empty; `now` tells the time.
    ///
    /// # Errors
    /// When there can be no connections, or no thread.
    pub fn start(
        receiver: Receiver,
        about: String,
        now: impl Fn() -> Timestamp + Send + 'static,
    ) -> Result<Self, HttpError> {
        let sender = Sender::new()?;
        let outbox = Outbox::new(receiver.wants_again(), Instant::now());
        let send = move |alerts: &[Alert]| sender.send(&receiver, alerts, &about, now());
        let state = State { outbox, ends: false };
        let worker = Worker::start("alerts", state, move |shared| run(shared, &send))?;
        Ok(Self { worker })
    }

    /// Tells what a [`Watch`](super::Watch) said is to be told, and what is open of it now. It never waits.
    pub fn tell(&self, told: &[Alert], open: Vec<Alert>) {
        if !told.is_empty() {
            self.worker.change(|state| state.outbox.tell(told, open, Instant::now()));
        }
    }

    /// What became of what was told.
    #[must_use]
    pub fn told(&self) -> Told {
        self.worker.state().outbox.told()
    }

    /// Why the last sending failed, until one does not.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.worker.state().outbox.trouble()
    }
}

impl Drop for Notifier {
    /// Sends what waits, for some seconds at most.
    fn drop(&mut self) {
        self.worker.finish(|state| state.ends = true);
    }
}

fn run(shared: &Shared<State>, send: &dyn Fn(&[Alert]) -> Result<(), SendError>) {
    while let Some(alerts) = next(shared) {
        let sent = send(&alerts).map_err(|error| error.to_string());
        shared.state().outbox.sent(alerts, sent, Instant::now());
    }
}

/// What is to be sent next, when it is time; `None` when nothing more is to be sent.
fn next(shared: &Shared<State>) -> Option<Vec<Alert>> {
    let mut state = shared.state();
    loop {
        let wait = state.outbox.due(Instant::now());
        if wait.is_some_and(|wait| wait.is_zero()) {
            return Some(state.outbox.take());
        }
        // Who cannot be told now is not told at the end.
        if state.ends {
            return None;
        }
        state = shared.wait(state, wait);
    }
}
