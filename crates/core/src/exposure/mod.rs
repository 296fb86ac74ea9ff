//! Whom workloads are open to, beyond those who call them: the internet, the whole cluster, other
//! namespaces, pods that do not exist yet. And which of them no policy protects.
//!
//! Exposure is a matter of a workload's own policies: that the pods opposite are shut in today does not
//! make it less open. What addresses outside may do is read off [`Reach`]; whom selectors mean, off the
//! rules, for nobody who exists can stand for those who do not.

mod future;
mod ports;
mod words;

pub use future::{Future, Place};
pub use ports::OpenPorts;

use crate::{
    index::{Index, PodId, PolicyKey},
    object::{Cluster, Direction, NetworkPolicy, ObjectKey, Origin, PeerKind, Pod, Workload},
    reach::Reach,
    set::{AddressSet, PortSet, Protocol},
    verdict::RulePath,
};
use future::Namespaces;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Whom something is open to: the wider, the earlier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Opening {
    /// Everybody: no policy isolates it in this direction (S2).
    Unprotected,
    /// Addresses of the internet.
    Internet(AddressSet),
    /// Every pod of the cluster, and those to come.
    Cluster,
    /// Every pod of a namespace that is not its own.
    Namespace(Arc<str>),
    /// Pods that do not exist yet.
    Future(Future),
}

/// A rule that opens, and where it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpeningRule {
    /// Which entry of it.
    pub path: RulePath,
    /// Where the entry was written, or the rule where it lists no peers.
    pub origin: Origin,
}

/// Workloads that are open alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// In which direction.
    pub direction: Direction,
    /// To whom.
    pub opening: Opening,
    /// On which ports; never none.
    pub ports: OpenPorts,
    /// Which workloads, sorted; with the names of the pods where not all of a workload are meant.
    pub workloads: Vec<(Workload, Vec<Arc<str>>)>,
    /// The rules that open them, sorted; none where no policy isolates.
    pub rules: Vec<OpeningRule>,
}

/// Pods and rules of what is open alike.
type Gathered = BTreeMap<(Direction, Opening, OpenPorts), (BTreeSet<PodId>, BTreeSet<OpeningRule>)>;

/// What the workloads of `cluster` are open to, sorted: ingress first, the wider first. Cluster-wide
/// policies are not looked at: of a cluster that has some this is not the whole answer.
#[must_use]
pub fn exposures(cluster: &Cluster, index: &Index, reach: &Reach) -> Vec<Exposure> {
    let mut finder = Finder {
        cluster,
        index,
        reach,
        namespaces: Namespaces::of(cluster, index),
        of_policies: BTreeMap::new(),
        internet: AddressSet::internet(),
    };
    let mut gathered = Gathered::new();
    for (alike, ids) in finder.profiles() {
        for direction in Direction::ALL {
            finder.of_profile(direction, &alike, &ids, &mut gathered);
        }
    }
    let roster = Roster::of(index);
    let exposures = gathered.into_iter().map(|((direction, opening, ports), (pods, rules))| Exposure {
        direction,
        opening,
        ports,
        workloads: roster.workloads(&pods),
        rules: rules.into_iter().collect(),
    });
    exposures.collect()
}

/// What pods have in common that are open alike: policies, named ports, and classes of addresses.
type Profile<'a> = (BTreeSet<ObjectKey>, BTreeMap<(Protocol, Arc<str>), BTreeSet<u16>>, Vec<u32>);

/// What an entry of a policy opens: the rule, the entry of `from` or `to` where there is one, to whom.
type Opened = (usize, Option<usize>, Vec<Opening>);

struct Finder<'a> {
    cluster: &'a Cluster,
    index: &'a Index,
    reach: &'a Reach,
    namespaces: Namespaces<'a>,
    /// What the entries of policies open, computed once for all their subjects.
    of_policies: BTreeMap<(ObjectKey, Direction), Arc<[Opened]>>,
    internet: AddressSet,
}

