//! Whether something comes in.

use super::{
    answer,
    judge::{Judge, Told},
    review::Request,
    standing::{Standing, Step},
};
use crate::args::{Fail, Mode, VerdictArgs};
use sekisho_core::{diagnostic::Severity, object::Cluster};
use sekisho_k8s::snapshot::Piece;
use sekisho_lint::config::Level;
use serde_json::Value;
use std::time::Instant;

/// The label of a namespace that says what the door does there.
const LABEL: &str = "sekisho.dev/admission";
/// The annotation with the reason for which somebody passes.
const BYPASS: &str = "sekisho.dev/bypass";
/// Who makes objects of other objects, which were judged. Whoever else names an owner is judged.
const CONTROLLERS: [&str; 2] = ["system:serviceaccount:kube-system:", "system:kube-controller-manager"];

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// There was nothing to look at.
    Skipped,
    /// It comes in.
    Allowed,
    /// It comes in with warnings.
    Warned,
    /// It does not come in.
    Refused,
    /// It comes in though it would have been refused: somebody may do that, and says why.
    Bypassed,
    /// It could not be judged, and comes in.
    Unjudged,
    /// It could not be judged, and does not come in.
    UnjudgedRefused,
}

impl Outcome {
    /// As it is counted and logged.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Allowed => "allowed",
            Self::Warned => "warned",
            Self::Refused => "refused",
            Self::Bypassed => "bypassed",
            Self::Unjudged => "unjudged",
            Self::UnjudgedRefused => "unjudged_refused",
        }
    }
}

/// What is answered, and why.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    /// What became of it.
    pub(super) outcome: Outcome,
    /// Why it does not come in.
    pub(super) refusal: Option<String>,
    /// What whoever asks is warned of.
    pub(super) warnings: Vec<String>,
    /// The codes of what was found.
    pub(super) codes: Vec<String>,
    /// The reason of who passes in spite of it.
    pub(super) reason: Option<String>,
}

impl Verdict {
    fn plain(outcome: Outcome) -> Self {
        Self { outcome, refusal: None, warnings: Vec::new(), codes: Vec::new(), reason: None }
    }

    /// There is nothing to look at.
    pub(super) fn skipped() -> Self {
        Self::plain(Outcome::Skipped)
    }

    /// That of something that cannot be judged.
    pub(super) fn unjudged(fail: Fail, why: &str) -> Self {
        let said = format!("sekisho could not judge it: {why}");
        match fail {
            Fail::Open => Self { warnings: answer::warnings(&[said]), ..Self::plain(Outcome::Unjudged) },
            Fail::Closed => Self { refusal: Some(said), ..Self::plain(Outcome::UnjudgedRefused) },
        }
    }
}

/// What a question is about; `None` where nothing that policies depend on would change.
pub(super) fn step(request: &Request) -> Option<Step> {
    if !request.sub_resource.is_empty() || is_made(request) {
        return None;
    }
    if request.operation == "DELETE" {
        return Piece::of(request.old_object.clone()).map(Step::Take);
    }
    if !["CREATE", "UPDATE"].contains(&request.operation.as_str()) || is_going(&request.object) {
        return None;
    }
    let piece = Piece::of(request.object.clone())?;
    let before = Piece::of(request.old_object.clone());
    (before.as_ref() != Some(&piece)).then_some(Step::Put(piece))
}

/// Whether somebody has deleted it already, and it is tidied up.
fn is_going(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null())
}

/// Whether a controller of the cluster does to an object what follows from another: pods of a template that was judged, and
/// all that goes with its namespace or owner.
fn is_made(request: &Request) -> bool {
    let by_controller = CONTROLLERS.iter().any(|name| request.user_info.username.starts_with(name));
    let owners = request.object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    by_controller && (request.operation == "DELETE" || owners.is_some_and(|owners| !owners.is_empty()))
}

/// Who decides.
pub(super) struct Door {
    /// What is refused.
    pub(super) how: VerdictArgs,
    /// What is found.
    pub(super) judge: Judge,
}

impl Door {
    /// What is answered.
    pub(super) fn decide(
        &mut self,
        standing: &mut Standing,
        request: &Request,
        step: &Step,
        until: Instant,
    ) -> Verdict {
        let home = step.piece().namespace.clone();
        if !home.is_empty() && self.mode(standing, &home) == Mode::Off {
            return Verdict::skipped();
        }
        if let Some(kind) = standing.lacking() {
            return Verdict::unjudged(self.how.fail, &format!("the {kind} of the cluster are not known yet"));
        }
        let told = match self.judge.judge(standing, step, until) {
            Ok(told) => told,
            Err(why) => return Verdict::unjudged(self.how.fail, &why),
        };
        self.verdict(standing, request, step, &told)
    }

