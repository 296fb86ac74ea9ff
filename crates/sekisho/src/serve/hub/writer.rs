//! The thread that writes the history, and tells those who follow what it wrote.

use super::{account, account::Told, metrics::Metrics};
use jiff::{SignedDuration, Timestamp};
use sekisho_flow::record::Flow;
use sekisho_history::{Error, History, Lost, Put, Reached};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{broadcast, mpsc, oneshot};
use tracing::{error, info, warn};

/// How many batches may wait for one who follows.
const WAITING: usize = 1 << 10;
/// How often it is looked whether something is too old, or too much.
const TRIM: Duration = Duration::from_secs(60);
const MIB: u64 = 1 << 20;

/// What was written at once.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) flows: Vec<Flow>,
    pub(super) lost: Vec<Lost>,
}

/// What the thread is asked.
#[derive(Debug)]
pub(super) enum Order {
    /// To take this. It is told in words why it cannot.
    Put(Box<Told>, oneshot::Sender<Result<(), String>>),
    /// Up to which number a node was heard.
    Reached(Arc<str>, oneshot::Sender<Option<Reached>>),
    /// To see whether something is too old, or too much.
    Trim,
}

/// What is kept.
#[derive(Clone, Debug)]
pub(super) struct Keeping {
    pub(super) path: PathBuf,
    pub(super) days: u32,
    pub(super) mib: u64,
}

/// Where the thread is reached.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    orders: mpsc::Sender<Order>,
    pub(super) news: broadcast::Sender<Arc<Stored>>,
    gate: Arc<Mutex<()>>,
}

impl Desk {
    /// Takes what an agent told; the answer comes when it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written, in words.
    pub(super) async fn put(&self, told: Told) -> Result<(), String> {
        let (answer, answered) = oneshot::channel();
        let ends = || "the hub ends".to_owned();
        self.orders.send(Order::Put(Box::new(told), answer)).await.map_err(|_| ends())?;
        answered.await.map_err(|_| ends())?
    }

    /// Up to which number a node was heard.
    pub(super) async fn reached(&self, node: &Arc<str>) -> Option<Reached> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(Order::Reached(Arc::clone(node), answer)).await.ok()?;
        answered.await.ok()?
    }

    /// While this is held nothing is written: whoever begins to follow and to read at once misses nothing, and is told
    /// nothing twice.
    pub(super) fn hold(&self) -> MutexGuard<'_, ()> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for what is too old, again and again.
    pub(super) async fn trim(self) {
        while self.orders.send(Order::Trim).await.is_ok() {
            tokio::time::sleep(TRIM).await;
        }
    }
}

/// Opens the history and starts the thread.
///
/// # Errors
/// When the history cannot be opened.
pub(super) fn start(keeping: Keeping, metrics: Arc<Metrics>) -> anyhow::Result<Desk> {
    let before = last_written(&keeping.path);
    let history = History::open(&keeping.path)?;
    let reached = history.reached()?;
    info!(history = %keeping.path.display(), nodes = reached.len(), "the history is open");
    let (orders, mut inbox) = mpsc::channel(256);
    let desk = Desk { orders, news: broadcast::Sender::new(WAITING), gate: Arc::default() };
    let (news, gate) = (desk.news.clone(), Arc::clone(&desk.gate));
    let mut writer = Writer {
        history,
        keeping,
        metrics,
        news,
        gate,
        reached,
        heard: BTreeMap::new(),
        before,
        troubled: false,
    };
    std::thread::Builder::new().name("history".to_owned()).spawn(move || {
        while let Some(order) = inbox.blocking_recv() {
            writer.obey(order);
        }
    })?;
    Ok(desk)
}

/// When a history was written for the last time.
fn last_written(path: &Path) -> Option<Timestamp> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let times = [path, Path::new(&log)].map(|path| fs::metadata(path).and_then(|found| found.modified()));
    times.into_iter().flatten().max().and_then(|time| Timestamp::try_from(time).ok())
}

struct Writer {
    history: History,
    keeping: Keeping,
    metrics: Arc<Metrics>,
    news: broadcast::Sender<Arc<Stored>>,
    gate: Arc<Mutex<()>>,
    reached: BTreeMap<Arc<str>, Reached>,
    /// When something of a node was taken for the last time, by its clock.
    heard: BTreeMap<Arc<str>, Timestamp>,
    /// When the hub before this one wrote for the last time.
    before: Option<Timestamp>,
    troubled: bool,
}

impl Writer {
    fn obey(&mut self, order: Order) {
        match order {
            Order::Put(told, answer) => {
                let put = self.put(*told);
                self.note(&put);
                // Who does not wait any more asks again.
                let _ = answer.send(put.map_err(|error| error.to_string()));
            }
            Order::Reached(node, answer) => drop(answer.send(self.reached.get(&node).cloned())),
            Order::Trim => {
                let trimmed = self.trim();
                if let Err(error) = &trimmed {
                    warn!(%error, "what is too old cannot be given up");
                }
            }
        }
    }

    fn put(&mut self, told: Told) -> Result<(), Error> {
        let clock = told.teller.clock;
        let node = Arc::clone(&told.teller.node);
        let heard = self.heard.get(&node).copied().or(self.before);
        let batch = account::batch(told, self.reached.get(&node), heard);
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let put = self.history.put(&batch)?;
        let reached = Reached { boot: Arc::clone(&batch.mark.boot), last: batch.mark.last };
        self.reached.insert(Arc::clone(&node), reached);
        self.heard.insert(node, clock);
        if put == Put::Kept {
            self.metrics.stored(&batch.flows, &batch.lost);
            for lost in &batch.lost {
                let (connections, from, to) = (lost.connections, lost.window.from(), lost.window.to());
                warn!(node = %lost.node, why = %lost.why, ?connections, %from, %to, "connections were lost");
            }
            // Where nobody follows there is nobody to tell.
            let _ = self.news.send(Arc::new(Stored { flows: batch.flows, lost: batch.lost }));
        }
        drop(gate);
        Ok(())
    }

    /// Says when it cannot be written, and when it can again.
    fn note(&mut self, put: &Result<(), Error>) {
        match put {
            Ok(()) if self.troubled => info!("the history is written again"),
            Ok(()) => {}
            Err(found) => {
                self.metrics.not_written();
                if !self.troubled {
                    error!(error = %found, "the history cannot be written; agents are asked again");
                }
            }
        }
        self.troubled = put.is_err();
        self.metrics.set_writable(!self.troubled);
    }

    fn trim(&mut self) -> Result<(), Error> {
        let days = SignedDuration::from_hours(24 * i64::from(self.keeping.days));
        if let Ok(before) = Timestamp::now().checked_sub(days) {
            self.history.trim_before(before)?;
        }
        self.history.trim_to(self.keeping.mib.saturating_mul(MIB))?;
        let oldest = self.history.oldest()?.map(Timestamp::as_second);
        self.metrics.standing(self.history.size()?, self.history.count()?, oldest);
        Ok(())
    }
}
