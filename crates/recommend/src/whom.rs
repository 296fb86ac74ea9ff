//! Whom a rule lets through.

use crate::{
    asked::Widen,
    blocks,
    entrance::Entrance,
    evidence::Evidence,
    history::Party,
    labels::exactly,
    ports::Ports,
    roster::{Group, GroupId, Roster},
};
use sekisho_core::{
    object::{Cluster, IpBlock, LabelSelector, NAME_LABEL, PeerKind, Pod},
    set::{AddressSet, Cidr, Protocol},
    standard::{Role, Standard, Whom as Named},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// The port of DNS.
pub(crate) const DNS: u16 = 53;

/// Whom a rule lets through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whom {
    /// A peer that the standard gives a name.
    Named(Arc<str>),
    /// Whoever comes by what leads in: its name, and the addresses.
    Entrance(Arc<str>, AddressSet),
    /// A group of pods.
    Pods(GroupId),
    /// A node.
    Node(Arc<str>),
    /// An address outside.
    Address(IpAddr),
}

/// What is known of those whom rules name.
pub(crate) struct Peers<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) standard: &'a Standard,
    pub(crate) roster: &'a Roster,
    pub(crate) widen: Widen,
    /// Addresses of pods and nodes.
    own: AddressSet,
}

/// A peer of a rule, before it is written.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) kinds: Vec<PeerKind>,
    pub(crate) who: String,
    /// The pods at which a named port is looked up, where it is they who are called.
    pub(crate) pods: Vec<Arc<Pod>>,
}

impl<'a> Peers<'a> {
    pub(crate) fn new(
        cluster: &'a Cluster,
        standard: &'a Standard,
        roster: &'a Roster,
        widen: Widen,
    ) -> Self {
        let pods = cluster.pods.values().flat_map(|pod| pod.addresses.iter());
        let nodes = cluster.nodes.values().flat_map(|node| node.addresses.iter());
        let own = pods.chain(nodes).map(|address| Cidr::host(*address));
        let ranges = cluster.nodes.values().flat_map(|node| node.pod_cidrs.iter().copied());
        Self { cluster, standard, roster, widen, own: own.chain(ranges).collect() }
    }

    /// Who stands at an end of what was seen, as a rule names them best.
    pub(crate) fn whom(&self, party: &Party, port: (Protocol, u16), entrances: &[&Entrance]) -> Whom {
        match party {
            Party::Pods(group, _) => {
                let dns = (port.1 == DNS).then(|| self.dns_of(*group)).flatten();
                dns.map_or(Whom::Pods(*group), Whom::Named)
            }
            Party::Node(name) => Whom::Node(Arc::clone(name)),
            Party::Address(address) => {
                let entrance = || {
                    let mut of = entrances.iter().filter(|one| one.port == port);
                    let found = of.find(|one| one.addresses.contains(*address))?;
                    Some(Whom::Entrance(Arc::clone(&found.by), found.addresses.clone()))
                };
                let named = self.named(*address).map(Whom::Named);
                named.or_else(entrance).unwrap_or(Whom::Address(*address))
            }
        }
    }

    /// The peer of the standard that has the address, the narrowest of several. What many share on their way out
    /// tells nothing about who calls, and is named by nobody.
    fn named(&self, address: IpAddr) -> Option<Arc<str>> {
        let environment = self.standard.environment.as_deref();
        let may_be_named =
            self.standard.peers.iter().filter(|(_, peer)| peer.role != Role::Nat && peer.is_of(environment));
        let length = |peer: &Named| match peer {
            Named::Ranges(ranges) => {
                ranges.iter().filter(|range| range.contains(address)).map(|range| range.prefix_length()).max()
            }
            Named::Pods { .. } => None,
        };
        let found = may_be_named.filter_map(|(name, peer)| Some((length(&peer.whom)?, name)));
        // Of equal ones the first by name.
        found
            .max_by(|one, other| one.0.cmp(&other.0).then(other.1.cmp(one.1)))
            .map(|(_, name)| Arc::clone(name))
    }

    /// The peer of the standard with exactly these addresses.
    pub(crate) fn named_exactly(&self, addresses: &AddressSet) -> Option<Arc<str>> {
        let is_it = |whom: &Named| matches!(whom, Named::Ranges(_)) && whom.addresses() == *addresses;
        self.standard.peers.iter().find(|(_, peer)| is_it(&peer.whom)).map(|(name, _)| Arc::clone(name))
    }

    /// The peers of the standard who answer DNS and are pods.
    fn dns(&self) -> impl Iterator<Item = (&'a Arc<str>, &'a LabelSelector, &'a LabelSelector)> {
        self.standard.peers.iter().filter_map(|(name, peer)| match &peer.whom {
            Named::Pods { namespaces, pods: Some(pods) } if peer.role == Role::Dns => {
                Some((name, namespaces, pods))
            }
            _ => None,
        })
    }

    /// The name of those who answer DNS, where the group is of them.
    fn dns_of(&self, group: GroupId) -> Option<Arc<str>> {
        let group = self.roster.group(group)?;
        let is_one = |namespaces: &LabelSelector, pods: &LabelSelector| {
            self.is_in(group, namespaces) && group.has(pods)
        };
        self.dns().find(|(_, namespaces, pods)| is_one(namespaces, pods)).map(|(name, _, _)| Arc::clone(name))
    }

