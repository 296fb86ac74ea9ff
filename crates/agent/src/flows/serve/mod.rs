//! What was recorded, for the hub: HTTP/2 over TLS at which both ends show who they are.
//!
//! `GET /v1/flows?after=BOOT/NUMBER` is answered with lines that do not end: docs/flows.md, "Batches". Whoever names
//! another run of the agent, or none, is told everything that is there.
//!
//! INVARIANT: recording never waits for who reads. Who is slow is told later, and of what made way meanwhile how much.

mod answer;
mod tls;

use super::Kept;
use crate::args::ServeFlows;
use anyhow::{Context, Error};
use hyper::{Request, body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use sekisho_tls::Files;
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
use tls::Current;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

/// How long somebody may take to greet.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is asked whether a silent reader is still there, and how long he may take to say so.
const ALIVE: Duration = Duration::from_secs(10);
/// How many may be connected at once: hubs, and what is left of those that went.
const CONNECTIONS: usize = 16;
/// How much may be under way to a reader, in bytes. What is under way and does not arrive is asked for again, and
/// must be there still.
const UNDER_WAY: u32 = 1 << 18;

/// Where it is served.
#[derive(Debug)]
pub(crate) struct Served {
    listener: TcpListener,
    current: Arc<Current>,
}

/// Makes ready to serve; `None` where nothing is to be served.
pub(crate) async fn prepare(how: &ServeFlows) -> Result<Option<Served>, Error> {
    let Some(at) = how.serve_flows else { return Ok(None) };
    let lacking = "`--serve-flows` needs `--flows-tls-cert`, `--flows-tls-key` and `--flows-tls-ca`";
    let file = |path: &Option<std::path::PathBuf>| path.clone().context(lacking);
    let files = Files {
        certificate: file(&how.flows_tls_cert)?,
        key: file(&how.flows_tls_key)?,
        authorities: file(&how.flows_tls_ca)?,
    };
    let current = Arc::new(Current::of(files));
    let listener = TcpListener::bind(at).await.with_context(|| format!("cannot listen at `{at}`"))?;
    Ok(Some(Served { listener, current }))
}

impl Served {
    /// Where it is, which the system chose if nobody else did.
    pub(crate) fn at(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Answers all who may ask.
    pub(crate) async fn serve(self, kept: Arc<Kept>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        tokio::spawn(tls::follow(Arc::clone(&self.current)));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let Ok((stream, peer)) = self.listener.accept().await else {
                // Too many files: those that are open close.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            // Records go when they are there, and not when the hub has said that it heard those before.
            let _ = stream.set_nodelay(true);
            let Some(config) = self.current.config() else { continue };
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                let _place = place;
                let greeting = TlsAcceptor::from(config).accept(stream);
                let stream = match tokio::time::timeout(PATIENCE, greeting).await {
                    Ok(Ok(stream)) => stream,
                    Ok(Err(error)) => {
                        return debug!(%peer, %error, "somebody was not let in who asked for flows");
                    }
                    Err(_) => return,
                };
                let answer = service_fn(move |request: Request<Incoming>| {
                    let response = answer::answer(&request, Arc::clone(&kept));
                    async move { Ok::<_, Infallible>(response) }
                });
                let connection = http2::Builder::new(TokioExecutor::new())
                    .timer(TokioTimer::new())
                    .keep_alive_interval(Some(ALIVE))
                    .keep_alive_timeout(ALIVE)
                    .max_send_buf_size(usize::try_from(UNDER_WAY).unwrap_or(usize::MAX))
                    .max_concurrent_streams(4)
                    .serve_connection(TokioIo::new(stream), answer);
                // Whoever asks may leave.
                let _ = connection.await;
            });
        }
    }
}

#[cfg(test)]
mod tests;
