//! What is counted, for Prometheus.

use super::door::{Outcome, Verdict};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use sekisho_k8s::watch::report::Weight;
use std::{collections::BTreeMap, sync::atomic::AtomicU64, time::Duration};

/// Bounds of durations, in seconds: what an answer should take, and what the API server waits for.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfVerdict {
    verdict: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfRule {
    rule: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfFound {
    rule: String,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfAudit {
    outcome: &'static str,
}

/// What is counted. One of them for the whole process.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<OfVerdict, Counter>,
    seconds: Histogram,
    findings: Family<OfRule, Counter>,
    bypasses: Counter,
    refused_questions: Counter,
    troubles: Family<OfKind, Counter>,
    ready: Gauge,
    expires: Gauge,
    found: Family<OfFound, Gauge>,
    audits: Family<OfAudit, Counter>,
    audit_seconds: Gauge<f64, AtomicU64>,
    audited: Gauge,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("sekisho_admission"),
            requests: Family::default(),
            seconds: Histogram::new(SECONDS),
            findings: Family::default(),
            bypasses: Counter::default(),
            refused_questions: Counter::default(),
            troubles: Family::default(),
            ready: Gauge::default(),
            expires: Gauge::default(),
            found: Family::default(),
            audits: Family::default(),
            audit_seconds: Gauge::default(),
            audited: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let Self { registry, .. } = self;
        registry.register("requests", "Answers, by verdict", self.requests.clone());
        registry.register_with_unit("answer", "How long answers took", Unit::Seconds, self.seconds.clone());
        registry.register("findings", "What changes would have brought, by rule", self.findings.clone());
        registry.register("bypasses", "Refusals that somebody passed with a reason", self.bypasses.clone());
        let unreadable = "Questions that could not be read: too large, or no AdmissionReview";
        registry.register("unreadable_questions", unreadable, self.refused_questions.clone());
        registry.register(
            "watch_troubles",
            "Times that the API server did not tell of a kind",
            self.troubles.clone(),
        );
        registry.register("ready", "Whether the whole cluster is known", self.ready.clone());
        let expires = "When the serving certificate expires, in seconds since 1970; 0 where it is a file";
        registry.register("certificate_expiry_timestamp_seconds", expires, self.expires.clone());
        let found = "What the last audit found in the cluster, by rule; `fail` would be refused";
        registry.register("audit_findings", found, self.found.clone());
        registry.register("audits", "Audits, by what became of them", self.audits.clone());
        let took = "How long the last audit took that came to its end";
        registry.register_with_unit("audit_duration", took, Unit::Seconds, self.audit_seconds.clone());
        let when = "When it came to its end, in seconds since 1970; 0 where none did";
        registry.register("audit_timestamp_seconds", when, self.audited.clone());
    }

    /// Counts an answer.
    pub(super) fn answered(&self, verdict: &Verdict, took: Duration) {
        self.requests.get_or_create(&OfVerdict { verdict: verdict.outcome.name() }).inc();
        self.seconds.observe(took.as_secs_f64());
        for code in &verdict.codes {
            self.findings.get_or_create(&OfRule { rule: code.clone() }).inc();
        }
        if verdict.outcome == Outcome::Bypassed {
            self.bypasses.inc();
        }
    }

    /// Counts a question that could not be read.
    pub(super) fn unreadable(&self) {
        self.refused_questions.inc();
    }

    /// Counts trouble with the API server.
    pub(super) fn trouble(&self, kind: &'static str) {
        self.troubles.get_or_create(&OfKind { kind }).inc();
    }

    /// Whether the whole cluster is known.
    pub(super) fn set_ready(&self, ready: bool) {
        self.ready.set(ready.into());
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready.get() == 1
    }

    /// What an audit found: how much, by rule and weight.
    pub(super) fn set_found(&self, found: &BTreeMap<(String, Weight), u64>) {
        self.found.clear();
        for ((rule, weight), count) in found {
            let result = match weight {
                Weight::Fail => "fail",
                Weight::Warn => "warn",
            };
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            self.found.get_or_create(&OfFound { rule: rule.clone(), result }).set(count);
        }
    }

    /// An audit came to its end.
    pub(super) fn audited(&self, took: Duration, now: i64) {
        self.audits.get_or_create(&OfAudit { outcome: "done" }).inc();
        self.audit_seconds.set(took.as_secs_f64());
        self.audited.set(now);
    }

    /// An audit did not.
    pub(super) fn audit_failed(&self) {
        self.audits.get_or_create(&OfAudit { outcome: "failed" }).inc();
    }

    /// When the serving certificate expires.
    pub(super) fn set_expiry(&self, seconds: i64) {
        self.expires.set(seconds);
    }

    /// All of it, as Prometheus reads it.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // INVARIANT: writing into a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
