//! Peers: entries of `from` and `to`. Each is exactly one of four forms (S6).

use super::selector;
use crate::{
    Diagnostic, Severity,
    read::context::{Context, Path},
    tree::NodeId,
};
use sekisho_core::{
    mend::{Edit, Mend},
    object::{IpBlock, Peer, PeerKind},
    set::Cidr,
};
use std::net::IpAddr;

/// The peer at `entry`.
pub(super) fn read(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>) -> Option<Peer> {
    let Some(fields) = cx.tree.mapping(entry).map(Iterator::count) else {
        if cx.tree.is_null(entry) {
            empty(cx, entry);
        } else {
            cx.wrong_type(entry, path, "a mapping");
        }
        return None;
    };
    let pods = selector::read_optional(cx, entry, "podSelector", path);
    let namespaces = selector::read_optional(cx, entry, "namespaceSelector", path);
    let has_selector = cx.get(entry, "podSelector").is_some() || cx.get(entry, "namespaceSelector").is_some();
    let kind = match cx.tree.entry(entry, "ipBlock") {
        Some((key, _)) if has_selector => {
            cx.error_help(
                "invalid-peer",
                key,
                "`ipBlock` cannot stand beside a selector in one peer",
                "make it an entry of its own in the list",
            );
            return None;
        }
        Some((_, block)) => PeerKind::Block(read_block(cx, block, path.field("ipBlock"))?),
        None => match (pods, namespaces) {
            (Some(pods), None) => PeerKind::Pods(pods),
            (None, Some(namespaces)) => PeerKind::Namespaces(namespaces),
            (Some(pods), Some(namespaces)) => PeerKind::PodsInNamespaces { namespaces, pods },
            (None, None) => {
                // What has only fields that nobody knows was reported as such.
                let known = ["podSelector", "namespaceSelector", "ipBlock"];
                let nulls = cx.tree.mapping(entry).into_iter().flatten();
                if fields == 0 || nulls.into_iter().all(|(key, _)| known.contains(&cx.tree.key_text(key))) {
                    empty(cx, entry);
                }
                return None;
            }
        },
    };
    Some(Peer { kind, origin: cx.origin(entry) })
}

fn empty(cx: &mut Context<'_>, entry: NodeId) {
    cx.error_help(
        "invalid-peer",
        entry,
        "a peer must have a `podSelector`, a `namespaceSelector` or an `ipBlock`",
        "for everyone leave the list out; for every pod of the namespace write `podSelector: {}`",
    );
}

fn read_block(cx: &mut Context<'_>, block: NodeId, path: Path<'_>) -> Option<IpBlock> {
    if cx.tree.mapping(block).is_none() {
        cx.wrong_type(block, path, "a mapping");
        return None;
    }
    let cidr = match cx.get(block, "cidr") {
        Some(node) => read_cidr(cx, node, path.field("cidr")),
        None => {
            cx.error("missing-field", block, format!("`{path}.cidr` is missing"));
            None
        }
    };
    let entries = cx.list(block, "except", path);
    let except_path = path.field("except");
    let mut except = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let Some(inner) = read_cidr(cx, entry, except_path.index(index)) else { continue };
        match cidr {
            Some(cidr) if !cidr.strictly_contains(inner) => outside(cx, entry, cidr, inner),
            _ => except.push(inner),
        }
    }
    IpBlock::new(cidr?, except).ok()
}

/// S19.
fn outside(cx: &mut Context<'_>, entry: NodeId, cidr: Cidr, except: Cidr) {
    let message = format!("`{except}` must lie strictly inside `{cidr}`");
    let help = if cidr == except {
        "a block without all of itself is nothing: leave the peer out"
    } else if cidr.is_ipv4() != except.is_ipv4() {
        "they are of different address families"
    } else {
        "`except` only takes away from the block that it stands in"
    };
    cx.error_help("invalid-except", entry, message, help);
}

/// An address and a prefix length, without more: whether host bits are set is for others to mind.
pub(super) fn parse_cidr(cx: &mut Context<'_>, node: NodeId, path: Path<'_>) -> Option<(IpAddr, Cidr)> {
    let text = cx.text_at(node, path)?;
    let parsed = text.split_once('/').and_then(|(address, length)| {
        let plain = length.bytes().all(|byte| byte.is_ascii_digit());
        let canonical = plain && (length == "0" || !length.starts_with('0'));
        Some((address.parse::<IpAddr>().ok()?, text.parse::<Cidr>().ok().filter(|_| canonical)?))
    });
    if parsed.is_none() {
        let message = format!("`{text}` is not an address block such as `10.0.0.0/8` or `2001:db8::/32`");
        let origin = cx.origin(node);
        let mut diagnostic = Diagnostic::new(Severity::Error, "invalid-cidr", message, origin);
        diagnostic.help = cidr_help(text);
        cx.report(diagnostic);
    }
    parsed
}

fn read_cidr(cx: &mut Context<'_>, node: NodeId, path: Path<'_>) -> Option<Cidr> {
    let text = cx.text_at(node, path)?;
    let (address, cidr) = parse_cidr(cx, node, path)?;
    if address != cidr.first() {
        let message = format!("`{text}` has host bits set; it is read as `{cidr}`");
        let origin = cx.origin(node);
        cx.report(
            Diagnostic::new(Severity::Warning, "host-bits", message, origin.clone())
                .with_help(format!("write `{cidr}`"))
                .with_mend(Mend::safe(
                    format!("write `{cidr}`"),
                    [Edit::Text { at: origin, with: cidr.to_string() }],
                )),
        );
    }
    if let IpAddr::V6(first) = cidr.first()
        && let Some(mapped) = first.to_ipv4_mapped()
    {
        let message = format!("`{text}` is an IPv4 block written as IPv6, and holds no address of either");
        let origin = cx.origin(node);
        let mut warning = Diagnostic::new(Severity::Warning, "mapped-address", message, origin);
        let length = cidr.prefix_length().checked_sub(IPV4_IN_IPV6);
        warning.help = length.map(|length| format!("write `{mapped}/{length}`"));
        cx.report(warning);
    }
    Some(cidr)
}

/// How many bits of an IPv4-mapped address stand before the IPv4 address, by RFC 4291.
const IPV4_IN_IPV6: u8 = 96;

fn cidr_help(text: &str) -> Option<String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(format!("for this address alone write `{}`", Cidr::host(address)));
    }
    let (address, _) = text.split_once('/')?;
    let octets: Vec<&str> = address.split('.').collect();
    let zero = |octet: &&str| octet.len() > 1 && octet.starts_with('0');
    (octets.len() == 4 && octets.iter().any(zero))
        .then(|| "write the numbers without leading zeros".to_owned())
}
