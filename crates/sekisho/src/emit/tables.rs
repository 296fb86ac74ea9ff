//! What the clauses look up: whom the standard lets stand in which policies.
//!
//! Every table is an object of one kind of values, for the API server takes no other literals; CEL and Rego read both
//! as JSON writes them.

use sekisho_core::{
    object::{Direction, LabelSelector, ObjectKey, PortMatch, Requirement},
    set::AddressSet,
    standard::{Component, End, NamedPeer, Standard, Whom},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What stands around an entry: quotes, colons, braces, the line.
const ROOM: usize = 24;

/// The conditions of a selector: operator, key, values.
type Conditions = BTreeMap<&'static str, BTreeMap<String, Vec<String>>>;

/// What is said of components, by namespace and name.
type OfComponents<V> = BTreeMap<String, BTreeMap<String, V>>;

/// The tables of a standard.
#[derive(Default)]
pub(crate) struct Tables {
    /// The addresses of named peers.
    ranges: BTreeMap<String, Vec<String>>,
    /// The namespaces of named peers.
    namespaces: BTreeMap<String, Conditions>,
    /// The pods of those that are not all pods of their namespaces.
    pods: BTreeMap<String, Conditions>,
    /// The pods of components.
    components: OfComponents<Conditions>,
    /// The named peers that a component's policies may let in.
    admits: OfComponents<BTreeSet<String>>,
    /// Those that they let in for a time.
    excepted: OfComponents<BTreeSet<String>>,
    /// The protocols of which a component is called on every port.
    open: OfComponents<BTreeSet<String>>,
}

impl Tables {
    pub(crate) fn of(standard: &Standard) -> Self {
        let meant = Meant::of(standard);
        let mut tables = Self::default();
        for component in &standard.components {
            tables.add(standard, component, &meant);
        }
        let named: BTreeSet<String> =
            tables.admits.values().flat_map(BTreeMap::values).flatten().cloned().collect();
        for (name, peer) in standard.peers.iter().filter(|(name, _)| named.contains(&***name)) {
            tables.add_peer(name, peer);
        }
        tables
    }

    fn add(&mut self, standard: &Standard, component: &Component, meant: &Meant<'_>) {
        let names = |of: &BTreeMap<&ObjectKey, BTreeSet<&Arc<str>>>| -> BTreeSet<String> {
            of.get(&component.key).into_iter().flatten().map(ToString::to_string).collect()
        };
        let is_here = |name: &String| {
            let peer = standard.peers.get(&**name);
            peer.is_some_and(|peer| peer.is_of(standard.environment.as_deref()))
        };
        let mut admits = names(&meant.lets_in);
        admits.retain(is_here);
        let open = component.ports.iter().filter(|port| port.port == PortMatch::All);
        let open: BTreeSet<String> = open.map(|port| port.protocol.to_string()).collect();
        let of_component = [
            (&mut self.admits, admits),
            (&mut self.excepted, names(&meant.excepted)),
            (&mut self.open, open),
        ];
        let (namespace, name) = (component.key.namespace.to_string(), component.key.name.to_string());
        let mut has_lines = standard.naming.as_ref().is_some_and(|naming| {
            !component.pods.requirements().any(|one| is_called(one, &naming.name, &component.key.name))
        });
        for (table, values) in of_component.into_iter().filter(|(_, values)| !values.is_empty()) {
            table.entry(namespace.clone()).or_default().insert(name.clone(), values);
            has_lines = true;
        }
        // A component of which there is nothing to say needs no lines.
        if has_lines {
            self.components.entry(namespace).or_default().insert(name, conditions(&component.pods));
        }
    }

    fn add_peer(&mut self, name: &str, peer: &NamedPeer) {
        match &peer.whom {
            Whom::Ranges(_) => {
                self.ranges.insert(name.to_owned(), cidrs(&peer.whom.addresses()));
            }
            Whom::Pods { namespaces, pods } => {
                self.namespaces.insert(name.to_owned(), conditions(namespaces));
                self.pods.extend(pods.as_ref().map(|pods| (name.to_owned(), conditions(pods))));
            }
        }
    }

    /// Those of named peers.
    pub(crate) fn of_peers(&self) -> [Table; 3] {
        [
            Table::new("ranges", "named peers: their addresses", &self.ranges),
            Table::new("namespaces", "named peers: their namespaces, by operator and key", &self.namespaces),
            Table::new("pods", "named peers: their pods, where those are not all", &self.pods),
        ]
    }

    /// Those of components, by namespace and name.
    pub(crate) fn of_components(&self) -> [Table; 4] {
        [
            Table::new("components", "components: their pods, by operator and key", &self.components),
            Table::new("admits", "components: the named peers that they may let in", &self.admits),
            Table::new("excepted", "components: those that they let in for a time", &self.excepted),
            Table::new("open", "components: the protocols of which every port is meant", &self.open),
        ]
    }
}

/// A table as it is printed.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// What it has, for whoever reviews it.
    pub(crate) about: &'static str,
    pub(crate) entries: Value,
}

