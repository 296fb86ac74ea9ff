//! A stand-in for an agent: it numbers what a test says was called, keeps all of it, and tells whoever shows that he is the
//! hub.

use http_body_util::{BodyExt, channel::Channel, combinators::BoxBody};
use hyper::{Request, Response, StatusCode, body::Bytes, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use jiff::{SignedDuration, Timestamp};
use sekisho_flow::{
    record::Window,
    text::{Head, Missing, Teller, Told},
};
use sekisho_tls::{Credentials, HUB};
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// What was called at once.
#[derive(Clone)]
struct Batch {
    first: u64,
    last: u64,
    missing: Vec<Missing>,
    lines: Vec<String>,
}

struct State {
    boot: String,
    started: Timestamp,
    last: u64,
    batches: Vec<Batch>,
    ahead: SignedDuration,
}

pub(crate) struct Agent {
    node: String,
    at: SocketAddr,
    state: Arc<Mutex<State>>,
    /// What greets the next who comes.
    config: Arc<Mutex<Option<Arc<ServerConfig>>>>,
    runtime: Option<Runtime>,
    boots: u32,
}

impl Agent {
    pub(crate) fn new(node: &str, at: SocketAddr) -> Self {
        let state = State {
            boot: format!("{node}-0"),
            started: Timestamp::now(),
            last: 0,
            batches: Vec::new(),
            ahead: SignedDuration::ZERO,
        };
        let (state, config) = (Arc::new(Mutex::new(state)), Arc::default());
        Self { node: node.to_owned(), at, state, config, runtime: None, boots: 0 }
    }

    /// Begins to answer, and shows these.
    pub(crate) fn start(&mut self, credentials: &Credentials) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        self.shows(credentials);
        let (at, node, state) = (self.at, self.node.clone(), Arc::clone(&self.state));
        let listener = runtime.block_on(TcpListener::bind(at)).unwrap();
        runtime.spawn(serve(listener, Arc::clone(&self.config), node, state));
        self.runtime = Some(runtime);
    }

    /// Shows these to who comes from now on, as when a kubelet has brought another Secret.
    pub(crate) fn shows(&self, credentials: &Credentials) {
        *self.config.lock().unwrap() = Some(Arc::new(credentials.serving_only(HUB).unwrap()));
    }

    /// Ends as if it were killed: what it has not told is gone. Another run begins with [`Self::start`].
    pub(crate) fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        self.boots += 1;
        let mut state = self.state.lock().unwrap();
        state.boot = format!("{}-{}", self.node, self.boots);
        (state.started, state.last) = (Timestamp::now(), 0);
        state.batches.clear();
    }

    /// Its clock is ahead.
    pub(crate) fn skew(&self, seconds: i64) {
        self.state.lock().unwrap().ahead = SignedDuration::from_secs(seconds);
    }

    /// Calls of `cron` to a port, so many of them, that were denied.
    pub(crate) fn called(&self, port: u16, count: u64) {
        let window = half_second();
        let line = line(&self.node, port, count, window);
        self.add(count, vec![line], Vec::new());
    }

    /// Calls between these ends, each a pod `namespace/name` or an address, and what became of them.
    pub(crate) fn saw(&self, [from, to]: [&str; 2], port: u16, count: u64, outcome: &str) {
        let window = half_second();
        let mut line: Value = serde_json::from_str(&line(&self.node, port, count, window)).unwrap();
        (line["from"], line["to"], line["outcome"]) = (end(from), end(to), outcome.into());
        if outcome != "denied" {
            line.as_object_mut().unwrap().remove("leave");
        }
        self.add(count, vec![line.to_string()], Vec::new());
    }

    /// A call to each of many ports.
    pub(crate) fn called_many(&self, ports: std::ops::Range<u16>) {
        let window = half_second();
        let count = u64::try_from(ports.len()).unwrap();
        self.add(count, ports.map(|port| line(&self.node, port, 1, window)).collect(), Vec::new());
    }

    /// Calls that there was no room for.
    pub(crate) fn lost(&self, count: u64) {
        let missing = Missing { window: half_second(), why: "no room".into(), connections: Some(count) };
        self.add(count, Vec::new(), vec![missing]);
    }

    /// Numbers that are passed over without a word.
    pub(crate) fn forgot(&self, count: u64) {
        self.state.lock().unwrap().last += count;
    }

    fn add(&self, count: u64, lines: Vec<String>, missing: Vec<Missing>) {
        let mut state = self.state.lock().unwrap();
        let first = state.last + 1;
        state.last += count;
        let last = state.last;
        state.batches.push(Batch { first, last, missing, lines });
    }
}

