//! What was seen, as connections between those whom policies can name.

mod read;

use crate::{
    asked::Asked,
    evidence::Evidence,
    roster::{GroupId, Roster},
};
use read::{Read, Reader};
use sekisho_core::{
    object::{Cluster, Direction, ObjectKey, Workload},
    packet::Traffic,
    set::Protocol,
};
use sekisho_flow::{
    Timestamp,
    record::{Flow, Outcome, Window},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
    sync::Arc,
};

/// An end of a connection, as policies can name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// Pods of a workload, which are of this group.
    Pods(GroupId, Workload),
    /// A node, by name.
    Node(Arc<str>),
    /// An address outside the cluster.
    Address(IpAddr),
}

impl Party {
    /// The group, of pods.
    #[must_use]
    pub fn group(&self) -> Option<GroupId> {
        match self {
            Self::Pods(group, _) => Some(*group),
            Self::Node(_) | Self::Address(_) => None,
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pods(_, workload) => workload.key.fmt(f),
            Self::Node(name) => write!(f, "node {name}"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// A kind of connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// Who opens it.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// The protocol.
    pub protocol: Protocol,
    /// The port of whom it is opened to.
    pub port: u16,
}

impl Call {
    /// Whose policies decide in `direction`.
    #[must_use]
    pub fn subject(&self, direction: Direction) -> &Party {
        match direction {
            Direction::Egress => &self.from,
            Direction::Ingress => &self.to,
        }
    }

    /// Who stands opposite.
    #[must_use]
    pub fn peer(&self, direction: Direction) -> &Party {
        match direction {
            Direction::Egress => &self.to,
            Direction::Ingress => &self.from,
        }
    }

    /// What it carries.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        Traffic::Port(self.protocol, self.port)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} {}", self.from, self.to, self.traffic())
    }
}

/// Why something that was seen cannot become a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Untellable {
    /// Nobody can say who stands at an end of it.
    Anyone,
    /// Its addresses were folded into a block.
    Folded,
    /// Its ports were folded.
    Ports,
    /// It has no ports: a rule could let it pass only with every port (S33).
    NoPorts,
    /// It went to a Service of which it is not known where it leads.
    Service,
    /// The workload is not there, or not any more.
    Gone(ObjectKey),
    /// The addresses of the node are not known.
    Node,
}

impl fmt::Display for Untellable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("nobody can say who stands at an end of it"),
            Self::Folded => f.write_str("its addresses were folded into a block"),
            Self::Ports => f.write_str("its ports were folded"),
            Self::NoPorts => {
                f.write_str("it has no ports, so only a rule that lets every port pass would let it")
            }
            Self::Service => f.write_str("it is not known to which pods the Service leads"),
            Self::Gone(key) => write!(f, "`{key}` is not among what was read of the cluster"),
            Self::Node => f.write_str("the addresses of the node are not known"),
        }
    }
}

/// Groups, and the directions in which their policies decide.
pub type Subjects = BTreeSet<(GroupId, Direction)>;

/// What was seen and cannot become a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold {
    /// What: who opens what to whom.
    pub what: String,
    /// Why not.
    pub why: Untellable,
    /// How often it was seen, and when.
    pub evidence: Evidence,
    /// The groups whose policies decide about it, and in which direction.
    pub subjects: Subjects,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct History {
    /// The connections that passed.
    pub passed: BTreeMap<Call, Evidence>,
    /// Those that were denied.
    pub denied: BTreeMap<Call, Evidence>,
    /// Those that passed and cannot become rules, sorted.
    pub untold: Vec<Untold>,
    /// How many records were read, and are of the time that is asked about.
    pub records: u64,
    /// How many of them need no rule: a pod's own node (S20), the pod itself (S21), neighbour discovery (S34), and
    /// what has no pod at either end.
    pub exempt: u64,
    /// From the first to the last that was seen, or what is asked about.
    pub window: Option<Window>,
}

impl History {
    /// What `flows` tell of the pods of `roster`, within the time that is asked about.
    pub fn of(
        flows: impl IntoIterator<Item = Flow>,
        cluster: &Cluster,
        roster: &Roster,
        asked: &Asked,
    ) -> Self {
        let mut history = Self::default();
        let reader = Reader { cluster, roster };
        let mut untold: BTreeMap<(String, Untellable, Subjects), Evidence> = BTreeMap::new();
        let mut refused: BTreeSet<String> = BTreeSet::new();
        let mut span: Option<(Timestamp, Timestamp)> = None;
        for flow in flows {
            let (first, last) = (flow.seen.first, flow.seen.last);
            if !asked.is_within(first, last) {
                continue;
            }
            history.records += 1;
            span = Some(span.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
            let evidence = reader.evidence(&flow);
            match reader.read(&flow) {
                Read::Exempt => history.exempt += 1,
                Read::Untold(why) => {
                    let key = &flow.key;
                    let what = format!("{} -> {} {}", key.from, key.to, key.carried);
                    if key.outcome != Outcome::Denied {
                        add(&mut untold, (what, why, reader.subjects(&flow)), &evidence);
                    } else if evidence.was_seen_at(Direction::Ingress) {
                        refused.insert(what);
                    }
                }
                Read::Calls(calls) => {
                    let is_denied = flow.key.outcome == Outcome::Denied;
                    let known = if is_denied { &mut history.denied } else { &mut history.passed };
                    calls.into_iter().for_each(|call| add(known, call, &evidence));
                }
            }
        }
        history.leave_out_what_was_refused();
        // What was folded may have passed in part.
        untold.retain(|(what, why, _), evidence| {
            !(*why == Untellable::NoPorts && evidence.was_seen_leaving_only() && refused.contains(what))
        });
        let all = untold.into_iter();
        history.untold =
            all.map(|((what, why, subjects), evidence)| Untold { what, why, evidence, subjects }).collect();
        let whole = span.and_then(|(from, to)| Window::new(from, to).ok());
        history.window = asked.window.or(whole);
        history
    }

    /// S11: both sides must allow. What the source let go and the destination refused each time did not pass, though
    /// whoever saw it at the source tells of it as allowed.
    fn leave_out_what_was_refused(&mut self) {
        let denied = &self.denied;
        let is_refused =
            |call: &Call| denied.get(call).is_some_and(|evidence| evidence.was_seen_at(Direction::Ingress));
        self.passed.retain(|call, evidence| !(evidence.was_seen_leaving_only() && is_refused(call)));
    }
}

fn add<K: Ord>(known: &mut BTreeMap<K, Evidence>, key: K, evidence: &Evidence) {
    known.entry(key).and_modify(|known| known.join(evidence)).or_insert_with(|| evidence.clone());
}
