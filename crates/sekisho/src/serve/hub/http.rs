//! What is answered to whom: with TLS those who may ask what flowed, and without whoever looks after the hub.

use super::{answer, auth::Guard, metrics::Metrics, place::Place, writer::Desk};
use http_body_util::{BodyExt, Full, channel::Channel, combinators::BoxBody};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use jiff::Timestamp;
use sekisho_flow::query::Query;
use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tracing::{debug, info};

/// How long somebody may take to ask, and how often a silent reader is asked whether he is there.
const SILENCE: Duration = Duration::from_secs(20);
/// How many questions about what is kept are answered at once.
const ASKED: usize = 8;
/// How many may follow at once.
const FOLLOWED: usize = 64;
/// How many parts wait for the connection to take them.
const WAITING: usize = 4;
/// As Prometheus asks for it.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// What is sent.
pub(super) type Body = BoxBody<Bytes, Infallible>;

/// Who answers.
#[derive(Clone)]
pub(super) struct Counter {
    pub(super) guard: Arc<Guard>,
    pub(super) desk: Desk,
    pub(super) history: Place,
    pub(super) metrics: Arc<Metrics>,
    /// Whether agents are known, and there is a certificate to show them.
    pub(super) ready: Arc<AtomicBool>,
    asked: Arc<Semaphore>,
    followed: Arc<Semaphore>,
}

impl Counter {
    pub(super) fn new(guard: Guard, desk: Desk, history: Place, metrics: Arc<Metrics>) -> Self {
        let [asked, followed] = [ASKED, FOLLOWED].map(|places| Arc::new(Semaphore::new(places)));
        Self { guard: Arc::new(guard), desk, history, metrics, ready: Arc::default(), asked, followed }
    }

    /// The answer to who asks with TLS.
    pub(super) async fn secured(&self, asked: Request<Incoming>) -> Response<Body> {
        let path = asked.uri().path();
        if path != "/v1/flows" && path != "/v1/lost" {
            return self.plain(&asked);
        }
        if asked.method() != Method::GET {
            return words(StatusCode::METHOD_NOT_ALLOWED, "ask with GET");
        }
        let user = match self.guard.lets_in(asked.headers()).await {
            Ok(user) => user,
            Err(refusal) => {
                let mut response = words(refusal.status, &refusal.words);
                if refusal.status == StatusCode::UNAUTHORIZED {
                    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                }
                return response;
            }
        };
        let text = asked.uri().query().unwrap_or_default();
        info!(user, path, query = text, "asked");
        let Asked { query, follow, is_limited } = match Asked::parse(text) {
            Ok(asked) => asked,
            Err(why) => return words(StatusCode::BAD_REQUEST, &why),
        };
        match (path, follow) {
            ("/v1/lost", true) => {
                words(StatusCode::BAD_REQUEST, "what was lost cannot be followed: it is told with the flows")
            }
            ("/v1/lost", false) => self.lost(query),
            (_, true) => self.follow(query, is_limited),
            _ => self.flows(query),
        }
    }

    fn flows(&self, query: Query) -> Response<Body> {
        let Ok(place) = Arc::clone(&self.asked).try_acquire_owned() else { return self.busy() };
        let (mut to, body) = Channel::new(WAITING);
        let history = self.history.clone();
        tokio::task::spawn_blocking(move || {
            let _place = place;
            drop(answer::kept(&history, &query, &mut to, None));
        });
        lines(body.boxed())
    }

    fn lost(&self, query: Query) -> Response<Body> {
        let Ok(place) = Arc::clone(&self.asked).try_acquire_owned() else { return self.busy() };
        let (mut to, body) = Channel::new(WAITING);
        let history = self.history.clone();
        tokio::task::spawn_blocking(move || {
            let _place = place;
            drop(answer::lost(&history, &query, &mut to));
        });
        lines(body.boxed())
    }

