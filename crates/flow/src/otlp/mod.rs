//! Flows as log records of OpenTelemetry.
//!
//! A request is an `ExportLogsServiceRequest` in the JSON of OTLP: names in lower camel case, enumerations as numbers, and
//! integers of 64 bits as strings of digits (the OTLP specification, "JSON Protobuf Encoding", which follows
//! proto3's). It is what is sent to `/v1/logs`, and what a file of OpenTelemetry's has a line each of.
//! `docs/flows.md` lists the attributes.

mod attributes;

use crate::record::{Flow, Outcome};
use serde::{Serialize, Serializer};

/// Who tells of flows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Teller {
    /// The version of the program.
    pub version: String,
    /// The name of the cluster, where it has one.
    pub cluster: Option<String>,
}

/// The flows as a request, a log record each.
#[must_use]
pub fn request(flows: &[Flow], teller: &Teller) -> String {
    let mut about = vec![
        Attribute::text("service.name", "sekisho"),
        Attribute::text("service.version", teller.version.as_str()),
    ];
    about.extend(teller.cluster.as_deref().map(|name| Attribute::text("k8s.cluster.name", name)));
    let scope = Scope { name: "sekisho.flow", version: teller.version.clone() };
    let scope_logs = [ScopeLogs { scope, log_records: flows.iter().map(record).collect() }];
    let request =
        Request { resource_logs: [ResourceLogs { resource: Resource { attributes: about }, scope_logs }] };
    // INVARIANT: no key of a map is anything but a string, so nothing here can fail.
    serde_json::to_string(&request).unwrap_or_default()
}

fn record(flow: &Flow) -> LogRecord {
    let Flow { window, key, seen } = flow;
    // `SeverityNumber` of the log data model: INFO is 9, WARN 13.
    let (severity_number, severity_text) = match key.outcome {
        Outcome::Allowed => (9, "INFO"),
        Outcome::Denied | Outcome::Audited => (13, "WARN"),
    };
    LogRecord {
        time_unix_nano: Int(seen.first.as_nanosecond()),
        observed_time_unix_nano: Int(window.to().as_nanosecond()),
        severity_number,
        severity_text,
        body: Value::Text(key.to_string()),
        attributes: attributes::of(flow),
        event_name: "sekisho.flow",
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    resource_logs: [ResourceLogs; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceLogs {
    resource: Resource,
    scope_logs: [ScopeLogs; 1],
}

#[derive(Serialize)]
struct Resource {
    attributes: Vec<Attribute>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScopeLogs {
    scope: Scope,
    log_records: Vec<LogRecord>,
}

#[derive(Serialize)]
struct Scope {
    name: &'static str,
    version: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogRecord {
    time_unix_nano: Int,
    observed_time_unix_nano: Int,
    severity_number: u8,
    severity_text: &'static str,
    body: Value,
    attributes: Vec<Attribute>,
    event_name: &'static str,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Attribute {
    key: &'static str,
    value: Value,
}

impl Attribute {
    fn text(key: &'static str, value: impl Into<String>) -> Self {
        Self { key, value: Value::Text(value.into()) }
    }

    fn int(key: &'static str, value: impl Into<i128>) -> Self {
        Self { key, value: Value::Int(Int(value.into())) }
    }

    fn list<'t>(key: &'static str, values: impl Iterator<Item = &'t str>) -> Self {
        let values = values.map(|value| Value::Text(value.to_owned())).collect();
        Self { key, value: Value::List { values } }
    }
}

/// An `AnyValue`.
#[derive(Debug, PartialEq, Eq, Serialize)]
enum Value {
    #[serde(rename = "stringValue")]
    Text(String),
    #[serde(rename = "intValue")]
    Int(Int),
    #[serde(rename = "arrayValue")]
    List { values: Vec<Value> },
}

/// An integer of 64 bits, which is written as a string.
#[derive(Debug, PartialEq, Eq)]
struct Int(i128);

impl Serialize for Int {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}
