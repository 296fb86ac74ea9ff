//! What a node tells of what it recorded, line by line: `docs/flows.md`, "Batches".
//!
//! Connections are numbered as they are recorded, from 1, in each run of the agent anew. So the numbers of a batch say how
//! many connections it is about, and what is lost between two of them can be counted by whoever has the two alone.

use super::wire::{Time, Window};
use crate::record;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a line says before the flows that follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who tells.
    pub teller: Teller,
    /// What follows; `None` where there is nothing new, and the line only says that the node is there.
    pub batch: Option<Head>,
}

/// Who tells, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Teller {
    /// The node.
    pub node: Arc<str>,
    /// Which run of its agent.
    pub boot: Arc<str>,
    /// When that began, by the node's clock.
    pub started: Timestamp,
    /// What the node's clock shows.
    pub clock: Timestamp,
}

/// What a batch is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of its first connection.
    pub first: u64,
    /// The number of its last.
    pub last: u64,
    /// How many lines with flows follow.
    pub flows: u64,
    /// What is in none of them.
    pub missing: Vec<Missing>,
}

/// Connections that are in no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// When they were.
    pub window: record::Window,
    /// Why, in few words that do not differ from one time to the next.
    pub why: Arc<str>,
    /// How many; `None` where nobody counted them, and then they have no numbers.
    pub connections: Option<u64>,
}

/// Why a line says nothing of this kind.
#[derive(Debug, thiserror::Error)]
#[error("the line says neither what follows nor that a node is there: {0}")]
pub struct ToldError(String);

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Batch(Written),
    Beat(Written),
}

#[derive(Debug, Deserialize, Serialize)]
struct Written {
    node: Arc<str>,
    boot: Arc<str>,
    started: Time,
    clock: Time,
    #[serde(default, skip_serializing_if = "is_none")]
    first: u64,
    #[serde(default, skip_serializing_if = "is_none")]
    last: u64,
    #[serde(default, skip_serializing_if = "is_none")]
    flows: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lost: Vec<Lost>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Lost {
    window: Window,
    why: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connections: Option<u64>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
fn is_none(number: &u64) -> bool {
    *number == 0
}

impl Told {
    /// The line, without what ends it.
    #[must_use]
    pub fn line(&self) -> String {
        let Teller { node, boot, started, clock } = &self.teller;
        let written = |head: Option<&Head>| Written {
            node: Arc::clone(node),
            boot: Arc::clone(boot),
            started: Time(*started),
            clock: Time(*clock),
            first: head.map_or(0, |head| head.first),
            last: head.map_or(0, |head| head.last),
            flows: head.map_or(0, |head| head.flows),
            lost: head.into_iter().flat_map(|head| &head.missing).map(lost).collect(),
        };
        let line = match &self.batch {
            Some(head) => Line::Batch(written(Some(head))),
            None => Line::Beat(written(None)),
        };
        // INVARIANT: no key of a map is anything but a string, so nothing here can fail.
        serde_json::to_string(&line).unwrap_or_default()
    }

    /// Reads a line.
    ///
    /// # Errors
    /// When it is no such line, or says what cannot be.
    pub fn read(text: &[u8]) -> Result<Self, ToldError> {
        let line: Line = serde_json::from_slice(text).map_err(|error| ToldError(error.to_string()))?;
        let (written, is_batch) = match line {
            Line::Batch(written) => (written, true),
            Line::Beat(written) => (written, false),
        };
        let Written { node, boot, started, clock, first, last, flows, lost } = written;
        if is_batch && (first == 0 || last < first) {
            return Err(ToldError(format!("a batch has no numbers from {first} to {last}")));
        }
        let missing = lost.into_iter().map(missing).collect::<Result<Vec<_>, _>>()?;
        let teller = Teller { node, boot, started: started.0, clock: clock.0 };
        Ok(Self { teller, batch: is_batch.then_some(Head { first, last, flows, missing }) })
    }
}

fn lost(missing: &Missing) -> Lost {
    let window = Window { from: Time(missing.window.from()), to: Time(missing.window.to()) };
    Lost { window, why: Arc::clone(&missing.why), connections: missing.connections }
}

fn missing(lost: Lost) -> Result<Missing, ToldError> {
    let window = record::Window::new(lost.window.from.0, lost.window.to.0);
    let window = window.map_err(|error| ToldError(error.to_string()))?;
    Ok(Missing { window, why: lost.why, connections: lost.connections })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_is_told_is_read_again() {
        let teller = Teller { node: "node-1".into(), boot: "b".into(), started: at(1), clock: at(60) };
        let window = record::Window::new(at(2), at(3)).unwrap();
        let missing =
            [Some(7), None].map(|connections| Missing { window, why: "no room".into(), connections });
        let head = Head { first: 1, last: 9, flows: 1, missing: missing.to_vec() };
        for batch in [None, Some(head)] {
            let told = Told { teller: teller.clone(), batch };
            assert_eq!(Told::read(told.line().as_bytes()).unwrap(), told);
        }
        let beat = Told { teller, batch: None };
        let expected = r#"{"beat":{"node":"node-1","boot":"b","started":"1970-01-01T00:00:01Z","clock":"1970-01-01T00:01:00Z"}}"#;
        assert_eq!(beat.line(), expected);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let who = r#""node":"n","boot":"b","started":"1970-01-01T00:00:01Z","clock":"1970-01-01T00:00:01Z""#;
        let backwards = r#"{"from":"1970-01-01T00:00:02Z","to":"1970-01-01T00:00:01Z"}"#;
        for line in [
            "{}".to_owned(),
            r#"{"version":"sekisho.flow/1"}"#.to_owned(),
            format!(r#"{{"batch":{{{who}}}}}"#),
            format!(r#"{{"batch":{{{who},"first":3,"last":2}}}}"#),
            format!(
                r#"{{"batch":{{{who},"first":1,"last":2,"lost":[{{"window":{backwards},"why":"w"}}]}}}}"#
            ),
        ] {
            assert!(Told::read(line.as_bytes()).is_err(), "{line}");
        }
    }
}
