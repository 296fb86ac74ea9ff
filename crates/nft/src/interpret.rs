//! What a ruleset means: a packet run through the typed tree.

use crate::tree::{
    Action, Chain, Element, Family, Hook, Match, Name, Rule, Ruleset, Side, TagKind, TrackedState,
};
use sekisho_core::{packet::Traffic, set::Protocol, verdict::Decision};
use std::{collections::BTreeSet, net::IpAddr};

/// What the rules can see of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it goes to; of the same family.
    pub destination: IpAddr,
    /// What it carries. Port numbers are the destination's.
    pub traffic: Traffic,
    /// What connection tracking says; `None` for the first packet of a connection.
    pub state: Option<TrackedState>,
    /// Whether its connection has been cut.
    pub cut: bool,
    /// Whether it is TCP without the SYN flag.
    pub mid_stream: bool,
    /// What carries it over a bridge.
    pub frame: Frame,
}

/// What the rules can see of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Whether it came to the bridge from a veth.
    pub from_veth: bool,
    /// Its outermost tag, if it bears one: the kind, and the number of the VLAN.
    pub tag: Option<(TagKind, u16)>,
}

impl Header {
    /// The first packet of a connection.
    #[must_use]
    pub fn opening(source: IpAddr, destination: IpAddr, traffic: Traffic) -> Self {
        let frame = Frame::default();
        Self { source, destination, traffic, state: None, cut: false, mid_stream: false, frame }
    }
}

/// What becomes of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it passes.
    pub decision: Decision,
    /// The prefixes that it was logged with, without regard to the rate.
    pub logged: Vec<String>,
    /// The chains it went through.
    pub path: Vec<Name>,
}

/// Chains nest at most so deep in the kernel (`NFT_JUMP_STACK_SIZE`).
const DEEPEST: usize = 16;

/// Runs a packet through the base chain of `hook`. Without one it passes.
#[must_use]
pub fn run(ruleset: &Ruleset, hook: Hook, header: &Header) -> Outcome {
    let mut run = Run { ruleset, header, logged: Vec::new(), path: Vec::new() };
    let base = ruleset.chains.iter().find(|(_, chain)| chain.hook == Some(hook));
    let verdict = base.map_or(Fate::Through, |(name, chain)| run.chain(name, chain, 0));
    let decision = Decision::from_allowed(verdict != Fate::Dropped);
    Outcome { decision, logged: run.logged, path: run.path }
}

/// One node, as far as a packet's way through it depends on it.
#[derive(Clone, Debug)]
pub struct NodeRules {
    /// The node's own addresses.
    pub addresses: BTreeSet<IpAddr>,
    /// The addresses of the pods on it.
    pub pods: BTreeSet<IpAddr>,
    /// What is programmed on it.
    pub ruleset: Ruleset,
}

/// What becomes of the first packet of a connection on its way through the cluster: the source's node
/// and the destination's must let it pass. A node that has neither is not on the way.
#[must_use]
pub fn decide<'a>(nodes: impl IntoIterator<Item = &'a NodeRules>, header: &Header) -> Decision {
    let passes = |node: &NodeRules| {
        let hook = if node.addresses.contains(&header.source) {
            Hook::Output
        } else if node.addresses.contains(&header.destination) {
            Hook::Input
        } else {
            Hook::Forward
        };
        run(&node.ruleset, hook, header).decision.is_allow()
    };
    let is_on_way =
        |node: &&NodeRules| node.pods.contains(&header.source) || node.pods.contains(&header.destination);
    Decision::from_allowed(nodes.into_iter().filter(is_on_way).all(passes))
}

/// How a packet leaves a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Accepted,
    Dropped,
    /// Nothing decided: back to where it came from, accepted at the end of a base chain.
    Through,
}

struct Run<'a> {
    ruleset: &'a Ruleset,
    header: &'a Header,
    logged: Vec<String>,
    path: Vec<Name>,
}

impl<'a> Run<'a> {
    fn chain(&mut self, name: &Name, chain: &'a Chain, depth: usize) -> Fate {
        self.path.push(name.clone());
        for rule in &chain.rules {
            if !rule.matches.iter().all(|condition| self.meets(condition)) {
                continue;
            }
            if let Some(fate) = self.act(rule, depth) {
                return fate;
            }
        }
        Fate::Through
    }

