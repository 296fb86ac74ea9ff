//! What rules look at: a cluster, and all that the core can tell of it.

use crate::{
    absent::{self, Absence},
    components::Components,
    focus::RuleAt,
    part::Part,
    tiers,
};
use sekisho_core::{
    exposure::{Exposure, exposures},
    index::{Index, PolicyKey, PolicyRules, RoaringBitmap},
    object::{
        Cluster, Direction, Labels, Namespace, NetworkPolicy, Origin, PeerKind, Pod, PolicyPort, PortMatch,
        Rule,
    },
    reach::Reach,
    set::Protocol,
    standard::{Component, Stance, Standard},
    ways::{Told, WayIn, ways_in},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
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
    pub(crate) own: OnceLock<RoaringBitmap>,
    reach: OnceLock<Reach>,
    ways: OnceLock<Vec<WayIn>>,
    exposures: OnceLock<Vec<Exposure>>,
    isolated: [OnceLock<RoaringBitmap>; 2],
    components: OnceLock<Components<'c>>,
    unseen: OnceLock<Vec<(Absence, &'c Arc<Pod>)>>,
    subjects: OnceLock<HashMap<&'c PolicyKey, &'c RoaringBitmap>>,
    nobody: RoaringBitmap,
    pub(crate) focus: Option<BTreeSet<Arc<str>>>,
    pub(crate) asked: Option<BTreeSet<&'static str>>,
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
        Self {
            cluster,
            index,
            standard,
            extent,
            has_gaps,
            namespaces: namespaces(cluster, index, extent),
            own: OnceLock::new(),
            reach: OnceLock::new(),
            ways: OnceLock::new(),
            exposures: OnceLock::new(),
            isolated: [OnceLock::new(), OnceLock::new()],
            components: OnceLock::new(),
            unseen: OnceLock::new(),
            subjects: OnceLock::new(),
            nobody: RoaringBitmap::new(),
            focus: None,
            asked: None,
        }
    }

    /// Who may talk to whom.
    pub(crate) fn reach(&self) -> &Reach {
        self.reach.get_or_init(|| Reach::of(self.index))
    }

    /// The ways in from outside, to the pods that rules look at.
    pub(crate) fn ways(&self) -> &[WayIn] {
        self.ways.get_or_init(|| {
            let told = Told::default();
            let Some(focus) = &self.focus else {
                return ways_in(self.cluster, self.index, self.reach(), &told);
            };
            // They lead to pods through Services of their own namespace.
            let is_led = |name| self.cluster.services_in(name).next().is_some();
            if !focus.iter().any(is_led) {
                return Vec::new();
            }
            let Part { cluster, index, reach } = Part::with_ways(self, focus);
            ways_in(&cluster, &index, &reach, &told)
        })
    }

    /// Whom outside workloads are open to, those that rules look at.
    pub(crate) fn exposures(&self) -> &[Exposure] {
        self.exposures.get_or_init(|| match &self.focus {
            None => exposures(self.cluster, self.index, self.reach()),
            Some(_) => {
                let Part { cluster, index, reach } = Part::of(self, self.own());
                exposures(&cluster, &index, &reach)
            }
        })
    }

    /// Whether there are pods at all: without any, nothing can be said of who is selected.
    pub(crate) fn has_pods(&self) -> bool {
        !self.index.all_pods().is_empty()
    }

    /// The namespaces of which something is there, with their labels.
    pub(crate) fn namespaces(&self) -> &BTreeMap<Arc<str>, Labels> {
        &self.namespaces
    }

    /// The components of the standard.
    pub(crate) fn components(&self) -> &Components<'c> {
        self.components.get_or_init(|| Components::of(self.standard))
    }

    /// The pods that policies do not see.
    pub(crate) fn unseen(&self) -> &[(Absence, &'c Arc<Pod>)] {
        self.unseen.get_or_init(|| absent::unseen(self.cluster))
    }

    /// Whether nothing is asked of a namespace.
    pub(crate) fn is_exempt(&self, namespace: &str) -> bool {
        self.standard.exempt.contains(namespace)
    }

    /// The subjects of a policy.
    pub(crate) fn subjects(&self, policy: &NetworkPolicy) -> &RoaringBitmap {
        let key = PolicyKey::from(policy.key.clone());
        let selected = |policy: &PolicyRules| self.index.selected_pods(&policy.subjects);
        let found = match &self.focus {
            // Who looks at a few asks for few.
            Some(_) => self.index.policy(&key).and_then(|policy| selected(policy)),
            None => {
                let known = self.subjects.get_or_init(|| {
                    let policies = self.index.policies();
                    policies.filter_map(|policy| Some((&policy.key, selected(policy)?))).collect()
                });
                known.get(&key).copied()
            }
        };
        found.unwrap_or(&self.nobody)
    }

    /// Those of the pods that rules look at which some policy isolates in `direction` (S2), or to whom cluster-wide ones close it for everybody. One that
    /// only accepts, or refuses some, isolates nobody (S40).
    pub(crate) fn isolated(&self, direction: Direction) -> &RoaringBitmap {
        let [ingress, egress] = &self.isolated;
        let known = match direction {
            Direction::Ingress => ingress,
            Direction::Egress => egress,
        };
        known.get_or_init(|| {
            let isolating = self.policies().filter(|policy| policy.isolates(direction));
            let pods = isolating.map(|policy| self.subjects(policy));
            pods.fold(tiers::closed(self.index, direction) & self.own(), |all, pods| all | pods)
        })
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

/// The namespaces of which something is there, with their labels (S9).
fn namespaces(cluster: &Cluster, index: &Index, extent: Extent) -> BTreeMap<Arc<str>, Labels> {
    let told = cluster.namespaces.values().map(|one| (Arc::clone(one.name()), one.labels().clone()));
    let mut namespaces: BTreeMap<Arc<str>, Labels> = told.collect();
    // A whole cluster tells all its namespaces, so nobody has to look at every pod of it.
    let pods = (extent == Extent::Part).then(|| cluster.pods.values());
    let of_pods = pods.into_iter().flatten().chain(cluster.idle.values()).map(|pod| &pod.key.namespace);
    for name in of_pods.chain(index.namespaces_with_pods()) {
        if !namespaces.contains_key(name) {
            namespaces.insert(Arc::clone(name), Namespace::implied(Arc::clone(name)).labels().clone());
        }
    }
    namespaces
}

/// Whether a component's way out is to be closed.
pub(crate) fn is_closed(component: &Component) -> bool {
    component.egress == Stance::Closed
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
