//! What rules look at: a cluster, and all that the core can tell of it.

use crate::{components::Components, focus::RuleAt};
use sekisho_core::{
    exposure::{Exposure, exposures},
    index::{Index, NamespaceScope, PodId, PodSelectorKey, PolicyKey, PolicyRules, RoaringBitmap},
    object::{
        Cluster, Direction, IpBlock, LabelSelector, Labels, NAME_LABEL, Namespace, NetworkPolicy, Origin,
        PeerKind, Pod, PolicyPort, PortMatch, Requirement, Rule, Workload,
    },
    reach::{ClassId, Reach},
    set::Protocol,
    standard::{Component, Stance, Standard},
    ways::{Told, WayIn, ways_in},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{Arc, OnceLock},
};

/// How much of a cluster there is to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it: what is not there does not exist.
    Whole,
    /// Some manifests: what is in a namespace of which nothing is there may well exist.
    Part,
}

/// What rules look at.
pub struct World<'c> {
    /// The objects.
    pub cluster: &'c Cluster,
    /// The index of the cluster.
    pub index: &'c Index,
    /// What the team has agreed on.
    pub standard: &'c Standard,
    /// How much of the cluster this is.
    pub extent: Extent,
    /// Whether something is left out because it cannot be read: nobody can tell then who is not protected.
    pub has_gaps: bool,
    namespaces: BTreeMap<Arc<str>, Labels>,
    reach: OnceLock<Reach>,
    ways: OnceLock<Vec<WayIn>>,
    exposures: OnceLock<Vec<Exposure>>,
    isolated: [OnceLock<RoaringBitmap>; 2],
    components: OnceLock<Components<'c>>,
    subjects: OnceLock<HashMap<&'c PolicyKey, &'c RoaringBitmap>>,
    nobody: RoaringBitmap,
    pub(crate) focus: Option<BTreeSet<Arc<str>>>,
}

impl<'c> World<'c> {
    /// The world of a cluster. `has_gaps` says whether something of it could not be read.
    #[must_use]
    pub fn new(
        cluster: &'c Cluster,
        index: &'c Index,
        standard: &'c Standard,
        extent: Extent,
        has_gaps: bool,
    ) -> Self {
        let told = cluster.namespaces.values().map(|one| (Arc::clone(one.name()), one.labels().clone()));
        let mut namespaces: BTreeMap<Arc<str>, Labels> = told.collect();
        for pod in cluster.pods.values() {
            let name = &pod.key.namespace;
            if !namespaces.contains_key(name) {
                namespaces.insert(Arc::clone(name), Namespace::implied(Arc::clone(name)).labels().clone());
            }
        }
        Self {
            cluster,
            index,
            standard,
            extent,
            has_gaps,
            namespaces,
            reach: OnceLock::new(),
            ways: OnceLock::new(),
            exposures: OnceLock::new(),
            isolated: [OnceLock::new(), OnceLock::new()],
            components: OnceLock::new(),
            subjects: OnceLock::new(),
            nobody: RoaringBitmap::new(),
            focus: None,
        }
    }

    /// Who may talk to whom.
    pub(crate) fn reach(&self) -> &Reach {
        self.reach.get_or_init(|| Reach::of(self.index))
    }

    /// The ways in from outside, to the pods that rules look at.
    pub(crate) fn ways(&self) -> &[WayIn] {
        self.ways.get_or_init(|| {
            // They lead to pods through Services of their own namespace.
            let leads = self.cluster.services.keys().any(|key| self.looks_at(&key.namespace));
            let ways = || ways_in(self.cluster, self.index, self.reach(), &Told::default());
            leads.then(ways).unwrap_or_default()
        })
    }

    /// Whom workloads are open to.
    pub(crate) fn exposures(&self) -> &[Exposure] {
        self.exposures.get_or_init(|| exposures(self.cluster, self.index, self.reach()))
    }

    /// Whether there are pods at all: without any, nothing can be said of who is selected.
    pub(crate) fn has_pods(&self) -> bool {
        self.index.pods().next().is_some()
    }

    /// The namespaces of which something is there, with their labels.
    pub(crate) fn namespaces(&self) -> &BTreeMap<Arc<str>, Labels> {
        &self.namespaces
    }

