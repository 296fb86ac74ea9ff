//! What flows to and from this node's pods, and by whose leave: heard of the kernel, named, counted and kept for
//! whoever asks.
//!
//! It stands beside what enforces and is never waited for: the engine tells it of pods, threads of its own tell it what
//! the kernel says, and what it has no room for is counted as lost.

mod kept;
mod local;
mod observed;

pub(crate) use kept::{Kept, News};

use crate::{args::Flows, metrics::Metrics};
use jiff::Timestamp;
use local::Local;
use observed::Observed;
use sekisho_core::{index::Input, object::Change};
use sekisho_flow::{
    attribution::{Attribution, Book, Nobody},
    window::{Limits, Windows},
};
use sekisho_nft::{
    NetlinkError,
    conntrack::{self, Openings},
    log::{self, LogListener},
};
use std::{
    io,
    num::NonZeroU32,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};
use tracing::warn;

/// A window, in milliseconds: what happens is told within a second, though the kernel gathers what it logs for a tenth of
/// one.
const WINDOW: NonZeroU32 = NonZeroU32::new(500).unwrap();
/// How many flows a window may have that are told apart; of those that are more, coarser things are told.
const LIMITS: Limits = Limits { keys: 1 << 13, bytes: 8 << 20 };
/// How long what is heard is waited for at a time.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long pods are known that went: what the kernel tells comes within a second.
const REMEMBERED: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// What a recorder is told.
#[derive(Debug)]
pub(crate) enum Heard {
    /// Pods and nodes changed, in this order.
    Cluster(Vec<Change>),
    /// What rules logged.
    Logged(log::Heard),
    /// Connections that were opened.
    Opened(conntrack::Heard),
}

/// What of `inputs` somebody must know who names addresses.
pub(crate) fn named_by<'a>(inputs: impl IntoIterator<Item = &'a Input>) -> Vec<Change> {
    let changes = inputs.into_iter().filter_map(|input| match input {
        Input::Told(change) => Some(change),
        Input::Compiled(_) => None,
    });
    let names = |change: &&Change| {
        matches!(
            change,
            Change::PutPod(_) | Change::RemovePod(_) | Change::PutNode(_) | Change::RemoveNode(_)
        )
    };
    changes.filter(names).cloned().collect()
}

/// Starts what records `what`, in the network namespace of the thread that calls; tells how it is told of pods. Where the
/// kernel does not tell, that is said, and nothing else depends on it.
pub(crate) fn start(
    what: Flows,
    node: &Arc<str>,
    kept: Arc<Kept>,
    metrics: Arc<Metrics>,
) -> io::Result<Option<Sender<Heard>>> {
    if what == Flows::None {
        return Ok(None);
    }
    let (recorder, inbox) = std::sync::mpsc::channel();
    let named = |name: &str| thread::Builder::new().name(name.to_owned());
    let node = Arc::clone(node);
    named("flows").spawn(move || record(&node, &inbox, &kept, &metrics))?;
    match LogListener::open() {
        Ok(mut log) => {
            let recorder = recorder.clone();
            named("denied")
                .spawn(move || tell(&recorder, || Ok(Heard::Logged(log.hear(PATIENCE)?))))
                .map(drop)?;
        }
        Err(error) => warn!(%error, "what is denied cannot be recorded"),
    }
    if what == Flows::All {
        match Openings::open() {
            Ok(mut openings) => {
                let recorder = recorder.clone();
                named("opened")
                    .spawn(move || tell(&recorder, || Ok(Heard::Opened(openings.hear(PATIENCE)?))))
                    .map(drop)?;
            }
            Err(error) => warn!(%error, "what is allowed cannot be recorded"),
        }
    }
    Ok(Some(recorder))
}

/// Tells the recorder what is heard, as long as it is there. Where nothing can be heard, it is tried again.
fn tell(recorder: &Sender<Heard>, mut hear: impl FnMut() -> Result<Heard, NetlinkError>) {
    loop {
        match hear() {
            Ok(heard) => {
                if recorder.send(heard).is_err() {
                    return;
                }
            }
            Err(error) => {
                warn!(%error, "what flows cannot be heard");
                thread::sleep(PATIENCE);
            }
        }
    }
}

/// Names and counts what it is told, until nobody is left to tell it anything.
pub(crate) fn record(node: &Arc<str>, inbox: &Receiver<Heard>, kept: &Kept, metrics: &Metrics) {
    let mut recorder = Recorder::new(node);
    loop {
        let now = Timestamp::now();
        match inbox.recv_timeout(recorder.until_closed(now)) {
            Ok(heard) => recorder.hear(heard, Timestamp::now(), metrics),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if let Some(closed) = recorder.windows.advance(Timestamp::now()) {
            metrics.flows_lost("room", closed.lost);
            kept.add(closed);
        }
        recorder.forget(now);
    }
}

#[derive(Debug)]
struct Recorder {
    node: Arc<str>,
    local: Local,
    names: Attribution<Nobody>,
    windows: Windows,
    forgotten: Timestamp,
}

impl Recorder {
    fn new(node: &Arc<str>) -> Self {
        Self {
            node: Arc::clone(node),
            local: Local::default(),
            names: Attribution::new(Book::default(), Nobody),
            windows: Windows::of_millis(WINDOW, LIMITS),
            forgotten: Timestamp::now(),
        }
    }

    /// How long it is until the window that is open is over.
    fn until_closed(&self, now: Timestamp) -> Duration {
        let over = self.windows.open().map(|window| now.duration_until(window.to()));
        over.map_or(REMEMBERED, |over| over).try_into().unwrap_or(Duration::ZERO)
    }

    fn hear(&mut self, heard: Heard, now: Timestamp, metrics: &Metrics) {
        let observed = Observed { node: &self.node, local: &self.local, now };
        let observations = match heard {
            Heard::Cluster(changes) => {
                for change in &changes {
                    self.local.apply(&self.node, change);
                    self.names.book_mut().apply(now, change);
                }
                return;
            }
            Heard::Logged(log::Heard { logged, lost }) => {
                metrics.flows_lost("denied", lost);
                logged.iter().filter_map(|logged| observed.denied(logged)).collect::<Vec<_>>()
            }
            Heard::Opened(conntrack::Heard { opened, lost }) => {
                metrics.flows_lost("opened", u64::from(lost));
                observed.opened(&opened)
            }
        };
        for observation in observations {
            metrics.recorded(observation.outcome, observation.count);
            let sighting = self.names.name(&observation);
            self.windows.add(sighting);
        }
    }

    /// Forgets pods that went long ago, from time to time.
    fn forget(&mut self, now: Timestamp) {
        if now.duration_since(self.forgotten) > REMEMBERED {
            self.forgotten = now;
            self.names.book_mut().forget(now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN));
        }
    }
}
