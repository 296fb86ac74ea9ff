//! Expressions: the instructions that a rule is made of.

use super::Attributes;
use crate::tree::Name;

/// `NFT_REG_VERDICT`.
pub(super) const VERDICT: u32 = 0;
/// `NFT_REG32_00`: registers of four bytes follow each other from here, sixteen of them.
pub(super) const FIRST: u32 = 8;

/// `enum nft_verdicts` and `NF_DROP`, `NF_ACCEPT`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict<'a> {
    Drop,
    Accept,
    Jump(&'a Name),
    Goto(&'a Name),
    Return,
}

impl Verdict<'_> {
    /// `NFTA_DATA_VERDICT` with its code and chain.
    pub(super) fn data(self) -> Attributes {
        let code = |code: i32| Attributes::new().bytes(1, &code.to_be_bytes());
        let verdict = match self {
            Self::Drop => code(0),
            Self::Accept => code(1),
            Self::Jump(chain) => code(-3).text(2, chain.as_str()),
            Self::Goto(chain) => code(-4).text(2, chain.as_str()),
            Self::Return => code(-5),
        };
        Attributes::new().nested(2, &verdict)
    }
}

/// `NFTA_DATA_VALUE`.
pub(super) fn value(bytes: &[u8]) -> Attributes {
    Attributes::new().bytes(1, bytes)
}

/// Which header a payload is loaded from: `enum nft_payload_bases`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Base {
    Link = 0,
    Network = 1,
    Transport = 2,
}

/// How a comparison holds: `enum nft_cmp_ops`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Comparison {
    Equal = 0,
    NotEqual = 1,
    AtMost = 3,
    AtLeast = 5,
}

/// What is known of a packet besides its bytes: `enum nft_meta_keys`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meta {
    Family = 15,
    Protocol = 16,
    Frame = 19,
    FromKind = 26,
}

/// What is known of its connection: `enum nft_ct_keys`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tracked {
    State = 0,
    Direction = 1,
    DestinationPort = 12,
    Labels = 13,
}

fn expression(name: &str, data: &Attributes) -> Attributes {
    Attributes::new().text(1, name).nested(2, data)
}

pub(super) fn meta(key: Meta, register: u32) -> Attributes {
    expression("meta", &Attributes::new().u32(1, register).u32(2, key as u32))
}

pub(super) fn payload(base: Base, offset: u32, length: u32, register: u32) -> Attributes {
    let data = Attributes::new().u32(1, register).u32(2, base as u32).u32(3, offset).u32(4, length);
    expression("payload", &data)
}

pub(super) fn compare(register: u32, comparison: Comparison, bytes: &[u8]) -> Attributes {
    let data = Attributes::new().u32(1, register).u32(2, comparison as u32).nested(3, &value(bytes));
    expression("cmp", &data)
}

/// Keeps the bits of `mask`.
pub(super) fn mask(register: u32, mask: &[u8]) -> Attributes {
    let nothing = vec![0; mask.len()];
    // INVARIANT: a register has at most 64 bytes.
    let length = u32::try_from(mask.len()).unwrap_or(u32::MAX);
    let data = Attributes::new().u32(1, register).u32(2, register).u32(3, length);
    expression("bitwise", &data.nested(4, &value(mask)).nested(5, &value(&nothing)))
}

pub(super) fn tracked(key: Tracked, register: u32) -> Attributes {
    expression("ct", &Attributes::new().u32(1, register).u32(2, key as u32))
}

/// The same of the direction in which the connection was opened: `IP_CT_DIR_ORIGINAL`.
pub(super) fn tracked_original(key: Tracked, register: u32) -> Attributes {
    expression("ct", &Attributes::new().u32(1, register).u32(2, key as u32).bytes(3, &[0]))
}

pub(super) fn set_tracked(key: Tracked, register: u32) -> Attributes {
    expression("ct", &Attributes::new().u32(2, key as u32).u32(4, register))
}

/// Looks a register up in a set; goes on when it is in.
pub(super) fn is_in(set: &Name, register: u32) -> Attributes {
    expression("lookup", &Attributes::new().text(1, set.as_str()).u32(2, register))
}

/// Looks a register up in a verdict map, and does what it says.
pub(super) fn dispatch(map: &Name, register: u32) -> Attributes {
    expression("lookup", &Attributes::new().text(1, map.as_str()).u32(2, register).u32(3, VERDICT))
}

pub(super) fn verdict(verdict: Verdict<'_>) -> Attributes {
    expression("immediate", &Attributes::new().u32(1, VERDICT).nested(2, &verdict.data()))
}

pub(super) fn load(register: u32, bytes: &[u8]) -> Attributes {
    expression("immediate", &Attributes::new().u32(1, register).nested(2, &value(bytes)))
}

/// Counts packets and bytes, from nothing.
pub(super) fn counter() -> Attributes {
    expression("counter", &Attributes::new().u64(1, 0).u64(2, 0))
}

pub(super) fn log(group: u16, prefix: &str) -> Attributes {
    expression("log", &Attributes::new().u16(1, group).text(2, prefix))
}

/// To whoever listens to the group, with so many bytes of the packet at most.
pub(super) fn copy(group: u16, bytes: u32) -> Attributes {
    expression("log", &Attributes::new().u16(1, group).u32(3, bytes))
}

/// At most so many packets a second, with a burst.
pub(super) fn limit((rate, burst): (u32, u32)) -> Attributes {
    const PACKETS: u32 = 0;
    let data = Attributes::new().u64(1, rate.into()).u64(2, 1).u32(3, burst).u32(4, PACKETS);
    expression("limit", &data)
}

/// `NFT_REJECT_TCP_RST`.
pub(super) fn reset() -> Attributes {
    expression("reject", &Attributes::new().u32(1, 1))
}

/// `NFT_REJECT_ICMPX_UNREACH` with `NFT_REJECT_ICMPX_ADMIN_PROHIBITED`.
pub(super) fn refuse() -> Attributes {
    expression("reject", &Attributes::new().u32(1, 2).bytes(2, &[3]))
}
