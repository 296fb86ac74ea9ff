//! What is counted, for Prometheus.

use crate::{engine::Report, state::Remark};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use sekisho_k8s::watch::Watched;
use sekisho_nft::tree::Table;
use std::{collections::BTreeSet, sync::Mutex, time::Instant};

/// Bounds of durations, in seconds: from what one element costs to what nobody should see.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Kind {
    kind: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Denier {
    mode: &'static str,
    direction: String,
    policies: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Lost {
    what: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Mode {
    mode: &'static str,
}

/// What is counted. One of them for the whole process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    programming: Histogram,
    transactions: Family<Outcome, Counter>,
    denied: Family<Denier, Counter>,
    flows: Family<Outcome, Counter>,
    lost: Family<Lost, Counter>,
    drifts: Counter,
    cuts: Counter,
    troubles: Family<Kind, Counter>,
    unreadable: Gauge,
    unread: Mutex<BTreeSet<(Watched, String)>>,
    ready: Gauge,
    pods: Gauge,
    endpoints: Gauge,
    policies: Family<Mode, Gauge>,
    chains: Gauge,
    sets: Gauge,
    elements: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("sekisho_agent"),
            programming: Histogram::new(SECONDS),
            transactions: Family::default(),
            denied: Family::default(),
            flows: Family::default(),
            lost: Family::default(),
            drifts: Counter::default(),
            cuts: Counter::default(),
            troubles: Family::default(),
            unreadable: Gauge::default(),
            unread: Mutex::default(),
            ready: Gauge::default(),
            pods: Gauge::default(),
            endpoints: Gauge::default(),
            policies: Family::default(),
            chains: Gauge::default(),
            sets: Gauge::default(),
            elements: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register_with_unit(
            "programming",
            "From when a change was heard of until the kernel has it",
            Unit::Seconds,
            self.programming.clone(),
        );
        registry.register("transactions", "Changes of the kernel's rules", self.transactions.clone());
        registry.register(
            "denied_packets",
            "Packets that policies denied (mode `enforced`), or would have denied (`audit`); of `unknown` direction are those of pods that are not known yet, `many` are broadcasts and multicasts, and `tagged` are frames with a VLAN tag of 0 from pods on a bridge",
            self.denied.clone(),
        );
        registry.register(
            "flows",
            "Connections that were recorded, by what became of them",
            self.flows.clone(),
        );
        registry.register(
            "flows_lost",
            "What is missing in the records: packets that were `denied` and not heard, or `unlogged` because a rule logs no more, connections that there was no `room` for, those that were `opened` and too many to be heard, and answers that give `names`",
            self.lost.clone(),
        );
        registry.register(
            "drifts",
            "How often somebody else's change of our table was mended",
            self.drifts.clone(),
        );
        registry.register(
            "cut_connections",
            "Connections that were cut because they are no longer allowed",
            self.cuts.clone(),
        );
        registry.register("api_troubles", "How often the API server did not tell", self.troubles.clone());
        registry.register(
            "unreadable_policies",
            "Policies that are not honoured as they are written",
            self.unreadable.clone(),
        );
        registry.register("ready", "1 where the kernel is true to the policies", self.ready.clone());
        registry.register("pods", "Pods in the cluster", self.pods.clone());
        registry.register("endpoints", "Addresses of pods on this node", self.endpoints.clone());
        registry.register("policies", "Policies, enforced and only tried", self.policies.clone());
        registry.register("chains", "Chains in the kernel", self.chains.clone());
        registry.register("sets", "Sets in the kernel", self.sets.clone());
        registry.register("elements", "Elements of sets in the kernel", self.elements.clone());
    }

    /// All of it in the text format of OpenMetrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // INVARIANT: writing into a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// The kernel has by now what was heard then.
    pub(crate) fn programmed(&self, heard: impl IntoIterator<Item = Instant>) {
        for heard in heard {
            self.programming.observe(heard.elapsed().as_secs_f64());
        }
    }

    /// A change of the kernel was made, or refused.
    pub(crate) fn transaction(&self, done: bool) {
        let outcome = if done { "done" } else { "refused" };
        self.transactions.get_or_create(&Outcome { outcome }).inc();
    }

    /// Connections were recorded.
    pub(crate) fn recorded(&self, outcome: sekisho_flow::record::Outcome, connections: u64) {
        let outcome = match outcome {
            sekisho_flow::record::Outcome::Allowed => "allowed",
            sekisho_flow::record::Outcome::Denied => "denied",
            sekisho_flow::record::Outcome::Audited => "audited",
        };
        self.flows.get_or_create(&Outcome { outcome }).inc_by(connections);
    }

    /// Something is missing in the records.
    pub(crate) fn flows_lost(&self, what: &'static str, more: u64) {
        if more > 0 {
            self.lost.get_or_create(&Lost { what }).inc_by(more);
        }
    }

    /// Packets were denied, or would have been.
    pub(crate) fn denied(&self, table: Table, direction: &str, policies: &str, packets: u64) {
        let denier =
            Denier { mode: mode(table), direction: direction.to_owned(), policies: policies.to_owned() };
        self.denied.get_or_create(&denier).inc_by(packets);
    }

    /// What somebody else did to our table was mended.
    pub(crate) fn drifted(&self) {
        self.drifts.inc();
    }

    /// Connections were cut.
    pub(crate) fn cut(&self, count: usize) {
        self.cuts.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// The API server did not tell.
    pub(crate) fn trouble(&self, kind: Watched) {
        self.troubles.get_or_create(&Kind { kind: kind.name().to_owned() }).inc();
    }

    /// What there was to say about policies.
    pub(crate) fn remarks(&self, remarks: &[Remark]) {
        let Ok(mut unread) = self.unread.lock() else { return };
        for remark in remarks {
            let policy = (remark.kind, remark.id.to_string());
            match remark.is_well() {
                true => drop(unread.remove(&policy)),
                false => drop(unread.insert(policy)),
            }
        }
        self.unreadable.set(i64::try_from(unread.len()).unwrap_or(i64::MAX));
    }

    /// How it stands.
    pub(crate) fn standing(&self, report: &Report) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.ready.set(i64::from(report.is_ready()));
        self.pods.set(number(report.pods));
        self.endpoints.set(number(report.endpoints));
        self.policies.get_or_create(&Mode { mode: mode(Table::Enforced) }).set(number(report.policies));
        self.policies.get_or_create(&Mode { mode: mode(Table::Tried) }).set(number(report.staged));
        self.chains.set(number(report.chains));
        self.sets.set(number(report.sets));
        self.elements.set(number(report.elements));
    }
}

fn mode(table: Table) -> &'static str {
    match table {
        Table::Enforced | Table::Frames => "enforced",
        Table::Tried => "audit",
    }
}
