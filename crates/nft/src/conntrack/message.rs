//! What connection tracking is told and asked.

use crate::netlink::{Attributes, Message};

/// `NFNL_SUBSYS_CTNETLINK`, and the messages of `enum cntl_msg_types`.
const SUBSYSTEM: u16 = 1;
pub(super) const NEW: u16 = 0;
pub(super) const GET: u16 = 1;
pub(super) const DELETE: u16 = 2;
pub(super) const GET_STATS: u16 = 5;

/// A message; `what` says in errors what it was to do.
pub(super) fn message(kind: u16, flags: u16, family: u8, body: &Attributes, what: &str) -> Message {
    let kind = (SUBSYSTEM << 8) | kind;
    Message { kind, flags, family, body: body.as_bytes().to_vec(), what: what.to_owned() }
}
