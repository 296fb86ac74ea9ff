//! What a change would bring: what is found after it and was not there before, where it may matter.

use super::{
    promised::Promises,
    standing::{Standing, Step},
};
use crate::{
    check::{Found, Look, settings::Settings, since},
    settings,
};
use sekisho_core::{
    diagnostic::Severity,
    object::{Cluster, Labels, PeerKind},
    promise::Around,
    standard::Standard,
};
use sekisho_k8s::{
    Options,
    edit::{Editor, Sources},
    read_texts,
};
use sekisho_lint::{Category, Extent, Finding, Subject, World, find, rego::Rules};
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

/// Something that a change would bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// The code of the rule, or `promise`.
    pub(super) code: String,
    /// How bad it is.
    pub(super) severity: Severity,
    /// The namespace that it is about, where it is about one.
    pub(super) namespace: Option<Arc<str>>,
    /// What is wrong, where, and what to do, in a line.
    pub(super) words: String,
}

/// What objects are held against.
#[derive(Clone)]
pub(super) struct Judge {
    /// What the team has agreed on.
    pub(super) standard: Standard,
    /// What the team wants to hear.
    pub(super) settings: Settings,
    /// The team's own rules.
    pub(super) rules: Option<Rules>,
    /// What no change may break.
    pub(super) promises: Promises,
}

/// What was found in a state of the cluster.
#[derive(Default)]
struct Seen {
    findings: Vec<Finding>,
    sources: Sources,
}

impl Judge {
    /// What `step` would bring.
    ///
    /// # Errors
    /// When that cannot be told, why.
    pub(super) fn judge(
        &mut self,
        standing: &mut Standing,
        step: &Step,
        until: Instant,
    ) -> Result<Vec<Told>, String> {
        self.standard.today = settings::today();
        if let Step::Put(piece) = step {
            let alone = read_texts([(&piece.name, piece.text.as_bytes())], &Options::default());
            let error = alone.diagnostics.iter().find(|found| found.severity == Severity::Error);
            if let Some(error) = error {
                return Err(format!("it cannot be read: {}", error.message));
            }
        }
        let focus = focus(standing, step);
        let judge = &*self;
        let home = &step.piece().namespace;
        let is_apart = !home.is_empty() && Around::is_apart(standing.index(), home);
        let (seen, suspects) = standing.after(step, |after| {
            let seen = judge.seen(after, (focus.as_ref(), None), until);
            (seen, judge.promises.suspects(after, home, is_apart))
        });
        let Seen { findings, sources } = seen?;
        // Where all is well afterwards nobody has to know how it was, and else what these rules said.
        let before = match findings.is_empty() {
            true => Seen::default(),
            false => self.seen(standing, (focus.as_ref(), asked(&findings)), until)?,
        };
        let broken = self.promises.broken_by(step, standing, suspects);
        if Instant::now() > until {
            return Err("it took too long".to_owned());
        }
        let brought = since::brought((&before.findings, &before.sources), (findings, &sources));
        let editor = Editor::new(&sources);
        let own = step.piece().name.as_ref();
        let mut told: Vec<Told> = brought.iter().map(|finding| in_words(finding, own, &editor)).collect();
        told.extend(broken);
        told.sort_by_key(|one| one.severity);
        Ok(told)
    }

    /// What is found in `standing`, in some namespaces or in all, by some rules or by all.
    fn seen(
        &self,
        standing: &Standing,
        (focus, rules): (Option<&BTreeSet<Arc<str>>>, Option<BTreeSet<&str>>),
        until: Instant,
    ) -> Result<Seen, String> {
        let (cluster, standard) = (standing.cluster(), &self.standard);
        let world = World::new(cluster, standing.index(), standard, Extent::Whole, standing.has_gaps());
        let world = match focus {
            Some(namespaces) => world.only(namespaces.clone()),
            None => world,
        };
        let world = match rules {
            Some(codes) => world.asking(codes),
            None => world,
        };
        let sources = standing.sources(focus);
        let findings = self.heard(&world, (&part(cluster, focus), &sources), until)?;
        Ok(Seen { findings, sources })
    }

