//! What was seen to flow, and by whose leave.
//!
//! A [`record::Flow`] says of a stretch of time how often one end opened connections to another, or was
//! kept from it, and why. [`text`] is how records are kept in files; [`merge`] joins what several
//! observers, or several files, tell. A [`query::Query`] says which of them are asked for. An [`observation::Observation`] is what an observer says of one
//! connection: our own agent, or one whose format [`source`] reads. [`attribution`] gives it names, and a
//! [`window`] counts it.
//!
//! INVARIANT: this crate is pure. It reads and writes what it is handed, knows no clock (whoever calls
//! tells the time), and nothing of netlink, Kubernetes or asynchronous I/O. Whatever it is handed, its
//! memory is bounded by what its caller allows.

pub mod attribution;
pub mod merge;
pub mod observation;
pub mod otlp;
pub mod query;
pub mod record;
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;
pub mod window;

pub use jiff::Timestamp;
