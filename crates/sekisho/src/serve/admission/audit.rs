//! The whole cluster looked at from time to time: what came in before there was a door, or past it.
//!
//! It works on a copy, on threads that the answers go before, and says what it found in reports and in metrics.

use super::{
    engine::Message,
    judge::{Judge, in_parts},
    metrics::Metrics,
    standing::Copied,
};
use crate::{
    args::{Mode, ReportsArg, VerdictArgs},
    settings,
};
use sekisho_core::{diagnostic::Severity, index::Index, object::Workload};
use sekisho_k8s::{
    edit::Editor,
    live::Access,
    watch::report::{Entry, Family, Found, Reporter, Weight},
};
use sekisho_lint::{Extent, Finding, Subject, World, config::Level, facts::api_version};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc::Sender, oneshot};
use tracing::{info, warn};

/// How long the cluster is waited for at a time.
const PATIENCE: Duration = Duration::from_secs(2);
/// An audit that takes longer says nothing.
const LONGEST: Duration = Duration::from_secs(3600);
/// How much nicer than the answers its threads are.
const NICE: i32 = 10;

/// What was found, by namespace; the empty name has what lies in none.
type Founds = BTreeMap<Arc<str>, Found>;

/// Looks at everything from time to time.
pub(super) struct Auditor {
    /// Who has the cluster.
    pub(super) engine: Sender<Message>,
    /// What it is held against.
    pub(super) judge: Judge,
    /// What would be refused.
    pub(super) how: VerdictArgs,
    /// How long it rests.
    pub(super) every: Duration,
    /// Who writes reports.
    pub(super) reporter: Reporter,
    /// What is counted.
    pub(super) metrics: Arc<Metrics>,
}

/// Who writes reports of the kinds that are wanted.
pub(super) async fn reporter(access: &Access, wanted: ReportsArg) -> anyhow::Result<Reporter> {
    let wanted = match wanted {
        ReportsArg::Auto => Family::ALL.to_vec(),
        ReportsArg::Openreports => vec![Family::OpenReports],
        ReportsArg::Wgpolicyk8s => vec![Family::PolicyReports],
        ReportsArg::None => Vec::new(),
    };
    Ok(Reporter::prepare(access, wanted).await?)
}

impl Auditor {
    /// Audits until nobody has the cluster any more.
    pub(super) async fn run(mut self) {
        loop {
            let Some(copied) = self.copied().await else { return };
            let since = Instant::now();
            match self.once(copied).await {
                Ok(()) => self.metrics.audited(since.elapsed(), jiff::Timestamp::now().as_second()),
                Err(error) => {
                    self.metrics.audit_failed();
                    warn!(%error, "the audit failed");
                }
            }
            tokio::time::sleep(self.every).await;
        }
    }

    /// The cluster, as soon as all of it is known.
    async fn copied(&self) -> Option<Box<Copied>> {
        loop {
            let (answer, copied) = oneshot::channel();
            self.engine.send(Message::Copy(answer)).await.ok()?;
            if let Some(copied) = copied.await.ok()? {
                return Some(copied);
            }
            tokio::time::sleep(PATIENCE).await;
        }
    }

    async fn once(&mut self, copied: Box<Copied>) -> Result<(), String> {
        self.judge.standard.today = settings::today();
        let (judge, how) = (self.judge.clone(), self.how.clone());
        let looked = tokio::task::spawn_blocking(move || {
            // Threads that this one starts are as nice. Where it may not be, it is not.
            let _ = rustix::process::nice(NICE);
            look(&judge, &how, &copied)
        });
        let found = looked.await.map_err(|error| error.to_string())??;
        let entries = || found.values().flat_map(|found| &found.entries);
        let by_rule = entries().fold(BTreeMap::<_, u64>::new(), |mut all, entry| {
            *all.entry((entry.rule.0.clone(), entry.weight)).or_default() += 1;
            all
        });
        self.metrics.set_found(&by_rule);
        let Some(family) = self.reporter.family().await? else {
            info!(findings = entries().count(), "audited; the cluster has no kind of reports that is wanted");
            return Ok(());
        };
        let written = self.reporter.write(family, &found, jiff::Timestamp::now().as_second()).await?;
        let (reports, removed) = (written.written, written.removed);
        info!(findings = entries().count(), %family, reports, removed, "audited");
        Ok(())
    }
}

/// What is wrong in the cluster, by namespace.
fn look(judge: &Judge, how: &VerdictArgs, copied: &Copied) -> Result<Founds, String> {
    let Copied { cluster, sources, has_gaps } = copied;
    let index = Index::of(cluster.changes());
    let world = World::new(cluster, &index, &judge.standard, Extent::Whole, *has_gaps);
    let findings = judge.heard(&world, (cluster, sources), Instant::now() + LONGEST)?;
    let editor = Editor::new(sources);
    let worst: Severity = Level::from(how.deny).into();
    let weight = |severity: Severity| if severity <= worst { Weight::Fail } else { Weight::Warn };
    let mut found = Founds::new();
    let mut wrong = BTreeSet::new();
    for finding in &findings {
        let home = finding.subject.namespace().cloned().unwrap_or_default();
        if how.mode_in(cluster, &home) == Mode::Off {
            continue;
        }
        if let Subject::Policy(key) = &finding.subject {
            wrong.insert(key);
        }
        let entry = entry(finding, weight(finding.diagnostic.severity), &editor);
        found.entry(home).or_default().entries.push(entry);
    }
    for told in judge.promises.broken_in(cluster) {
        found.entry(Arc::default()).or_default().entries.push(Entry {
            rule: (told.code.clone(), told.code),
            category: "promise".to_owned(),
            weight: weight(told.severity),
            severity: grade(told.severity),
            message: told.words,
            object: None,
            path: None,
        });
    }
    for (namespace, found) in &mut found {
        let policies = cluster.policies_in(namespace);
        found.passed = policies.filter(|policy| !wrong.contains(&policy.key)).count();
    }
    Ok(found)
}

fn entry(finding: &Finding, weight: Weight, editor: &Editor<'_>) -> Entry {
    let (path, message) = in_parts(finding, editor);
    Entry {
        rule: (finding.code().to_owned(), finding.name.to_string()),
        category: finding.category.name().to_owned(),
        weight,
        severity: grade(finding.diagnostic.severity),
        message,
        object: object(&finding.subject),
        path,
    }
}

fn grade(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "high",
        Severity::Warning => "medium",
        Severity::Note => "low",
    }
}

/// The `apiVersion`, kind, namespace and name of an object.
fn object(subject: &Subject) -> Option<[Option<Arc<str>>; 4]> {
    let some = |text: &str| Some(Arc::from(text));
    match subject {
        Subject::Policy(key) => Some([
            some("networking.k8s.io/v1"),
            some("NetworkPolicy"),
            Some(Arc::clone(&key.namespace)),
            Some(Arc::clone(&key.name)),
        ]),
        Subject::Workload(Workload { key, kind }) => Some([
            Some(api_version(kind)).filter(|version| !version.is_empty()).map(Arc::from),
            Some(Arc::clone(kind)),
            Some(Arc::clone(&key.namespace)),
            Some(Arc::clone(&key.name)),
        ]),
        Subject::Namespace(name) => Some([some("v1"), some("Namespace"), None, Some(Arc::clone(name))]),
        Subject::ClusterPolicy(name) => {
            Some([None, some(&name.kind.to_string()), None, Some(Arc::clone(&name.name))])
        }
        Subject::Text => None,
    }
}
