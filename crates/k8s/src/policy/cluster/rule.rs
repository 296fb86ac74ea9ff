//! Rules: entries of `ingress` and `egress`.

use super::{Dialect, bounded, peer, port, required};
use crate::{
    read::context::{Context, Path},
    tree::NodeId,
};
use sekisho_core::object::{
    ClusterPeer, ClusterPeerKind, ClusterPolicyKind, ClusterRule, Direction, PolicyPort, PortMatch,
    RuleAction,
};

/// The longest name of a rule, in characters.
const LONGEST_NAME: usize = 100;

/// The rules of `direction`.
pub(super) fn read_all(
    cx: &mut Context<'_>,
    spec: NodeId,
    path: Path<'_>,
    direction: Direction,
    dialect: &Dialect,
) -> Vec<ClusterRule> {
    let field = match direction {
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    };
    let entries = bounded(cx, spec, field, path, (0, dialect.most));
    let path = path.field(field);
    let entries = entries.into_iter().enumerate();
    entries.filter_map(|(index, entry)| read(cx, entry, path.index(index), direction, dialect)).collect()
}

fn read(
    cx: &mut Context<'_>,
    entry: NodeId,
    path: Path<'_>,
    direction: Direction,
    dialect: &Dialect,
) -> Option<ClusterRule> {
    if cx.tree.mapping(entry).is_none() {
        cx.wrong_type(entry, path, "a mapping");
        return None;
    }
    let name = name(cx, entry, path);
    let action = action(cx, entry, path, dialect);
    let field = direction.peer_field();
    required(cx, entry, field, path);
    let entries = bounded(cx, entry, field, path, (1, dialect.most));
    let list = path.field(field);
    let entries = entries.into_iter().enumerate();
    let peers: Vec<ClusterPeer> =
        entries.filter_map(|(at, entry)| peer::read(cx, entry, list.index(at), direction, dialect)).collect();
    let ports = ports(cx, entry, path, dialect);
    let action = action?;
    check_domains(cx, entry, field, &peers, action, dialect);
    check_names(cx, entry, direction, &peers, &ports, dialect);
    Some(ClusterRule { name: name.into(), action, peers, ports, origin: cx.origin(entry) })
}

fn name<'c>(cx: &mut Context<'c>, entry: NodeId, path: Path<'_>) -> &'c str {
    let Some(name) = cx.text(entry, "name", path) else { return "" };
    let length = name.chars().count();
    if length > LONGEST_NAME
        && let Some(node) = cx.get(entry, "name")
    {
        let message = format!("`{path}.name` has {length} characters, and {LONGEST_NAME} are the most");
        cx.error("invalid-length", node, message);
    }
    name
}

fn action(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>, dialect: &Dialect) -> Option<RuleAction> {
    let node = required(cx, entry, "action", path)?;
    let text = cx.text_at(node, path.field("action"))?;
    let may_pass = dialect.kind != ClusterPolicyKind::BaselineAdminNetworkPolicy;
    match text {
        "Deny" => Some(RuleAction::Deny),
        "Pass" if may_pass => Some(RuleAction::Pass),
        text if text == dialect.accept => Some(RuleAction::Accept),
        other => {
            let accept = dialect.accept;
            let help = match may_pass {
                true => format!("write `{accept}`, `Deny` or `Pass`"),
                false => format!("write `{accept}` or `Deny`"),
            };
            let message = format!("`{other}` is not an action of {}", dialect.kind);
            cx.error_help("invalid-action", node, message, help);
            None
        }
    }
}

fn ports(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>, dialect: &Dialect) -> Vec<PolicyPort> {
    let entries = bounded(cx, entry, dialect.ports, path, (1, dialect.most));
    let list = path.field(dialect.ports);
    let entries = entries.into_iter().enumerate();
    entries.flat_map(|(at, entry)| port::read(cx, entry, list.index(at), dialect)).collect()
}

/// S42: only what is accepted can be named by domain.
fn check_domains(
    cx: &mut Context<'_>,
    entry: NodeId,
    field: &str,
    peers: &[ClusterPeer],
    action: RuleAction,
    dialect: &Dialect,
) {
    let has_domains = peers.iter().any(|peer| matches!(peer.kind, ClusterPeerKind::DomainNames(_)));
    if has_domains && action != RuleAction::Accept {
        let list = cx.get(entry, field).unwrap_or(entry);
        let accept = dialect.accept;
        let message = format!("`domainNames` can stand only where the action is `{accept}`, not `{action}`");
        let help = format!("`{accept}` the names, and deny the rest by a rule after it");
        cx.error_help("invalid-peer", list, message, help);
    }
}

/// A port's name means a container port, and what has an address alone has none.
fn check_names(
    cx: &mut Context<'_>,
    entry: NodeId,
    direction: Direction,
    peers: &[ClusterPeer],
    ports: &[PolicyPort],
    dialect: &Dialect,
) {
    let has_names = ports.iter().any(|port| matches!(port.port, PortMatch::Named(_)));
    let has_addresses = peers.iter().any(|peer| {
        matches!(
            peer.kind,
            ClusterPeerKind::Networks(_) | ClusterPeerKind::Nodes(_) | ClusterPeerKind::DomainNames(_)
        )
    });
    if direction == Direction::Egress && has_names && has_addresses {
        let list = cx.get(entry, dialect.ports).unwrap_or(entry);
        cx.error_help(
            "invalid-port",
            list,
            "a port cannot be named where a peer is `networks`, `nodes` or `domainNames`: these have no named ports",
            "write its number, or make it a rule of its own for pods",
        );
    }
}
