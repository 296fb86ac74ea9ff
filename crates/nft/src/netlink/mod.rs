//! The kernel's own language for nftables: netlink messages.
//!
//! Numbers in these modules are those of the kernel's `linux/netfilter/nf_tables.h`,
//! `linux/netfilter/nfnetlink.h` and `linux/netlink.h`; the names of the constants are theirs.

mod attribute;
mod batch;
mod expression;
mod read;
mod rule;
mod set;
mod socket;

pub(crate) use attribute::{Attribute, Attributes, parse};
pub use socket::NetlinkError;
pub(crate) use socket::{Message, Socket};

use crate::{Programmed, Transaction};

/// The kernel's nftables in the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct Kernel {
    socket: Socket,
}

impl Kernel {
    /// Opens a way to the kernel in the current network namespace.
    ///
    /// # Errors
    /// When the kernel gives no netlink socket.
    pub fn open() -> Result<Self, NetlinkError> {
        Ok(Self { socket: Socket::open()? })
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
        self.socket.commit(&batch::messages(transaction))
    }

    /// What is programmed; empty when the table is not there.
    ///
    /// # Errors
    /// When the kernel does not answer, or answers what cannot be read.
    pub fn read(&mut self) -> Result<Programmed, NetlinkError> {
        read::programmed(&mut self.socket)
    }

    /// Takes the whole table away, if it is there: enforcement ends.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn remove(&mut self) -> Result<(), NetlinkError> {
        if self.read()?.chains.is_empty() {
            return Ok(());
        }
        self.socket.commit(&[batch::delete_table()])
    }
}
