//! Alerts as others read them.

use super::Alert;
use sekisho_flow::Timestamp;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// As Alertmanager's API v2 takes them (`POST /api/v2/alerts`, `postableAlerts` of its OpenAPI description). Those that are not over end
/// `soon` after `now`: they are sent again before that, and are over by themselves if nobody does.
#[must_use]
pub fn alertmanager<'a>(
    alerts: impl IntoIterator<Item = &'a Alert>,
    about: &str,
    now: Timestamp,
    soon: Duration,
) -> String {
    let until = now.checked_add(soon).unwrap_or(Timestamp::MAX);
    let alerts: Vec<Postable<'_>> = alerts
        .into_iter()
        .map(|alert| Postable {
            labels: &alert.labels,
            annotations: BTreeMap::from([
                ("description", alert.description.as_str()),
                ("summary", alert.summary.as_str()),
            ]),
            starts_at: alert.starts.to_string(),
            ends_at: alert.ends.unwrap_or(until).to_string(),
            generator_url: about,
        })
        .collect();
    json(&alerts)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Postable<'a> {
    labels: &'a BTreeMap<&'static str, String>,
    annotations: BTreeMap<&'static str, &'a str>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL", skip_serializing_if = "str::is_empty")]
    generator_url: &'a str,
}

/// For a webhook of anybody's: an object with `version`, `sekisho.alerts/1`, and `alerts`, each with its `fingerprint`, `status` (`firing` or
/// `resolved`), `name`, `severity`, `labels`, `summary`, `description`, `startsAt` and, when it is over, `endsAt`.
#[must_use]
pub fn webhook<'a>(alerts: impl IntoIterator<Item = &'a Alert>) -> String {
    let alerts = alerts.into_iter().map(|alert| One {
        fingerprint: alert.fingerprint(),
        status: if alert.ends.is_some() { "resolved" } else { "firing" },
        name: alert.name.to_string(),
        severity: alert.name.severity(),
        labels: &alert.labels,
        summary: &alert.summary,
        description: &alert.description,
        starts_at: alert.starts.to_string(),
        ends_at: alert.ends.map(|ends| ends.to_string()),
    });
    json(&Hook { version: "sekisho.alerts/1", alerts: alerts.collect() })
}

#[derive(Serialize)]
struct Hook<'a> {
    version: &'static str,
    alerts: Vec<One<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct One<'a> {
    fingerprint: String,
    status: &'static str,
    name: String,
    severity: &'static str,
    labels: &'a BTreeMap<&'static str, String>,
    summary: &'a str,
    description: &'a str,
    starts_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
}

fn json(value: &impl Serialize) -> String {
    // INVARIANT: no key of a map is anything but a string, so nothing here can fail.
    serde_json::to_string(value).unwrap_or_default()
}
