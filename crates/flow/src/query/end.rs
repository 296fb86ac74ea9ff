//! Ends of flows, as people ask for them.

use crate::record::End;
use sekisho_core::set::Cidr;
use std::{fmt, net::IpAddr, str::FromStr};

/// Whose flows are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowEnd {
    /// A workload.
    Workload {
        /// Its namespace.
        namespace: String,
        /// Its name; of every name where there is none.
        name: Option<String>,
    },
    /// Addresses outside the cluster.
    Addresses(Cidr),
    /// A name of an address outside the cluster.
    Name(String),
    /// Everything outside the cluster.
    Internet,
    /// A node; any where there is no name.
    Node(Option<String>),
}

/// A text that says no end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no end of flows: write `namespace/name`, `namespace/*`, an address or a block such as `203.0.113.0/24`, a name such as `api.example.com`, `internet`, `node` or `node/name`"
)]
pub struct FlowEndError(String);

impl FromStr for FlowEnd {
    type Err = FlowEndError;

    fn from_str(text: &str) -> Result<Self, FlowEndError> {
        read(text).ok_or_else(|| FlowEndError(text.chars().take(300).collect()))
    }
}

fn read(text: &str) -> Option<FlowEnd> {
    let is_name = |part: &str| {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
        !part.is_empty() && part.chars().all(is_letter)
    };
    // A namespace has no dots (RFC 1123's labels): what looks like a block and is none is no workload either.
    let is_namespace = |part: &str| is_name(part) && !part.contains(['.', '_']);
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(FlowEnd::Addresses(Cidr::host(address)));
    }
    if let Ok(block) = text.parse() {
        return Some(FlowEnd::Addresses(block));
    }
    Some(match text.split_once('/') {
        None if text == "internet" => FlowEnd::Internet,
        None if text == "node" => FlowEnd::Node(None),
        None if text.contains('.') && is_name(text) => FlowEnd::Name(text.to_owned()),
        Some(("node", name)) if is_name(name) => FlowEnd::Node(Some(name.to_owned())),
        Some((namespace, "*")) if is_namespace(namespace) => {
            FlowEnd::Workload { namespace: namespace.to_owned(), name: None }
        }
        Some((namespace, name)) if is_namespace(namespace) && is_name(name) => {
            FlowEnd::Workload { namespace: namespace.to_owned(), name: Some(name.to_owned()) }
        }
        _ => return None,
    })
}

impl fmt::Display for FlowEnd {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workload { namespace, name } => {
                write!(f, "{namespace}/{}", name.as_deref().unwrap_or("*"))
            }
            Self::Addresses(block) => block.fmt(f),
            Self::Name(name) => f.write_str(name),
            Self::Internet => f.write_str("internet"),
            Self::Node(None) => f.write_str("node"),
            Self::Node(Some(name)) => write!(f, "node/{name}"),
        }
    }
}

impl FlowEnd {
    /// Whether it is meant.
    #[must_use]
    pub fn is(&self, end: &End) -> bool {
        match (self, end) {
            (Self::Workload { namespace, name }, End::Workload(end)) => {
                let key = &end.workload.key;
                *namespace == *key.namespace && name.as_ref().is_none_or(|name| **name == *key.name)
            }
            // What was folded to a larger block may have been in it, and nobody can say.
            (Self::Addresses(asked), End::External { block, .. }) => {
                asked.contains(block.first()) && asked.contains(block.last())
            }
            (Self::Name(asked), End::External { names, .. }) => names.iter().any(|name| **name == **asked),
            (Self::Internet, End::External { .. }) => true,
            (Self::Node(name), End::Node(end)) => {
                name.as_ref().is_none_or(|name| end.as_ref().is_some_and(|end| **end == **name))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::WorkloadEnd;
    use sekisho_core::object::{ObjectKey, Workload};

    fn workload(namespace: &str, name: &str) -> End {
        let workload = Workload { key: ObjectKey::new(namespace, name), kind: "Deployment".into() };
        End::Workload(WorkloadEnd { workload, labels: Default::default() })
    }

    #[test]
    fn ends_are_found_by_what_people_call_them() {
        let outside = End::External {
            block: "203.0.113.7/32".parse().unwrap(),
            names: ["api.example.com".into()].into_iter().collect(),
        };
        let node = End::Node(Some("node-1".into()));
        let ends = [workload("shop", "api"), workload("shop", "web"), outside, node, End::Anyone];
        let found = |text: &str| {
            let asked: FlowEnd = text.parse().unwrap();
            ends.iter().map(|end| u8::from(asked.is(end)).to_string()).collect::<String>()
        };
        for (asked, expected) in [
            ("shop/api", "10000"),
            ("shop/*", "11000"),
            ("other/*", "00000"),
            ("203.0.113.0/24", "00100"),
            ("203.0.113.7", "00100"),
            ("203.0.113.8", "00000"),
            ("api.example.com", "00100"),
            ("internet", "00100"),
            ("node", "00010"),
            ("node/node-1", "00010"),
            ("node/node-2", "00000"),
        ] {
            assert_eq!(found(asked), expected, "{asked}");
            let read: FlowEnd = asked.parse().unwrap();
            assert_eq!(read.to_string().parse(), Ok(read), "{asked}");
        }
        for text in ["", "shop", "shop/", "/api", "a/b/c", "a b/c", "203.0.113.0/33"] {
            let error = text.parse::<FlowEnd>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is no end of flows")), "{error}");
        }
    }
}
