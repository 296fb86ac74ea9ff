//! The agents of a cluster: pods with a label, and where they are.

use super::Watching;
use crate::live::error;
use futures_util::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, ResourceExt,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event},
    },
};
use sekisho_core::object::ObjectKey;
use std::{collections::BTreeMap, net::IpAddr, pin::pin, sync::Arc};
use tokio::sync::watch::Sender;

/// How long a watch lasts before it is begun anew, in seconds.
const WATCH_SECONDS: u32 = 240;

/// An agent that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// The UID of its pod: a pod of the same name is another one.
    pub uid: String,
    /// The node that it is on.
    pub node: Arc<str>,
    /// Its address, which may be its node's.
    pub address: IpAddr,
}

/// The agents of a cluster, by their pods.
pub type Agents = BTreeMap<ObjectKey, Agent>;

impl Watching {
    /// Tells which agents run whenever that changes, until nobody listens any more: pods with the labels that `selector` wants,
    /// of a namespace or of all. What keeps the API server from telling is told in words, and it is asked again.
    pub async fn agents(
        self,
        namespace: Option<&str>,
        selector: &str,
        into: Sender<Agents>,
        trouble: impl Fn(&str),
    ) {
        let api: Api<Pod> = match namespace {
            Some(namespace) => Api::namespaced(self.client, namespace),
            None => Api::all(self.client),
        };
        let config = watcher::Config::default().labels(selector).timeout(WATCH_SECONDS);
        let mut news = pin!(watcher::watcher(api, config).default_backoff());
        // A list takes the place of what is known when it is whole.
        let mut list = None;
        while let Some(event) = news.next().await {
            match event {
                Ok(Event::Init) => list = Some(Agents::new()),
                Ok(Event::InitApply(pod)) => put(list.get_or_insert_default(), &pod),
                Ok(Event::InitDone) => tell(&into, |agents| *agents = list.take().unwrap_or_default()),
                Ok(Event::Apply(pod)) => tell(&into, |agents| put(agents, &pod)),
                Ok(Event::Delete(pod)) => tell(&into, |agents| drop(agents.remove(&key(&pod)))),
                Err(found) => trouble(&error::chain(&found)),
            }
            if into.is_closed() {
                return;
            }
        }
    }
}

/// Changes what is known; nobody is told what is as before.
fn tell(into: &Sender<Agents>, change: impl FnOnce(&mut Agents)) {
    into.send_if_modified(|agents| {
        let before = agents.clone();
        change(agents);
        *agents != before
    });
}

fn key(pod: &Pod) -> ObjectKey {
    ObjectKey::new(pod.namespace().unwrap_or_default(), pod.name_any())
}

fn put(agents: &mut Agents, pod: &Pod) {
    match agent(pod) {
        Some(agent) => drop(agents.insert(key(pod), agent)),
        None => drop(agents.remove(&key(pod))),
    }
}

/// The agent of a pod that runs and is not about to end. One that is not ready has records all the same.
fn agent(pod: &Pod) -> Option<Agent> {
    let status = pod.status.as_ref()?;
    let runs = status.phase.as_deref() == Some("Running") && pod.metadata.deletion_timestamp.is_none();
    let node = pod.spec.as_ref()?.node_name.as_deref()?;
    let address = status.pod_ip.as_deref()?.parse().ok()?;
    runs.then(|| Agent { uid: pod.uid().unwrap_or_default(), node: node.into(), address })
}
