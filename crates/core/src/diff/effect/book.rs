//! What is known of every pod, kept true change by change: bitmaps that a question then only combines.

use crate::{
    index::{Index, PodId, PolicyRules, RoaringBitmap},
    object::{Direction, Node, Pod},
    reach::{Dense, Family},
    set::{AddressSet, Protocol},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// The pods that define each named port, by its number (S14).
type ByNumber = BTreeMap<u16, RoaringBitmap>;

/// The pods that policies see, by what a question asks of them.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Those that have an IPv4 address, and those that have an IPv6 one.
    pub(super) having: [RoaringBitmap; 2],
    /// Those without a known address.
    pub(super) unknown: RoaringBitmap,
    addresses: BTreeSet<(IpAddr, PodId)>,
    /// The pods within sets of addresses that were asked about: by IPv4, and by IPv6.
    within: BTreeMap<AddressSet, [RoaringBitmap; 2]>,
    named: BTreeMap<(Protocol, Arc<str>), ByNumber>,
    /// How many NetworkPolicies isolate each pod, and the pods that some isolates, by direction (S2).
    isolating: Vec<[u32; 2]>,
    isolated: [RoaringBitmap; 2],
    /// The addresses of nodes, as nodes and pods tell them, and how many do.
    hosts: BTreeMap<IpAddr, usize>,
    /// How many addresses several pods bear (S26), and pods have several addresses of a family.
    shared: usize,
    several: usize,
}

impl Book {
    /// Notes a pod.
    pub(super) fn add_pod(&mut self, id: PodId, pod: &Pod) {
        for address in &pod.addresses {
            self.shared += usize::from(self.bearers(*address) == 1);
            self.addresses.insert((*address, id));
        }
        self.note(id, pod, true);
        pod.host_addresses.iter().for_each(|address| *self.hosts.entry(*address).or_default() += 1);
    }

    /// Notes that a pod goes.
    pub(super) fn drop_pod(&mut self, id: PodId, pod: &Pod) {
        for address in &pod.addresses {
            self.addresses.remove(&(*address, id));
            self.shared -= usize::from(self.bearers(*address) == 1);
        }
        self.note(id, pod, false);
        self.let_go(&pod.host_addresses);
    }

    fn note(&mut self, id: PodId, pod: &Pod, is_there: bool) {
        let put = |bitmap: &mut RoaringBitmap| match is_there {
            true => bitmap.insert(id),
            false => bitmap.remove(id),
        };
        for (family, having) in Family::ALL.into_iter().zip(&mut self.having) {
            let count = pod.addresses.iter().filter(|address| Family::of(**address) == family).count();
            if count > 0 {
                put(having);
            }
            let more = usize::from(count > 1);
            self.several = if is_there { self.several + more } else { self.several - more };
        }
        if pod.addresses.is_empty() {
            put(&mut self.unknown);
        }
        for (set, within) in &mut self.within {
            for address in pod.addresses.iter().filter(|address| set.contains(**address)) {
                let [v4, v6] = within;
                put(if address.is_ipv4() { v4 } else { v6 });
            }
        }
        for (name, numbers) in pod.port_names() {
            let by_number = self.named.entry(name).or_default();
            for number in numbers {
                put(by_number.entry(number).or_default());
            }
        }
    }

    /// Notes the addresses of a node.
    pub(super) fn add_node(&mut self, node: &Node) {
        node.addresses.iter().for_each(|address| *self.hosts.entry(*address).or_default() += 1);
    }

    /// Notes that a node goes.
    pub(super) fn drop_node(&mut self, node: &Node) {
        self.let_go(&node.addresses);
    }

    fn let_go(&mut self, hosts: &BTreeSet<IpAddr>) {
        for address in hosts {
            if let Some(count) = self.hosts.get_mut(address) {
                *count -= 1;
                if *count == 0 {
                    self.hosts.remove(address);
                }
            }
        }
    }

    /// Notes that a policy isolates pods, or does no more (S2, S40).
    pub(super) fn isolate(&mut self, policy: &PolicyRules, subjects: &RoaringBitmap, is_there: bool) {
        if policy.key.tier().is_some() {
            return;
        }
        for direction in Direction::ALL.into_iter().filter(|direction| policy.rules(*direction).is_some()) {
            let at = usize::from(direction == Direction::Egress);
            let Some(isolated) = self.isolated.get_mut(at) else { continue };
            for id in subjects {
                let slot = id as usize;
                if self.isolating.len() <= slot {
                    self.isolating.resize(slot + 1, [0; 2]);
                }
                let Some(count) = self.isolating.get_mut(slot).and_then(|counts| counts.get_mut(at)) else {
                    continue;
                };
                *count = if is_there { *count + 1 } else { count.saturating_sub(1) };
                if *count > 0 {
                    isolated.insert(id)
                } else {
                    isolated.remove(id)
                };
            }
        }
    }

    /// The pods that some NetworkPolicy isolates (S2).
    pub(super) fn isolated(&self, direction: Direction) -> &RoaringBitmap {
        let [ingress, egress] = &self.isolated;
        if direction == Direction::Ingress { ingress } else { egress }
    }

    /// The pods within a set of addresses by their IPv4 address, and by their IPv6 one (S17).
    pub(super) fn within(&mut self, set: &AddressSet) -> &[RoaringBitmap; 2] {
        let addresses = &self.addresses;
        self.within.entry(set.clone()).or_insert_with(|| {
            let all = PodId::MAX;
            let v4 = set.ranges_v4().map(|range| range.into_inner());
            let v4 = v4.map(|(first, last)| (IpAddr::V4(first), 0)..=(IpAddr::V4(last), all));
            let v6 = set.ranges_v6().map(|range| range.into_inner());
            let v6 = v6.map(|(first, last)| (IpAddr::V6(first), 0)..=(IpAddr::V6(last), all));
            let size = addresses.iter().map(|(_, id)| *id as usize + 1).max().unwrap_or_default();
            let [mut by_v4, mut by_v6] = [Dense::new(size), Dense::new(size)];
            v4.flat_map(|range| addresses.range(range)).for_each(|(_, id)| by_v4.insert(*id));
            v6.flat_map(|range| addresses.range(range)).for_each(|(_, id)| by_v6.insert(*id));
            [by_v4.finish(), by_v6.finish()]
        })
    }

    /// The pods that define a port, by its number (S14).
    pub(super) fn named(&self, protocol: Protocol, name: &Arc<str>) -> Option<&ByNumber> {
        self.named.get(&(protocol, Arc::clone(name)))
    }

    /// Whether pods bear every one of these addresses.
    pub(super) fn are_borne(&self, addresses: &AddressSet) -> bool {
        let v4 = addresses.ranges_v4().flatten().map(IpAddr::V4);
        let v6 = addresses.ranges_v6().flatten().map(IpAddr::V6);
        // The first that none bears ends it.
        v4.chain(v6).all(|address| self.bearers(address) > 0)
    }

    fn bearers(&self, address: IpAddr) -> usize {
        self.addresses.range((address, 0)..=(address, PodId::MAX)).take(2).count()
    }

    /// Whether an address is that of a node.
    pub(super) fn is_host(&self, address: IpAddr) -> bool {
        self.hosts.contains_key(&address)
    }

    /// Whether pods share an address (S26), have several of one family, or bear one of a node (S20): then
    /// one does not stand for others.
    pub(super) fn is_strange(&self, index: &Index) -> bool {
        let is_borne = |address: &IpAddr| index.pods_at(*address).next().is_some();
        self.shared > 0 || self.several > 0 || self.hosts.keys().any(is_borne)
    }
}
