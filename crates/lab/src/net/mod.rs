//! Sockets in the namespaces: what answers, what watches, and the packets that no socket makes.

pub(crate) mod datagram;
pub(crate) mod icmp;
pub(crate) mod log;
pub(crate) mod responder;
pub(crate) mod sctp;
pub(crate) mod tap;
