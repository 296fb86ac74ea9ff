//! Flow logs of an AWS VPC.
//!
//! A record is described in "Flow log records" of the Amazon VPC User Guide
//! (`docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html`): fields between spaces, `-` for one that has no
//! value. A file in a bucket begins with a line that names its fields; without one the record is of the default
//! format, version 2. Lines of CloudWatch Logs that begin with the time at which they came are read too.
//!
//! A record may name pods because on EKS they bear addresses of the VPC. `action` is what security groups and network
//! ACLs did, and not what NetworkPolicies did: a `REJECT` is a denial that no policy explains.
//!
//! # Who opened it
//! A record is of the packets of one direction, within some minutes, and does not say who opened the connection.
//! `tcp-flags` does where the connection began within that time: its packets' flags are put together, SYN without ACK
//! is the opener's, SYN with ACK the answer's. Otherwise ports decide: what goes from a port of the range that Linux
//! gives to clients (32768 and above, `ip_local_port_range`) to one below is a request, the reverse is an answer. What
//! ports do not decide, and protocols without ports, is left out and counted ([`Skip::Undecided`]).
//!
//! # What is counted
//! A record with the opener's SYN is one connection. Of one that was under way, and of UDP, the first record of its two
//! addresses and ports is. Where both ends' interfaces are logged and `flow-direction` is not, each connection is in two
//! records; it is counted once.

use super::{
    Read, Reader, Skip,
    pieces::{address, short},
    recent::{Connection, Recent},
};
use crate::{
    observation::{Observation, Party},
    record::{Carried, Leave, Observer, Outcome},
    text::Trouble,
};
use jiff::Timestamp;
use sekisho_core::object::Direction;
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

/// The default format, version 2.
const DEFAULT: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
/// Where the ports begin that Linux gives to clients.
const CLIENT_PORTS: u16 = 32_768;
/// More fields than any format has: AWS documents about 40.
const MOST_FIELDS: usize = 128;
const SYN: u64 = 2;
const ACK: u64 = 16;

/// The reader.
#[derive(Debug)]
pub(super) struct Vpc {
    /// Where each field stands.
    fields: HashMap<String, usize>,
    recent: Recent,
}

impl Default for Vpc {
    fn default() -> Self {
        Self { fields: fields(DEFAULT), recent: Recent::default() }
    }
}

fn fields(header: &str) -> HashMap<String, usize> {
    let names = header.split_ascii_whitespace().take(MOST_FIELDS).map(name);
    names.enumerate().map(|(at, name)| (name.to_owned(), at)).collect()
}

/// The name of a field; a format is asked for as `${srcaddr}`.
fn name(field: &str) -> &str {
    field.strip_prefix("${").and_then(|field| field.strip_suffix('}')).unwrap_or(field)
}

fn is_header(text: &str) -> bool {
    text.split_ascii_whitespace()
        .map(name)
        .any(|field| matches!(field, "srcaddr" | "pkt-srcaddr" | "log-status"))
}

/// Whether a file that begins with this line is a flow log.
pub(super) fn begins(line: &str) -> bool {
    let line = without_time(line);
    let mut fields = line.split_ascii_whitespace();
    let is_default = fields.next() == Some("2") && fields.count() + 1 >= DEFAULT.split(' ').count();
    is_header(line) || is_default
}

/// The line behind the time that CloudWatch Logs puts before it.
fn without_time(line: &str) -> &str {
    match line.split_once(' ') {
        Some((time, rest)) if time.contains('T') && time.parse::<Timestamp>().is_ok() => rest,
        _ => line,
    }
}

/// A record, by the names of its fields.
struct Record<'a> {
    fields: &'a HashMap<String, usize>,
    values: Vec<&'a str>,
    line: u64,
    text: &'a str,
}

impl<'a> Record<'a> {
    /// The value of a field that the format has and the record too.
    fn get(&self, field: &str) -> Option<&'a str> {
        let value = self.values.get(*self.fields.get(field)?)?;
        (*value != "-").then_some(*value)
    }

    fn number(&self, field: &str) -> Result<Option<u64>, Trouble> {
        let number = |text: &str| {
            text.parse()
                .map_err(|_| self.wrong(text, format!("`{}` is no whole number, for `{field}`", short(text))))
        };
        self.get(field).map(number).transpose()
    }

    fn port(&self, field: &str) -> Result<Option<u16>, Trouble> {
        let port = |number: u64| {
            let text = self.get(field).unwrap_or_default();
            u16::try_from(number)
                .map_err(|_| self.wrong(text, format!("`{}` is no port, for `{field}`", short(text))))
        };
        self.number(field)?.map(port).transpose()
    }

    /// The address of the packet where it is told, else that of the interface: they differ where something stands
    /// between, such as a NAT gateway.
    fn address(&self, of_packet: &str, of_interface: &str) -> Result<Option<std::net::IpAddr>, Trouble> {
        let text = self.get(of_packet).or_else(|| self.get(of_interface)).unwrap_or_default();
        address(text).map_err(|message| self.wrong(text, message))
    }

    /// Something is wrong with `value`, which is a part of the line.
    fn wrong(&self, value: &str, message: String) -> Trouble {
        let column = value.as_ptr().addr().saturating_sub(self.text.as_ptr().addr()).saturating_add(1);
        Trouble { column, ..Trouble::whole(self.line, message) }
    }
}

