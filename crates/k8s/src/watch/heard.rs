//! An object as it comes from the API server, with of its fields those that may be read.

use super::Id;
use crate::snapshot::{kept, kind::Kind, sieve::Sieve};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::{
    Resource,
    api::{ApiResource, DynamicObject},
};
use sekisho_core::object::ObjectKey;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::{borrow::Cow, fmt, sync::Arc};

/// An object of some kind that is watched. Of one that is not `WHOLE`, only what is read of namespaces, nodes
/// and pods is there; of a policy nothing may go unseen (S43).
#[derive(Clone, Debug)]
pub(super) struct Heard<const WHOLE: bool> {
    /// What the watch needs: the name and the version.
    meta: ObjectMeta,
    /// As it was written, without who manages which field.
    metadata: Map<String, Value>,
    fields: Map<String, Value>,
}

impl<const WHOLE: bool> Heard<WHOLE> {
    /// Which object it is.
    pub(super) fn id(&self) -> Id {
        let text = |value: &Option<String>| value.as_deref().unwrap_or_default().into();
        let key = ObjectKey { namespace: text(&self.meta.namespace), name: text(&self.meta.name) };
        Id { key, uid: text(&self.meta.uid) }
    }

    /// The version of the resource, as the API server tells it.
    pub(super) fn version(&self) -> Option<&str> {
        self.meta.resource_version.as_deref()
    }

    /// When it was made, in seconds since 1970.
    pub(super) fn created(&self) -> Option<i64> {
        let time = self.metadata.get("creationTimestamp")?;
        Time::deserialize(time).ok().map(|time| time.0.as_second())
    }

    /// What its annotation `name` says: one of those that the sieve lets through.
    pub(super) fn annotation(&self, name: &str) -> Option<Arc<str>> {
        Some(self.metadata.get("annotations")?.get(name)?.as_str()?.into())
    }

    /// It as it was written.
    pub(super) fn whole(self, kind: &Kind) -> Value {
        let Self { metadata, mut fields, .. } = self;
        // In a list it is said once for all of them.
        fields.entry("apiVersion").or_insert_with(|| kind.api_version().into());
        fields.insert("kind".to_owned(), kind.kind.into());
        fields.insert("metadata".to_owned(), Value::Object(metadata));
        Value::Object(fields)
    }

    /// It as a manifest with what is kept of its kind.
    pub(super) fn manifest(self, kind: &Kind) -> Value {
        let Self { mut metadata, mut fields, .. } = self;
        // Whoever may make a pod must not be able to say which addresses it bears.
        metadata.remove("annotations");
        fields.insert("apiVersion".to_owned(), kind.api_version().into());
        fields.insert("kind".to_owned(), kind.kind.into());
        fields.insert("metadata".to_owned(), Value::Object(metadata));
        kept(kind, fields, None)
    }
}

impl<'de, const WHOLE: bool> Deserialize<'de> for Heard<WHOLE> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Fields::<WHOLE>)
    }
}

struct Fields<const WHOLE: bool>;

impl<'de, const WHOLE: bool> Visitor<'de> for Fields<WHOLE> {
    type Value = Heard<WHOLE>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut given: A) -> Result<Self::Value, A::Error> {
        let (mut metadata, mut fields) = (Map::new(), Map::new());
        while let Some(name) = given.next_key::<Cow<'_, str>>()? {
            let sieve = match &*name {
                "metadata" => {
                    let sieve = if WHOLE { Sieve::METADATA_WHOLE } else { Sieve::METADATA };
                    if let Value::Object(told) = given.next_value_seed(sieve)? {
                        metadata = told;
                    }
                    continue;
                }
                _ if WHOLE => Some(Sieve::WHOLE),
                name => Sieve::of_object(name),
            };
            match sieve {
                Some(sieve) => drop(fields.insert(name.into_owned(), given.next_value_seed(sieve)?)),
                None => drop(given.next_value::<IgnoredAny>()?),
            }
        }
        let text = |name: &str| metadata.get(name).and_then(Value::as_str).map(str::to_owned);
        let meta = ObjectMeta {
            name: text("name"),
            namespace: text("namespace"),
            uid: text("uid"),
            resource_version: text("resourceVersion"),
            ..ObjectMeta::default()
        };
        Ok(Heard { meta, metadata, fields })
    }
}

/// Where it is found is told at run time, as with an object of any kind.
impl<const WHOLE: bool> Resource for Heard<WHOLE> {
    type DynamicType = ApiResource;
    type Scope = <DynamicObject as Resource>::Scope;

    fn group(of: &ApiResource) -> Cow<'_, str> {
        DynamicObject::group(of)
    }

    fn version(of: &ApiResource) -> Cow<'_, str> {
        DynamicObject::version(of)
    }

    fn kind(of: &ApiResource) -> Cow<'_, str> {
        DynamicObject::kind(of)
    }

    fn plural(of: &ApiResource) -> Cow<'_, str> {
        DynamicObject::plural(of)
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}
