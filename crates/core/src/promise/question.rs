//! What a promise asks, part by part.

use super::{
    Claim, Promise, PromisedPort, Same,
    side::Side,
    world::{World, addresses_of},
};
use crate::{
    index::{PodId, RoaringBitmap},
    set::{AddressSet, PortSet},
};
use std::collections::BTreeMap;

/// Whether each of one side can reach each of the other, on all of some ports; or whether none can reach
/// any, on any of them.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) from: Side,
    pub(super) to: Side,
    pub(super) ports: PortSet,
}

/// The questions of a promise, and the pods that have no port of a name that it asks for.
pub(super) fn questions(world: &World<'_>, promise: &Promise) -> Questions {
    let mut questions = Questions::default();
    for (from, to) in pairs(world, promise) {
        if from.is_empty() {
            continue;
        }
        for (part, ports) in by_ports(world, promise, to, &mut questions.unnamed) {
            let question = Question { from: from.clone(), to: part, ports };
            if !question.to.is_empty() && !question.ports.is_empty() {
                questions.list.push(question);
            }
        }
    }
    questions
}

/// What a promise asks.
#[derive(Debug, Default)]
pub(super) struct Questions {
    pub(super) list: Vec<Question>,
    /// Pods, and what is asked for of their container ports and they do not have.
    pub(super) unnamed: Vec<(PodId, PromisedPort)>,
}

/// The pairs of sides that a promise is about.
fn pairs(world: &World<'_>, promise: &Promise) -> Vec<(Side, Side)> {
    let (who, whom) = (world.pods_of(&promise.who), world.pods_of(&promise.whom));
    let parts = match &promise.same {
        None => vec![(who, whom)],
        Some(same) => alike(world, promise.claim, same, &who, &whom),
    };
    let (from, to) = (addresses_of(&promise.who), addresses_of(&promise.whom));
    let (reach, index) = (&world.reach, &world.index);
    let these = |pods: RoaringBitmap, all: &RoaringBitmap, addresses: &AddressSet| {
        // Addresses have no labels, so they have nothing in common with anybody.
        let addresses = if promise.same.is_none() { addresses.clone() } else { AddressSet::empty() };
        Side::of(pods & all, addresses, reach, index)
    };
    let others = |pods: &RoaringBitmap, all: &RoaringBitmap, addresses: &AddressSet| {
        let addresses = if promise.same.is_none() { addresses.clone() } else { AddressSet::empty() };
        Side::of_others(all, pods, AddressSet::full().difference(&addresses), reach, index)
    };
    let pair = |(who, whom): (RoaringBitmap, RoaringBitmap)| match promise.claim {
        Claim::Can => (these(who, &world.today, &from), these(whom, &world.today, &to)),
        Claim::Cannot => (these(who, &world.sources, &from), these(whom, &world.today, &to)),
        Claim::OnlyWho => (others(&who, &world.sources, &from), these(whom, &world.today, &to)),
        Claim::OnlyWhom => (these(who, &world.today, &from), others(&whom, &world.destinations, &to)),
    };
    parts.into_iter().map(pair).collect()
}

/// The pods of either side by what they have in common. Of a side that is the only one to be reached, or
/// to reach, pods that have nothing in common with anybody are asked about as well.
fn alike(
    world: &World<'_>,
    claim: Claim,
    same: &Same,
    who: &RoaringBitmap,
    whom: &RoaringBitmap,
) -> Vec<(RoaringBitmap, RoaringBitmap)> {
    let (mut who, mut whom) = (by_value(world, same, who), by_value(world, same, whom));
    let mut parts = Vec::new();
    match claim {
        Claim::Can | Claim::Cannot => {
            who.remove(&None);
            parts.extend(who.into_iter().filter_map(|(value, who)| Some((who, whom.remove(&value)?))));
        }
        Claim::OnlyWho => {
            who.remove(&None);
            parts
                .extend(whom.into_iter().map(|(value, whom)| (who.remove(&value).unwrap_or_default(), whom)));
        }
        Claim::OnlyWhom => {
            whom.remove(&None);
            parts.extend(who.into_iter().map(|(value, who)| (who, whom.remove(&value).unwrap_or_default())));
        }
    }
    parts
}

fn by_value(world: &World<'_>, same: &Same, pods: &RoaringBitmap) -> BTreeMap<Option<String>, RoaringBitmap> {
    let mut values: BTreeMap<Option<String>, RoaringBitmap> = BTreeMap::new();
    for id in pods {
        let Some(pod) = world.pod(id) else { continue };
        let namespace = world.namespace_of(pod);
        let value = same.value(pod, namespace.labels()).map(str::to_owned);
        values.entry(value).or_default().insert(id);
    }
    values
}

/// The side that is reached, in parts on which the promise's ports are the same numbers (S14).
fn by_ports(
    world: &World<'_>,
    promise: &Promise,
    to: Side,
    unnamed: &mut Vec<(PodId, PromisedPort)>,
) -> Vec<(Side, PortSet)> {
    let on = |pod| promise.ports.iter().fold(PortSet::empty(), |set, port| set.union(&port.on(pod)));
    if promise.ports.is_empty() {
        return vec![(to, PortSet::all())];
    }
    if !promise.ports.iter().any(PromisedPort::is_of_pod) {
        return vec![(to, on(None))];
    }
    let mut parts: BTreeMap<PortSet, RoaringBitmap> = BTreeMap::new();
    for id in &to.pods {
        let Some(pod) = world.pod(id) else { continue };
        parts.entry(on(Some(pod))).or_default().insert(id);
        let missing = promise.ports.iter().filter(|port| port.on(Some(pod)).is_empty());
        unnamed.extend(missing.map(|port| (id, port.clone())));
    }
    let (reach, index) = (&world.reach, &world.index);
    let mut sides: Vec<(Side, PortSet)> = parts
        .into_iter()
        .map(|(ports, pods)| (Side::of(pods, AddressSet::empty(), reach, index), ports))
        .collect();
    sides.push((Side::of(RoaringBitmap::new(), to.addresses, reach, index), on(None)));
    sides
}
