//! Why, where the observer does not say: whoever knows the policies is asked.

use crate::record::Nearest;
use sekisho_core::{
    object::Direction,
    packet::{End, Packet, Traffic},
    set::Protocol,
    verdict::Verdict,
};
use std::{collections::HashMap, hash::Hash, net::IpAddr, sync::Arc};

/// Whoever knows the policies.
pub trait Judge {
    /// What they say of `packet`, the first of a connection; `None` where nobody knows.
    fn judge(&self, packet: &Packet) -> Option<Verdict>;

    /// Of a packet that the side of `direction` denies the rule of its policies that almost allowed it. Where its
    /// words name an address of the packet, it stands between back quotes; where they name the port, they are `the port
    /// is 80, and`.
    fn nearest(&self, packet: &Packet, direction: Direction) -> Option<Nearest>;

    /// A number that `address` shares with all that no policy tells from it, as long as the other end has one too;
    /// `None` where it may differ from any other, as that of a node may.
    fn address_class(&self, _address: IpAddr) -> Option<usize> {
        None
    }

    /// A number that a port shares with all that no policy tells from it, of whatever protocol and pod.
    fn port_class(&self, port: u16) -> usize {
        port.into()
    }
}

/// Nobody knows the policies: flows are named, and why they passed or not is what observers say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Judge for Nobody {
    fn judge(&self, _: &Packet) -> Option<Verdict> {
        None
    }

    fn nearest(&self, _: &Packet, _: Direction) -> Option<Nearest> {
        None
    }
}

impl<J: Judge + ?Sized> Judge for &J {
    fn judge(&self, packet: &Packet) -> Option<Verdict> {
        (**self).judge(packet)
    }

    fn nearest(&self, packet: &Packet, direction: Direction) -> Option<Nearest> {
        (**self).nearest(packet, direction)
    }

    fn address_class(&self, address: IpAddr) -> Option<usize> {
        (**self).address_class(address)
    }

    fn port_class(&self, port: u16) -> usize {
        (**self).port_class(port)
    }
}

/// An end as far as policies can tell it from others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Alike {
    End(End),
    /// An address, by its class.
    Class(usize),
}

/// What a packet carries as far as policies can tell it from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Carries {
    Class(Protocol, usize),
    Exactly(Traffic),
}

/// Both ends, as far as policies can tell them from others.
type Ends = (Alike, Alike);

/// A nearest rule, and the packet that it was asked of.
type Near = Option<Arc<(Nearest, Packet)>>;

/// How many answers are remembered, at least; twice as many at most.
const MOST: usize = 1 << 14;

/// What was asked of late.
#[derive(Debug)]
pub(super) struct Memory<K, V> {
    now: HashMap<K, V>,
    before: HashMap<K, V>,
    most: usize,
}

impl<K: Eq + Hash, V: Clone> Memory<K, V> {
    fn new() -> Self {
        Self::with_room(MOST)
    }

    /// For `most` answers at least, and twice as many at most.
    pub(super) fn with_room(most: usize) -> Self {
        Self { now: HashMap::new(), before: HashMap::new(), most }
    }

    /// The answer that is remembered, or else what `ask` gives.
    pub(super) fn get(&mut self, key: K, ask: impl FnOnce() -> V) -> V {
        if let Some(known) = self.now.get(&key) {
            return known.clone();
        }
        let answer = self.before.remove(&key).unwrap_or_else(ask);
        if self.now.len() >= self.most {
            self.before = std::mem::take(&mut self.now);
        }
        self.now.insert(key, answer.clone());
        answer
    }
}

/// A judge whose answers are remembered. The same few packets come again and again, and those that policies cannot
/// tell apart, such as the addresses of the internet, get the same answer.
#[derive(Debug)]
pub(super) struct Remembered<J> {
    pub(super) judge: J,
    verdicts: Memory<(Ends, Carries), Option<Arc<Verdict>>>,
    nearest: Memory<(Ends, Carries, Direction), Near>,
}

impl<J: Judge> Remembered<J> {
    pub(super) fn new(judge: J) -> Self {
        Self { judge, verdicts: Memory::new(), nearest: Memory::new() }
    }

    pub(super) fn forget(&mut self) {
        (self.verdicts, self.nearest) = (Memory::new(), Memory::new());
    }

    pub(super) fn judge(&mut self, packet: &Packet) -> Option<Arc<Verdict>> {
        let key = (self.ends(packet), self.carries(packet));
        let judge = &self.judge;
        self.verdicts.get(key, || judge.judge(packet).map(Arc::new))
    }

    pub(super) fn nearest(&mut self, packet: &Packet, direction: Direction) -> Option<Nearest> {
        let key = (self.ends(packet), self.carries(packet), direction);
        let judge = &self.judge;
        let ask = || judge.nearest(packet, direction).map(|nearest| Arc::new((nearest, packet.clone())));
        let known = self.nearest.get(key, ask)?;
        let (nearest, asked) = &*known;
        Some(if asked == packet { nearest.clone() } else { reworded(nearest, asked, packet) })
    }

    fn ends(&self, packet: &Packet) -> Ends {
        let class = |end: &End| end.address().and_then(|address| self.judge.address_class(address));
        match (class(&packet.from), class(&packet.to)) {
            // S21: what is the same stays so.
            (Some(from), Some(to)) if packet.from != packet.to => (Alike::Class(from), Alike::Class(to)),
            _ => (Alike::End(packet.from.clone()), Alike::End(packet.to.clone())),
        }
    }

    fn carries(&self, packet: &Packet) -> Carries {
        match packet.traffic {
            Traffic::Port(protocol, port) => Carries::Class(protocol, self.judge.port_class(port)),
            other => Carries::Exactly(other),
        }
    }
}

/// The words for one packet as they are for another that policies cannot tell from it.
fn reworded(nearest: &Nearest, asked: &Packet, packet: &Packet) -> Nearest {
    let quoted = |end: &End| end.address().map(|address| format!("`{address}`"));
    let mut lacks = nearest.lacks.to_string();
    for (was, is) in [(&asked.from, &packet.from), (&asked.to, &packet.to)] {
        if let (Some(was), Some(is)) = (quoted(was), quoted(is)) {
            lacks = lacks.replace(&was, &is);
        }
    }
    if let (Traffic::Port(_, was), Traffic::Port(_, is)) = (asked.traffic, packet.traffic) {
        lacks = lacks.replace(&format!("the port is {was}, and"), &format!("the port is {is}, and"));
    }
    Nearest { lacks: lacks.into(), ..nearest.clone() }
}
