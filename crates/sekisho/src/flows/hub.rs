//! The hub, for those who ask it.

use super::History;
use crate::{args::FlowsArgs, output};
use anyhow::{Context, anyhow, bail};
use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http2,
    header::AUTHORIZATION,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use sekisho_flow::{
    merge::Totals,
    query::Query,
    record::{Flow, Window},
    text::{MOST_LINE, read_line},
};
use sekisho_k8s::live::{self, Access};
use sekisho_tls::{Credentials, HUB};
use serde::Deserialize;
use std::{fs, sync::Arc, time::Duration};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, pki_types::ServerName},
};
use url::{Host, Url};

/// How long the hub may take to be reached.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is asked whether it is still there, and how long it may take to say so.
const ALIVE: Duration = Duration::from_secs(10);

/// A hub, and what it is shown.
pub(crate) struct Hub {
    url: Url,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
    token: String,
}

/// What there is to say among records.
#[derive(Deserialize)]
struct Notice {
    notice: String,
}

/// What was lost.
#[derive(Deserialize)]
struct Lost {
    #[serde(default)]
    connections: Option<u64>,
}

impl Hub {
    /// The one that is named; `None` where none is.
    pub(crate) fn of(arguments: &FlowsArgs, access: Option<Access>) -> anyhow::Result<Option<Self>> {
        let Some(url) = arguments.hub.clone() else { return Ok(None) };
        if url.scheme() != "https" {
            bail!("`--hub {url}` must begin with `https://`: a token is shown there");
        }
        let authorities = arguments.hub_ca.as_ref().context("`--hub` needs `--hub-ca`")?;
        let text =
            fs::read(authorities).with_context(|| format!("cannot read `{}`", authorities.display()))?;
        let config =
            Credentials::asking_unnamed(&text).with_context(|| format!("`{}`", authorities.display()))?;
        let token = match &arguments.hub_token_file {
            Some(path) => {
                fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?
            }
            None => of_kubeconfig(access)?,
        };
        let name = name(&url)?;
        Ok(Some(Self { url, name, config: Arc::new(config), token: token.trim().to_owned() }))
    }

    /// What it keeps of what is asked for, those of equal keys joined. What was lost at that time is told beside it.
    pub(super) fn history(&self, query: &Query, window: Option<Window>) -> anyhow::Result<History> {
        let (mut totals, mut records) = (Totals::default(), 0);
        self.lines("/v1/flows", &query.to_string(), |line| {
            if let Some((flow, _)) = flow(line)? {
                records += 1;
                totals.add(flow);
            }
            Ok(())
        })?;
        let (mut counted, mut uncounted) = (0_u64, 0_u64);
        let times = Query { period: query.period, ..Query::default() };
        self.lines("/v1/lost", &times.to_string(), |line| {
            let Lost { connections } = serde_json::from_str(line)?;
            match connections {
                Some(connections) => counted = counted.saturating_add(connections),
                None => uncounted += 1,
            }
            Ok(())
        })?;
        if counted > 0 || uncounted > 0 {
            let more = if uncounted > 0 {
                format!(", and {uncounted} times nobody counted how many")
            } else {
                String::new()
            };
            output::note(&format!(
                "{counted} connections of that time are in no record{more}: ask `/v1/lost` when and why"
            ));
        }
        Ok(History { flows: totals.into_flows(), records, window })
    }

    /// What comes, until nobody tells or reads it any more. What is missing is told beside it.
    pub(crate) fn follow(
        &self,
        query: &Query,
        mut each: impl FnMut(&Flow, &str) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let asked = query.to_string();
        let asked = if asked.is_empty() { "follow=true".to_owned() } else { format!("{asked}&follow=true") };
        self.lines("/v1/flows", &asked, |line| match flow(line)? {
            Some((flow, line)) => each(&flow, line),
            None => Ok(()),
        })?;
        bail!("the hub has ended")
    }

    /// Hands on each line of an answer.
    fn lines(
        &self,
        path: &str,
        query: &str,
        each: impl FnMut(&str) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let said = || format!("`{}`", self.url);
        runtime.block_on(async { lines(self.ask(path, query).await.with_context(said)?, each).await })
    }

    async fn ask(&self, path: &str, query: &str) -> anyhow::Result<Incoming> {
        let host = self.url.host_str().context("it has no host")?;
        let port = self.url.port_or_known_default().context("it has no port")?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let reaching = tokio::time::timeout(PATIENCE, TcpStream::connect((host, port)));
        let stream = reaching.await.context("the hub is not reached")?.context("the hub is not reached")?;
        let stream = TlsConnector::from(Arc::clone(&self.config)).connect(self.name.clone(), stream);
        let stream =
            stream.await.with_context(|| format!("whoever answers is not known as {:?}", self.name))?;
        let (mut asking, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(ALIVE))
            .keep_alive_timeout(ALIVE)
            .handshake(TokioIo::new(stream))
            .await?;
        tokio::spawn(connection);
        let mut url = self.url.clone();
        url.set_path(path);
        url.set_query(Some(query).filter(|query| !query.is_empty()));
        let request = Request::get(url.as_str())
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Empty::<Bytes>::new())?;
        let answer = asking.send_request(request).await?;
        let status = answer.status();
        if status == StatusCode::OK {
            return Ok(answer.into_body());
        }
        let words = answer.into_body().collect().await?.to_bytes();
        Err(anyhow!("the hub says: {} ({status})", String::from_utf8_lossy(&words).trim()))
    }
}

/// The name that the hub must show: at an address of this machine something leads to it, and it shows its own.
fn name(url: &Url) -> anyhow::Result<ServerName<'static>> {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let host = url.host_str().context("`--hub` has no host")?.trim_start_matches('[').trim_end_matches(']');
    let name = if is_here { HUB } else { host };
    ServerName::try_from(name.to_owned()).with_context(|| format!("`{name}` is no name of a host"))
}

fn of_kubeconfig(access: Option<Access>) -> anyhow::Result<String> {
    let access = access.unwrap_or(Access { kubeconfig: None, context: None, timeout: PATIENCE });
    let token = live::token(&access)?;
    token.context(
        "the kubeconfig's user has no token: give `--hub-token-file`, with what `kubectl create token` prints",
    )
}

/// The flow of a line, where it has one; what else it says is told.
fn flow(line: &str) -> anyhow::Result<Option<(Flow, &str)>> {
    if let Ok(Notice { notice }) = serde_json::from_str(line) {
        output::note(&notice);
        return Ok(None);
    }
    let flow = read_line(1, line.as_bytes());
    Ok(Some((flow.map_err(|error| anyhow!("the hub is of another version: {error}"))?, line)))
}

async fn lines(mut body: Incoming, mut each: impl FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut text: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.context("the answer broke off")?.into_data() else { continue };
        text.extend_from_slice(&data);
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = text.split_off(whole);
        for line in std::str::from_utf8(&text)?.lines().filter(|line| !line.is_empty()) {
            each(line)?;
        }
        text = rest;
        if text.len() > MOST_LINE {
            bail!("the answer has a line of more than {MOST_LINE} bytes");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_on_this_machine_shows_its_own_name() {
        let name = |url: &str| format!("{:?}", name(&url.parse().unwrap()).unwrap());
        for here in ["https://127.0.0.1:8443", "https://localhost", "https://[::1]:8443"] {
            assert!(name(here).contains("sekisho-hub"), "{here}");
        }
        assert!(name("https://hub.example").contains("hub.example"));
        assert!(
            name("https://192.0.2.1").contains("192.0.2.1")
                || name("https://192.0.2.1").contains("IpAddress")
        );
    }
}
