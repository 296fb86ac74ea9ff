//! `sekisho recommend -o json`.

use crate::render::recommend::{doubts, left, moment};
use schemars::JsonSchema;
use sekisho_core::object::Direction;
use sekisho_k8s::emit::{Remarks, policy};
use sekisho_recommend::{
    Basis, Left, PolicyAdvice, Recommendation, RuleAdvice,
    beyond::Beyond,
    evidence::{Confidence, Evidence},
    history::{self, History},
    narrow::Narrowing,
    replay::Refused,
    roster::Roster,
};
use serde::Serialize;

/// The narrowest policies that what was seen needs, and what comes of them.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(title = "sekisho recommend")]
pub(super) struct Recommend {
    /// Whether all that was seen to pass would pass, as far as it can be told. The exit status says the same.
    keeps_everything: bool,
    /// How many records of flows it was made of.
    records: u64,
    /// The stretch of time that they are of; null where nothing was seen.
    period: Option<Period>,
    /// The policies that are to be applied, by name.
    policies: Vec<Policy>,
    /// Policies that are as they should be, as `namespace/name`.
    unchanged: Vec<String>,
    /// What was seen to pass, as kinds of connections.
    kinds: usize,
    /// How many connections these were.
    connections: u64,
    /// What was seen and would not pass, the most frequent first.
    refused: Vec<Denied>,
    /// What was seen and cannot become a rule.
    untold: Vec<Untold>,
    /// What is left to people.
    left: Vec<LeftOver>,
    /// What would pass and was not seen, the riskiest first.
    beyond: Vec<More>,
    /// With `--narrow`: the entries that let in more than came.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    narrowed: Vec<Narrowed>,
}

/// An entry that lets in more than came.
#[derive(Debug, JsonSchema, Serialize)]
struct Narrowed {
    /// The policy's `namespace/name`.
    policy: String,
    /// Where it stands in it, such as `spec.ingress[0].from[2]`.
    path: String,
    /// Where it was written; null where that is not known.
    origin: Option<String>,
    /// Who came by it.
    came: Vec<Came>,
    /// How many entries take its place; null where it stays, because no labels select alone who came.
    entries: Option<usize>,
}

/// Who came by an entry.
#[derive(Debug, JsonSchema, Serialize)]
struct Came {
    /// Who.
    who: String,
    /// What was seen of it.
    seen: Seen,
}

impl From<&Narrowing> for Narrowed {
    fn from(one: &Narrowing) -> Self {
        let came = one.came.iter().map(|(who, evidence)| Came { who: who.clone(), seen: evidence.into() });
        Self {
            policy: one.policy.to_string(),
            path: one.path.clone(),
            origin: super::place(&one.origin),
            came: came.collect(),
            entries: one.entries,
        }
    }
}

impl Period {
    pub(super) fn new(from: String, to: String) -> Self {
        Self { from, to }
    }
}

/// A stretch of time.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Period {
    /// Its first moment.
    from: String,
    /// The first moment after it.
    to: String,
}

/// A policy.
#[derive(Debug, JsonSchema, Serialize)]
struct Policy {
    /// Its `namespace/name`.
    name: String,
    /// Whom it is about: a `namespace/name` of a component or workload; null for all pods of the namespace.
    about: Option<String>,
    /// Whether it is only tried.
    staged: bool,
    /// The policy whose place it takes, and where that is written where it is; null for a new one.
    replaces: Option<String>,
    /// The manifest, as YAML.
    manifest: String,
    /// What each of its peers rests on.
    peers: Vec<Peer>,
}

/// A peer of a rule.
#[derive(Debug, JsonSchema, Serialize)]
struct Peer {
    /// Its path in the policy, such as `spec.egress[0].to[1]`.
    path: String,
    /// Who that is; empty where the peer says it itself.
    who: String,
    /// Why it is there.
    because: Because,
    /// What was seen of it; null where nothing was.
    seen: Option<Seen>,
    /// Ports of the rule on which it was not seen, and which are needed with the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unseen: Vec<String>,
}

/// Why a peer is there.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Because {
    /// It was seen.
    Seen,
    /// It answers DNS, and was not seen.
    Dns,
    /// It is a load balancer, and was not seen.
    LoadBalancer,
    /// It was there before, and is left as it was.
    Kept,
}

/// What was seen.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Seen {
    /// How many connections, at least.
    count: u64,
    /// When the first was seen.
    first: String,
    /// When the last was.
    last: String,
    /// Who saw them.
    observers: Vec<String>,
    /// Pods at the source, some of them.
    from_pods: Vec<String>,
    /// Pods at the destination, some of them.
    to_pods: Vec<String>,
    /// How much is to be relied upon it: `high`, `medium` or `low`. Missing where there is no rule to rely upon.
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<String>,
    /// What speaks against it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    doubts: Vec<String>,
}

/// What was seen and would not pass.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Denied {
    /// Who opens it.
    from: String,
    /// To whom.
    to: String,
    /// On which port: `TCP/443`.
    port: String,
    /// What was seen of it.
    seen: Seen,
    /// Why it would not pass.
    why: String,
    /// The policies that isolate the pods that refuse it.
    policies: Vec<String>,
    /// Whether the policies that are there refuse it as well.
    already: bool,
}

/// What was seen and cannot become a rule.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Untold {
    /// What.
    what: String,
    /// Why not.
    why: String,
    /// What was seen of it.
    seen: Seen,
}

