//! What alerts say.

use super::{Alert, Name, cause::Cause, except::Leaning, predict::Broken, watch::Prediction};
use sekisho_flow::{
    Timestamp,
    record::{Flow, Key, Outcome, PolicyRef},
};
use std::{collections::BTreeSet, time::Duration};

pub(super) fn new_denial(cause: &Cause, flow: &Flow, memory: Duration) -> Alert {
    let [namespace, from, to, port] = cause.labels(flow.key.refused_by().map(|(end, _)| end));
    let outcome = ("outcome", flow.key.outcome.to_string());
    let mut alert = Alert::new(Name::NewDenial, [namespace, from, to, port, outcome], flow.seen.first);
    let days = memory.as_secs() / 86_400;
    let is =
        if flow.key.outcome == Outcome::Denied { "is denied" } else { "would be denied by what is tried" };
    alert.summary = format!("{cause} {is}, and was not in {days} days");
    alert.description = denial(&flow.key, flow);
    alert
}

pub(super) fn would_break(cause: &Cause, found: &Broken, at: Timestamp) -> Alert {
    let [namespace, from, to, port] = cause.labels(None);
    let policies = ("policies", list(&found.by));
    let mut alert = Alert::new(Name::WouldBreak, [namespace, from, to, port, policies], at);
    let by = list(&found.by);
    alert.summary = format!("{cause} flowed, and does not pass since {by} was changed");
    let seen = &found.flow.seen;
    alert.description = format!("seen {} times, last at {}; {}", seen.count, seen.last, found.why);
    alert
}

pub(super) fn predicted(cause: &Cause, flow: &Flow, prediction: &Prediction) -> Alert {
    let [namespace, from, to, port] = cause.labels(flow.key.refused_by().map(|(end, _)| end));
    let by = list(&prediction.by);
    let policies = ("policies", by.clone());
    let mut alert = Alert::new(Name::PredictedDenial, [namespace, from, to, port, policies], flow.seen.first);
    alert.summary =
        format!("{cause} is denied, as the change of {by} at {} was to bring about", prediction.at);
    let before = &prediction.flow.seen;
    alert.description = format!(
        "{}; it was allowed {} times before, last at {}",
        denial(&flow.key, flow),
        before.count,
        before.last
    );
    alert
}

pub(super) fn only_by_exception(
    cause: &Cause,
    Leaning { flow, exception, expired }: &Leaning,
    at: Timestamp,
) -> Alert {
    let [_, from, to, port] = cause.labels(None);
    let labels = [
        ("namespace", exception.component.namespace.to_string()),
        from,
        to,
        port,
        ("component", exception.component.to_string()),
        ("with", exception.with.to_string()),
        ("until", exception.until.to_string()),
        ("expired", expired.to_string()),
    ];
    let mut alert = Alert::new(Name::OnlyByException, labels, at);
    let holds = if *expired { "which has expired on" } else { "which holds until" };
    alert.summary = format!(
        "{cause} passes only by the exception of `{}` for `{}`, {holds} {}",
        exception.component, exception.with, exception.until
    );
    let seen = &flow.seen;
    alert.description = format!(
        "seen {} times, last at {}; the exception is for {}",
        seen.count, seen.last, exception.reason
    );
    alert
}

/// Who was denied, and why.
fn denial(key: &Key, flow: &Flow) -> String {
    let side = key.refused_by().map(|(_, side)| side);
    let why = side.map(|side| key.leave.side(side)).filter(|why| why.denies() == Some(true));
    let why =
        why.zip(side).map_or_else(|| "nobody says why".to_owned(), |(why, side)| format!("{side}: {why}"));
    let near =
        flow.seen.nearest.as_ref().map(|nearest| format!("; nearest: {}: {}", nearest.policy, nearest.lacks));
    format!("{} -> {}; {why}{}", key.from, key.to, near.unwrap_or_default())
}

fn list(policies: &BTreeSet<PolicyRef>) -> String {
    let names: Vec<String> = policies.iter().map(ToString::to_string).collect();
    names.join(", ")
}
