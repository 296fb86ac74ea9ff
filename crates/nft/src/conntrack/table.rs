//! What becomes of connections that were found: some are cut, some given back, some forgotten.

use super::{
    NESTED,
    entry::{BE_LIBERAL, CTA_ID, CTA_LABELS, CTA_TUPLE_ORIG, CTA_ZONE, Connection, Identity, PICKED_UP},
    look::{Found, Looker, Scope},
    message::{DELETE, NEW, message},
    translation,
};
use crate::{
    netlink::{Attributes, Kernel, NetlinkError, Socket},
    program::Program,
    tree::CUT_LABEL_BIT,
};
use sekisho_core::{packet::Packet, set::Protocol};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

const NLM_F_CREATE: u16 = 0x400;
const NLM_F_EXCL: u16 = 0x200;
/// Attributes of `linux/netfilter/nfnetlink_conntrack.h`.
const CTA_PROTOINFO: u16 = 4;
const CTA_TIMEOUT: u16 = 7;
const CTA_LABELS_MASK: u16 = 23;
/// `ENOENT`: the connection ended meanwhile.
const GONE: i32 = 2;
/// `EEXIST`: a packet has made a new entry meanwhile.
const EXISTS: i32 = 17;
/// `ENOSPC`: the entry is older than our table and has no room for labels.
const NO_ROOM: i32 = 28;
/// How long a connection that had no room for a label stays cut without a packet, in seconds. A stream
/// as long as the kernel keeps a silent one by default (`nf_conntrack_tcp_timeout_established`): forgotten
/// sooner, the end that was called could go on with it, as if it were one that it opens itself.
const CUT_STREAM_SECONDS: u32 = 5 * 24 * 3600;
/// The same without streams: their ends send often, or no longer.
const CUT_SECONDS: u32 = 300;
/// How often a connection without room is tried again that sends while it is being cut.
const TRIES: usize = 5;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many connections it looked at.
    pub seen: usize,
    /// How many it cut.
    pub cut: usize,
    /// How many cut ones it gave back, because they are allowed again.
    pub restored: usize,
    /// How many cut ones there are after it, of this sweep and of earlier ones.
    pub remembered: usize,
}

/// What a sweep has to do.
#[derive(Debug, Default)]
struct Survey {
    /// Connections to be cut, and cut ones to be given back.
    changes: Vec<Connection>,
    swept: Swept,
}

/// The connections that are tracked in the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct Conntrack {
    socket: Socket,
    looker: Looker,
    /// The connections that were cut by this, as far as they have not been given back: those are given back
    /// without a look through the table.
    cut: BTreeMap<Identity, Connection>,
}

impl Conntrack {
    /// Opens a way to the table.
    ///
    /// # Errors
    /// When the kernel gives no netlink socket.
    pub fn open() -> Result<Self, NetlinkError> {
        Ok(Self { socket: Socket::open()?, looker: Looker::open()?, cut: BTreeMap::new() })
    }

