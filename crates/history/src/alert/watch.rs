//! Deciding what to tell.

use super::{
    Alert, Name,
    cause::Cause,
    except::Leaning,
    predict::{Broken, State, View, broken, passes},
    words,
};
use sekisho_core::standard::Exception;
use sekisho_flow::{
    Timestamp,
    record::{Flow, Outcome, PolicyRef},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How much is remembered, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// What was denied within so long is not new; and what a change has closed is remembered for so long.
    pub memory: Duration,
    /// What is not denied for so long is over.
    pub quiet: Duration,
    /// How many alerts are open at most.
    pub open: usize,
    /// How many causes are remembered at most, of denials and of what changes have closed each; the oldest are forgotten.
    pub causes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let hour = Duration::from_secs(3600);
        Self { memory: 14 * 24 * hour, quiet: hour, open: 1_000, causes: 50_000 }
    }
}

/// What was told and is not over.
#[derive(Debug)]
struct Open {
    alert: Alert,
    last: Timestamp,
}

/// What a change has closed and nobody has tried yet, or somebody has.
#[derive(Debug)]
pub(super) struct Prediction {
    pub(super) flow: Flow,
    pub(super) by: BTreeSet<PolicyRef>,
    pub(super) at: Timestamp,
    /// Whether somebody has, and it was told.
    tried: bool,
}

/// Decides what to tell. It is told the time by the flows, and by [`Watch::tick`].
#[derive(Debug)]
pub struct Watch {
    limits: Limits,
    /// When it was last so, of what policies forbid.
    forbidden: BTreeMap<(Cause, Outcome), Timestamp>,
    predicted: BTreeMap<Cause, Prediction>,
    open: BTreeMap<(Name, Cause, String), Open>,
    untold: u64,
}

