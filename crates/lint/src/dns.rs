//! Who answers DNS, and who may ask.

use crate::{
    elsewhere::{label, namespace},
    far::{Far, names},
    tiers, words,
    world::{World, has_port},
};
use sekisho_core::{
    index::{Peers, RoaringBitmap},
    object::{
        Direction, LabelSelector, NetworkPolicy, Origin, Peer, PolicyPort, PortMatch, Rule, RuleAction, Tier,
    },
    set::{Cidr, PortRange, Protocol},
    standard::{Role, Whom},
};

/// The port of DNS.
const PORT: u16 = 53;

/// The address at which a node's own cache answers (NodeLocal DNSCache).
const NODE_CACHE: &str = "169.254.20.10/32";

/// Those who answer DNS.
pub(crate) struct Dns {
    ends: Vec<Far>,
    whom: Vec<Whom>,
    /// Whether it is known who they are; else whoever is asked on the port may be one.
    is_known: bool,
    udp: Vec<String>,
    tcp: Vec<String>,
}

/// The pods that may call somebody and not ask DNS.
pub(crate) struct Outcome {
    /// Not over UDP.
    pub(crate) no_udp: RoaringBitmap,
    /// Not over TCP.
    pub(crate) no_tcp: RoaringBitmap,
}

/// An entry that lets out one protocol of the two.
pub(crate) struct Half<'p> {
    pub(crate) port: &'p PolicyPort,
    pub(crate) has_udp: bool,
}

impl Dns {
    pub(crate) fn of(world: &World<'_>) -> Self {
        let told = world.standard.peers.values().filter(|peer| peer.role == Role::Dns);
        let told: Vec<Whom> = told.map(|peer| peer.whom.clone()).collect();
        let is_told = !told.is_empty();
        let whom = if is_told { told } else { vec![well_known()] };
        let mut ends: Vec<Far> = whom.iter().map(|whom| Far::of(world, whom)).collect();
        let is_known = is_told || ends.iter().any(|end| !end.pods.is_empty());
        if !is_told {
            let cache: Option<Cidr> = NODE_CACHE.parse().ok();
            ends.push(Far::of(world, &Whom::Ranges(cache.into_iter().collect())));
        }
        let named = |protocol, usual: &str| {
            let pods = ends.iter().flat_map(|end| world.pods(&end.pods));
            let found = names(pods, protocol, PORT);
            let usual = found.is_empty().then(|| usual.to_owned());
            found.into_iter().map(str::to_owned).chain(usual).collect()
        };
        let (udp, tcp) = (named(Protocol::Udp, "dns"), named(Protocol::Tcp, "dns-tcp"));
        Self { ends, whom, is_known, udp, tcp }
    }

    /// Who of the subjects of `speaking`, the policies that have egress rules, may not ask.
    pub(crate) fn outcome(&self, world: &World<'_>, speaking: &[&NetworkPolicy]) -> Outcome {
        let spared = self.ends.iter().fold(accepted(world), |all, end| all | &end.pods);
        let (mut some, mut udp, mut tcp) = (RoaringBitmap::new(), RoaringBitmap::new(), RoaringBitmap::new());
        for policy in speaking {
            let subjects = world.subjects(policy);
            for (protocol, answered) in [(Protocol::Udp, &mut udp), (Protocol::Tcp, &mut tcp)] {
                if policy.egress.iter().any(|rule| self.is_let(policy, rule, protocol)) {
                    *answered |= subjects;
                }
            }
            some |= subjects;
        }
        let lacking = some - spared;
        Outcome { no_udp: &lacking - udp, no_tcp: lacking - tcp }
    }

    /// Whether a rule lets somebody be asked over `protocol`.
    fn is_let(&self, policy: &NetworkPolicy, rule: &Rule, protocol: Protocol) -> bool {
        self.is_asked(policy, rule) && self.has(&rule.ports, protocol)
    }

    fn is_asked(&self, policy: &NetworkPolicy, rule: &Rule) -> bool {
        let may_be = !self.is_known;
        may_be || self.ends.iter().any(|end| end.is_named(policy, rule))
    }

    fn has(&self, ports: &[PolicyPort], protocol: Protocol) -> bool {
        let names = if protocol == Protocol::Udp { &self.udp } else { &self.tcp };
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        has_port(ports, protocol, PORT, &names)
    }

    /// The entries of `policy` that let DNS out over one protocol, in rules without the other.
    pub(crate) fn halves<'p>(&self, policy: &'p NetworkPolicy) -> Vec<Half<'p>> {
        let asked = policy.egress.iter().filter(|rule| self.is_asked(policy, rule));
        asked
            .filter_map(|rule| {
                let has_udp = self.has(&rule.ports, Protocol::Udp);
                let has_tcp = self.has(&rule.ports, Protocol::Tcp);
                let protocol = if has_udp { Protocol::Udp } else { Protocol::Tcp };
                let of_it = |port: &&PolicyPort| self.has(std::slice::from_ref(*port), protocol);
                let port = rule.ports.iter().find(of_it)?;
                (has_udp != has_tcp).then_some(Half { port, has_udp })
            })
            .collect()
    }

    /// The ports of DNS.
    pub(crate) fn ports() -> [(Protocol, PortMatch); 2] {
        let port = || PortRange::single(PORT).map_or(PortMatch::All, PortMatch::Range);
        [(Protocol::Udp, port()), (Protocol::Tcp, port())]
    }

    /// The rule that lets it out.
    pub(crate) fn rule(&self) -> Rule {
        let peers = self.whom.iter().flat_map(Whom::kinds);
        let ports = Self::ports().into_iter();
        let origin = Origin::default;
        Rule {
            peers: peers.map(|kind| Peer { kind, origin: origin() }).collect(),
            ports: ports.map(|(protocol, port)| PolicyPort { protocol, port, origin: origin() }).collect(),
            origin: origin(),
        }
    }

    /// Who they are, in words.
    pub(crate) fn words(&self) -> String {
        let whom = self.whom.iter().flat_map(|whom| match whom {
            Whom::Ranges(ranges) => ranges.iter().map(ToString::to_string).collect(),
            Whom::Pods { namespaces, pods } => {
                let pods = pods.iter().flat_map(LabelSelector::requirements);
                vec![
                    namespaces
                        .requirements()
                        .chain(pods)
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(","),
                ]
            }
        });
        words::list(whom)
    }
}

fn well_known() -> Whom {
    Whom::Pods { namespaces: namespace("kube-system"), pods: Some(label("k8s-app", "kube-dns")) }
}

/// The pods for which a cluster-wide policy accepts some of their egress, before any other is asked (S39): whether
/// that has DNS is not looked at.
fn accepted(world: &World<'_>) -> RoaringBitmap {
    tiers::pods_of(world.index, |policy| {
        let mut rules = policy.rules(Direction::Egress).into_iter().flatten();
        let accepts = rules.any(|rule| rule.action == RuleAction::Accept && !is_nobody(&rule.peers));
        accepts && policy.key.tier() == Some(Tier::Admin)
    })
}

fn is_nobody(peers: &Peers) -> bool {
    match peers {
        Peers::All => false,
        Peers::Some { pods, addresses, .. } => pods.is_empty() && addresses.is_empty(),
    }
}