    /// The components of the standard.
    pub(crate) fn components(&self) -> &Components<'c> {
        self.components.get_or_init(|| Components::of(self.standard, self.index))
    }

    /// Whether nothing is asked of a namespace.
    pub(crate) fn is_exempt(&self, namespace: &str) -> bool {
        self.standard.exempt.contains(namespace)
    }

    /// The subjects of a policy.
    pub(crate) fn subjects(&self, policy: &NetworkPolicy) -> &RoaringBitmap {
        let known = self.subjects.get_or_init(|| {
            let selected = |policy: &PolicyRules| self.index.selected_pods(&policy.subjects);
            let policies = self.index.policies();
            policies.filter_map(|policy| Some((&policy.key, selected(policy)?))).collect()
        });
        known.get(&PolicyKey::from(policy.key.clone())).copied().unwrap_or(&self.nobody)
    }

    /// The pods that a peer of `policy` selects; none of a block.
    pub(crate) fn selected_by(&self, policy: &NetworkPolicy, kind: &PeerKind) -> RoaringBitmap {
        match kind {
            PeerKind::Pods(pods) => {
                self.selected(NamespaceScope::One(Arc::clone(&policy.key.namespace)), pods.clone())
            }
            PeerKind::Namespaces(namespaces) => {
                self.selected(NamespaceScope::Matching(namespaces.clone()), LabelSelector::everything())
            }
            PeerKind::PodsInNamespaces { namespaces, pods } => {
                self.selected(NamespaceScope::Matching(namespaces.clone()), pods.clone())
            }
            PeerKind::Block(_) => RoaringBitmap::new(),
        }
    }

    fn selected(&self, namespaces: NamespaceScope, pods: LabelSelector) -> RoaringBitmap {
        self.index.selected_pods(&PodSelectorKey::new(namespaces, pods)).cloned().unwrap_or_default()
    }

    /// Whether a peer of `policy` selects the pod with this number; a block has it by its address (S17).
    pub(crate) fn is_selected(&self, policy: &NetworkPolicy, kind: &PeerKind, id: PodId) -> bool {
        if let PeerKind::Block(block) = kind {
            return self.index.pod(id).is_some_and(|pod| has_address(block, &pod.addresses));
        }
        self.selected_by(policy, kind).contains(id)
    }

    /// The pods, of any namespace, whose labels a selector selects.
    pub(crate) fn pods_with(&self, pods: &LabelSelector) -> RoaringBitmap {
        self.index.pods_with(pods)
    }

    /// The destinations of a rule: its subjects, or the pods that it names.
    pub(crate) fn destinations(&self, at: RuleAt<'_>) -> RoaringBitmap {
        match at.direction {
            Direction::Ingress => self.subjects(at.policy).clone(),
            Direction::Egress if at.rule.peers.is_empty() => self.index.pods().map(|(id, _)| id).collect(),
            Direction::Egress => at
                .rule
                .peers
                .iter()
                .map(|peer| self.selected_by(at.policy, &peer.kind))
                .fold(RoaringBitmap::new(), |all, pods| all | pods),
        }
    }

    /// The same where all of them are here to see; `None` where some may be of namespaces of which nothing is.
    pub(crate) fn all_destinations(&self, at: RuleAt<'_>) -> Option<RoaringBitmap> {
        let is_all = at.direction == Direction::Ingress || !self.may_mean_others(at);
        is_all.then(|| self.destinations(at))
    }

    /// The pods with these numbers.
    pub(crate) fn pods<'p>(&'p self, pods: &'p RoaringBitmap) -> impl Iterator<Item = &'p Arc<Pod>> {
        pods.iter().filter_map(|id| self.index.pod(id))
    }

    /// One pod of each workload.
    pub(crate) fn workloads<'p>(
        &'p self,
        pods: &'p RoaringBitmap,
    ) -> BTreeMap<&'p Workload, (PodId, &'p Arc<Pod>)> {
        let mut workloads = BTreeMap::new();
        for id in pods {
            if let Some(pod) = self.index.pod(id) {
                workloads.entry(&pod.workload).or_insert((id, pod));
            }
        }
        workloads
    }

    /// Those of `peers` that may talk to, or as `direction` says be talked to by, some of `subjects`.
    pub(crate) fn met(
        &self,
        direction: Direction,
        peers: &RoaringBitmap,
        subjects: &RoaringBitmap,
    ) -> RoaringBitmap {
        if peers.is_empty() {
            return RoaringBitmap::new();
        }
        let reach = self.reach();
        let theirs = reach.classes_of(subjects);
        let meets = |class: &ClassId| {
            let cells = match direction {
                Direction::Ingress => reach.destinations(*class),
                Direction::Egress => reach.sources(*class),
            };
            cells.iter().any(|cell| !cell.with.is_disjoint(&theirs))
        };
        let meeting: RoaringBitmap = reach.classes_of(peers).iter().filter(meets).collect();
        let is_met = |id: &PodId| reach.classes_of_pod(*id).any(|class| meeting.contains(class));
        peers.iter().filter(is_met).collect()
    }

    /// The pods that some policy isolates in `direction`, or of which a cluster-wide one has something to say.
    pub(crate) fn isolated(&self, direction: Direction) -> &RoaringBitmap {
        let [ingress, egress] = &self.isolated;
        let known = match direction {
            Direction::Ingress => ingress,
            Direction::Egress => egress,
        };
        known.get_or_init(|| {
            let policies = self.index.policies().filter(|policy| policy.rules(direction).is_some());
            let pods = policies.filter_map(|policy| self.index.selected_pods(&policy.subjects));
            pods.fold(RoaringBitmap::new(), |all, pods| all | pods)
        })
    }

    /// The namespaces that a selector names by the label that each has of itself (S9): `None` where it does not.
    pub(crate) fn named(namespaces: &LabelSelector) -> Option<&BTreeSet<Arc<str>>> {
        namespaces.requirements().find_map(|requirement| match requirement {
            Requirement::In(key, names) if **key == *NAME_LABEL => Some(names),
            _ => None,
        })
    }

    /// Whether a selector of namespaces may mean one of which nothing is here to see.
    pub(crate) fn may_be_elsewhere(&self, namespaces: &LabelSelector) -> bool {
        if self.extent == Extent::Whole {
            return false;
        }
        Self::named(namespaces)
            .is_some_and(|names| names.iter().any(|name| !self.namespaces.contains_key(name)))
    }

    /// Whether a rule may mean pods of namespaces of which nothing is here to see.
    fn may_mean_others(&self, at: RuleAt<'_>) -> bool {
        let of = |namespaces: &LabelSelector| {
            self.extent == Extent::Part
                && (Self::named(namespaces).is_none() || self.may_be_elsewhere(namespaces))
        };
        at.rule.peers.iter().any(|peer| match &peer.kind {
            PeerKind::Namespaces(namespaces) | PeerKind::PodsInNamespaces { namespaces, .. } => {
                of(namespaces)
            }
            PeerKind::Pods(_) => !self.is_seen(&at.policy.key.namespace),
            PeerKind::Block(_) => false,
        })
    }

    /// Whether what is not to be seen of a namespace is not there.
    pub(crate) fn is_seen(&self, namespace: &str) -> bool {
        self.extent == Extent::Whole || self.namespaces.contains_key(namespace)
    }

    /// Whether the standard lets a peer stand in a policy.
    pub(crate) fn is_agreed(&self, at: RuleAt<'_>, kind: &PeerKind) -> bool {
        let component = self.components().of_policy(at.policy);
        component.is_some_and(|component| self.standard.admits(component, at.direction, kind))
    }

    /// Whether what is too wide matters in the direction of a rule: ingress always, egress where it is to be
    /// closed.
    pub(crate) fn is_guarded(&self, at: RuleAt<'_>) -> bool {
        at.direction == Direction::Ingress || self.is_to_be_closed(at.policy)
    }

    /// Whether the standard wants the egress of the pods of a policy closed.
    pub(crate) fn is_to_be_closed(&self, policy: &NetworkPolicy) -> bool {
        let component = self.components().of_policy(policy).is_some_and(is_closed);
        let baseline = self.standard.baseline.as_ref();
        component || baseline.is_some_and(|baseline| baseline.closed.contains(&policy.key.namespace))
    }
}

