//! Ports: entries of `ports` (S12, S13).

use crate::{
    read::{
        context::{Context, Path},
        pod,
    },
    syntax,
    tree::NodeId,
};
use sekisho_core::{
    object::{PolicyPort, PortMatch},
    set::PortRange,
};

/// The port at `entry`.
pub(super) fn read(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>) -> Option<PolicyPort> {
    if cx.tree.mapping(entry).is_none() && !cx.tree.is_null(entry) {
        let origin = cx.origin(entry);
        let number = cx.tree.scalar(entry).and_then(|scalar| scalar.integer());
        let message = format!("`{path}` must be a mapping, not {}", cx.tree.describe(entry));
        let mut diagnostic = crate::Diagnostic::new(crate::Severity::Error, "wrong-type", message, origin);
        diagnostic.help = number.map(|number| format!("write `port: {number}`"));
        cx.report(diagnostic);
        return None;
    }
    let protocol = pod::protocol(cx, entry, path);
    let last = cx.get(entry, "endPort");
    let port = match cx.get(entry, "port") {
        None => {
            if let Some(last) = last {
                cx.error("invalid-port", last, "`endPort` needs a `port` to start from");
                return None;
            }
            Some(PortMatch::All)
        }
        Some(port) => read_port(cx, port, last, path),
    };
    Some(PolicyPort { protocol: protocol?, port: port?, origin: cx.origin(entry) })
}

fn read_port(cx: &mut Context<'_>, port: NodeId, last: Option<NodeId>, path: Path<'_>) -> Option<PortMatch> {
    if let Some(name) = cx.tree.scalar(port).and_then(|scalar| scalar.string()) {
        if let Some(last) = last {
            cx.error("invalid-port", last, "`endPort` needs a `port` that is a number");
            return None;
        }
        return named(cx, port, name);
    }
    if cx.tree.scalar(port).and_then(|scalar| scalar.integer()).is_none() {
        cx.wrong_type(port, path.field("port"), "a whole number or the name of a port");
        return None;
    }
    let first = pod::port_number(cx, port, path.field("port"));
    let Some(end) = last else {
        return first.and_then(PortRange::single).map(PortMatch::Range);
    };
    let end_number = pod::port_number(cx, end, path.field("endPort"));
    let (first, last) = (first?, end_number?);
    let range = PortRange::new(first, last);
    if range.is_none() {
        cx.error("invalid-port", end, format!("`endPort` {last} is less than `port` {first}"));
    }
    range.map(PortMatch::Range)
}

fn named(cx: &mut Context<'_>, port: NodeId, name: &str) -> Option<PortMatch> {
    if let Err(reason) = syntax::port_name(name) {
        let message = format!("the port name {reason}");
        if name.parse::<u16>().is_ok() {
            cx.error_help("invalid-port", port, message, format!("without quotes it is a number: {name}"));
        } else {
            cx.error("invalid-port", port, message);
        }
        return None;
    }
    Some(PortMatch::Named(name.into()))
}
