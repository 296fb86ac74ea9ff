//! Chains and rules.

use super::{Family, Name};
use sekisho_core::set::Protocol;

/// A place in the kernel where packets meet a base chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// Frames that come to a bridge from one of its ports, for [`Table::Frames`](super::Table::Frames).
    Prerouting,
    /// Packets that the node forwards: to, from and between its pods. For [`Table::Frames`](super::Table::Frames),
    /// frames that a bridge forwards from one of its ports to another.
    Forward,
    /// Packets to the node itself: from its pods, among others.
    Input,
    /// Packets from the node itself: to its pods, among others (S20).
    Output,
}

impl Hook {
    /// All hooks in use.
    pub const ALL: [Self; 4] = [Self::Prerouting, Self::Forward, Self::Input, Self::Output];
}

/// An end of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Where it comes from.
    Source,
    /// Where it goes to.
    Destination,
}

/// What connection tracking says of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrackedState {
    /// It belongs to a connection that was let through, or is an error about one (S30):
    /// `established` or `related`.
    Known,
    /// It is an error about such a connection, or an answer with which the node refuses it: `related`
    /// alone.
    Related,
    /// It fits nowhere (S36): `invalid`.
    Invalid,
}

/// Whose tags of VLANs a frame bears: its outermost says it by the type of what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TagKind {
    /// IEEE 802.1Q, `0x8100`.
    Customer,
    /// IEEE 802.1ad, `0x88a8`.
    Service,
}

impl TagKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Customer, Self::Service];
}

/// A condition on a packet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Match {
    /// What connection tracking says.
    State(TrackedState),
    /// The connection has been cut (S31).
    Cut,
    /// It is TCP and opens nothing: the SYN flag is not set. It belongs to a connection that is older
    /// than tracking knows (S32), or to none.
    MidStream,
    /// It is meant for whoever hears it: broadcast or multicast, as its frame says.
    Group,
    /// Its frame came to the bridge from a veth, as those of pods do.
    FromVeth,
    /// The outermost tag of its frame is of this kind, and its VLAN 0: none, whatever the priority.
    NoVlan(TagKind),
    /// The address of one end is in a set of addresses or ranges.
    Address {
        /// The family, which the packet must be of.
        family: Family,
        /// Which end.
        side: Side,
        /// The set.
        set: Name,
    },
    /// Source and destination together are in a set of pairs.
    AddressPair {
        /// The family, which the packet must be of.
        family: Family,
        /// The set.
        set: Name,
    },
    /// The protocol. Headers that cannot be read are of none (S35).
    Protocol(Protocol),
    /// Protocol and destination port, in a range.
    Port(Protocol, NumberRange),
    /// Protocol, and destination port in a set of ports.
    PortIn(Protocol, Name),
    /// Protocol, and destination address and port together in a set (S14).
    AddressPort {
        /// The family, which the packet must be of.
        family: Family,
        /// The protocol.
        protocol: Protocol,
        /// The set.
        set: Name,
    },
    /// ICMPv6 with a type in the range (S34).
    Icmpv6(NumberRange),
    /// It answers on a connection of this protocol that was opened to this port, whatever it was translated to.
    Answer(Protocol, u16),
    /// Protocol and source port.
    FromPort(Protocol, u16),
}

/// A closed range of numbers in a header.
pub type NumberRange = (u16, u16);

/// What a rule does with a packet that meets all its conditions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Lets it through this table.
    Accept,
    /// Discards it.
    Drop,
    /// Discards a TCP packet and resets the connection for its sender (S31).
    Reset,
    /// Discards it and tells its sender by an ICMP error that policy forbids it (S31).
    Refuse,
    /// Goes through another chain and comes back.
    Jump(Name),
    /// Goes on in another chain and does not come back.
    Goto(Name),
    /// Leaves the chain for where a packet came from, as after its last rule.
    Return,
    /// Goes to the chain that a map tells for an address; on when it tells none.
    Dispatch {
        /// The family, which the packet must be of.
        family: Family,
        /// Which address.
        side: Side,
        /// The map.
        map: Name,
    },
    /// Counts it, and goes on.
    Count,
    /// Logs it, at most so often, and goes on.
    Log {
        /// What the log entry begins with: at most 127 bytes.
        prefix: String,
    },
    /// Hands a copy of it over to whoever names addresses, at most so often, and goes on.
    Copy,
    /// Marks the connection as cut (S31), and goes on. That a rule can do this is what makes the kernel
    /// keep room for labels on every connection.
    SetCut,
}

/// A rule: when every condition is met, the action.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    /// The conditions, read in order.
    pub matches: Vec<Match>,
    /// The action.
    pub action: Action,
}

impl Rule {
    /// A rule without conditions.
    #[must_use]
    pub fn always(action: Action) -> Self {
        Self { matches: Vec::new(), action }
    }

    /// A rule with conditions.
    #[must_use]
    pub fn when(matches: impl IntoIterator<Item = Match>, action: Action) -> Self {
        Self { matches: matches.into_iter().collect(), action }
    }

    /// The chains that the rule leads to by name.
    pub fn chains(&self) -> impl Iterator<Item = &Name> {
        match &self.action {
            Action::Jump(chain) | Action::Goto(chain) => Some(chain),
            Action::Accept
            | Action::Drop
            | Action::Reset
            | Action::Refuse
            | Action::Return
            | Action::Dispatch { .. }
            | Action::Count
            | Action::Log { .. }
            | Action::Copy
            | Action::SetCut => None,
        }
        .into_iter()
    }

    /// The sets and maps that the rule reads.
    pub fn sets(&self) -> impl Iterator<Item = &Name> {
        let map = match &self.action {
            Action::Dispatch { map, .. } => Some(map),
            Action::Accept
            | Action::Drop
            | Action::Reset
            | Action::Refuse
            | Action::Jump(_)
            | Action::Goto(_)
            | Action::Return
            | Action::Count
            | Action::Log { .. }
            | Action::Copy
            | Action::SetCut => None,
        };
        let read = self.matches.iter().filter_map(|condition| match condition {
            Match::Address { set, .. }
            | Match::AddressPair { set, .. }
            | Match::PortIn(_, set)
            | Match::AddressPort { set, .. } => Some(set),
            Match::State(_)
            | Match::Cut
            | Match::MidStream
            | Match::Group
            | Match::FromVeth
            | Match::NoVlan(_)
            | Match::Protocol(_)
            | Match::Port(..)
            | Match::Icmpv6(_)
            | Match::Answer(..)
            | Match::FromPort(..) => None,
        });
        read.chain(map)
    }
}

/// A chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// Where packets enter it, for a base chain.
    pub hook: Option<Hook>,
    /// The rules, read in order. After the last a packet goes back to where it came from; at the end
    /// of a base chain it is accepted.
    pub rules: Vec<Rule>,
    /// What it stands for, for people.
    pub comment: String,
}