/// Whether a block has one of the addresses of a pod, or any that it may get (S17).
pub(crate) fn has_address(block: &IpBlock, addresses: &BTreeSet<IpAddr>) -> bool {
    block.is_whole_family() || addresses.iter().any(|address| block.contains(*address))
}

/// Whether a component's way out is to be closed.
pub(crate) fn is_closed(component: &Component) -> bool {
    component.egress == Stance::Closed
}

/// A label that every pod of a service of the name has, or of a namespace.
pub(crate) fn label(key: &str, value: &str) -> LabelSelector {
    [Requirement::In(key.into(), [Arc::from(value)].into())].into_iter().collect()
}

/// The selector of one namespace, by name.
pub(crate) fn namespace(name: &str) -> LabelSelector {
    label(NAME_LABEL, name)
}

/// Whether the ports of a rule have `number`; a name stands for what `named` says of it.
pub(crate) fn has_port(ports: &[PolicyPort], protocol: Protocol, number: u16, named: &[&str]) -> bool {
    ports.is_empty()
        || ports.iter().any(|port| {
            port.protocol == protocol
                && match &port.port {
                    PortMatch::All => true,
                    PortMatch::Range(range) => (range.first()..=range.last()).contains(&number),
                    PortMatch::Named(name) => named.contains(&&**name),
                }
        })
}

/// The places of a rule and its entries.
pub(crate) fn places(rule: &Rule) -> impl Iterator<Item = &Origin> {
    let peers = rule.peers.iter().map(|peer| &peer.origin);
    let ports = rule.ports.iter().map(|port| &port.origin);
    [&rule.origin].into_iter().chain(peers).chain(ports)
}