impl<'a> Finder<'a> {
    fn profiles(&self) -> BTreeMap<Profile<'a>, Vec<PodId>> {
        let mut profiles: BTreeMap<Profile<'a>, Vec<PodId>> = BTreeMap::new();
        let mut known: BTreeMap<Vec<u32>, BTreeSet<ObjectKey>> = BTreeMap::new();
        for (id, pod) in self.index.pods() {
            let classes: Vec<u32> = self.reach.classes_of_pod(id).collect();
            // Pods of one class are subjects of the same policies.
            let policies = known.entry(classes.clone()).or_insert_with(|| self.namespaced(id));
            profiles.entry((policies.clone(), pod.port_names(), classes)).or_default().push(id);
        }
        profiles
    }

    /// The NetworkPolicies that select a pod.
    fn namespaced(&self, id: PodId) -> BTreeSet<ObjectKey> {
        let namespaced = self.index.policies_selecting(id).into_iter().filter_map(|key| match key {
            PolicyKey::Namespaced(key) => Some(key),
            PolicyKey::Admin(_) | PolicyKey::Baseline(_) => None,
        });
        namespaced.collect()
    }

    fn of_profile(
        &mut self,
        direction: Direction,
        (policies, _, classes): &Profile<'a>,
        ids: &[PodId],
        gathered: &mut Gathered,
    ) {
        let Some(pod) = ids.first().and_then(|id| self.index.pod(*id)) else { return };
        let cluster = self.cluster;
        let isolating = policies.iter().filter_map(|key| cluster.policies.get(key));
        let isolating: Vec<&NetworkPolicy> = isolating.filter(|policy| policy.isolates(direction)).collect();
        let mut found: BTreeMap<Opening, (OpenPorts, BTreeSet<OpeningRule>)> = BTreeMap::new();
        if isolating.is_empty() {
            found.insert(Opening::Unprotected, (OpenPorts::all(), BTreeSet::new()));
        }
        for policy in isolating {
            self.of_policy(direction, policy, pod, &mut found);
        }
        let to_internet = self.to_internet(direction, classes, &mut found);
        within_wider(&mut found);
        let mut put = |opening, ports, rules: BTreeSet<OpeningRule>| {
            let entry = gathered.entry((direction, opening, ports)).or_default();
            entry.0.extend(ids);
            entry.1.extend(rules);
        };
        for (opening, (ports, rules)) in found {
            if let Opening::Internet(_) = opening {
                for (addresses, ports) in &to_internet {
                    let ports = OpenPorts { numbers: ports.clone(), named: BTreeSet::new() };
                    put(Opening::Internet(addresses.clone()), ports, rules.clone());
                }
            } else {
                put(opening, ports, rules);
            }
        }
    }

    /// What each rule of `policy` opens, on the ports that it has on `pod`. Of the internet only the rules
    /// are noted: the addresses come from all of them together.
    fn of_policy(
        &mut self,
        direction: Direction,
        policy: &'a NetworkPolicy,
        pod: &Pod,
        found: &mut BTreeMap<Opening, (OpenPorts, BTreeSet<OpeningRule>)>,
    ) {
        let entries = self.entries(direction, policy);
        let rules = policy.rules(direction);
        for (at, peer, openings) in entries.iter() {
            let Some(rule) = rules.get(*at) else { continue };
            let ports = OpenPorts::of(rule, direction, pod);
            if ports.is_empty() {
                continue;
            }
            let path = RulePath { policy: policy.key.clone(), direction, rule: *at, peer: *peer, port: None };
            let entry = peer.and_then(|peer| rule.peers.get(peer)).map(|peer| &peer.origin);
            let origin = entry.unwrap_or(&rule.origin).clone();
            for opening in openings {
                let of = found.entry(opening.clone()).or_default();
                of.0.join(ports.clone());
                of.1.insert(OpeningRule { path: path.clone(), origin: origin.clone() });
            }
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

    /// The addresses of the internet that pods of these classes are open to, by ports. Where policies
    /// are open to none, `found` forgets the rules that seemed to be.
    fn to_internet(
        &self,
        direction: Direction,
        classes: &[u32],
        found: &mut BTreeMap<Opening, (OpenPorts, BTreeSet<OpeningRule>)>,
    ) -> Vec<(AddressSet, PortSet)> {
        let key = Opening::Internet(AddressSet::empty());
        if !found.contains_key(&key) {
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

/// Takes away what is said by something wider: a namespace or pods to come, on ports that the whole
/// cluster has.
fn within_wider(found: &mut BTreeMap<Opening, (OpenPorts, BTreeSet<OpeningRule>)>) {
    let Some(whole) = found.get(&Opening::Cluster).map(|(ports, _)| ports.clone()) else { return };
    found.retain(|opening, (ports, _)| match opening {
        Opening::Namespace(_) | Opening::Future(_) => !ports.is_within(&whole),
        Opening::Unprotected | Opening::Internet(_) | Opening::Cluster => true,
    });
}

/// Which pods each workload has.
struct Roster<'a> {
    index: &'a Index,
    sizes: BTreeMap<&'a Workload, usize>,
}

impl<'a> Roster<'a> {
    fn of(index: &'a Index) -> Self {
        let mut sizes: BTreeMap<&Workload, usize> = BTreeMap::new();
        for (_, pod) in index.pods() {
            *sizes.entry(&pod.workload).or_default() += 1;
        }
        Self { index, sizes }
    }

    /// The workloads of some pods; with their names, where they are not all of a workload's.
    fn workloads(&self, pods: &BTreeSet<PodId>) -> Vec<(Workload, Vec<Arc<str>>)> {
        let mut workloads: BTreeMap<&Workload, Vec<Arc<str>>> = BTreeMap::new();
        for pod in pods.iter().filter_map(|id| self.index.pod(*id)) {
            workloads.entry(&pod.workload).or_default().push(Arc::clone(&pod.key.name));
        }
        let named = workloads.into_iter().map(|(workload, mut names)| {
            if self.sizes.get(workload) == Some(&names.len()) {
                names.clear();
            }
            names.sort();
            (workload.clone(), names)
        });
        named.collect()
    }
}
