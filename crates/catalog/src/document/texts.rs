//! One text or a list of them, and selectors.

use super::Placed;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use std::{borrow::Cow, collections::BTreeMap, fmt, marker::PhantomData};

/// One text, or a list of them: `trading/bff`, `[trading/bff, wallet/bff]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(pub Vec<Placed<String>>);

/// Ports, one or a list: `http`, `8080`, `[UDP/dogstatsd, TCP/8000-8100]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports(pub Vec<Placed<String>>);

impl<T: Into<String>> FromIterator<T> for Texts {
    fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Self {
        Self(iter.into_iter().map(|text| Placed::new(text.into())).collect())
    }
}

impl<T: Into<String>> FromIterator<T> for Ports {
    fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Self {
        Self(iter.into_iter().map(|text| Placed::new(text.into())).collect())
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_or_more::<Text, D>(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_or_more::<Port, D>(deserializer).map(Self)
    }
}

/// What stands alone or in a list, in the words of errors.
trait Kind {
    const ONE: &'static str;
}

struct Text;

impl Kind for Text {
    const ONE: &'static str = "a text";
}

struct Port;

impl Kind for Port {
    const ONE: &'static str = "a port such as `http`, `8080` or `UDP/53`";
}

fn one_or_more<'de, K: Kind, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Placed<String>>, D::Error> {
    let Placed { value, span } = Placed::<Raw<K>>::deserialize(deserializer)?;
    Ok(match value {
        Raw::One(Word(value, _)) => vec![Placed { value, span }],
        Raw::More(list) => {
            list.into_iter().map(|Placed { value: Word(value, _), span }| Placed { value, span }).collect()
        }
    })
}

enum Raw<K> {
    One(Word<K>),
    More(Vec<Placed<Word<K>>>),
}

/// A text, or a number that is meant as one.
struct Word<K>(String, PhantomData<K>);

impl<K> Word<K> {
    fn new(text: impl ToString) -> Self {
        Self(text.to_string(), PhantomData)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Raw<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor(PhantomData))
    }
}

impl<'de, K: Kind> Deserialize<'de> for Word<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordVisitor(PhantomData))
    }
}

struct RawVisitor<K>(PhantomData<K>);

impl<'de, K: Kind> Visitor<'de> for RawVisitor<K> {
    type Value = Raw<K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, or a list of such", K::ONE)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw<K>, E> {
        Ok(Raw::One(Word::new(text)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Raw<K>, E> {
        Ok(Raw::One(Word::new(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw<K>, E> {
        Ok(Raw::One(Word::new(number)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Raw<K>, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element()? {
            texts.push(text);
        }
        Ok(Raw::More(texts))
    }
}

struct WordVisitor<K>(PhantomData<K>);

impl<K: Kind> Visitor<'_> for WordVisitor<K> {
    type Value = Word<K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::ONE)
    }

    fn visit_str<E>(self, text: &str) -> Result<Word<K>, E> {
        Ok(Word::new(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Word<K>, E> {
        Ok(Word::new(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Word<K>, E> {
        Ok(Word::new(number))
    }
}

impl JsonSchema for Texts {
    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One, or a list of them.",
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
        })
    }
}

impl JsonSchema for Ports {
    fn schema_name() -> Cow<'static, str> {
        "Ports".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = [
            json_schema!({"type": "string"}),
            json_schema!({"type": "integer", "minimum": 1, "maximum": 65535}),
        ];
        json_schema!({
            "description": "`http`, `8080` (TCP), `UDP/dogstatsd`, `TCP/8000-8100`: one, or a list of them.",
            "anyOf": [{"anyOf": one}, {"type": "array", "items": {"anyOf": one}}]
        })
    }
}

/// A label selector: as kubectl takes it, or labels that all have to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// `app=web,tier in (a, b),!debug`.
    Text(String),
    /// `{app: web}`; `{}` selects all.
    Labels(BTreeMap<String, String>),
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SelectorVisitor)
    }
}

struct SelectorVisitor;

impl<'de> Visitor<'de> for SelectorVisitor {
    type Value = Selector;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a label selector such as `app=web`, or labels")
    }

    fn visit_str<E>(self, text: &str) -> Result<Selector, E> {
        Ok(Selector::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Selector, A::Error> {
        let mut labels = BTreeMap::new();
        while let Some((key, value)) = map.next_entry()? {
            labels.insert(key, value);
        }
        Ok(Selector::Labels(labels))
    }
}

impl JsonSchema for Selector {
    fn schema_name() -> Cow<'static, str> {
        "Selector".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A label selector as kubectl takes it, `app=web,tier in (a, b),!debug`, or labels that all have to be there; `{}` selects all.",
            "anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]
        })
    }
}
