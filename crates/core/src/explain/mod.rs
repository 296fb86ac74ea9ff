//! Why a packet passes or does not: each side, each policy, each rule that matched, and where none
//! did, how near the nearest came.
//!
//! INVARIANT: there is no second matcher. What matches is asked of [`crate::eval`]; this module
//! only names, for what the evaluator refused, the condition that failed.

mod excerpt;
mod hint;
mod miss;
mod obstacle;
mod peer;
mod port;
mod representatives;
mod tier;
mod words;

pub use excerpt::Excerpts;
pub use hint::Hint;
pub use miss::{Miss, PeerForm};
pub use obstacle::{Obstacle, PortTrouble};
pub use representatives::representatives;
pub use tier::{LeftOut, TierAnswer, TierMatched};

use crate::{
    eval::{Flow, Party, rule_matches, selects},
    object::{Cluster, Direction, NetworkPolicy, ObjectKey, Origin, Pod, Rule, Workload},
    packet::Packet,
    verdict::{Because, RulePath, SideVerdict, Verdict},
};
use std::net::IpAddr;

/// The answer to a packet, with everything that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The packet.
    pub packet: Packet,
    /// The answer of the evaluator.
    pub verdict: Verdict,
    /// Who opens the connection.
    pub from: Who,
    /// Whom it is opened to.
    pub to: Who,
    /// The source's side.
    pub egress: Side,
    /// The destination's side.
    pub ingress: Side,
    /// What else a person who wonders at the answer wants to know.
    pub hints: Vec<Hint>,
}

impl Explanation {
    /// The side that `direction` is about.
    #[must_use]
    pub fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

/// Who stands at an end, as a person calls it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Who {
    /// The address, where it is known.
    pub address: Option<IpAddr>,
    /// The workloads of the pods that bear it; none for an address that no pod bears.
    pub workloads: Vec<Workload>,
}

impl Who {
    fn of(party: &Party<'_>) -> Self {
        let mut workloads: Vec<Workload> = party.pods().iter().map(|pod| pod.workload.clone()).collect();
        workloads.sort();
        workloads.dedup();
        Self { address: party.address(), workloads }
    }
}

/// One side of a connection: the policies of one end, in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The direction.
    pub direction: Direction,
    /// What this side decides.
    pub verdict: SideVerdict,
    /// The pods that stand there; each must allow (S26). None where no pod does (S11).
    pub subjects: Vec<Subject>,
}

impl Side {
    /// The pod whose answer is this side's: where several bear the address, the first that denies.
    #[must_use]
    pub fn deciding(&self) -> Option<&Subject> {
        let decides = |subject: &&Subject| subject.because == self.verdict.because;
        self.subjects.iter().find(decides).or(self.subjects.first())
    }

    /// Whether a policy isolates a pod of this side in its direction (S2).
    #[must_use]
    pub fn is_isolated(&self) -> bool {
        self.subjects.iter().any(Subject::is_isolated)
    }
}

/// One pod and what each policy that could decide about it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The pod.
    pub pod: ObjectKey,
    /// What it belongs to.
    pub workload: Workload,
    /// Why this pod's policies decide as they do, whatever those of others on its address say (S26).
    pub because: Because,
    /// The cluster-wide policies that select it and have rules in the direction, in the order in which
    /// they are read (S38).
    pub tiers: Vec<TierAnswer>,
    /// Policies of the pod's namespace that have the direction: those that select it first, each part
    /// by name.
    pub policies: Vec<PolicyAnswer>,
}

impl Subject {
    /// Whether a policy isolates it (S2).
    #[must_use]
    pub fn is_isolated(&self) -> bool {
        self.policies.iter().any(|policy| policy.selects)
    }

    /// The nearest miss of the policies that select it.
    #[must_use]
    pub fn nearest(&self) -> Option<&Miss> {
        let misses = self.policies.iter().filter(|policy| policy.selects).filter_map(|p| p.miss.as_ref());
        misses.min_by_key(|miss| miss.distance)
    }
}

