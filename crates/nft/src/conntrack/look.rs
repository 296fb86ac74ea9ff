//! Looks for connections.
//!
//! The kernel keeps them by all that identifies one, so who looks for those of an address goes through the whole
//! table, once for each direction: 9 ms with the 262,144 buckets that a machine with more than 4 GiB has. So
//! the looks are few, nothing that matters waits for them, and an empty table is not looked through at all.

use super::{
    entry::{CTA_TUPLE_IP, CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, Connection},
    message::{GET, GET_STATS, message},
};
use crate::netlink::{Attributes, Message, NetlinkError, Socket, parse};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::IpAddr,
};

/// Attributes of `linux/netfilter/nfnetlink_conntrack.h`.
const CTA_STATS_GLOBAL_ENTRIES: u16 = 1;
const CTA_FILTER: u16 = 25;
const CTA_FILTER_ORIG_FLAGS: u16 = 1;
const CTA_FILTER_REPLY_FLAGS: u16 = 2;
const CTA_IP_V4_SRC: u16 = 1;
const CTA_IP_V6_SRC: u16 = 3;
/// Of a direction the source address alone is compared: the first bit of `net/netfilter/nf_internals.h`.
const BY_SOURCE: u32 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
/// How many buckets the kernel's table has.
const BUCKETS: &str = "/proc/sys/net/netfilter/nf_conntrack_buckets";
/// The same where the kernel does not tell: what it takes on a machine with 1 to 4 GiB.
const USUAL_BUCKETS: u64 = 65_536;
/// How many empty buckets are passed in the time that it takes to hand a connection over (measured: 44 ns for a
/// bucket, 2 us for a connection).
const HANDED_OVER: u64 = 50;

/// Which connections are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All.
    All,
    /// Those that one of these addresses opened, or that lead to one, after the translation of Services.
    Of(BTreeSet<IpAddr>),
}

impl Scope {
    /// Whether there is nothing to look for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Of(addresses) if addresses.is_empty())
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What was looked for.
    pub scope: Scope,
    /// All that there were of them.
    pub connections: Vec<Connection>,
}

/// Who looks for the connections that are tracked in the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct Looker {
    socket: Socket,
    buckets: u64,
}

impl Looker {
    /// Opens a way to the table.
    ///
    /// # Errors
    /// When the kernel gives no netlink socket.
    pub fn open() -> Result<Self, NetlinkError> {
        let told = fs::read_to_string(BUCKETS).ok().and_then(|text| text.trim().parse().ok());
        Ok(Self { socket: Socket::open()?, buckets: told.unwrap_or(USUAL_BUCKETS) })
    }

    /// Finds the connections of `scope` that are there when it is called, unless they end meanwhile.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn look(&mut self, scope: Scope) -> Result<Found, NetlinkError> {
        let entries = self.entries()?;
        let connections = match &scope {
            scope if entries == 0 || scope.is_empty() => Vec::new(),
            Scope::All => self.all()?,
            Scope::Of(addresses) if self.is_cheaper_whole(entries, addresses) => {
                self.all()?.into_iter().filter(|connection| connection.is_end(addresses)).collect()
            }
            Scope::Of(addresses) => self.of(addresses)?,
        };
        Ok(Found { scope, connections })
    }

    /// How many connections there are.
    fn entries(&mut self) -> Result<u64, NetlinkError> {
        let ask = message(GET_STATS, 0, 0, &Attributes::new(), "count the tracked connections");
        let told = self.socket.ask(&ask, |_, bytes| {
            let entries = parse(bytes).find(|attribute| attribute.kind == CTA_STATS_GLOBAL_ENTRIES)?;
            entries.u32().map(u64::from)
        })?;
        // Where the kernel does not tell, there are some.
        Ok(told.first().copied().unwrap_or(1))
    }

    /// Whether one look through everything costs less than two for each address.
    fn is_cheaper_whole(&self, entries: u64, addresses: &BTreeSet<IpAddr>) -> bool {
        let looks = 2 * u64::try_from(addresses.len()).unwrap_or(u64::MAX / 2);
        entries.saturating_mul(HANDED_OVER) < looks.saturating_sub(1).saturating_mul(self.buckets)
    }

    fn all(&mut self) -> Result<Vec<Connection>, NetlinkError> {
        let ask = message(GET, 0, 0, &Attributes::new(), "read the tracked connections");
        self.socket.dump(&ask, Connection::read)
    }

    fn of(&mut self, addresses: &BTreeSet<IpAddr>) -> Result<Vec<Connection>, NetlinkError> {
        let mut found = BTreeMap::new();
        for address in addresses {
            for side in [Side::Original, Side::Reply] {
                let connections = self.socket.dump(&from(*address, side), Connection::read)?;
                // One that leads from one of them to another is told twice.
                found.extend(connections.into_iter().map(|found| (found.identity.clone(), found)));
            }
        }
        Ok(found.into_values().collect())
    }
}

/// One of the two directions that an entry has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// As its first packet went.
    Original,
    /// As the answers go.
    Reply,
}

/// Asks for the entries whose packets come from `address` in one direction. The kernel compares, and
/// hands over nothing else.
fn from(address: IpAddr, side: Side) -> Message {
    let (family, source) = match address {
        IpAddr::V4(address) => (AF_INET, Attributes::new().bytes(CTA_IP_V4_SRC, &address.octets())),
        IpAddr::V6(address) => (AF_INET6, Attributes::new().bytes(CTA_IP_V6_SRC, &address.octets())),
    };
    let tuple = Attributes::new().nested(CTA_TUPLE_IP, &source);
    let (tuple_kind, flags_kind) = match side {
        Side::Original => (CTA_TUPLE_ORIG, CTA_FILTER_ORIG_FLAGS),
        Side::Reply => (CTA_TUPLE_REPLY, CTA_FILTER_REPLY_FLAGS),
    };
    let flags = |kind| if kind == flags_kind { BY_SOURCE } else { 0 };
    let filter = Attributes::new()
        .bytes(CTA_FILTER_ORIG_FLAGS, &flags(CTA_FILTER_ORIG_FLAGS).to_ne_bytes())
        .bytes(CTA_FILTER_REPLY_FLAGS, &flags(CTA_FILTER_REPLY_FLAGS).to_ne_bytes());
    let body = Attributes::new().nested(tuple_kind, &tuple).nested(CTA_FILTER, &filter);
    message(GET, 0, family, &body, "read the connections of an address")
}
