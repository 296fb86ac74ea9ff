//! Coarser keys, for when there are too many.

use crate::record::{Carried, End, Key, Leave, Why};
use sekisho_core::{object::Direction, set::Cidr};
use std::{borrow::Cow, collections::BTreeSet, net::IpAddr};

/// How coarse a key is, the finest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// As it is.
    Exact,
    /// Addresses outside the cluster by /24 and /64, without names.
    Blocks,
    /// Also ports by their protocol, ICMP without its type.
    Protocols,
    /// Also addresses outside the cluster by their family.
    Families,
    /// The workload that denied, and in which direction.
    DeniedBy,
    /// The workload at whose side it was allowed.
    AllowedAt,
    /// That somebody denied something to somebody.
    Denied,
}

impl Level {
    pub(super) const ALL: [Self; 7] = [
        Self::Exact,
        Self::Blocks,
        Self::Protocols,
        Self::Families,
        Self::DeniedBy,
        Self::AllowedAt,
        Self::Denied,
    ];

    /// How many keys of this level there are at most, where `keys` are kept as they are. Of the last there are no
    /// more than outcomes, observers and sides.
    pub(super) fn most(self, keys: usize) -> usize {
        match self {
            Self::Exact => keys,
            Self::Denied => usize::MAX,
            _ => keys / 8,
        }
    }
}

/// `key` at this level; `None` where it has none there.
pub(super) fn fold(key: &Key, level: Level) -> Option<Cow<'_, Key>> {
    let folded = match level {
        Level::Exact => return Some(Cow::Borrowed(key)),
        Level::Blocks => with_blocks(key, |block| to_length(block, 24, 64)),
        Level::Protocols => {
            Key { carried: protocol(key.carried), ..with_blocks(key, |block| to_length(block, 24, 64)) }
        }
        Level::Families => {
            Key { carried: protocol(key.carried), ..with_blocks(key, |block| to_length(block, 0, 0)) }
        }
        Level::DeniedBy => {
            let (end, direction) = key.refused_by()?;
            let leave = Leave::of_side(direction, Why::DeniedBy(BTreeSet::new()));
            Key { leave, ..of_one(key, Some(end), direction) }
        }
        Level::AllowedAt if key.outcome.is_forbidden() => return None,
        Level::AllowedAt => {
            let (end, direction) = allowed_at(key);
            of_one(key, Some(end), direction)
        }
        Level::Denied if !key.outcome.is_forbidden() => return None,
        Level::Denied => of_one(key, None, Direction::Ingress),
    };
    Some(Cow::Owned(folded))
}

fn with_blocks(key: &Key, block: impl Fn(Cidr) -> Cidr) -> Key {
    let end = |end: &End| match end {
        End::External { block: of, .. } => End::external(block(*of)),
        other => other.clone(),
    };
    Key { from: end(&key.from), to: end(&key.to), leave: key.leave.clone(), ..*key }
}

/// The block of so many bits that holds `block`, which may be larger already.
fn to_length(block: Cidr, v4: u8, v6: u8) -> Cidr {
    let length = if block.is_ipv4() { v4 } else { v6 };
    if block.prefix_length() <= length {
        return block;
    }
    let shift = |bits: u8| u32::from(bits.saturating_sub(length));
    let first = match block.first() {
        IpAddr::V4(first) => {
            let mask = u32::MAX.checked_shl(shift(32)).unwrap_or(0);
            IpAddr::from((u32::from(first) & mask).to_be_bytes())
        }
        IpAddr::V6(first) => {
            let mask = u128::MAX.checked_shl(shift(128)).unwrap_or(0);
            IpAddr::from((u128::from(first) & mask).to_be_bytes())
        }
    };
    format!("{first}/{length}").parse().unwrap_or(block)
}

fn protocol(carried: Carried) -> Carried {
    match carried {
        Carried::Port(protocol, _) | Carried::AnyPort(protocol) => Carried::AnyPort(protocol),
        Carried::Icmp(..) => Carried::Other(1),
        Carried::Icmpv6(..) => Carried::Other(58),
        Carried::Other(number) => Carried::Other(number),
        Carried::Anything => Carried::Anything,
    }
}

/// The workload at the side that saw it; where nobody says, the source's, whose egress people want to know.
fn allowed_at(key: &Key) -> (&End, Direction) {
    match key.side {
        Some(Direction::Ingress) => (&key.to, Direction::Ingress),
        None if key.from.workload().is_none() => (&key.to, Direction::Ingress),
        Some(Direction::Egress) | None => (&key.from, Direction::Egress),
    }
}

/// What `end`, the subject in `direction`, has to do with anyone.
fn of_one(key: &Key, end: Option<&End>, direction: Direction) -> Key {
    let end = end.filter(|end| end.workload().is_some()).cloned().unwrap_or(End::Anyone);
    let (from, to) = match direction {
        Direction::Egress => (end, End::Anyone),
        Direction::Ingress => (End::Anyone, end),
    };
    Key {
        from,
        to,
        carried: Carried::Anything,
        outcome: key.outcome,
        leave: Leave::default(),
        observer: key.observer,
        side: key.side,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::flow_key;
    use proptest::prelude::*;
    use sekisho_core::testing::config;

    #[test]
    fn blocks_are_of_their_length() {
        let folded = |block: &str, v4, v6| to_length(block.parse().unwrap(), v4, v6).to_string();
        assert_eq!(folded("198.51.100.7/32", 24, 64), "198.51.100.0/24");
        assert_eq!(folded("198.51.0.0/16", 24, 64), "198.51.0.0/16");
        assert_eq!(folded("2001:db8:1:2:3::4/128", 24, 64), "2001:db8:1:2::/64");
        assert_eq!(folded("198.51.100.7/32", 0, 0), "0.0.0.0/0");
        assert_eq!(folded("2001:db8::/32", 0, 0), "::/0");
    }

    proptest! {
        #![proptest_config(config(256))]

        #[test]
        fn what_was_denied_and_who_saw_it_is_never_folded(key in flow_key()) {
            let mut levels = 0;
            for level in Level::ALL {
                let Some(folded) = fold(&key, level) else { continue };
                levels += 1;
                let of = |key: &Key| (key.outcome, key.observer, key.side);
                prop_assert_eq!(of(&folded), of(&key));
                prop_assert_eq!(&fold(&folded, level).unwrap(), &folded, "folding again changes nothing");
                let subject = |key: &Key| key.refused_by().and_then(|(end, _)| end.workload().cloned());
                if level < Level::Denied {
                    prop_assert_eq!(subject(&folded), subject(&key));
                }
            }
            prop_assert_eq!(levels, if key.outcome.is_forbidden() { 6 } else { 5 });
        }
    }
}
