//! `/healthz`, `/readyz` and `/metrics`.

use crate::{engine::Report, metrics::Metrics};
use anyhow::{Context, Error};
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch};

/// How long somebody may take to ask.
const PATIENCE: Duration = Duration::from_secs(10);
/// As Prometheus asks for it.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// Listens at `at`.
pub(crate) async fn listen(at: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(at).await.with_context(|| format!("cannot listen at `{at}`"))
}

/// Answers all who ask.
pub(crate) async fn serve(listener: TcpListener, metrics: Arc<Metrics>, report: watch::Receiver<Report>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many files: those that are open close.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (metrics, report) = (Arc::clone(&metrics), report.clone());
        tokio::spawn(async move {
            let answer = service_fn(move |request: Request<Incoming>| {
                let response = respond(&request, &metrics, &report.borrow());
                async move { Ok::<_, Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .serve_connection(TokioIo::new(stream), answer);
            // Whoever asks may leave.
            let _ = connection.await;
        });
    }
}

fn respond<B>(request: &Request<B>, metrics: &Metrics, report: &Report) -> Response<Full<Bytes>> {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "ask with GET\n".to_owned());
    }
    match request.uri().path() {
        // The engine answers as long as it lives: it tells what it knows at every step.
        "/healthz" => answer(StatusCode::OK, TEXT, "ok\n".to_owned()),
        "/readyz" if report.is_ready() => answer(StatusCode::OK, TEXT, "ok\n".to_owned()),
        "/readyz" => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{}\n", report.lacking())),
        "/metrics" => answer(StatusCode::OK, METRICS, metrics.text()),
        _ => answer(StatusCode::NOT_FOUND, TEXT, "there are /healthz, /readyz and /metrics\n".to_owned()),
    }
}

fn answer(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
