//! What flows to and from this node's pods, and by whose leave: heard of the kernel, named, counted and kept for
//! whoever asks.
//!
//! It stands beside what enforces and is never waited for: the engine tells it of pods, threads of its own tell it what
//! the kernel says, and what it has no room for is counted as lost.

mod kept;
mod local;
mod names;
mod observed;
mod queue;
mod recorder;
pub(crate) mod serve;
mod unlogged;

pub(crate) use kept::{Kept, News, Recent};
pub(crate) use recorder::{NOT_HEARD, NOT_LOGGED};

use crate::{args::Flows, metrics::Metrics, state::Written};
use sekisho_core::{index::Input, object::Change};
use sekisho_nft::{
    NetlinkError,
    conntrack::{self, Openings},
    log::{self, LogListener},
    names::NameListener,
};
use std::{
    borrow::Borrow,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Sender, SyncSender, channel, sync_channel},
    },
    thread,
    time::Duration,
};
use tracing::warn;

/// How long what is heard is waited for at a time.
const PATIENCE: Duration = Duration::from_secs(1);
/// And where answers are copied to name addresses: a thousand a second may be, and there is room for some seconds of them.
const PATIENCE_FOR_NAMES: Duration = Duration::from_millis(100);
/// How long after nobody could listen to what rules log it is tried again: whoever else listens may end.
const AGAIN: Duration = Duration::from_secs(60);
/// What is there already is not waited for.
const NONE: Duration = Duration::ZERO;
/// How long connections gather before they are taken: to wake up for each would cost more than to count it.
const GATHERING: Duration = Duration::from_millis(5);
/// How many tellings of the kernel may wait to be counted. When there are more, it is the kernel that loses some, and says so.
const WAITING: usize = 4;

/// What is heard of the kernel.
#[derive(Debug)]
enum Heard {
    /// That nobody can hear what rules log, until something of it is heard.
    Nothing,
    /// What rules logged.
    Logged(log::Heard),
    /// Connections that were opened.
    Opened(conntrack::Heard),
    /// What pods were answered to their DNS questions.
    Named(sekisho_nft::names::Heard),
}

/// What whoever records is told of the cluster.
#[derive(Debug)]
pub(crate) enum Told {
    /// Whose addresses are whose.
    Named(Vec<Change>),
    /// How policies are written.
    Written(Vec<Written>),
    /// How many packets more were denied, or would have been, as rules count them.
    Denied(u64),
}

/// What of `inputs` somebody must know who names addresses, and explains what policies say of them.
pub(crate) fn named_by(inputs: impl IntoIterator<Item = impl Borrow<Input>>) -> Vec<Change> {
    let named = |input: &Input| match input {
        Input::Told(
            change @ (Change::PutPod(_)
            | Change::RemovePod(_)
            | Change::PutNode(_)
            | Change::RemoveNode(_)
            | Change::PutNamespace(_)
            | Change::RemoveNamespace(_)),
        ) => Some(change.clone()),
        Input::Told(_) | Input::Compiled(_) => None,
    };
    inputs.into_iter().filter_map(|input| named(input.borrow())).collect()
}

/// What is recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct What {
    /// Of what flows.
    pub(crate) flows: Flows,
    /// Whether addresses outside are named as pods asked for them.
    pub(crate) dns: bool,
}

/// Starts what records `what`, in the network namespace of the thread that calls; tells how it is told of pods, nodes and
/// namespaces, of policies, and of what rules counted. Where the kernel does not tell, that is said, and nothing else
/// depends on it.
pub(crate) fn start(
    what: What,
    node: &Arc<str>,
    kept: Arc<Kept>,
    metrics: Arc<Metrics>,
) -> io::Result<Option<Sender<Told>>> {
    if what.flows == Flows::None {
        return Ok(None);
    }
    let (recorder, heard) = sync_channel(WAITING);
    let (told, cluster) = channel();
    let named = |name: &str| thread::Builder::new().name(name.to_owned());
    let node = Arc::clone(node);
    named("flows").spawn(move || recorder::record(&node, &heard, &cluster, &kept, &metrics))?;
    let recorder = Telling { recorder, names: what.dns.then(listen_to_names).flatten().map(Arc::new) };
    let (log, denied) = (LogListener::open(), recorder.clone());
    named("denied").spawn(move || denied.denied(log))?;
    if what.flows == Flows::All {
        match Openings::open() {
            Ok(mut openings) => {
                named("opened")
                    .spawn(move || recorder.tell(|| gathered(&mut openings, recorder.patience())))
                    .map(drop)?;
            }
            Err(error) => warn!(%error, "what is allowed cannot be recorded"),
        }
    }
    Ok(Some(told))
}

