//! Rules of the tree as expressions.

use super::{
    Attributes,
    expression::{
        Base, Comparison, FIRST, Meta, Tracked, Verdict, compare, copy, counter, dispatch, is_in, limit,
        load, log, mask, meta, payload, refuse, reset, set_tracked, tracked, tracked_original, verdict,
    },
};
use crate::{
    names::LONGEST,
    text::{COPY_RATE, LOG_RATE},
    tree::{
        Action, CUT_LABEL_BIT, Family, LOG_GROUP, Match, NAMES_GROUP, NumberRange, Rule, Side, TagKind,
        TrackedState,
    },
};
use sekisho_core::set::Protocol;

/// Bits of `ct state`: `NF_CT_STATE_BIT` of what connection tracking says.
const INVALID: u32 = 1;
const ESTABLISHED: u32 = 2;
const RELATED: u32 = 4;
/// The kind of a link, in as many bytes as the kernel compares (`IFNAMSIZ`).
const VETH: [u8; 16] = *b"veth\0\0\0\0\0\0\0\0\0\0\0\0";
/// `IPPROTO_ICMPV6`.
const ICMPV6: u8 = 58;

/// The expressions of a rule, in order.
pub(super) fn expressions(rule: &Rule) -> Vec<Attributes> {
    let mut writer = Writer::default();
    for condition in &rule.matches {
        writer.condition(condition);
    }
    writer.action(&rule.action);
    writer.expressions
}

/// Writes expressions, and remembers what they have made sure of already.
#[derive(Default)]
struct Writer {
    expressions: Vec<Attributes>,
    family: Option<Family>,
    protocol: Option<u8>,
}

impl Writer {
    fn push(&mut self, expressions: impl IntoIterator<Item = Attributes>) {
        self.expressions.extend(expressions);
    }

