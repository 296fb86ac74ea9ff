//! What a case of the corpus expects: packets, and what becomes of them.
//!
//! ```yaml
//! packets:
//!   - "shop/web -> shop/db tcp/5432": deny
//!     because: "egress: not isolated; ingress: no rule of shop/db allows it"
//! ```

use crate::{
    Diagnostic,
    read::{
        context::{Context, Path},
        names::Names,
    },
    source::{self, Text},
    tree::{Documents, NodeId},
};
use sekisho_core::{
    object::{Cluster, ObjectKey, Origin, Pod},
    packet::{End, Packet, Traffic},
    verdict::Decision,
};
use std::{net::IpAddr, sync::Arc};

/// One end of an expected packet, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndName {
    /// An address.
    Address(IpAddr),
    /// A pod, or else every pod of a workload.
    Named(ObjectKey),
}

impl EndName {
    /// What the name stands for in `cluster`: each address of each pod, and the pod itself where it
    /// has none. Empty where there is no such pod.
    #[must_use]
    pub fn resolve(&self, cluster: &Cluster) -> Vec<End> {
        let key = match self {
            Self::Address(address) => return vec![End::Address(*address)],
            Self::Named(key) => key,
        };
        let select = |wanted: &dyn Fn(&Pod) -> bool| -> Vec<End> {
            cluster.pods.values().filter(|pod| wanted(pod)).flat_map(|pod| ends(pod)).collect()
        };
        let pods = select(&|pod| pod.key == *key);
        if pods.is_empty() { select(&|pod| pod.workload.key == *key) } else { pods }
    }
}

fn ends(pod: &Pod) -> Vec<End> {
    if pod.addresses.is_empty() {
        return vec![End::Pod(pod.uid.clone())];
    }
    pod.addresses.iter().copied().map(End::Address).collect()
}

/// A packet, and what should become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The packet as it was written.
    pub text: String,
    /// Who opens the connection.
    pub from: EndName,
    /// Whom it is opened to.
    pub to: EndName,
    /// What the packet carries.
    pub traffic: Traffic,
    /// What should become of it.
    pub decision: Decision,
    /// The reason, as [`Verdict::because`](sekisho_core::verdict::Verdict::because) has it.
    pub because: Option<String>,
    /// Where it was written.
    pub origin: Origin,
}

impl Expectation {
    /// The packets that are meant: one for each pair of ends whose families agree.
    #[must_use]
    pub fn packets(&self, cluster: &Cluster) -> Vec<Packet> {
        let (sources, destinations) = (self.from.resolve(cluster), self.to.resolve(cluster));
        let family = |end: &End| end.address().map(|address| address.is_ipv4());
        let mut packets = Vec::new();
        for from in &sources {
            for to in &destinations {
                let (a, b) = (family(from), family(to));
                if a.is_none() || b.is_none() || a == b {
                    packets.push(Packet { from: from.clone(), to: to.clone(), traffic: self.traffic });
                }
            }
        }
        packets
    }
}

/// What an expectation file says.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    /// The expectations, in the order in which they were written.
    pub expectations: Vec<Expectation>,
    /// What is wrong with the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the expectations in a text.
#[must_use]
pub fn read_expectations(name: &str, bytes: &[u8]) -> Expectations {
    let mut read = Expectations::default();
    let text = match source::decode(&name.into(), bytes) {
        Ok(text) => text,
        Err((_, origin)) => {
            let error = Diagnostic::new(crate::Severity::Error, "encoding", "this byte is not UTF-8", origin);
            read.diagnostics.push(error);
            return read;
        }
    };
    read_documents(&text, &mut read);
    Diagnostic::sort(&mut read.diagnostics);
    read
}

fn read_documents(text: &Text, read: &mut Expectations) {
    let namespace: Arc<str> = "default".into();
    let (mut found, mut names) = (Vec::new(), Names::default());
    let mut documents = Documents::new(text, &mut read.diagnostics);
    while let Some(document) = documents.next() {
        let mut cx = Context::new(text, &document.tree, &namespace, &mut names, &mut found);
        for (index, entry) in cx.list(document.root, "packets", Path::TOP).into_iter().enumerate() {
            let path = Path::TOP.field("packets");
            read.expectations.extend(read_entry(&mut cx, entry, path.index(index)));
        }
    }
    read.diagnostics.append(&mut found);
}

fn read_entry(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>) -> Option<Expectation> {
    let tree = cx.tree;
    let Some(mut fields) = tree.mapping(entry) else {
        cx.wrong_type(entry, path, "a mapping");
        return None;
    };
    let Some((key, value)) = fields.find(|(key, _)| tree.key_text(*key) != "because") else {
        cx.error("missing-field", entry, "there is no packet here");
        return None;
    };
    if let Some((other, _)) = fields.find(|(key, _)| tree.key_text(*key) != "because") {
        cx.error("unknown-field", other, "there is a packet here already");
        return None;
    }
    let because = cx.text(entry, "because", path).map(str::to_owned);
    let decision = match cx.text_at(value, path)? {
        "allow" => Decision::Allow,
        "deny" => Decision::Deny,
        other => {
            cx.error("invalid-value", value, format!("`{other}` is neither `allow` nor `deny`"));
            return None;
        }
    };
    let text = tree.key_text(key).to_owned();
    let Some((from, to, traffic)) = parse_packet(&text) else {
        let message = format!("`{text}` is not a packet such as `shop/web -> shop/db tcp/5432`");
        cx.error("invalid-value", key, message);
        return None;
    };
    Some(Expectation { from, to, traffic, decision, because, origin: cx.origin(key), text })
}

fn parse_packet(text: &str) -> Option<(EndName, EndName, Traffic)> {
    let (from, rest) = text.split_once(" -> ")?;
    let (to, traffic) = rest.trim().rsplit_once(' ')?;
    Some((parse_end(from.trim())?, parse_end(to.trim())?, parse_traffic(traffic)?))
}

fn parse_end(text: &str) -> Option<EndName> {
    if let Ok(address) = text.parse() {
        return Some(EndName::Address(address));
    }
    let (namespace, name) = text.split_once('/')?;
    (!namespace.is_empty() && !name.is_empty()).then(|| EndName::Named(ObjectKey::new(namespace, name)))
}

/// The type of an ICMPv6 echo request, by RFC 4443.
const ICMPV6_ECHO: u8 = 128;
/// The number of ICMP for IPv4, by IANA.
const ICMP: u8 = 1;

fn parse_traffic(text: &str) -> Option<Traffic> {
    match text.split_once('/') {
        None => match text {
            "icmp" => Some(Traffic::Other(ICMP)),
            "icmpv6" => Some(Traffic::Icmpv6(ICMPV6_ECHO)),
            _ => None,
        },
        Some(("icmpv6", kind)) => Some(Traffic::Icmpv6(kind.parse().ok()?)),
        Some(("protocol", number)) => Some(Traffic::Other(number.parse().ok()?)),
        Some((protocol, port)) => Some(Traffic::Port(protocol.parse().ok()?, port.parse().ok()?)),
    }
}
