//! One connection for each agent, as agents come and go.

use super::{line, metrics::Metrics, writer::Desk};
use sekisho_core::object::ObjectKey;
use sekisho_k8s::watch::{Agent, Agents};
use sekisho_tls::Credentials;
use std::{
    collections::BTreeMap,
    hash::{BuildHasher, Hasher, RandomState},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinHandle,
};
use tracing::{debug, info, warn};

/// How long it takes to try again after the first failure; twice as long each time.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(10);
/// A connection that lasted so long was one: what comes after it is no second failure.
const LASTED: Duration = Duration::from_secs(30);
/// How many records may lie in memory that are not written yet, of all agents together.
pub(super) const UNWRITTEN: usize = 1 << 16;

/// What every connection needs.
#[derive(Clone)]
pub(super) struct Means {
    pub(super) port: u16,
    pub(super) credentials: watch::Receiver<Option<Credentials>>,
    pub(super) desk: Desk,
    pub(super) metrics: Arc<Metrics>,
    /// Places for records that are not written yet.
    pub(super) places: Arc<Semaphore>,
}

/// A connection that ends when this is dropped.
struct Following {
    agent: Agent,
    task: JoinHandle<()>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Follows the agents that there are, as long as somebody tells of them.
pub(super) async fn follow(mut agents: watch::Receiver<Agents>, means: Means) {
    let mut all: BTreeMap<ObjectKey, Following> = BTreeMap::new();
    loop {
        let now = agents.borrow_and_update().clone();
        means.metrics.set_agents(now.len());
        all.retain(|pod, following| {
            let stays = now.get(pod) == Some(&following.agent);
            if !stays {
                info!(%pod, node = %following.agent.node, "an agent has gone");
                means.metrics.forget(&following.agent.node);
            }
            stays
        });
        for (pod, agent) in now {
            all.entry(pod).or_insert_with_key(|pod| {
                info!(%pod, node = %agent.node, address = %agent.address, "an agent is there");
                let task = tokio::spawn(stay(agent.clone(), means.clone()));
                Following { agent, task }
            });
        }
        if agents.changed().await.is_err() {
            return;
        }
    }
}

/// Hears an agent, and tries again whenever it cannot be heard.
async fn stay(agent: Agent, means: Means) {
    let mut pause = PAUSE;
    let mut said = String::new();
    loop {
        let begun = Instant::now();
        let broken = line::hear(&agent, &means).await;
        means.metrics.broken(broken.kind);
        if begun.elapsed() > LASTED {
            (pause, said) = (PAUSE, String::new());
        }
        // Once is enough.
        if said == broken.why {
            debug!(node = %agent.node, why = broken.why, "an agent is not heard");
        } else {
            warn!(node = %agent.node, address = %agent.address, why = broken.why, "an agent is not heard");
            said = broken.why;
        }
        tokio::time::sleep(pause.mul_f64(about_one())).await;
        pause = (pause * 2).min(LONGEST);
    }
}

/// From a half to one and a half: so that not all try again at once.
fn about_one() -> f64 {
    // What the standard library keys its tables with is random.
    let random = RandomState::new().build_hasher().finish() % 1_000;
    0.5 + f64::from(u16::try_from(random).unwrap_or(500)) / 1_000.0
}
