//! What is told to those who ask: records that are kept, and those that come.
//!
//! INVARIANT: whoever is slow is told less, and that it is less. Nothing is written later for his sake.

use super::{
    place::Place,
    writer::{Desk, Stored},
};
use hyper::body::Bytes;
use jiff::Timestamp;
use sekisho_flow::{query::Query, record::Flow, text};
use sekisho_history::Lost;
use serde::Serialize;
use std::{ops::ControlFlow, sync::Arc, time::Duration};
use tokio::{
    runtime::Handle,
    sync::broadcast::{Receiver, error::RecvError},
    time::timeout,
};

/// What is sent, part by part.
pub(super) type Sender = http_body_util::channel::Sender<Bytes, std::convert::Infallible>;
/// How many bytes are sent at once.
const AT_ONCE: usize = 1 << 15;
/// How long somebody may take a part of what is kept: while he reads, the history's log grows.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often somebody who follows is told that there is nothing new.
const BEAT: Duration = Duration::from_secs(10);

/// What there is to say among records.
#[derive(Debug, Serialize)]
struct Notice {
    notice: String,
}

/// What is missing in records.
#[derive(Debug, Serialize)]
struct Missing<'a> {
    node: &'a str,
    from: String,
    to: String,
    why: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<u64>,
}

/// Nobody reads any more.
#[derive(Debug)]
pub(super) struct Gone;

/// Lines that are sent when there are enough of them. It runs where it may block.
struct Lines<'a> {
    to: &'a mut Sender,
    text: Vec<u8>,
}

impl Lines<'_> {
    fn add(&mut self, line: &str) -> Result<(), Gone> {
        self.text.extend_from_slice(line.as_bytes());
        self.text.push(b'\n');
        if self.text.len() >= AT_ONCE { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), Gone> {
        if self.text.is_empty() {
            return Ok(());
        }
        let part = Bytes::from(std::mem::take(&mut self.text));
        let sent = Handle::current().block_on(timeout(PATIENCE, self.to.send_data(part)));
        sent.map_err(|_| Gone)?.map_err(|_| Gone)
    }
}

/// Tells the records that are kept. With `desk` it tells as well what comes from then on, behind an empty line. Blocks.
///
/// # Errors
/// When nobody reads any more.
pub(super) fn kept(
    place: &Place,
    query: &Query,
    to: &mut Sender,
    desk: Option<&Desk>,
) -> Result<Option<Receiver<Arc<Stored>>>, Gone> {
    let mut lines = Lines { to, text: Vec::new() };
    let mut news = None;
    let mut gone = Ok(());
    let read = place.open_to_ask().and_then(|history| {
        // Until it is certain what is kept, nothing else is written: of a history that does not stand still, until there is a record.
        let mut held = desk.map(Desk::hold);
        news = desk.map(|desk| desk.news.subscribe());
        if desk.is_some() && history.stand_still()? {
            held = None;
        }
        history.flows(query, |flow| {
            held = None;
            gone = lines.add(&text::line(&flow));
            if gone.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    });
    gone?;
    if let Err(error) = read {
        tracing::warn!(%error, "a question could not be answered");
        lines.add(&notice(format!("what is kept cannot be read to its end: {error}")))?;
    }
    if let Some(desk) = desk {
        news.get_or_insert_with(|| desk.news.subscribe());
        lines.add("")?;
    }
    lines.send()?;
    Ok(news)
}

/// Tells what was lost. Blocks.
///
/// # Errors
/// When nobody reads any more.
pub(super) fn lost(place: &Place, query: &Query, to: &mut Sender) -> Result<(), Gone> {
    let mut lines = Lines { to, text: Vec::new() };
    match place.open_to_ask().and_then(|history| history.lost(query.period)) {
        Ok(lost) => lost.iter().try_for_each(|lost| lines.add(&missing(lost)))?,
        Err(error) => lines.add(&notice(format!("what was lost cannot be read: {error}")))?,
    }
    lines.send()
}

/// Tells what is asked for of what comes, until nobody reads any more or nothing comes.
///
/// # Errors
/// When nobody reads any more.
pub(super) async fn coming(
    mut news: Receiver<Arc<Stored>>,
    query: &Query,
    to: &mut Sender,
) -> Result<(), Gone> {
    loop {
        let text = match timeout(BEAT, news.recv()).await {
            Err(_) => "\n".to_owned(),
            Ok(Ok(stored)) => told(&stored, query),
            Ok(Err(RecvError::Lagged(batches))) => {
                let words =
                    format!("{batches} batches of agents are missing: they came faster than they were read");
                notice(words) + "\n"
            }
            Ok(Err(RecvError::Closed)) => return Ok(()),
        };
        if query.period.until.is_some_and(|until| until <= Timestamp::now()) {
            return Ok(());
        }
        if !text.is_empty() {
            to.send_data(Bytes::from(text)).await.map_err(|_| Gone)?;
        }
    }
}

/// What of a batch is asked for.
fn told(stored: &Stored, query: &Query) -> String {
    let flows = stored.flows.iter().filter(|flow| query.is(flow)).map(|flow: &Flow| text::line(flow) + "\n");
    let lost = stored.lost.iter().map(|lost| {
        let many = lost
            .connections
            .map_or("nobody knows how many".to_owned(), |connections| connections.to_string());
        let Lost { window, node, why, .. } = lost;
        let words = format!(
            "{many} connections of {node} are missing, from {} to {}: {why}",
            window.from(),
            window.to()
        );
        notice(words) + "\n"
    });
    flows.chain(lost).collect()
}

fn missing(lost: &Lost) -> String {
    let Lost { window, node, why, connections } = lost;
    let (from, to) = (window.from().to_string(), window.to().to_string());
    json(&Missing { node, from, to, why, connections: *connections })
}

fn notice(notice: String) -> String {
    json(&Notice { notice })
}

fn json(value: &impl Serialize) -> String {
    // INVARIANT: no key of a map is anything but a string, so nothing here can fail.
    serde_json::to_string(value).unwrap_or_default()
}
