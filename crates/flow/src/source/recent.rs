//! Connections that were told of lately, so that none is counted for each event that tells of it.

use crate::record::{Carried, Outcome};
use sekisho_core::object::Direction;
use std::{collections::HashMap, net::IpAddr};

/// How many connections are remembered, at least; twice as many at most. One has about 150 bytes.
const MOST: usize = 1 << 16;
/// How many kinds of events are told apart of one connection.
const KINDS: usize = 8;

/// What tells connections apart, as an observer sees them at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Connection {
    pub(super) from: IpAddr,
    pub(super) from_port: u16,
    pub(super) to: IpAddr,
    pub(super) carried: Carried,
    pub(super) side: Option<Direction>,
    /// What became of it: a port may be tried again when policies have changed.
    pub(super) outcome: Outcome,
}

/// How often each kind of event told of a connection.
#[derive(Clone, Debug, Default)]
struct Told {
    counts: [(u32, u32); KINDS],
    counted: u32,
}

/// The connections of late.
///
/// Several events tell of one connection: a packet is seen at several points, a denial is a verdict and a
/// drop. Which of them are exported is a matter of settings, so no kind can be left out; and a client may try
/// again from the same port. There were as many connections as the kind that tells most often says.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    now: HashMap<Connection, Told>,
    before: HashMap<Connection, Told>,
}

impl Recent {
    /// Takes in that an event of `kind` tells of `connection`, and says whether there is one more of it than
    /// was known. `opens` is whether such an event tells of one opening, and not of one that is under way.
    pub(super) fn is_new(&mut self, connection: Connection, kind: u32, opens: bool) -> bool {
        if self.now.len() >= MOST {
            self.before = std::mem::take(&mut self.now);
        }
        let mut told =
            self.now.remove(&connection).or_else(|| self.before.remove(&connection)).unwrap_or_default();
        let is_new = told.take(kind, opens);
        self.now.insert(connection, told);
        is_new
    }
}

impl Recent {
    /// Whether the connection was told of lately.
    pub(super) fn has(&self, connection: &Connection) -> bool {
        self.now.contains_key(connection) || self.before.contains_key(connection)
    }
}

impl Told {
    fn take(&mut self, kind: u32, opens: bool) -> bool {
        if !opens {
            let is_new = self.counted == 0;
            self.counted = self.counted.max(1);
            return is_new;
        }
        let slot = self.counts.iter().position(|(known, count)| *count == 0 || *known == kind);
        // More kinds than are told apart share the last place: something may then be counted twice, and
        // nothing be lost.
        let Some((known, count)) = self.counts.get_mut(slot.unwrap_or(KINDS - 1)) else { return true };
        *known = kind;
        *count = count.saturating_add(1);
        let is_new = *count > self.counted;
        self.counted = self.counted.max(*count);
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::set::Protocol;

    fn connection(port: u16) -> Connection {
        Connection {
            from: [10, 0, 0, 1].into(),
            from_port: port,
            to: [10, 0, 0, 2].into(),
            carried: Carried::Port(Protocol::Tcp, 80),
            side: None,
            outcome: Outcome::Allowed,
        }
    }

    #[test]
    fn there_are_as_many_as_the_kind_that_tells_most_often_says() {
        let mut recent = Recent::default();
        let events = [(1, true), (2, false), (2, true), (2, false), (1, false), (9, false)];
        for (at, (kind, is_new)) in events.into_iter().enumerate() {
            // All but the last two open one.
            assert_eq!(recent.is_new(connection(1), kind, at != 3 && at != 5), is_new, "{at}");
        }
        assert!(recent.is_new(connection(2), 1, false), "one that was under way when the log began");
        assert!(!recent.is_new(connection(2), 1, true), "and whose opening is told late");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut recent = Recent::default();
        for round in 0..3_u8 {
            for port in 0..=u16::MAX {
                let connection = Connection { to: [10, 0, round, 2].into(), ..connection(port) };
                assert!(recent.is_new(connection, 1, true));
            }
        }
        assert!(recent.now.len() + recent.before.len() <= 2 * MOST);
    }
}
