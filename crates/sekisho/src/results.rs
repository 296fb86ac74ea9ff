//! What became of promises, ready to be shown.

use crate::target::{self, Answers};
use sekisho_core::{
    explain::explain,
    object::Cluster,
    packet::End,
    promise::{Breach, Group, Judgement, Promise, State, World},
};
use std::sync::Arc;

/// One promise and what became of it.
pub(crate) struct ResultOf<'p> {
    /// The promise.
    pub(crate) promise: &'p Promise,
    /// What became of it.
    pub(crate) judgement: Judgement,
    /// Of one that is broken: the packets of its breaches, with names for addresses that nobody knows.
    pub(crate) packets: Vec<String>,
    /// Of one that is broken: why the first breach is as it is.
    pub(crate) answers: Option<Answers>,
    /// Of one that is about nothing: its empty groups, each with what was probably meant.
    pub(crate) empty: Vec<(Arc<Group>, Option<String>)>,
}

/// What became of promises, in their order.
pub(crate) struct Results<'p> {
    /// Each of them.
    pub(crate) list: Vec<ResultOf<'p>>,
}

impl<'p> Results<'p> {
    /// Holds `promises` against `world`.
    pub(crate) fn of(world: &World<'_>, promises: &'p [Promise]) -> Self {
        let result = |promise| {
            let judgement = world.judge(promise);
            let (mut packets, mut answers, mut empty) = (Vec::new(), None, Vec::new());
            match &judgement.state {
                State::Kept => {}
                State::Broken { breaches, .. } => {
                    packets = breaches.iter().map(|breach| shown(world.cluster(), breach)).collect();
                    answers = breaches.first().map(|breach| why(world.cluster(), breach));
                }
                State::MatchesNothing(groups) => {
                    empty = groups.iter().map(|group| (Arc::clone(group), world.meant(group))).collect();
                }
            }
            ResultOf { promise, judgement, packets, answers, empty }
        };
        Self { list: promises.iter().map(result).collect() }
    }

    /// Whether every promise is kept.
    pub(crate) fn are_kept(&self) -> bool {
        self.count(|state| matches!(state, State::Kept)) == self.list.len()
    }

    /// How many promises are in such a state.
    pub(crate) fn count(&self, is_such: impl Fn(&State) -> bool) -> usize {
        self.list.iter().filter(|result| is_such(&result.judgement.state)).count()
    }
}

/// Why the packet of a breach passes, or does not.
fn why(cluster: &Cluster, breach: &Breach) -> Answers {
    let mut packet = breach.packet.clone();
    let twinned;
    let mut cluster = cluster;
    // One pod at both ends stands for many, of which two are meant.
    if packet.from == packet.to
        && let End::Pod(uid) = &packet.from
        && let Some(pod) = cluster.pods.get(uid)
    {
        let (with_twin, uid) = target::with_another(cluster, pod);
        twinned = with_twin;
        packet.to = End::Pod(uid);
        cluster = &twinned;
    }
    let explanation = explain(cluster, &packet);
    let name = |end| name(cluster, end);
    Answers::about(name(&packet.from), name(&packet.to), packet.traffic.to_string(), explanation)
}

/// What people call an end: the workload of its pods, or its address.
fn name(cluster: &Cluster, end: &End) -> String {
    let pod = match end {
        End::Pod(uid) => cluster.pods.get(uid),
        End::Address(address) => {
            cluster.pods.values().find(|pod| pod.is_policed() && pod.addresses.contains(address))
        }
    };
    pod.map_or_else(|| end.to_string(), |pod| pod.workload.key.to_string())
}

/// The packet of a breach as a person reads it.
fn shown(cluster: &Cluster, breach: &Breach) -> String {
    let name = |end: &End| match end {
        End::Address(address) => address.to_string(),
        End::Pod(uid) => cluster.pods.get(uid).map_or_else(|| uid.to_string(), |pod| pod.key.to_string()),
    };
    let packet = &breach.packet;
    format!("{} -> {} {}", name(&packet.from), name(&packet.to), packet.traffic)
}
