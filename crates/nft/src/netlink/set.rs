//! Sets and their elements as attributes.

use super::{
    Attributes,
    expression::{Verdict, value},
};
use crate::tree::{Element, Family, SetKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `NFT_SET_INTERVAL`.
const INTERVAL: u32 = 0x4;
/// `NFT_SET_MAP`.
const MAP: u32 = 0x8;
/// `NFT_SET_ELEM_INTERVAL_END`.
const INTERVAL_END: u32 = 0x1;
/// `NFT_DATA_VERDICT`.
const DATA_VERDICT: u32 = 0xffff_ff00;
/// How the `nft` program numbers types of data (`enum datatypes` in its `datatype.h`), so that it can
/// print what is in a set.
const TYPE_IPV4: u32 = 7;
const TYPE_IPV6: u32 = 8;
const TYPE_SERVICE: u32 = 13;
/// Types of a concatenation stand side by side in so many bits each.
const TYPE_BITS: u32 = 6;

/// How a kind of set is told to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) flags: u32,
    pub(super) key_type: u32,
    pub(super) key_length: u32,
}

impl Layout {
    pub(super) fn of(kind: SetKind) -> Self {
        let address = |family| match family {
            Family::V4 => (TYPE_IPV4, 4),
            Family::V6 => (TYPE_IPV6, 16),
        };
        let (flags, (key_type, key_length)) = match kind {
            SetKind::Addresses(family) => (0, address(family)),
            SetKind::Ranges(family) => (INTERVAL, address(family)),
            SetKind::AddressPorts(family) => {
                let (kind, length) = address(family);
                (0, ((kind << TYPE_BITS) | TYPE_SERVICE, length + 4))
            }
            SetKind::AddressPairs(family) => {
                let (kind, length) = address(family);
                (0, ((kind << TYPE_BITS) | kind, length * 2))
            }
            SetKind::Ports => (INTERVAL, (TYPE_SERVICE, 2)),
            SetKind::Dispatch(family) => (MAP, address(family)),
        };
        Self { flags, key_type, key_length }
    }

    /// The attributes that make the set.
    pub(super) fn attributes(self) -> Attributes {
        let set =
            Attributes::new().u32(3, self.flags).u32(4, self.key_type).u32(5, self.key_length).u32(10, 1);
        if self.flags & MAP != 0 { set.u32(6, DATA_VERDICT).u32(7, 0) } else { set }
    }

    /// The kind of set with this layout, where it is one of ours.
    pub(super) fn kind(self) -> Option<SetKind> {
        let of_families = Family::ALL.into_iter().flat_map(|family| {
            [
                SetKind::Addresses(family),
                SetKind::Ranges(family),
                SetKind::AddressPorts(family),
                SetKind::AddressPairs(family),
                SetKind::Dispatch(family),
            ]
        });
        of_families.chain([SetKind::Ports]).find(|kind| Self::of(*kind) == self)
    }
}