fn end(name: &str) -> Value {
    match name.split_once('/') {
        Some((namespace, name)) => json!({"workload": {"namespace": namespace, "kind": "Pod", "name": name}}),
        None => json!({"external": {"block": format!("{name}/32")}}),
    }
}

fn half_second() -> Window {
    let now = Timestamp::now().as_millisecond().div_euclid(500) * 500;
    let at = |millis| Timestamp::from_millisecond(millis).unwrap();
    Window::new(at(now), at(now + 500)).unwrap()
}

fn line(node: &str, port: u16, count: u64, window: Window) -> String {
    let (from, to) = (window.from(), window.to());
    json!({
        "version": "sekisho.flow/1",
        "window": {"from": from.to_string(), "to": to.to_string()},
        "from": {"workload": {"namespace": "jobs", "kind": "Deployment", "name": "cron"}},
        "to": {"workload": {"namespace": "shop", "kind": "Deployment", "name": "api"}},
        "carried": format!("TCP/{port}"),
        "outcome": "denied",
        "leave": {"ingress": {"deniedBy": [{"namespace": "shop", "name": "api", "kind": "NetworkPolicy"}]}},
        "observer": "agent",
        "side": "ingress",
        "count": count,
        "first": from.to_string(),
        "last": from.to_string(),
        "nodes": {"names": [node]},
    })
    .to_string()
}

async fn serve(
    listener: TcpListener,
    config: Arc<Mutex<Option<Arc<ServerConfig>>>>,
    node: String,
    state: Arc<Mutex<State>>,
) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let tls = TlsAcceptor::from(config.lock().unwrap().clone().unwrap());
        let (node, state) = (node.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
                let response = answer(&request, node.clone(), Arc::clone(&state));
                async move { Ok::<_, Infallible>(response) }
            });
            let _ = http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

fn answer<B>(
    request: &Request<B>,
    node: String,
    state: Arc<Mutex<State>>,
) -> Response<BoxBody<Bytes, Infallible>> {
    assert_eq!(request.uri().path(), "/v1/flows");
    let after = request.uri().query().and_then(|query| query.strip_prefix("after=")).unwrap_or("-/0");
    let (boot, number) = after.split_once('/').unwrap();
    let mut number: u64 = number.parse().unwrap();
    if boot != state.lock().unwrap().boot {
        number = 0;
    }
    let (mut to, body) = Channel::new(1);
    tokio::spawn(async move {
        loop {
            let (told, lines) = told(&node, &state, number);
            number = told.batch.as_ref().map_or(number, |head| head.last);
            let is_beat = told.batch.is_none();
            let text = [told.line()].into_iter().chain(lines).map(|line| line + "\n").collect::<String>();
            if to.send_data(Bytes::from(text)).await.is_err() {
                return;
            }
            if is_beat {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    let mut response = Response::new(body.boxed());
    *response.status_mut() = StatusCode::OK;
    response
}

fn told(node: &str, state: &Mutex<State>, number: u64) -> (Told, Vec<String>) {
    let state = state.lock().unwrap();
    let teller = Teller {
        node: node.into(),
        boot: state.boot.as_str().into(),
        started: state.started,
        clock: Timestamp::now() + state.ahead,
    };
    let Some(batch) = state.batches.iter().find(|batch| batch.last > number).cloned() else {
        return (Told { teller, batch: None }, Vec::new());
    };
    let flows = u64::try_from(batch.lines.len()).unwrap();
    let head = Head { first: batch.first, last: batch.last, flows, missing: batch.missing };
    (Told { teller, batch: Some(head) }, batch.lines)
}
