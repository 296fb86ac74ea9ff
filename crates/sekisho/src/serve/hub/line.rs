//! A connection to an agent, and what comes over it.

use super::{
    account::Told,
    gather::{Means, UNWRITTEN},
};
use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http2,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use jiff::Timestamp;
use sekisho_flow::{
    record::Flow,
    text::{self, Head, MOST_LINE, Teller},
};
use sekisho_k8s::watch::Agent;
use sekisho_tls::AGENT;
use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpStream, task::AbortHandle, time::timeout};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};
use tracing::{info, warn};

/// How long it may take to reach an agent.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an agent may be silent: it tells every few seconds that it is there.
const SILENCE: Duration = Duration::from_secs(15);
/// How long it takes to write again what could not be written; twice as long each time.
const AGAIN: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(10);
/// How much an agent may send that is not taken yet, in bytes: it keeps as much for who asks again.
const UNDER_WAY: u32 = 1 << 18;
/// By how many seconds clocks may differ without a word.
const SKEW: f64 = 2.0;

/// Why a connection ended.
#[derive(Debug)]
pub(super) struct Broken {
    /// In a word, to be counted.
    pub(super) kind: &'static str,
    /// In words.
    pub(super) why: String,
}

fn broken(kind: &'static str, why: impl ToString) -> Broken {
    Broken { kind, why: why.to_string() }
}

/// Asks an agent for what follows what is known of its node, and hands on what it tells, until the connection ends.
pub(super) async fn hear(agent: &Agent, means: &Means) -> Broken {
    let lines = match ask(agent, means).await {
        Ok(lines) => lines,
        Err(broken) => return broken,
    };
    let _heard = Heard::begin(means);
    match follow(lines, agent, means).await {
        Ok(never) => match never {},
        Err(broken) => broken,
    }
}

/// An agent that is heard, until this is dropped: whoever hears it may be stopped anywhere.
struct Heard<'a>(&'a Means);

impl<'a> Heard<'a> {
    fn begin(means: &'a Means) -> Self {
        means.metrics.connected(true);
        Self(means)
    }
}

impl Drop for Heard<'_> {
    fn drop(&mut self) {
        self.0.metrics.connected(false);
    }
}

enum Never {}

async fn within<T>(what: &'static str, future: impl Future<Output = T>) -> Result<T, Broken> {
    timeout(PATIENCE, future).await.map_err(|_| broken("unreachable", format!("{what} took too long")))
}

async fn ask(agent: &Agent, means: &Means) -> Result<Lines, Broken> {
    let at = SocketAddr::new(agent.address, means.port);
    let config = means.credentials.borrow().as_ref().map(sekisho_tls::Credentials::asking);
    let config = config.ok_or_else(|| broken("certificate", "there is no certificate to show yet"))?;
    let config = config.map_err(|error| broken("certificate", error))?;
    let stream = within("to reach it", TcpStream::connect(at)).await?;
    let stream = stream.map_err(|error| broken("unreachable", error))?;
    let name = ServerName::try_from(AGENT).map_err(|error| broken("certificate", error))?;
    let greeting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let stream = within("to greet it", greeting).await?.map_err(|error| broken("certificate", error))?;
    let speaking = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(SILENCE))
        .keep_alive_timeout(SILENCE)
        .initial_stream_window_size(UNDER_WAY)
        .initial_connection_window_size(UNDER_WAY)
        .handshake(TokioIo::new(stream));
    let (mut asking, connection) =
        within("to speak to it", speaking).await?.map_err(|error| broken("http", error))?;
    let task = tokio::spawn(async move { drop(connection.await) });
    let _speaks = Ends(task.abort_handle());
    let after = means.desk.reached(&agent.node).await;
    let after = after.map(|reached| format!("?after={}/{}", reached.boot, reached.last)).unwrap_or_default();
    let request = Request::get(format!("https://{AGENT}/v1/flows{after}")).body(Empty::<Bytes>::new());
    let request = request.map_err(|error| broken("http", error))?;
    let answer =
        within("its answer", asking.send_request(request)).await?.map_err(|error| broken("http", error))?;
    if answer.status() != StatusCode::OK {
        let status = answer.status();
        let words = within("its answer", answer.into_body().collect()).await?;
        let words = words.map(|words| String::from_utf8_lossy(&words.to_bytes()).trim().to_owned());
        return Err(broken("refused", format!("{status}: {}", words.unwrap_or_default())));
    }
    Ok(Lines { body: answer.into_body(), text: Vec::new(), used: 0, _speaks })
}

