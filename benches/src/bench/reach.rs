//! What the allowed connections of a whole cluster cost, beside asking the plain evaluator pair by pair.

use crate::{
    Result,
    cluster::{Usual, WORKLOADS},
    measure::{quantile, seconds},
    report::{Goal, Row, count},
};
use sekisho_core::{
    eval,
    index::Index,
    object::{Change, Cluster, Pod},
    packet::{End, Packet, Traffic},
    reach::{Connection, Filter, Reach, connections},
    set::Protocol,
};

/// 1,000 workloads of one pod each, and a policy for each beside the 50 that isolate.
pub(super) const SHAPE: Usual = Usual { pods: 50 * WORKLOADS, policies: 50 * (WORKLOADS + 1) };
/// How many pairs of the plain evaluator are timed; the time of all is extrapolated.
const PAIRS: usize = 2_000;
/// The one port that the plain evaluator is asked about; `reach` tells all of them.
const PORT: Traffic = Traffic::Port(Protocol::Tcp, 8080);

/// Computes the connections of clusters.
pub(crate) fn run() -> Result<Vec<Row>> {
    let usual = SHAPE.changes();
    let (each, expected) = pairwise(&usual);
    let listed = time(&usual);
    if !agrees(&usual, &expected) {
        return Err("reach and the plain evaluator disagree".into());
    }
    let all = each * count(SHAPE.pods * SHAPE.pods);
    let open: Vec<Change> =
        usual.iter().filter(|change| !matches!(change, Change::PutPolicy(_))).cloned().collect();
    let replicated = Usual { pods: SHAPE.pods * 10, ..SHAPE }.changes();
    let pairs = format!("asking the plain evaluator about every pair, from {PAIRS} of them");
    let connections = listed.connections.len();
    Ok(vec![
        Row::new("reach, 1,000 workloads and 1,050 policies", listed.seconds, "s")
            .against(pairs, all, "s")
            .goal(Goal::AtMost(1.0))
            .note(format!("{connections} connections; one port for the evaluator, all for reach")),
        Row::new("the same where no policy is", time(&open).seconds, "s").note("a million connections"),
        Row::new("10,000 pods of 1,000 workloads, 1,050 policies", time(&replicated).seconds, "s"),
    ])
}

struct Listed {
    seconds: f64,
    connections: Vec<Connection>,
}

/// The index and the connections, from the objects.
fn time(changes: &[Change]) -> Listed {
    let mut times = Vec::new();
    let mut listed = Vec::new();
    for _ in 0..3 {
        let changes = changes.to_vec();
        let (seconds, list) = seconds(|| connections(&Reach::of(&Index::of(changes)), &Filter::default()));
        times.push(seconds);
        listed = list;
    }
    Listed { seconds: quantile(&mut times, 0.0), connections: listed }
}

type Pair = (End, End, bool);

/// The seconds that the plain evaluator takes for a pair, and what it says of some.
fn pairwise(changes: &[Change]) -> (f64, Vec<Pair>) {
    let mut cluster = Cluster::default();
    changes.iter().cloned().for_each(|change| cluster.apply(change));
    let pods: Vec<&Pod> = cluster.pods.values().map(AsRef::as_ref).collect();
    let pick = |number: usize| pods.get(number % pods.len().max(1)).copied();
    let chosen = (0..PAIRS).filter_map(|number| Some((pick(number * 37)?, pick(number * 101 + 1)?)));
    let chosen: Vec<(&Pod, &Pod)> = chosen.filter(|(a, b)| a.uid != b.uid).collect();
    let (seconds, pairs) = seconds(|| {
        let decide = |(from, to): &(&Pod, &Pod)| {
            let end = |pod: &Pod| pod.addresses.first().copied().map(End::Address);
            let packet = Packet { from: end(from)?, to: end(to)?, traffic: PORT };
            let allowed = eval::decide(&cluster, &packet).decision.is_allow();
            Some((packet.from, packet.to, allowed))
        };
        chosen.iter().filter_map(decide).collect::<Vec<Pair>>()
    });
    (seconds / count(pairs.len()), pairs)
}

/// Whether the answer says of the pairs what the evaluator says.
fn agrees(changes: &[Change], pairs: &[Pair]) -> bool {
    let index = Index::of(changes.to_vec());
    let reach = Reach::of(&index);
    let allows = |from: &End, to: &End| {
        let classes = reach.class_of(from, &index).zip(reach.class_of(to, &index));
        classes.map(|(from, to)| reach.between(from, to).contains(Protocol::Tcp, 8080))
    };
    pairs.iter().all(|(from, to, is_allowed)| allows(from, to) == Some(*is_allowed))
}
