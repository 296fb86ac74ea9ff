//! `sekisho test -o json`.

use super::explain::Explanation;
use crate::results::{ResultOf, Results};
use schemars::JsonSchema;
use sekisho_core::promise::{self, Party, State};
use serde::Serialize;

/// What became of promises.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(title = "sekisho test")]
pub(super) struct Test<'a> {
    /// How many promises are kept.
    kept: usize,
    /// How many are broken.
    broken: usize,
    /// How many are about nothing, and do not say that they may be.
    match_nothing: usize,
    /// Each promise, in the order in which they were written.
    promises: Vec<Promise<'a>>,
}

/// A promise, and what became of it.
#[derive(Debug, JsonSchema, Serialize)]
struct Promise<'a> {
    /// Its name.
    name: &'a str,
    /// What is promised, as a sentence.
    sentence: String,
    /// Why, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'a str>,
    /// Where it was written, as `file:line:column`.
    source: String,
    /// What became of it.
    state: StateOf,
    /// What was looked at.
    checked: Checked,
    /// Of a broken promise: between whom it is broken, those from outside first. At most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    breaches: Vec<Breach>,
    /// Whether there are more breaches than are listed.
    has_more: bool,
    /// Of a promise that somebody can be reached on container ports: who has no such port.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unnamed: Vec<Unnamed>,
    /// Of a promise about nothing: its groups that have no member.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    empty_groups: Vec<EmptyGroup<'a>>,
    /// Why the packet of the first breach passes, or does not: what `sekisho explain` says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation<'a>>,
}

/// What became of a promise.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
enum StateOf {
    /// It is kept.
    Kept,
    /// It is broken.
    Broken,
    /// There is nothing that it is about.
    MatchesNothing,
}

/// What was looked at.
#[derive(Debug, JsonSchema, Serialize)]
struct Checked {
    /// How many pods that open connections.
    from_pods: u64,
    /// Whether addresses outside that open connections.
    from_outside: bool,
    /// How many pods that are reached.
    to_pods: u64,
    /// Whether addresses outside that are reached.
    to_outside: bool,
}

/// Two parties between which a promise does not hold.
#[derive(Debug, JsonSchema, Serialize)]
struct Breach {
    /// Who opens connections.
    from: End,
    /// To whom.
    to: End,
    /// The ports that are open and should not be, or closed and should not be, between some of their
    /// ends: as in `sekisho reach`.
    ports: Vec<String>,
    /// A packet that shows it, such as `10.0.0.1 -> 10.0.0.2 TCP/80`, with the name of a pod whose
    /// address no manifest tells.
    packet: String,
}

/// One end of a breach.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(untagged)]
enum End {
    /// Some pods of a workload.
    #[schemars(title = "workload")]
    Workload {
        /// Its `namespace/name`.
        workload: String,
        /// Its kind, such as `Deployment`.
        kind: String,
    },
    /// Addresses outside the cluster.
    #[schemars(title = "addresses")]
    Addresses {
        /// The fewest blocks that cover them; those are meant that no pod bears.
        cidrs: Vec<String>,
    },
}

/// Who has no such container port.
#[derive(Debug, JsonSchema, Serialize)]
struct Unnamed {
    /// The `namespace/name` of the workload.
    workload: String,
    /// As it was written: a name, or `declared` where the workload declares no port at all.
    port: String,
}

/// A group that nobody belongs to.
#[derive(Debug, JsonSchema, Serialize)]
struct EmptyGroup<'a> {
    /// Its name, or what the promise writes instead of one.
    group: &'a str,
    /// What was probably meant: a workload, a namespace, or a label as `key=value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    did_you_mean: Option<&'a str>,
}

impl<'a> From<&'a Results<'_>> for Test<'a> {
    fn from(results: &'a Results<'_>) -> Self {
        Self {
            kept: results.count(|state| matches!(state, State::Kept)),
            broken: results.count(State::is_broken),
            match_nothing: results.count(|state| matches!(state, State::MatchesNothing(_))),
            promises: results.list.iter().map(Promise::from).collect(),
        }
    }
}

impl<'a> From<&'a ResultOf<'_>> for Promise<'a> {
    fn from(result: &'a ResultOf<'_>) -> Self {
        let (promise, judgement) = (result.promise, &result.judgement);
        let mut this = Self {
            name: &promise.name,
            sentence: promise.to_string(),
            because: promise.because.as_deref(),
            source: promise.origin.to_string(),
            state: StateOf::Kept,
            checked: Checked {
                from_pods: judgement.from_pods,
                from_outside: judgement.from_outside,
                to_pods: judgement.to_pods,
                to_outside: judgement.to_outside,
            },
            breaches: Vec::new(),
            has_more: false,
            unnamed: Vec::new(),
            empty_groups: Vec::new(),
            explanation: result.answers.as_ref().map(Explanation::from),
        };
        match &judgement.state {
            State::Kept => {}
            State::Broken { breaches, has_more, unnamed } => {
                this.state = StateOf::Broken;
                this.has_more = *has_more;
                this.breaches = breaches.iter().zip(&result.packets).map(Breach::from).collect();
                let unnamed = unnamed.iter();
                let unnamed = unnamed.map(|(workload, port)| (workload.key.to_string(), port.to_string()));
                this.unnamed = unnamed.map(|(workload, port)| Unnamed { workload, port }).collect();
            }
            State::MatchesNothing(_) => {
                this.state = StateOf::MatchesNothing;
                let empty = result.empty.iter();
                this.empty_groups = empty
                    .map(|(group, meant)| EmptyGroup { group: &group.name, did_you_mean: meant.as_deref() })
                    .collect();
            }
        }
        this
    }
}

impl From<(&promise::Breach, &String)> for Breach {
    fn from((breach, packet): (&promise::Breach, &String)) -> Self {
        Self {
            from: End::from(&breach.from),
            to: End::from(&breach.to),
            ports: breach.ports.terms(),
            packet: packet.clone(),
        }
    }
}

impl From<&Party> for End {
    fn from(party: &Party) -> Self {
        match party {
            Party::Workload(workload) => {
                Self::Workload { workload: workload.key.to_string(), kind: workload.kind.to_string() }
            }
            Party::Addresses(addresses) => {
                Self::Addresses { cidrs: addresses.cidrs().iter().map(ToString::to_string).collect() }
            }
        }
    }
}
