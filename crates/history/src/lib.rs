//! What flowed, kept: the records of flows of every node, each taken once.
//!
//! A [`History`] is a file, or a table of a [`ClickHouse`]. Whoever gathers records from nodes hands it
//! [`Batch`]es, and asks it [`Query`](sekisho_flow::query::Query)s; files of records are asked the same, and answer
//! the same.
//!
//! [`export`] tells a collector of OpenTelemetry what flows, and [`alert`] people what they should know of it;
//! [`telling`] does both of what comes.
//!
//! # What is kept
//! Records by key and minute: what nodes tell of every half second is joined as
//! [`merge`](sekisho_flow::merge::merge) joins records, so that a history has as many rows as there are
//! minutes in which something was seen between two ends. A record of a longer window keeps its window, grown to whole
//! minutes ([`Window::in_minutes`](sekisho_flow::record::Window::in_minutes)). `first` and `last` say
//! more precisely when, up to the year 2262.
//!
//! # Taken once
//! Nodes number what they tell. A batch and the number up to which its node was heard are written
//! in one transaction, so nothing is taken twice and nothing is passed over, whoever is killed when: a batch that
//! is sent again is [known](Put::Known). One that has some numbers which were taken and some which were not is
//! refused, whole ([`Error::Overlap`]): which of its records were counted already nobody can say. Ask the node for
//! what follows the number that [`History::reached`] tells.
//!
//! # Power and disks
//! Of a file: a process that is killed loses nothing that [`History::put`] said it took. After a power cut the last moments may
//! be gone, records and numbers together (SQLite's write-ahead log with `synchronous=NORMAL`): they are
//! asked for again, as far as nodes still have them. A full disk is an error, and the history is as it was before; what is
//! given up then is room again, for which some is kept back.
//!
//! # Why SQLite
//! DuckDB answers questions over all of a history faster, for it keeps columns, but is made for one who writes much at
//! once: a transaction for every node and second is what it advises against, and its library takes many minutes to
//! build. redb is Rust alone and as safe; what is asked of a history, by time, namespace and outcome, would be indexes of
//! our own, and no tool of anybody's could open the file. SQLite writes small transactions, is known for what it does when
//! disks are full or power fails, builds in a minute, and speaks SQL, which whoever keeps histories elsewhere uses as well.
//!
//! INVARIANT: knows no Kubernetes, and is told the time: the only clock is that of who sends something again.

pub mod alert;
mod batch;
mod clickhouse;
mod error;
pub mod export;
mod file;
mod history;
mod http;
mod keys;
pub mod telling;
mod times;
mod worker;

pub use batch::{Batch, Lost, Mark, Put};
pub use clickhouse::{ClickHouse, Target};
pub use error::Error;
pub use file::File;
pub use history::{History, Reached};
pub use http::HttpError;
