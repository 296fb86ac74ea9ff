//! `on ports`: ports as people type them.

use super::end;
use crate::{
    read::context::{Context, Path},
    syntax,
    tree::NodeId,
};
use sekisho_core::{
    promise::PromisedPort,
    set::{PortRange, Protocol},
};

/// The ports that the text, number or list at `node` names.
pub(super) fn read_list(cx: &mut Context<'_>, node: NodeId, path: Path<'_>) -> Vec<PromisedPort> {
    let entries = end::entries(cx, node);
    if entries.is_empty() {
        let help = "leave it out where any traffic is meant";
        cx.error_help("invalid-port", node, format!("`{path}` names no port"), help);
    }
    let mut ports = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some(scalar) = cx.tree.scalar(entry).filter(|scalar| !scalar.is_null()) else {
            cx.wrong_type(entry, path, "a port");
            continue;
        };
        match parse(scalar.text.trim()) {
            Ok(port) => ports.push(port),
            Err(reason) => cx.error("invalid-port", entry, reason),
        }
    }
    ports
}

fn parse(text: &str) -> Result<PromisedPort, String> {
    if text == "all" {
        return Ok(PromisedPort::All);
    }
    if text == "declared" {
        return Ok(PromisedPort::Declared);
    }
    let (protocol, port) = match text.split_once('/') {
        Some((protocol, port)) => {
            (Some(protocol.parse::<Protocol>().map_err(|error| error.to_string())?), port)
        }
        None => match text.parse::<Protocol>() {
            Ok(protocol) => return Ok(PromisedPort::Protocol(protocol)),
            Err(_) => (None, text),
        },
    };
    if !port.starts_with(|letter: char| letter.is_ascii_digit()) {
        return match syntax::port_name(port) {
            Ok(()) => Ok(PromisedPort::Named(protocol, port.into())),
            Err(_) => Err(unclear(text)),
        };
    }
    let (first, last) = port.split_once('-').unwrap_or((port, port));
    let range =
        first.parse().ok().zip(last.parse().ok()).and_then(|(first, last)| PortRange::new(first, last));
    match range {
        Some(range) => Ok(PromisedPort::Range(protocol.unwrap_or_default(), range)),
        // A name may begin with a digit.
        None if syntax::port_name(port).is_ok() => Ok(PromisedPort::Named(protocol, port.into())),
        None => Err(unclear(text)),
    }
}

fn unclear(text: &str) -> String {
    format!(
        "`{text}` is no port: write `TCP/8080`, `8080`, `TCP/8000-8100`, `UDP`, a container port's name, `declared` \
         or `all`; \
         ports are 1 to 65535"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_people_write_them() {
        for (text, shown) in [
            ("TCP/8080", "TCP/8080"),
            ("8080", "TCP/8080"),
            ("udp/53", "UDP/53"),
            ("TCP/8000-8100", "TCP/8000-8100"),
            ("8000-8100", "TCP/8000-8100"),
            ("SCTP", "SCTP"),
            ("https", "https"),
            ("TCP/https", "TCP/https"),
            ("3scale", "3scale"),
            ("all", "all"),
            ("declared", "declared"),
        ] {
            assert_eq!(parse(text).map(|port| port.to_string()).as_deref(), Ok(shown));
        }
        for text in ["", "0", "65536", "9-8", "1-", "-1", "TCP/", "QUIC/443", "Web", "8080/TCP"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
