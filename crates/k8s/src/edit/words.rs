//! Values to be written, in block style or in flow style.

use sekisho_core::{
    object::{LabelSelector, PeerKind, PortMatch, Requirement, Rule},
    set::Protocol,
};

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// Text, quoted where it must be.
    Text(String),
    /// A number.
    Number(u16),
    /// A mapping.
    Mapping(Vec<(&'static str, Words)>),
    /// A mapping of labels.
    Labels(Vec<(String, String)>),
    /// A list.
    List(Vec<Words>),
}

impl Words {
    /// The entries of a mapping that has some.
    pub(super) fn entries(&self) -> Option<Vec<(String, Self)>> {
        match self {
            Self::Mapping(entries) if !entries.is_empty() => {
                Some(entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
            }
            Self::Labels(labels) if !labels.is_empty() => {
                Some(labels.iter().map(|(key, value)| (key.clone(), Self::Text(value.clone()))).collect())
            }
            _ => None,
        }
    }

    /// In flow style, as JSON.
    pub(super) fn flow(&self) -> String {
        let join = |parts: Vec<String>| parts.join(", ");
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(number) => number.to_string(),
            Self::Mapping(entries) => {
                let entries = entries.iter().map(|(key, value)| format!("{}: {}", quoted(key), value.flow()));
                format!("{{{}}}", join(entries.collect()))
            }
            Self::Labels(labels) => {
                let labels = labels.iter().map(|(key, value)| format!("{}: {}", quoted(key), quoted(value)));
                format!("{{{}}}", join(labels.collect()))
            }
            Self::List(entries) => format!("[{}]", join(entries.iter().map(Self::flow).collect())),
        }
    }

    /// The lines in block style, without the indentation of the first.
    pub(super) fn block(&self) -> Vec<String> {
        match self {
            Self::List(entries) if !entries.is_empty() => entries.iter().flat_map(Self::entry).collect(),
            _ => match self.entries() {
                Some(entries) => {
                    entries.into_iter().flat_map(|(key, value)| value.under(&scalar(&key))).collect()
                }
                None => vec![self.short()],
            },
        }
    }

    /// The lines of an entry of a list.
    pub(super) fn entry(&self) -> Vec<String> {
        let lines = self.block().into_iter().enumerate();
        lines.map(|(at, line)| if at == 0 { format!("- {line}") } else { format!("  {line}") }).collect()
    }

    /// The lines of a value under its key.
    pub(super) fn under(&self, key: &str) -> Vec<String> {
        let is_inner = match self {
            Self::Mapping(entries) => !entries.is_empty(),
            Self::Labels(labels) => !labels.is_empty(),
            Self::List(entries) => !entries.is_empty(),
            Self::Text(_) | Self::Number(_) => false,
        };
        if !is_inner {
            return vec![format!("{key}: {}", self.short())];
        }
        let inner = self.block().into_iter().map(|line| format!("  {line}"));
        [format!("{key}:")].into_iter().chain(inner).collect()
    }

    /// In one line: what has no lines of its own.
    pub(super) fn short(&self) -> String {
        match self {
            Self::Text(text) => scalar(text),
            Self::Number(number) => number.to_string(),
            Self::Mapping(_) | Self::Labels(_) => "{}".to_owned(),
            Self::List(_) => "[]".to_owned(),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Text in the shortest form that is read as text.
pub(super) fn scalar(text: &str) -> String {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte));
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    if plain && starts && !word.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    // An address block: digits, but no number of any kind.
    let is_block = plain && text.contains('/') && text.matches('.').count() == 3;
    if is_block { text.to_owned() } else { quoted(text) }
}

pub(super) fn selector(selector: &LabelSelector) -> Words {
    let mut labels = Vec::new();
    let mut expressions = Vec::new();
    for requirement in selector.requirements() {
        match requirement {
            // A key that stands twice would be one.
            Requirement::In(key, values)
                if values.len() == 1 && labels.iter().all(|(known, _)| *known != **key) =>
            {
                let value = values.iter().next().map(ToString::to_string).unwrap_or_default();
                labels.push((key.to_string(), value));
            }
            other => expressions.push(expression(other)),
        }
    }
    let mut fields = Vec::new();
    if !labels.is_empty() {
        fields.push(("matchLabels", Words::Labels(labels)));
    }
    if !expressions.is_empty() {
        fields.push(("matchExpressions", Words::List(expressions)));
    }
    Words::Mapping(fields)
}

fn expression(requirement: &Requirement) -> Words {
    let text = |text: &str| Words::Text(text.to_owned());
    let (operator, values) = match requirement {
        Requirement::In(_, values) => ("In", Some(values)),
        Requirement::NotIn(_, values) => ("NotIn", Some(values)),
        Requirement::Exists(_) => ("Exists", None),
        Requirement::DoesNotExist(_) => ("DoesNotExist", None),
    };
    let mut fields = vec![("key", text(requirement.key())), ("operator", text(operator))];
    if let Some(values) = values {
        fields.push(("values", Words::List(values.iter().map(|value| text(value)).collect())));
    }
    Words::Mapping(fields)
}

pub(super) fn peer(kind: &PeerKind) -> Words {
    Words::Mapping(match kind {
        PeerKind::Pods(pods) => vec![("podSelector", selector(pods))],
        PeerKind::Namespaces(namespaces) => vec![("namespaceSelector", selector(namespaces))],
        PeerKind::PodsInNamespaces { namespaces, pods } => {
            vec![("namespaceSelector", selector(namespaces)), ("podSelector", selector(pods))]
        }
        PeerKind::Block(block) => {
            let mut fields = vec![("cidr", Words::Text(block.cidr().to_string()))];
            if block.except().len() > 0 {
                let except = block.except().map(|inner| Words::Text(inner.to_string())).collect();
                fields.push(("except", Words::List(except)));
            }
            vec![("ipBlock", Words::Mapping(fields))]
        }
    })
}

pub(super) fn port((protocol, port): &(Protocol, PortMatch)) -> Words {
    let mut fields = vec![("protocol", Words::Text(protocol.to_string()))];
    match port {
        PortMatch::All => {}
        PortMatch::Named(name) => fields.push(("port", Words::Text(name.to_string()))),
        PortMatch::Range(range) => {
            fields.push(("port", Words::Number(range.first())));
            if range.last() > range.first() {
                fields.push(("endPort", Words::Number(range.last())));
            }
        }
    }
    Words::Mapping(fields)
}

pub(super) fn rule(rule: &Rule, peers: &'static str) -> Words {
    let mut fields = Vec::new();
    if !rule.peers.is_empty() {
        fields.push((peers, Words::List(rule.peers.iter().map(|one| peer(&one.kind)).collect())));
    }
    if !rule.ports.is_empty() {
        let ports = rule.ports.iter().map(|one| port(&(one.protocol, one.port.clone())));
        fields.push(("ports", Words::List(ports.collect())));
    }
    Words::Mapping(fields)
}
