//! Rules: entries of `ingress` and `egress`.

use super::{peer, port, schema};
use crate::{
    read::context::{Context, Path},
    tree::NodeId,
};
use sekisho_core::object::{Direction, Rule};

/// The rules of `direction`.
pub(super) fn read_all(
    cx: &mut Context<'_>,
    spec: NodeId,
    path: Path<'_>,
    direction: Direction,
) -> Vec<Rule> {
    let field = match direction {
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    };
    let entries = cx.list(spec, field, path);
    let path = path.field(field);
    entries
        .into_iter()
        .enumerate()
        .filter_map(|(index, entry)| read(cx, entry, path.index(index), direction))
        .collect()
}

fn read(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>, direction: Direction) -> Option<Rule> {
    if cx.tree.mapping(entry).is_none() {
        // A null entry is an empty rule to the API server; S4 makes that the widest rule there is.
        if cx.tree.is_null(entry) {
            return Some(Rule { origin: cx.origin(entry), ..Rule::default() });
        }
        cx.wrong_type(entry, path, "a mapping");
        return None;
    }
    // S41, in spirit: what the field would narrow is not known, so nothing is allowed.
    if cx.from_cluster && schema::is_beyond(cx, entry, direction) {
        return None;
    }
    let peers = cx.list(entry, direction.peer_field(), path);
    let peers_path = path.field(direction.peer_field());
    let ports = cx.list(entry, "ports", path);
    let ports_path = path.field("ports");
    Some(Rule {
        peers: peers
            .into_iter()
            .enumerate()
            .filter_map(|(index, entry)| peer::read(cx, entry, peers_path.index(index)))
            .collect(),
        ports: ports
            .into_iter()
            .enumerate()
            .filter_map(|(index, entry)| port::read(cx, entry, ports_path.index(index)))
            .collect(),
        origin: cx.origin(entry),
    })
}
