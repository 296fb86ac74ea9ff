//! Ports, ranges, selectors and days, as people write them.

use super::{Layer, tell::Tell};
use crate::document::{Placed, Ports, Selector, Texts};
use sekisho_core::{
    object::{LabelSelector, Labels, Origin, PolicyPort, PortMatch, Requirement},
    set::{Cidr, PortRange, Protocol},
};
use sekisho_k8s::syntax;
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// The ports; those that are none are told.
pub(super) fn ports(layer: &Layer<'_>, ports: &Ports, tell: &mut Tell) -> Vec<PolicyPort> {
    let mut read = Vec::with_capacity(ports.0.len());
    for port in &ports.0 {
        let origin = layer.origin(port.span);
        match parse_port(&port.value) {
            Ok((protocol, port)) => read.push(PolicyPort { protocol, port, origin }),
            Err(reason) => tell.error("invalid-port", &origin, reason),
        }
    }
    read
}

fn parse_port(text: &str) -> Result<(Protocol, PortMatch), String> {
    let unclear = || {
        format!(
            "`{text}` is no port: write `http`, `8080`, `UDP/53` or `TCP/8000-8100`; ports are 1 to 65535"
        )
    };
    let (protocol, port) = match text.split_once('/') {
        Some((protocol, port)) => (protocol.parse::<Protocol>().map_err(|_| unclear())?, port),
        None => match text.parse::<Protocol>() {
            Ok(protocol) => return Ok((protocol, PortMatch::All)),
            Err(_) => (Protocol::Tcp, text),
        },
    };
    let (first, last) = port.split_once('-').unwrap_or((port, port));
    if let Some((first, last)) = number(first).zip(number(last)) {
        return PortRange::new(first, last)
            .map(|range| (protocol, PortMatch::Range(range)))
            .ok_or_else(unclear);
    }
    syntax::port_name(port).map_err(|_| unclear())?;
    Ok((protocol, PortMatch::Named(port.into())))
}

/// The number that `text` is. `+80` and `080` are none, as they are none in quotes to the API server: read as numbers,
/// the second is octal to some.
fn number(text: &str) -> Option<u16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain)
}

/// The blocks; an address stands for itself.
pub(super) fn ranges(layer: &Layer<'_>, texts: &Texts, tell: &mut Tell) -> BTreeSet<Cidr> {
    let mut read = BTreeSet::new();
    for text in &texts.0 {
        let address = || text.value.parse::<IpAddr>().map(Cidr::host);
        match text.value.parse::<Cidr>().or_else(|_| address()) {
            Ok(range) => {
                let address =
                    text.value.split_once('/').and_then(|(address, _)| address.parse::<IpAddr>().ok());
                if let Some(address) = address.filter(|address| *address != range.first()) {
                    // S19: it would be read as the network, and few mean that.
                    let message = format!("`{}` has host bits set", text.value);
                    let help = format!("write `{range}` for all of it, or `{address}` for the one address");
                    tell.error_help("host-bits", &layer.origin(text.span), message, help);
                }
                read.insert(range);
            }
            Err(_) => {
                let message = format!("`{}` is no address block", text.value);
                tell.error_help("invalid-range", &layer.origin(text.span), message, "write `203.0.113.0/24`");
            }
        }
    }
    read
}

/// The selector; one that is none is told.
pub(super) fn selector(layer: &Layer<'_>, selector: &Placed<Selector>, tell: &mut Tell) -> LabelSelector {
    let origin = layer.origin(selector.span);
    match &selector.value {
        Selector::Text(text) => match sekisho_k8s::parse_selector(text) {
            Ok(selector) => selector,
            Err(reason) => {
                tell.error("invalid-selector", &origin, reason);
                LabelSelector::everything()
            }
        },
        Selector::Labels(labels) => crate::standard::exactly(&self::labels(labels.iter(), &origin, tell)),
    }
}

/// The labels; keys and values that are none are told.
pub(super) fn labels<'l>(
    labels: impl Iterator<Item = (&'l String, &'l String)>,
    origin: &Origin,
    tell: &mut Tell,
) -> Labels {
    let mut read = Labels::new();
    for (key, value) in labels {
        if let Err(reason) = syntax::qualified_name(key) {
            tell.error("invalid-label", origin, format!("the label key {reason}"));
        }
        if let Err(reason) = syntax::label_value(value) {
            tell.error("invalid-label", origin, format!("the value of `{key}` {reason}"));
        }
        read.set(key.as_str(), value.as_str());
    }
    read
}

/// The selector of namespaces that are called so.
pub(super) fn namespaces(layer: &Layer<'_>, names: &Texts, tell: &mut Tell) -> LabelSelector {
    let mut values: BTreeSet<Arc<str>> = BTreeSet::new();
    for name in &names.0 {
        if let Err(reason) = syntax::dns_label(&name.value) {
            tell.error("invalid-name", &layer.origin(name.span), format!("the namespace {reason}"));
        }
        values.insert(name.value.as_str().into());
    }
    [Requirement::In(sekisho_core::object::NAME_LABEL.into(), values)].into_iter().collect()
}

/// The environments, as far as they are known.
pub(super) fn environments(
    layer: &Layer<'_>,
    names: &Texts,
    known: &BTreeSet<Arc<str>>,
    tell: &mut Tell,
) -> BTreeSet<Arc<str>> {
    let mut read = BTreeSet::new();
    for name in &names.0 {
        match known.get(name.value.as_str()) {
            Some(name) => {
                read.insert(Arc::clone(name));
            }
            None => {
                let names = known.iter().map(|name| &**name);
                tell.unknown("environment", &name.value, names, &layer.origin(name.span));
            }
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_what_people_write() {
        for (text, shown) in [
            ("http", Some("TCP http")),
            ("8080", Some("TCP 8080")),
            ("UDP/dogstatsd", Some("UDP dogstatsd")),
            ("TCP/8000-8100", Some("TCP 8000-8100")),
            ("UDP", Some("UDP")),
            ("0", None),
            ("70000", None),
            ("8100-8000", None),
            ("+80", None),
            ("080", None),
            ("TCP/8000-08100", None),
            ("HTTP/80", None),
            ("Http", None),
            ("", None),
        ] {
            let read = parse_port(text)
                .ok()
                .map(|(protocol, port)| PolicyPort { protocol, port, origin: Origin::default() }.to_string());
            assert_eq!(read.as_deref(), shown, "{text}");
        }
    }
}
