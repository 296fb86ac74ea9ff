//! Which connections a change can concern.

use sekisho_core::{
    index::{Delta, Effect, Index, Input, Member},
    object::{Change, Pod, PodUid},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// Addresses that `inputs`, which the index has not made yet, take from all pods that bear them: their
/// connections end with them (S27), though another pod may take an address within the same inputs. One
/// that another pod bears already is not among them: it has connections of its own (S26).
pub(super) fn released(index: &Index, inputs: &[Input]) -> BTreeSet<IpAddr> {
    let mut losers: BTreeMap<IpAddr, BTreeSet<PodUid>> = BTreeMap::new();
    for input in inputs {
        let (uid, now) = match input {
            Input::Told(Change::PutPod(pod)) => (&pod.uid, Some(pod).filter(|pod| pod.is_policed())),
            Input::Told(Change::RemovePod(uid)) => (uid, None),
            _ => continue,
        };
        let Some(before) = index.pod_id(uid).and_then(|id| index.pod(id)) else { continue };
        let keeps = |address: &IpAddr| now.is_some_and(|now| now.addresses.contains(address));
        for address in before.addresses.iter().filter(|address| !keeps(address)) {
            losers.entry(*address).or_default().insert(uid.clone());
        }
    }
    losers.retain(|address, losers| {
        let mut bearers = index.pods_at(*address).filter_map(|id| index.pod(id));
        bearers.all(|pod: &std::sync::Arc<Pod>| losers.contains(&pod.uid))
    });
    losers.into_keys().collect()
}

/// Addresses of which some connections may be allowed that were not, or the other way round, by what
/// `deltas`, which the index has made, change on `node` (S31).
pub(super) fn by(index: &Index, node: &str, deltas: &[Delta]) -> BTreeSet<IpAddr> {
    let mut touched = BTreeSet::new();
    for effect in deltas.iter().flat_map(|delta| &delta.effects) {
        match effect {
            Effect::Members { added, removed, .. } => {
                touched.extend(added.iter().chain(removed).map(address));
            }
            Effect::Endpoint { node: of, address, .. } if **of == *node => {
                touched.insert(*address);
            }
            Effect::Policy { key } => {
                let is_policed = |profiles: &BTreeSet<_>| {
                    profiles.iter().any(|profile: &sekisho_core::index::ProfileKey| profile.contains(key))
                };
                let policed = index.endpoints(node).filter(|(_, profiles)| is_policed(profiles));
                touched.extend(policed.map(|(address, _)| address));
            }
            Effect::Endpoint { .. } | Effect::Node { .. } => {}
        }
    }
    touched
}

fn address(member: &Member) -> IpAddr {
    match member {
        Member::Address(address) | Member::AddressPort(address, _) => *address,
    }
}
