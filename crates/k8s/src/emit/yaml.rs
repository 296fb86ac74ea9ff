//! A small tree of YAML that is written as people write it: two spaces, lists indented under their key.

use super::scalar::quote;

/// A value to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text; it is put in quotes where it must be.
    Text(String),
    /// What is written as it is: a number, a truth value.
    Raw(String),
    /// A list.
    List(Vec<Item>),
    /// A mapping; each of its items has a key.
    Map(Vec<Item>),
    /// The value on one line, without the comments in it: `{ a: b }`, `[a, b]`.
    Inline(Box<Value>),
}

/// An entry of a list or a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    key: Option<String>,
    value: Value,
    /// Lines above it, as they are.
    before: Vec<String>,
    /// A comment at the end of its first line.
    beside: Option<String>,
    /// Lines below it, as they are.
    after: Vec<String>,
}

impl Item {
    /// An entry of a list.
    #[must_use]
    pub fn new(value: Value) -> Self {
        Self { key: None, value, before: Vec::new(), beside: None, after: Vec::new() }
    }

    /// An entry of a mapping.
    #[must_use]
    pub fn of(key: impl Into<String>, value: Value) -> Self {
        Self { key: Some(key.into()), ..Self::new(value) }
    }

    /// Its key; empty for an entry of a list.
    pub(crate) fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    /// Its value.
    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    /// The same with lines above it: comments, or what a templating language reads.
    #[must_use]
    pub fn below(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.before.extend(lines);
        self
    }

    /// The same with lines below it.
    #[must_use]
    pub fn above(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.after.extend(lines);
        self
    }

    /// The same with a comment at the end of its first line.
    #[must_use]
    pub fn beside(mut self, comment: Option<String>) -> Self {
        self.beside = comment;
        self
    }
}

impl Value {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A mapping on one line.
    #[must_use]
    pub fn inline(self) -> Self {
        Self::Inline(Box::new(self))
    }

    /// The same on one line, where it then ends before column `width` when it begins at `start`.
    #[must_use]
    pub fn fit(self, start: usize, width: usize) -> Self {
        let inline = self.clone().inline();
        if start + inline.to_document().trim_end().chars().count() <= width { inline } else { self }
    }

    /// A list of texts.
    #[must_use]
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(|text| Item::new(Self::text(text))).collect())
    }

    /// The document that this is.
    #[must_use]
    pub fn to_document(&self) -> String {
        let mut out = String::new();
        match self.one_line() {
            Some(line) => out.push_str(&line),
            None => self.block(0, &mut out),
        }
        if !out.ends_with('\n') {
            out.push('\n');
        }
        out
    }

    /// The lines of [`to_document`](Self::to_document).
    pub(crate) fn lines(&self) -> Vec<String> {
        self.to_document().lines().map(str::to_owned).collect()
    }

    /// Writes the lines of a list or a mapping that is not empty, `indent` spaces from the left.
    fn block(&self, indent: usize, out: &mut String) {
        match self {
            Self::List(items) => items.iter().for_each(|item| item.in_list(indent, out)),
            Self::Map(items) => items.iter().for_each(|item| item.in_mapping(indent, out)),
            Self::Text(_) | Self::Raw(_) | Self::Inline(_) => {
                if let Some(text) = self.one_line() {
                    line(indent, &text, None, out);
                }
            }
        }
    }
}

impl Item {
    fn in_mapping(&self, indent: usize, out: &mut String) {
        self.before.iter().for_each(|text| line(indent, text, None, out));
        let key = quote(self.key());
        match self.value.one_line() {
            Some(value) => line(indent, &format!("{key}: {value}"), self.beside.as_deref(), out),
            None => {
                line(indent, &format!("{key}:"), self.beside.as_deref(), out);
                self.value.block(indent + 2, out);
            }
        }
        self.after.iter().for_each(|text| line(indent, text, None, out));
    }

    fn in_list(&self, indent: usize, out: &mut String) {
        self.before.iter().for_each(|text| line(indent, text, None, out));
        match (self.value.one_line(), &self.value) {
            (Some(value), _) => line(indent, &format!("- {value}"), self.beside.as_deref(), out),
            // The first entry of a mapping stands behind the dash.
            (None, Value::Map(entries)) => {
                let mut inner = String::new();
                let mut entries = entries.iter();
                if let Some(first) = entries.next() {
                    first.before.iter().for_each(|text| line(indent, text, None, out));
                    let first = Self { before: Vec::new(), ..first.clone() };
                    first.in_mapping(indent + 2, &mut inner);
                }
                entries.for_each(|entry| entry.in_mapping(indent + 2, &mut inner));
                dash(indent, &inner, out);
            }
            (None, value) => {
                let mut inner = String::new();
                value.block(indent + 2, &mut inner);
                dash(indent, &inner, out);
            }
        }
        self.after.iter().for_each(|text| line(indent, text, None, out));
    }
}

/// Writes `block`, which is two spaces further in, with a dash before its first line.
fn dash(indent: usize, block: &str, out: &mut String) {
    out.push_str(&" ".repeat(indent));
    out.push_str("- ");
    out.push_str(block.get(indent + 2..).unwrap_or_default());
}

fn line(indent: usize, text: &str, beside: Option<&str>, out: &mut String) {
    if !text.is_empty() {
        out.push_str(&" ".repeat(indent));
        out.push_str(text);
        if let Some(comment) = beside {
            out.push_str(" # ");
            out.push_str(comment);
        }
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_people_write_it() {
        let entry = |key: &str, value| Item::of(key, value);
        let peer = Value::Map(vec![
            entry("ranges", Value::texts(["10.0.0.0/8", "fd00::/8"]).inline()),
            entry("environments", Value::List(Vec::new())),
        ]);
        let list = Value::List(vec![
            Item::new(Value::Map(vec![
                entry("name", Value::text("a")).beside(Some("the first".into())),
                entry("more", Value::Map(vec![entry("b", Value::Raw("1".into()))])),
            ]))
            .below(["# above".to_owned()])
            .above(["# below".to_owned()]),
            Item::new(Value::Map(Vec::new())),
            Item::new(Value::texts(["x", "8080"])),
        ]);
        let written = Value::Map(vec![
            entry("peer", peer.clone()).below(["# a peer".to_owned()]),
            entry("same", peer.inline()).below([String::new()]),
            entry("list", list),
        ])
        .to_document();
        let expected = r#"# a peer
peer:
  ranges: [10.0.0.0/8, "fd00::/8"]
  environments: []

same: { ranges: [10.0.0.0/8, "fd00::/8"], environments: [] }
list:
  # above
  - name: a # the first
    more:
      b: 1
  # below
  - {}
  - - x
    - "8080"
"#;
        assert_eq!(written, expected);
        assert_eq!(Value::Map(Vec::new()).to_document(), "{}\n");
    }
}
