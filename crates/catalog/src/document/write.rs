//! A catalog as a text that a person would have typed so.

use super::{
    Component, Document, Egress, Entries, Environment, Exception, Peer, Ports, Selector, Service, Standard,
    Texts, Tier,
};
use sekisho_k8s::emit::{Item, Value};

/// How long a line becomes before what is on it gets lines of its own.
const WIDTH: usize = 110;

impl<C> Document<C> {
    /// The text. What `check` is to look for is not in it: that is written by hand.
    #[must_use]
    pub fn to_text(&self) -> String {
        let space = || [String::new()];
        let mut fields = vec![Item::of("version", Value::Raw(self.version.value.to_string()))];
        if !self.environments.is_empty() {
            let environments = entries(&self.environments, 2, environment);
            fields.push(Item::of("environments", environments).below(space()));
        }
        if !self.peers.is_empty() {
            fields.push(Item::of("peers", entries(&self.peers, 2, peer)).below(space()));
        }
        let standard = standard(&self.standard);
        if !standard.is_empty() {
            fields.push(Item::of("standard", Value::Map(standard)).below(space()));
        }
        if !self.services.is_empty() {
            let services = self.services.iter().enumerate().map(|(at, (name, one))| {
                let item = Item::of(name.value.as_str(), service(one));
                if at == 0 { item } else { item.below(space()) }
            });
            fields.push(Item::of("services", Value::Map(services.collect())).below(space()));
        }
        Value::Map(fields).to_document()
    }
}

/// The entries, each on one line where it fits, `indent` from the left.
fn entries<T>(entries: &Entries<T>, indent: usize, value: impl Fn(&T) -> Value) -> Value {
    let items = entries.iter().map(|(name, entry)| {
        let name = name.value.as_str();
        Item::of(name, value(entry).fit(indent + name.len() + 2, WIDTH))
    });
    Value::Map(items.collect())
}

/// Fields that are there.
#[derive(Default)]
struct Fields(Vec<Item>);

impl Fields {
    fn text(&mut self, key: &str, text: Option<&str>) {
        self.0.extend(text.map(|text| Item::of(key, Value::text(text))));
    }

    /// One, or a list of them.
    fn texts(&mut self, key: &str, texts: Option<&Texts>) {
        let Some(Texts(texts)) = texts else { return };
        let value = match texts.as_slice() {
            [one] => Value::text(one.value.as_str()),
            texts => Value::texts(texts.iter().map(|text| text.value.as_str())).inline(),
        };
        self.0.push(Item::of(key, value));
    }

    fn some_texts(&mut self, key: &str, texts: &Texts) {
        self.texts(key, Some(texts).filter(|texts| !texts.0.is_empty()));
    }

    fn ports(&mut self, key: &str, ports: Option<&Ports>) {
        let Some(Ports(ports)) = ports else { return };
        let one = |port: &str| match port.parse::<u16>() {
            Ok(_) => Value::Raw(port.to_owned()),
            Err(_) => Value::text(port),
        };
        let value = match ports.as_slice() {
            [port] => one(&port.value),
            ports => Value::List(ports.iter().map(|port| Item::new(one(&port.value))).collect()).inline(),
        };
        self.0.push(Item::of(key, value));
    }

    fn selector(&mut self, key: &str, selector: Option<&Selector>) {
        let value = match selector {
            None => return,
            Some(Selector::Text(text)) => Value::text(text.as_str()),
            Some(Selector::Labels(labels)) => labels_value(labels),
        };
        self.0.push(Item::of(key, value));
    }

    fn egress(&mut self, egress: Option<Egress>) {
        self.text(
            "egress",
            egress.map(|egress| match egress {
                Egress::Open => "open",
                Egress::Closed => "closed",
            }),
        );
    }
}

fn labels_value(labels: &std::collections::BTreeMap<String, String>) -> Value {
    let items = labels.iter().map(|(key, value)| Item::of(key.as_str(), Value::text(value.as_str())));
    Value::Map(items.collect()).inline()
}

fn environment(environment: &Environment) -> Value {
    let mut fields = Fields::default();
    fields.some_texts("paths", &environment.paths);
    Value::Map(fields.0)
}

fn peer(peer: &Peer) -> Value {
    let mut fields = Fields::default();
    fields.texts("ranges", peer.ranges.as_ref());
    fields.texts("namespace", peer.namespace.as_ref());
    fields.selector("namespaces", peer.namespaces.as_ref().map(|selector| &selector.value));
    fields.selector("pods", peer.pods.as_ref().map(|selector| &selector.value));
    fields.ports("ports", Some(&peer.ports).filter(|ports| !ports.0.is_empty()));
    fields.text("role", peer.role.map(|role| role.as_str()));
    fields.texts("environments", peer.environments.as_ref());
    fields.text("comment", peer.comment.as_deref());
    Value::Map(fields.0)
}

fn standard(standard: &Standard) -> Vec<Item> {
    let mut labels = Fields::default();
    let keys = &standard.labels;
    for (name, key) in [("name", &keys.name), ("component", &keys.component), ("part-of", &keys.part_of)] {
        labels.text(name, key.as_ref().map(|key| key.value.as_str()));
    }
    let mut fields = Fields::default();
    if !labels.0.is_empty() {
        fields.0.push(Item::of("labels", Value::Map(labels.0)));
    }
    fields.text("baseline", standard.baseline.as_ref().map(|name| name.value.as_str()));
    fields.egress(standard.egress);
    fields.texts("dns", standard.dns.as_ref());
    fields.texts("exempt", standard.exempt.as_ref());
    if !standard.tiers.is_empty() {
        fields.0.push(Item::of("tiers", entries(&standard.tiers, 4, tier)));
    }
    fields.0
}

fn tier(tier: &Tier) -> Value {
    let mut fields = Fields::default();
    fields.some_texts("callers", &tier.callers);
    fields.text("name", tier.name.as_ref().map(|name| name.value.as_str()));
    fields.0.extend(tier.dns.map(|dns| Item::of("dns", Value::Raw(dns.to_string()))));
    Value::Map(fields.0)
}

fn service(service: &Service) -> Value {
    let mut fields = Fields::default();
    fields.text("namespace", service.namespace.as_ref().map(|name| name.value.as_str()));
    fields.egress(service.egress);
    if !service.components.is_empty() {
        fields.0.push(Item::of("components", entries(&service.components, 6, component)));
    }
    Value::Map(fields.0)
}

fn component(component: &Component) -> Value {
    let mut fields = Fields::default();
    fields.text("tier", component.tier.as_ref().map(|tier| tier.value.as_str()));
    fields.text("name", component.name.as_ref().map(|name| name.value.as_str()));
    fields.0.extend(component.labels.as_ref().map(|labels| Item::of("labels", labels_value(&labels.value))));
    fields.ports("ports", component.ports.as_ref());
    fields.some_texts("callers", &component.callers);
    fields.some_texts("calls", &component.calls);
    fields.egress(component.egress);
    if !component.exceptions.is_empty() {
        let exceptions = component.exceptions.iter().map(|one| Item::new(exception(&one.value)));
        fields.0.push(Item::of("exceptions", Value::List(exceptions.collect())));
    }
    Value::Map(fields.0)
}

fn exception(exception: &Exception) -> Value {
    let mut fields = Fields::default();
    for (key, text) in [
        ("from", &exception.from),
        ("to", &exception.to),
        ("reason", &exception.reason),
        ("until", &exception.until),
    ] {
        fields.text(key, text.as_ref().map(|text| text.value.as_str()));
    }
    fields.texts("environments", exception.environments.as_ref());
    Value::Map(fields.0).inline()
}
