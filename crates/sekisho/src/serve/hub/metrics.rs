//! What is counted, for Prometheus.
//!
//! INVARIANT: labels are namespaces, nodes and words of our own: never workloads or addresses. However many namespaces call each
//! other, there are no more than [`MOST`] series of flows.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use sekisho_flow::record::{End, Flow};
use sekisho_history::{Lost, alert, telling::Told};
use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// How many series of flows there are at most.
const MOST: usize = 2_000;
/// Whose the rest are. No namespace is called so.
const OTHERS: &str = "(other)";

#[derive(Clone, Debug, Hash, PartialEq, Eq, PartialOrd, Ord, EncodeLabelSet)]
struct OfFlow {
    source_namespace: String,
    destination_namespace: String,
    outcome: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfNode {
    node: String,
}

/// What became of something that others were to be told.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct What {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Why {
    why: String,
}

/// What is counted. One of them for the whole process.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    registry: Registry,
    flows: Family<OfFlow, Counter>,
    known: Mutex<BTreeSet<OfFlow>>,
    batches: Counter,
    lost: Family<Why, Counter>,
    agents: Gauge,
    connected: Gauge,
    broken: Family<Why, Counter>,
    skew: Family<OfNode, Gauge<f64, AtomicU64>>,
    size: Gauge,
    records: Gauge,
    oldest: Gauge,
    writable: Gauge,
    failures: Counter,
    followers: Gauge,
    refused: Family<Why, Counter>,
    expires: Gauge,
    exported: Family<What, Counter>,
    alerts: Gauge,
    alerts_told: Family<What, Counter>,
    looks: Counter,
    failed_looks: Counter,
    troubles: Counter,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut metrics = Self { registry: Registry::with_prefix("sekisho_hub"), ..Self::default() };
        metrics.set_writable(true);
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let Self { registry, .. } = self;
        let flows = "Connections that were taken, by the namespaces of their ends and what became of them";
        registry.register("flows", flows, self.flows.clone());
        registry.register("batches", "Batches of agents that were taken", self.batches.clone());
        let lost = "Connections that are in no record, by why; what nobody counted counts as 1";
        registry.register("lost_connections", lost, self.lost.clone());
        registry.register("agents", "Agents that run", self.agents.clone());
        registry.register("agents_connected", "Agents that are heard", self.connected.clone());
        registry.register(
            "broken_connections",
            "Connections to agents that ended, by why",
            self.broken.clone(),
        );
        let skew = "By how many seconds the clock of a node is ahead of the hub's";
        registry.register("clock_skew_seconds", skew, self.skew.clone());
        registry.register("history_bytes", "How large the history is", self.size.clone());
        registry.register("history_records", "How many records it has", self.records.clone());
        let oldest = "When the oldest record was, in seconds since 1970; 0 where there is none";
        registry.register("history_oldest_timestamp_seconds", oldest, self.oldest.clone());
        registry.register(
            "history_writable",
            "1 where the history took what came last",
            self.writable.clone(),
        );
        registry.register(
            "history_failures",
            "Batches that the history could not take",
            self.failures.clone(),
        );
        registry.register("followers", "Those who follow what flows", self.followers.clone());
        registry.register("refused", "Questions that were not answered, by why", self.refused.clone());
        let expires = "When the certificate expires, in seconds since 1970; 0 where it is a file";
        registry.register("certificate_expiry_timestamp_seconds", expires, self.expires.clone());
        let exported = "Flows that a collector was told, by what became of them: sent, dropped for want of room, or refused";
        registry.register("exported_flows", exported, self.exported.clone());
        registry.register("alerts", "Alerts that are not over", self.alerts.clone());
        let told = "Alerts that receivers were told, by what became of them: sent, dropped or untold for want of room; and failures";
        registry.register("alerts_told", told, self.alerts_told.clone());
        let looks = "Looks at what a change of policies closes, or what exceptions let pass";
        registry.register("policy_looks", looks, self.looks.clone());
        let failed = "Such looks for which the history could not be asked";
        registry.register("policy_look_failures", failed, self.failed_looks.clone());
        let troubles = "Times that the API server did not tell of agents, of policies, or of who asks";
        registry.register("api_troubles", troubles, self.troubles.clone());
    }

    /// Counts what was taken.
    pub(super) fn stored(&self, flows: &[Flow], lost: &[Lost]) {
        self.batches.inc();
        for flow in flows {
            let labels = self.within_bounds(OfFlow {
                source_namespace: namespace(&flow.key.from),
                destination_namespace: namespace(&flow.key.to),
                outcome: flow.key.outcome.to_string(),
            });
            self.flows.get_or_create(&labels).inc_by(flow.seen.count);
        }
        for lost in lost {
            self.lost.get_or_create(&Why { why: lost.why.to_string() }).inc_by(lost.connections.unwrap_or(1));
        }
    }

    /// The labels, or those of the others where there are too many already.
    fn within_bounds(&self, labels: OfFlow) -> OfFlow {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(&labels) {
            return labels;
        }
        if known.len() < MOST {
            known.insert(labels.clone());
            return labels;
        }
        OfFlow { source_namespace: OTHERS.into(), destination_namespace: OTHERS.into(), ..labels }
    }

    pub(super) fn set_agents(&self, agents: usize) {
        self.agents.set(i64::try_from(agents).unwrap_or(i64::MAX));
    }

    /// An agent is heard, or no longer.
    pub(super) fn connected(&self, more: bool) {
        if more {
            self.connected.inc()
        } else {
            self.connected.dec()
        };
    }

    /// A connection to an agent ended.
    pub(super) fn broken(&self, why: &'static str) {
        self.broken.get_or_create(&Why { why: why.to_owned() }).inc();
    }

    pub(super) fn set_skew(&self, node: &str, seconds: f64) {
        self.skew.get_or_create(&OfNode { node: node.to_owned() }).set(seconds);
    }

    /// A node is no longer there.
    pub(super) fn forget(&self, node: &str) {
        self.skew.remove(&OfNode { node: node.to_owned() });
    }

    /// How it stands with the history.
    pub(super) fn standing(&self, size: u64, records: u64, oldest: Option<i64>) {
        self.size.set(i64::try_from(size).unwrap_or(i64::MAX));
        self.records.set(i64::try_from(records).unwrap_or(i64::MAX));
        self.oldest.set(oldest.unwrap_or(0));
    }

    pub(super) fn set_writable(&self, writable: bool) {
        self.writable.set(writable.into());
    }

    pub(super) fn not_written(&self) {
        self.failures.inc();
    }

    /// Somebody begins to follow, or ends.
    pub(super) fn followed(&self, more: bool) {
        if more {
            self.followers.inc()
        } else {
            self.followers.dec()
        };
    }

    pub(super) fn refused(&self, why: &'static str) {
        self.refused.get_or_create(&Why { why: why.to_owned() }).inc();
    }

    pub(super) fn set_expiry(&self, seconds: i64) {
        self.expires.set(seconds);
    }

    /// How it stands with telling others.
    pub(super) fn telling(&self, told: &Told) {
        let set = |family: &Family<What, Counter>, outcome, count: u64| {
            family.get_or_create(&What { outcome }).inner().store(count, Ordering::Relaxed);
        };
        // Without a collector all of them are 0.
        let exported = told.exported.unwrap_or_default();
        set(&self.exported, "sent", exported.sent);
        set(&self.exported, "dropped", exported.dropped);
        set(&self.exported, "refused", exported.refused);
        let sum = |of: fn(&alert::Told) -> u64| told.receivers.iter().map(of).sum();
        set(&self.alerts_told, "sent", sum(|told| told.sent));
        set(&self.alerts_told, "failed", sum(|told| told.failures));
        set(&self.alerts_told, "dropped", sum(|told| told.dropped));
        set(&self.alerts_told, "untold", told.untold);
        self.alerts.set(i64::try_from(told.open).unwrap_or(i64::MAX));
    }

    /// It was looked at policies, or that failed.
    pub(super) fn looked(&self, done: bool) {
        self.looks.inc();
        if !done {
            self.failed_looks.inc();
        }
    }

    pub(super) fn trouble(&self) {
        self.troubles.inc();
    }

    /// All of it, as Prometheus reads it.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // INVARIANT: writing into a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// The namespace of an end. Those that have none have words in brackets, which no namespace has.
fn namespace(end: &End) -> String {
    match end {
        End::Workload(end) => end.workload.key.namespace.to_string(),
        End::Service(key) => key.namespace.to_string(),
        End::Node(_) => "(node)".to_owned(),
        End::External { .. } => "(outside)".to_owned(),
        End::Anyone => "(anyone)".to_owned(),
    }
}

#[cfg(test)]
mod tests;
