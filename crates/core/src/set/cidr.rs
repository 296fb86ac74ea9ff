//! An address block.

use ipnet::IpNet;
use std::{fmt, net::IpAddr, str::FromStr};
use thiserror::Error;

/// An address block in canonical form: no host bit is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(IpNet);

/// Why a text is not an address block.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not an address block such as `10.0.0.0/8` or `2001:db8::/32`")]
pub struct CidrError(String);

impl Cidr {
    /// The block of `net`; host bits are cleared (S19: a CIDR with host bits is read as its network).
    #[must_use]
    pub fn new(net: IpNet) -> Self {
        Self(net.trunc())
    }

    /// The block that holds `address` alone.
    #[must_use]
    pub fn host(address: IpAddr) -> Self {
        Self(IpNet::from(address))
    }

    /// Whether `address` lies in the block. An address of the other family does not.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether `other` lies in this block and is smaller than it (S19).
    #[must_use]
    pub fn strictly_contains(self, other: Self) -> bool {
        self.0.contains(&other.0) && self.0 != other.0
    }

    /// The smallest block that holds both; the block itself where `other` is of the other family.
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        let mut cover = self.0;
        while !cover.contains(&other.0) {
            let Some(wider) = cover.supernet() else { return self };
            cover = wider;
        }
        Self::new(cover)
    }

    /// Whether the block is every address of its family (`0.0.0.0/0`, `::/0`).
    #[must_use]
    pub fn is_whole_family(self) -> bool {
        self.0.prefix_len() == 0
    }

    /// Whether the block is of IPv4 addresses.
    #[must_use]
    pub fn is_ipv4(self) -> bool {
        self.0.addr().is_ipv4()
    }

    /// The first address of the block.
    #[must_use]
    pub fn first(self) -> IpAddr {
        self.0.network()
    }

    /// The last address of the block.
    #[must_use]
    pub fn last(self) -> IpAddr {
        self.0.broadcast()
    }

    /// The number of leading bits that every address of the block shares.
    #[must_use]
    pub fn prefix_length(self) -> u8 {
        self.0.prefix_len()
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    /// # Errors
    /// When `text` is not `address/length`. Host bits are no error.
    fn from_str(text: &str) -> Result<Self, CidrError> {
        text.parse().map(Self::new).map_err(|_| CidrError(text.to_owned()))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
