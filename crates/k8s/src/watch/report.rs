//! What was found in a cluster, as objects that its own tools show: `Report` and `ClusterReport` of `openreports.io`, or
//! `PolicyReport` and `ClusterPolicyReport` of `wgpolicyk8s.io`, which it came of. The fields are those of
//! `reports-api` v0.2.1, and the same in both.

use crate::live::{Access, LiveError, connect, error};
use kube::{
    Api, Client,
    api::{DeleteParams, DynamicObject, ListParams, PostParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// What our reports are called, each in its namespace, and who is said to have written them.
const OURS: &str = "sekisho";
/// Ours among others.
const LABEL: &str = "app.kubernetes.io/managed-by";
/// So many entries are in a report at most, for an object of the API server has 1.5 MiB at most.
const MOST: usize = 500;
/// So many characters of a message.
const LONGEST: usize = 1024;
/// The statuses of HTTP when somebody else was faster, and when something is not there.
const CONFLICT: u16 = 409;
const NOT_FOUND: u16 = 404;

/// Whose kinds of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `openreports.io/v1alpha1`.
    OpenReports,
    /// `wgpolicyk8s.io/v1alpha2`.
    PolicyReports,
}

impl Family {
    /// The newer one first.
    pub const ALL: [Self; 2] = [Self::OpenReports, Self::PolicyReports];

    fn version(self) -> (&'static str, &'static str) {
        match self {
            Self::OpenReports => ("openreports.io", "v1alpha1"),
            Self::PolicyReports => ("wgpolicyk8s.io", "v1alpha2"),
        }
    }

    /// The kind of a namespace's report, or of the cluster's.
    fn resource(self, is_namespaced: bool) -> ApiResource {
        let kind = match (self, is_namespaced) {
            (Self::OpenReports, true) => "Report",
            (Self::OpenReports, false) => "ClusterReport",
            (Self::PolicyReports, true) => "PolicyReport",
            (Self::PolicyReports, false) => "ClusterPolicyReport",
        };
        let (group, version) = self.version();
        ApiResource::from_gvk_with_plural(
            &GroupVersionKind::gvk(group, version, kind),
            &format!("{}s", kind.to_ascii_lowercase()),
        )
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (group, version) = self.version();
        write!(f, "{group}/{version}")
    }
}

/// How a thing found counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// What would be refused.
    Fail,
    /// What would be warned of.
    Warn,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// By which rule: its code and its name.
    pub rule: (String, String),
    /// What the rule is about.
    pub category: String,
    /// How it counts.
    pub weight: Weight,
    /// `high`, `medium` or `low`.
    pub severity: &'static str,
    /// What is wrong, and what to do.
    pub message: String,
    /// The object: its `apiVersion`, kind, namespace and name; the former where they are known.
    pub object: Option<[Option<Arc<str>>; 4]>,
    /// Where in it.
    pub path: Option<String>,
}

/// What was found in a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// In the order in which they are told.
    pub entries: Vec<Entry>,
    /// How many policies have nothing the matter with them.
    pub passed: usize,
}

/// What became of reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many were written.
    pub written: usize,
    /// How many said it already.
    pub same: usize,
    /// How many were taken away.
    pub removed: usize,
}

/// Writes reports.
pub struct Reporter {
    client: Client,
    wanted: Vec<Family>,
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

impl Reporter {
    /// Makes ready to write those of the first of `wanted` that the cluster has; no packet is sent yet. Of `access` the time
    /// limit does not count.
    ///
    /// # Errors
    /// When the kubeconfig cannot be used.
    pub async fn prepare(access: &Access, wanted: Vec<Family>) -> Result<Self, LiveError> {
        Ok(Self { client: connect::watching(access).await?, wanted })
    }

    /// The family that the cluster has; `None` where it has none of those that are wanted.
    ///
    /// # Errors
    /// When the API server does not tell, in words.
    pub async fn family(&self) -> Result<Option<Family>, String> {
        for family in &self.wanted {
            match self.client.list_api_group_resources(&family.to_string()).await {
                Ok(_) => return Ok(Some(*family)),
                Err(kube::Error::Api(status)) if status.code == NOT_FOUND => {}
                Err(error) => return Err(format!("cannot ask for {family}: {}", error::chain(&error))),
            }
        }
        Ok(None)
    }

