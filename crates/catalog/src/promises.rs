//! What a catalog means, as promises that `sekisho test` holds against whatever is deployed.

use crate::{Call, Catalog, Component, layout::MARK, standard::is_in};
use sekisho_core::{
    object::{LabelSelector, Labels, NAME_LABEL, PolicyPort, PortMatch},
    set::Protocol,
    standard::{End, Stance, Whom},
};
use sekisho_k8s::emit::{Item, Value};
use std::{collections::BTreeMap, sync::Arc};

/// How long a line becomes before a group gets lines of its own.
const WIDTH: usize = 110;
/// The group of every pod, which needs no definition.
const CLUSTER: &str = "cluster";
/// The groups that promises know by themselves, and nobody may define.
const BUILT_IN: [&str; 3] = ["anyone", CLUSTER, "internet"];

impl Catalog {
    /// The file of promises of `environment`.
    #[must_use]
    pub fn promises(&self, environment: Option<&str>) -> String {
        let mut writer = Writer { catalog: self, environment, groups: BTreeMap::new(), promises: Vec::new() };
        for component in self.components() {
            writer.called(component);
            if component.egress == Stance::Closed {
                writer.calls(component);
            }
        }
        writer.finish()
    }
}

struct Writer<'c> {
    catalog: &'c Catalog,
    environment: Option<&'c str>,
    groups: BTreeMap<String, Value>,
    promises: Vec<Item>,
}

