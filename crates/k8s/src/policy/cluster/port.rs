//! Ports: entries of `protocols` in `v1alpha2` and of `ports` in `v1alpha1`. Each has exactly one field.

use super::{Dialect, peer::only_field, required};
use crate::{
    read::{
        context::{Context, Path},
        pod,
    },
    tree::NodeId,
};
use sekisho_core::{
    object::{Origin, PolicyPort, PortMatch},
    set::{PortRange, Protocol},
};
use std::sync::Arc;

const PROTOCOLS: &[&str] = &["tcp", "udp", "sctp", "destinationNamedPort"];
const PORTS: &[&str] = &["portNumber", "portRange", "namedPort"];

/// The ports that the entry names: one, or where it gives a name without a protocol one for each.
pub(super) fn read(
    cx: &mut Context<'_>,
    entry: NodeId,
    path: Path<'_>,
    dialect: &Dialect,
) -> Vec<PolicyPort> {
    let known = if dialect.is_old() { PORTS } else { PROTOCOLS };
    if cx.tree.mapping(entry).is_none() {
        cx.wrong_type(entry, path, "a mapping");
        return Vec::new();
    }
    let Some(field) = only_field(cx, entry, known) else {
        let fields: Vec<String> = known.iter().map(|field| format!("`{field}`")).collect();
        cx.error("invalid-port", entry, format!("`{path}` must have exactly one of {}", fields.join(", ")));
        return Vec::new();
    };
    let origin = cx.origin(entry);
    let one = match field {
        "namedPort" | "destinationNamedPort" => {
            let name = cx.text(entry, field, path).map(Arc::from);
            return name.map(|name| named(&name, &origin)).unwrap_or_default();
        }
        "portNumber" | "portRange" => written_out(cx, entry, field, path),
        protocol => destination(cx, entry, protocol, path),
    };
    one.map(|(protocol, range)| PolicyPort { protocol, port: PortMatch::Range(range), origin })
        .into_iter()
        .collect()
}

/// The name is looked up whatever the protocol: `destinationNamedPort` and `namedPort` tell none.
fn named(name: &Arc<str>, origin: &Origin) -> Vec<PolicyPort> {
    let of =
        |protocol| PolicyPort { protocol, port: PortMatch::Named(Arc::clone(name)), origin: origin.clone() };
    Protocol::ALL.map(of).into()
}

/// `tcp`, `udp` or `sctp` with a `destinationPort`, which has a `number` or a `range`.
fn destination(
    cx: &mut Context<'_>,
    entry: NodeId,
    field: &str,
    path: Path<'_>,
) -> Option<(Protocol, PortRange)> {
    let protocol = match field {
        "udp" => Protocol::Udp,
        "sctp" => Protocol::Sctp,
        _ => Protocol::Tcp,
    };
    let of_protocol = cx.mapping(entry, field, path)?;
    let path = path.field(field);
    required(cx, of_protocol, "destinationPort", path)?;
    let port = cx.mapping(of_protocol, "destinationPort", path)?;
    let path = path.field("destinationPort");
    let range = match only_field(cx, port, &["number", "range"]) {
        Some("number") => {
            let number = cx.get(port, "number")?;
            PortRange::single(pod::port_number(cx, number, path.field("number"))?)
        }
        Some(_) => {
            let range = cx.mapping(port, "range", path)?;
            span(cx, range, path.field("range"), 1)
        }
        None => {
            let message = format!("`{path}` must have exactly one of `number` and `range`");
            cx.error("invalid-port", port, message);
            None
        }
    };
    Some((protocol, range?))
}

/// `portNumber` or `portRange`, each with its protocol.
fn written_out(
    cx: &mut Context<'_>,
    entry: NodeId,
    field: &str,
    path: Path<'_>,
) -> Option<(Protocol, PortRange)> {
    let port = cx.mapping(entry, field, path)?;
    let path = path.field(field);
    let protocol = pod::protocol(cx, port, path);
    let range = if field == "portRange" {
        span(cx, port, path, 0)
    } else {
        let number = required(cx, port, "port", path)?;
        PortRange::single(pod::port_number(cx, number, path.field("port"))?)
    };
    Some((protocol?, range?))
}

/// `start` to `end`, which must be at least `least` greater.
fn span(cx: &mut Context<'_>, node: NodeId, path: Path<'_>, least: u16) -> Option<PortRange> {
    let start = required(cx, node, "start", path);
    let end = required(cx, node, "end", path);
    let first = start.and_then(|start| pod::port_number(cx, start, path.field("start")));
    let last = end.and_then(|end| pod::port_number(cx, end, path.field("end")));
    let (first, last, end) = (first?, last?, end?);
    if first.saturating_add(least) > last {
        cx.error("invalid-port", end, format!("`end` {last} must be greater than `start` {first}"));
        return None;
    }
    PortRange::new(first, last)
}
