//! The kernel's own language for nftables: netlink messages.
//!
//! Numbers in these modules are those of the kernel's `linux/netfilter/nf_tables.h`,
//! `linux/netfilter/nfnetlink.h` and `linux/netlink.h`; the names of the constants are theirs.

mod attribute;
mod batch;
mod dropped;
mod error;
mod expression;
mod links;
mod listener;
mod monitor;
mod read;
mod rule;
mod set;
mod socket;
mod wire;

pub(crate) use attribute::{Attribute, Attributes, parse};
pub use error::NetlinkError;
pub use links::{Bridge, LinkMonitor, Links};
pub(crate) use listener::Listener;
pub use monitor::Monitor;
pub(crate) use socket::Socket;
pub(crate) use wire::{Answer, GENERIC, Message};

use crate::{
    Drift, Programmed, Transaction,
    tree::{Name, Ruleset, Table},
};
use std::collections::BTreeMap;

/// `ERESTART`: the kernel has gone on to another generation than a transaction was made for.
const CHANGED: i32 = 85;
/// How often a transaction is made anew for another generation.
const RESTORE_TRIES: usize = 100;

/// The kernel's nftables in the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct Kernel {
    socket: Socket,
    table: Table,
    /// Whether nobody else may change the table.
    owned: bool,
}

impl Kernel {
    /// Opens a way to the kernel in the current network namespace.
    ///
    /// # Errors
    /// When the kernel gives no netlink socket.
    pub fn open() -> Result<Self, NetlinkError> {
        Self::open_table(Table::Enforced)
    }

    /// Opens a way to the kernel for a table, as [`Self::open`] does for that of what is enforced.
    ///
    /// # Errors
    /// When the kernel gives no netlink socket.
    pub fn open_table(table: Table) -> Result<Self, NetlinkError> {
        Ok(Self { socket: Socket::open()?, table, owned: false })
    }

    /// The number by which the kernel knows this socket, for a [`Monitor`].
    #[must_use]
    pub fn port(&self) -> u32 {
        self.socket.port()
    }

    /// Takes the table for this socket alone, as long as it is open: nobody else may change it, and who flushes
    /// the whole ruleset passes over it. It is made when it is not there. When the socket closes, the table stays
    /// and the next may take it. Returns whether it is taken: not where the kernel is older than Linux 6.9, nor
    /// where the table was made without that, by an older version or by hand.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn own(&mut self) -> Result<bool, NetlinkError> {
        let flags = read::flags(&mut self.socket, self.table)?;
        if !self.owned && flags.is_none_or(|flags| flags & batch::PERSIST != 0) {
            // What is older refuses flags that it does not know.
            self.owned = self.socket.commit(&[batch::make_table(self.table, true)], None).is_ok();
        }
        Ok(self.owned)
    }

    /// Programs a transaction: all of it or nothing. An empty one does nothing. The table is made
    /// when it is not there.
    ///
    /// # Errors
    /// When the kernel refuses it, for want of privilege or because it is in another state than the
    /// transaction starts from. Then nothing has changed.
    pub fn apply(&mut self, transaction: &Transaction) -> Result<(), NetlinkError> {
        if transaction.is_empty() {
            return Ok(());
        }
        self.commit(&batch::messages(self.table, self.owned, transaction), None)
    }

    /// What is programmed; empty when the table is not there.
    ///
    /// # Errors
    /// When the kernel does not answer, or answers what cannot be read.
    pub fn read(&mut self) -> Result<Programmed, NetlinkError> {
        Ok(read::programmed(&mut self.socket, self.table)?.0)
    }

    /// Whether the table is there, whatever is in it.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn is_programmed(&mut self) -> Result<bool, NetlinkError> {
        read::is_there(&mut self.socket, self.table)
    }

    /// How many packets were counted in each chain that counts: those that it denied. A chain that is made
    /// anew begins anew.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn counted(&mut self) -> Result<BTreeMap<Name, u64>, NetlinkError> {
        read::counted(&mut self.socket, self.table)
    }

    /// Brings what is programmed to `ruleset`, whatever it is now, in one transaction, and tells how it
    /// differed. When somebody changes something between reading and programming, it reads again.
    ///
    /// # Errors
    /// When the kernel refuses it; then nothing has changed.
    pub fn restore(&mut self, ruleset: &Ruleset) -> Result<Vec<Drift>, NetlinkError> {
        let wanted = Programmed::of(ruleset);
        let mut tries = RESTORE_TRIES;
        loop {
            let (now, generation) = read::programmed(&mut self.socket, self.table)?;
            let transaction = Transaction::between(&now, ruleset);
            if transaction.is_empty() {
                return Ok(now.drift(&wanted));
            }
            match self.commit(&batch::messages(self.table, self.owned, &transaction), Some(generation)) {
                Ok(()) => return Ok(now.drift(&wanted)),
                Err(error) if error.errno() == Some(CHANGED) && tries > 0 => tries -= 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the whole table away, if it is there: enforcement ends.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn remove(&mut self) -> Result<(), NetlinkError> {
        if !self.is_programmed()? {
            return Ok(());
        }
        self.commit(&[batch::delete_table(self.table)], None)?;
        self.owned = false;
        Ok(())
    }

    fn commit(&mut self, messages: &[Message], generation: Option<u32>) -> Result<(), NetlinkError> {
        match self.socket.commit(messages, generation) {
            Err(NetlinkError::Permission { what }) => Err(self.why_not(what)),
            done => done,
        }
    }

    /// Why the kernel does not let us: for want of a right, or because the table is another's.
    fn why_not(&mut self, what: String) -> NetlinkError {
        let flags = if self.owned { None } else { read::flags(&mut self.socket, self.table).ok().flatten() };
        match flags {
            Some(flags) if flags & batch::OWNER != 0 => NetlinkError::Owned { table: self.table.name() },
            _ => NetlinkError::Permission { what },
        }
    }
}
