//! `sekisho diff -o json`.

use super::{
    place,
    reach::{self, End, Family},
};
use schemars::JsonSchema;
use sekisho_core::{
    diff::{self, Cause, Reason, When},
    object::Direction,
};
use serde::Serialize;

/// What differs between two states of a cluster.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(title = "sekisho diff")]
pub(super) struct Difference<'a> {
    /// Whether anything does. The exit status says the same.
    differs: bool,
    /// Connections between ends that both states have, the riskiest first.
    changes: Vec<Change<'a>>,
    /// Workloads that policies isolate in a direction in one state only.
    protection: Vec<Protection<'a>>,
    /// Workloads that the new state alone has.
    came: Arrivals<'a>,
    /// Workloads that the old state alone has.
    went: Arrivals<'a>,
}

/// Connections that differ alike: from each of one end to each of the other.
#[derive(Debug, JsonSchema, Serialize)]
struct Change<'a> {
    /// What becomes of them.
    change: Kind,
    /// How much it should be looked at; by this the changes are sorted.
    risk: Risk,
    /// Who opens them: any of these.
    from: Vec<End<'a>>,
    /// To whom: any of these.
    to: Vec<End<'a>>,
    /// The only address family that this holds for. Missing where it holds for every family that both
    /// ends have.
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<Family>,
    /// The ports that were allowed, written as `sekisho reach` does; none in an empty list.
    before: Vec<String>,
    /// The ports that are allowed.
    after: Vec<String>,
    /// The ports that are allowed and were not.
    opened: Vec<String>,
    /// The ports that were allowed and are not.
    closed: Vec<String>,
    /// The policies that make the difference.
    because: Vec<Because>,
    /// A packet that is decided otherwise than before; null where none was found.
    witness: Option<Witness>,
}

/// What becomes of connections.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// No port was allowed before.
    Opened,
    /// Other ports than before.
    Changed,
    /// No port is allowed any more.
    Closed,
}

/// How much a change should be looked at, the riskiest first.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Risk {
    /// Opened to all of the internet, but for some blocks at most.
    FromInternet,
    /// Opened to some addresses outside.
    FromAddresses,
    /// Opened to pods of another namespace.
    FromOtherNamespace,
    /// Opened to pods of the same namespace.
    WithinNamespace,
    /// Opened from pods to addresses outside.
    ToOutside,
    /// Closed, and nothing opened.
    Closed,
}

/// A policy that makes a difference.
#[derive(Debug, JsonSchema, Serialize)]
struct Because {
    /// The policy, as `namespace/name`; one of the whole cluster as kind and name.
    policy: String,
    /// In which direction it decides.
    direction: Way,
    /// What it does.
    effect: Effect,
    /// The path of the entry that allows or denies, or did; null where the policy isolates, or did.
    rule: Option<String>,
    /// Which state has it.
    state: State,
    /// Where it was written, as `file:line:column`; null for what was not read from a text.
    source: Option<String>,
}

/// A direction, as the subject of a policy sees it.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
enum Way {
    /// Into it.
    Ingress,
    /// Out of it.
    Egress,
}

/// What a policy does.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Effect {
    /// A rule allows, where none did.
    Allows,
    /// It isolated, and no policy does any more.
    NoLongerIsolates,
    /// It isolates, and no policy did.
    Isolates,
    /// A rule allowed, and none does any more.
    NoLongerAllows,
    /// A rule of a cluster-wide policy denies.
    Denies,
    /// A rule of a cluster-wide policy denied.
    NoLongerDenies,
}

/// One of the two states.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// The state before.
    Old,
    /// The state after.
    New,
}

/// A packet in both states, such as `10.0.0.1 -> 10.0.0.2 TCP/80`, with the name of a pod whose address
/// nobody knows.
#[derive(Debug, JsonSchema, Serialize)]
struct Witness {
    /// In the old state.
    old: String,
    /// In the new one.
    new: String,
}

/// Pods that some policy isolates in one state only.
#[derive(Debug, JsonSchema, Serialize)]
struct Protection<'a> {
    /// Whether it is the new state in which one does.
    gained: bool,
    /// The direction.
    direction: Way,
    /// The pods.
    of: Vec<End<'a>>,
    /// The policies that isolate them, in the state where some do.
    policies: Vec<String>,
}