    /// What is to be heard of what is found in `world`, whose policies are in `part` and its texts in `sources`.
    ///
    /// # Errors
    /// When that cannot be told, why.
    pub(super) fn heard(
        &self,
        world: &World<'_>,
        (part, sources): (&Cluster, &Sources),
        until: Instant,
    ) -> Result<Vec<Finding>, String> {
        let found = Found::of(world, self.rules.as_ref(), || Instant::now() < until)
            .ok_or_else(|| "it took too long".to_owned())?;
        let look = Look {
            standard: &self.standard,
            extent: Extent::Whole,
            own: self.rules.as_ref(),
            settings: Some(&self.settings),
        };
        look.hear(found, (part, sources)).map_err(|errors| {
            let first = errors.first().map(|error| error.message.clone()).unwrap_or_default();
            format!("a rule in Rego could not be evaluated: {first}")
        })
    }
}

/// A finding in a line: of which rule, where, and what to do.
fn in_words(finding: &Finding, own: &str, editor: &Editor<'_>) -> Told {
    let found = &finding.diagnostic;
    let mut words = format!("{} {}", finding.code(), finding.name);
    if *found.origin.source != *own && finding.subject != Subject::Text {
        words.push_str(&format!(", in {}", finding.subject));
    }
    let (way, what) = in_parts(finding, editor);
    if let Some(way) = way {
        words.push_str(&format!(", at {way}"));
    }
    words.push_str(&format!(": {what}"));
    Told {
        code: finding.code().to_owned(),
        severity: found.severity,
        namespace: finding.subject.namespace().cloned(),
        words,
    }
}

/// Where in its object a finding is; and what is wrong and what to do, in a line.
pub(super) fn in_parts(finding: &Finding, editor: &Editor<'_>) -> (Option<String>, String) {
    let found = &finding.diagnostic;
    let way = editor.way(&found.origin).filter(|way| !way.is_empty());
    let what = match &found.help {
        Some(help) => format!("{}; {help}", found.message),
        None => found.message.clone(),
    };
    (way, what.replace('\n', " "))
}

/// The rules that found something, by code; `None` where all must be asked whether it is new. What silences nothing
/// is known by all that is found.
fn asked(findings: &[Finding]) -> Option<BTreeSet<&str>> {
    let codes: BTreeSet<&str> = findings.iter().map(Finding::code).collect();
    let is_about_others = |code: &&str| find(code).is_some_and(|rule| rule.category == Category::Ignoring);
    (!codes.iter().any(is_about_others)).then_some(codes)
}

/// The namespaces that a step may matter in; `None` for all.
fn focus(standing: &Standing, step: &Step) -> Option<BTreeSet<Arc<str>>> {
    let piece = step.piece();
    if !piece.namespace.is_empty() {
        return Some([Arc::clone(&piece.namespace)].into());
    }
    if piece.kind != "namespaces" {
        return None;
    }
    let read = read_texts([(&piece.name, piece.text.as_bytes())], &Options::default()).cluster;
    let (name, now) = read.namespaces.into_iter().next()?;
    let nothing = Labels::default();
    let before = standing.cluster().namespaces.get(&name).map_or(&nothing, |one| one.labels());
    let mut focus: BTreeSet<Arc<str>> = [name].into();
    // Whose selectors select it now or did before, but not both.
    let policies = standing.cluster().policies.values();
    let touched = policies.filter(|policy| {
        let rules = policy.ingress.iter().chain(&policy.egress);
        let mut peers = rules.flat_map(|rule| &rule.peers);
        peers.any(|peer| match &peer.kind {
            PeerKind::Namespaces(namespaces) | PeerKind::PodsInNamespaces { namespaces, .. } => {
                namespaces.matches(before) != namespaces.matches(now.labels())
            }
            PeerKind::Pods(_) | PeerKind::Block(_) => false,
        })
    });
    focus.extend(touched.map(|policy| Arc::clone(&policy.key.namespace)));
    Some(focus)
}

/// The policies of some namespaces: what else there is no ignore is in.
fn part(cluster: &Cluster, focus: Option<&BTreeSet<Arc<str>>>) -> Cluster {
    let is_in = |namespace| focus.is_none_or(|focus| focus.contains(namespace));
    let policies = cluster.policies.iter().filter(|(key, _)| is_in(&key.namespace));
    Cluster {
        policies: policies.map(|(key, policy)| (key.clone(), policy.clone())).collect(),
        ..Cluster::default()
    }
}

/// How long an answer may take: the API server waits a little longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);
