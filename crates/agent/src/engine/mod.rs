//! What turns news into rules: one thread, which alone changes the index and the kernel.

mod attach;
mod batch;
mod connections;
mod denials;
mod node;
mod recorded;
mod report;
mod staged;
mod touched;

pub(crate) use node::Node;
pub(crate) use report::{PodReport, Report};

use crate::{
    flows::Told,
    metrics::Metrics,
    socket::{Reply, Request},
    state::State,
};
use sekisho_k8s::watch::{Announcement, News};
use sekisho_nft::{NetlinkError, conntrack::Found};
use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};
use tokio::{
    runtime::Handle,
    sync::{
        mpsc::{Receiver, Sender},
        oneshot, watch,
    },
    time::timeout_at,
};

/// How many messages are taken together at most: what comes behind them waits no longer than they take.
const MOST: usize = 512;
/// How long it takes until what the kernel refused is tried again.
const RETRY: Duration = Duration::from_millis(200);
/// How often the kernel is compared with what it should have, though nobody said that it changed.
const COMPARE: Duration = Duration::from_secs(60);
/// How often it is looked whether the kernel still shows what goes over bridges, though no link changed.
const LOOK: Duration = Duration::from_secs(10);

/// What the engine is told.
#[derive(Debug)]
pub(crate) enum Message {
    /// Something was heard of the cluster.
    News(Box<News>, Instant),
    /// Somebody else changed the table, or may have.
    Drifted,
    /// Links came, went or changed.
    Linked,
    /// The connections that were looked for.
    Looked(Result<Found, NetlinkError>),
    /// Somebody on this node asks.
    Ask(Request, oneshot::Sender<Reply>),
    /// It is over. The rules stay.
    Stop,
}

impl From<News> for Message {
    fn from(news: News) -> Self {
        Self::News(Box::new(news), Instant::now())
    }
}

/// Somebody who waits for a pod to be known and programmed.
#[derive(Debug)]
struct Waiting {
    request: Request,
    reply: oneshot::Sender<Reply>,
}

/// What turns news into rules.
#[derive(Debug)]
pub(crate) struct Engine {
    state: State,
    node: Node,
    metrics: Arc<Metrics>,
    report: watch::Sender<Report>,
    announcements: Sender<Announcement>,
    /// Who records flows, where somebody does.
    recorder: Option<mpsc::Sender<Told>>,
    waiting: Vec<Waiting>,
    /// When what the kernel refused is tried again.
    retry_at: Option<Instant>,
    compare_at: Instant,
    look_at: Instant,
    /// When news were heard that the kernel does not have yet.
    heard: Vec<Instant>,
}

impl Engine {
    /// Begins with what is in the kernel and nothing known.
    pub(crate) fn new(
        state: State,
        node: Node,
        metrics: Arc<Metrics>,
        report: watch::Sender<Report>,
        announcements: Sender<Announcement>,
        recorder: Option<mpsc::Sender<Told>>,
    ) -> Self {
        Self {
            state,
            node,
            metrics,
            report,
            announcements,
            recorder,
            waiting: Vec::new(),
            retry_at: None,
            compare_at: Instant::now() + COMPARE,
            look_at: Instant::now(),
            heard: Vec::new(),
        }
    }

    /// Does what it is told until it is told to stop or nobody is left to tell it anything.
    pub(crate) fn run(mut self, runtime: &Handle, mut inbox: Receiver<Message>) {
        loop {
            let until = self.wakes_at();
            let first = runtime.block_on(async { timeout_at(until.into(), inbox.recv()).await });
            let mut messages = Vec::new();
            match first {
                Ok(Some(first)) => messages.push(first),
                Ok(None) => return,
                Err(_) => {}
            }
            while messages.len() < MOST
                && let Ok(next) = inbox.try_recv()
            {
                messages.push(next);
            }
            if self.step(messages).is_break() {
                return;
            }
        }
    }

    fn wakes_at(&self) -> Instant {
        let times = [Some(self.compare_at), Some(self.look_at), self.retry_at, self.node.wakes_at()];
        times.into_iter().flatten().min().unwrap_or(self.compare_at)
    }
}

#[cfg(test)]
mod tests;