/// What one policy says to the packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyAnswer {
    /// The policy.
    pub policy: ObjectKey,
    /// Where it was written.
    pub origin: Origin,
    /// Whether it selects the pod, and so isolates it.
    pub selects: bool,
    /// Whether it selects the pod and a rule of it allows the packet.
    pub allows: bool,
    /// The rules that match the packet, of a policy that selects the pod.
    pub matched: Vec<Matched>,
    /// Where it selects the pod and no rule matches, or does not select it and a rule would match:
    /// what failed.
    pub miss: Option<Miss>,
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// Which entries of it.
    pub path: RulePath,
    /// Where the entry of `from` or `to` was written, or the rule where it lists none.
    pub origin: Origin,
    /// Where the entry of `ports` was written, where the rule lists any.
    pub port_origin: Option<Origin>,
}

/// What `cluster` does with `packet`, and why.
#[must_use]
pub fn explain(cluster: &Cluster, packet: &Packet) -> Explanation {
    let flow = Flow::new(cluster, packet);
    let side = |direction| Side {
        direction,
        verdict: flow.side(direction),
        subjects: flow.subject(direction).pods().iter().map(|pod| subject(&flow, direction, pod)).collect(),
    };
    let (egress, ingress) = (side(Direction::Egress), side(Direction::Ingress));
    let verdict = Verdict::new(egress.verdict.clone(), ingress.verdict.clone());
    let hints = hint::hints(&flow, packet, &verdict, [&egress, &ingress]);
    let from = Who::of(flow.subject(Direction::Egress));
    let to = Who::of(flow.subject(Direction::Ingress));
    Explanation { packet: packet.clone(), verdict, from, to, egress, ingress, hints }
}

fn subject(flow: &Flow<'_>, direction: Direction, pod: &Pod) -> Subject {
    let near = flow
        .cluster()
        .policies
        .values()
        .filter(|policy| policy.isolates(direction) && policy.key.namespace == pod.key.namespace);
    let mut policies: Vec<_> = near.map(|policy| answer(flow, direction, policy, pod)).collect();
    policies.sort_by_key(|answer| !answer.selects);
    let isolated = policies.iter().any(|answer| answer.selects);
    Subject {
        pod: pod.key.clone(),
        workload: pod.workload.clone(),
        because: flow.one_pod(direction, pod),
        tiers: tier::answers(flow, direction, pod, isolated),
        policies,
    }
}

fn answer(flow: &Flow<'_>, direction: Direction, policy: &NetworkPolicy, pod: &Pod) -> PolicyAnswer {
    let selects = selects(policy, pod);
    let matched = if selects { matched(flow, direction, policy) } else { Vec::new() };
    let allows = !matched.is_empty();
    let miss = match (selects, allows) {
        (true, true) => None,
        (true, false) => Some(miss::nearest(flow, direction, policy, pod)),
        (false, _) => miss::not_selecting(flow, direction, policy, pod),
    };
    PolicyAnswer { policy: policy.key.clone(), origin: policy.origin.clone(), selects, allows, matched, miss }
}

/// The rules of `policy` that match, by the evaluator.
fn matched(flow: &Flow<'_>, direction: Direction, policy: &NetworkPolicy) -> Vec<Matched> {
    let rules = policy.rules(direction).iter().enumerate();
    let matching = rules.filter_map(|(at, rule)| {
        let path = rule_matches(flow, policy, direction, at, rule)?;
        Some(Matched {
            origin: peer_origin(rule, path.peer),
            port_origin: port_origin(rule, path.port),
            path,
        })
    });
    matching.collect()
}

fn peer_origin(rule: &Rule, peer: Option<usize>) -> Origin {
    let peer = peer.and_then(|at| rule.peers.get(at)).map(|peer| &peer.origin);
    peer.unwrap_or(&rule.origin).clone()
}

fn port_origin(rule: &Rule, port: Option<usize>) -> Option<Origin> {
    Some(rule.ports.get(port?)?.origin.clone())
}
