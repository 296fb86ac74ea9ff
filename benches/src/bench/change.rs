//! One change, from the index to the kernel: what a pod waits for before it may start, and a person
//! after `kubectl apply`.

use crate::{Result, cluster::Usual, measure::quantile, net::Namespace, report::Row};
use sekisho_core::{index::Index, object::Change};
use sekisho_nft::{Kernel, Program, Programmed, Transaction};
use std::time::Instant;

/// How often each change is made: enough for a 99th percentile.
const TIMES: usize = 400;
/// The node whose ruleset is kept.
const NODE: &str = "node-0";
/// A workload of the first namespace, by number. One policy isolates its pods, and one opens them to
/// the next workload of the next namespace.
const WORKLOAD: usize = 2;
/// The number of the policy that opens them.
const POLICY: usize = WORKLOAD + 1;
/// Clusters, the smallest first.
const SHAPES: [Usual; 4] = [
    Usual { pods: 100, policies: 10 },
    Usual { pods: 1_000, policies: 10 },
    Usual { pods: 10_000, policies: 10 },
    Usual { pods: 10_000, policies: 10_000 },
];

/// Makes each change in each cluster.
pub(crate) fn run() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let mut smallest = None;
        for shape in SHAPES {
            let mut live = Live::new(shape, kind)?;
            let mut times = (0..TIMES).map(|turn| live.time(kind, turn)).collect::<Result<Vec<f64>>>()?;
            let (median, high) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
            let what = format!("{}: {} pods, {} policies", kind.name(), shape.pods, shape.policies);
            let row = Row::new(what, median, "us").note(format!("99 of 100 within {high:.0} us"));
            rows.push(match smallest {
                Some(smallest) => row.against("100 pods, 10 policies", smallest, "us"),
                None => row,
            });
            smallest = smallest.or(Some(median));
        }
    }
    Ok(rows)
}

/// A kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A pod comes to the node, where another of its workload is.
    Pod,
    /// A pod comes to the node, the first that its policies select there: chains and sets come with it.
    FirstPod,
    /// A pod comes to another node: here it is only a peer.
    PodElsewhere,
    /// A policy that selects a pod of the node opens another port.
    Policy,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Pod, Self::FirstPod, Self::PodElsewhere, Self::Policy];

    fn name(self) -> &'static str {
        match self {
            Self::Pod => "a pod arrives beside its like",
            Self::FirstPod => "the first of its like arrives",
            Self::PodElsewhere => "a peer arrives elsewhere",
            Self::Policy => "a policy changes",
        }
    }
}

/// A cluster, and a node that follows it.
struct Live {
    shape: Usual,
    index: Index,
    program: Program,
    kernel: Kernel,
    _node: Namespace,
}

impl Live {
    fn new(shape: Usual, kind: Kind) -> Result<Self> {
        let mut index = Index::of(shape.changes());
        // The pods of the cluster that are on the node are elsewhere in this one.
        let node = if kind == Kind::FirstPod { "node-fresh" } else { NODE };
        if kind != Kind::FirstPod {
            index.apply(pod(shape, 0, WORKLOAD, TIMES, NODE).0);
        }
        let program = Program::new(&index, node);
        let namespace = Namespace::new()?;
        let mut kernel = namespace.run(|| Ok(Kernel::open()?))?;
        kernel.apply(&Transaction::between(&Programmed::default(), program.ruleset()))?;
        Ok(Self { shape, index, program, kernel, _node: namespace })
    }

    /// The microseconds that a change of this kind takes; what came goes again, untimed.
    fn time(&mut self, kind: Kind, turn: usize) -> Result<f64> {
        let (change, back) = self.changes(kind, turn);
        let begin = Instant::now();
        let programmed = self.make(change)?;
        let taken = begin.elapsed().as_secs_f64() * 1e6;
        if let Some(back) = back {
            self.make(back)?;
        }
        if programmed { Ok(taken) } else { Err(format!("nothing to do when {}", kind.name()).into()) }
    }

    /// Makes a change; whether there was something to program.
    fn make(&mut self, change: Change) -> Result<bool> {
        let delta = self.index.apply(change);
        let transaction = self.program.follow(&self.index, [&delta]);
        self.kernel.apply(&transaction)?;
        Ok(!transaction.is_empty())
    }

    fn changes(&self, kind: Kind, turn: usize) -> (Change, Option<Change>) {
        let (put, remove) = match kind {
            Kind::Pod => pod(self.shape, 0, WORKLOAD, turn, NODE),
            Kind::FirstPod => pod(self.shape, 0, WORKLOAD, turn, self.program.node()),
            Kind::PodElsewhere => pod(self.shape, 1, WORKLOAD + 1, turn, "node-far"),
            Kind::Policy => {
                let port = if turn.is_multiple_of(2) { 8081 } else { 8080 };
                return (Change::PutPolicy(self.shape.policy(POLICY, port)), None);
            }
        };
        (put, Some(remove))
    }
}

/// The coming and the going of a pod.
fn pod(shape: Usual, namespace: usize, workload: usize, turn: usize, node: &str) -> (Change, Change) {
    let mut pod = shape.pod(shape.beyond(namespace, workload, turn));
    pod.node = Some(node.into());
    let uid = pod.uid.clone();
    (Change::PutPod(pod.into()), Change::RemovePod(uid))
}
