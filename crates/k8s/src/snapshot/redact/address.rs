//! Addresses that keep their prefixes: two that have their first n bits in common, and no more, have
//! n bits in common, and no more, when they are hidden. So blocks hold the addresses that they held.
//!
//! Each bit is turned over or not, by what the bits before it are: J. Xu and others,
//! "Prefix-Preserving IP Address Anonymization" (2002).

use super::Redactor;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range that is not hidden among others, for what it means would change. Of those that are kept
/// whole the addresses inside stay too; they are everybody's.
struct Kept {
    first: IpAddr,
    length: u8,
    whole: bool,
}

const fn v4(a: u8, b: u8, c: u8, length: u8, whole: bool) -> Kept {
    Kept { first: IpAddr::V4(Ipv4Addr::new(a, b, c, 0)), length, whole }
}

const fn v6(a: u16, b: u16, length: u8, whole: bool) -> Kept {
    Kept { first: IpAddr::V6(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0)), length, whole }
}

/// The special-purpose ranges (RFC 6890 and its registries) that policies name, and the load balancers
/// and health checks of Google Cloud.
const KEPT: [Kept; 17] = [
    v4(0, 0, 0, 8, true),
    v4(10, 0, 0, 8, false),
    v4(35, 191, 0, 16, true),
    v4(100, 64, 0, 10, false),
    v4(127, 0, 0, 8, true),
    v4(130, 211, 0, 22, true),
    v4(169, 254, 0, 16, true),
    v4(172, 16, 0, 12, false),
    v4(192, 168, 0, 16, false),
    v4(209, 85, 152, 22, true),
    v4(209, 85, 204, 22, true),
    v4(224, 0, 0, 3, true),
    // `::1`, `::` and IPv4-mapped addresses.
    v6(0, 0, 64, true),
    v6(0x2000, 0, 3, false),
    v6(0xfc00, 0, 7, false),
    v6(0xfe80, 0, 10, true),
    v6(0xff00, 0, 8, true),
];

/// How many bits an address of this family has.
pub(super) fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The first `length` bits of `address`, hidden; the others are zero.
pub(super) fn hide(redactor: &Redactor, address: IpAddr, length: u8) -> IpAddr {
    let (value, width) = left(address);
    let length = u32::from(length).min(width);
    let value = value & mask(length);
    let mut hidden = value;
    let mut digest = [0_u8; 32];
    for at in 0..length {
        if at % 8 == 0 {
            let before = value & mask(at);
            let mut text = [0_u8; 18];
            text[..16].copy_from_slice(&before.to_be_bytes());
            text[16] = u8::try_from(at).unwrap_or_default();
            text[17] = u8::from(width == 32);
            digest = redactor.hash(b'a', &text);
        }
        if !is_kept(address.is_ipv4(), value & mask(at), at) && turns(&digest, value, at) {
            hidden ^= 1 << (127 - at);
        }
    }
    right(hidden, address.is_ipv4())
}

/// Whether the bit at `at` turns over, by the digest for the eight bits that it is among: there is a
/// bit in it for each way in which those before it can stand.
fn turns(digest: &[u8; 32], value: u128, at: u32) -> bool {
    let within = at % 8;
    let before = if within == 0 { 0 } else { (value >> (128 - at)) & ((1 << within) - 1) };
    // At most 255, for `before` has at most seven bits.
    let place = (1_u128 << within) | before;
    let byte = digest.get(usize::try_from(place / 8).unwrap_or_default()).copied().unwrap_or_default();
    byte >> (place % 8) & 1 == 1
}

/// Whether the bit after the first `at` bits of `prefix` must stay, because a kept range begins so, or
/// because it lies in one that is kept whole.
fn is_kept(ipv4: bool, prefix: u128, at: u32) -> bool {
    KEPT.iter().filter(|kept| kept.first.is_ipv4() == ipv4).any(|kept| {
        let (first, length) = (left(kept.first).0, u32::from(kept.length));
        let shared = length.min(at);
        (prefix ^ first) & mask(shared) == 0 && (at < length || kept.whole)
    })
}

/// The bits of an address, from the left, and how many there are.
fn left(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

fn right(value: u128, ipv4: bool) -> IpAddr {
    if ipv4 {
        IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(value >> 96).unwrap_or_default()))
    } else {
        IpAddr::V6(Ipv6Addr::from_bits(value))
    }
}

/// The first `length` bits.
fn mask(length: u32) -> u128 {
    if length == 0 { 0 } else { u128::MAX << (128 - length) }
}
