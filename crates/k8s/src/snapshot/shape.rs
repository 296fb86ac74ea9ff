//! What of an object goes into a snapshot: the fields that the reader uses, and nothing beside them.

use super::redact::Redactor;
use sekisho_core::object::annotation::{AUDIT, IGNORE, MODE};
use serde_json::{Map, Value};

/// What a value is, and so what becomes of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// A number, a truth value, or a word of the API such as `TCP`: kept as it is.
    Word,
    /// The name of something, or a label's value.
    Name,
    /// The name of an object of a kind that Kubernetes names after others.
    MadeName(&'static str),
    /// The key of a label.
    Key,
    /// Labels.
    Labels,
    /// The annotations that are read.
    Annotations,
    /// The reference to the controller.
    Owners,
    /// An IP address.
    Address,
    /// A block of addresses.
    Block,
    /// A port: by number, or by name.
    Port,
    /// A host name, with wildcards.
    Host,
    /// The path of a URL.
    Path,
    /// A mapping of which these fields are kept, or a list of such.
    Fields(&'static [(&'static str, Shape)]),
    /// The same, but what else it has is kept as well: of a policy nothing may go unseen (S43).
    Open(&'static [(&'static str, Shape)]),
}

impl Shape {
    /// What is kept of `value`. Without a redactor names and addresses stay as they are.
    pub(super) fn take(self, value: Value, redactor: Option<&Redactor>) -> Value {
        if let Value::Array(entries) = value {
            if matches!(self, Self::Owners) {
                return owners(entries, redactor);
            }
            return entries.into_iter().map(|entry| self.take(entry, redactor)).collect();
        }
        match self {
            Self::Fields(fields) => pick(value, |key, value| {
                field(fields, key).map(|shape| (key.to_owned(), shape.take(value, redactor)))
            }),
            Self::Open(fields) => pick(value, |key, value| {
                let value = match field(fields, key) {
                    Some(shape) => shape.take(value, redactor),
                    // That there is such a field is told; what it says is not.
                    None if redactor.is_some() => Value::Bool(true),
                    None => value,
                };
                Some((key.to_owned(), value))
            }),
            Self::Annotations => annotations(value, redactor),
            shape => match redactor {
                Some(redactor) => shape.redact(value, redactor),
                None => value,
            },
        }
    }

    fn redact(self, value: Value, redactor: &Redactor) -> Value {
        if matches!(self, Self::Labels) {
            return pick(value, |key, value| Some((redactor.key(key), Self::Name.redact(value, redactor))));
        }
        let Value::String(text) = value else { return value };
        Value::String(match self {
            Self::Name | Self::Port => redactor.name(&text),
            Self::MadeName(kind) => redactor.made_name(kind, &text),
            Self::Key => redactor.key(&text),
            Self::Address => redactor.address(&text),
            Self::Block => redactor.block(&text),
            Self::Host => redactor.pieces(&text, '.'),
            Self::Path => redactor.pieces(&text, '/'),
            _ => text,
        })
    }
}

pub(super) fn field(fields: &'static [(&'static str, Shape)], key: &str) -> Option<Shape> {
    fields.iter().find(|(name, _)| *name == key).map(|(_, shape)| *shape)
}

/// The mapping of what `each` makes of the entries of `value`, empty ones left out.
fn pick(value: Value, mut each: impl FnMut(&str, Value) -> Option<(String, Value)>) -> Value {
    let Value::Object(entries) = value else { return value };
    // An empty mapping or list means something to a policy, and is kept; null never does.
    let kept = entries.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(kept.filter_map(|(key, value)| each(&key, value)).collect())
}

/// The controller among the owners; the others own nothing that the reader looks at.
fn owners(entries: Vec<Value>, redactor: Option<&Redactor>) -> Value {
    let controller = entries.into_iter().find(|owner| owner.get("controller") == Some(&Value::Bool(true)));
    let Some(Value::Object(mut owner)) = controller else { return Value::Array(Vec::new()) };
    owner.retain(|key, _| matches!(key.as_str(), "controller" | "kind" | "name"));
    if let Some(redactor) = redactor
        && let Some(kind) = owner.get("kind").and_then(Value::as_str).map(str::to_owned)
        && let Some(Value::String(name)) = owner.get_mut("name")
    {
        *name = redactor.made_name(&kind, name);
    }
    Value::Array(vec![Value::Object(owner)])
}

/// The annotations that say what stands before an object, and those by which a team speaks to us in a policy. What a
/// provider lets one write into them is a word or a truth value.
const READ: [&str; 17] = [
    "alb.ingress.kubernetes.io/scheme",
    "alb.ingress.kubernetes.io/target-type",
    "appgw.ingress.kubernetes.io/use-private-ip",
    "cloud.google.com/l4-rbs",
    "cloud.google.com/load-balancer-type",
    "ingressclass.kubernetes.io/is-default-class",
    "networking.gke.io/load-balancer-type",
    "service.beta.kubernetes.io/aws-load-balancer-internal",
    "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type",
    "service.beta.kubernetes.io/aws-load-balancer-scheme",
    "service.beta.kubernetes.io/aws-load-balancer-type",
    "service.beta.kubernetes.io/azure-load-balancer-internal",
    CLASS,
    IGNORE,
    MODE,
    NEG,
    crate::read::pod::ADDRESSES,
];
/// The class of an Ingress, by name.
const CLASS: &str = "kubernetes.io/ingress.class";
/// Google's: JSON, with names of load balancers in it.
const NEG: &str = "cloud.google.com/neg";

fn annotations(value: Value, redactor: Option<&Redactor>) -> Value {
    pick(value, |key, value| {
        if !READ.contains(&key) {
            return None;
        }
        let Value::String(text) = value else { return Some((key.to_owned(), value)) };
        let text = match (key, redactor) {
            (NEG, _) => neg(&text),
            // What is not this says the same as nothing, whatever is written.
            (MODE, _) if text != AUDIT => return None,
            (CLASS, Some(redactor)) => redactor.name(&text),
            (IGNORE, Some(_)) => without_reasons(&text),
            (crate::read::pod::ADDRESSES, Some(redactor)) => {
                let each: Vec<String> = text.split(',').map(|part| redactor.address(part.trim())).collect();
                each.join(",")
            }
            _ => text,
        };
        Some((key.to_owned(), Value::String(text)))
    })
}

/// The annotation without what people wrote: a reason stands there, and nobody reads which.
fn without_reasons(text: &str) -> String {
    let entry = |entry: &str| match entry.split_once(':') {
        Some((rules, reason)) if !reason.trim().is_empty() => format!("{}: hidden", rules.trim()),
        _ => entry.trim().to_owned(),
    };
    text.split([';', '\n']).map(entry).collect::<Vec<_>>().join("; ")
}

/// The annotation without the names in it. What is no JSON stays so.
fn neg(text: &str) -> String {
    let Ok(Value::Object(mut said)) = serde_json::from_str(text) else { return "-".to_owned() };
    said.retain(|key, _| matches!(key.as_str(), "ingress" | "exposed_ports"));
    if let Some(Value::Object(ports)) = said.get_mut("exposed_ports") {
        for port in ports.values_mut() {
            *port = Value::Object(Map::new());
        }
    }
    Value::Object(said).to_string()
}
