//! What is answered to whom: the API server by TLS, and whoever looks after the door without.

use super::{
    door::{self, Outcome, Verdict},
    engine::{Message, Question},
    judge::PATIENCE,
    metrics::Metrics,
    review::{Answer, Request},
};
use crate::args::Fail;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Method, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, mpsc::Sender, oneshot};
use tracing::{debug, info, warn};

/// The largest question, in bytes. The API server takes objects of 3 MiB, and sends the old one along.
const LARGEST: usize = 8 << 20;
/// How long a question may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(5);
/// As Prometheus asks for it.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// Who answers.
#[derive(Clone)]
pub(super) struct Desk {
    /// Where the engine listens.
    pub(super) engine: Sender<Message>,
    /// What is counted.
    pub(super) metrics: Arc<Metrics>,
    /// What becomes of what cannot be judged.
    pub(super) fail: Fail,
    /// Places for questions: what they take of memory is bounded by their number and [`LARGEST`].
    pub(super) reading: Arc<Semaphore>,
}

/// How many questions are read at once.
pub(super) const READING: usize = 16;

impl Desk {
    /// The answer to who asks with TLS.
    pub(super) async fn secured(&self, asked: hyper::Request<Incoming>) -> Response<Full<Bytes>> {
        if asked.uri().path() != "/validate" {
            return self.plain(&asked);
        }
        if asked.method() != Method::POST {
            return answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "ask with POST\n".to_owned());
        }
        let since = Instant::now();
        let Ok(Ok(_place)) = tokio::time::timeout(ARRIVAL, self.reading.acquire()).await else {
            self.metrics.unreadable();
            return answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, "too much is asked at once\n".to_owned());
        };
        let body = Limited::new(asked.into_body(), LARGEST).collect();
        let body = match tokio::time::timeout(ARRIVAL, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                self.metrics.unreadable();
                let said = format!("a question of more than {LARGEST} bytes is not read\n");
                return answer(StatusCode::PAYLOAD_TOO_LARGE, TEXT, said);
            }
            Ok(Err(_)) | Err(_) => {
                self.metrics.unreadable();
                return answer(StatusCode::REQUEST_TIMEOUT, TEXT, "the question did not arrive\n".to_owned());
            }
        };
        let request = match Request::read(&body) {
            Ok(request) => request,
            Err(why) => {
                self.metrics.unreadable();
                return answer(StatusCode::BAD_REQUEST, TEXT, format!("{why}\n"));
            }
        };
        drop(body);
        let uid = request.uid.clone();
        let verdict = self.validate(request, since).await;
        let said = Answer::of(uid, verdict.refusal, verdict.warnings);
        match serde_json::to_string(&said) {
            Ok(text) => answer(StatusCode::OK, JSON, text),
            Err(error) => answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n")),
        }
    }

    async fn validate(&self, request: Request, since: Instant) -> Verdict {
        let about = About::of(&request);
        let verdict = match door::step(&request) {
            None => Verdict::skipped(),
            Some(step) => {
                let until = since + PATIENCE;
                let (answer, answered) = oneshot::channel();
                let question = Box::new(Question { request, step, until, answer });
                let asked = async {
                    self.engine.send(Message::Ask(question)).await.ok()?;
                    answered.await.ok()
                };
                match tokio::time::timeout(PATIENCE, asked).await {
                    Ok(Some(verdict)) => verdict,
                    Ok(None) => Verdict::unjudged(self.fail, "it is ending"),
                    Err(_) => Verdict::unjudged(self.fail, "it took too long"),
                }
            }
        };
        let took = since.elapsed();
        self.metrics.answered(&verdict, took);
        about.log(&verdict, took);
        verdict
    }

    /// The answer to anybody.
    pub(super) fn plain<B>(&self, asked: &hyper::Request<B>) -> Response<Full<Bytes>> {
        if ![Method::GET, Method::HEAD].contains(asked.method()) {
            return answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "ask with GET\n".to_owned());
        }
        match asked.uri().path() {
            "/healthz" if !self.engine.is_closed() => answer(StatusCode::OK, TEXT, "ok\n".to_owned()),
            "/healthz" => answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "nobody decides\n".to_owned()),
            "/readyz" if self.metrics.is_ready() => answer(StatusCode::OK, TEXT, "ok\n".to_owned()),
            "/readyz" => {
                let said = "the whole cluster is not known yet\n".to_owned();
                answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, said)
            }
            "/metrics" => answer(StatusCode::OK, METRICS, self.metrics.text()),
            _ => answer(StatusCode::NOT_FOUND, TEXT, "there are /healthz, /readyz and /metrics\n".to_owned()),
        }
    }
}

/// Who asked what, for the log.
struct About {
    user: String,
    operation: String,
    object: String,
    dry_run: bool,
}

impl About {
    fn of(request: &Request) -> Self {
        Self {
            user: request.user_info.username.clone(),
            operation: request.operation.clone(),
            object: request.object_name(),
            dry_run: request.dry_run,
        }
    }

    fn log(&self, verdict: &Verdict, took: Duration) {
        let Self { user, operation, object, dry_run } = self;
        let (outcome, rules) = (verdict.outcome.name(), verdict.codes.join(" "));
        let seconds = took.as_secs_f64();
        match verdict.outcome {
            Outcome::Skipped | Outcome::Allowed => {
                debug!(outcome, user, operation, object, dry_run, seconds, "answered");
            }
            Outcome::Warned | Outcome::Refused => {
                info!(outcome, user, operation, object, dry_run, rules, seconds, "answered");
            }
            Outcome::Bypassed => {
                let reason = verdict.reason.as_deref().unwrap_or_default();
                warn!(outcome, user, operation, object, dry_run, rules, reason, seconds, "answered");
            }
            Outcome::Unjudged | Outcome::UnjudgedRefused => {
                let why = verdict.refusal.clone().unwrap_or_else(|| verdict.warnings.join(" "));
                warn!(outcome, user, operation, object, dry_run, why, seconds, "answered");
            }
        }
    }
}

fn answer(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