impl Watch {
    /// One that has seen nothing.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            forbidden: BTreeMap::new(),
            predicted: BTreeMap::new(),
            open: BTreeMap::new(),
            untold: 0,
        }
    }

    /// Notes what was seen before, and tells nothing of it: of a history, when the program starts.
    pub fn remember(&mut self, flow: &Flow) {
        if flow.key.outcome.is_forbidden() {
            self.note(Cause::of(&flow.key), flow);
        }
    }

    /// What is to be told of a flow.
    pub fn saw(&mut self, flow: &Flow) -> Vec<Alert> {
        if !flow.key.outcome.is_forbidden() {
            return Vec::new();
        }
        let cause = Cause::of(&flow.key);
        let before = self.note(cause.clone(), flow);
        let again = self.open.contains_key(&(Name::PredictedDenial, cause.clone(), String::new()));
        if flow.key.outcome == Outcome::Denied
            && let Some(prediction) = self.predicted.get_mut(&cause)
            && (again || !std::mem::replace(&mut prediction.tried, true))
        {
            let (alert, at) = (words::predicted(&cause, flow, prediction), flow.seen.last);
            let told = self.tell(Name::PredictedDenial, &cause, "", alert, at);
            let over = self.end(Name::WouldBreak, &cause, at);
            return over.into_iter().chain(told).collect();
        }
        // Of what is tried the other answer is told apart.
        let outcome = flow.key.outcome.to_string();
        if self.open.contains_key(&(Name::NewDenial, cause.clone(), outcome.clone())) || before.is_none() {
            let alert = words::new_denial(&cause, flow, self.limits.memory);
            return self.tell(Name::NewDenial, &cause, &outcome, alert, flow.seen.last).into_iter().collect();
        }
        Vec::new()
    }

    /// Notes that policies forbade it, and when they did before, where that is not forgotten.
    fn note(&mut self, cause: Cause, flow: &Flow) -> Option<Timestamp> {
        let place = (cause, flow.key.outcome);
        let before = self.forbidden.get(&place).copied();
        let last = before.map_or(flow.seen.last, |before| before.max(flow.seen.last));
        self.forbidden.insert(place, last);
        bound(&mut self.forbidden, self.limits.causes, |last| *last);
        before.filter(|before| *before >= ago(flow.seen.first, self.limits.memory))
    }

    /// Policies were changed at `at`: what of `flows`, that were allowed, does not pass any more. What an earlier change has closed and
    /// passes again is over.
    pub fn policies_changed<'f>(
        &mut self,
        before: State<'_>,
        after: State<'_>,
        at: Timestamp,
        flows: impl IntoIterator<Item = &'f Flow>,
    ) -> Vec<Alert> {
        self.closed(broken(before, after, flows), after, at)
    }

    /// Likewise, where it is known what does not pass any more.
    pub fn closed(&mut self, closed: Vec<Broken>, after: State<'_>, at: Timestamp) -> Vec<Alert> {
        let mut told = self.reopened(after, at);
        for found in closed {
            let cause = Cause::of(&found.flow.key);
            let alert = words::would_break(&cause, &found, at);
            told.extend(self.tell(Name::WouldBreak, &cause, "", alert, at));
            let Broken { flow, by, .. } = found;
            self.predicted.entry(cause).or_insert(Prediction { flow, by, at, tried: false });
            bound(&mut self.predicted, self.limits.causes, |prediction| prediction.at);
        }
        told
    }

    /// What passes again.
    fn reopened(&mut self, after: State<'_>, at: Timestamp) -> Vec<Alert> {
        if self.predicted.is_empty() {
            return Vec::new();
        }
        let view = View::of(after);
        let passing = |(_, prediction): &(&Cause, &Prediction)| passes(&view, &prediction.flow) == Some(true);
        let open: Vec<Cause> =
            self.predicted.iter().filter(passing).map(|(cause, _)| cause.clone()).collect();
        let mut told = Vec::new();
        for cause in open {
            self.predicted.remove(&cause);
            told.extend(self.end(Name::WouldBreak, &cause, at));
            told.extend(self.end(Name::PredictedDenial, &cause, at));
        }
        told
    }

    /// What flows by exceptions alone, all of it: what is new is told, and what is not among it any more is over.
    pub fn leaning(&mut self, found: &[Leaning], at: Timestamp) -> Vec<Alert> {
        let mut told = Vec::new();
        let mut now = BTreeSet::new();
        for leaning in found {
            let cause = Cause::of(&leaning.flow.key);
            let exception = exception_name(leaning);
            let alert = words::only_by_exception(&cause, leaning, at);
            told.extend(self.tell(Name::OnlyByException, &cause, &exception, alert, at));
            now.insert((Name::OnlyByException, cause, exception));
        }
        let over = self.open.keys().filter(|key| key.0 == Name::OnlyByException && !now.contains(*key));
        let over: Vec<_> = over.cloned().collect();
        told.extend(over.into_iter().filter_map(|key| ended(self.open.remove(&key), at)));
        told
    }

    /// Time is `now`: what is over is told, and what is old forgotten.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Alert> {
        let long_ago = ago(now, self.limits.memory);
        self.forbidden.retain(|_, last| *last >= long_ago);
        self.predicted.retain(|_, prediction| prediction.at >= long_ago);
        let quiet = ago(now, self.limits.quiet);
        let is_over = |((name, cause, _), open): &(&(Name, Cause, String), &Open)| match name {
            Name::NewDenial | Name::PredictedDenial => open.last <= quiet,
            Name::WouldBreak => !self.predicted.contains_key(cause),
            Name::OnlyByException => false,
        };
        let over: Vec<_> = self.open.iter().filter(is_over).map(|(key, _)| key.clone()).collect();
        over.into_iter().filter_map(|key| ended(self.open.remove(&key), now)).collect()
    }

    /// What was told and is not over, sorted.
    pub fn open(&self) -> impl Iterator<Item = &Alert> {
        self.open.values().map(|open| &open.alert)
    }

    /// How many things were not told, because too many are open.
    #[must_use]
    pub fn untold(&self) -> u64 {
        self.untold
    }

    /// The alert, where it was not told already and there is room.
    fn tell(&mut self, name: Name, cause: &Cause, more: &str, alert: Alert, at: Timestamp) -> Option<Alert> {
        let key = (name, cause.clone(), more.to_owned());
        if let Some(open) = self.open.get_mut(&key) {
            open.last = open.last.max(at);
            return None;
        }
        if self.open.len() >= self.limits.open {
            self.untold = self.untold.saturating_add(1);
            return None;
        }
        self.open.insert(key, Open { alert: alert.clone(), last: at });
        Some(alert)
    }

    fn end(&mut self, name: Name, cause: &Cause, at: Timestamp) -> Option<Alert> {
        ended(self.open.remove(&(name, cause.clone(), String::new())), at)
    }
}

fn ended(open: Option<Open>, at: Timestamp) -> Option<Alert> {
    open.map(|open| Alert { ends: Some(at), ..open.alert })
}

fn ago(now: Timestamp, how_long: Duration) -> Timestamp {
    now.checked_sub(how_long).unwrap_or(Timestamp::MIN)
}

/// Forgets the oldest eighth, where there are too many.
fn bound<K: Ord + Clone, V>(of: &mut BTreeMap<K, V>, most: usize, when: impl Fn(&V) -> Timestamp) {
    if of.len() <= most {
        return;
    }
    let mut times: Vec<Timestamp> = of.values().map(&when).collect();
    times.sort_unstable();
    let Some(cut) = times.get(times.len() - (most - most / 8)).copied() else { return of.clear() };
    of.retain(|_, value| when(value) >= cut);
    // Many of one moment.
    while of.len() > most {
        of.pop_first();
    }
}

/// An exception that has expired is told anew.
fn exception_name(Leaning { exception, expired, .. }: &Leaning) -> String {
    let Exception { component, direction, with, until, .. } = exception;
    format!("{component} {direction} {with} {until} {expired}")
}
