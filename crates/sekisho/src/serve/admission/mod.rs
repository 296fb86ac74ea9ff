//! The door at the API server: a validating webhook.
//!
//! What is asked comes by TLS ([`listen`], [`http`], [`tls`]) to one thread ([`engine`]), which has the cluster as it was heard
//! of ([`standing`]). An object is held against it as it would be ([`mod@judge`]), what that brings is weighed ([`door`]), and told
//! in the room that the API server gives ([`answer`]). From time to time all of the cluster is looked at ([`audit`]).
//!
//! INVARIANT: nothing of an answer depends on anything but the cluster, the settings and the day; an answer changes nothing.

mod answer;
mod audit;
mod door;
mod engine;
mod http;
mod judge;
mod listen;
mod metrics;
mod promised;
mod review;
mod standing;

use super::{
    process,
    tls::{self, Current},
};
use crate::{
    args::AdmissionArgs,
    check::{scope::agreed, settings::Settings},
    input,
    outcome::Outcome,
    settings as catalog,
};
use anyhow::{Context, bail};
use audit::Auditor;
use door::Door;
use engine::{Engine, Message};
use http::{Desk, READING};
use judge::Judge;
use metrics::Metrics;
use promised::Promises;
use sekisho_core::promise::Promise;
use sekisho_k8s::{
    live::Access,
    promise::read_promises,
    watch::{Keeper, Watching},
};
use sekisho_lint::{config::Config, rego::Rules};
use std::{path::PathBuf, sync::Arc, thread, time::Duration};
use tokio::sync::{Semaphore, mpsc};
use tracing::info;

/// How many messages may wait for the engine.
const WAITING: usize = 4_096;
/// How long it goes on answering when it is asked to end: until nobody is sent here any more.
const GRACE: Duration = Duration::from_secs(3);

/// Serves until somebody asks for the end.
pub(crate) fn run(arguments: &AdmissionArgs) -> anyhow::Result<Outcome> {
    let Some(judge) = judge(arguments)? else { return Ok(Outcome::CouldNot) };
    process::log(arguments.process.log, arguments.process.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let result = runtime.block_on(serve(arguments, judge));
    runtime.shutdown_background();
    result.map(|()| Outcome::Holds)
}

/// What objects are held against; `None` where some of it cannot be read, which is told already.
fn judge(arguments: &AdmissionArgs) -> anyhow::Result<Option<Judge>> {
    let team = catalog::read::<Config>(arguments.catalog.as_deref())?;
    if !input::tell(&team.diagnostics, &team.sources, "the catalog")? {
        return Ok(None);
    }
    let config = team.document.as_ref().and_then(|document| document.check.clone()).unwrap_or_default();
    let folders = config.rego.iter().map(|folder| team.folder.join(folder));
    let folders: Vec<PathBuf> = arguments.rego.iter().cloned().chain(folders).collect();
    let rules = match input::rego::optional(&folders)? {
        Ok(rules) => rules,
        Err(input::rego::Unreadable) => return Ok(None),
    };
    let complaints = config.validate(&rules.as_ref().map(Rules::codes).unwrap_or_default());
    if !complaints.is_empty() {
        bail!("{}", complaints.join("\n"));
    }
    let Some(promises) = promises(&arguments.promises)? else { return Ok(None) };
    let standard = agreed(arguments.environment.as_deref(), &team)?;
    let settings = Settings::team(config, (&team.folder, arguments.environment.clone()))?;
    Ok(Some(Judge { standard, settings, rules, promises: Promises::new(promises) }))
}

fn promises(paths: &[PathBuf]) -> anyhow::Result<Option<Vec<Promise>>> {
    if paths.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let read = read_promises(paths)?;
    let is_readable = input::tell(&read.diagnostics, &read.sources, "the promises")?;
    Ok(is_readable.then_some(read.promises))
}

async fn serve(arguments: &AdmissionArgs, judge: Judge) -> anyhow::Result<()> {
    let access = arguments.process.access();
    let metrics = Arc::new(Metrics::new());
    let (secured, plain) =
        (super::listen::listen(arguments.listen).await?, super::listen::listen(arguments.plain).await?);
    info!(secured = %secured.local_addr()?, plain = %plain.local_addr()?, "listening");
    let watching = Watching::prepare(&access).await?;
    let current = Arc::new(Current::default());
    let acceptor = tls::acceptor(Arc::clone(&current))?;
    let (engine, inbox) = mpsc::channel::<Message>(WAITING);
    let desk = Desk {
        engine: engine.clone(),
        metrics: Arc::clone(&metrics),
        fail: arguments.verdict.fail,
        reading: Arc::new(Semaphore::new(READING)),
    };
    let auditor = Auditor {
        engine: engine.clone(),
        judge: judge.clone(),
        how: arguments.verdict.clone(),
        every: Duration::from_secs(arguments.audit.audit_every),
        reporter: audit::reporter(&access, arguments.audit.reports).await?,
        metrics: Arc::clone(&metrics),
    };
    let door = Door { how: arguments.verdict.clone(), judge };
    let of_engine = Engine::new(door, Arc::clone(&metrics));
    thread::Builder::new().name("engine".to_owned()).spawn(move || of_engine.run(inbox))?;
    if arguments.audit.audit_every > 0 {
        tokio::spawn(auditor.run());
    }
    let tasks = async {
        tokio::select! {
            () = listen::secured(secured, acceptor, desk.clone()) => Ok(()),
            () = listen::plain(plain, desk) => Ok(()),
            () = watching.mirror(engine) => Ok(()),
            found = certificates(arguments, &access, current, metrics) => found,
        }
    };
    tokio::select! {
        found = tasks => found,
        found = process::ended(GRACE) => found,
    }
}

/// Keeps the certificate that is shown.
async fn certificates(
    arguments: &AdmissionArgs,
    access: &Access,
    current: Arc<Current>,
    metrics: Arc<Metrics>,
) -> anyhow::Result<()> {
    let how = &arguments.tls;
    if let (Some(certificate), Some(key)) = (&how.tls_cert, &how.tls_key) {
        return tls::follow_files(certificate, key, current).await;
    }
    let secret = how.secret.clone().context("give `--secret`, or `--tls-cert` and `--tls-key`")?;
    let keeper = Keeper::prepare(access, secret, how.webhook.clone()).await?;
    let (hosts, lifetime) = (how.host.clone(), how.certificate_lifetime);
    let shown = move |papers: &tls::Papers| {
        metrics.set_expiry(i64::try_from(papers.leaf.until).unwrap_or(i64::MAX));
    };
    let names = tls::Names { hosts, lifetime, asks: false };
    tls::follow_own(tls::Own { keeper, names, current, shown, also: None }).await;
    Ok(())
}
