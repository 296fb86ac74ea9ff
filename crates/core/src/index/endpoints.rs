//! Addresses of pods on nodes, and the profiles that police them.

use super::key::{PolicyKey, ProfileKey};
use crate::object::Pod;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

/// An address on a node.
pub(super) type Seat = (Arc<str>, IpAddr);

/// The seats of a pod; none until it is scheduled and has addresses.
pub(super) fn seats(pod: &Pod) -> impl Iterator<Item = Seat> + '_ {
    let node = pod.node.iter();
    node.flat_map(|node| pod.addresses.iter().map(|address| (Arc::clone(node), *address)))
}

/// Which profiles police which address.
#[derive(Debug, Default)]
pub(super) struct EndpointTable {
    nodes: BTreeMap<Arc<str>, BTreeMap<IpAddr, BTreeSet<ProfileKey>>>,
    /// The profiles in use, so that pods policed alike share one, and how many seats use each.
    profiles: BTreeMap<ProfileKey, usize>,
}

impl EndpointTable {
    /// Of the profiles of every address, sorted by seat. Profiles that are equal are one `Arc`.
    pub(super) fn of(seats: impl Iterator<Item = (Seat, BTreeSet<ProfileKey>)>) -> Self {
        let mut table = Self::default();
        let mut users: HashMap<*const BTreeSet<PolicyKey>, (ProfileKey, usize)> = HashMap::new();
        let mut on_node: Vec<(IpAddr, BTreeSet<ProfileKey>)> = Vec::new();
        let mut seats = seats.peekable();
        while let Some(((node, address), profiles)) = seats.next() {
            for profile in &profiles {
                let user = users.entry(Arc::as_ptr(profile)).or_insert_with(|| (Arc::clone(profile), 0));
                user.1 += 1;
            }
            on_node.push((address, profiles));
            if seats.peek().is_none_or(|((next, _), _)| *next != node) {
                table.nodes.insert(node, std::mem::take(&mut on_node).into_iter().collect());
            }
        }
        table.profiles = users.into_values().collect();
        table
    }

    /// Sets the profiles of an address. Returns those before.
    pub(super) fn put(
        &mut self,
        node: &Arc<str>,
        address: IpAddr,
        after: &BTreeSet<ProfileKey>,
    ) -> BTreeSet<ProfileKey> {
        for profile in after {
            *self.profiles.entry(Arc::clone(profile)).or_default() += 1;
        }
        let seats = self.nodes.entry(Arc::clone(node)).or_default();
        let before = seats.remove(&address).unwrap_or_default();
        if !after.is_empty() {
            seats.insert(address, after.clone());
        }
        if seats.is_empty() {
            self.nodes.remove(node);
        }
        for profile in &before {
            self.let_go(profile);
        }
        before
    }

    /// The shared key of a profile, whether it is in use already or not.
    pub(super) fn key(&self, profile: BTreeSet<PolicyKey>) -> ProfileKey {
        match self.profiles.get_key_value(&profile) {
            Some((shared, _)) => Arc::clone(shared),
            None => Arc::new(profile),
        }
    }

    fn let_go(&mut self, profile: &ProfileKey) {
        if let Some(users) = self.profiles.get_mut(profile) {
            *users -= 1;
            if *users == 0 {
                self.profiles.remove(profile);
            }
        }
    }

    /// The addresses of a node, ascending, with their profiles.
    pub(super) fn on(&self, node: &str) -> impl Iterator<Item = (IpAddr, &BTreeSet<ProfileKey>)> {
        self.nodes.get(node).into_iter().flatten().map(|(address, profiles)| (*address, profiles))
    }

    /// The nodes that have endpoints.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Arc<str>> {
        self.nodes.keys()
    }
}
