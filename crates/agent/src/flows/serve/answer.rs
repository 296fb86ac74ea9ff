//! What is answered.

use super::super::Kept;
use http_body_util::{BodyExt, Full, channel::Channel, combinators::BoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderValue},
};
use sekisho_flow::{record::Flow, text};
use std::{convert::Infallible, sync::Arc, time::Duration};

/// How often a reader is told that there is nothing new.
const BEAT: Duration = Duration::from_secs(3);
/// How many records are sent at once.
const AT_ONCE: usize = 64;
/// How many such parts wait for the connection to take them.
const WAITING: usize = 2;

/// What is sent.
pub(super) type Body = BoxBody<Bytes, Infallible>;
type Sender = http_body_util::channel::Sender<Bytes, Infallible>;

/// Answers; what there is to tell is told by a task of its own.
pub(super) fn answer<B>(request: &Request<B>, kept: Arc<Kept>) -> Response<Body> {
    if request.uri().path() != "/v1/flows" {
        return words(StatusCode::NOT_FOUND, "there is /v1/flows");
    }
    if request.method() != Method::GET {
        return words(StatusCode::METHOD_NOT_ALLOWED, "ask with GET");
    }
    let number = match after(request.uri().query().unwrap_or_default(), &kept) {
        Ok(number) => number,
        Err(why) => return words(StatusCode::BAD_REQUEST, why),
    };
    let (sender, body) = Channel::new(WAITING);
    tokio::spawn(async move {
        // Who goes away is not told any more.
        let _ = tell(sender, &kept, number).await;
    });
    let mut response = Response::new(body.boxed());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    response
}

/// The number after which somebody asks. What he knows of another run is of no use here.
fn after(query: &str, kept: &Kept) -> Result<u64, &'static str> {
    let wrong = "write `after=BOOT/NUMBER`, as the last line with a batch said, or nothing";
    if query.is_empty() {
        return Ok(0);
    }
    let after = query.strip_prefix("after=").ok_or(wrong)?;
    let (boot, number) = after.split_once('/').ok_or(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong)?;
    match boot == kept.boot() {
        true if number > *kept.numbers().borrow() => Err("there is nothing of that number yet"),
        true => Ok(number),
        false => Ok(0),
    }
}

/// Tells what is there and what comes, until nobody reads any more.
async fn tell(
    mut to: Sender,
    kept: &Kept,
    mut number: u64,
) -> Result<(), http_body_util::channel::SendError> {
    let mut numbers = kept.numbers();
    // First of all that somebody is there, and what his clock shows.
    let mut lines = line(&kept.told(None).line());
    loop {
        to.send_data(Bytes::from(std::mem::take(&mut lines))).await?;
        numbers.mark_unchanged();
        if let Some(next) = kept.after(number) {
            number = next.head.last;
            lines = line(&kept.told(Some(next.head)).line());
            for part in next.flows.chunks(AT_ONCE) {
                lines.push_str(&written(part));
                to.send_data(Bytes::from(std::mem::take(&mut lines))).await?;
            }
            continue;
        }
        // Nobody is left who records where this fails: there is nothing but beats to come.
        if let Ok(Ok(())) = tokio::time::timeout(BEAT, numbers.changed()).await {
            continue;
        }
        lines = line(&kept.told(None).line());
    }
}

fn line(text: &str) -> String {
    format!("{text}\n")
}

fn written(flows: &[Flow]) -> String {
    flows.iter().map(|flow| line(&text::line(flow))).collect()
}

fn words(status: StatusCode, words: &'static str) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(format!("{words}\n"))).boxed());
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
