//! Calls between two groups of pods, of which policies refuse every one.

use crate::{far::has_port_of, sides::Call, world::World};
use sekisho_core::{
    index::{PodId, RoaringBitmap},
    object::{Pod, PolicyPort, PortMatch, Rule as PolicyRule},
    set::Protocol,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How many workloads of a side are tried before nothing is said: where so many pairs are refused, nobody can say
/// without trying all of the rest that none passes.
const WORKLOADS: usize = 8;

/// How many pods are looked at to find so many workloads.
const PODS: u64 = 256;

impl World<'_> {
    /// A call of those that `ports` are for, where every one of them is refused, and it can be told.
    /// `tiered` are the pods of which cluster-wide policies have something to say.
    pub(crate) fn refused_call(
        &self,
        tiered: &RoaringBitmap,
        (from, to): (&RoaringBitmap, &RoaringBitmap),
        ports: &[PolicyPort],
    ) -> Option<Call<'_>> {
        let (from, to) = (self.some(tiered, from)?, self.some(tiered, to)?);
        let mut first = None;
        for (from, to) in from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to))) {
            if from.0 == to.0 {
                continue;
            }
            for (protocol, port) in called(ports, to.1) {
                let call = Call { from, to, protocol, port };
                match self.passes(&call) {
                    Some(true) => return None,
                    Some(false) => first = first.or(Some(call)),
                    None => {}
                }
            }
        }
        first
    }

    /// A pod of each workload; `None` where there are too many, or where cluster-wide policies have their say.
    fn some(&self, tiered: &RoaringBitmap, pods: &RoaringBitmap) -> Option<Vec<(PodId, &Arc<Pod>)>> {
        if pods.len() > PODS || !pods.is_disjoint(tiered) {
            return None;
        }
        let mut some: BTreeMap<_, (PodId, &Arc<Pod>)> = BTreeMap::new();
        for id in pods {
            let pod = self.index.pod(id)?;
            some.entry((&pod.workload, &pod.labels)).or_insert((id, pod));
        }
        (some.len() <= WORKLOADS).then(|| some.into_values().collect())
    }
}

/// The ports of a pod that `ports` are for: those that it declares, or those that are written where it declares none.
fn called(ports: &[PolicyPort], pod: &Arc<Pod>) -> BTreeSet<(Protocol, u16)> {
    if pod.ports.is_empty() {
        let single = ports.iter().filter_map(|port| match port.port {
            PortMatch::Range(range) if range.first() == range.last() => Some((port.protocol, range.first())),
            _ => None,
        });
        return single.collect();
    }
    let rule = PolicyRule { ports: ports.to_vec(), ..PolicyRule::default() };
    let declared = pod.ports.iter().map(|port| (port.protocol, port.number));
    declared.filter(|(protocol, port)| has_port_of(&rule, pod, *protocol, *port)).collect()
}