/// What is left to people.
#[derive(Debug, JsonSchema, Serialize)]
struct LeftOver {
    /// What it is about: a policy, a workload or a namespace.
    about: String,
    /// The direction: `ingress` or `egress`.
    direction: String,
    /// What is left to do, and why.
    message: String,
}

/// What would pass and was not seen.
#[derive(Debug, JsonSchema, Serialize)]
struct More {
    /// Who may open it.
    from: String,
    /// To whom.
    to: String,
    /// On which ports.
    ports: Vec<String>,
}

impl Recommend {
    pub(super) fn of(
        (found, narrowed): (&Recommendation, &[Narrowing]),
        seen: &History,
        roster: &Roster,
    ) -> Self {
        let period =
            seen.window.map(|window| Period { from: moment(window.from()), to: moment(window.to()) });
        Self {
            keeps_everything: found.keeps_everything(),
            records: seen.records,
            period,
            policies: found.policies.iter().map(|advice| Policy::of(advice, seen, roster)).collect(),
            unchanged: found.unchanged.iter().map(ToString::to_string).collect(),
            kinds: found.proof.kinds,
            connections: found.proof.connections,
            refused: found.proof.refused.iter().map(Denied::from).collect(),
            untold: found.untold.iter().map(Untold::from).collect(),
            left: found.left.iter().map(LeftOver::from).collect(),
            beyond: found.proof.beyond.iter().map(More::from).collect(),
            narrowed: narrowed.iter().map(Narrowed::from).collect(),
        }
    }
}

impl Policy {
    fn of(advice: &PolicyAdvice, seen: &History, roster: &Roster) -> Self {
        let replaces = advice.replaces.as_ref().map(|known| match known.origin.is_known() {
            true => format!("{}, {}", known.key, known.origin),
            false => known.key.to_string(),
        });
        let group =
            advice.about.as_ref().and_then(|key| roster.groups().iter().find(|one| one.key() == *key));
        let pods = group.map(|group| group.pods.len()).unwrap_or_default();
        let rules = advice.rules.iter().flat_map(|(direction, rules)| {
            rules.iter().enumerate().flat_map(move |(at, rule)| peers(rule, (*direction, at), (pods, seen)))
        });
        Self {
            name: advice.policy.key.to_string(),
            about: advice.about.as_ref().map(ToString::to_string),
            staged: advice.policy.is_audited(),
            replaces,
            manifest: policy(&advice.policy, &Remarks::new()).to_document(),
            peers: rules.collect(),
        }
    }
}

fn peers(
    rule: &RuleAdvice,
    (direction, at): (Direction, usize),
    (pods, seen): (usize, &History),
) -> Vec<Peer> {
    let peer = |(index, peer): (usize, &sekisho_recommend::PeerAdvice)| {
        let because = match &peer.basis {
            Basis::Seen(_) => Because::Seen,
            Basis::Dns => Because::Dns,
            Basis::Balancer(_) => Because::LoadBalancer,
            Basis::Kept => Because::Kept,
        };
        let evidence = peer.basis.evidence().map(|evidence| {
            let doubts = doubts(evidence, direction, pods, seen);
            Seen {
                confidence: Some(Confidence::of(&doubts).to_string()),
                doubts: doubts.iter().map(ToString::to_string).collect(),
                ..Seen::from(evidence)
            }
        });
        let path = format!("spec.{direction}[{at}].{}[{index}]", direction.peer_field());
        let unseen = peer.unseen.iter().map(|(protocol, port)| format!("{protocol}/{port}")).collect();
        Peer { path, who: peer.who.clone(), because, seen: evidence, unseen }
    };
    rule.peers.iter().enumerate().map(peer).collect()
}

impl From<&Evidence> for Seen {
    fn from(evidence: &Evidence) -> Self {
        Self {
            count: evidence.count(),
            first: moment(evidence.first),
            last: moment(evidence.last),
            observers: evidence.observers().iter().map(ToString::to_string).collect(),
            from_pods: evidence.from_pods.iter().map(ToString::to_string).collect(),
            to_pods: evidence.to_pods.iter().map(ToString::to_string).collect(),
            confidence: None,
            doubts: Vec::new(),
        }
    }
}

impl From<&Refused> for Denied {
    fn from(one: &Refused) -> Self {
        Self {
            from: one.call.from.to_string(),
            to: one.call.to.to_string(),
            port: one.call.traffic().to_string(),
            seen: (&one.evidence).into(),
            why: one.refusal.why.clone(),
            policies: one.refusal.policies.iter().map(ToString::to_string).collect(),
            already: one.already,
        }
    }
}

impl From<&history::Untold> for Untold {
    fn from(one: &history::Untold) -> Self {
        Self { what: one.what.clone(), why: one.why.to_string(), seen: (&one.evidence).into() }
    }
}

impl From<&Left> for LeftOver {
    fn from(one: &Left) -> Self {
        let (about, direction) = match one {
            Left::Subject(key, direction) | Left::Unstaged(key, direction) | Left::Open(key, direction) => {
                (key.to_string(), direction)
            }
            Left::Peer { subject, direction, .. } => (subject.to_string(), direction),
            Left::Baseline(namespace, direction, _) => (namespace.to_string(), direction),
        };
        Self { about, direction: direction.to_string(), message: left(one) }
    }
}

impl From<&Beyond> for More {
    fn from(one: &Beyond) -> Self {
        Self { from: one.from.clone(), to: one.to.clone(), ports: one.ports.terms() }
    }
}
