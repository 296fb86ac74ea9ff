//! Ports as people type them to filter by.

use anyhow::{anyhow, bail};
use sekisho_core::{
    index::Index,
    near,
    set::{PortRange, PortSet, Protocol},
};
use std::collections::BTreeSet;

/// Any of `texts`; `None` for all ports where there is none.
pub(super) fn ports(texts: &[String], index: &Index) -> anyhow::Result<Option<PortSet>> {
    let mut all: Option<PortSet> = None;
    for text in texts {
        let ports = read(text, index)?;
        all = Some(all.map_or(ports.clone(), |others| others.union(&ports)));
    }
    Ok(all)
}

fn read(text: &str, index: &Index) -> anyhow::Result<PortSet> {
    if matches!(text.to_ascii_lowercase().as_str(), "icmp" | "icmpv6" | "ping" | "other") {
        return Ok(others());
    }
    if let Ok(protocol) = text.parse::<Protocol>() {
        return Ok(PortSet::every(protocol));
    }
    let (protocol, port) = match text.split_once('/') {
        Some((protocol, port)) => (Some(protocol.parse::<Protocol>()?), port),
        None => (None, text),
    };
    if !port.starts_with(|first: char| first.is_ascii_digit())
        || port.contains(|c: char| c.is_ascii_lowercase())
    {
        return named(protocol, port, text, index);
    }
    let (first, last) = port.split_once('-').unwrap_or((port, port));
    let number = |digits: &str| digits.parse::<u16>().ok();
    let range = number(first).zip(number(last)).and_then(|(first, last)| PortRange::new(first, last));
    let range =
        range.ok_or_else(|| anyhow!("`{port}` is no port: ports are 1 to 65535, a range is `8000-8100`"))?;
    Ok(PortSet::range(protocol.unwrap_or_default(), range))
}

/// Protocols without ports.
fn others() -> PortSet {
    Protocol::ALL.iter().fold(PortSet::all(), |rest, protocol| rest.difference(&PortSet::every(*protocol)))
}

/// What the containers of all pods call so.
fn named(protocol: Option<Protocol>, name: &str, text: &str, index: &Index) -> anyhow::Result<PortSet> {
    let mut found = PortSet::empty();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for port in index.pods().flat_map(|(_, pod)| pod.ports.iter()) {
        names.extend(port.name.as_deref());
        let is_meant = port.name.as_deref() == Some(name) && protocol.is_none_or(|p| p == port.protocol);
        if is_meant {
            found = found.union(&PortSet::port(port.protocol, port.number));
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    match near::nearest(name, names.iter().copied().filter(|known| *known != name)) {
        Some(known) => bail!("no container port is named `{name}`; did you mean `{known}`?"),
        None => bail!(
            "`{text}` is no port, nor does a container port have this name: write `TCP/8080`, `8000-8100`, `UDP`, a port's name or `icmp`"
        ),
    }
}
