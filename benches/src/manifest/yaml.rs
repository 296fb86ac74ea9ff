//! JSON values as YAML in block style, keys sorted, as `kubectl` prints them.

use serde_json::Value;
use std::fmt::Write as _;

/// Writes `value`, `depth` spaces deep, each line ended.
pub(super) fn block(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (number, (key, value)) in fields.iter().enumerate() {
                let _ = write!(text, "{:width$}{key}:", "", width = if number == 0 { 0 } else { depth });
                // A list stands no deeper than its key.
                let deeper = if value.is_array() { depth } else { depth + 2 };
                below(value, deeper, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (number, item) in items.iter().enumerate() {
                let _ = write!(text, "{:width$}- ", "", width = if number == 0 { 0 } else { depth });
                block(item, depth + 2, text);
            }
        }
        _ => {
            scalar(value, text);
            text.push('\n');
        }
    }
}

/// Writes the value of a key: on the same line where it is one word, else below.
fn below(value: &Value, depth: usize, text: &mut String) {
    let is_nested = match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_nested {
        let _ = write!(text, "\n{:depth$}", "");
    } else {
        text.push(' ');
    }
    block(value, depth, text);
}

/// Quotes what YAML would not read as a string.
fn scalar(value: &Value, text: &mut String) {
    match value {
        Value::String(word) if is_plain(word) => text.push_str(word),
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

/// Whether a word is a string without quotes: it begins with a letter, holds nothing that YAML reads
/// otherwise, and is none of its names for truth and nothing.
fn is_plain(word: &str) -> bool {
    let has_only = |letter: char| letter.is_ascii_alphanumeric() || "-._/".contains(letter);
    word.starts_with(|first: char| first.is_ascii_alphabetic())
        && word.chars().all(has_only)
        && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
            .contains(&&*word.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blocks_are_as_kubectl_writes_them() {
        let mut text = String::new();
        let value = json!({
            "kind": "Pod",
            "metadata": {"labels": {"on": "True", "version": "1.0"}, "name": "a"},
            "spec": {"containers": [{"name": "main", "ports": [{"containerPort": 80}]}], "list": [], "map": {}},
        });
        block(&value, 0, &mut text);
        let expected = "kind: Pod\nmetadata:\n  labels:\n    on: \"True\"\n    version: \"1.0\"\n  name: a\nspec:\n  \
                        containers:\n  - name: main\n    ports:\n    - containerPort: 80\n  list: []\n  map: {}\n";
        assert_eq!(text, expected);
    }
}
