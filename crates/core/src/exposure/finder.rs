//! What the pods of a profile are open to: the rules of their policies, as far as the tiers leave it.

use super::{
    Found, Gathered, OpenPorts, Opening, OpeningRule, RuleName,
    future::Namespaces,
    tiers::{self, After, By, Ruled, Stage},
    walk::Piece,
};
use crate::{
    eval::in_order,
    index::{Index, PodId, PolicyKey, ProfileKey},
    object::{Cluster, ClusterPolicy, Direction, NetworkPolicy, ObjectKey, PeerKind, Pod, Tier},
    reach::Reach,
    set::{AddressSet, PortSet, Protocol},
    verdict::{RulePath, TierRule},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What pods have in common that are open alike: policies, named ports, classes of addresses, and the
/// namespace where cluster-wide policies select them, whose rules may speak of it.
pub(super) type Profile<'a> =
    (ProfileKey, BTreeMap<(Protocol, Arc<str>), BTreeSet<u16>>, Vec<u32>, Option<&'a Arc<str>>);

/// What an entry of a policy opens: the rule, the entry of `from` or `to` where there is one, to whom.
type Opened = (usize, Option<usize>, Vec<Opening>);

/// Finds whom pods are open to.
pub(super) struct Finder<'a> {
    cluster: &'a Cluster,
    index: &'a Index,
    reach: &'a Reach,
    pub(super) namespaces: Namespaces<'a>,
    /// The policies of the Admin tier and of the Baseline tier, in the order in which they are read.
    tiers: [Vec<&'a ClusterPolicy>; 2],
    /// What the entries of policies open, computed once for all their subjects.
    of_policies: BTreeMap<(ObjectKey, Direction), Arc<[Opened]>>,
    /// The same of the entries of cluster-wide policies.
    pub(super) of_tiers: BTreeMap<TierRule, Arc<[Opening]>>,
    pub(super) internet: AddressSet,
}

impl<'a> Finder<'a> {
    pub(super) fn of(cluster: &'a Cluster, index: &'a Index, reach: &'a Reach) -> Self {
        Self {
            cluster,
            index,
            reach,
            namespaces: Namespaces::of(cluster, index),
            tiers: [Tier::Admin, Tier::Baseline].map(|tier| in_order(cluster, tier)),
            of_policies: BTreeMap::new(),
            of_tiers: BTreeMap::new(),
            internet: AddressSet::internet(),
        }
    }

    /// The profiles of all pods, each with its pods.
    pub(super) fn profiles(&self) -> BTreeMap<Profile<'a>, Vec<PodId>> {
        let mut profiles: BTreeMap<Profile<'a>, Vec<PodId>> = BTreeMap::new();
        let of_pods = self.index.profiles();
        for (id, pod) in self.index.pods() {
            let Some(policies) = of_pods.of(id) else { continue };
            let classes: Vec<u32> = self.reach.classes_of_pod(id).collect();
            let is_tiered = policies.iter().any(|key| key.tier().is_some());
            let namespace = is_tiered.then_some(&pod.key.namespace);
            profiles
                .entry((Arc::clone(policies), pod.port_names(), classes, namespace))
                .or_default()
                .push(id);
        }
        profiles
    }

    /// Gathers what the pods of a profile are open to.
    pub(super) fn of_profile(
        &mut self,
        direction: Direction,
        (policies, _, classes, _): &Profile<'a>,
        ids: &[PodId],
        gathered: &mut Gathered,
    ) {
        let Some(pod) = ids.first().and_then(|id| self.index.pod(*id)) else { return };
        let found = self.found(direction, policies, pod);
        let to_internet = self.to_internet(direction, classes, &found);
        let mut put = |opening, ports, but, rules: BTreeSet<OpeningRule>| {
            let entry = gathered.entry((direction, opening, ports, but)).or_default();
            entry.0.extend(ids);
            entry.1.extend(rules);
        };
        for ((opening, but), (ports, rules)) in found {
            if let Opening::Internet(_) = opening {
                for (addresses, ports) in &to_internet {
                    let ports = OpenPorts { numbers: ports.clone(), named: BTreeSet::new() };
                    put(Opening::Internet(addresses.clone()), ports, BTreeSet::new(), rules.clone());
                }
            } else {
                put(opening, ports, but, rules);
            }
        }
    }

    /// What a pod with these policies is open to. Of the internet only the rules are noted: the addresses
    /// come from all of them together.
    fn found(&mut self, direction: Direction, policies: &BTreeSet<PolicyKey>, pod: &Pod) -> Found {
        let cluster = self.cluster;
        let isolating = policies.iter().filter_map(|key| match key {
            PolicyKey::Namespaced(key) => cluster.policies.get(key),
            PolicyKey::Admin(_) | PolicyKey::Baseline(_) => None,
        });
        let isolating: Vec<&NetworkPolicy> = isolating.filter(|policy| policy.isolates(direction)).collect();
        let tiers = self.tiers.each_ref().map(|tier| Ruled::of(tier, policies, direction, pod));
        let opened: Vec<_> =
            isolating.iter().flat_map(|policy| self.of_policy(direction, policy, pod)).collect();
        let mut found = Found::new();
        let after = if isolating.is_empty() {
            if !tiers.iter().flatten().any(Ruled::refuses) {
                // S2, S40: nothing says no to anybody.
                found.insert((Opening::Unprotected, BTreeSet::new()), (OpenPorts::all(), BTreeSet::new()));
                return found;
            }
            // What no tier decides is allowed, to everybody.
            found.entry((Opening::Internet(AddressSet::empty()), BTreeSet::new())).or_default();
            self.note(&tiers, Stage::AfterAll, &Opening::Cluster, (OpenPorts::all(), None), &mut found);
            self.of_baseline(&tiers, pod, &mut found)
        } else {
            let after = |(opening, ports, rule): &(Opening, OpenPorts, OpeningRule)| {
                (opening.clone(), ports.clone(), Some(rule.clone()), By::Policies)
            };
            opened.iter().map(after).collect()
        };
        self.of_admin(&tiers, pod, &after, &mut found);
        for (opening, ports, rule) in opened {
            self.note(&tiers, Stage::Policies, &opening, (ports, Some(&rule)), &mut found);
        }
        within_wider(&mut found);
        found
    }

    /// What each rule of `policy` opens, on the ports that it has on `pod`.
    fn of_policy(
        &mut self,
        direction: Direction,
        policy: &'a NetworkPolicy,
        pod: &Pod,
    ) -> Vec<(Opening, OpenPorts, OpeningRule)> {
        let entries = self.entries(direction, policy);
        let rules = policy.rules(direction);
        let mut opened = Vec::new();
        for (at, peer, openings) in entries.iter() {
            let Some(rule) = rules.get(*at) else { continue };
            let ports = OpenPorts::of(&rule.ports, direction, pod);
            if ports.is_empty() {
                continue;
            }
            let path = RulePath { policy: policy.key.clone(), direction, rule: *at, peer: *peer, port: None };
            let entry = peer.and_then(|peer| rule.peers.get(peer)).map(|peer| &peer.origin);
            let origin = entry.unwrap_or(&rule.origin).clone();
            let rule = OpeningRule { name: RuleName::Policy(path), origin };
            opened.extend(openings.iter().map(|opening| (opening.clone(), ports.clone(), rule.clone())));
        }
        opened
    }

    /// What the rules of the Baseline tier open; returned with what nobody decides, for what is passed on
    /// to them.
    fn of_baseline(&mut self, tiers: &[Vec<Ruled<'a>>; 2], pod: &Pod, found: &mut Found) -> Vec<After> {
        let mut after = vec![(Opening::Cluster, OpenPorts::all(), None, By::Nobody)];
        let [_, baseline] = tiers;
        for (at, ruled) in baseline.iter().enumerate() {
            for (opening, rule) in self.spoken_of(ruled, pod) {
                let ports = ruled.ports().clone();
                let stage = Stage::Tier(Tier::Baseline, at);
                self.note(tiers, stage, &opening, (ports.clone(), Some(&rule)), found);
                after.push((opening, ports, Some(rule), By::Baseline(at)));
            }
        }
        after
    }

    /// What the rules of the Admin tier open: those that accept, and those that pass to whom `after` opens
    /// something of it.
    fn of_admin(&mut self, tiers: &[Vec<Ruled<'a>>; 2], pod: &Pod, after: &[After], found: &mut Found) {
        let own = Opening::Namespace(Arc::clone(&pod.key.namespace));
        let [admin, _] = tiers;
        for (at, ruled) in admin.iter().enumerate() {
            for (opening, rule) in self.spoken_of(ruled, pod) {
                if !ruled.passes() {
                    let ports = ruled.ports().clone();
                    self.note(tiers, Stage::Tier(Tier::Admin, at), &opening, (ports, Some(&rule)), found);
                    continue;
                }
                for (then, ports, by_rule, by) in after {
                    let ports = ports.parts(ruled.ports()).certain;
                    let rule = by_rule.as_ref().unwrap_or(&rule);
                    for both in self.namespaces.both(&opening, then).iter().filter(|both| **both != own) {
                        self.note(tiers, Stage::Passed(at, *by), both, (ports.clone(), Some(rule)), found);
                    }
                }
            }
        }
    }

    /// Notes what the tiers leave of an opening (S38).
    fn note(
        &self,
        tiers: &[Vec<Ruled<'a>>; 2],
        stage: Stage,
        opening: &Opening,
        (ports, rule): (OpenPorts, Option<&OpeningRule>),
        found: &mut Found,
    ) {
        let pieces = match opening {
            Opening::Internet(_) => vec![Piece { ports, but: BTreeSet::new() }],
            _ => tiers::left(tiers, stage, &self.namespaces, opening, ports),
        };
        for piece in pieces {
            let of = found.entry((opening.clone(), piece.but)).or_default();
            of.0.join(piece.ports);
            of.1.extend(rule.cloned());
        }
    }

    /// What the entries of a policy open.
    fn entries(&mut self, direction: Direction, policy: &NetworkPolicy) -> Arc<[Opened]> {
        let key = (policy.key.clone(), direction);
        if let Some(known) = self.of_policies.get(&key) {
            return Arc::clone(known);
        }
        let internet = || Opening::Internet(AddressSet::empty());
        let mut entries = Vec::new();
        for (at, rule) in policy.rules(direction).iter().enumerate() {
            if rule.peers.is_empty() {
                entries.push((at, None, vec![internet(), Opening::Cluster])); // S5
            }
            for (peer_at, peer) in rule.peers.iter().enumerate() {
                let openings = match &peer.kind {
                    PeerKind::Block(block) => {
                        let mut openings = Vec::new();
                        if !block.addresses().intersection(&self.internet).is_empty() {
                            openings.push(internet());
                        }
                        if block.is_whole_family() {
                            openings.push(Opening::Cluster); // S17: pods have addresses too.
                        }
                        openings
                    }
                    kind => self.namespaces.openings(policy, kind),
                };
                entries.push((at, Some(peer_at), openings));
            }
        }
        let entries: Arc<[_]> = entries.into();
        self.of_policies.insert(key, Arc::clone(&entries));
        entries
    }

    /// The addresses of the internet that pods of these classes are open to, by ports; none where no rule
    /// seems to open to any.
    fn to_internet(
        &self,
        direction: Direction,
        classes: &[u32],
        found: &Found,
    ) -> Vec<(AddressSet, PortSet)> {
        if !found.contains_key(&(Opening::Internet(AddressSet::empty()), BTreeSet::new())) {
            return Vec::new();
        }
        let mut open: BTreeMap<PortSet, AddressSet> = BTreeMap::new();
        for class in classes {
            let cells = match direction {
                Direction::Ingress => self.reach.sources(*class),
                Direction::Egress => self.reach.destinations(*class),
            };
            for cell in cells.iter() {
                let outside = &cell.with & self.reach.outside();
                let addresses = outside.iter().filter_map(|id| self.reach.class(id));
                let addresses = addresses.fold(AddressSet::empty(), |all, class| {
                    all.union(&class.addresses.intersection(&self.internet))
                });
                if !addresses.is_empty() {
                    let of = open.entry((*cell.ports).clone()).or_default();
                    *of = of.union(&addresses);
                }
            }
        }
        open.into_iter().map(|(ports, addresses)| (addresses, ports)).collect()
    }
}

/// Takes away what is said by something wider on the same ports: by an opening that speaks of everybody whom
/// it speaks of, and refuses no more of them.
fn within_wider(found: &mut Found) {
    let all = found.clone();
    found.retain(|(opening, but), (ports, _)| {
        let is_wider = |(other, others_but): &(Opening, BTreeSet<OpeningRule>)| {
            let is_as_wide = others_but == but && other.is_within(opening);
            // Of two that say the same in other words the first stays.
            let is_another = !is_as_wide || other < opening;
            is_another && opening.is_within(other) && others_but.is_subset(but)
        };
        let wider = all.iter().filter(|(key, _)| is_wider(key));
        let whole = wider.fold(OpenPorts::default(), |mut whole, (_, (ports, _))| {
            whole.join(ports.clone());
            whole
        });
        !ports.is_within(&whole) || matches!(opening, Opening::Internet(_) | Opening::Unprotected)
    });
}