    /// Makes the cluster's reports say what was found, by namespace and of what lies in none (the empty name), as of `now`, in
    /// seconds since 1970. What says it already is left as it is, so any number of writers may do the same.
    ///
    /// # Errors
    /// What could not be read or written, in words; the rest is.
    pub async fn write(
        &self,
        family: Family,
        found: &BTreeMap<Arc<str>, Found>,
        now: i64,
    ) -> Result<Written, String> {
        let mut known = BTreeMap::new();
        for is_namespaced in [true, false] {
            let resource = family.resource(is_namespaced);
            let all: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
            let ours = all.list(&ListParams::default().labels(&format!("{LABEL}={OURS}"))).await;
            let ours =
                ours.map_err(|error| format!("cannot list {}: {}", resource.plural, error::chain(&error)))?;
            let named = ours.items.into_iter().filter(|one| one.metadata.name.as_deref() == Some(OURS));
            known.extend(named.map(|one| (one.metadata.namespace.clone().unwrap_or_default(), one)));
        }
        let mut written = Written::default();
        let mut troubles = BTreeSet::new();
        for (namespace, found) in found {
            match self.put(family, namespace, found, known.remove(&**namespace), now).await {
                Ok(true) => written.written += 1,
                Ok(false) => written.same += 1,
                Err(trouble) => drop(troubles.insert(trouble)),
            }
        }
        for namespace in known.into_keys() {
            match self.api(family, &namespace).delete(OURS, &DeleteParams::default()).await {
                Ok(_) => written.removed += 1,
                Err(error) if status_of(&error) == Some(NOT_FOUND) => {}
                Err(error) => drop(troubles.insert(cannot("take away", &namespace, &error))),
            }
        }
        if troubles.is_empty() {
            Ok(written)
        } else {
            Err(troubles.into_iter().collect::<Vec<_>>().join("; "))
        }
    }

    fn api(&self, family: Family, namespace: &str) -> Api<DynamicObject> {
        let client = self.client.clone();
        match namespace {
            "" => Api::all_with(client, &family.resource(false)),
            name => Api::namespaced_with(client, name, &family.resource(true)),
        }
    }

