//! Lists, page by page.

use super::{LiveError, connect::Cluster, error, resource::Resource};
use crate::snapshot::{Redactor, Snapshot};
use kube::api::{ListParams, Request};
use serde_json::Value;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::task::JoinSet;

/// How many objects a page has, as `kubectl` asks for them.
const PAGE: u32 = 500;
/// How often one question is asked anew.
const RETRIES: u32 = 4;
/// How often a list is begun anew because the place in it was forgotten.
const RESTARTS: u32 = 3;
/// How long it takes to ask anew; twice as long each time.
const PAUSE: Duration = Duration::from_millis(250);

/// Why there is no answer.
enum Failure {
    /// The user may not have it (403).
    Forbidden,
    /// There is no such resource (404).
    Missing,
    /// The place in the list is forgotten (410).
    Expired,
    /// Anything else.
    Other(LiveError),
}

/// Lists all of `resources`. Those that may not be listed are told together.
pub(super) async fn all(
    cluster: &Arc<Cluster>,
    resources: Vec<Resource>,
    redactor: Option<Redactor>,
) -> Result<Snapshot, LiveError> {
    let mut lists = JoinSet::new();
    for (place, resource) in resources.into_iter().enumerate() {
        let (cluster, redactor) = (Arc::clone(cluster), redactor.clone());
        lists.spawn(async move {
            let listed = one(&cluster, &resource, redactor).await;
            (place, resource, listed)
        });
    }
    let mut snapshot = Snapshot::new(redactor);
    let mut missing = Vec::new();
    while let Some(ended) = lists.join_next().await {
        let (place, resource, listed) = ended.map_err(|error| LiveError::Runtime(error.to_string()))?;
        match listed {
            Ok(listed) => snapshot.merge(listed),
            Err(Failure::Forbidden) => missing.push((place, resource)),
            Err(failure) => return Err(told(cluster, failure, &resource.name())),
        }
    }
    if missing.is_empty() {
        return Ok(snapshot);
    }
    missing.sort_by_key(|(place, _)| *place);
    let missing = missing.into_iter().map(|(_, resource)| resource).collect();
    Err(LiveError::Forbidden { who: cluster.who.clone(), missing })
}

/// Lists one resource to the end.
async fn one(
    cluster: &Cluster,
    resource: &Resource,
    redactor: Option<Redactor>,
) -> Result<Snapshot, Failure> {
    let (path, name) = (resource.path(), resource.name());
    let mut restarts = 0;
    'list: loop {
        let mut snapshot = Snapshot::new(redactor.clone());
        let mut next = String::new();
        loop {
            let mut page = ListParams::default().limit(PAGE);
            page.continue_token = Some(next).filter(|token| !token.is_empty());
            let list = match ask(cluster, &path, &page, &name).await {
                Ok(list) => list,
                Err(Failure::Expired) if restarts < RESTARTS => {
                    restarts += 1;
                    continue 'list;
                }
                // What was served a moment ago and is not now was taken away with all its objects.
                Err(Failure::Missing) => return Ok(Snapshot::new(redactor)),
                Err(failure) => return Err(failure),
            };
            let token = list.pointer("/metadata/continue").and_then(Value::as_str).unwrap_or_default();
            next = token.to_owned();
            snapshot.add(list, "default");
            if next.is_empty() {
                return Ok(snapshot);
            }
        }
    }
}

/// Gets what there is only one of, such as the list of API groups.
pub(super) async fn get(cluster: &Cluster, path: &str, what: &str) -> Result<Value, LiveError> {
    let answer = ask(cluster, path, &ListParams::default(), what).await;
    answer.map_err(|failure| told(cluster, failure, what))
}

fn told(cluster: &Cluster, failure: Failure, what: &str) -> LiveError {
    let broken = |reason: &str| broken(cluster, what, reason.to_owned());
    match failure {
        Failure::Other(error) => error,
        Failure::Forbidden => broken("the user may not read them"),
        Failure::Missing => broken("there are none at this address"),
        Failure::Expired => broken("the list changes faster than it can be read"),
    }
}

/// Asks, and asks again after what may pass: a server that is busy, a connection that broke. One that
/// never was is not tried again.
async fn ask(cluster: &Cluster, path: &str, page: &ListParams, what: &str) -> Result<Value, Failure> {
    let mut pause = PAUSE;
    for again in (0..=RETRIES).rev() {
        let reason = match once(cluster, path, page, what).await {
            Ok(answer) => return Ok(answer),
            Err(Attempt::Final(failure)) => return Err(failure),
            Err(Attempt::Passing(reason)) => reason,
        };
        if again == 0 {
            return Err(Failure::Other(broken(cluster, what, reason)));
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    Err(Failure::Other(broken(cluster, what, "it did not answer".to_owned())))
}

/// How one attempt failed.
enum Attempt {
    /// The next will do no better.
    Final(Failure),
    /// The next may, for this reason.
    Passing(String),
}

async fn once(cluster: &Cluster, path: &str, page: &ListParams, what: &str) -> Result<Value, Attempt> {
    let fatal = |reason: String| Attempt::Final(Failure::Other(broken(cluster, what, reason)));
    let request = Request::new(path).list(page).map_err(|error| fatal(error.to_string()))?;
    let answer = cluster.client.request_text(request).await;
    if !matches!(answer, Err(kube::Error::Service(_) | kube::Error::HyperError(_) | kube::Error::Auth(_))) {
        cluster.answered.store(true, Ordering::Relaxed);
    }
    let error = match answer {
        Ok(text) => {
            return serde_json::from_str(&text).map_err(|_| fatal("it did not send JSON".to_owned()));
        }
        Err(error) => error,
    };
    match &error {
        kube::Error::Api(status) => Err(match status.code {
            401 => Attempt::Final(Failure::Other(LiveError::Unauthorized {
                url: cluster.url.clone(),
                who: cluster.who.clone(),
            })),
            403 => Attempt::Final(Failure::Forbidden),
            404 => Attempt::Final(Failure::Missing),
            410 => Attempt::Final(Failure::Expired),
            429 | 500..=599 => Attempt::Passing(format!("it answers {} {}", status.code, status.message)),
            code => fatal(format!("it answers {code} {}", status.message)),
        }),
        kube::Error::Auth(found) => Err(Attempt::Final(Failure::Other(LiveError::Kubeconfig {
            who: cluster.who.clone(),
            reason: error::chain(found),
        }))),
        error if cluster.answered.load(Ordering::Relaxed) => Err(Attempt::Passing(error::transport(error))),
        error => Err(Attempt::Final(Failure::Other(LiveError::Unreachable {
            url: cluster.url.clone(),
            reason: error::transport(error),
        }))),
    }
}

fn broken(cluster: &Cluster, what: &str, reason: String) -> LiveError {
    LiveError::Broken { url: cluster.url.clone(), what: what.to_owned(), reason }
}