/// The connections that were opened by now, and those that are a moment later.
fn gathered(openings: &mut Openings, patience: Duration) -> Result<Heard, NetlinkError> {
    let mut first = openings.hear(patience)?;
    if !first.opened.is_empty() {
        thread::sleep(GATHERING);
        let conntrack::Heard { opened, lost } = openings.hear(NONE)?;
        first.opened.extend(opened);
        first.lost.add(lost);
    }
    Ok(Heard::Opened(first))
}

/// Whoever hears what pods are answered; `None`, said aloud, where the kernel does not tell.
fn listen_to_names() -> Option<Mutex<NameListener>> {
    match NameListener::open() {
        Ok(names) => Some(Mutex::new(names)),
        Err(error) => {
            warn!(%error, "addresses outside have no names");
            None
        }
    }
}

/// Who tells the recorder.
#[derive(Clone, Debug)]
struct Telling {
    recorder: SyncSender<Heard>,
    names: Option<Arc<Mutex<NameListener>>>,
}

impl Telling {
    /// Tells what is heard, as long as the recorder is there. Where nothing can be heard, it is tried again.
    fn tell(&self, mut hear: impl FnMut() -> Result<Heard, NetlinkError>) {
        loop {
            let told = hear().and_then(|heard| self.pass_on(heard));
            match told {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    warn!(%error, "what flows cannot be heard");
                    thread::sleep(PATIENCE);
                }
            }
        }
    }

    /// How long something is waited for until it is looked what pods were answered.
    fn patience(&self) -> Duration {
        if self.names.is_some() { PATIENCE_FOR_NAMES } else { PATIENCE }
    }

    /// Tells what rules log. Where nobody can listen to it, that is told, and tried again.
    fn denied(&self, mut log: Result<LogListener, NetlinkError>) {
        loop {
            match log {
                Ok(mut log) => return self.tell(|| self.logged(&mut log)),
                Err(error) => warn!(%error, "what is denied cannot be recorded"),
            }
            self.hears_nothing();
            thread::sleep(AGAIN);
            log = LogListener::open();
        }
    }

    /// What rules logged; where it cannot be heard, that is told.
    fn logged(&self, log: &mut LogListener) -> Result<Heard, NetlinkError> {
        let heard = log.hear(self.patience());
        if heard.is_err() {
            self.hears_nothing();
        }
        Ok(Heard::Logged(heard?))
    }

    /// Tells that nobody hears what is denied.
    fn hears_nothing(&self) {
        // Where nobody is there any more, that is seen by what comes behind it.
        let _ = self.recorder.send(Heard::Nothing);
    }

    /// Tells what was heard, and before it what pods were answered before that flowed; whether the recorder is there.
    fn pass_on(&self, heard: Heard) -> Result<bool, NetlinkError> {
        let named = self.name();
        let is_there = self.recorder.send(heard).is_ok();
        named.map(|()| is_there)
    }

    fn name(&self) -> Result<(), NetlinkError> {
        let Some(names) = &self.names else { return Ok(()) };
        // Whoever comes second waits until what the first has heard is told.
        let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
        let named = names.hear(NONE)?;
        if !named.answers.is_empty() || named.lost > 0 {
            // Where nobody is there any more, that is seen by what comes behind it.
            let _ = self.recorder.send(Heard::Named(named));
        }
        Ok(())
    }
}