impl Writer<'_> {
    fn finish(self) -> String {
        if self.promises.is_empty() {
            return format!("{MARK}\n\nversion: 1\npromises: []\n");
        }
        let groups = self.groups.into_iter().map(|(name, group)| {
            let start = name.len() + 4;
            Item::of(name, group.fit(start, WIDTH))
        });
        let file = Value::Map(vec![
            Item::of("version", Value::Raw("1".into())),
            Item::of("groups", Value::Map(groups.collect())).below([String::new()]),
            Item::of("promises", Value::List(self.promises)).below([String::new()]),
        ]);
        format!("{MARK}\n\n{}", file.to_document())
    }

    fn calls_here(&self, wanted: impl Fn(&Call) -> bool) -> Vec<Call> {
        let calls = self.catalog.calls.iter().filter(|call| wanted(call));
        let here = |call: &&Call| is_in(self.catalog.environments_of(call).as_ref(), self.environment);
        calls.filter(here).cloned().collect()
    }

    /// Who calls the component: they can, and nobody else.
    fn called(&mut self, component: &Component) {
        let own = End::Component(component.key.clone());
        let calls = self.calls_here(|call| call.to == own);
        let (title, group) = (component.title(), self.group(&own));
        if calls.is_empty() {
            if !self.catalog.exempt.contains(&component.key.namespace) {
                let who = vec!["anyone".to_owned()];
                self.promise(
                    format!("nobody calls {title}"),
                    ("who", who),
                    ("cannot reach", vec![group]),
                    Vec::new(),
                );
            }
            return;
        }
        let all: Vec<String> = distinct(calls.iter().map(|call| self.group(&call.from)).collect());
        let (surely, perhaps): (Vec<&Call>, Vec<&Call>) = calls
            .iter()
            .filter(|call| self.may_all_call(&call.from))
            .partition(|call| self.is_there(&call.from));
        let ports = match component.ports.as_slice() {
            [port] => port_text(port),
            ports => Value::List(ports.iter().map(|port| Item::new(port_text(port))).collect()).inline(),
        };
        for (calls, may_match_nothing) in [(surely, false), (perhaps, true)] {
            let who = distinct(calls.iter().map(|call| self.group(&call.from)).collect());
            if who.is_empty() {
                continue;
            }
            let mut rest = vec![Item::of("on ports", ports.clone())];
            if may_match_nothing {
                rest.push(Item::of("may match nothing", Value::Raw("true".into())));
            }
            let name = format!("{title} can be called by {}", crate::generate::list(&who));
            self.promise(name, ("who", who), ("can reach", vec![group.clone()]), rest);
        }
        self.promise(
            format!("{title} is called by nobody else"),
            ("only", all),
            ("can reach", vec![group]),
            Vec::new(),
        );
    }

    /// Whom the component may call, where that is all it may.
    fn calls(&mut self, component: &Component) {
        let own = End::Component(component.key.clone());
        let calls = self.calls_here(|call| call.from == own);
        let (title, who) = (component.title(), vec![self.group(&own)]);
        let whom = distinct(calls.iter().map(|call| self.group(&call.to)).collect());
        if whom.is_empty() {
            let anyone = vec!["anyone".to_owned()];
            self.promise(format!("{title} calls nobody"), ("who", who), ("cannot reach", anyone), Vec::new());
        } else {
            self.promise(
                format!("{title} calls nobody else"),
                ("who", who),
                ("can reach only", whom),
                Vec::new(),
            );
        }
    }

    fn promise(
        &mut self,
        name: String,
        who: (&str, Vec<String>),
        whom: (&str, Vec<String>),
        rest: Vec<Item>,
    ) {
        let mut fields = vec![Item::of("name", Value::text(name))];
        for (key, names) in [who, whom] {
            let value = match names.as_slice() {
                [one] => Value::text(one.as_str()),
                _ => Value::texts(names).inline(),
            };
            fields.push(Item::of(key, value));
        }
        fields.extend(rest);
        let space = if self.promises.is_empty() { None } else { Some(String::new()) };
        self.promises.push(Item::new(Value::Map(fields)).below(space));
    }

    /// Whether all of `end` may call: of a peer's pods some may be a component's whose egress is closed.
    fn may_all_call(&self, end: &End) -> bool {
        let End::Peer(name) = end else { return true };
        let Some(Whom::Pods { namespaces, .. }) = self.catalog.peer(name).map(|peer| &peer.whom) else {
            return true;
        };
        self.catalog.namespaces().iter().all(|(namespace, stance)| {
            let labels: Labels = [(Arc::from(NAME_LABEL), Arc::clone(namespace))].into_iter().collect();
            *stance == Stance::Open || !namespaces.matches(&labels)
        })
    }

    /// Whether somebody is there for sure: of peers that are pods, whoever deploys them knows.
    fn is_there(&self, end: &End) -> bool {
        match end {
            End::Component(_) => true,
            End::Peer(name) => {
                self.catalog.peer(name).is_some_and(|peer| matches!(peer.whom, Whom::Ranges(_)))
            }
        }
    }

    /// The name of the group that `end` is, which is defined with it.
    fn group(&mut self, end: &End) -> String {
        let (name, group) = match end {
            End::Component(key) => {
                let Some(component) = self.catalog.component(key) else { return key.to_string() };
                let name = format!("{} {}", component.service, component.name);
                let namespaces = format!("{NAME_LABEL}={}", key.namespace);
                (name, pods(Some(namespaces), Some(crate::standard::exactly(&component.labels).to_string())))
            }
            End::Peer(name) => {
                let title =
                    if BUILT_IN.contains(&&**name) { format!("peer {name}") } else { name.to_string() };
                match self.catalog.peer(name).map(|peer| &peer.whom) {
                    None => return title,
                    Some(Whom::Ranges(ranges)) => {
                        let ranges = Value::texts(ranges.iter().map(ToString::to_string));
                        (title, Value::Map(vec![Item::of("addresses", ranges)]))
                    }
                    Some(Whom::Pods { namespaces, pods: None }) if namespaces.is_everything() => {
                        return CLUSTER.to_owned();
                    }
                    Some(Whom::Pods { namespaces, pods: of }) => {
                        let text = |selector: &LabelSelector| {
                            (!selector.is_everything()).then(|| selector.to_string())
                        };
                        (title, pods(text(namespaces), of.as_ref().and_then(text)))
                    }
                }
            }
        };
        self.groups.insert(name.clone(), group);
        name
    }
}

fn pods(namespaces: Option<String>, pods: Option<String>) -> Value {
    let fields = [("namespaces", namespaces), ("pods", pods)];
    let fields = fields.into_iter().filter_map(|(key, text)| Some(Item::of(key, Value::text(text?))));
    Value::Map(fields.collect())
}

fn distinct(names: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    names.into_iter().filter(|name| seen.insert(name.clone())).collect()
}

/// A port as promises and catalogs write it.
fn port_text(port: &PolicyPort) -> Value {
    let words = port_words(port);
    if words.parse::<u16>().is_ok() { Value::Raw(words) } else { Value::text(words) }
}

/// The words for a port: `http`, `8080`, `UDP/53`, `TCP/8000-8100`.
pub(crate) fn port_words(port: &PolicyPort) -> String {
    let protocol = port.protocol;
    match &port.port {
        PortMatch::All => protocol.to_string(),
        PortMatch::Named(name) if protocol == Protocol::Tcp => name.to_string(),
        PortMatch::Range(range) if protocol == Protocol::Tcp && range.first() == range.last() => {
            range.first().to_string()
        }
        PortMatch::Named(name) => format!("{protocol}/{name}"),
        PortMatch::Range(range) => format!("{protocol}/{range}"),
    }
}
