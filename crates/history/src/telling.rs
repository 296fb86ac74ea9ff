//! Who is told of what comes: a collector of everything, and receivers of alerts of what people should know.
//!
//! Whoever takes batches hands on what was taken ([`Telling::took`]), and says what time it is. None of it waits for whoever is told.
//! Whoever watches policies asks the history what a change has closed ([`closed`]) and what leans on exceptions ([`leaning_on`]),
//! which takes its time and may be done beside who takes batches; that one tells of it.

use crate::{
    Error, History, HttpError,
    alert::{self, Alert, Broken, Leaning, Notifier, Receiver, State, Watch, broken, changed, leaning},
    export::{self, Collector, Exporter},
};
use sekisho_core::standard::Standard;
use sekisho_flow::{
    Timestamp,
    otlp::Teller,
    query::{Period, Query},
    record::{Flow, Outcome},
};
use std::{ops::ControlFlow, time::Duration};

/// What flowed within so long is looked at when it is asked what leans on exceptions.
const LATELY: Duration = Duration::from_secs(24 * 3600);

/// Who is to be told.
#[derive(Clone, Debug, Default)]
pub struct To {
    /// Everything, as log records.
    pub collector: Option<Collector>,
    /// Alerts.
    pub receivers: Vec<Receiver>,
    /// Who tells.
    pub teller: Teller,
    /// A page that says more of alerts, or empty.
    pub about: String,
}

/// Tells what comes.
#[derive(Debug)]
pub struct Telling {
    limits: alert::Limits,
    watch: Watch,
    notifiers: Vec<Notifier>,
    exporter: Option<Exporter>,
}

/// What became of what was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// By the collector; `None` where there is none.
    pub exported: Option<export::Counts>,
    /// By each receiver, in their order.
    pub receivers: Vec<alert::Told>,
    /// Alerts that are not over.
    pub open: usize,
    /// What was not told, because too much is open.
    pub untold: u64,
    /// The last thing that went wrong with each of those who are told, while it does.
    pub troubles: Vec<String>,
}

impl Telling {
    /// Begins to tell.
    ///
    /// # Errors
    /// When there can be no connections, or no threads.
    pub fn start(to: To, limits: alert::Limits, queue: export::Limits) -> Result<Self, HttpError> {
        let To { collector, receivers, teller, about } = to;
        let exporter = collector.map(|collector| Exporter::start(collector, teller, queue)).transpose()?;
        let notifier = |receiver| Notifier::start(receiver, about.clone(), Timestamp::now);
        let notifiers = receivers.into_iter().map(notifier).collect::<Result<_, _>>()?;
        Ok(Self { limits, watch: Watch::new(limits), notifiers, exporter })
    }

    /// Learns what was denied before, of which nobody is told: when the program starts.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn remember(&mut self, history: &History, now: Timestamp) -> Result<(), Error> {
        let query = Query {
            outcomes: [Outcome::Denied, Outcome::Audited].into(),
            period: since(now, self.limits.memory),
            ..Query::default()
        };
        history.flows(&query, |flow| {
            self.watch.remember(&flow);
            ControlFlow::Continue(())
        })
    }

    /// Tells of what was taken.
    pub fn took(&mut self, flows: &[Flow]) {
        if let Some(exporter) = &self.exporter {
            exporter.offer(flows.iter().cloned());
        }
        let told: Vec<Alert> = flows.iter().flat_map(|flow| self.watch.saw(flow)).collect();
        self.tell(&told);
    }

    /// Tells what a change of policies, at `at`, has closed of what flowed, and what passes again since: what [`closed`] found.
    pub fn policies_changed(&mut self, closed: Vec<Broken>, after: State<'_>, at: Timestamp) {
        let told = self.watch.closed(closed, after, at);
        self.tell(&told);
    }

    /// Tells what lately passed by temporary exceptions of the standard alone: what [`leaning_on`] found.
    pub fn leaning(&mut self, found: &[Leaning], now: Timestamp) {
        let told = self.watch.leaning(found, now);
        self.tell(&told);
    }

    /// Time is `now`: what is over is told. To be called every minute or so.
    pub fn tick(&mut self, now: Timestamp) {
        let told = self.watch.tick(now);
        self.tell(&told);
    }

    /// What was told and is not over.
    pub fn open(&self) -> impl Iterator<Item = &Alert> {
        self.watch.open()
    }

    /// What became of what was told.
    #[must_use]
    pub fn told(&self) -> Told {
        let exporter = self.exporter.as_ref();
        let troubles = exporter.and_then(Exporter::trouble).into_iter();
        Told {
            exported: exporter.map(Exporter::counts),
            receivers: self.notifiers.iter().map(Notifier::told).collect(),
            open: self.watch.open().count(),
            untold: self.watch.untold(),
            troubles: troubles.chain(self.notifiers.iter().filter_map(Notifier::trouble)).collect(),
        }
    }

    fn tell(&self, told: &[Alert]) {
        for notifier in self.notifiers.iter().filter(|_| !told.is_empty()) {
            notifier.tell(told, self.watch.open().cloned().collect());
        }
    }
}

/// What a change of policies, at `at`, has closed of what flowed within `memory`; `None` where no policy differs. Both states are
/// without policies that are only tried.
///
/// # Errors
/// When the history cannot be read.
pub fn closed(
    history: &History,
    (before, after): (State<'_>, State<'_>),
    at: Timestamp,
    memory: Duration,
) -> Result<Option<Vec<Broken>>, Error> {
    if changed(before.cluster, after.cluster).is_empty() {
        return Ok(None);
    }
    let allowed = allowed(history, since(at, memory))?;
    Ok(Some(broken(before, after, &allowed)))
}

/// What lately, at `now`, passed by temporary exceptions of the standard alone. The state is without policies that are only tried.
///
/// # Errors
/// When the history cannot be read.
pub fn leaning_on(
    history: &History,
    state: State<'_>,
    standard: &Standard,
    now: Timestamp,
) -> Result<Vec<Leaning>, Error> {
    if standard.exceptions.is_empty() {
        return Ok(Vec::new());
    }
    let allowed = allowed(history, since(now, LATELY))?;
    Ok(leaning(state, standard, &allowed))
}

fn since(now: Timestamp, how_long: Duration) -> Period {
    Period { since: now.checked_sub(how_long).ok(), until: None }
}

/// What was allowed, each kind once.
fn allowed(history: &History, period: Period) -> Result<Vec<Flow>, Error> {
    history.totals(&Query { outcomes: [Outcome::Allowed].into(), period, ..Query::default() })
}
