//! An object by itself, as a text that is read as that of a snapshot is.

use super::{Kind, is_idle, kept, laid_out};
use sekisho_core::object::ObjectKey;
use serde_json::Value;
use std::sync::Arc;

/// An object of a live cluster: a text, and where it belongs. Texts of the same object have the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The plural of its kind, `networkpolicies`.
    pub kind: &'static str,
    /// The namespace that it lies in; empty where it lies in none.
    pub namespace: Arc<str>,
    /// What the text is called: `cluster/networkpolicies/shop/web`.
    pub name: Arc<str>,
    /// The text; empty of an object that is gone.
    pub text: Arc<str>,
}

impl Piece {
    /// The piece that an object is, as the API has it. `None` where nothing depends on objects of its kind, or on one that
    /// says what this one says, or it has no name.
    #[must_use]
    pub fn of(object: Value) -> Option<Self> {
        let Value::Object(object) = object else { return None };
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        let (_, kind) = Kind::find(text("apiVersion"), text("kind"))?;
        if is_idle(kind, &object) {
            return None;
        }
        let metadata = object.get("metadata")?;
        let named = |key: &str| metadata.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let name = named("name").or_else(|| named("generateName"))?;
        let key = ObjectKey::new(named("namespace").unwrap_or_default(), name);
        let piece = Self::gone(kind, &key);
        Some(Self { text: laid_out(&kept(kind, object, None).to_string()).into(), ..piece })
    }

    /// What it has to be read together with: all pieces of its namespace, or itself alone where it lies in none.
    #[must_use]
    pub fn part(&self) -> &Arc<str> {
        if self.namespace.is_empty() { &self.name } else { &self.namespace }
    }

    /// The piece that an object leaves.
    pub(crate) fn gone(kind: &Kind, key: &ObjectKey) -> Self {
        let namespace = if kind.namespaced { Arc::clone(&key.namespace) } else { Arc::default() };
        let slash = if namespace.is_empty() { "" } else { "/" };
        let name = format!("cluster/{}/{namespace}{slash}{}", kind.plural, key.name);
        Self { kind: kind.plural, namespace, name: name.into(), text: Arc::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, read_texts};
    use serde_json::json;

    #[test]
    fn a_policy_keeps_what_its_team_says_to_us() {
        let object = json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {
                "name": "web", "namespace": "shop", "managedFields": [{}],
                "annotations": {"sekisho.dev/ignore": "SK301: why", "other": "x"},
            },
            "spec": {"podSelector": {}},
            "status": {},
        });
        let piece = Piece::of(object).unwrap();
        assert_eq!((piece.kind, &*piece.namespace), ("networkpolicies", "shop"));
        assert_eq!(&*piece.name, "cluster/networkpolicies/shop/web");
        assert!(!piece.text.contains("managedFields") && !piece.text.contains("other"), "{}", piece.text);
        let read = read_texts([(&piece.name, piece.text.as_bytes())], &Options::default());
        assert!(!read.has_errors());
        let policy = read.cluster.policies.values().next().unwrap();
        assert_eq!(policy.annotations.iter().count(), 1, "{policy:?}");
    }

    #[test]
    fn what_nothing_depends_on_is_no_piece() {
        assert_eq!(Piece::of(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}})), None);
        assert_eq!(Piece::of(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}})), None);
        assert_eq!(Piece::of(json!([])), None);
        let old = json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": {"replicas": 0},
            "metadata": {"name": "a", "namespace": "b", "ownerReferences": [{"name": "a"}]},
        });
        assert_eq!(Piece::of(old), None);
    }
}