    /// What a rule whose conditions are met does; `None` goes on with the next.
    fn act(&mut self, rule: &'a Rule, depth: usize) -> Option<Fate> {
        match &rule.action {
            Action::Accept => Some(Fate::Accepted),
            Action::Drop | Action::Reset | Action::Refuse => Some(Fate::Dropped),
            Action::Jump(name) => match self.enter(name, depth) {
                Fate::Through => None,
                decided => Some(decided),
            },
            Action::Goto(name) => Some(self.enter(name, depth)),
            Action::Return => Some(Fate::Through),
            Action::Dispatch { family, side, map } => {
                let address = self.address(*family, *side)?;
                let set = self.ruleset.sets.get(map)?;
                let target = set.elements.iter().find_map(|element| match element {
                    Element::Dispatch(key, chain) if *key == address => Some(chain),
                    _ => None,
                })?;
                Some(self.enter(target, depth))
            }
            Action::Log { prefix } => {
                self.logged.push(prefix.clone());
                None
            }
            Action::Count | Action::Copy | Action::SetCut => None,
        }
    }

    /// A chain that is not there, or nested too deep, cannot be programmed; here it drops.
    fn enter(&mut self, name: &Name, depth: usize) -> Fate {
        match self.ruleset.chains.get_key_value(name) {
            Some((name, chain)) if depth < DEEPEST => self.chain(name, chain, depth + 1),
            _ => Fate::Dropped,
        }
    }

    fn meets(&self, condition: &Match) -> bool {
        match condition {
            Match::State(TrackedState::Known) => {
                matches!(self.header.state, Some(TrackedState::Known | TrackedState::Related))
            }
            Match::State(state) => self.header.state == Some(*state),
            Match::Cut => self.header.cut,
            Match::MidStream => self.header.mid_stream && self.port(Protocol::Tcp).is_some(),
            Match::FromVeth => self.header.frame.from_veth,
            Match::NoVlan(kind) => self.header.frame.tag == Some((*kind, 0)),
            // The addresses of frames are not modelled: these are the addresses that are sent in such.
            Match::Group => match self.header.destination {
                IpAddr::V4(to) => to.is_multicast() || to.is_broadcast(),
                IpAddr::V6(to) => to.is_multicast(),
            },
            Match::Address { family, side, set } => {
                self.address(*family, *side).is_some_and(|address| self.has_address(set, address))
            }
            Match::AddressPair { family, set } => {
                let (source, destination) =
                    (self.address(*family, Side::Source), self.address(*family, Side::Destination));
                source.zip(destination).is_some_and(|(a, b)| self.has(set, &Element::AddressPair(a, b)))
            }
            Match::Protocol(protocol) => self.port(*protocol).is_some(),
            Match::Port(protocol, (first, last)) => {
                self.port(*protocol).is_some_and(|port| (*first..=*last).contains(&port))
            }
            Match::PortIn(protocol, set) => self.port(*protocol).is_some_and(|port| self.has_port(set, port)),
            Match::AddressPort { family, protocol, set } => {
                let address = self.address(*family, Side::Destination);
                let both = address.zip(self.port(*protocol));
                both.is_some_and(|(address, port)| self.has(set, &Element::AddressPort(address, port)))
            }
            Match::Icmpv6((first, last)) => match self.header.traffic {
                Traffic::Icmpv6(kind) => (*first..=*last).contains(&u16::from(kind)),
                Traffic::Port(..) | Traffic::Other(_) => false,
            },
            // What is run here opens a connection, or is of one that is known by its state alone; its source has no port.
            Match::Answer(..) | Match::FromPort(..) => false,
        }
    }

    /// The address of one end, when the packet is of the family.
    fn address(&self, family: Family, side: Side) -> Option<IpAddr> {
        let address = match side {
            Side::Source => self.header.source,
            Side::Destination => self.header.destination,
        };
        (Family::of(address) == family).then_some(address)
    }

    fn port(&self, protocol: Protocol) -> Option<u16> {
        match self.header.traffic {
            Traffic::Port(of, port) if of == protocol => Some(port),
            Traffic::Port(..) | Traffic::Icmpv6(_) | Traffic::Other(_) => None,
        }
    }

    fn has(&self, set: &Name, element: &Element) -> bool {
        self.ruleset.sets.get(set).is_some_and(|set| set.elements.contains(element))
    }

    fn has_address(&self, set: &Name, address: IpAddr) -> bool {
        let Some(set) = self.ruleset.sets.get(set) else { return false };
        set.elements.contains(&Element::Address(address))
            || set.elements.iter().any(|element| match (element, address) {
                (Element::RangeV4(first, last), IpAddr::V4(address)) => (*first..=*last).contains(&address),
                (Element::RangeV6(first, last), IpAddr::V6(address)) => (*first..=*last).contains(&address),
                _ => false,
            })
    }

    fn has_port(&self, set: &Name, port: u16) -> bool {
        self.ruleset.sets.get(set).is_some_and(|set| {
            set.elements.iter().any(|element| match element {
                Element::Ports(first, last) => (*first..=*last).contains(&port),
                _ => false,
            })
        })
    }
}
