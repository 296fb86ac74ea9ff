//! The history as a table of a ClickHouse, by its HTTP interface.
//!
//! # Taken once
//! ClickHouse has no transactions, but takes what is inserted at once into one partition whole or not at all. So a batch is one
//! insertion: its flows, what was lost, and a row that says how far the node was heard, all in the partition of the
//! batch's last day. Each insertion has a token of node, run and numbers, by which a replica that was given it
//! before knows it again (`insert_deduplication_token`).
//!
//! # Joined
//! Rows of equal keys and minutes are joined by the server when it merges (`AggregatingMergeTree`), and until then by whoever
//! asks. Counts above 2^63 are not told apart, and what comes to more than 2^64 is counted anew from 0.

mod ask;
mod known;
mod literal;
mod put;
mod rows;
mod trim;

use crate::{
    Error,
    http::{Endpoint, Heard, Http},
};
use std::fmt;

/// The table's columns and order; `{table}` is its name. What was published here is never changed: a later version is
/// another table.
const TABLE: &str = include_str!("v1.sql");

/// What questions are.
const PLAIN: &str = "text/plain; charset=utf-8";

/// Where a ClickHouse is, and who asks it.
#[derive(Clone)]
pub struct Target {
    /// Its HTTP interface, such as `https://clickhouse.example.com:8443`.
    pub url: String,
    /// The database, which must be there.
    pub database: String,
    /// The beginning of the table's name; small letters, digits and `_`.
    pub table: String,
    /// The user; the server's `default`, where there is none.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<String>,
    /// Who signs its certificate, in PEM; whom the machine trusts, where it is not said.
    pub authorities: Option<Vec<u8>>,
}

impl Target {
    /// The database `default` at this address, with no password.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let (database, table) = ("default".to_owned(), "sekisho_flows".to_owned());
        Self { url: url.to_owned(), database, table, user: None, password: None, authorities: None }
    }
}

impl fmt::Debug for Target {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, database, table, user, password, authorities: _ } = self;
        f.debug_struct("Target")
            .field("url", url)
            .field("database", database)
            .field("table", table)
            .field("user", user)
            .field("password", &password.as_ref().map(|_| ".."))
            .finish_non_exhaustive()
    }
}

/// What flowed, kept in a table of a ClickHouse. It blocks, and must not be used where asynchronous tasks run.
#[derive(Debug)]
pub struct ClickHouse {
    http: Http,
    endpoint: Endpoint,
    /// The table's name, which needs no quotes.
    table: String,
}

impl ClickHouse {
    /// The history in the table, which is made where there is none.
    ///
    /// # Errors
    /// When the server cannot be reached, or does not let the table be made.
    pub fn connect(target: &Target) -> Result<Self, Error> {
        let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        if target.table.is_empty() || !target.table.chars().all(is_plain) {
            return Err(Error::Table(target.table.clone()));
        }
        let database: String = literal::percent(&target.database);
        let url = format!("{}/?database={database}", target.url.trim_end_matches('/'));
        let mut endpoint = Endpoint::new(&url)?;
        if let Some(user) = &target.user {
            endpoint = endpoint.with("x-clickhouse-user", user)?;
        }
        if let Some(password) = &target.password {
            endpoint = endpoint.with("x-clickhouse-key", password)?;
        }
        let table = format!("{}_v1", target.table);
        let http = target.authorities.as_deref().map_or_else(Http::new, Http::trusting)?;
        let house = Self { http, endpoint, table };
        house.say(&TABLE.replace("{table}", &house.table))?;
        Ok(house)
    }

    /// Has the server do something.
    fn say(&self, text: &str) -> Result<(), Error> {
        let answer = self.http.post(&self.endpoint, PLAIN, text.to_owned())?;
        if answer.status == 200 { Ok(()) } else { Err(refused(&answer.text, answer.status)) }
    }

    /// Asks, and hears what comes of it.
    fn ask(&self, text: &str) -> Result<Heard<'_>, Error> {
        let mut heard = self.http.ask(&self.endpoint, PLAIN, text.to_owned())?;
        if heard.status == 200 {
            return Ok(heard);
        }
        let said = heard.text()?;
        Err(refused(&said, heard.status))
    }
}

/// What the server says instead of an answer: `Code: 60. DB::Exception: ...`.
fn refused(said: &str, status: u16) -> Error {
    let code = said.strip_prefix("Code: ").and_then(|rest| rest.split_once('.'));
    let short: String = said.lines().next().unwrap_or_default().chars().take(500).collect();
    // The numbers of `ErrorCodes.cpp`: READONLY, NOT_ENOUGH_SPACE.
    match code.map(|(code, _)| code) {
        Some("164") => Error::ReadOnly,
        Some("243") => Error::Full,
        _ if short.is_empty() => Error::Refused(format!("status {status}")),
        _ => Error::Refused(short),
    }
}