impl Table {
    fn new(name: &'static str, about: &'static str, entries: &impl serde::Serialize) -> Self {
        Self { name, about, entries: json(entries) }
    }

    /// The table of components in parts of at most `most` bytes, but for a component that has more.
    pub(crate) fn parts(&self, most: usize) -> Vec<Value> {
        let (mut parts, mut part, mut length) = (Vec::new(), serde_json::Map::new(), 0);
        let namespaces = self.entries.as_object().into_iter().flatten();
        let components = namespaces.flat_map(|(namespace, of)| {
            of.as_object().into_iter().flatten().map(move |one| (namespace, one))
        });
        for (namespace, (name, value)) in components {
            let more = namespace.len() + name.len() + value.to_string().len() + ROOM;
            if length > 0 && length + more > most {
                parts.push(Value::Object(std::mem::take(&mut part)));
                length = 0;
            }
            length += more;
            let of = part.entry(namespace.clone()).or_insert_with(|| Value::Object(serde_json::Map::new()));
            if let Value::Object(of) = of {
                of.insert(name.clone(), value.clone());
            }
        }
        parts.push(Value::Object(part));
        parts
    }
}

fn json(table: &impl serde::Serialize) -> Value {
    // Maps whose keys are texts: there is nothing in them that JSON cannot say.
    serde_json::to_value(table).unwrap_or_default()
}

fn is_called(requirement: &Requirement, key: &Arc<str>, name: &Arc<str>) -> bool {
    matches!(requirement, Requirement::In(of, values) if of == key && values.len() == 1 && values.contains(name))
}

/// The blocks of some addresses, none of which lies in another.
pub(crate) fn cidrs(addresses: &AddressSet) -> Vec<String> {
    addresses.cidrs().iter().map(ToString::to_string).collect()
}

fn conditions(selector: &LabelSelector) -> Conditions {
    let mut conditions = Conditions::new();
    for requirement in selector.requirements() {
        let (operator, values) = match requirement {
            Requirement::In(_, values) => ("In", Some(values)),
            Requirement::NotIn(_, values) => ("NotIn", Some(values)),
            Requirement::Exists(_) => ("Exists", None),
            Requirement::DoesNotExist(_) => ("DoesNotExist", None),
        };
        let values: Vec<String> = values.into_iter().flatten().map(ToString::to_string).collect();
        let of = conditions.entry(operator).or_default();
        let key = requirement.key().to_string();
        match of.get_mut(&key) {
            // Both hold: what one of them forbids is forbidden, and what is left is what both list.
            Some(there) if operator == "NotIn" => there.extend(values),
            Some(there) => there.retain(|value| values.contains(value)),
            None => {
                of.insert(key, values);
            }
        }
    }
    conditions
}

/// The named peers of each component, found in one look at who calls whom.
struct Meant<'s> {
    lets_in: BTreeMap<&'s ObjectKey, BTreeSet<&'s Arc<str>>>,
    excepted: BTreeMap<&'s ObjectKey, BTreeSet<&'s Arc<str>>>,
}

impl<'s> Meant<'s> {
    fn of(standard: &'s Standard) -> Self {
        let mut meant = Self { lets_in: BTreeMap::new(), excepted: BTreeMap::new() };
        for component in &standard.components {
            meant.lets_in.entry(&component.key).or_default().extend(&component.admits);
        }
        for edge in &standard.edges {
            if let (End::Peer(name), End::Component(key)) = (&edge.from, &edge.to) {
                meant.lets_in.entry(key).or_default().insert(name);
            }
        }
        for one in standard.exceptions.iter().filter(|one| one.direction == Direction::Ingress) {
            if let End::Peer(name) = &one.with {
                meant.lets_in.entry(&one.component).or_default().insert(name);
                meant.excepted.entry(&one.component).or_default().insert(name);
            }
        }
        meant
    }
}
