//! Which policies can match an end, found by what they look at, and not by looking at every policy.

use crate::{
    index::{CompiledRule, Peers, PodSelectorKey, PolicyKey, PolicyRules, Ports, SetKey},
    object::{Direction, Tier},
    set::{AddressSet, Protocol},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

/// The name of a port, and its protocol (S14).
pub(super) type PortName = (Protocol, Arc<str>);

/// The policies, and by whom each can match in one direction.
#[derive(Debug, Default)]
struct OfDirection {
    by_selector: HashMap<Arc<PodSelectorKey>, BTreeSet<u32>>,
    by_addresses: BTreeMap<AddressSet, BTreeSet<u32>>,
    /// Those with rules for everybody, and those of them whose named ports are the peers' own.
    open: BTreeSet<u32>,
    named: BTreeSet<u32>,
    /// Those that match pods without a known address.
    whole_family: BTreeSet<u32>,
}

/// Who reads what of the policies there are.
#[derive(Debug, Default)]
pub(super) struct Readers {
    numbers: BTreeMap<PolicyKey, u32>,
    slots: Vec<Option<Arc<PolicyRules>>>,
    free: Vec<u32>,
    of: [OfDirection; 2],
    /// Those of the whole cluster, in the order in which they are read (S38).
    tiers: BTreeMap<PolicyKey, Arc<PolicyRules>>,
    /// How many rules write each set of addresses, and use each named port.
    sets: BTreeMap<AddressSet, usize>,
    names: BTreeMap<(Protocol, Arc<str>), usize>,
}

impl Readers {
    /// Notes a policy. It must not be there.
    pub(super) fn add(&mut self, policy: &Arc<PolicyRules>) {
        if policy.key.tier().is_some() {
            self.tiers.insert(policy.key.clone(), Arc::clone(policy));
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            crate::reach::number(self.slots.len() - 1)
        });
        self.numbers.insert(policy.key.clone(), number);
        if let Some(slot) = self.slots.get_mut(number as usize) {
            *slot = Some(Arc::clone(policy));
        }
        self.note(policy, number, true);
    }

    /// Notes that a policy goes.
    pub(super) fn remove(&mut self, policy: &Arc<PolicyRules>) {
        self.tiers.remove(&policy.key);
        if let Some(number) = self.numbers.remove(&policy.key) {
            self.note(policy, number, false);
            self.free.push(number);
            if let Some(slot) = self.slots.get_mut(number as usize) {
                *slot = None;
            }
        }
    }

    fn note(&mut self, policy: &PolicyRules, number: u32, is_there: bool) {
        let put = |numbers: &mut BTreeSet<u32>| match is_there {
            true => numbers.insert(number),
            false => numbers.remove(&number),
        };
        for (direction, of) in Direction::ALL.into_iter().zip(&mut self.of) {
            for rule in policy.rules(direction).into_iter().flatten() {
                match &rule.peers {
                    Peers::All => {
                        put(&mut of.open);
                        if !names(rule).is_empty() {
                            put(&mut of.named);
                        }
                    }
                    Peers::Some { pods, addresses, whole_family } => {
                        for selector in pods {
                            let numbers = of.by_selector.entry(Arc::clone(selector)).or_default();
                            put(numbers);
                            if numbers.is_empty() {
                                of.by_selector.remove(selector);
                            }
                        }
                        if !addresses.is_empty() {
                            let numbers = of.by_addresses.entry(addresses.clone()).or_default();
                            put(numbers);
                            if numbers.is_empty() {
                                of.by_addresses.remove(addresses);
                            }
                        }
                        if *whole_family {
                            put(&mut of.whole_family);
                        }
                    }
                }
                count(&mut self.sets, written(rule).cloned(), is_there);
                for name in names(rule) {
                    count(&mut self.names, Some(name), is_there);
                }
            }
        }
    }

    /// The NetworkPolicies with rules for everybody.
    pub(super) fn open(&self, direction: Direction) -> impl Iterator<Item = &Arc<PolicyRules>> {
        let [ingress, egress] = &self.of;
        let of = if direction == Direction::Ingress { ingress } else { egress };
        let policies = of.open.iter().filter_map(|number| self.slots.get(*number as usize)?.as_ref());
        policies.filter(|policy| policy.key.tier().is_none())
    }

    /// The NetworkPolicies with rules that can match an end with these selectors and this address, and not
    /// everybody alike.
    pub(super) fn of<'r>(
        &'r self,
        direction: Direction,
        selectors: &BTreeSet<Arc<PodSelectorKey>>,
        address: Option<IpAddr>,
    ) -> impl Iterator<Item = &'r Arc<PolicyRules>> {
        let [ingress, egress] = &self.of;
        let of = if direction == Direction::Ingress { ingress } else { egress };
        let mut found: BTreeSet<u32> = of.named.clone();
        found.extend(selectors.iter().filter_map(|selector| of.by_selector.get(selector)).flatten());
        match address {
            Some(address) => {
                let sets = of.by_addresses.iter().filter(|(set, _)| set.contains(address));
                found.extend(sets.flat_map(|(_, numbers)| numbers));
            }
            None => found.extend(&of.whole_family),
        }
        let policies = found.into_iter().filter_map(|number| self.slots.get(number as usize)?.as_ref());
        policies.filter(|policy| policy.key.tier().is_none())
    }

    /// The cluster-wide policies of a tier with rules of a direction, in the order in which they are read
    /// (S38).
    pub(super) fn of_tier(
        &self,
        tier: Tier,
        direction: Direction,
    ) -> impl Iterator<Item = (&Arc<PolicyRules>, &[CompiledRule])> {
        let of_tier = self.tiers.values().filter(move |policy| policy.key.tier() == Some(tier));
        of_tier.filter_map(move |policy| Some((policy, policy.rules(direction)?)))
    }

    /// The sets of addresses that rules write, sorted.
    pub(super) fn sets(&self) -> impl Iterator<Item = &AddressSet> {
        self.sets.keys()
    }

    /// The named ports that rules use.
    pub(super) fn names(&self) -> impl Iterator<Item = &PortName> {
        self.names.keys()
    }
}

fn count<K: Ord>(counts: &mut BTreeMap<K, usize>, key: Option<K>, is_there: bool) {
    let Some(key) = key else { return };
    if is_there {
        *counts.entry(key).or_default() += 1;
    } else if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

/// The addresses that a rule writes.
pub(super) fn written(rule: &CompiledRule) -> Option<&AddressSet> {
    match &rule.peers {
        Peers::Some { addresses, .. } if !addresses.is_empty() => Some(addresses),
        _ => None,
    }
}

fn names(rule: &CompiledRule) -> Vec<(Protocol, Arc<str>)> {
    let named: &[SetKey] = match &rule.ports {
        Ports::All => &[],
        Ports::Some { named, .. } => named,
    };
    let name = |set: &SetKey| match set {
        SetKey::NamedPort { protocol, name, .. } => Some((*protocol, Arc::clone(name))),
        SetKey::Pods(_) => None,
    };
    named.iter().filter_map(name).collect()
}
