//! Which addresses are of the internet.

use super::AddressSet;
use std::ops::RangeInclusive;

/// IPv4 that no packet from the internet comes from, as the first two bytes and the length of each
/// block: this network, private and shared addresses, loopback, link-local, multicast and what is
/// reserved (IANA's special-purpose registry). The blocks for documentation stand for the internet in
/// examples, and are left in.
const NOT_INTERNET: [(u8, u8, u32); 9] = [
    (0, 0, 8),
    (10, 0, 8),
    (100, 64, 10),
    (127, 0, 8),
    (169, 254, 16),
    (172, 16, 12),
    (192, 168, 16),
    (224, 0, 4),
    (240, 0, 4),
];

/// IPv4 that networks use inside: RFC 1918, RFC 6598.
const INNER: [(u8, u8, u32); 4] = [(10, 0, 8), (100, 64, 10), (172, 16, 12), (192, 168, 16)];

/// IPv6 that is routed between networks, `2000::/3` (RFC 4291).
const GLOBAL_V6: RangeInclusive<u128> = 0x2000 << 112..=(0x4000 << 112) - 1;
/// Unique local IPv6, `fc00::/7` (RFC 4193).
const UNIQUE_LOCAL: RangeInclusive<u128> = 0xfc00 << 112..=(0xfe00 << 112) - 1;

fn block((a, b, length): (u8, u8, u32)) -> RangeInclusive<u32> {
    let first = u32::from_be_bytes([a, b, 0, 0]);
    first..=first | (u32::MAX >> length)
}

impl AddressSet {
    /// The addresses of the internet: those that are routed between networks.
    #[must_use]
    pub fn internet() -> Self {
        let full = Self::full();
        let not = NOT_INTERNET.into_iter().map(block).collect();
        Self { v4: full.v4.difference(&not), v6: [GLOBAL_V6].into_iter().collect() }
    }

    /// The addresses that networks use inside.
    #[must_use]
    pub fn inner_network() -> Self {
        Self { v4: INNER.into_iter().map(block).collect(), v6: [UNIQUE_LOCAL].into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internet_and_the_inner_network_have_nothing_in_common() {
        let (internet, inner) = (AddressSet::internet(), AddressSet::inner_network());
        assert!(internet.intersection(&inner).is_empty());
        for address in ["8.8.8.8", "203.0.113.7", "172.32.0.1", "223.255.255.255", "2001:db8::1"] {
            assert!(internet.contains(address.parse().unwrap()), "{address}");
        }
        for address in ["10.1.2.3", "172.31.0.1", "192.168.0.1", "100.127.0.1", "fd00::1"] {
            assert!(inner.contains(address.parse().unwrap()), "{address}");
        }
        for address in ["127.0.0.1", "169.254.1.1", "224.0.0.1", "255.255.255.255", "fe80::1", "ff02::1"] {
            let address = address.parse().unwrap();
            assert!(!internet.contains(address) && !inner.contains(address), "{address}");
        }
    }
}
