//! Which connections a change can concern.

use sekisho_core::{
    index::{Delta, Effect, Index, Input, Member},
    object::{Change, Pod, PodUid},
    set::AddressSet,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// Addresses that `inputs`, which the index has not made yet, take from all pods that bear them: their
/// connections end with them (S27), though another pod may take an address within the same inputs. One
/// that another pod bears already is not among them: it has connections of its own (S26).
pub(super) fn released(index: &Index, inputs: &[Input]) -> BTreeSet<IpAddr> {
    let mut losers: BTreeMap<IpAddr, BTreeSet<PodUid>> = BTreeMap::new();
    for moved in inputs.iter().filter_map(|input| moved(index, input)) {
        for address in moved.before.difference(&moved.now) {
            losers.entry(*address).or_default().insert(moved.uid.clone());
        }
    }
    losers.retain(|address, losers| {
        let mut bearers = index.pods_at(*address).filter_map(|id| index.pod(id));
        bearers.all(|pod: &Arc<Pod>| losers.contains(&pod.uid))
    });
    losers.into_keys().collect()
}

/// How many of `inputs`, which the index has not made yet, come before the first that gives a pod an address whose
/// earlier connections are not forgotten yet: one that is `owed`, or that another input takes from a pod. What comes
/// before is told the kernel first, and the connections forgotten: else they would be the new owner's (S27).
pub(super) fn before_heirs(index: &Index, inputs: &[Input], owed: impl Fn(&IpAddr) -> bool) -> usize {
    let mut taken = BTreeSet::new();
    for (at, input) in inputs.iter().enumerate() {
        let Some(moved) = moved(index, input) else { continue };
        if moved.now.difference(&moved.before).any(|given| owed(given) || taken.contains(given)) {
            return at;
        }
        taken.extend(moved.before.difference(&moved.now).copied());
    }
    inputs.len()
}

/// A pod with the addresses by which policies know it, before and after an input.
struct Moved<'a> {
    uid: &'a PodUid,
    before: BTreeSet<IpAddr>,
    now: BTreeSet<IpAddr>,
}

/// What `input`, which the index has not made yet, does to the addresses of a pod.
fn moved<'a>(index: &Index, input: &'a Input) -> Option<Moved<'a>> {
    let (uid, now) = match input {
        Input::Told(Change::PutPod(pod)) => (&pod.uid, Some(pod).filter(|pod| pod.is_policed())),
        Input::Told(Change::RemovePod(uid)) => (uid, None),
        _ => return None,
    };
    let before = index.pod_id(uid).and_then(|id| index.pod(id));
    let addresses = |pod: Option<&Arc<Pod>>| pod.map(|pod| pod.addresses.clone()).unwrap_or_default();
    Some(Moved { uid, before: addresses(before), now: addresses(now) })
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

/// Addresses on `node` that nobody bore before `deltas`, and to and from which the guard of these ranges has let nothing
/// pass (S23): they have no connections but with the node itself, which are allowed (S20). What their last owner
/// had was forgotten when they were released (S27), or when this agent began.
pub(super) fn fresh(node: &str, deltas: &[Delta], guarded: &AddressSet) -> BTreeSet<IpAddr> {
    let mut first: BTreeMap<IpAddr, bool> = BTreeMap::new();
    for effect in deltas.iter().flat_map(|delta| &delta.effects) {
        if let Effect::Endpoint { node: of, address, before, .. } = effect
            && **of == *node
        {
            first.entry(*address).or_insert(before.is_empty());
        }
    }
    let is_fresh = |(address, is_first): &(IpAddr, bool)| *is_first && guarded.contains(*address);
    first.into_iter().filter(is_fresh).map(|(address, _)| address).collect()
}

fn address(member: &Member) -> IpAddr {
    match member {
        Member::Address(address) | Member::AddressPort(address, _) => *address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::{object::ObjectKey, set::Cidr};

    fn pod(name: &str, node: &str, addresses: &[&str]) -> Change {
        let mut pod = Pod::new(ObjectKey::new("shop", name));
        (pod.uid, pod.node) = (PodUid(name.into()), Some(node.into()));
        pod.addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        Change::PutPod(pod.into())
    }

    #[test]
    fn fresh_is_what_the_guard_has_kept_closed() {
        let guarded: AddressSet = "10.0.0.0/24".parse::<Cidr>().unwrap().into();
        let mut index = Index::of([pod("old", "here", &["10.0.0.1", "10.0.0.2"])]);
        let mut fresh = |changes: Vec<Change>| -> Vec<String> {
            let deltas: Vec<Delta> = changes.into_iter().map(|change| index.apply(change)).collect();
            super::fresh("here", &deltas, &guarded).iter().map(ToString::to_string).collect()
        };
        assert_eq!(fresh(vec![pod("new", "here", &["10.0.0.3", "10.0.1.3"])]), ["10.0.0.3"]);
        assert_eq!(fresh(vec![pod("away", "there", &["10.0.0.4"])]), [""; 0], "on another node");
        assert_eq!(fresh(vec![pod("too", "here", &["10.0.0.1"])]), [""; 0], "another pod bears it (S26)");
        let handed_over = vec![pod("old", "here", &["10.0.0.1"]), pod("next", "here", &["10.0.0.2"])];
        assert_eq!(fresh(handed_over), [""; 0], "another pod bore it a moment ago");
    }

    #[test]
    fn an_heir_waits_until_the_address_is_nobodys() {
        let index = Index::of([pod("old", "here", &["10.0.0.1", "10.0.0.2"])]);
        let before = |changes: Vec<Change>, owed: &str| {
            let inputs: Vec<Input> = changes.into_iter().map(Input::Told).collect();
            before_heirs(&index, &inputs, |address| address.to_string() == owed)
        };
        let gone = || Change::RemovePod(PodUid("old".into()));
        assert_eq!(before(vec![gone(), pod("other", "here", &["10.0.0.3"])], ""), 2, "nobody bore it");
        assert_eq!(before(vec![gone(), pod("heir", "here", &["10.0.0.2"])], ""), 1);
        let loses = pod("old", "here", &["10.0.0.1"]);
        assert_eq!(before(vec![loses, pod("heir", "here", &["10.0.0.2"])], ""), 1);
        assert_eq!(before(vec![pod("too", "here", &["10.0.0.2"])], ""), 1, "two pods bear it (S26)");
        assert_eq!(before(vec![pod("heir", "here", &["10.0.0.9"]), gone()], "10.0.0.9"), 0, "owed before");
        assert_eq!(before(vec![pod("old", "here", &["10.0.0.1"])], "10.0.0.1"), 1, "it is its own");
    }
}