/// Who opened the connection that a record is of.
#[derive(Clone, Copy, PartialEq)]
enum Opener {
    /// Its source, and the record has the opening.
    Opens,
    /// Its source; it was open already.
    Opened,
    /// Its destination.
    Other,
}

impl Reader for Vpc {
    fn read(&mut self, line: u64, text: &[u8]) -> Result<Read, Trouble> {
        let text = std::str::from_utf8(text).map_err(|error| Trouble {
            column: error.valid_up_to() + 1,
            ..Trouble::whole(line, "the line is no UTF-8")
                .with_help("a file of a bucket is packed: unpack it with `gunzip`")
        })?;
        let record = without_time(text);
        if is_header(record) {
            self.fields = fields(record);
            return Ok(Read::Skipped(Skip::Empty, 0));
        }
        let values: Vec<&str> = record.split_ascii_whitespace().take(MOST_FIELDS).collect();
        if values.len() < self.fields.len() {
            let (has, wanted) = (values.len(), self.fields.len());
            return Err(Trouble::whole(
                line,
                format!("the record has {has} fields, and the format {wanted}"),
            )
            .with_help("put the line that names the fields of the format before the records"));
        }
        let record = Record { fields: &self.fields, values, line, text };
        Ok(observe(&record, &mut self.recent)?.map_or_else(Read::from, Read::from))
    }
}

fn observe(record: &Record<'_>, recent: &mut Recent) -> Result<Result<Observation, Skip>, Trouble> {
    match record.get("log-status") {
        Some("NODATA") => return Ok(Err(Skip::NoFlow)),
        Some("SKIPDATA") => return Ok(Err(Skip::Lost)),
        _ => {}
    }
    let outcome = match record.get("action") {
        Some("ACCEPT") => Outcome::Allowed,
        Some("REJECT") => Outcome::Denied,
        _ => return Ok(Err(Skip::NoVerdict)),
    };
    let from = record.address("pkt-srcaddr", "srcaddr")?;
    let to = record.address("pkt-dstaddr", "dstaddr")?;
    let (from_port, to_port) = (record.port("srcport")?, record.port("dstport")?);
    let number = record.number("protocol")?.and_then(|number| u8::try_from(number).ok());
    let start = record.number("start")?.and_then(|start| i64::try_from(start).ok());
    let at = start.and_then(|start| Timestamp::from_second(start).ok());
    let (Some(from), Some(to), Some(number), Some(at)) = (from, to, number, at) else {
        return Ok(Err(Skip::Incomplete));
    };
    let carried = Carried::of_protocol(number, to_port.unwrap_or_default());
    let (Carried::Port(..), Some(from_port), Some(to_port)) = (carried, from_port, to_port) else {
        return Ok(Err(Skip::Undecided));
    };
    let opens = match opener(record.number("tcp-flags")?, from_port, to_port) {
        Some(Opener::Other) => return Ok(Err(Skip::Reply)),
        None => return Ok(Err(Skip::Undecided)),
        Some(opener) => opener == Opener::Opens,
    };
    let side = side(record);
    let connection = Connection { from, from_port, to, carried, side, outcome };
    // Each attempt that is refused is one; of those within a record nobody knows how many they were.
    let opens = opens || outcome.is_forbidden();
    if !recent.is_new(connection, interface(record), opens) {
        return Ok(Err(if opens { Skip::Repeated } else { Skip::Underway }));
    }
    Ok(Ok(Observation {
        at,
        count: 1,
        from: Party::at(from),
        to: Party::at(to),
        carried,
        outcome,
        leave: Leave::default(),
        observer: Observer::Vpc,
        side,
        node: None,
    }))
}

fn opener(flags: Option<u64>, from_port: u16, to_port: u16) -> Option<Opener> {
    if let Some(flags) = flags
        && flags & SYN != 0
    {
        return Some(if flags & ACK == 0 { Opener::Opens } else { Opener::Other });
    }
    match (from_port >= CLIENT_PORTS, to_port >= CLIENT_PORTS) {
        (true, false) => Some(Opener::Opened),
        (false, true) => Some(Opener::Other),
        (true, true) | (false, false) => None,
    }
}

/// `flow-direction` is seen from the interface: what leaves it was seen at the source.
fn side(record: &Record<'_>) -> Option<Direction> {
    match record.get("flow-direction") {
        Some("ingress") => Some(Direction::Ingress),
        Some("egress") => Some(Direction::Egress),
        _ => None,
    }
}

/// What tells the interfaces apart that may tell of one connection.
fn interface(record: &Record<'_>) -> u32 {
    let mut hasher = DefaultHasher::new();
    record.get("interface-id").hash(&mut hasher);
    u32::try_from(hasher.finish() >> 32).unwrap_or_default()
}