    fn is_in(&self, group: &Group, namespaces: &LabelSelector) -> bool {
        match self.cluster.namespaces.get(&group.namespace) {
            Some(namespace) => namespaces.matches(namespace.labels()),
            None => {
                let name = [(Arc::from(NAME_LABEL), Arc::clone(&group.namespace))].into_iter().collect();
                namespaces.matches(&name)
            }
        }
    }

    /// Whether the pods of the group answer DNS themselves.
    pub(crate) fn answers_dns(&self, group: GroupId) -> bool {
        self.dns_of(group).is_some()
    }

    /// Who is asked for names: those who are there, the cache on the node where it is or was asked; where nobody is
    /// known, those whom the standard names.
    pub(crate) fn resolvers(&self, seen: &BTreeSet<IpAddr>) -> BTreeSet<Whom> {
        let groups = 0..self.roster.groups().len();
        let mut found: BTreeSet<Whom> =
            groups.filter_map(|group| self.dns_of(group)).map(Whom::Named).collect();
        if found.is_empty() {
            found.extend(self.dns().map(|(name, _, _)| Whom::Named(Arc::clone(name))));
        }
        let cache = |pod: &Arc<Pod>| pod.labels.get("k8s-app") == Some("node-local-dns");
        let has_cache = self.cluster.pods.values().any(cache);
        for (name, peer) in &self.standard.peers {
            let is_cache = peer.role == Role::Dns && matches!(peer.whom, Named::Ranges(_));
            let was_asked = || seen.iter().any(|address| peer.whom.addresses().contains(*address));
            if is_cache && (has_cache || was_asked()) {
                found.insert(Whom::Named(Arc::clone(name)));
            }
        }
        found
    }

    /// How `whom` is written in a policy of `namespace`; `None` where no labels select them alone.
    pub(crate) fn written(&self, whom: &Whom, namespace: &str) -> Option<Written> {
        let of = |kinds: Vec<PeerKind>, who: String| Some(Written { kinds, who, pods: Vec::new() });
        match whom {
            Whom::Named(name) => {
                of(self.standard.peers.get(name).map(|peer| peer.whom.kinds())?, name.to_string())
            }
            Whom::Entrance(by, addresses) => of(
                blocks::ranges(addresses).into_iter().map(PeerKind::Block).collect(),
                format!("whoever comes by {by}"),
            ),
            Whom::Pods(group) => {
                let group = self.roster.group(*group)?;
                let kind = self.pods(group, namespace)?;
                Some(Written { kinds: vec![kind], who: group.key().to_string(), pods: group.pods.clone() })
            }
            Whom::Node(name) => {
                let addresses = self.cluster.nodes.get(name)?.addresses.iter();
                let blocks = addresses.filter_map(|address| IpBlock::new(Cidr::host(*address), []).ok());
                of(blocks.map(PeerKind::Block).collect(), format!("node {name}"))
            }
            Whom::Address(address) => {
                let block = IpBlock::new(Cidr::host(*address), []).ok()?;
                of(vec![PeerKind::Block(block)], String::new())
            }
        }
    }

    /// The peer that selects a group, and nobody else: in another namespace by both selectors in one entry (S6).
    pub(crate) fn pods(&self, group: &Group, namespace: &str) -> Option<PeerKind> {
        let pods = group.selector.clone()?;
        if *group.namespace == *namespace {
            return Some(PeerKind::Pods(pods));
        }
        let name = [(Arc::from(NAME_LABEL), Arc::clone(&group.namespace))];
        let namespaces = exactly(name.iter().map(|(key, value)| (key, value)));
        Some(PeerKind::PodsInNamespaces { namespaces, pods })
    }

    /// The blocks of addresses that were seen, each with what was seen of it.
    pub(crate) fn blocks(&self, seen: &BTreeMap<IpAddr, Evidence>) -> Vec<(IpBlock, Evidence)> {
        let addresses = seen.keys().copied().collect();
        let mut found = Vec::new();
        for block in blocks::blocks(&addresses, self.widen, &self.own) {
            let mut inside = seen.iter().filter(|(address, _)| block.contains(**address));
            let Some((_, first)) = inside.next() else { continue };
            let mut sum = first.clone();
            inside.for_each(|(_, evidence)| sum.join(evidence));
            found.extend(IpBlock::new(block, []).ok().map(|block| (block, sum)));
        }
        found
    }
}

/// Whom a subject is to reach, or is to be reached by, on which ports, and what each rests on.
pub(crate) type Needs = BTreeMap<Whom, BTreeMap<(Protocol, u16), Basis>>;

/// What a peer and port rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// It was seen.
    Seen(Evidence),
    /// It was not: whoever may call somebody looks up names.
    Dns,
    /// It was not: the load balancer asks for the health of what it leads to.
    Balancer(Arc<str>),
    /// It was there before, and is left as it was.
    Kept,
}

impl Basis {
    /// What was seen.
    #[must_use]
    pub fn evidence(&self) -> Option<&Evidence> {
        match self {
            Self::Seen(evidence) => Some(evidence),
            Self::Dns | Self::Balancer(_) | Self::Kept => None,
        }
    }

    /// Adds what `other` rests on: what was seen says more than what is known to be needed.
    pub(crate) fn join(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Seen(one), Self::Seen(other)) => one.join(other),
            (Self::Dns | Self::Balancer(_) | Self::Kept, Self::Seen(_)) => *self = other.clone(),
            (_, Self::Dns | Self::Balancer(_) | Self::Kept) => {}
        }
    }
}

/// The ports of a need.
pub(crate) fn ports(of: &BTreeMap<(Protocol, u16), Basis>) -> Ports {
    of.keys().copied().collect()
}
