//! Connections, with TLS and without.

use super::{
    super::listen::{CONNECTIONS, next},
    http::Desk,
};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;

/// How long somebody may take to greet.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long somebody may be silent who is connected. The API server keeps connections for 90 seconds, and must not find one
/// closed.
const SILENCE: Duration = Duration::from_secs(120);

/// Answers those who ask with TLS.
pub(super) async fn secured(listener: TcpListener, tls: TlsAcceptor, desk: Desk) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while let Some((stream, place)) = next(&listener, &places).await {
        let (tls, desk) = (tls.clone(), desk.clone());
        tokio::spawn(async move {
            let _place = place;
            // Who does not trust the certificate leaves; there is nothing to do about it here.
            let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, tls.accept(stream)).await else { return };
            let answer = service_fn(move |asked: Request<Incoming>| {
                let desk = desk.clone();
                async move { Ok::<_, Infallible>(desk.secured(asked).await) }
            });
            serve(stream, answer).await;
        });
    }
}

/// Answers those who ask without.
pub(super) async fn plain(listener: TcpListener, desk: Desk) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while let Some((stream, place)) = next(&listener, &places).await {
        let desk = desk.clone();
        tokio::spawn(async move {
            let _place = place;
            let answer = service_fn(move |asked: Request<Incoming>| {
                let response = desk.plain(&asked);
                async move { Ok::<_, Infallible>(response) }
            });
            serve(stream, answer).await;
        });
    }
}

async fn serve<S, F>(stream: S, answer: F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: hyper::service::HttpService<
            Incoming,
            ResBody = http_body_util::Full<hyper::body::Bytes>,
            Error = Infallible,
        >,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE)
        .serve_connection(TokioIo::new(stream), answer);
    // Whoever asks may leave.
    let _ = connection.await;
}
