//! The hub: what every agent recorded, kept, and told to whoever may ask.
//!
//! Agents are found by a label of their pods ([`gather`]), each is heard over a connection of its own ([`mod@line`]), and what it
//! tells is written by one thread ([`writer`]), with what its numbers say is missing ([`account`]). Who asks is known by a token
//! of the cluster ([`auth`]) and told what is kept and what comes ([`answer`]). Others are told of alerts ([`others`]), also of
//! those that follow from policies ([`policies`]).
//!
//! INVARIANT: a batch and the number up to which its node was heard are written at once. So nothing is taken twice, and what is
//! not taken is asked for again or said to be lost, whoever ends when.

mod account;
mod answer;
mod auth;
mod gather;
mod http;
mod line;
mod metrics;
mod others;
mod papers;
mod place;
mod policies;
mod writer;

use super::{
    listen::{CONNECTIONS, listen, next},
    process, tls,
};
use crate::{args::HubArgs, outcome::Outcome};
use auth::Guard;
use gather::{Means, UNWRITTEN};
use http::Counter;
use metrics::Metrics;
use place::Place;
use policies::{Exceptions, Looks};
use sekisho_k8s::watch::{Agents, News, Reviewer, Watching};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc, watch},
};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};
use writer::Keeping;

/// How much that was heard of policies may wait to be taken in.
const NEWS: usize = 1_024;
/// How long somebody may take to greet.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves until somebody asks for the end.
pub(crate) fn run(arguments: &HubArgs) -> anyhow::Result<Outcome> {
    let Ok(exceptions) = others::exceptions(&arguments.telling)? else { return Ok(Outcome::CouldNot) };
    process::log(arguments.process.log, arguments.process.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let result = runtime.block_on(serve(arguments, exceptions));
    runtime.shutdown_background();
    result.map(|()| Outcome::Holds)
}

async fn serve(arguments: &HubArgs, exceptions: Option<Exceptions>) -> anyhow::Result<()> {
    let access = arguments.process.access();
    let metrics = Arc::new(Metrics::new());
    let (secured, plain) = (listen(arguments.listen).await?, listen(arguments.plain).await?);
    let place = Place::of(arguments)?;
    let keeping = Keeping { place: place.clone(), days: arguments.keep_days, mib: arguments.keep_mib };
    let telling = others::start(&arguments.telling)?;
    let desk = writer::start(keeping, telling, Arc::clone(&metrics)).await?;
    info!(secured = %secured.local_addr()?, plain = %plain.local_addr()?, "listening");
    let watching = Watching::prepare(&access).await?;
    let guard = Guard::new(Reviewer::prepare(&access).await?, Arc::clone(&metrics));
    let looks = others::has_receivers(&arguments.telling).then(|| Looks {
        desk: desk.clone(),
        place: place.clone(),
        metrics: Arc::clone(&metrics),
        memory: others::memory(&arguments.telling),
        exceptions,
    });
    let counter = Counter::new(guard, desk.clone(), place, Arc::clone(&metrics));
    let current = Arc::new(tls::Current::default());
    let mut config = tls::config(Arc::clone(&current))?;
    config.alpn_protocols = sekisho_tls::HTTP.map(<[u8]>::to_vec).to_vec();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (told, credentials) = watch::channel(None);
    let (found, agents) = watch::channel(Agents::new());
    let means = Means {
        port: arguments.agents.agents_port,
        credentials: credentials.clone(),
        desk: desk.clone(),
        metrics: Arc::clone(&metrics),
        places: Arc::new(Semaphore::new(UNWRITTEN)),
    };
    let trouble = |why: &str| {
        metrics.trouble();
        warn!(why, "the API server does not tell of agents");
    };
    let how = &arguments.agents;
    let tasks = async {
        tokio::select! {
            () = answer_all(secured, counter.clone(), Some(acceptor)) => Ok(()),
            () = answer_all(plain, counter.clone(), None) => Ok(()),
            () = look(looks, watching.clone()) => Ok(()),
            () = watching.agents(how.agents_namespace.as_deref(), &how.agents, found, trouble) => Ok(()),
            () = ready(counter.clone(), agents.clone(), credentials) => Ok(()),
            () = gather::follow(agents, means) => Ok(()),
            () = desk.trim() => Ok(()),
            found = papers::keep(&arguments.tls, &access, current, told, Arc::clone(&metrics)) => found,
        }
    };
    tokio::select! {
        found = tasks => found,
        // What is not written yet is asked for again by the next.
        found = process::ended(Duration::ZERO) => found,
    }
}

/// Looks at policies, where somebody is told of what that says; waits for ever otherwise.
async fn look(looks: Option<Looks>, watching: Watching) {
    let Some(looks) = looks else { return std::future::pending().await };
    let (into, news) = mpsc::channel::<News>(NEWS);
    let looking = tokio::task::spawn_blocking(move || looks.run(news));
    watching.follow(into).await;
    let _ = looking.await;
}

/// Answers those who come to an address; with TLS, where there is an acceptor.
async fn answer_all(listener: TcpListener, counter: Counter, tls: Option<TlsAcceptor>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while let Some((stream, place)) = next(&listener, &places).await {
        let (tls, counter) = (tls.clone(), counter.clone());
        tokio::spawn(async move {
            let _place = place;
            let Some(tls) = tls else { return counter.serve(stream, false).await };
            // Who does not trust the certificate leaves; there is nothing to do about it here.
            if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
                counter.serve(stream, true).await;
            }
        });
    }
}

/// Says that the hub is ready as soon as agents are known and there is a certificate; waits for ever then.
async fn ready(
    counter: Counter,
    mut agents: watch::Receiver<Agents>,
    mut credentials: watch::Receiver<Option<sekisho_tls::Credentials>>,
) {
    let known = async {
        agents.wait_for(|agents| !agents.is_empty()).await.is_ok()
            && credentials.wait_for(Option::is_some).await.is_ok()
    };
    if known.await {
        counter.ready.store(true, Ordering::Relaxed);
        info!("agents are known");
    }
    std::future::pending::<()>().await;
}
