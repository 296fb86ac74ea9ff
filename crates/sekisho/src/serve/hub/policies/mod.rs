//! What people are told of policies: what a change of them has closed of what flowed, and what passes only by a temporary
//! exception of the standard.
//!
//! It is asked beside the thread that writes, of the history as anybody asks it; only what is found is handed over.
//!
//! INVARIANT: where nobody is told, nothing is watched and nothing is kept.

mod known;

pub(super) use known::Standing;

use super::{metrics::Metrics, place::Place, writer::Desk};
use crate::settings;
use jiff::Timestamp;
use known::{Known, Policies};
use sekisho_core::standard::Standard;
use sekisho_history::{Error, telling};
use sekisho_k8s::watch::{News, Watched};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::mpsc::Receiver, time::timeout};
use tracing::{debug, info, warn};

/// Changes that follow one another within so long are looked at together, and how long the first of them waits at most.
const QUIET: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(10);
/// How long it takes at least to look again, when the history could not be asked.
const AGAIN: Duration = Duration::from_secs(30);

/// The standard whose exceptions are looked at, and how often.
#[derive(Clone, Debug)]
pub(super) struct Exceptions {
    pub(super) standard: Standard,
    pub(super) every: Duration,
}

/// Who looks at policies.
pub(super) struct Looks {
    pub(super) desk: Desk,
    pub(super) place: Place,
    pub(super) metrics: Arc<Metrics>,
    /// How far back it is asked what flowed.
    pub(super) memory: Duration,
    pub(super) exceptions: Option<Exceptions>,
}

/// A change of policies that is not looked at yet.
struct Pending {
    before: Policies,
    since: Instant,
    due: Instant,
}

impl Looks {
    /// Looks until nobody tells of the cluster any more. Blocks.
    pub(super) fn run(self, mut news: Receiver<News>) {
        let mut known = Known::default();
        let mut pending: Option<Pending> = None;
        let mut next_exceptions = None;
        let mut rested = Instant::now();
        while let Some(heard) = next(&mut news, pending.iter().map(|of| of.due).chain(next_exceptions).min())
        {
            let was_whole = known.is_whole();
            if let Some(news) = heard {
                self.hear(news, &mut known, &mut pending, rested);
            }
            if known.is_whole() && !was_whole {
                let (policies, pods) = known.counts();
                info!(policies, pods, "policies are known");
                next_exceptions = self.exceptions.as_ref().map(|_| Instant::now());
            }
            if let Some(change) = pending.take_if(|pending| pending.due <= Instant::now()) {
                // As long as a look took nothing is looked at: whoever changes a policy again and again may have half of a core.
                let begun = Instant::now();
                pending = self.look_at(change, &known);
                rested = Instant::now() + begun.elapsed();
                if let Some(failed) = &mut pending {
                    rested = rested.max(Instant::now() + AGAIN);
                    failed.due = rested;
                }
            }
            if let Some(exceptions) = &self.exceptions
                && next_exceptions.is_some_and(|next| next <= Instant::now())
            {
                self.look_at_exceptions(exceptions, &known);
                next_exceptions = Some(Instant::now() + exceptions.every);
            }
        }
    }

    /// Takes in what was heard. Of policies that may change by it, it is noted how they were; they are not looked at before
    /// `rested`.
    fn hear(&self, news: News, known: &mut Known, pending: &mut Option<Pending>, rested: Instant) {
        match &news {
            News::Trouble { kind, reason } => {
                self.metrics.trouble();
                warn!(%kind, %reason, "the API server does not tell of policies; what was told stays true");
            }
            News::Put(kind, _) | News::Gone(kind, _) | News::ListEnds(kind)
                if known.is_whole() && is_of_policies(*kind) =>
            {
                let now = Instant::now();
                let begins = || Pending { before: known.policies(), since: now, due: now };
                let change = pending.get_or_insert_with(begins);
                change.due = (now + QUIET).min(change.since + LONGEST).max(rested);
            }
            _ => {}
        }
        known.hear(news);
    }

    /// Asks what a change has closed. The change, where that could not be told.
    fn look_at(&self, change: Pending, known: &Known) -> Option<Pending> {
        if change.before == known.policies() {
            return None;
        }
        let at = Timestamp::now();
        let (before, after) = (known.with(change.before.clone()), known.standing());
        let (was, is) = (before.state(), after.state());
        let history = self.place.open_to_ask();
        let found = history.and_then(|history| telling::closed(&history, (was, is), at, self.memory));
        let Some(found) = self.noted(found) else { return Some(change) };
        if let Some(closed) = found {
            info!(closed = closed.len(), "policies were changed");
            self.desk.closed(closed, after, at);
        }
        None
    }

    /// Asks what leans on exceptions.
    fn look_at_exceptions(&self, exceptions: &Exceptions, known: &Known) {
        let standard = Standard { today: settings::today(), ..exceptions.standard.clone() };
        let (now, standing) = (Timestamp::now(), known.standing());
        let history = self.place.open_to_ask();
        let found =
            history.and_then(|history| telling::leaning_on(&history, standing.state(), &standard, now));
        if let Some(found) = self.noted(found) {
            debug!(exceptions = standard.exceptions.len(), leaning = found.len(), "looked at exceptions");
            self.desk.leaning(found, now);
        }
    }

    /// Counts a look, and says why one failed.
    fn noted<T>(&self, found: Result<T, Error>) -> Option<T> {
        self.metrics.looked(found.is_ok());
        found.map_err(|error| warn!(%error, "the history does not say what policies let pass")).ok()
    }
}

/// What is heard until something is `due`, if anything is; `None` where nobody tells any more.
fn next(news: &mut Receiver<News>, due: Option<Instant>) -> Option<Option<News>> {
    let Some(due) = due else { return news.blocking_recv().map(Some) };
    let wait = due.saturating_duration_since(Instant::now());
    Handle::current().block_on(timeout(wait, news.recv())).map_or(Some(None), |heard| heard.map(Some))
}

fn is_of_policies(kind: Watched) -> bool {
    !matches!(kind, Watched::Namespace | Watched::Node | Watched::Pod)
}