    /// Finds connections, and waits for it.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn look(&mut self, scope: Scope) -> Result<Found, NetlinkError> {
        self.looker.look(scope)
    }

    /// Cuts the connections that `allowed` does not allow, and gives back those that it allows again
    /// (S31). One whose opener is not known stays when either end may have opened it (S32). Only
    /// those are looked at that `concerned` tells.
    ///
    /// `program`, which `kernel` has, refuses what is cut before the first connection is, and no longer
    /// looks for it when there is none: a look at every packet is not free.
    ///
    /// # Errors
    /// When the kernel refuses. Connections that ended meanwhile are no error.
    pub fn sweep(
        &mut self,
        program: &mut Program,
        kernel: &mut Kernel,
        concerned: impl Fn(&Packet) -> bool,
        allowed: impl Fn(&Packet) -> bool,
    ) -> Result<Swept, NetlinkError> {
        let found = self.look(Scope::All)?;
        self.judge(found, program, kernel, concerned, allowed)
    }

    /// Does what [`Self::sweep`] does with connections that were looked for since the rules last changed. Where
    /// those are not all, it does not know whether others were cut: what is cut is looked for in every packet until
    /// the next time that all are.
    ///
    /// # Errors
    /// When the kernel refuses. Connections that ended meanwhile are no error.
    pub fn judge(
        &mut self,
        found: Found,
        program: &mut Program,
        kernel: &mut Kernel,
        concerned: impl Fn(&Packet) -> bool,
        allowed: impl Fn(&Packet) -> bool,
    ) -> Result<Swept, NetlinkError> {
        let is_all = found.scope == Scope::All;
        if is_all {
            // Of those that ended nothing is remembered.
            let there: BTreeSet<&Identity> = found.connections.iter().map(|found| &found.identity).collect();
            self.cut.retain(|identity, _| there.contains(identity));
        }
        let survey = survey(found.connections, concerned, allowed);
        let swept = survey.swept;
        self.cut(program, kernel, survey)?;
        if is_all && swept.remembered == 0 {
            kernel.apply(&program.refuse_cut(false))?;
        }
        Ok(swept)
    }

    /// Gives back those connections with an end among `addresses` that were cut by this and that `allowed` allows
    /// again: they are known, and what may go on again waits for no look. Returns how many there were.
    ///
    /// # Errors
    /// When the kernel refuses. Connections that ended meanwhile are no error.
    pub fn give_back(
        &mut self,
        addresses: &BTreeSet<IpAddr>,
        allowed: impl Fn(&Packet) -> bool,
    ) -> Result<usize, NetlinkError> {
        let known = self.cut.values().filter(|known| known.is_end(addresses)).cloned().collect();
        let back: Vec<Connection> = survey(known, |_| true, allowed).changes;
        for connection in &back {
            self.set_cut(connection, false)?;
        }
        Ok(back.len())
    }

    fn cut(
        &mut self,
        program: &mut Program,
        kernel: &mut Kernel,
        survey: Survey,
    ) -> Result<(), NetlinkError> {
        let Survey { changes, swept } = survey;
        if swept.remembered > 0 {
            kernel.apply(&program.refuse_cut(true))?;
        }
        // One that the kernel refuses must not keep the others from being cut.
        let done: Vec<_> = changes.iter().map(|c| self.set_cut(c, !c.cut)).collect();
        done.into_iter().collect::<Result<(), NetlinkError>>()?;
        Ok(())
    }

    /// Lets the connections of an address go: their owner is gone, and the next must not inherit them
    /// (S27). Returns how many there were.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn forget(&mut self, address: IpAddr) -> Result<usize, NetlinkError> {
        self.forget_all(&[address].into())
    }

    /// Lets the connections of all these addresses go, as [`Self::forget`] does. Returns how many there
    /// were.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn forget_all(&mut self, addresses: &BTreeSet<IpAddr>) -> Result<usize, NetlinkError> {
        let found = self.look(Scope::Of(addresses.clone()))?;
        self.forget_these(&found.connections)?;
        Ok(found.connections.len())
    }

    /// Lets these connections go, as far as they are still there.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn forget_these(&mut self, connections: &[Connection]) -> Result<(), NetlinkError> {
        for connection in connections {
            self.cut.remove(&connection.identity);
            // Its tuple may be that of another by now, which has a right of its own.
            let id = connection.id.map(|id| Attributes::new().u32(CTA_ID, id));
            gone_is_fine(self.delete(connection, &id.unwrap_or_default()))?;
        }
        Ok(())
    }

    fn set_cut(&mut self, connection: &Connection, cut: bool) -> Result<(), NetlinkError> {
        if cut {
            let known = Connection { cut, ..connection.clone() };
            self.cut.insert(connection.identity.clone(), known);
        } else {
            self.cut.remove(&connection.identity);
        }
        let body = identity(connection).append(&label(cut));
        let ask = message(NEW, 0, connection.identity.family, &body, "label a connection");
        match self.socket.request(&ask) {
            Err(error) if error.errno() == Some(NO_ROOM) && cut => self.replace(connection),
            done => gone_is_fine(done),
        }
    }

    fn delete(&mut self, connection: &Connection, which: &Attributes) -> Result<(), NetlinkError> {
        let body = identity(connection).append(which);
        self.socket.request(&message(DELETE, 0, connection.identity.family, &body, "delete a connection"))
    }

    /// Cuts a connection whose entry has no room for a label: the entry makes way for one that has.
    /// When a packet is faster and makes one itself, that has room, but tells the wrong opener or none: it
    /// makes way, too, and is labelled only when packets are faster every time.
    fn replace(&mut self, connection: &Connection) -> Result<(), NetlinkError> {
        let is_stream = connection.original.protocol == Protocol::Tcp.number();
        let seconds = if is_stream { CUT_STREAM_SECONDS } else { CUT_SECONDS };
        let make = |reply: &Attributes| {
            let body = identity(connection)
                .append(reply)
                .u32(CTA_TIMEOUT, seconds)
                .append(&label(true))
                .append(&protocol_state(connection));
            let what = "replace a connection that has no room for a label";
            message(NEW, NLM_F_CREATE | NLM_F_EXCL, connection.identity.family, &body, what)
        };
        let translated = make(&translation::reply(connection));
        let relabel = identity(connection).append(&label(true));
        let relabel = message(NEW, 0, connection.identity.family, &relabel, "label a connection");
        for _ in 0..TRIES {
            gone_is_fine(self.delete(connection, &Attributes::new()))?;
            match self.socket.request(&translated) {
                Err(error) if error.errno() == Some(EXISTS) => {}
                Ok(()) => return Ok(()),
                // It must be cut, even where the kernel no longer translates for it.
                Err(_) => return self.socket.request(&make(&translation::as_it_was(connection))),
            }
        }
        gone_is_fine(self.socket.request(&relabel))
    }
}