/// Ends a task when it is dropped.
struct Ends(AbortHandle);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The lines of an answer that does not end.
struct Lines {
    body: Incoming,
    text: Vec<u8>,
    /// How much of the text was told already.
    used: usize,
    _speaks: Ends,
}

impl Lines {
    async fn next(&mut self) -> Result<&[u8], Broken> {
        let mut looked = self.used;
        loop {
            let rest = self.text.get(looked..).unwrap_or_default();
            if let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
                let (from, end) = (self.used, looked + at);
                self.used = end + 1;
                return Ok(self.text.get(from..end).unwrap_or_default());
            }
            if self.text.len() - self.used > MOST_LINE {
                return Err(broken("protocol", format!("a line has more than {MOST_LINE} bytes")));
            }
            self.text.drain(..self.used);
            (self.used, looked) = (0, self.text.len());
            let frame =
                timeout(SILENCE, self.body.frame()).await.map_err(|_| broken("silent", "it is silent"))?;
            let frame =
                frame.ok_or_else(|| broken("ended", "it ended"))?.map_err(|error| broken("ended", error))?;
            if let Ok(data) = frame.into_data() {
                self.text.extend_from_slice(&data);
            }
        }
    }
}

async fn follow(mut lines: Lines, agent: &Agent, means: &Means) -> Result<Never, Broken> {
    let mut is_known = false;
    let mut skewed = false;
    loop {
        let line = lines.next().await?;
        let told = text::Told::read(line).map_err(|error| broken("protocol", error))?;
        let text::Told { teller, batch } = told;
        if teller.node != agent.node {
            let why = format!("the pod on `{}` speaks for `{}`", agent.node, teller.node);
            return Err(broken("protocol", why));
        }
        if !std::mem::replace(&mut is_known, true) {
            info!(node = %teller.node, boot = %teller.boot, "an agent is heard");
        }
        skewed = note_skew(&teller, means, skewed);
        if let Some(head) = batch {
            take(&mut lines, teller, head, means).await?;
        }
    }
}

/// Takes a batch: reads its flows, and tries to have them written until they are.
async fn take(lines: &mut Lines, teller: Teller, head: Head, means: &Means) -> Result<(), Broken> {
    let records = usize::try_from(head.flows).ok().filter(|records| *records <= UNWRITTEN);
    let records = records.ok_or_else(|| broken("protocol", format!("a batch of {} flows", head.flows)))?;
    let places = u32::try_from(records).unwrap_or(u32::MAX);
    let _places = means.places.acquire_many(places).await.map_err(|error| broken("ended", error))?;
    let mut flows: Vec<Flow> = Vec::with_capacity(records);
    for number in 0..head.flows {
        match text::read_line(number + 1, lines.next().await?) {
            Ok(flow) => flows.push(flow),
            Err(error) => warn!(node = %teller.node, %error, "a record cannot be read"),
        }
    }
    let told = Told { teller, head, flows };
    let mut pause = AGAIN;
    while let Err(why) = means.desk.put(told.clone()).await {
        // Others may want to write that which is smaller, and it does not get better by asking anew.
        tracing::debug!(node = %told.teller.node, why, "what an agent told is not written yet");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
    Ok(())
}

/// Tells by how much the node's clock is ahead, and says so where it is too much; whether it is.
fn note_skew(teller: &Teller, means: &Means, was: bool) -> bool {
    let ahead = teller.clock.duration_since(Timestamp::now()).as_secs_f64();
    means.metrics.set_skew(&teller.node, ahead);
    let is = ahead.abs() > SKEW;
    if is && !was {
        warn!(node = %teller.node, seconds = ahead, "the clock of a node differs from the hub's");
    }
    is
}