/// An element as the kernel has it: a key, for ranges with a mark, for maps with a verdict. A range is
/// two: its first key, and the key after its last, which is left out at the end of the space.
pub(super) fn elements(element: &Element) -> Vec<Attributes> {
    let key = |bytes: &[u8]| Attributes::new().nested(1, &value(bytes));
    let range = |first: &[u8], after: Option<Vec<u8>>| {
        let end = after.map(|bytes| key(&bytes).u32(3, INTERVAL_END));
        std::iter::once(key(first)).chain(end).collect()
    };
    match element {
        Element::Address(address) => vec![key(&octets(*address))],
        Element::RangeV4(first, last) => {
            let after = last.to_bits().checked_add(1).map(|bits| bits.to_be_bytes().to_vec());
            range(&first.octets(), after)
        }
        Element::RangeV6(first, last) => {
            let after = last.to_bits().checked_add(1).map(|bits| bits.to_be_bytes().to_vec());
            range(&first.octets(), after)
        }
        Element::AddressPort(address, port) => {
            let [high, low] = port.to_be_bytes();
            vec![key(&[octets(*address), vec![high, low, 0, 0]].concat())]
        }
        Element::AddressPair(from, to) => vec![key(&[octets(*from), octets(*to)].concat())],
        Element::Ports(first, last) => {
            let after = last.checked_add(1).map(|port| port.to_be_bytes().to_vec());
            range(&first.to_be_bytes(), after)
        }
        Element::Dispatch(address, chain) => {
            vec![key(&octets(*address)).nested(2, &Verdict::Goto(chain).data())]
        }
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// An element of a dump: its key, whether it ends a range, and the chain of its verdict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RawElement {
    pub(super) key: Vec<u8>,
    pub(super) is_end: bool,
    pub(super) chain: Option<crate::tree::Name>,
}

impl RawElement {
    /// Reads one element's attributes.
    pub(super) fn read(attributes: super::Attribute<'_>) -> Option<Self> {
        let (mut key, mut is_end, mut chain) = (None, false, None);
        for attribute in attributes.nested() {
            match attribute.kind {
                1 => key = attribute.nested().find(|data| data.kind == 1).map(|data| data.value.to_vec()),
                2 => {
                    let verdict = attribute.nested().find(|data| data.kind == 2);
                    let name = verdict.and_then(|v| v.nested().find(|part| part.kind == 2)?.text());
                    chain = name.map(crate::tree::Name::told);
                }
                3 => is_end = attribute.u32().is_some_and(|flags| flags & INTERVAL_END != 0),
                _ => {}
            }
        }
        Some(Self { key: key?, is_end, chain })
    }
}

/// The elements of a set of `kind` out of those of a dump.
pub(super) fn decode(kind: SetKind, mut raw: Vec<RawElement>) -> Option<Vec<Element>> {
    raw.sort();
    match kind {
        SetKind::Ranges(_) | SetKind::Ports => ranges(kind, &raw),
        SetKind::Addresses(_)
        | SetKind::AddressPorts(_)
        | SetKind::AddressPairs(_)
        | SetKind::Dispatch(_) => raw.into_iter().map(|element| single(kind, element)).collect(),
    }
}

fn single(kind: SetKind, element: RawElement) -> Option<Element> {
    let address = |bytes: &[u8]| match bytes.len() {
        4 => Some(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?))),
        _ => Some(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?))),
    };
    let key = element.key.as_slice();
    match kind {
        SetKind::Addresses(_) => Some(Element::Address(address(key)?)),
        SetKind::AddressPorts(_) => {
            let (host, port) = key.split_at_checked(key.len().checked_sub(4)?)?;
            let port = u16::from_be_bytes(port.get(..2)?.try_into().ok()?);
            Some(Element::AddressPort(address(host)?, port))
        }
        SetKind::AddressPairs(_) => {
            let (from, to) = key.split_at_checked(key.len() / 2)?;
            Some(Element::AddressPair(address(from)?, address(to)?))
        }
        SetKind::Dispatch(_) => Some(Element::Dispatch(address(key)?, element.chain?)),
        SetKind::Ranges(_) | SetKind::Ports => None,
    }
}

/// Ranges from their ends, ascending. One without an end reaches the end of the space. An end
/// without a beginning, which the `nft` program puts at zero, says nothing.
fn ranges(kind: SetKind, raw: &[RawElement]) -> Option<Vec<Element>> {
    let mut found = Vec::new();
    let mut first: Option<&[u8]> = None;
    for element in raw {
        match (first, element.is_end) {
            (Some(from), true) => {
                found.push(range(kind, from, Some(&element.key))?);
                first = None;
            }
            (None, true) => {}
            (_, false) => first = Some(&element.key),
        }
    }
    if let Some(from) = first {
        found.push(range(kind, from, None)?);
    }
    Some(found)
}

fn range(kind: SetKind, first: &[u8], after: Option<&[u8]>) -> Option<Element> {
    match kind {
        SetKind::Ports => {
            let number = |bytes: &[u8]| Some(u16::from_be_bytes(bytes.try_into().ok()?));
            let last = after.map_or(Some(u16::MAX), |bytes| number(bytes)?.checked_sub(1))?;
            Some(Element::Ports(number(first)?, last))
        }
        SetKind::Ranges(Family::V4) => {
            let number = |bytes: &[u8]| Some(u32::from_be_bytes(bytes.try_into().ok()?));
            let last = after.map_or(Some(u32::MAX), |bytes| number(bytes)?.checked_sub(1))?;
            Some(Element::RangeV4(number(first)?.into(), last.into()))
        }
        SetKind::Ranges(Family::V6) => {
            let number = |bytes: &[u8]| Some(u128::from_be_bytes(bytes.try_into().ok()?));
            let last = after.map_or(Some(u128::MAX), |bytes| number(bytes)?.checked_sub(1))?;
            Some(Element::RangeV6(number(first)?.into(), last.into()))
        }
        _ => None,
    }
}
