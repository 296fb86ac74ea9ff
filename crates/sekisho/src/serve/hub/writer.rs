//! The thread that writes the history, and tells those who follow what it wrote.

use super::{account, account::Told, metrics::Metrics, place::Place, policies::Standing};
use jiff::{SignedDuration, Timestamp};
use sekisho_flow::record::Flow;
use sekisho_history::{
    Error, History, Lost, Put, Reached,
    alert::{Broken, Leaning},
    telling::Telling,
};
use std::{
    collections::BTreeMap,
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
    /// To tell what a change of policies, which are so since then, has closed.
    Closed(Vec<Broken>, Box<Standing>, Timestamp),
    /// To tell what passes by exceptions alone.
    Leaning(Vec<Leaning>, Timestamp),
}

/// What is kept.
#[derive(Clone, Debug)]
pub(super) struct Keeping {
    pub(super) place: Place,
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

    /// Has told what a change of policies has closed. Blocks.
    pub(super) fn closed(&self, closed: Vec<Broken>, after: Standing, at: Timestamp) {
        // Where nobody takes it the hub ends.
        let _ = self.orders.blocking_send(Order::Closed(closed, Box::new(after), at));
    }

    /// Has told what passes by exceptions alone. Blocks.
    pub(super) fn leaning(&self, found: Vec<Leaning>, now: Timestamp) {
        let _ = self.orders.blocking_send(Order::Leaning(found, now));
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

/// Starts the thread, which opens the history; waits until it has.
///
/// # Errors
/// When the history cannot be opened.
pub(super) async fn start(keeping: Keeping, telling: Telling, metrics: Arc<Metrics>) -> anyhow::Result<Desk> {
    let (orders, mut inbox) = mpsc::channel(256);
    let desk = Desk { orders, news: broadcast::Sender::new(WAITING), gate: Arc::default() };
    let (news, gate) = (desk.news.clone(), Arc::clone(&desk.gate));
    let (opens, opened) = oneshot::channel();
    std::thread::Builder::new().name("history".to_owned()).spawn(move || {
        let writer = Writer::open(keeping, telling, metrics, (news, gate));
        let (writer, found) = match writer {
            Ok(writer) => (Some(writer), Ok(())),
            Err(error) => (None, Err(error)),
        };
        // Who does not wait any more ends.
        let _ = opens.send(found);
        let Some(mut writer) = writer else { return };
        while let Some(order) = inbox.blocking_recv() {
            writer.obey(order);
        }
    })?;
    opened.await??;
    Ok(desk)
}

/// Who is told of what is written, and what is held meanwhile.
type Followers = (broadcast::Sender<Arc<Stored>>, Arc<Mutex<()>>);

struct Writer {
    history: History,
    keeping: Keeping,
    metrics: Arc<Metrics>,
    news: broadcast::Sender<Arc<Stored>>,
    gate: Arc<Mutex<()>>,
    reached: BTreeMap<Arc<str>, Reached>,
    troubled: bool,
    /// Others who are told.
    telling: Telling,
    /// What went wrong with telling them.
    troubles: Vec<String>,
}

impl Writer {
    fn open(
        keeping: Keeping,
        mut telling: Telling,
        metrics: Arc<Metrics>,
        (news, gate): Followers,
    ) -> Result<Self, Error> {
        let history = keeping.place.open()?;
        let reached = history.reached()?;
        telling.remember(&history, Timestamp::now())?;
        info!(history = %keeping.place, nodes = reached.len(), "the history is open");
        let (troubled, troubles) = (false, Vec::new());
        Ok(Self { history, keeping, metrics, news, gate, reached, troubled, telling, troubles })
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Put(told, answer) => {
                let put = self.put(*told);
                self.note(&put);
                // Who does not wait any more asks again.
                let _ = answer.send(put.map_err(|error| error.to_string()));
            }
            Order::Reached(node, answer) => drop(answer.send(self.reached.get(&node).cloned())),
            Order::Closed(closed, after, at) => {
                self.telling.policies_changed(closed, after.state(), at);
                self.tell();
            }
            Order::Leaning(found, now) => {
                self.telling.leaning(&found, now);
                self.tell();
            }
            Order::Trim => {
                self.tell();
                let trimmed = self.trim();
                if let Err(error) = &trimmed {
                    warn!(%error, "what is too old cannot be given up");
                }
            }
        }
    }

    fn put(&mut self, told: Told) -> Result<(), Error> {
        let node = Arc::clone(&told.teller.node);
        let batch = account::batch(told, self.reached.get(&node));
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let put = self.history.put(&batch)?;
        let (boot, last) = (Arc::clone(&batch.mark.boot), batch.mark.last);
        self.reached.insert(node, Reached { boot, last, at: Some(batch.at) });
        if put == Put::Kept {
            self.metrics.stored(&batch.flows, &batch.lost);
            self.telling.took(&batch.flows);
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
                // A server may have taken what it did not say that it took.
                if let Ok(reached) = self.history.reached() {
                    self.reached = reached;
                }
                self.metrics.not_written();
                if !self.troubled {
                    error!(error = %found, "the history cannot be written; agents are asked again");
                }
            }
        }
        self.troubled = put.is_err();
        self.metrics.set_writable(!self.troubled);
    }

    /// Tells others what is over, and notes how it goes with telling them.
    fn tell(&mut self) {
        self.telling.tick(Timestamp::now());
        let told = self.telling.told();
        self.metrics.telling(&told);
        if told.troubles != self.troubles {
            told.troubles.iter().for_each(|why| warn!(why, "others cannot be told"));
        }
        self.troubles = told.troubles;
    }

    fn trim(&mut self) -> Result<(), Error> {
        let days = SignedDuration::from_hours(24 * i64::from(self.keeping.days));
        let slack = SignedDuration::from_hours(self.keeping.place.slack_hours());
        if let Ok(before) = Timestamp::now().checked_sub(days)
            && self.history.oldest()?.is_none_or(|oldest| oldest + slack < before)
        {
            self.history.trim_before(before)?;
        }
        self.history.trim_to(self.keeping.mib.saturating_mul(MIB))?;
        let oldest = self.history.oldest()?.map(Timestamp::as_second);
        self.metrics.standing(self.history.size()?, self.history.count()?, oldest);
        Ok(())
    }
}