    /// Tells what comes, and where somebody says since when, first what is kept.
    fn follow(&self, query: Query, kept_first: bool) -> Response<Body> {
        let Ok(place) = Arc::clone(&self.followed).try_acquire_owned() else { return self.busy() };
        let (mut to, body) = Channel::new(WAITING);
        let (history, desk, metrics) = (self.history.clone(), self.desk.clone(), Arc::clone(&self.metrics));
        let live = desk.news.subscribe();
        tokio::spawn(async move {
            let _place: OwnedSemaphorePermit = place;
            metrics.followed(true);
            let asked = query.clone();
            let begun = match kept_first {
                false => Some((live, to)),
                true => tokio::task::spawn_blocking(move || {
                    drop(live);
                    let news = answer::kept(&history, &asked, &mut to, Some(&desk));
                    news.ok().flatten().map(|news| (news, to))
                })
                .await
                .unwrap_or_default(),
            };
            if let Some((news, mut to)) = begun {
                let _ = answer::coming(news, &query, &mut to).await;
            }
            metrics.followed(false);
        });
        lines(body.boxed())
    }

    fn busy(&self) -> Response<Body> {
        self.metrics.refused("busy");
        words(StatusCode::SERVICE_UNAVAILABLE, "too much is asked at once; ask again")
    }

    /// The answer to anybody.
    pub(super) fn plain<B>(&self, asked: &Request<B>) -> Response<Body> {
        if ![Method::GET, Method::HEAD].contains(asked.method()) {
            return words(StatusCode::METHOD_NOT_ALLOWED, "ask with GET");
        }
        match asked.uri().path() {
            "/healthz" => words(StatusCode::OK, "ok"),
            "/readyz" if self.ready.load(Ordering::Relaxed) => words(StatusCode::OK, "ok"),
            "/readyz" => {
                words(StatusCode::SERVICE_UNAVAILABLE, "agents are not known yet, or there is no certificate")
            }
            "/metrics" => answered(StatusCode::OK, METRICS, self.metrics.text()),
            _ => words(
                StatusCode::NOT_FOUND,
                "there are /v1/flows and /v1/lost with TLS, and /healthz, /readyz and /metrics",
            ),
        }
    }

    /// Answers on a connection until it ends.
    pub(super) async fn serve<S>(self, stream: S, is_secured: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let answer = hyper::service::service_fn(move |asked: Request<Incoming>| {
            let counter = self.clone();
            async move {
                Ok::<_, Infallible>(if is_secured {
                    counter.secured(asked).await
                } else {
                    counter.plain(&asked)
                })
            }
        });
        let mut speaking = auto::Builder::new(TokioExecutor::new());
        speaking.http1().timer(TokioTimer::new()).header_read_timeout(SILENCE);
        speaking
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(SILENCE))
            .keep_alive_timeout(SILENCE)
            .max_concurrent_streams(16);
        if let Err(error) = speaking.serve_connection(TokioIo::new(stream), answer).await {
            debug!(error, "a connection ended");
        }
    }
}

/// A question.
struct Asked {
    query: Query,
    follow: bool,
    /// Whether it says since when.
    is_limited: bool,
}

impl Asked {
    fn parse(text: &str) -> Result<Self, String> {
        let query = Query::parse(text, &["follow"], Timestamp::now()).map_err(|error| error.to_string())?;
        let mut follows = url::form_urlencoded::parse(text.as_bytes()).filter(|(name, _)| name == "follow");
        let follow = match follows.next().as_ref().map(|(_, value)| &**value) {
            None | Some("false") => false,
            Some("" | "true") => true,
            Some(other) => return Err(format!("`follow` is `true` or `false`, not `{other}`")),
        };
        Ok(Self { is_limited: query.period.since.is_some(), query, follow })
    }
}

fn lines(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    response
}

fn words(status: StatusCode, words: &str) -> Response<Body> {
    answered(status, TEXT, format!("{words}\n"))
}

fn answered(status: StatusCode, kind: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(text)).boxed());
    *response.status_mut() = status;
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
