//! Values on one line.

use super::{
    scalar::quote,
    yaml::{Item, Value},
};

impl Value {
    /// What it is on one line, where it is written on one.
    pub(super) fn one_line(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(quote(text)),
            Self::Raw(text) => Some(text.clone()),
            Self::List(items) if items.is_empty() => Some("[]".to_owned()),
            Self::Map(items) if items.is_empty() => Some("{}".to_owned()),
            Self::List(_) | Self::Map(_) => None,
            Self::Inline(value) => Some(value.flow()),
        }
    }

    /// On one line, as people write it among YAML: `{ a: b }`, `[a, b]`.
    pub(crate) fn flow(&self) -> String {
        match self {
            Self::List(items) if !items.is_empty() => {
                format!("[{}]", joined(items, |item| item.value().flow()))
            }
            Self::Map(items) if !items.is_empty() => {
                let entry = |item: &Item| format!("{}: {}", quote(item.key()), item.value().flow());
                format!("{{ {} }}", joined(items, entry))
            }
            other => other.one_line().unwrap_or_default(),
        }
    }

    /// On one line, as JSON.
    pub(crate) fn json(&self) -> String {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Text(value) => text(value),
            Self::Raw(value) => value.clone(),
            Self::List(items) => format!("[{}]", joined(items, |item| item.value().json())),
            Self::Map(items) => {
                format!(
                    "{{{}}}",
                    joined(items, |item| format!("{}: {}", text(item.key()), item.value().json()))
                )
            }
            Self::Inline(value) => value.json(),
        }
    }
}

fn joined(items: &[Item], one: impl Fn(&Item) -> String) -> String {
    items.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_in_both_styles() {
        let labels = Value::Map(vec![Item::of("app", Value::text("it's")), Item::of("1", Value::text("2"))]);
        let value = Value::Map(vec![
            Item::of("labels", labels.inline()),
            Item::of(
                "ports",
                Value::List(vec![Item::new(Value::Raw("80".into())), Item::new(Value::text("a: b"))]),
            ),
            Item::of("none", Value::List(Vec::new())),
        ]);
        assert_eq!(value.flow(), r#"{ labels: { app: it's, "1": "2" }, ports: [80, "a: b"], none: [] }"#);
        let json = r#"{"labels": {"app": "it's", "1": "2"}, "ports": [80, "a: b"], "none": []}"#;
        assert_eq!(value.json(), json);
        assert!(serde_json::from_str::<serde_json::Value>(json).is_ok());
    }
}