fn survey(
    connections: Vec<Connection>,
    concerned: impl Fn(&Packet) -> bool,
    allowed: impl Fn(&Packet) -> bool,
) -> Survey {
    let mut survey = Survey::default();
    let swept = &mut survey.swept;
    for connection in connections {
        let openings = connection.openings();
        let mut is_cut = connection.cut;
        if openings.iter().any(&concerned) {
            swept.seen += 1;
            is_cut = !openings.iter().any(&allowed);
        }
        swept.remembered += usize::from(is_cut);
        match (connection.cut, is_cut) {
            (false, true) => swept.cut += 1,
            (true, false) => swept.restored += 1,
            _ => continue,
        }
        survey.changes.push(connection);
    }
    survey
}

fn gone_is_fine(done: Result<(), NetlinkError>) -> Result<(), NetlinkError> {
    match done {
        Err(error) if error.errno() == Some(GONE) => Ok(()),
        done => done,
    }
}

fn identity(connection: &Connection) -> Attributes {
    let identity = &connection.identity;
    let named = Attributes::new().bytes(CTA_TUPLE_ORIG | NESTED, &identity.original);
    match &identity.zone {
        Some(zone) => named.bytes(CTA_ZONE, zone),
        None => named,
    }
}

/// The bit that says cut, and a mask that leaves all others as they are.
fn label(cut: bool) -> Attributes {
    let bit = 1_u128 << CUT_LABEL_BIT;
    let value = if cut { bit } else { 0 };
    Attributes::new().bytes(CTA_LABELS, &value.to_le_bytes()).bytes(CTA_LABELS_MASK, &bit.to_le_bytes())
}

/// What the kernel wants to know of a new TCP connection: established, and any window is good. An entry
/// whose opener is known is told apart from one that was picked up, so that the next sweep does not take
/// either end for the opener and give the connection back.
fn protocol_state(connection: &Connection) -> Attributes {
    const ESTABLISHED: u8 = 3;
    if connection.original.protocol != Protocol::Tcp.number() {
        return Attributes::new();
    }
    let flags = if connection.picked_up { PICKED_UP } else { BE_LIBERAL };
    // `struct nf_ct_tcp_flags`: the flags, and which of them are meant.
    let flags = [flags, PICKED_UP];
    let tcp = Attributes::new().bytes(1, &[ESTABLISHED]).bytes(4, &flags).bytes(5, &flags);
    Attributes::new().nested(CTA_PROTOINFO, &Attributes::new().nested(1, &tcp))
}
