//! `AdmissionReview` of `admission.k8s.io/v1`: what the API server asks, and what it is answered.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version that is spoken.
const VERSION: &str = "admission.k8s.io/v1";
/// What the objects are called.
const KIND: &str = "AdmissionReview";

/// A question, as it comes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    api_version: String,
    kind: String,
    request: Option<Request>,
}

/// What somebody wants to do to an object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    /// What the answer is told by.
    pub(super) uid: String,
    /// `CREATE`, `UPDATE` or `DELETE`.
    pub(super) operation: String,
    /// The kind of the object.
    pub(super) kind: Kind,
    /// The namespace of the request; of a namespace its own name, or nothing.
    pub(super) namespace: String,
    /// The name; empty where the API server makes it.
    pub(super) name: String,
    /// Whether nothing will be written.
    pub(super) dry_run: bool,
    /// A part of the object, such as `status`.
    pub(super) sub_resource: String,
    /// Who asks.
    pub(super) user_info: User,
    /// The object as it would be; null where it goes.
    pub(super) object: Value,
    /// The object as it is; null where it is new.
    pub(super) old_object: Value,
}

/// A kind of object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Kind {
    /// The kind, `NetworkPolicy`.
    pub(super) kind: String,
}

/// Who asks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct User {
    /// The name.
    pub(super) username: String,
    /// The groups.
    pub(super) groups: Vec<String>,
}

impl Request {
    /// What is asked in a body.
    ///
    /// # Errors
    /// When it is no question of this version, in words.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let asked: Asked =
            serde_json::from_slice(body).map_err(|error| format!("it is no {KIND}: {error}"))?;
        if asked.api_version != VERSION || asked.kind != KIND {
            return Err(format!(
                "it is a {} of {}, and no {KIND} of {VERSION}",
                asked.kind, asked.api_version
            ));
        }
        asked.request.ok_or_else(|| format!("the {KIND} has no request"))
    }

    /// The object as it would be, or as it was where it goes.
    pub(super) fn whichever(&self) -> &Value {
        if self.object.is_null() { &self.old_object } else { &self.object }
    }

    /// How people call the object: `NetworkPolicy shop/web`.
    pub(super) fn object_name(&self) -> String {
        let made =
            || self.whichever().pointer("/metadata/generateName").and_then(Value::as_str).unwrap_or_default();
        let name = if self.name.is_empty() { made() } else { &self.name };
        let slash = if self.namespace.is_empty() || self.kind.kind == "Namespace" {
            String::new()
        } else {
            format!("{}/", self.namespace)
        };
        format!("{} {slash}{name}", self.kind.kind)
    }
}

/// What is answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    api_version: &'static str,
    kind: &'static str,
    response: Response,
}

#[derive(Debug, Serialize)]
struct Response {
    uid: String,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Status {
    code: u16,
    reason: &'static str,
    message: String,
}

impl Answer {
    /// That of the question with this `uid`: refused where there is a `refusal`, with warnings.
    pub(super) fn of(uid: String, refusal: Option<String>, warnings: Vec<String>) -> Self {
        let status = refusal.map(|message| Status { code: 403, reason: "Forbidden", message });
        let response = Response { uid, allowed: status.is_none(), status, warnings };
        Self { api_version: VERSION, kind: KIND, response }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn questions() {
        let asked = json!({
            "apiVersion": VERSION, "kind": KIND,
            "request": {"uid": "1", "operation": "CREATE", "kind": {"kind": "Pod"}, "namespace": "a", "oldObject": null,
                        "object": {"metadata": {"generateName": "web-"}}, "userInfo": {"username": "u", "extra": {}}},
        });
        let request = Request::read(asked.to_string().as_bytes()).unwrap();
        assert_eq!(request.object_name(), "Pod a/web-");
        assert_eq!((request.user_info.username.as_str(), request.dry_run), ("u", false));
        for (text, said) in [
            ("", "it is no AdmissionReview"),
            ("{}", "it is no AdmissionReview"),
            ("[1]", "it is no AdmissionReview"),
            (
                r#"{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview"}"#,
                "of admission.k8s.io/v1beta1",
            ),
            (r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}"#, "no request"),
        ] {
            let refused = Request::read(text.as_bytes()).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }

    #[test]
    fn answers() {
        let json = |answer| serde_json::to_value(answer).unwrap()["response"].take();
        assert_eq!(json(Answer::of("1".into(), None, vec![])), json!({"uid": "1", "allowed": true}));
        let refused = json(Answer::of("1".into(), Some("no".into()), vec!["w".into()]));
        assert_eq!((&refused["allowed"], &refused["status"]["message"]), (&json!(false), &json!("no")));
    }
}