    /// Whether a report had to be written.
    async fn put(
        &self,
        family: Family,
        namespace: &str,
        found: &Found,
        known: Option<DynamicObject>,
        now: i64,
    ) -> Result<bool, String> {
        let before = known.as_ref().map_or(&Value::Null, |known| &known.data);
        let body = body(found, before, now);
        if is_said(before, &body) {
            return Ok(false);
        }
        let mut object = DynamicObject::new(OURS, &family.resource(!namespace.is_empty())).data(body);
        object.metadata.labels = Some([(LABEL.to_owned(), OURS.to_owned())].into());
        let (api, how) = (self.api(family, namespace), PostParams::default());
        let written = match known {
            Some(known) => {
                object.metadata.resource_version = known.metadata.resource_version;
                api.replace(OURS, &how, &object).await
            }
            None => api.create(&how, &object).await,
        };
        match written {
            Ok(_) => Ok(true),
            // Another writer was faster, or the namespace is gone.
            Err(error) if [Some(CONFLICT), Some(NOT_FOUND)].contains(&status_of(&error)) => Ok(false),
            Err(error) => Err(cannot("write", namespace, &error)),
        }
    }
}

fn cannot(what: &str, namespace: &str, error: &kube::Error) -> String {
    let whose = if namespace.is_empty() { "the cluster".to_owned() } else { format!("`{namespace}`") };
    format!("cannot {what} the report of {whose}: {}", error::chain(error))
}

fn status_of(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}

/// What a report says. Of what was found before it says since when.
fn body(found: &Found, before: &Value, now: i64) -> Value {
    let known: BTreeMap<String, &Value> = results(before).map(|one| (essence(one), one)).collect();
    let entries = found.entries.iter().take(MOST).map(|entry| {
        let mut told = told(entry);
        let since = known.get(&essence(&told)).and_then(|one| one.get("timestamp"));
        let since = since.cloned().unwrap_or_else(|| json!({"seconds": now, "nanos": 0}));
        if let Value::Object(told) = &mut told {
            told.insert("timestamp".to_owned(), since);
        }
        told
    });
    let count = |weight| found.entries.iter().filter(|entry| entry.weight == weight).count();
    let mut body = json!({
        "source": OURS,
        "results": entries.collect::<Vec<_>>(),
        "summary": {
            "pass": found.passed, "fail": count(Weight::Fail), "warn": count(Weight::Warn), "error": 0, "skip": 0,
        },
    });
    if found.entries.len() > MOST
        && let Value::Object(body) = &mut body
    {
        body.insert("configuration".to_owned(), json!({"limits": {"maxResults": MOST}}));
    }
    body
}

fn results(body: &Value) -> impl Iterator<Item = &Value> {
    body.get("results").and_then(Value::as_array).into_iter().flatten()
}

/// An entry without its time. What the API server writes in where nothing stood counts for nothing.
fn essence(entry: &Value) -> String {
    let known = ["policy", "rule", "category", "severity", "result", "message", "resources", "properties"];
    let parts = known.iter().filter_map(|key| Some(((*key).to_owned(), entry.get(*key)?.clone())));
    Value::Object(parts.collect()).to_string()
}

/// Whether the report that is there says what `body` does.
fn is_said(before: &Value, body: &Value) -> bool {
    let told = |value: &Value| results(value).map(essence).collect::<Vec<_>>();
    told(before) == told(body) && before.get("summary") == body.get("summary")
}

fn told(entry: &Entry) -> Value {
    let Entry { rule: (code, name), category, weight, severity, message, object, path } = entry;
    let result = match weight {
        Weight::Fail => "fail",
        Weight::Warn => "warn",
    };
    let mut message: String = message.clone();
    if let Some((at, _)) = message.char_indices().nth(LONGEST) {
        message.truncate(at);
        message.push('…');
    }
    let mut told = json!({
        "source": OURS, "policy": code, "rule": name, "category": category, "severity": severity,
        "result": result, "scored": true, "message": message,
    });
    let Value::Object(fields) = &mut told else { return told };
    if let Some(object) = object {
        let parts = ["apiVersion", "kind", "namespace", "name"].into_iter().zip(object);
        let parts = parts.filter_map(|(key, part)| Some((key.to_owned(), Value::from(part.as_deref()?))));
        fields.insert("resources".to_owned(), json!([parts.collect::<Map<_, _>>()]));
    }
    if let Some(path) = path {
        fields.insert("properties".to_owned(), json!({"path": path}));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(message: &str) -> Entry {
        Entry {
            rule: ("SK301".to_owned(), "whole-namespace".to_owned()),
            category: "least-privilege".to_owned(),
            weight: Weight::Warn,
            severity: "medium",
            message: message.to_owned(),
            object: Some([None, Some("NetworkPolicy".into()), Some("shop".into()), Some("web".into())]),
            path: Some("spec.ingress[0]".to_owned()),
        }
    }

    #[test]
    fn what_was_found_before_is_told_since_then() {
        let first = body(&Found { entries: vec![entry("a")], passed: 3 }, &Value::Null, 100);
        let two = Found { entries: vec![entry("a"), entry("b")], passed: 3 };
        let second = body(&two, &first, 200);
        let times: Vec<_> =
            results(&second).map(|one| one.pointer("/timestamp/seconds").cloned().unwrap()).collect();
        assert_eq!(times, [json!(100), json!(200)]);
        assert!(!is_said(&first, &second) && is_said(&second, &body(&two, &second, 300)));
        assert_eq!(second.pointer("/summary/warn"), Some(&json!(2)));
        let resource = json!([{"kind": "NetworkPolicy", "namespace": "shop", "name": "web"}]);
        assert_eq!(second.pointer("/results/0/resources"), Some(&resource));
    }

    #[test]
    fn a_report_is_no_larger_than_an_object_may_be() {
        let many = Found { entries: vec![entry(&"ü".repeat(5000)); 4000], passed: 0 };
        let body = body(&many, &Value::Null, 1);
        assert!(body.to_string().len() < 3 << 19, "{}", body.to_string().len());
        assert_eq!(results(&body).count(), MOST);
        assert_eq!(body.pointer("/summary/warn"), Some(&json!(4000)), "all are counted");
        assert_eq!(body.pointer("/configuration/limits/maxResults"), Some(&json!(MOST)));
    }
}