/// Workloads that one state alone has.
#[derive(Debug, JsonSchema, Serialize)]
struct Arrivals<'a> {
    /// The workloads.
    workloads: Vec<Arrival>,
    /// Every connection that has one of them at either end, in the state that has them.
    connections: Vec<reach::Connection<'a>>,
}

/// A workload that one state alone has.
#[derive(Debug, JsonSchema, Serialize)]
struct Arrival {
    /// Its `namespace/name`.
    workload: String,
    /// Its kind.
    kind: String,
}

impl<'a> From<&'a diff::Difference> for Difference<'a> {
    fn from(difference: &'a diff::Difference) -> Self {
        Self {
            differs: !difference.is_empty(),
            changes: difference.changes.iter().map(Change::from).collect(),
            protection: difference.protection.iter().map(Protection::from).collect(),
            came: Arrivals::from(&difference.came),
            went: Arrivals::from(&difference.went),
        }
    }
}

impl<'a> From<&'a diff::ConnectionChange> for Change<'a> {
    fn from(change: &'a diff::ConnectionChange) -> Self {
        Self {
            change: match change.kind() {
                diff::Kind::Opened => Kind::Opened,
                diff::Kind::Changed => Kind::Changed,
                diff::Kind::Closed => Kind::Closed,
            },
            risk: change.risk.into(),
            from: reach::ends(&change.from),
            to: reach::ends(&change.to),
            family: change.family.map(Family::from),
            before: change.before.terms(),
            after: change.after.terms(),
            opened: change.opened().terms(),
            closed: change.closed().terms(),
            because: change.causes.iter().map(Because::from).collect(),
            witness: change
                .witness
                .as_ref()
                .map(|witness| Witness { old: witness.old.to_string(), new: witness.new.to_string() }),
        }
    }
}

impl From<diff::Risk> for Risk {
    fn from(risk: diff::Risk) -> Self {
        match risk {
            diff::Risk::FromInternet => Self::FromInternet,
            diff::Risk::FromAddresses => Self::FromAddresses,
            diff::Risk::FromOtherNamespace => Self::FromOtherNamespace,
            diff::Risk::WithinNamespace => Self::WithinNamespace,
            diff::Risk::ToOutside => Self::ToOutside,
            diff::Risk::Closed => Self::Closed,
        }
    }
}

impl From<&Cause> for Because {
    fn from(cause: &Cause) -> Self {
        let effect = match &cause.reason {
            Reason::Allows(_) | Reason::Accepts(_) => Effect::Allows,
            Reason::NoLongerAllows(_) | Reason::NoLongerAccepts(_) => Effect::NoLongerAllows,
            Reason::Isolates => Effect::Isolates,
            Reason::NoLongerIsolates => Effect::NoLongerIsolates,
            Reason::Denies(_) => Effect::Denies,
            Reason::NoLongerDenies(_) => Effect::NoLongerDenies,
        };
        Self {
            policy: cause.policy.to_string(),
            direction: cause.direction.into(),
            effect,
            rule: cause.reason.path(),
            state: match cause.reason.when() {
                When::Old => State::Old,
                When::New => State::New,
            },
            source: place(&cause.origin),
        }
    }
}

impl From<Direction> for Way {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Ingress => Self::Ingress,
            Direction::Egress => Self::Egress,
        }
    }
}

impl<'a> From<&'a diff::Protection> for Protection<'a> {
    fn from(protection: &'a diff::Protection) -> Self {
        Self {
            gained: protection.is_gained,
            direction: protection.direction.into(),
            of: reach::ends(&protection.of),
            policies: protection.policies.iter().map(|(key, _)| key.to_string()).collect(),
        }
    }
}

impl<'a> From<&'a diff::Arrivals> for Arrivals<'a> {
    fn from(arrivals: &'a diff::Arrivals) -> Self {
        let workload = |workload: &std::sync::Arc<sekisho_core::object::Workload>| Arrival {
            workload: workload.key.to_string(),
            kind: workload.kind.to_string(),
        };
        Self {
            workloads: arrivals.workloads.iter().map(workload).collect(),
            connections: arrivals.connections.iter().map(reach::Connection::from).collect(),
        }
    }
}
