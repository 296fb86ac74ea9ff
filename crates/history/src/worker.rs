//! A thread that tells somebody what waits, and what it shares with who gives it that.

use crate::HttpError;
use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// For how long what waits is sent on when nothing more comes.
pub(crate) const FAREWELL: Duration = Duration::from_secs(5);

/// What both know, and how one hears that the other has changed it.
#[derive(Debug)]
pub(crate) struct Shared<S> {
    state: Mutex<S>,
    changed: Condvar,
}

impl<S> Shared<S> {
    pub(crate) fn state(&self) -> MutexGuard<'_, S> {
        // Nobody leaves it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until somebody has changed it, for so long at most.
    pub(crate) fn wait<'s>(&self, state: MutexGuard<'s, S>, most: Option<Duration>) -> MutexGuard<'s, S> {
        match most {
            Some(most) => self.changed.wait_timeout(state, most).unwrap_or_else(PoisonError::into_inner).0,
            None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// Such a thread.
#[derive(Debug)]
pub(crate) struct Worker<S> {
    shared: Arc<Shared<S>>,
    thread: Option<JoinHandle<()>>,
}

impl<S: Send + 'static> Worker<S> {
    /// Starts it: it does `work`, which ends when the state says so.
    ///
    /// # Errors
    /// When there is no thread.
    pub(crate) fn start(
        name: &str,
        state: S,
        work: impl FnOnce(&Shared<S>) + Send + 'static,
    ) -> Result<Self, HttpError> {
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(&of_thread))
            .map_err(|error| HttpError::Away(error.to_string()))?;
        Ok(Self { shared, thread: Some(thread) })
    }
}

impl<S> Worker<S> {
    pub(crate) fn state(&self) -> MutexGuard<'_, S> {
        self.shared.state()
    }

    /// Changes the state, and lets the thread see to it.
    pub(crate) fn change(&self, change: impl FnOnce(&mut S)) {
        change(&mut self.shared.state());
        self.shared.changed.notify_all();
    }

    /// Says the end by `end`, and waits until what waits is sent, for some seconds at most.
    pub(crate) fn finish(&mut self, end: impl FnOnce(&mut S)) {
        self.change(end);
        let Some(thread) = self.thread.take() else { return };
        // One that waits for a server which says nothing is left to itself.
        let end = Instant::now() + FAREWELL;
        while !thread.is_finished() && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
    }
}
