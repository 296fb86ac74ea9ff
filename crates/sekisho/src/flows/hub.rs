//! The hub, for those who ask it.

mod follow;
mod lines;

use super::History;
use crate::{args::FlowsArgs, output};
use anyhow::{Context, anyhow, bail};
use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http2,
    header::AUTHORIZATION,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use lines::{Broken, flow, lines};
use sekisho_flow::{merge::Totals, query::Query, record::Window};
use sekisho_k8s::live::{self, Access};
use sekisho_tls::{Credentials, HUB};
use serde::Deserialize;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpStream, runtime::Runtime};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, pki_types::ServerName},
};
use url::{Host, Url};

/// How long the hub may take to be reached.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is asked whether it is still there, and how long it may take to say so.
const ALIVE: Duration = Duration::from_secs(10);

/// What asks on a connection, and what has to be polled for it.
type Asking = http2::SendRequest<Empty<Bytes>>;
type Serving = http2::Connection<TokioIo<TlsStream<TcpStream>>, Empty<Bytes>, TokioExecutor>;

/// A hub, and what it is shown.
pub(crate) struct Hub {
    url: Url,
    name: ServerName<'static>,
    authorities: PathBuf,
    token: Token,
}

/// What says who asks.
enum Token {
    File(PathBuf),
    Text(String),
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
        let authorities = arguments.hub_ca.clone().context("`--hub` needs `--hub-ca`")?;
        let token = match &arguments.hub_token_file {
            Some(path) => Token::File(path.clone()),
            None => Token::Text(of_kubeconfig(access)?),
        };
        let name = name(&url)?;
        let hub = Self { url, name, authorities, token };
        hub.shown()?;
        Ok(Some(hub))
    }

    /// Whom it trusts, and the token. Files are read each time: who follows for long outlives what was in them.
    fn shown(&self) -> anyhow::Result<(ClientConfig, String)> {
        let named = |path: &Path| format!("cannot read `{}`", path.display());
        let text = fs::read(&self.authorities).with_context(|| named(&self.authorities))?;
        let config = Credentials::asking_unnamed(&text)
            .with_context(|| format!("`{}`", self.authorities.display()))?;
        let token = match &self.token {
            Token::File(path) => fs::read_to_string(path).with_context(|| named(path))?,
            Token::Text(text) => text.clone(),
        };
        Ok((config, token.trim().to_owned()))
    }

    /// What it keeps of what is asked for, those of equal keys joined. What was lost at that time is told beside it.
    pub(super) fn history(&self, query: &Query, window: Option<Window>) -> anyhow::Result<History> {
        let (mut totals, mut records) = (Totals::default(), 0);
        self.lines("/v1/flows", &query.to_string(), |line| {
            if let Some(flow) = flow(line)? {
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

    /// Hands on each line of an answer that is not empty.
    fn lines(
        &self,
        path: &str,
        query: &str,
        mut each: impl FnMut(&str) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let each = |line: &str| if line.is_empty() { Ok(()) } else { each(line) };
        let told = async { lines(self.ask(path, query).await?, each).await };
        Ok(runtime()?.block_on(told)?)
    }

    async fn ask(&self, path: &str, query: &str) -> Result<Incoming, Broken> {
        let said = |error: anyhow::Error| error.context(format!("`{}`", self.url));
        let answer = self.answer(path, query).await.map_err(|error| Broken::Away(said(error)))?;
        let status = answer.status();
        if status == StatusCode::OK {
            return Ok(answer.into_body());
        }
        let words = answer.into_body().collect().await.map(|words| words.to_bytes()).unwrap_or_default();
        let error = said(anyhow!("the hub says: {} ({status})", String::from_utf8_lossy(&words).trim()));
        Err(if status.is_client_error() { Broken::Final(error) } else { Broken::Away(error) })
    }

    /// A connection to the hub, with the greetings of TLS and HTTP/2.
    async fn connection(&self, config: ClientConfig) -> anyhow::Result<(Asking, Serving)> {
        let host = self.url.host_str().context("it has no host")?;
        let port = self.url.port_or_known_default().context("it has no port")?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, port)).await.context("the hub is not reached")?;
        let stream = TlsConnector::from(Arc::new(config)).connect(self.name.clone(), stream);
        let stream =
            stream.await.with_context(|| format!("whoever answers is not known as {:?}", self.name))?;
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(ALIVE))
            .keep_alive_timeout(ALIVE)
            .handshake(TokioIo::new(stream));
        Ok(connection.await?)
    }

    async fn answer(&self, path: &str, query: &str) -> anyhow::Result<Response<Incoming>> {
        let (config, token) = self.shown()?;
        let reaching = tokio::time::timeout(PATIENCE, self.connection(config));
        let (mut asking, connection) = reaching.await.context("the hub is not reached")??;
        tokio::spawn(connection);
        let mut url = self.url.clone();
        url.set_path(path);
        url.set_query(Some(query).filter(|query| !query.is_empty()));
        let request = Request::get(url.as_str())
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Empty::<Bytes>::new())?;
        Ok(asking.send_request(request).await?)
    }
}

fn runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
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