    fn condition(&mut self, condition: &Match) {
        match condition {
            Match::State(TrackedState::Known) => self.state(ESTABLISHED | RELATED),
            Match::State(TrackedState::Related) => self.state(RELATED),
            Match::State(TrackedState::Invalid) => self.state(INVALID),
            Match::Cut => self.push([
                tracked(Tracked::Labels, FIRST),
                mask(FIRST, &cut_label()),
                compare(FIRST, Comparison::NotEqual, &[0; 16]),
            ]),
            Match::MidStream => self.mid_stream(),
            // PACKET_HOST. The other kinds never get to where packets are forwarded.
            Match::Group => {
                self.push([meta(Meta::Frame, FIRST), compare(FIRST, Comparison::NotEqual, &[0])]);
            }
            Match::FromVeth => {
                self.push([meta(Meta::FromKind, FIRST), compare(FIRST, Comparison::Equal, &VETH)]);
            }
            Match::NoVlan(kind) => self.no_vlan(*kind),
            Match::Address { family, side, set } => {
                self.address(*family, *side, FIRST);
                self.push([is_in(set, FIRST)]);
            }
            Match::AddressPair { family, set } => {
                self.address(*family, Side::Source, FIRST);
                self.address(*family, Side::Destination, after_address(*family));
                self.push([is_in(set, FIRST)]);
            }
            Match::Protocol(protocol) => self.protocol(protocol.number()),
            Match::Port(protocol, range) => {
                self.destination_port(*protocol, FIRST);
                self.in_range(*range);
            }
            Match::PortIn(protocol, set) => {
                self.destination_port(*protocol, FIRST);
                self.push([is_in(set, FIRST)]);
            }
            Match::AddressPort { family, protocol, set } => {
                self.address(*family, Side::Destination, FIRST);
                self.destination_port(*protocol, after_address(*family));
                self.push([is_in(set, FIRST)]);
            }
            Match::Icmpv6(range) => self.icmpv6(*range),
            Match::FromPort(protocol, port) => {
                self.protocol(protocol.number());
                self.push([
                    payload(Base::Transport, 0, 2, FIRST),
                    compare(FIRST, Comparison::Equal, &port.to_be_bytes()),
                ]);
            }
            Match::Answer(protocol, port) => {
                self.protocol(protocol.number());
                // IP_CT_DIR_REPLY.
                self.push([
                    tracked(Tracked::Direction, FIRST),
                    compare(FIRST, Comparison::Equal, &[1]),
                    tracked_original(Tracked::DestinationPort, FIRST),
                    compare(FIRST, Comparison::Equal, &port.to_be_bytes()),
                ]);
            }
        }
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::Accept => self.push([verdict(Verdict::Accept)]),
            Action::Drop => self.push([verdict(Verdict::Drop)]),
            Action::Reset => self.push([reset()]),
            Action::Refuse => self.push([refuse()]),
            Action::Jump(chain) => self.push([verdict(Verdict::Jump(chain))]),
            Action::Goto(chain) => self.push([verdict(Verdict::Goto(chain))]),
            Action::Return => self.push([verdict(Verdict::Return)]),
            Action::Dispatch { family, side, map } => {
                self.address(*family, *side, FIRST);
                self.push([dispatch(map, FIRST)]);
            }
            Action::Count => self.push([counter()]),
            Action::Log { prefix } => self.push([limit(LOG_RATE), log(LOG_GROUP, prefix)]),
            Action::Copy => self.push([limit(COPY_RATE), copy(NAMES_GROUP, LONGEST)]),
            Action::SetCut => self.push([load(FIRST, &cut_label()), set_tracked(Tracked::Labels, FIRST)]),
        }
    }

    fn state(&mut self, bits: u32) {
        self.push([
            tracked(Tracked::State, FIRST),
            mask(FIRST, &bits.to_ne_bytes()),
            compare(FIRST, Comparison::NotEqual, &[0; 4]),
        ]);
    }

    /// What the kernel has taken out of a frame, it reads as if it were there: at offset 12 the type of the tag,
    /// and behind it three bits of priority, one that says that it may be dropped, and twelve of the VLAN.
    fn no_vlan(&mut self, kind: TagKind) {
        let number: u16 = match kind {
            TagKind::Customer => 0x8100,
            TagKind::Service => 0x88a8,
        };
        self.push([
            payload(Base::Link, 12, 2, FIRST),
            compare(FIRST, Comparison::Equal, &number.to_be_bytes()),
            payload(Base::Link, 14, 2, FIRST),
            mask(FIRST, &[0x0f, 0xff]),
            compare(FIRST, Comparison::Equal, &[0; 2]),
        ]);
    }

    /// The flags of TCP are the byte at offset 13; SYN is its second bit.
    fn mid_stream(&mut self) {
        self.protocol(Protocol::Tcp.number());
        self.push([
            payload(Base::Transport, 13, 1, FIRST),
            mask(FIRST, &[0x02]),
            compare(FIRST, Comparison::Equal, &[0]),
        ]);
    }

    /// Makes sure of the family, once, and loads an address.
    fn address(&mut self, family: Family, side: Side, register: u32) {
        if self.family != Some(family) {
            // NFPROTO_IPV4 and NFPROTO_IPV6.
            let number = match family {
                Family::V4 => 2,
                Family::V6 => 10,
            };
            self.push([meta(Meta::Family, FIRST), compare(FIRST, Comparison::Equal, &[number])]);
            self.family = Some(family);
        }
        let (offset, length) = match (family, side) {
            (Family::V4, Side::Source) => (12, 4),
            (Family::V4, Side::Destination) => (16, 4),
            (Family::V6, Side::Source) => (8, 16),
            (Family::V6, Side::Destination) => (24, 16),
        };
        self.push([payload(Base::Network, offset, length, register)]);
    }

    /// Makes sure of the protocol, once. Register 15 is beyond every key, so that an address loaded
    /// before stays.
    fn protocol(&mut self, number: u8) {
        if self.protocol != Some(number) {
            let register = FIRST + 15;
            self.push([meta(Meta::Protocol, register), compare(register, Comparison::Equal, &[number])]);
            self.protocol = Some(number);
        }
    }

    fn destination_port(&mut self, protocol: Protocol, register: u32) {
        self.protocol(protocol.number());
        self.push([payload(Base::Transport, 2, 2, register)]);
    }

    fn in_range(&mut self, (first, last): NumberRange) {
        if first == last {
            self.push([compare(FIRST, Comparison::Equal, &first.to_be_bytes())]);
        } else {
            self.push([
                compare(FIRST, Comparison::AtLeast, &first.to_be_bytes()),
                compare(FIRST, Comparison::AtMost, &last.to_be_bytes()),
            ]);
        }
    }

    fn icmpv6(&mut self, (first, last): NumberRange) {
        self.protocol(ICMPV6);
        // INVARIANT: types of ICMPv6 have eight bits.
        let bytes = |number: u16| [u8::try_from(number).unwrap_or(u8::MAX)];
        self.push([
            payload(Base::Transport, 0, 1, FIRST),
            compare(FIRST, Comparison::AtLeast, &bytes(first)),
            compare(FIRST, Comparison::AtMost, &bytes(last)),
        ]);
    }
}

/// The register after an address that begins at the first.
fn after_address(family: Family) -> u32 {
    match family {
        Family::V4 => FIRST + 1,
        Family::V6 => FIRST + 4,
    }
}

/// The label of a cut connection (S31).
fn cut_label() -> [u8; 16] {
    (1_u128 << CUT_LABEL_BIT).to_le_bytes()
}
