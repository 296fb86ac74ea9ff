//! Values with only what is kept of them, while they are parsed: most of an object, such as what a container
//! runs and who manages which field, is passed over and never lies in memory.
//!
//! INVARIANT: nothing is passed over that [`kept`](super::kept) keeps, which decides; the tests hold that.

use super::shape::{Shape, field};
use crate::watch::MIRROR;
use sekisho_core::object::annotation::MODE;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Takes a value in by its shape.
#[derive(Clone, Copy)]
pub(crate) struct Sieve(pub(super) Shape);

impl Sieve {
    /// For the field `name` of an object that is no policy.
    pub(crate) fn of_object(name: &str) -> Option<Self> {
        field(OBJECT, name).map(Self)
    }

    /// For a value of which everything may matter.
    pub(crate) const WHOLE: Self = Self(Shape::Word);

    /// For `metadata`.
    pub(crate) const METADATA: Self = Self(Shape::Fields(METADATA));

    /// For `metadata` of an object of which everything may matter, without who manages which field.
    pub(crate) const METADATA_WHOLE: Self = Self(Shape::Fields(METADATA_WHOLE));
}

/// What is kept of `metadata` of any kind, and what tells objects and their versions apart.
const METADATA: &[(&str, Shape)] = &metadata(Shape::Fields(&[(MODE, Shape::Word), (MIRROR, Shape::Word)]));

/// The same with every annotation.
const METADATA_WHOLE: &[(&str, Shape)] = &metadata(Shape::Word);

const fn metadata(annotations: Shape) -> [(&'static str, Shape); 8] {
    [
        ("name", Shape::Word),
        ("namespace", Shape::Word),
        ("uid", Shape::Word),
        ("resourceVersion", Shape::Word),
        ("creationTimestamp", Shape::Word),
        ("labels", Shape::Word),
        ("annotations", annotations),
        ("ownerReferences", Shape::Word),
    ]
}

/// What is kept of nodes and pods, of namespaces nothing.
const OBJECT: &[(&str, Shape)] = &[
    (
        "spec",
        Shape::Fields(&[
            ("podCIDR", Shape::Word),
            ("podCIDRs", Shape::Word),
            ("nodeName", Shape::Word),
            ("hostNetwork", Shape::Word),
            ("containers", Shape::Fields(CONTAINER)),
            ("initContainers", Shape::Fields(CONTAINER)),
        ]),
    ),
    (
        "status",
        Shape::Fields(&[
            ("addresses", Shape::Word),
            ("phase", Shape::Word),
            ("podIP", Shape::Word),
            ("podIPs", Shape::Word),
            ("hostIP", Shape::Word),
            ("hostIPs", Shape::Word),
        ]),
    ),
];
const CONTAINER: &[(&str, Shape)] = &[("restartPolicy", Shape::Word), ("ports", Shape::Word)];

impl<'de> DeserializeSeed<'de> for Sieve {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Sieve {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut taken = Vec::new();
        while let Some(entry) = entries.next_element_seed(self)? {
            taken.push(entry);
        }
        Ok(Value::Array(taken))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let Shape::Fields(known) = self.0 else {
            let mut taken = Map::new();
            while let Some(key) = fields.next_key::<String>()? {
                taken.insert(key, fields.next_value_seed(self)?);
            }
            return Ok(Value::Object(taken));
        };
        let mut taken = Map::new();
        while let Some(key) = fields.next_key_seed(Known(known))? {
            match key {
                Some((name, shape)) => {
                    drop(taken.insert(name.to_owned(), fields.next_value_seed(Self(shape))?))
                }
                None => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Object(taken))
    }
}

/// The field that a key is of, where it is one of these.
struct Known(&'static [(&'static str, Shape)]);

impl<'de> DeserializeSeed<'de> for Known {
    type Value = Option<(&'static str, Shape)>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Known {
    type Value = Option<(&'static str, Shape)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|(name, _)| *name == key).copied())
    }
}
