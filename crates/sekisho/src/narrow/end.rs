//! Ends of connections as people type them: names, patterns, labels and addresses.

use super::{Place, everywhere, selector};
use crate::target;
use anyhow::{anyhow, bail};
use sekisho_core::{
    index::RoaringBitmap,
    near,
    object::Pod,
    reach::Ends,
    set::{AddressSet, Cidr},
};
use std::{collections::BTreeSet, net::IpAddr};

/// The ends that `text` names; an error where it names nothing.
pub(super) fn find(text: &str, place: &Place<'_>) -> anyhow::Result<Ends> {
    if text == "internet" {
        return Ok(everywhere());
    }
    if text == "cluster" || text == "*/*" || text == "*" {
        return Ok(Ends::of_pods(place.pods(|_| true)));
    }
    if let Some(block) = block(text)? {
        return Ok(of_block(block, place));
    }
    if is_selector(text) {
        return of_selector(text, place);
    }
    if let Some(namespace) = text.strip_suffix("/*") {
        return Ok(Ends::of_pods(of_namespace(namespace, place)?));
    }
    let pods: BTreeSet<_> =
        target::pods(place.cluster, text, place.namespace)?.iter().map(|pod| &pod.uid).collect();
    let found = place.pods(|pod| pods.contains(&pod.uid));
    if found.is_empty() {
        // S22, S24
        bail!(
            "`{text}` runs on its node's network or has finished: policies see no pod of it, so it is not listed"
        );
    }
    Ok(Ends::of_pods(found))
}

/// The pods of a namespace; an error where it has none.
pub(super) fn of_namespace(namespace: &str, place: &Place<'_>) -> anyhow::Result<RoaringBitmap> {
    let found = place.pods(|pod| *pod.key.namespace == *namespace);
    if !found.is_empty() {
        return Ok(found);
    }
    let names: BTreeSet<&str> = place.index.pods().map(|(_, pod)| &*pod.key.namespace).collect();
    Err(match near::nearest(namespace, names.iter().copied()) {
        Some(known) => anyhow!("no pod is in a namespace `{namespace}`; did you mean `{known}`?"),
        None if names.is_empty() => {
            anyhow!("no pod is in a namespace `{namespace}`: the manifests have no pod at all")
        }
        None => anyhow!("no pod is in a namespace `{namespace}`; there are {}", list(&names)),
    })
}

/// How many names a message lists.
const LISTED: usize = 8;

pub(super) fn list(names: &BTreeSet<&str>) -> String {
    let mut shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    if names.len() > LISTED {
        shown.push(format!("and {} more", names.len() - LISTED));
    }
    shown.join(", ")
}

/// The block that `text` is, where it is one or means to be.
fn block(text: &str) -> anyhow::Result<Option<Cidr>> {
    if let Ok(address) = text.parse::<IpAddr>() {
        let length = if address.is_ipv4() { 32 } else { 128 };
        return Ok(Some(format!("{address}/{length}").parse()?));
    }
    let is_meant = text.split_once('/').is_some_and(|(address, _)| address.parse::<IpAddr>().is_ok());
    if !is_meant {
        return Ok(None);
    }
    match text.parse() {
        Ok(block) => Ok(Some(block)),
        Err(_) => bail!("`{text}` is no block of addresses: write `10.0.0.0/8` or `2001:db8::/32`"),
    }
}

/// Addresses are whoever bears them: the pods that do, and what is outside.
fn of_block(block: Cidr, place: &Place<'_>) -> Ends {
    let pods = place.pods(|pod| pod.addresses.iter().any(|address| block.contains(*address)));
    Ends { pods: Some(pods), addresses: Some(AddressSet::from(block)) }
}

/// Whether `text` speaks of labels.
fn is_selector(text: &str) -> bool {
    text.contains(['=', '!', ',', '(', ' ', ':'])
}

fn of_selector(text: &str, place: &Place<'_>) -> anyhow::Result<Ends> {
    let (namespace, labels) = match text.split_once(':') {
        Some((namespace, labels)) => (Some(namespace), labels),
        None => (None, text),
    };
    let here = match namespace {
        Some("*") | None => place.pods(|_| true),
        Some(namespace) => of_namespace(namespace, place)?,
    };
    let selector = selector::read(labels)?;
    let is_meant = |pod: &Pod| selector.matches(&pod.labels);
    let found = place.pods(is_meant) & &here;
    if found.is_empty() {
        let pods: Vec<&Pod> = here.iter().filter_map(|id| place.index.pod(id)).map(AsRef::as_ref).collect();
        bail!("no pod has labels that match `{text}`{}", selector::nearby(&selector, &pods));
    }
    Ok(Ends::of_pods(found))
}
