//! Telling a receiver, and again until it has heard it.
//!
//! Whoever decides is never waited for. A webhook is told each thing once, in order, and again while it cannot be told, up to
//! [`MOST`] things; what finds no room is counted. Alertmanager forgets what it is not told again, so it is told
//! every minute all that is not over; and what is over, until it has heard that.

mod outbox;

pub use outbox::{MOST, Told};

use super::{Alert, Receiver, SendError, Sender};
use crate::HttpError;
use outbox::Outbox;
use sekisho_flow::Timestamp;
use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// For how long what waits is sent on when nothing more comes.
const FAREWELL: Duration = Duration::from_secs(5);

/// Tells a receiver, on a thread of its own, which ends with it.
#[derive(Debug)]
pub struct Notifier {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    outbox: Outbox,
    ends: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nobody leaves it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let shared =
            Arc::new(Shared { state: Mutex::new(State { outbox, ends: false }), changed: Condvar::new() });
        let of_thread = Arc::clone(&shared);
        let send = move |alerts: &[Alert]| sender.send(&receiver, alerts, &about, now());
        let thread = thread::Builder::new()
            .name("alerts".to_owned())
            .spawn(move || run(&of_thread, &send))
            .map_err(|error| HttpError::Away(error.to_string()))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Tells what a [`Watch`](super::Watch) said is to be told, and what is open of it now. It never waits.
    pub fn tell(&self, told: &[Alert], open: Vec<Alert>) {
        if !told.is_empty() {
            self.shared.state().outbox.tell(told, open, Instant::now());
            self.shared.changed.notify_all();
        }
    }

    /// What became of what was told.
    #[must_use]
    pub fn told(&self) -> Told {
        self.shared.state().outbox.told()
    }

    /// Why the last sending failed, until one does not.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.shared.state().outbox.trouble()
    }
}

impl Drop for Notifier {
    /// Sends what waits, for some seconds at most.
    fn drop(&mut self) {
        self.shared.state().ends = true;
        self.shared.changed.notify_all();
        let Some(thread) = self.thread.take() else { return };
        let end = Instant::now() + FAREWELL;
        while !thread.is_finished() && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn run(shared: &Shared, send: &dyn Fn(&[Alert]) -> Result<(), SendError>) {
    while let Some(alerts) = next(shared) {
        let sent = send(&alerts).map_err(|error| error.to_string());
        shared.state().outbox.sent(alerts, sent, Instant::now());
    }
}

/// What is to be sent next, when it is time; `None` when nothing more is to be sent.
fn next(shared: &Shared) -> Option<Vec<Alert>> {
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
        state = match wait {
            Some(wait) => {
                let woken = shared.changed.wait_timeout(state, wait);
                woken.unwrap_or_else(PoisonError::into_inner).0
            }
            None => shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
        };
    }
}
