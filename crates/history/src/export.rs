//! What flows, told to OpenTelemetry as it comes.
//!
//! Who tells is never waited for: what is offered waits in a queue that has an end, and what finds no room in it is counted. A
//! request that is refused for now (429, 502, 503, 504, or nobody answers) is sent again, each time after twice as long,
//! or when the server says; any other refusal is counted, and what was in it is gone (the OTLP specification, "OTLP/HTTP Response").

mod queue;

pub use queue::{Counts, Limits};

use crate::{
    HttpError,
    http::{Endpoint, Http},
    worker::{FAREWELL, Shared, Worker},
};
use queue::{Queue, Said};
use sekisho_flow::{
    otlp::{Teller, request},
    record::Flow,
};
use std::time::Instant;

/// Where log records go.
#[derive(Clone, Debug)]
pub struct Collector {
    endpoint: Endpoint,
}

impl Collector {
    /// The collector whose `/v1/logs` lies under this address; an address that ends in it is taken as it is.
    ///
    /// # Errors
    /// When it is no address of a server.
    pub fn new(url: &str) -> Result<Self, HttpError> {
        let url = url.trim_end_matches('/');
        let url = if url.ends_with("/v1/logs") { url.to_owned() } else { format!("{url}/v1/logs") };
        Ok(Self { endpoint: Endpoint::new(&url)? })
    }

    /// With what an `Authorization` header says, such as `Bearer ...`.
    ///
    /// # Errors
    /// When a header cannot say that.
    pub fn authorized(mut self, text: &str) -> Result<Self, HttpError> {
        self.endpoint = self.endpoint.with("authorization", text)?;
        Ok(self)
    }
}

/// Tells a collector, on a thread of its own, which ends with it.
#[derive(Debug)]
pub struct Exporter {
    worker: Worker<State>,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    /// No more comes, and nothing is sent after this moment.
    ends: Option<Instant>,
}

impl Exporter {
    /// Begins to tell.
    ///
    /// # Errors
    /// When there can be no connections, or no thread.
    pub fn start(collector: Collector, teller: Teller, limits: Limits) -> Result<Self, HttpError> {
        let http = Http::new()?;
        let state = State { queue: Queue::new(limits), ends: None };
        let work = move |shared: &_| run(shared, &http, &collector.endpoint, &teller);
        Ok(Self { worker: Worker::start("otlp", state, work)? })
    }

    /// Offers flows. It never waits.
    pub fn offer(&self, flows: impl IntoIterator<Item = Flow>) {
        self.worker.change(|state| state.queue.offer(flows));
    }

    /// What became of what was offered.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.worker.state().queue.counts()
    }

    /// The last thing that went wrong, until something goes right.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.worker.state().queue.trouble()
    }
}

impl Drop for Exporter {
    /// Sends what waits, for some seconds at most.
    fn drop(&mut self) {
        self.worker.finish(|state| state.ends = Some(Instant::now() + FAREWELL));
    }
}

fn run(shared: &Shared<State>, http: &Http, endpoint: &Endpoint, teller: &Teller) {
    while let Some(batch) = next(shared) {
        let said = match http.post(endpoint, "application/json", request(&batch, teller)) {
            Ok(answer) => Said::of(answer.status, answer.retry_after, &answer.text),
            Err(error) => Said::Later { after: None, why: error.to_string() },
        };
        shared.state().queue.said(batch, said, Instant::now());
    }
}

/// What is to be sent next, when it is time; `None` when nothing more is to be sent.
fn next(shared: &Shared<State>) -> Option<Vec<Flow>> {
    let mut state = shared.state();
    loop {
        let now = Instant::now();
        if state.ends.is_some_and(|ends| now >= ends) {
            return None;
        }
        let wait = match state.queue.due(now) {
            Some(wait) if wait.is_zero() => return Some(state.queue.take()),
            None if state.ends.is_some() => return None,
            wait => wait,
        };
        let until_end = state.ends.map(|ends| ends.saturating_duration_since(now));
        state = shared.wait(state, [wait, until_end].into_iter().flatten().min());
    }
}
