//! What flows to and from this node's pods, and by whose leave: heard of the kernel, named, counted and kept for
//! whoever asks.
//!
//! It stands beside what enforces and is never waited for: the engine tells it of pods, threads of its own tell it what
//! the kernel says, and what it has no room for is counted as lost.

mod kept;
mod local;
mod observed;
mod queue;
mod recorder;
pub(crate) mod serve;

pub(crate) use kept::{Kept, News};

use crate::{args::Flows, metrics::Metrics};
use sekisho_core::{index::Input, object::Change};
use sekisho_nft::{
    NetlinkError,
    conntrack::{self, Openings},
    log::{self, LogListener},
};
use std::{
    borrow::Borrow,
    io,
    sync::{
        Arc,
        mpsc::{Sender, SyncSender, channel, sync_channel},
    },
    thread,
    time::Duration,
};
use tracing::warn;

/// How long what is heard is waited for at a time.
const PATIENCE: Duration = Duration::from_secs(1);
/// What is there already is not waited for.
const NONE: Duration = Duration::from_millis(1);
/// How long connections gather before they are taken: to wake up for each would cost more than to count it.
const GATHERING: Duration = Duration::from_millis(5);
/// How many tellings of the kernel may wait to be counted. When there are more, it is the kernel that loses some, and says so.
const WAITING: usize = 64;

/// What is heard of the kernel.
#[derive(Debug)]
enum Heard {
    /// What rules logged.
    Logged(log::Heard),
    /// Connections that were opened.
    Opened(conntrack::Heard),
}

/// What of `inputs` somebody must know who names addresses.
pub(crate) fn named_by(inputs: impl IntoIterator<Item = impl Borrow<Input>>) -> Vec<Change> {
    let named = |input: &Input| match input {
        Input::Told(
            change @ (Change::PutPod(_) | Change::RemovePod(_) | Change::PutNode(_) | Change::RemoveNode(_)),
        ) => Some(change.clone()),
        Input::Told(_) | Input::Compiled(_) => None,
    };
    inputs.into_iter().filter_map(|input| named(input.borrow())).collect()
}

/// Starts what records `what`, in the network namespace of the thread that calls; tells how it is told of pods and nodes. Where the
/// kernel does not tell, that is said, and nothing else depends on it.
pub(crate) fn start(
    what: Flows,
    node: &Arc<str>,
    kept: Arc<Kept>,
    metrics: Arc<Metrics>,
) -> io::Result<Option<Sender<Vec<Change>>>> {
    if what == Flows::None {
        return Ok(None);
    }
    let (recorder, heard) = sync_channel(WAITING);
    let (told, cluster) = channel();
    let named = |name: &str| thread::Builder::new().name(name.to_owned());
    let node = Arc::clone(node);
    named("flows").spawn(move || recorder::record(&node, &heard, &cluster, &kept, &metrics))?;
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
                named("opened").spawn(move || tell(&recorder, || gathered(&mut openings))).map(drop)?;
            }
            Err(error) => warn!(%error, "what is allowed cannot be recorded"),
        }
    }
    Ok(Some(told))
}

/// The connections that were opened by now, and those that are a moment later.
fn gathered(openings: &mut Openings) -> Result<Heard, NetlinkError> {
    let mut first = openings.hear(PATIENCE)?;
    if !first.opened.is_empty() {
        thread::sleep(GATHERING);
        let conntrack::Heard { opened, lost } = openings.hear(NONE)?;
        first.opened.extend(opened);
        first.lost |= lost;
    }
    Ok(Heard::Opened(first))
}

/// Tells the recorder what is heard, as long as it is there. Where nothing can be heard, it is tried again.
fn tell(recorder: &SyncSender<Heard>, mut hear: impl FnMut() -> Result<Heard, NetlinkError>) {
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