    fn verdict(&self, standing: &Standing, request: &Request, step: &Step, told: &[Told]) -> Verdict {
        let home = &step.piece().namespace;
        let worst: Severity = Level::from(self.how.deny).into();
        let (mut refused, mut warned) = (Vec::new(), Vec::new());
        for one in told {
            let mode = match one.namespace.as_ref().unwrap_or(home) {
                name if is_new(standing, step, name) => self.how.of_label(label(&request.object)),
                name => self.mode(standing, name),
            };
            match mode {
                Mode::Deny if one.severity <= worst && may_refuse(request) => refused.push(one),
                Mode::Deny | Mode::Warn => warned.push(one),
                Mode::Off => {}
            }
        }
        let codes = refused.iter().chain(&warned).map(|one| one.code.clone()).collect();
        let lines = |all: &[&Told]| -> Vec<String> { all.iter().map(|one| one.words.clone()).collect() };
        let warnings = answer::warnings(&lines(&warned));
        if refused.is_empty() {
            let outcome = if warned.is_empty() { Outcome::Allowed } else { Outcome::Warned };
            return Verdict { warnings, codes, ..Verdict::plain(outcome) };
        }
        match self.bypass(request) {
            Ok(None) => Verdict {
                refusal: Some(answer::refusal(&refused)),
                warnings,
                codes,
                ..Verdict::plain(Outcome::Refused)
            },
            Ok(Some(reason)) => {
                let mut all = vec![format!("sekisho lets it pass: {reason}")];
                all.extend(lines(&refused));
                all.extend(lines(&warned));
                let warnings = answer::warnings(&all);
                Verdict { warnings, codes, reason: Some(reason), ..Verdict::plain(Outcome::Bypassed) }
            }
            Err(why) => Verdict {
                refusal: Some(format!("{}\n  {why}", answer::refusal(&refused))),
                warnings,
                codes,
                ..Verdict::plain(Outcome::Refused)
            },
        }
    }

    /// The reason of who may pass, where one is given; or why it does not hold.
    fn bypass(&self, request: &Request) -> Result<Option<String>, String> {
        let Some(reason) =
            request.whichever().pointer("/metadata/annotations").and_then(|all| all.get(BYPASS))
        else {
            return Ok(None);
        };
        let reason = reason.as_str().unwrap_or_default().trim();
        if reason.is_empty() {
            return Err(format!("the annotation {BYPASS} needs a reason"));
        }
        let groups = &request.user_info.groups;
        if !groups.iter().any(|group| self.how.bypass_group.contains(group)) {
            return Err(format!("`{}` may not use the annotation {BYPASS}", request.user_info.username));
        }
        Ok(Some(reason.to_owned()))
    }

    /// What holds in a namespace. Its label as it is counts, not as a change would have it.
    fn mode(&self, standing: &Standing, namespace: &str) -> Mode {
        self.how.mode_in(standing.cluster(), namespace)
    }
}

impl VerdictArgs {
    /// What holds in a namespace of `cluster`.
    pub(super) fn mode_in(&self, cluster: &Cluster, namespace: &str) -> Mode {
        let known = cluster.namespaces.get(namespace);
        self.of_label(known.and_then(|one| one.labels().get(LABEL)))
    }

    fn of_label(&self, label: Option<&str>) -> Mode {
        match label {
            Some("deny") => Mode::Deny,
            Some("warn") => Mode::Warn,
            Some("off") => Mode::Off,
            _ => self.mode,
        }
    }
}

/// The label of a namespace that is not there yet.
fn label(object: &Value) -> Option<&str> {
    object.pointer("/metadata/labels")?.get(LABEL)?.as_str()
}

/// Whether a step brings this namespace.
fn is_new(standing: &Standing, step: &Step, name: &str) -> bool {
    step.piece().kind == "namespaces" && !standing.cluster().namespaces.contains_key(name)
}

/// Whether a change may be refused: who takes a workload away opens nothing.
fn may_refuse(request: &Request) -> bool {
    request.operation != "DELETE" || request.kind.kind.ends_with("NetworkPolicy")
}

#[cfg(test)]
mod tests;
